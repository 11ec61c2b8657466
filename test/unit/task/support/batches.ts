import fc from 'fast-check'
import { expect } from 'vitest'
import type { Config } from '../../../../src/config/schema.ts'
import type { KernelName } from '../../../../src/kernels/index.ts'
import type { Scored } from '../../../../src/model/scored.ts'
import { type Delivered, type Outcome, Processor } from '../../../../src/task/processor.ts'
import { configOf } from '../../model/support/driver.ts'

export const encoder = new TextEncoder()

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

export function oneByOne(config: Config, records: readonly Delivered[]): Told {
  const processor = new Processor(config)
  const { model } = processor
  const outcomes = records.map(({ key, value, timestampMs }) => {
    const outcome = processor.process(key, value, timestampMs)
    return [copyOf(outcome), model.records, model.chainHash()]
  })
  return { outcomes, updates: model.updates, stateHash: model.stateHash() }
}

/** In batches of the sizes given, over and over. */
export function batched(
  config: Config,
  records: readonly Delivered[],
  sizes: readonly number[],
): Told {
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

export function json(values: Record<string, unknown>): Uint8Array {
  return encoder.encode(JSON.stringify(values))
}

/** `keys` sequences in turn, a record each. */
export function inTurn(count: number, keys: number): Delivered[] {
  return Array.from({ length: count }, (_, i) => ({
    key: encoder.encode(`k${i % keys}`),
    value: json({ y: Math.sin(i) + (i % keys) }),
    timestampMs: 1000 * i,
  }))
}

const choice = fc.record({
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

type Choice = typeof choice extends fc.Arbitrary<infer T> ? T : never

function configFor(kernel: KernelName, options: Choice): Config {
  const { portfolio, cell, layers, window, updateEvery, diagnostics, learn } = options
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

/**
 * A batch has the bits of one record after the other, whatever comes and however it is cut; on one
 * of these kernels each time.
 */
export function checkBatches(kernels: readonly KernelName[], numRuns: number): void {
  const sizes = fc.array(fc.constantFrom(1, 2, 3, 8, 63, 64, 65, 200), {
    minLength: 1,
    maxLength: 4,
  })
  const kernel = fc.constantFrom(...kernels)
  const property = fc.property(kernel, choice, stream, sizes, (name, options, records, cuts) => {
    const config = configFor(name, options)
    expect(batched(config, records, cuts)).toEqual(oneByOne(config, records))
  })
  fc.assert(property, { numRuns })
}
