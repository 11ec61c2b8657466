import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../../src/config/schema.ts'
import { HOST_ROWS_MAX } from '../../../src/kernels/kernel.ts'
import type { Scored } from '../../../src/model/scored.ts'
import { type Delivered, type Outcome, Processor } from '../../../src/task/processor.ts'
import { configOf } from '../model/support/driver.ts'

const encoder = new TextEncoder()

/** Everything that an outcome says, copied. What was not scored is void. */
function copyOf({ failure, forecast, scored }: Outcome): unknown {
  if (failure !== null) return failure
  const { present } = scored
  const slots = present.length
  const kept = (name: keyof Scored) => {
    const array = scored[name] as Float64Array
    const width = array.length / slots
    return [...array].filter((_, i) => present[Math.floor(i / width)] === 1)
  }
  return structuredClone({
    forecast,
    step: scored.step,
    present,
    observed: scored.observed,
    scored: (['mixture', 'members', 'bounds', 'scale', 'persistence', 'seasonal'] as const).map(
      kept,
    ),
  })
}

interface Told {
  readonly outcomes: unknown[]
  readonly updates: number
  readonly stateHash: string
}

function oneByOne(config: Config, records: readonly Delivered[]): Told {
  const processor = new Processor(config)
  const { model } = processor
  const outcomes = records.map(({ key, value, timestampMs }) => {
    const outcome = processor.process(key, value, timestampMs)
    return [copyOf(outcome), model.records, model.chainHash()]
  })
  return { outcomes, updates: model.updates, stateHash: model.stateHash() }
}

/** In batches of the sizes given, over and over. */
function batched(config: Config, records: readonly Delivered[], sizes: readonly number[]): Told {
  const processor = new Processor(config)
  const { model } = processor
  const outcomes: unknown[] = []
  for (let from = 0, i = 0; from < records.length; i++) {
    const until = Math.min(records.length, from + (sizes[i % sizes.length] as number))
    processor.processMany(records, from, until, (index, outcome) => {
      expect(index).toBe(outcomes.length)
      outcomes.push([copyOf(outcome), model.records, model.chainHash()])
    })
    expect(outcomes).toHaveLength(until)
    from = until
  }
  return { outcomes, updates: model.updates, stateHash: model.stateHash() }
}

/** Rows of every call that advances a network, by number of calls. */
function spyOnRows(processor: Processor): Map<number, number> {
  const seen = new Map<number, number>()
  const { model } = processor
  const begin = model.beginSteps.bind(model)
  model.beginSteps = (samples, from, until) => {
    const rows = begin(samples, from, until)
    seen.set(rows, (seen.get(rows) ?? 0) + 1)
    return rows
  }
  return seen
}

function json(values: Record<string, unknown>): Uint8Array {
  return encoder.encode(JSON.stringify(values))
}

/** `keys` sequences in turn, a record each. */
function inTurn(count: number, keys: number): Delivered[] {
  return Array.from({ length: count }, (_, i) => ({
    key: encoder.encode(`k${i % keys}`),
    value: json({ y: Math.sin(i) + (i % keys) }),
    timestampMs: 1000 * i,
  }))
}

const choice = fc.record({
  kernel: fc.constantFrom('wasm' as const, 'reference' as const),
  portfolio: fc.constantFrom('full' as const, 'network' as const),
  cell: fc.constantFrom('rnn' as const, 'gru' as const, 'lstm' as const),
  layers: fc.integer({ min: 1, max: 2 }),
  window: fc.integer({ min: 1, max: 6 }),
  updateEvery: fc.integer({ min: 1, max: 4 }),
  blocks: fc.constantFrom('auto' as const, 1, 2, 8),
  diagnostics: fc.boolean(),
  learn: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
  horizons: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 2 }),
  seasons: fc.uniqueArray(fc.integer({ min: 2, max: 9 }), { maxLength: 2 }),
  targets: fc.constantFrom<string[][]>(['y'], ['y', 'z']),
  inputs: fc.constantFrom<string[][]>([], ['a']),
  known: fc.constantFrom<string[][]>([], ['b']),
  bounds: fc.constantFrom({}, { max: 3, keep: 5 }, { max: 2, keep: 2 }, { max: 4, keep: 100 }),
})

