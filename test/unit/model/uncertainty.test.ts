import { describe, expect, test } from 'vitest'
import { LEARNT } from '../../../src/model/density.ts'
import { dimensionsOf } from '../../../src/model/dimensions.ts'
import { Layout } from '../../../src/model/layout.ts'
import { Mixture } from '../../../src/model/mixture.ts'
import type { Scored } from '../../../src/model/scored.ts'
import { Random } from '../../../src/random.ts'
import { configOf } from './support/driver.ts'

const LEVELS = [0.8, 0.95]
const SEASON = 24

/** Sequences of one target whose forecast is always 0, so that what comes is the error. */
function open(horizon: number) {
  const d = dimensionsOf(
    configOf({
      task: { targets: ['y'], horizons: [horizon], intervals: LEVELS, seasons: [SEASON] },
    }),
  )
  const layout = new Layout()
  const mixture = new Mixture(layout, d, 1, 1, 0)
  const scored: Scored = {
    step: 0,
    present: Uint8Array.of(1),
    observed: new Float64Array(1),
    mixture: new Float64Array(1),
    members: new Float64Array(1),
    bounds: new Float64Array(4),
    scale: new Float64Array(1),
    density: new Float64Array(LEARNT),
    persistence: new Float64Array(1),
    seasonal: new Float64Array(1),
  }
  const [means, bounds, zero] = [new Float64Array(1), new Float64Array(4), new Float64Array(1)]
  const sequence = () => {
    const core = new Float64Array(layout.size)
    mixture.begin(core)
    return core
  }
  /** Own step t, at which `value` comes; its surprise. */
  const step = (core: Float64Array, t: number, value: number): number => {
    let surprise = NaN
    scored.bounds.fill(NaN)
    if (t >= horizon) {
      scored.observed[0] = value
      surprise = mixture.arrive(core, t - horizon, 0, value, scored)
      mixture.learnShared(core, t, scored)
    }
    mixture.predict(core, t, zero, means, bounds)
    return surprise
  }
  return { scored, sequence, step }
}

/** Whether each level held, at every step that had bounds. */
function heldOf(horizon: number, steps: number, error: (t: number, random: Random) => number) {
  const { scored, sequence, step } = open(horizon)
  const core = sequence()
  const random = new Random(21)
  const held: number[][] = LEVELS.map(() => [])
  let width = 0
  for (let t = 0; t < steps; t++) {
    const value = error(t, random)
    step(core, t, value)
    if (Number.isNaN(scored.bounds[0]!)) continue
    expect(scored.bounds[2]).toBeLessThanOrEqual(scored.bounds[0]!)
    expect(scored.bounds[3]).toBeGreaterThanOrEqual(scored.bounds[1]!)
    width += scored.bounds[1]! - scored.bounds[0]!
    LEVELS.forEach((_, l) => {
      const inside = value >= scored.bounds[2 * l]! && value <= scored.bounds[2 * l + 1]!
      held[l]!.push(inside ? 1 : 0)
    })
  }
  return { held, width: width / held[0]!.length }
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}

/** How far the share of any 1,000 in a row is from `level`. */
function worstWindow(held: readonly number[], level: number): number {
  let sum = 0
  let worst = 0
  held.forEach((one, i) => {
    sum += one - (held[i - 1000] ?? 0)
    if (i >= 999) worst = Math.max(worst, Math.abs(sum / 1000 - level))
  })
  return worst
}

const autocorrelated = () => {
  let value = 0
  return (_: number, random: Random) => {
    value = 0.9 * value + random.normal()
    return value
  }
}

const streams: Readonly<Record<string, () => (t: number, random: Random) => number>> = {
  stationary: () => (_, random) => random.normal(),
  'of two sizes by the hour': () => (t, random) => (t % SEASON < 8 ? 1 : 6) * random.normal(),
  'growing and shrinking': () => (t, random) => (1.2 + Math.sin(t / 300)) * random.normal(),
  'wandering off': () => (t, random) => t / 500 + random.normal(),
  'a hundred times as large from the middle on': () => (t, random) =>
    (t < 10_000 ? 1 : 100) * random.normal(),
  autocorrelated,
}

