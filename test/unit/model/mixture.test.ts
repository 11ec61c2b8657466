import { describe, expect, test } from 'vitest'
import { LEARNT } from '../../../src/model/density.ts'
import { dimensionsOf } from '../../../src/model/dimensions.ts'
import { ABSENT, Layout } from '../../../src/model/layout.ts'
import { Mixture } from '../../../src/model/mixture.ts'
import type { Scored } from '../../../src/model/scored.ts'
import { Random } from '../../../src/random.ts'
import { configOf } from './support/driver.ts'

/**
 * A mixture of `names` members over one target, driven step by step: the first `mixed` take part,
 * of which the first `lines` are no networks.
 */
function open(horizons: number[], names: number, mixed = names, lines = mixed) {
  const d = dimensionsOf(configOf({ task: { targets: ['y'], horizons, intervals: [0.8] } }))
  const layout = new Layout()
  const mixture = new Mixture(layout, d, names, mixed, lines)
  const core = new Float64Array(layout.size)
  mixture.begin(core)
  const k = horizons.length
  const scored: Scored = {
    step: 0,
    present: new Uint8Array(k),
    observed: new Float64Array(1),
    mixture: new Float64Array(k),
    members: new Float64Array(k * names),
    bounds: new Float64Array(2 * k),
    scale: new Float64Array(k),
    density: new Float64Array(LEARNT * k),
    persistence: new Float64Array(k),
    seasonal: new Float64Array(k),
  }
  const means = new Float64Array(k)
  const bounds = new Float64Array(2 * k)
  const predict = (step: number, list: readonly number[]) => {
    const members = Float64Array.from(list)
    for (let slot = 0; slot < k; slot++) {
      mixture.mixLines(core, step, slot, members, slot * names)
    }
    mixture.predict(core, step, members, means, bounds)
  }
  const arrive = (step: number, slot: number, value: number) =>
    mixture.arrive(core, step, slot, value, scored)
  return { mixture, core, scored, means, bounds, predict, arrive }
}

describe('Mixture', () => {
  test('keeps what was predicted until its target arrives, for each horizon apart', () => {
    const { mixture, core, scored, means, predict, arrive } = open([1, 3], 2)
    const published: number[][] = []
    for (let t = 0; t < 12; t++) {
      for (const [slot, horizon] of [1, 3].entries()) {
        if (t < horizon) continue
        expect(mixture.published(core, t - horizon, slot)).toBe(published[t - horizon]![slot])
        arrive(t - horizon, slot, t)
        expect(scored.mixture[slot]).toBe(published[t - horizon]![slot])
        expect(scored.members[2 * slot]).toBe(t - horizon + 100 * slot)
      }
      predict(t, [t, t + 1, t + 100, t + 101])
      published.push([...means])
      const again = [new Float64Array(2), new Float64Array(4)] as const
      mixture.recall(core, t, ...again)
      expect([...again[0]]).toEqual([...means])
    }
  })

  test('is never worse than persistence by two per cent where nothing can be learnt', () => {
    const { scored, predict, arrive } = open([1], 5)
    const random = new Random(8)
    let value = 0
    let error = 0
    let naive = 0
    for (let t = 0; t < 10_000; t++) {
      value += random.normal()
      if (t > 0) {
        arrive(t - 1, 0, value)
        error += Math.abs(scored.mixture[0]! - value)
        naive += Math.abs(scored.members[0]! - value)
      }
      const noise = () => value + 0.5 * random.normal()
      predict(t, [value, noise(), noise(), value + 1, value / 2])
    }
    expect(error / naive).toBeGreaterThan(0.99)
    expect(error / naive).toBeLessThan(1.02)
  })

  test('lets members beyond the mixed ones be scored without any say', () => {
    const lone = open([1], 2)
    const watched = open([1], 3, 2)
    const random = new Random(9)
    for (let t = 0; t < 300; t++) {
      const value = random.normal()
      if (t > 0) {
        lone.arrive(t - 1, 0, value)
        watched.arrive(t - 1, 0, value)
        expect(watched.scored.mixture[0]).toBe(lone.scored.mixture[0])
      }
      const [a, b, c] = [random.normal(), random.normal(), random.normal()]
      lone.predict(t, [a, b])
      watched.predict(t, [a, b, c])
      if (t > 0) expect([...watched.bounds]).toEqual([...lone.bounds])
      expect([...watched.means]).toEqual([...lone.means])
    }
  })

  test('says nothing where no member does, and has no bounds before a first error', () => {
    const { scored, means, bounds, predict, arrive } = open([1], 2)
    predict(0, [ABSENT, ABSENT])
    expect([...means, ...bounds]).toEqual([ABSENT, NaN, NaN])
    predict(1, [1, ABSENT])
    expect(means[0]).toBe(1)
    expect([...bounds]).toEqual([NaN, NaN])
    arrive(1, 0, 3)
    expect([...scored.members]).toEqual([1, NaN])
    expect([scored.scale[0], ...scored.bounds]).toEqual([NaN, NaN, NaN])
    predict(2, [1, 1])
    expect(bounds[0]).toBeLessThan(1)
    expect(bounds[1]).toBeGreaterThan(1)
    arrive(2, 0, 1)
    expect(scored.scale[0]).toBeGreaterThan(0.5)
    expect(scored.scale[0]).toBeLessThan(8)
  })

  test('one wild value does not spoil the scale of errors', () => {
    const { scored, bounds, predict, arrive } = open([1], 2)
    const random = new Random(12)
    const sizes: number[] = []
    for (let t = 0; t < 2000; t++) {
      predict(t, [0, 0.1])
      arrive(t, 0, t === 1500 ? 1e15 : random.normal())
      if (t === 1499 || t === 1600) sizes.push(bounds[1]! - bounds[0]!)
      if (t > 20) expect(scored.scale[0]).toBeLessThan(5)
    }
    expect(sizes[1]! / sizes[0]!).toBeLessThan(1.5)
  })

  test('published intervals cover as often as they say, at every horizon', () => {
    const { scored, predict, arrive } = open([1, 6], 2)
    const random = new Random(10)
    const inside = [0, 0]
    const steps = 30_000
    for (let t = 0; t < steps; t++) {
      const value = (1 + 0.5 * Math.sin(t / 700)) * random.normal()
      for (const [slot, horizon] of [1, 6].entries()) {
        if (t < horizon) continue
        arrive(t - horizon, slot, value)
        const [lower, upper] = scored.bounds.subarray(2 * slot, 2 * slot + 2)
        if (value >= lower! && value <= upper!) inside[slot]!++
      }
      predict(t, [0, value, 0, value])
    }
    for (const count of inside) expect(Math.abs(count / steps - 0.8)).toBeLessThan(0.01)
  })
})
