import { describe, expect, test } from 'vitest'
import type { Scored } from '../../../../src/model/scored.ts'
import { SlotWatch } from '../../../../src/task/engine/slot-watch.ts'

/** Two horizons of one target with one level; everything absent but what is given. */
function scored(change: Partial<Record<keyof Scored, number[]>>): Scored {
  const of = (name: keyof Scored, size: number) => {
    const values = new Float64Array(size).fill(Number.NaN)
    values.set(change[name] ?? [])
    return values
  }
  return {
    step: 0,
    present: Uint8Array.from(change.present ?? [1, 0]),
    observed: of('observed', 1),
    mixture: of('mixture', 2),
    members: of('members', 2),
    bounds: of('bounds', 4),
    scale: of('scale', 2),
    density: of('density', 18),
    persistence: of('persistence', 2),
    seasonal: of('seasonal', 2),
  }
}

describe('SlotWatch', () => {
  test('knows nothing before the first record', () => {
    const watch = new SlotWatch(2, 1, 1)
    expect(watch.coverage(0, 0)).toBeNaN()
    expect(watch.width(0, 0)).toBeNaN()
    expect(watch.skill(0, 'persistence')).toBeNaN()
  })

  test('coverage counts the bounds as inside, and leaves out what had no interval', () => {
    const watch = new SlotWatch(2, 1, 1)
    for (const [observed, lower, upper] of [
      [1, 1, 3],
      [3, 1, 3],
      [3.1, 1, 3],
      [0, Number.NaN, Number.NaN],
      [2, 1, 5],
    ] as const) {
      watch.add(scored({ observed: [observed], mixture: [2], bounds: [lower, upper] }))
    }
    expect(watch.coverage(0, 0)).toBeCloseTo(3 / 4, 12)
    expect(watch.width(0, 0)).toBeCloseTo((2 + 2 + 2 + 4) / 4, 12)
    expect(watch.coverage(1, 0)).toBeNaN()
  })

  test('skill is 1 − error ÷ naive error of the same slot', () => {
    const watch = new SlotWatch(2, 1, 0)
    const present = [0, 1]
    for (let i = 0; i < 10; i++) {
      const of = { mixture: [99, 11], persistence: [99, 14], seasonal: [99, 10] }
      watch.add(scored({ present, observed: [10], ...of }))
    }
    expect(watch.skill(1, 'persistence')).toBeCloseTo(0.75, 12)
    expect(watch.skill(1, 'seasonal')).toBeNaN()
    expect(watch.skill(0, 'persistence')).toBeNaN()
  })

  test('it forgets: after thousands of records the first ones hardly count', () => {
    const watch = new SlotWatch(2, 1, 1)
    const add = (observed: number) =>
      watch.add(scored({ observed: [observed], mixture: [0], bounds: [-1, 1] }))
    for (let i = 0; i < 2_000; i++) add(5)
    expect(watch.coverage(0, 0)).toBe(0)
    for (let i = 0; i < 1_000; i++) add(0)
    expect(watch.coverage(0, 0)).toBeCloseTo(1 - 0.999 ** 1_000, 9)
  })
})
