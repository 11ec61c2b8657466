import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import {
  type ExpectedBoundary,
  expectedBoundaries,
  type LoggedRecord,
  type OracleOptions,
} from './support/boundary-oracle.ts'
import { configOf, Driver, insideOf } from './support/driver.ts'
import { type SeenRun, type SeenStep, spyKernel } from './support/spy-kernel.ts'

type Portfolio = 'network' | 'full'

function driverOf(options: OracleOptions, portfolio: Portfolio) {
  const { updateEvery, window, block, horizons, max, keep } = options
  const targets = Array.from({ length: options.targets }, (_, d) => `y${d}`)
  const config = configOf({
    task: { targets, horizons: [...horizons], calendar: false },
    model: { hidden: 2, window, updateEvery, block, portfolio, diagnostics: false },
    sequences: { max, keep },
  })
  const { kernel, networks } = spyKernel()
  return { driver: new Driver(config, kernel), networks }
}

interface SeenBoundary {
  readonly record: number
  readonly runs: readonly SeenRun[]
}

/** What a model did with a log: at which records a block ended, with which runs; and all steps. */
function watch(
  log: readonly LoggedRecord[],
  options: OracleOptions,
  portfolio: Portfolio = 'network',
) {
  const { driver, networks } = driverOf(options, portfolio)
  const { learning, table } = insideOf(driver.model)
  const boundaries: SeenBoundary[] = []
  const steps = new Map<number, SeenStep[]>()
  const ids = new Map<string, number>()
  let created = 0
  let updates: (readonly SeenRun[])[] = []
  for (const network of networks) network.onUpdate = (runs) => updates.push(runs)
  log.forEach(({ key, values }, index) => {
    const blocks = learning.counters[2]!
    if (key === null) {
      driver.skip()
    } else {
      if (!table.byName.has(key)) ids.set(key, created++)
      driver.step({ sequence: key, values })
      const id = ids.get(key)!
      const seen = steps.get(id) ?? []
      seen.push(networks[0]!.seen!)
      steps.set(id, seen)
    }
    if (learning.counters[2] === blocks) return
    expect(learning.counters[0]).toBe(index + 1)
    expect(updates.length).toBe(updates.length === 0 ? 0 : networks.length)
    // All networks learn the same runs.
    for (const runs of updates) expect(runs.map(shapeOf)).toEqual(updates[0]!.map(shapeOf))
    boundaries.push({ record: index + 1, runs: updates[0] ?? [] })
    updates = []
  })
  expect(updates).toEqual([])
  return { boundaries, steps }
}

function shapeOf({ warmup, steps, inputs, targets, mask }: SeenRun): unknown {
  return { warmup, steps, inputs, targets, mask }
}

/**
 * Holds what was seen against what rules 2 to 4 demand, bit for bit but for the targets. Beside
 * lines, networks have a second head with losses of its own at the same places.
 */
function compare(
  expected: readonly ExpectedBoundary[],
  { boundaries, steps }: ReturnType<typeof watch>,
  slots: number,
  heads = 1,
): void {
  expect(boundaries.map(({ record }) => record)).toEqual(expected.map(({ record }) => record))
  expected.forEach((boundary, b) => {
    const { runs } = boundaries[b]!
    expect(runs.length).toBe(boundary.runs.length)
    boundary.runs.forEach(({ sequence, start, first, newest, losses }, r) => {
      const run = runs[r]!
      const own = steps.get(sequence)!
      expect({ warmup: run.warmup, steps: run.steps }).toEqual({
        warmup: first - start,
        steps: newest - start + 1,
      })
      expect(run.state).toEqual(own[start]!.stateBefore)
      const inputs = own.slice(start, newest + 1).flatMap((step) => [...step.inputs])
      expect([...run.inputs]).toEqual(inputs)
      const outputs = heads * slots
      const mask = new Uint8Array(run.steps * outputs)
      for (const { step, slot } of losses) {
        for (let head = 0; head < heads; head++) {
          mask[(step - start) * outputs + head * slots + slot] = 1
        }
      }
      expect(run.mask).toEqual(mask)
      for (const { step, slot, z } of losses) {
        expect(run.targets[(step - start) * outputs + slot]).toBeCloseTo(z, 4)
      }
    })
  })
}

/** A log over four keys, the last of them rare, with missing targets and dead letters. */
function randomLog(seed: number, length: number, targets: number): LoggedRecord[] {
  const random = new Random(seed)
  const missing = random.uniform() < 0.5 ? 0 : 0.4 * random.uniform()
  const dead = random.uniform() < 0.5 ? 0 : 0.2
  const keys = random.uniform() < 0.3 ? ['a'] : ['a', 'a', 'a', 'a', 'b', 'b', 'c', 'd']
  return Array.from({ length }, () => {
    if (random.uniform() < dead) return { key: null, values: [] }
    const key = keys[random.uint32() % keys.length]!
    const values = Array.from({ length: targets }, () =>
      random.uniform() < missing ? null : random.normal(),
    )
    return { key, values }
  })
}

const optionsArbitrary = fc
  .record({
    updateEvery: fc.constantFrom(1, 3, 8),
    window: fc.constantFrom(1, 4, 16),
    blocks: fc.constantFrom('auto' as const, 1, 4, 16),
    horizons: fc.constantFrom([1], [1, 5], [3], [1, 40]),
    targets: fc.constantFrom(1, 2),
    bounds: fc.constantFrom([100, 100], [2, 3], [1, 2]),
  })
  .map(({ blocks, bounds, ...rest }) => ({
    ...rest,
    block: blocks === 'auto' ? blocks : blocks * rest.updateEvery,
    max: bounds[0]!,
    keep: bounds[1]!,
  }))

