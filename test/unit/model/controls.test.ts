import { expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import { configOf, Driver } from './support/driver.ts'

test('on random walks nothing leaks, and little is lost: 0.99 to 1.02 of persistence', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const driver = new Driver(configOf({ task: { targets: ['y'], seasons: [48] } }))
    const { scored } = driver.model
    const random = new Random(1000 + seed)
    let value = 0
    let mixture = 0
    let persistence = 0
    for (let row = 0; row < 10_000; row++) {
      value += random.normal()
      driver.step({ timeMs: 1_800_000 * row, values: [value] })
      if (row < 1000) continue
      mixture += Math.abs(scored.mixture[0]! - value)
      persistence += Math.abs(scored.members[0]! - value)
    }
    expect(mixture / persistence).toBeGreaterThan(0.99)
    expect(mixture / persistence).toBeLessThan(1.02)
  }
}, 240_000)
