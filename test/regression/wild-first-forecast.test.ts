import { describe, expect, test } from 'vitest'
import { Random } from '../../src/random.ts'
import { configOf, Driver } from '../unit/model/support/driver.ts'

/**
 * While no forecast of a sequence had been scored, nothing held the members back, and a line in the
 * logarithmic domain made 10¹² of values near 250: published, and for 20,000 records the scoreboard
 * said nothing else.
 */
describe('before anything was scored', () => {
  const model = { hidden: 4, window: 8, updateEvery: 4 }
  const open = () =>
    new Driver(configOf({ model, task: { targets: ['y'], horizons: [1, 3], seasons: [] } }))

  test('a new sequence begins with the naive forecast, whatever the others have taught', () => {
    const driver = open()
    for (let i = 0; i < 400; i++) {
      driver.step({ sequence: 'old', timeMs: i, values: [250 + 40 * Math.sin(i / 7)] })
    }
    driver.step({ sequence: 'new', timeMs: 400, values: [1e6] })
    expect(driver.means).toEqual([1e6, 1e6])
    // No target came, so nothing is known of its errors yet.
    driver.step({ sequence: 'new', timeMs: 401, values: [null] })
    driver.step({ sequence: 'new', timeMs: 402, values: [null] })
    expect(driver.means).toEqual([1e6, 1e6])
  })

  test('sequences that come and go, with gaps, are never told a million', () => {
    const driver = new Driver(
      configOf({
        model,
        task: { targets: ['a', 'b'], horizons: [1, 3], seasons: [7] },
        sequences: { max: 6, keep: 9 },
      }),
    )
    const random = new Random(1)
    let worst = 0
    for (let i = 0; i < 3_000; i++) {
      const sequence = `key${Math.floor(12 * random.uniform())}`
      const base = 100 + 30 * Math.sin(i / 40) + 10 * random.uniform()
      const first = random.uniform() < 0.05 ? null : base
      const second = random.uniform() < 0.1 ? null : 2 * base + random.uniform()
      driver.step({ sequence, timeMs: i * 50, values: [first, second] })
      worst = Math.max(worst, ...driver.means.filter(Number.isFinite).map(Math.abs))
    }
    expect(worst).toBeLessThan(1_000)
  })
})
