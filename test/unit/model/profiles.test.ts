import { describe, expect, test } from 'vitest'
import { ABSENT } from '../../../src/model/layout.ts'
import { Random } from '../../../src/random.ts'
import { openPool, type Pool, type PoolSequence } from './support/pool.ts'

const task = { targets: ['y', 'z'], horizons: [1, 5, 9], seasons: [3, 7] }

function randomRow(random: Random, missing: number): (number | null)[] {
  return [0, 1].map(() => (random.uniform() < missing ? null : 50 * random.normal()))
}

function compare(found: number, expected: number | null): void {
  if (expected === null) expect(found).toBe(ABSENT)
  else expect(found).toBeCloseTo(expected, 9)
}

/** Holds all that is kept after the newest step against all values so far. */
function compareAll({ d, profiles }: Pool, sequence: PoolSequence): void {
  const { core, newest } = sequence
  for (let i = 0; i < d.targets; i++) {
    for (let step = Math.max(0, newest - d.maxHorizon - 3); step <= newest; step++) {
      sequence.usual(step, step - 1, i).forEach((usual, table) => {
        compare(core[profiles.usualPlace(step, i) + table]!, usual)
      })
    }
    d.horizons.forEach((horizon, k) => {
      for (let step = Math.max(0, newest - horizon); step <= newest; step++) {
        sequence.usual(step + horizon, step, i).forEach((usual, table) => {
          const at = profiles.aheadPlace(step, k) + i * profiles.tables + table
          compare(core[at]!, usual)
        })
      }
    })
  }
}

describe('Profiles', () => {
  test.each([0, 0.3])(
    'hold what all values of a phase say before the step, beyond a season too, %s of them missing',
    (missing) => {
      const pool = openPool(task)
      const sequence = pool.sequence()
      const random = new Random(1)
      for (let t = 0; t < 150; t++) {
        sequence.push(randomRow(random, missing))
        compareAll(pool, sequence)
      }
    },
  )

  test('are the plain mean of up to ten seasons, and then fade', () => {
    const { profiles, ...pool } = openPool({ seasons: [4] })
    const sequence = pool.sequence()
    const values = Array.from({ length: 11 }, (_, n) => n ** 2)
    for (const value of values) for (let phase = 0; phase < 4; phase++) sequence.push([value])
    const mean = values.slice(0, 10).reduce((sum, value) => sum + value, 0) / 10
    const { core } = sequence
    expect(core[profiles.usualPlace(43, 0)]).toBeCloseTo(mean, 12)
    expect(core[profiles.aheadPlace(43, 0)]).toBeCloseTo(0.9 * mean + 0.1 * 100, 12)
  })

  test('know nothing of the value that they are for, nor of what comes after', () => {
    const { d, profiles, ...pool } = openPool(task)
    const [one, other] = [pool.sequence(), pool.sequence()]
    const random = new Random(2)
    for (let t = 0; t < 60; t++) {
      const row = randomRow(random, 0.1)
      one.push(row)
      other.push(t < 50 ? row : row.map((value) => (value ?? 1) + 1e6))
      const kept = ({ core }: PoolSequence) => [
        ...core.subarray(profiles.usualPlace(t, 0), profiles.usualPlace(t, 1) + profiles.tables),
      ]
      if (t <= 50) expect(kept(other)).toEqual(kept(one))
      const ahead = ({ core }: PoolSequence) =>
        d.horizons.map((_, k) => [
          ...core.subarray(
            profiles.aheadPlace(t, k),
            profiles.aheadPlace(t, k) + d.targets * profiles.tables,
          ),
        ])
      if (t < 50) expect(ahead(other)).toEqual(ahead(one))
      else expect(ahead(other)).not.toEqual(ahead(one))
    }
  })

  test('have no phase of a category without one', () => {
    const { profiles, ...pool } = openPool({ seasons: [3], known: ['fraction'] })
    const sequence = pool.sequence()
    for (let t = 0; t < 600; t++) {
      sequence.push([1, 0.5, 0.5])
      expect(profiles.categoryPhase(sequence.core, t, 0)).toBe(ABSENT)
      expect(sequence.core[profiles.usualPlace(t, 0) + 1]).toBe(ABSENT)
    }
  })
})
