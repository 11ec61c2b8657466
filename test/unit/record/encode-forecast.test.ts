import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/record/byte-writer.ts'
import { ForecastEncoder } from '../../../src/record/encode-forecast.ts'
import type { Forecast } from '../../../src/record/types.ts'

const taxi: Forecast = {
  sequence: 'jfk',
  timeMs: 1_404_172_800_000,
  forMs: new Float64Array([1_404_174_600_000]),
  means: new Float64Array([8127.4]),
  bounds: new Float64Array([7800.1, 8460]),
  observed: new Float64Array([10844]),
  predicted: new Float64Array([10701.2]),
  surprise: new Float64Array([0.31]),
  drifts: new Uint8Array(1),
  records: 124,
  updates: 15,
}
const taxiFields = { targets: ['passengers'], inputs: [], known: [], horizons: [1] }

const anyNumber = fc.oneof(
  fc.double(),
  fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
  fc.constant(Number.NaN),
)
const anyTime = fc.oneof(
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
  fc.double({ min: -1e14, max: 1e14 }),
)

function numbers(count: number): fc.Arbitrary<Float64Array> {
  return fc
    .array(anyNumber, { minLength: count, maxLength: count })
    .map((values) => Float64Array.from(values))
}

const anyCase = fc
  .record({
    targets: fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 3 }),
    horizons: fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 3 }),
    levels: fc.array(fc.double({ min: 0.01, max: 0.99, noNaN: true }), { maxLength: 3 }),
    application: fc.string(),
    offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  })
  .chain((layout) => {
    const D = layout.targets.length
    const K = layout.horizons.length
    const forecast: fc.Arbitrary<Forecast> = fc.record({
      sequence: fc.string({ unit: 'binary' }),
      timeMs: fc.option(anyTime),
      forMs: fc
        .array(anyTime, { minLength: K, maxLength: K })
        .map((values) => Float64Array.from(values)),
      means: numbers(K * D),
      bounds: numbers(K * D * layout.levels.length * 2),
      observed: numbers(D),
      predicted: numbers(D),
      surprise: numbers(D),
      drifts: fc.uint8Array({ minLength: D, maxLength: D, max: 1 }),
      records: fc.nat(),
      updates: fc.nat(),
    })
    return fc.tuple(fc.constant(layout), forecast)
  })

const orNull = (value: number | undefined) => (Number.isFinite(value) ? value : null)
const rounded = (value: number | undefined) => orNull(Number(value?.toPrecision(9)))
const iso = (ms: number | null | undefined) =>
  Number.isFinite(ms) ? new Date(Math.floor(ms as number)).toISOString() : null

