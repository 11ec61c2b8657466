import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { HEADER, type Sequence, SequenceTable } from '../../../src/model/sequence.ts'
import { SequenceList } from '../../../src/model/sequence-list.ts'

/** Sequences of a table, and a list over them. */
function open(count: number) {
  const table = new SequenceTable(HEADER.size, 1)
  const sequences = Array.from({ length: count }, (_, i) => table.use(`s${i}`, i))
  const bySlot: Sequence[] = []
  for (const sequence of sequences) bySlot[sequence.slot] = sequence
  return { table, sequences, list: new SequenceList(bySlot) }
}

function namesOf(list: SequenceList): string[] {
  const forward: string[] = []
  for (let s = list.first; s !== null; s = list.after(s)) forward.push(s.name)
  const backward: string[] = []
  for (let s = list.last; s !== null; s = list.before(s)) backward.unshift(s.name)
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
    const property = fc.property(actions, (steps) => {
      const { table, sequences, list } = open(8)
      const counts = new Map<string, number>()
      steps.forEach(({ what, which }, record) => {
        const sequence = sequences[which]!
        if (what === 'end') {
          list.moveToEnd(sequence)
          counts.set(sequence.name, record)
        } else if (list.has(sequence)) {
          list.remove(sequence)
          counts.delete(sequence.name)
        }
        const expected = [...counts].sort(([, a], [, b]) => a - b).map(([name]) => name)
        expect(namesOf(list)).toEqual(expected)
        expect(list.has(sequence)).toBe(counts.has(sequence.name))
      })
      // Other lists of the same sequences know nothing of it.
      expect(namesOf(table.used)).toEqual(sequences.map(({ name }) => name))
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('takes no sequence twice and none out that is not in it', () => {
    const { sequences, list } = open(1)
    const [sequence] = sequences
    list.append(sequence!)
    expect(() => list.append(sequence!)).toThrow(AssertionError)
    list.remove(sequence!)
    expect(() => list.remove(sequence!)).toThrow(AssertionError)
  })

  test('grows with the slots', () => {
    const { sequences, list } = open(1000)
    for (const sequence of sequences.toReversed()) list.append(sequence)
    expect(namesOf(list)).toEqual(sequences.map(({ name }) => name).reverse())
  })
})