describe('intervals cover within a point in the long run and five in any 1,000', () => {
  for (const [name, stream] of Object.entries(streams)) {
    for (const horizon of [1, 5]) {
      test(`errors ${name}, ${horizon} ahead`, () => {
        const { held } = heldOf(horizon, 20_000, stream())
        LEVELS.forEach((level, l) => {
          expect(Math.abs(mean(held[l]!) - level)).toBeLessThan(0.01)
          expect(worstWindow(held[l]!, level)).toBeLessThan(0.05)
        })
      })
    }
  }
})

describe('Uncertainty', () => {
  test('knows the calm hours: intervals are narrower there, and narrower on the whole', () => {
    const { scored, sequence, step } = open(1)
    const core = sequence()
    const random = new Random(3)
    const widths = [0, 0]
    for (let t = 0; t < 20_000; t++) {
      const calm = t % SEASON < 8
      step(core, t, (calm ? 1 : 6) * random.normal())
      if (t > 10_000) widths[calm ? 0 : 1]! += (scored.bounds[1]! - scored.bounds[0]!) / 10_000
    }
    const [calm, busy] = [3 * widths[0]!, 1.5 * widths[1]!]
    expect(calm / busy).toBeLessThan(0.35)
    // 80 % of a normal variable lie within 2.56 deviations.
    expect(Math.abs(calm / 2.56 - 1)).toBeLessThan(0.45)
    expect(Math.abs(busy / (6 * 2.56) - 1)).toBeLessThan(0.2)
  })

  test('covers in hundreds of short sequences, from their first intervals on', () => {
    const { scored, sequence, step } = open(1)
    const random = new Random(4)
    const cores = Array.from({ length: 200 }, () => ({
      core: sequence(),
      size: 10 ** (6 * random.uniform() - 3),
    }))
    const steps = 300
    const inside = cores.map(() => LEVELS.map(() => 0))
    let young = 0
    for (let t = 0; t < steps; t++) {
      cores.forEach(({ core, size }, i) => {
        const value = size * random.normal()
        step(core, t, value)
        LEVELS.forEach((_, l) => {
          const held = value >= scored.bounds[2 * l]! && value <= scored.bounds[2 * l + 1]!
          if (!held) return
          inside[i]![l]! += 1 / (steps - 2)
          if (l === 0 && t >= 2 && t < 22) young += 1 / (20 * cores.length)
        })
      })
    }
    LEVELS.forEach((level, l) => {
      const shares = inside.map((levels) => levels[l]!)
      expect(Math.abs(mean(shares) - level)).toBeLessThan(0.01)
      for (const share of shares) expect(Math.abs(share - level)).toBeLessThan(0.06)
    })
    expect(Math.abs(young - 0.8)).toBeLessThan(0.03)
  })

  test('one wild value is the greatest surprise, and spoils nothing', () => {
    const { scored, sequence, step } = open(1)
    const core = sequence()
    const random = new Random(5)
    let before = 0
    for (let t = 0; t < 2000; t++) {
      const surprise = step(core, t, t === 1500 ? 1e6 : random.normal())
      const width = scored.bounds[3]! - scored.bounds[2]!
      if (t === 1500) expect(surprise).toBeGreaterThan(0.999)
      if (t === 1500) before = width
      if (t === 1550) expect(width / before).toBeLessThan(2)
      if (t === 1900) expect(Math.abs(width / before - 1)).toBeLessThan(0.35)
    }
  })

  test('of a constant nothing is a surprise until it changes', () => {
    const { sequence, step } = open(1)
    const core = sequence()
    const surprises = Array.from({ length: 40 }, (_, t) => step(core, t, t === 30 ? 5 : 0))
    expect(surprises.slice(0, 5)).toEqual([NaN, NaN, NaN, NaN, NaN])
    expect(surprises.slice(11, 30)).toEqual(Array.from({ length: 19 }, () => 0))
    expect(surprises[30]).toBe(1)
    for (const surprise of surprises.slice(31)) expect(surprise).toBeLessThan(0.9)
  })

  test('recovers where a constant stream begins to move', () => {
    const { held } = heldOf(1, 6000, (t, random) => (t < 2000 ? 0 : random.normal()))
    expect(Math.abs(mean(held[0]!.slice(2500)) - 0.8)).toBeLessThan(0.02)
    expect(mean(held[1]!.slice(2000, 2100))).toBeGreaterThan(0.5)
  })
})