describe('ForecastEncoder', () => {
  it('writes the record of the design, fields in that order', () => {
    const encoder = new ForecastEncoder({
      fields: taxiFields,
      levels: [0.8],
      application: 'taxi',
    })
    expect(encoder.encode(123n, taxi)).toBe(
      '{"offset":123,"sequence":"jfk","time":"2014-07-01T00:00:00.000Z",' +
        '"predictions":[{"target":"passengers","horizon":1,"for":"2014-07-01T00:30:00.000Z",' +
        '"mean":8127.4,"intervals":[{"level":0.8,"lower":7800.1,"upper":8460}]}],' +
        '"observed":{"passengers":{"value":10844,"predicted":10701.2,"surprise":0.31}},' +
        '"model":{"records":124,"updates":15,"application":"taxi"}}',
    )
  })

  it('says null for all that is not known, and keeps every level', () => {
    const encoder = new ForecastEncoder({
      fields: taxiFields,
      levels: [0.8],
      application: 'taxi',
    })
    const unknown = new Float64Array([Number.NaN])
    const text = encoder.encode(0n, {
      ...taxi,
      timeMs: null,
      forMs: unknown,
      means: unknown,
      bounds: new Float64Array([Number.NaN, Number.NaN]),
      predicted: unknown,
      surprise: unknown,
    })
    expect(JSON.parse(text)).toMatchObject({
      time: null,
      predictions: [
        { for: null, mean: null, intervals: [{ level: 0.8, lower: null, upper: null }] },
      ],
      observed: { passengers: { value: 10844, predicted: null, surprise: null } },
    })
  })

  it('writes an offset beyond 2^53 in all its digits', () => {
    const encoder = new ForecastEncoder({ fields: taxiFields, levels: [], application: 'a' })
    expect(encoder.encode(9_223_372_036_854_775_807n, { ...taxi })).toContain(
      '{"offset":9223372036854775807,',
    )
  })

  it('is the JSON of its forecast, what the model says in nine digits, whatever it is', () => {
    fc.assert(
      fc.property(anyCase, ([{ targets, horizons, levels, application, offset }, forecast]) => {
        const fields = { targets, inputs: [], known: [], horizons }
        const text = new ForecastEncoder({ fields, levels, application }).encode(offset, forecast)
        const { forMs, means, bounds, observed, predicted, surprise } = forecast
        const expected = {
          offset: Number(offset),
          sequence: forecast.sequence,
          time: iso(forecast.timeMs),
          predictions: horizons.flatMap((horizon, k) =>
            targets.map((target, d) => {
              const index = k * targets.length + d
              const intervals = levels.map((level, l) => {
                const bound = (index * levels.length + l) * 2
                return { level, lower: rounded(bounds[bound]), upper: rounded(bounds[bound + 1]) }
              })
              return { target, horizon, for: iso(forMs[k]), mean: rounded(means[index]), intervals }
            }),
          ),
          observed: JSON.parse(
            `{${targets
              .map((target, d) => {
                const entry = {
                  value: orNull(observed[d]),
                  predicted: rounded(predicted[d]),
                  surprise: rounded(surprise[d]),
                }
                return `${JSON.stringify(target)}:${JSON.stringify(entry)}`
              })
              .join(',')}}`,
          ),
          ...(forecast.drifts.includes(1) ? { drift: true } : {}),
          model: { records: forecast.records, updates: forecast.updates, application },
        }
        expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(expected))
      }),
      { numRuns: 500 },
    )
  })

  it('writes the same bytes whatever it has written before, behind what is there', () => {
    fc.assert(
      fc.property(anyCase, fc.array(anyTime), ([layout, forecast], times) => {
        const { targets, horizons, levels, application, offset } = layout
        const fields = { targets, inputs: [], known: [], horizons }
        const encoder = new ForecastEncoder({ fields, levels, application })
        const fresh = encoder.encode(offset, forecast)
        const out = new ByteWriter(16)
        for (const [i, timeMs] of times.entries()) {
          encoder.write(out, 1n, { ...forecast, timeMs, sequence: `${i}` })
        }
        const { length } = out
        encoder.write(out, offset, forecast)
        const read = () => out.view().subarray(length).toString()
        expect(read()).toBe(fresh)
        out.reset()
        out.text('{"partition":7,')
        encoder.writeMembers(out, offset, forecast)
        expect(out.view().toString()).toBe(`{"partition":7,${fresh.slice(1)}`)
      }),
    )
  })

  it('allocates nothing for a known sequence', () => {
    const encoder = new ForecastEncoder({ fields: taxiFields, levels: [0.8], application: 'a' })
    const out = new ByteWriter(1 << 21)
    const records = 2_000
    const offsets = Array.from({ length: records }, (_, i) => BigInt(i))
    const forecasts = offsets.map((_, i) => ({
      ...taxi,
      sequence: `station-${i % 20}`,
      timeMs: 1_404_172_800_000 + i * 3_600_000,
      forMs: Float64Array.of(1_404_172_800_000.5 + i * 3_600_000),
      means: Float64Array.of(1e5 * Math.sin(i)),
      bounds: Float64Array.of(Math.sin(i) - 0.1, 1e-3 * i),
      observed: Float64Array.of(Math.floor(1e4 * Math.sin(i)) / 100),
      records: i,
    }))
    const bytesOfRound = () => {
      out.reset()
      const before = process.memoryUsage().heapUsed
      for (let i = 0; i < records; i++) {
        encoder.write(out, offsets[i] as bigint, forecasts[i] as Forecast)
      }
      return (process.memoryUsage().heapUsed - before) / records
    }
    // The first rounds run before the code is optimised, and a collection may fall into any.
    const rounds = Array.from({ length: 60 }, bytesOfRound).filter((bytes) => bytes >= 0)
    expect(Math.min(...rounds)).toBeLessThan(8)
  })
})
