import { describe, expect, test } from 'vitest'
import { IntervalTracker } from '../../../src/model/intervals.ts'
import { Layout } from '../../../src/model/layout.ts'
import { Random } from '../../../src/random.ts'

const LEVELS = [0.5, 0.8, 0.95]

/** A Student-t variable of two degrees of freedom: its variance is infinite. */
function heavy(random: Random): number {
  const exponential = -Math.log(1 - random.uniform())
  return random.normal() / Math.sqrt(Math.max(exponential, 1e-12))
}

/** A tracker of two slots, its state, and a place behind it for each entry on its way. */
function open(levels: readonly number[], entries = 1) {
  const layout = new Layout()
  const tracker = new IntervalTracker(layout, 2, levels)
  const first = layout.claim(entries * tracker.entrySize)
  const core = new Float64Array(layout.size)
  tracker.begin(core, 1)
  const entry = (step: number) => first + (step % entries) * tracker.entrySize
  return { tracker, core, entry }
}

/** Coverage of each level over a long run of errors in units of the slot, `delay` steps late. */
function coverageOf(error: (step: number, random: Random) => number, delay = 1): number[] {
  const { tracker, core, entry } = open(LEVELS, delay)
  const random = new Random(11)
  const inside = LEVELS.map(() => 0)
  const steps = 60_000
  for (let step = 0; step < steps; step++) {
    if (step >= delay) {
      const at = entry(step)
      const value = error(step, random)
      LEVELS.forEach((_, l) => {
        if (value >= core[at + 2 * l]! && value <= core[at + 2 * l + 1]!) inside[l]!++
      })
      tracker.arrive(core, 1, value, value, at)
    }
    tracker.write(core, 1, 0, 1, entry(step))
  }
  return inside.map((count) => count / (steps - delay))
}

describe('long-run coverage of published intervals is within a point of their level', () => {
  const errors: Readonly<Record<string, (step: number, random: Random) => number>> = {
    'independent normal': (_, random) => 1.25 * random.normal(),
    'one-sided exponential': (_, random) => -Math.log(1 - random.uniform()),
    'heavy-tailed': (_, random) => heavy(random),
    'drifting in place': (step, random) => step / 3000 + random.normal(),
    'drifting in size': (step, random) => (1 + 0.7 * Math.sin(step / 4000)) * random.normal(),
    biased: (_, random) => 3 + 0.2 * random.normal(),
  }
  for (const [name, error] of Object.entries(errors)) {
    for (const delay of [1, 5, 48]) {
      test(`${name} errors, known ${delay} steps late`, () => {
        coverageOf(error, delay).forEach((coverage, l) => {
          expect(Math.abs(coverage - LEVELS[l]!)).toBeLessThan(0.01)
        })
      })
    }
  }
})

describe('IntervalTracker', () => {
  test('begins with a normal distribution’s bounds, its mean absolute error being the unit', () => {
    const { tracker, core, entry } = open(LEVELS)
    const at = entry(0)
    tracker.write(core, 1, 10, 2, at)
    const quantiles = [0.6744897501960817, 1.2815515655446004, 1.959963984540054]
    quantiles.forEach((quantile, l) => {
      const half = (2 * quantile) / Math.sqrt(2 / Math.PI)
      expect(core[at + 2 * l]).toBeCloseTo(10 - half, 9)
      expect(core[at + 2 * l + 1]).toBeCloseTo(10 + half, 9)
    })
  })

  test('every interval lies within those of higher levels, in whatever order they come', () => {
    const { tracker, core, entry } = open([0.95, 0.5, 0.9, 0.8])
    const random = new Random(5)
    const at = entry(0)
    for (let i = 0; i < 6000; i++) {
      const value = i < 2000 ? 0 : i < 4000 ? heavy(random) : 40 + random.normal()
      tracker.write(core, 1, 1, 1, at)
      const [wide, narrow, third, second] = [0, 1, 2, 3].map((l) => at + 2 * l)
      const chain = [wide!, third!, second!, narrow!]
      expect(core[narrow!]).toBeLessThanOrEqual(core[narrow! + 1]!)
      chain.slice(1).forEach((inner, n) => {
        expect(core[inner]).toBeGreaterThanOrEqual(core[chain[n]!]!)
        expect(core[inner + 1]).toBeLessThanOrEqual(core[chain[n]! + 1]!)
      })
      tracker.arrive(core, 1, value - 1, value, at)
    }
  })

  test('a new sequence starts where the others are', () => {
    const { tracker, core, entry } = open(LEVELS)
    const random = new Random(6)
    for (let i = 0; i < 20_000; i++) tracker.learn(1, 0.5 + 0.1 * random.normal())
    tracker.begin(core, 1)
    const at = entry(0)
    tracker.write(core, 1, 0, 1, at)
    const quantiles = [0.0674, 0.1282, 0.196]
    quantiles.forEach((quantile, l) => {
      expect(Math.abs(core[at + 2 * l]! - (0.5 - quantile))).toBeLessThan(0.05)
      expect(Math.abs(core[at + 2 * l + 1]! - (0.5 + quantile))).toBeLessThan(0.05)
    })
  })
})