function configFor(options: typeof choice extends fc.Arbitrary<infer T> ? T : never): Config {
  const { kernel, portfolio, cell, layers, window, updateEvery, diagnostics, learn } = options
  const { horizons, seasons, targets, inputs, known, bounds, blocks } = options
  return configOf({
    task: { targets, inputs, known, horizons, seasons },
    model: {
      ...{ kernel, portfolio, cell, layers, window, updateEvery, diagnostics, learn, hidden: 3 },
      ...{ learningRates: [1e-3, 1e-2], block: blocks === 'auto' ? blocks : blocks * updateEvery },
    },
    ...(Object.keys(bounds).length === 0 ? {} : { sequences: bounds }),
  })
}

const number = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 40 }) },
  fc.constant(null),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
)
const value = fc
  .record({ y: number, z: number, a: number, b: number }, { requiredKeys: [] })
  .map(json)
const record = fc.record({
  key: fc.nat(11).map((key) => encoder.encode(`k${key}`)),
  value: fc.oneof(
    { weight: 20, arbitrary: value },
    fc.constant(null),
    fc.constantFrom('{', '{"y":"five"}').map((text) => encoder.encode(text)),
  ),
  timestampMs: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 1_000_000 })),
})

/** Records as they fall, and stretches in which sequences take turns. */
const stream = fc
  .array(
    fc.oneof(
      fc.array(record, { maxLength: 10 }),
      fc
        .tuple(fc.array(value, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 9 }))
        .map(([values, keys]): Delivered[] =>
          values.map((each, i) => ({
            key: encoder.encode(`k${i % keys}`),
            value: each,
            timestampMs: 500 * i,
          })),
        ),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.flat())

describe('processMany', () => {
  test('has the bits of one record after the other, whatever comes and however it is cut', () => {
    const sizes = fc.array(fc.constantFrom(1, 2, 3, 8, 63, 64, 65, 200), {
      minLength: 1,
      maxLength: 4,
    })
    const property = fc.property(choice, stream, sizes, (options, records, cuts) => {
      const config = configFor(options)
      expect(batched(config, records, cuts)).toEqual(oneByOne(config, records))
    })
    fc.assert(property, { numRuns: 250 })
  })

  test.each(['full', 'network'] as const)('of 200 sequences in turn, portfolio %s', (portfolio) => {
    const model = { portfolio, hidden: 9, updateEvery: 4, window: 6, learningRates: [1e-2] }
    const config = configOf({ task: { targets: ['y'], horizons: [1, 3] }, model })
    const records = inTurn(4000, 200)
    const processor = new Processor(config)
    const rows = spyOnRows(processor)
    processor.processMany(records, 0, records.length, () => {})
    const truth = new Processor(config)
    for (const { key, value, timestampMs } of records) truth.process(key, value, timestampMs)
    expect(processor.model.stateHash()).toBe(truth.model.stateHash())
    expect(processor.model.updates).toBeGreaterThan(50)
    // Over blocks that change no weights, and between two that do.
    expect([...rows.keys()]).toEqual(expect.arrayContaining([1, 8, HOST_ROWS_MAX]))
  })

  test('sequences that leave and come back are the same in a batch', () => {
    const model = { hidden: 3, updateEvery: 2, window: 4, learningRates: [1e-2] }
    const config = configOf({ model, sequences: { max: 7, keep: 11 } })
    const records = inTurn(900, 13).filter((_, i) => i % 17 !== 3)
    expect(batched(config, records, [200])).toEqual(oneByOne(config, records))
  })

  test('a sequence that has waited for too long is learnt at its block', () => {
    const model = { hidden: 3, updateEvery: 4, window: 4, block: 4, learningRates: [1e-2] }
    const config = configOf({ model })
    // Two losses of one sequence wait while others, which have nothing to teach, take turns.
    const key = encoder.encode('a')
    const first = [1, 2, 3].map((y) => ({ key, value: json({ y }), timestampMs: null }))
    const rest = inTurn(600, 40).map((each) => ({ ...each, value: json({ y: null }) }))
    const records = [...first, ...rest]
    const told = batched(config, records, [200])
    expect(told).toEqual(oneByOne(config, records))
    const updates = told.outcomes
      .flat()
      .flatMap((each) => JSON.stringify(each))
      .join()
    expect(updates).toContain('"updates":1')
  })

  test('nothing else is taken in while steps have begun', () => {
    const { model } = new Processor(configOf({ model: { hidden: 2 } }))
    const sample = { sequence: 'a', timeMs: null, values: Float64Array.of(1) }
    expect(model.beginSteps([sample], 0, 1)).toBe(1)
    expect(() => model.step(sample)).toThrow('finished first')
    expect(() => model.beginSteps([sample], 0, 1)).toThrow('finished first')
    model.finishStep()
    expect(() => model.finishStep()).toThrow('begun before')
    model.step(sample)
    expect(model.records).toBe(2)
  })
})
