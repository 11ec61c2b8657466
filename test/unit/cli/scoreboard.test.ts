import { describe, expect, test } from 'vitest'
import { Scoreboard, type ScoreboardLayout } from '../../../src/cli/scoreboard.ts'
import { Density, LEARNT } from '../../../src/model/density.ts'
import type { Scored } from '../../../src/model/scored.ts'
import { Random } from '../../../src/random.ts'

const layout: ScoreboardLayout = {
  targets: ['a', 'b'],
  horizons: [1, 5],
  levels: [0.8, 0.95],
  members: ['persistence', 'rls:linear', 'network:1e-3'],
  seasonal: true,
  fromRow: 0,
  fromStep: 0,
}

interface Row {
  row: number
  sequence: string
  scored: Scored
}

function emptyScored(): Scored {
  return {
    step: 0,
    present: new Uint8Array(4),
    observed: new Float64Array(2),
    mixture: new Float64Array(4),
    members: new Float64Array(12),
    bounds: new Float64Array(16),
    scale: new Float64Array(4),
    density: new Float64Array(4 * LEARNT),
    persistence: new Float64Array(4),
    seasonal: new Float64Array(4),
  }
}

/** What a density has learnt, at random. */
function weights(random: Random): number[] {
  const shares = Array.from({ length: LEARNT }, () => random.uniform())
  const sum = shares.reduce((a, b) => a + b, 0)
  return shares.map((share) => share / sum)
}