describe('block boundaries and what they learn (design §1, rules 2 to 4)', () => {
  test('are those that brute force derives from the log', () => {
    const property = fc.property(
      optionsArbitrary,
      fc.integer({ min: 0, max: 1 << 30 }),
      fc.integer({ min: 1, max: 260 }),
      (options, seed, length) => {
        const log = randomLog(seed, length, options.targets)
        const slots = options.horizons.length * options.targets
        compare(expectedBoundaries(log, options), watch(log, options), slots)
      },
    )
    fc.assert(property, { numRuns: 250 })
  })

  const base: OracleOptions = {
    updateEvery: 8,
    window: 16,
    block: 'auto',
    horizons: [1, 5],
    targets: 1,
    max: 100,
    keep: 100,
  }

  test('hold for every network of a full portfolio alike', () => {
    const log = randomLog(7, 200, 1)
    const expected = expectedBoundaries(log, base)
    expect(expected.some(({ runs }) => runs.length > 0)).toBe(true)
    compare(expected, watch(log, base, 'full'), 2, 2)
  })

  test('one sequence learns every updateEvery records, each loss once', () => {
    const log = Array.from({ length: 41 }, (_, i) => ({ key: 'a', values: [Math.sin(i)] }))
    const { boundaries } = watch(log, base)
    expect(boundaries.map(({ record }) => record)).toEqual([8, 16, 24, 32, 40])
    const losses = boundaries.map(({ runs }) =>
      runs.reduce((sum, { mask }) => sum + mask.filter((bit) => bit === 1).length, 0),
    )
    // After 8 records the losses of 7 steps at horizon 1 and of 3 at horizon 5, too few to join;
    // after 16 there are 15 and 11, then 8 and 8 with each block.
    expect(losses).toEqual([0, 26, 16, 16, 16])
  })

  test('auto makes a block of updateEvery records for each live sequence, eight at most', () => {
    const sizeAfter = (updateEvery: number, sequences: number) => {
      const keys = Array.from({ length: 200 }, (_, i) => `k${i % sequences}`)
      const log = keys.map((key, i) => ({ key, values: [Math.sin(i)] }))
      const records = watch(log, { ...base, updateEvery }).boundaries.map(({ record }) => record)
      return records.at(-1)! - records.at(-2)!
    }
    expect([1, 3, 8, 20].map((sequences) => sizeAfter(1, sequences))).toEqual([1, 3, 8, 8])
    expect([1, 2, 3].map((sequences) => sizeAfter(3, sequences))).toEqual([3, 6, 8])
    expect([1, 20].map((sequences) => sizeAfter(16, sequences))).toEqual([8, 8])
  })

  test('2 × updateEvery steps of a sequence end the block, with losses or without', () => {
    const wide = { ...base, block: 800 }
    const silent = Array.from({ length: 48 }, () => ({ key: 'a', values: [null] }))
    expect(watch(silent, wide).boundaries).toEqual([
      { record: 16, runs: [] },
      { record: 32, runs: [] },
      { record: 48, runs: [] },
    ])
    const loud = silent.map(({ key }, i) => ({ key, values: [i] }))
    expect(watch(loud, wide).boundaries.map(({ record, runs }) => [record, runs.length])).toEqual([
      [16, 2],
      [32, 3],
      [48, 3],
    ])
  })

  test('dead letters count and may end a block', () => {
    const dead = Array.from({ length: 20 }, () => ({ key: null, values: [] }))
    expect(watch(dead, base).boundaries.map(({ record }) => record)).toEqual([8, 16])
  })

  test('a loss waits for 64 blocks at most, however seldom its sequence is seen', () => {
    const options = { ...base, updateEvery: 3, block: 3, horizons: [1] }
    const rare = [0, 1].map((value) => ({ key: 'rare', values: [value] }))
    const busy = Array.from({ length: 240 }, (_, i) => ({ key: 'busy', values: [Math.sin(i)] }))
    const log = [...rare, ...busy]
    const expected = expectedBoundaries(log, options)
    compare(expected, watch(log, options), 1)
    const joins = expected.filter(({ runs }) => runs.some(({ sequence }) => sequence === 0))
    // Learnable since the first block, which is number 0: older than 64 blocks in number 65.
    expect(joins.map(({ record }) => record)).toEqual([66 * 3])
  })

  test('many sequences in turn wait for whole runs, longer than 64 blocks', () => {
    const options = { ...base, updateEvery: 3, block: 3, horizons: [1], max: 400, keep: 400 }
    const log = Array.from({ length: 2400 }, (_, i) => ({
      key: `s${i % 300}`,
      values: [Math.sin(i / 300) + (i % 300)],
    }))
    const expected = expectedBoundaries(log, options)
    compare(expected, watch(log, options), 1)
    const runs = expected.flatMap((boundary) => boundary.runs)
    // Every sequence's seven losses: two runs of three each, the newest one still waiting.
    expect(runs).toHaveLength(600)
  })

  test('losses of a window shorter than updateEvery are all within a run that reaches them', () => {
    const options = { ...base, window: 2, horizons: [1] }
    const log = Array.from({ length: 16 }, (_, i) => ({ key: 'a', values: [Math.cos(i)] }))
    const { boundaries } = watch(log, options)
    const last = boundaries.at(-1)!.runs
    expect(last.map(({ warmup, steps }) => steps - warmup)).toEqual([1, 2, 2, 2, 2, 2, 2, 2])
    const read = last.flatMap(({ mask, warmup }) => [...mask.subarray(warmup)])
    expect(read.filter((bit) => bit === 1).length).toBe(15)
  })
})
