import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { HEADER, Sequence, SequenceList, SequenceTable } from '../../../src/model/sequence.ts'

function namesOf(list: SequenceList): string[] {
  const forward: string[] = []
  for (let s = list.first; s !== null; s = list.after(s)) forward.push(s.name)
  const backward: string[] = []
  for (let s = list.last; s !== null; s = s.previous[1] ?? null) backward.unshift(s.name)
  expect(backward).toEqual(forward)
  expect(list.size).toBe(forward.length)
  return forward
}

describe('SequenceList', () => {
  test('is in the order of the record counts at which they were put at its end', () => {
    const actions = fc.array(
      fc.record({ what: fc.constantFrom('end', 'end', 'remove'), which: fc.nat({ max: 7 }) }),
      { maxLength: 100 },
    )
    const property = fc.property(actions, (list) => {
      const sequences = Array.from({ length: 8 }, (_, i) => new Sequence(`s${i}`, 8, 1))
      const ordered = new SequenceList(1)
      const other = new SequenceList(0)
      for (const sequence of sequences) other.append(sequence)
      const counts = new Map<string, number>()
      list.forEach(({ what, which }, record) => {
        const sequence = sequences[which]!
        if (what === 'end') {
          ordered.moveToEnd(sequence)
          counts.set(sequence.name, record)
        } else if (ordered.has(sequence)) {
          ordered.remove(sequence)
          counts.delete(sequence.name)
        }
        const expected = [...counts].sort(([, a], [, b]) => a - b).map(([name]) => name)
        expect(namesOf(ordered)).toEqual(expected)
        expect(ordered.has(sequence)).toBe(counts.has(sequence.name))
      })
      expect(other.size).toBe(8)
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('takes no sequence twice and none out that is not in it', () => {
    const list = new SequenceList(1)
    const sequence = new Sequence('a', 8, 1)
    list.append(sequence)
    expect(() => list.append(sequence)).toThrow(AssertionError)
    list.remove(sequence)
    expect(() => list.remove(sequence)).toThrow(AssertionError)
  })
})

describe('SequenceTable', () => {
  test('makes a sequence once, keeps the order of use, and forgets it everywhere', () => {
    const table = new SequenceTable(HEADER.size, 2)
    const a = table.use('a', 1)
    const b = table.use('b', 2)
    expect(table.use('a', 3)).toBe(a)
    expect(a.core[HEADER.lastUsed]).toBe(3)
    expect(table.used.first).toBe(b)
    table.windowed.append(a)
    table.pending.append(a)
    table.remove(a)
    expect([table.live, table.used.size, table.windowed.size, table.pending.size]).toEqual([
      1, 1, 0, 0,
    ])
    expect(table.use('a', 4)).not.toBe(a)
  })
})
