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

/** Coverage of each level over a long run of errors in units of the slot, `delay` steps late. */
function coverageOf(error: (step: number, random: Random) => number, delay = 1): number[] {
  const layout = new Layout()
  const tracker = new IntervalTracker(layout, 2, LEVELS)
  const core = new Float64Array(layout.size)
  tracker.begin(core)
  const random = new Random(11)
  const inside = LEVELS.map(() => 0)
  const steps = 60_000
  const waiting: Float64Array[] = []
  for (let step = 0; step < steps; step++) {
    const bounds = new Float64Array(2 * LEVELS.length)
    tracker.write(core, 1, 0, 1, bounds, 0)
    waiting.push(bounds)
    if (waiting.length < delay) continue
    const published = waiting.shift()!
    const value = error(step, random)
    LEVELS.forEach((_, l) => {
      if (value >= published[2 * l]! && value <= published[2 * l + 1]!) inside[l]!++
    })
    tracker.learn(core, 1, value)
  }
  return inside.map((count) => count / (steps - delay + 1))
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
    const layout = new Layout()
    const tracker = new IntervalTracker(layout, 1, LEVELS)
    const core = new Float64Array(layout.size)
    tracker.begin(core)
    const out = new Float64Array(6)
    tracker.write(core, 0, 10, 2, out, 0)
    const quantiles = [0.6744897501960817, 1.2815515655446004, 1.959963984540054]
    quantiles.forEach((quantile, l) => {
      const half = (2 * quantile) / Math.sqrt(2 / Math.PI)
      expect(out[2 * l]).toBeCloseTo(10 - half, 9)
      expect(out[2 * l + 1]).toBeCloseTo(10 + half, 9)
    })
  })

  test('never writes a lower bound above the upper', () => {
    const layout = new Layout()
    const tracker = new IntervalTracker(layout, 1, LEVELS)
    const core = new Float64Array(layout.size)
    tracker.begin(core)
    const out = new Float64Array(6)
    for (let i = 0; i < 4000; i++) {
      tracker.learn(core, 0, 0)
      tracker.write(core, 0, 1, 1, out, 0)
      for (let l = 0; l < 3; l++) expect(out[2 * l]).toBeLessThanOrEqual(out[2 * l + 1]!)
    }
  })
})
