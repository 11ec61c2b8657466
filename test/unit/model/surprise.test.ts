import { describe, expect, test } from 'vitest'
import { Layout } from '../../../src/model/layout.ts'
import { SurpriseRank } from '../../../src/model/surprise.ts'
import { Random } from '../../../src/random.ts'

function open() {
  const layout = new Layout()
  const ranks = new SurpriseRank(layout, 2)
  const core = new Float64Array(layout.size)
  ranks.begin(core, 1)
  return { ranks, core }
}

describe('SurpriseRank', () => {
  const densities: Readonly<Record<string, (uniform: number) => number>> = {
    right: (uniform) => uniform,
    'too narrow': (uniform) => uniform ** 2,
    'too wide': (uniform) => uniform ** 0.4,
  }
  for (const [name, beyond] of Object.entries(densities)) {
    test(`is uniform in the long run, the density being ${name}`, () => {
      const { ranks, core } = open()
      const random = new Random(2)
      const steps = 40_000
      const twentieths = new Float64Array(20)
      let [rare, rarest] = [0, 0]
      for (let i = 0; i < steps; i++) {
        const rank = ranks.rank(core, 1, beyond(random.uniform()))
        if (i < 2000) continue
        twentieths[Math.min(19, Math.floor(rank * 20))]! += 1 / (steps - 2000)
        if (rank > 0.99) rare++
        if (rank > 0.999) rarest++
      }
      for (const share of twentieths) expect(Math.abs(share - 0.05)).toBeLessThan(0.012)
      expect(Math.abs(rare / steps - 0.01)).toBeLessThan(0.004)
      expect(rarest / steps).toBeGreaterThan(0.0004)
      expect(rarest / steps).toBeLessThan(0.0025)
    })
  }

  test('grows with how unlikely a value is, from 0 to 1', () => {
    let before = -1
    for (const beyond of [1, 0.99, 0.5, 0.2, 0.06, 0.01, 1e-3, 1e-5, 1e-9, 0]) {
      const { ranks, core } = open()
      const rank = ranks.rank(core, 1, beyond)
      expect(rank).toBeGreaterThan(before)
      before = rank
    }
    expect(before).toBe(1)
  })

  test('a new sequence ranks as all together do', () => {
    const { ranks, core } = open()
    const random = new Random(9)
    for (let i = 0; i < 20_000; i++) ranks.learn(1, random.uniform() ** 3)
    ranks.begin(core, 1)
    expect(ranks.rank(core, 1, 0.5 ** 3)).toBeCloseTo(0.5, 1)
    const fresh = new Float64Array(core.length)
    ranks.begin(fresh, 0)
    expect(ranks.rank(fresh, 0, 0.5)).toBeCloseTo(0.5, 1)
  })
})
