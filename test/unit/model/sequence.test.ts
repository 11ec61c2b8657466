import { describe, expect, test } from 'vitest'
import { HEADER, SequenceTable } from '../../../src/model/sequence.ts'

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

  test('gives each live sequence memory of its own, zero at first', () => {
    const table = new SequenceTable(HEADER.size, 3)
    for (let i = 0; i < 300; i++) {
      const { core, home, statesAt } = table.use(`k${i}`, i)
      const states = home.float32.subarray(statesAt, statesAt + 3)
      expect([...states, core[HEADER.steps]]).toEqual([0, 0, 0, 0])
      core.fill(i)
      states.fill(i)
      if (i % 3 === 2) table.remove(table.byName.get(`k${i - 1}`)!)
    }
    for (const { name, core, home, statesAt } of table.byName.values()) {
      const i = Number(name.slice(1))
      core[HEADER.lastUsed] = i
      expect(new Set(core)).toEqual(new Set([i]))
      expect([...home.float32.subarray(statesAt, statesAt + 3)]).toEqual([i, i, i])
    }
  })
})