/** Random rows of three sequences in which every field is missing now and then. */
function randomRows(seed: number, count: number): Row[] {
  const random = new Random(seed)
  const maybe = (share: number, value: number) => (random.uniform() < share ? Number.NaN : value)
  const steps = [0, 0, 0]
  return Array.from({ length: count }, (_, row) => {
    const sequence = random.uint32() % 3
    const scored = emptyScored()
    scored.step = steps[sequence]!
    steps[sequence]!++
    for (let d = 0; d < 2; d++) scored.observed[d] = random.normal() * 10 + 20
    for (let slot = 0; slot < 4; slot++) {
      const y = scored.observed[slot % 2]!
      scored.present[slot] = random.uniform() < 0.8 ? 1 : 0
      scored.mixture[slot] = y + random.normal()
      scored.scale[slot] = maybe(0.2, 0.5 + random.uniform())
      scored.density.set(weights(random), slot * LEARNT)
      scored.persistence[slot] = maybe(0.1, y + 2 * random.normal())
      scored.seasonal[slot] = maybe(0.3, y + 3 * random.normal())
      for (let m = 0; m < 3; m++) scored.members[slot * 3 + m] = maybe(0.1, y + random.normal())
      for (let l = 0; l < 2; l++) {
        const missing = maybe(0.1, 0)
        scored.bounds[(slot * 2 + l) * 2] = missing + scored.mixture[slot]! - l - 1
        scored.bounds[(slot * 2 + l) * 2 + 1] = missing + scored.mixture[slot]! + l + 1
      }
    }
    return { row, sequence: `s${sequence}`, scored }
  })
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** The same numbers, from lists of rows instead of running sums. */
function bruteForce(rows: Row[], slot: number) {
  const present = rows.filter(({ scored }) => scored.present[slot] === 1)
  const y = ({ scored }: Row) => scored.observed[slot % 2]!
  const error = (row: Row) => y(row) - row.scored.mixture[slot]!
  const mase = (list: Row[], naive: 'persistence' | 'seasonal') => {
    const has = list.filter(({ scored }) => !Number.isNaN(scored[naive][slot]!))
    const own = mean(has.map((row) => Math.abs(error(row))))
    return own / mean(has.map((row) => Math.abs(y(row) - row.scored[naive][slot]!)))
  }
  const sequences = [...new Set(present.map(({ sequence }) => sequence))]
  const member = (m: number) => {
    const has = present.filter(({ scored }) => !Number.isNaN(scored.members[slot * 3 + m]!))
    const errors = has.map((row) => Math.abs(y(row) - row.scored.members[slot * 3 + m]!))
    return {
      ...(has.length < present.length ? { count: has.length } : {}),
      mae: mean(errors),
      mse: mean(errors.map((e) => e * e)),
      wmape: mean(errors) / mean(has.map((row) => Math.abs(y(row)))),
    }
  }
  const level = (l: number) => {
    const at = (slot * 2 + l) * 2
    const has = present.filter(({ scored }) => !Number.isNaN(scored.bounds[at]!))
    const inside = has.filter(
      (row) => y(row) >= row.scored.bounds[at]! && y(row) <= row.scored.bounds[at + 1]!,
    )
    const widths = has.map(({ scored }) => scored.bounds[at + 1]! - scored.bounds[at]!)
    return { coverage: inside.length / has.length, width: mean(widths) }
  }
  const scaled = present.filter(({ scored }) => !Number.isNaN(scored.scale[slot]!))
  const density = new Density()
  const nll = (row: Row) => {
    const scale = row.scored.scale[slot]!
    density.evaluate(error(row) / scale, row.scored.density, slot * LEARNT)
    return Math.log(scale) - Math.log(density.density)
  }
  return {
    count: present.length,
    mae: mean(present.map((row) => Math.abs(error(row)))),
    wmape:
      mean(present.map((row) => Math.abs(error(row)))) / mean(present.map((r) => Math.abs(y(r)))),
    mse: mean(present.map((row) => error(row) ** 2)),
    rmse: Math.sqrt(mean(present.map((row) => error(row) ** 2))),
    nll: mean(scaled.map(nll)),
    mase: {
      persistence: mase(present, 'persistence'),
      seasonal: mase(present, 'seasonal'),
      perSequence: mean(
        sequences.map((name) =>
          mase(
            present.filter(({ sequence }) => sequence === name),
            'seasonal',
          ),
        ),
      ),
    },
    coverage: { '0.8': level(0).coverage, '0.95': level(1).coverage },
    width: { '0.8': level(0).width, '0.95': level(1).width },
    members: { persistence: member(0), 'rls:linear': member(1), 'network:1e-3': member(2) },
  }
}

/** Numbers rounded to ten digits, so that two orders of summing compare equal. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, v) =>
    typeof v === 'number' ? Number(v.toPrecision(10)) : v,
  )
}

function fill(rows: Row[], options: Partial<ScoreboardLayout> = {}): Scoreboard {
  const board = new Scoreboard({ ...layout, ...options })
  for (const { row, sequence, scored } of rows) board.add(row, { forecast: { sequence }, scored })
  return board
}

describe('Scoreboard', () => {
  test('equals a brute-force computation on random rows', () => {
    for (const seed of [1, 2, 3]) {
      const rows = randomRows(seed, 400)
      const scores = fill(rows).toJson()
      expect(scores.map(({ target, horizon }) => `${target}${horizon}`)).toEqual([
        'a1',
        'a5',
        'b1',
        'b5',
      ])
      const slots = [0, 2, 1, 3]
      scores.forEach((score, i) => {
        expect(rounded(score)).toMatchObject(rounded(bruteForce(rows, slots[i]!)) as object)
        expect(score.crps).toBeGreaterThan(0)
      })
    }
  })

  test('a row counts from --score-from on, a step of a sequence from --score-from-step on', () => {
    const rows = randomRows(4, 300)
    const late = rows.filter(({ row }) => row >= 120)
    expect(rounded(fill(rows, { fromRow: 120 }).toJson())).toEqual(rounded(fill(late).toJson()))
    const grown = rows.filter(({ scored }) => scored.step >= 50)
    expect(rounded(fill(rows, { fromStep: 50 }).toJson())).toEqual(rounded(fill(grown).toJson()))
    expect(fill(rows).toJson()[0]!.count).not.toBe(fill(late).toJson()[0]!.count)
  })

  test('a pooled board equals one that saw all rows, with sequences of other names', () => {
    const parts = [6, 7, 8].map((seed) => randomRows(seed, 150))
    const pooled = new Scoreboard(layout)
    for (const rows of parts) pooled.pool(fill(rows))
    const renamed = parts.flatMap((rows, i) =>
      rows.map((row) => ({ ...row, sequence: `${i} ${row.sequence}` })),
    )
    expect(rounded(pooled.toJson())).toEqual(rounded(fill(renamed).toJson()))
    // The names of different partitions are different sequences.
    expect(rounded(pooled.toJson())).not.toEqual(rounded(fill(parts.flat()).toJson()))
    const alone = new Scoreboard(layout)
    alone.pool(fill(parts[0]!))
    expect(alone.toJson()).toEqual(fill(parts[0]!).toJson())
  })

  test('without seasons the mean over sequences is that of persistence', () => {
    const rows = randomRows(5, 200).filter(({ sequence }) => sequence === 's1')
    const score = fill(rows, { seasonal: false }).toJson()[0]!
    expect(score.mase.perSequence).toBeCloseTo(score.mase.persistence!, 12)
  })

  test('what cannot be computed is absent', () => {
    expect(fill([]).toJson()[0]).toEqual({
      target: 'a',
      horizon: 1,
      count: 0,
      mase: {},
      coverage: {},
      width: {},
      members: { persistence: {}, 'rls:linear': {}, 'network:1e-3': {} },
    })
    const scored = emptyScored()
    for (const field of [scored.scale, scored.persistence, scored.seasonal, scored.bounds]) {
      field.fill(Number.NaN)
    }
    scored.present[0] = 1
    const score = fill([{ row: 0, sequence: '', scored }]).toJson()[0]!
    expect(score).toMatchObject({ count: 1, mae: 0, mse: 0, rmse: 0, mase: {}, coverage: {} })
    for (const name of ['wmape', 'nll', 'crps']) expect(score).not.toHaveProperty(name)
  })

  test('a sequence whose naive forecast never errs has no ratio in the mean', () => {
    const rows = ['still', 'moving'].map((sequence, i) => {
      const scored = emptyScored()
      scored.present[0] = 1
      scored.observed[0] = 10
      scored.mixture[0] = 11
      scored.seasonal[0] = 10 + 4 * i
      return { row: i, sequence, scored }
    })
    expect(fill(rows).toJson()[0]!.mase.perSequence).toBe(0.25)
  })
})
