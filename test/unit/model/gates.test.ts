import { describe, expect, test } from 'vitest'
import { GATE_SIZE, Gate, gateSeasons } from '../../../src/model/gates.ts'
import { LineFeatures } from '../../../src/model/line-features.ts'
import { Random } from '../../../src/random.ts'
import { dimensionsFor, openPool } from './support/pool.ts'

const BINS = 8

/** The share of each bin at a phase: a hat around it, on a circle. */
function shares(phase: number): number[] {
  return Array.from({ length: BINS }, (_, bin) => {
    const distance = Math.abs(phase * BINS - bin)
    return Math.max(0, 1 - Math.min(distance, BINS - distance))
  })
}

describe('Gate', () => {
  test.each([
    [3, 0],
    [12, 0],
    [12, 1],
    [30, 1],
  ])('of season %d multiplies a few features by hats around the target’s phase', (season, k) => {
    const pool = openPool({ horizons: [1, 5], seasons: [season, 40] })
    const features = new LineFeatures(pool, k, 0)
    const gate = new Gate(pool.d, 0, k, pool)
    const sequence = pool.sequence()
    const random = new Random(6)
    const horizon = pool.d.horizons[k]!
    expect(gate.name).toBe(String(season))
    for (let t = 0; t < 150; t++) {
      sequence.push([t % 11 === 3 ? null : random.normal()])
      const from = sequence.at(t)
      const mean = pool.history.mean(sequence.core, 0, 0, t)
      features.fill(from, 0, mean, pool.history.scale(sequence.core, 0, 0, t))
      const x = new Float64Array(2 + GATE_SIZE).fill(7)
      expect(gate.fill(from, features, x, 2)).toBe(true)
      // What is usual is told by the longest season.
      const core = [
        1,
        sequence.standard(sequence.value(t), t),
        sequence.standard(sequence.value(t - 1), t),
        sequence.standard(sequence.usual(t, t - 1)[1]!, t),
        sequence.standard(sequence.usual(t + horizon, t)[1]!, t),
      ]
      const phase = ((t + horizon) % season) / season
      const expected = [7, 7, ...shares(phase).flatMap((share) => core.map((z) => share * z))]
      expected.forEach((value, i) => {
        expect(x[i]).toBeCloseTo(value, 8)
      })
    }
  })

  test('of a category has none before it is decided, then goes by its value at the target', () => {
    const pool = openPool({ seasons: [4], known: ['day', 'hour'] })
    const features = new LineFeatures(pool, 0, 0)
    const gate = new Gate(pool.d, null, 0, pool)
    const sequence = pool.sequence()
    const random = new Random(7)
    const fill = (x: Float64Array) => {
      const t = sequence.newest
      const from = sequence.at(t)
      const mean = pool.history.mean(sequence.core, 0, 0, t)
      features.fill(from, 0, mean, pool.history.scale(sequence.core, 0, 0, t))
      return gate.fill(from, features, x, 0)
    }
    const x = new Float64Array(GATE_SIZE).fill(7)
    for (let t = 0; t < 700; t++) {
      sequence.push([random.normal(), t % 2, t % 6, (t + 1) % 2, (t + 1) % 6])
      expect(fill(x)).toBe(t >= 511)
      if (t === 510) expect([...x]).toEqual(new Array(GATE_SIZE).fill(0))
      if (t < 511) continue
      // Tables: a season, hour, day, hour and day together, which tells what is usual.
      const usual = features.ofTable(3)
      const { values } = features
      const core = [1, values[1]!, values[2]!, values[usual + 1]!, values[usual]!]
      const hats = shares(((t + 1) % 6) / 6)
      hats
        .flatMap((share) => core.map((z) => share * z))
        .forEach((value, i) => {
          expect(x[i]).toBeCloseTo(value, 10)
        })
    }
    // Not known, or never seen before: no phase.
    for (const hour of [null, 6, 2.5, -1]) {
      sequence.push([random.normal(), 0, 0, 1, hour])
      expect(fill(x)).toBe(false)
      expect([...x]).toEqual(new Array(GATE_SIZE).fill(0))
    }
  })

  test('there is one for each of the first two seasons, or for one and known fields', () => {
    const of = (seasons: number[], known: string[] = []) =>
      gateSeasons(dimensionsFor({ seasons, known }))
    expect(of([])).toEqual([])
    expect(of([4])).toEqual([0])
    expect(of([4, 8, 16])).toEqual([0, 1])
    expect(of([], ['k'])).toEqual([null])
    expect(of([4, 8], ['k'])).toEqual([0, null])
  })
})
