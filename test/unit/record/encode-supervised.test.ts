import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/record/byte-writer.ts'
import { maxWrittenClasses, SupervisedEncoder } from '../../../src/record/encode-supervised.ts'
import type { ObservedLabel, SupervisedForecast } from '../../../src/record/types.ts'

const nan = Number.NaN

const noLabel: ObservedLabel = {
  present: false,
  value: nan,
  class: null,
  delay: 0,
  predicted: nan,
  predictedClass: null,
  corrected: false,
}

function forecastOf(parts: Partial<SupervisedForecast>): SupervisedForecast {
  return {
    sequence: 'oslo',
    timeMs: 1_404_172_800_000,
    id: '17',
    isPrediction: true,
    means: new Float64Array(0),
    bounds: new Float64Array(0),
    classes: [],
    probabilities: new Float64Array(0),
    observed: [noLabel, noLabel],
    records: 124,
    updates: 15,
    ...parts,
  }
}

const regression = (levels: number[], targets = ['count']) =>
  new SupervisedEncoder({ fields: { targets, type: 'regression' }, levels, application: 'bikes' })
const classification = (targets = ['kind']) =>
  new SupervisedEncoder({
    fields: { targets, type: 'classification' },
    levels: [0.8],
    application: 'bikes',
  })

const rounded = (value: number | undefined) =>
  Number.isFinite(value) ? Number(value?.toPrecision(9)) : null
const orNull = (value: number | undefined) => (Number.isFinite(value) ? value : null)

const number = fc.oneof(fc.double(), fc.constant(nan))
const label: fc.Arbitrary<ObservedLabel> = fc.record({
  present: fc.boolean(),
  value: number,
  class: fc.constant(null),
  delay: fc.integer({ min: -1, max: 1e9 }),
  predicted: number,
  predictedClass: fc.constant(null),
  corrected: fc.boolean(),
})
const anyCase = fc
  .record({
    targets: fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 3 }),
    levels: fc.array(fc.double({ min: 0.01, max: 0.99, noNaN: true }), { maxLength: 3 }),
  })
  .chain(({ targets, levels }) => {
    const D = targets.length
    const numbers = (count: number) =>
      fc
        .array(number, { minLength: count, maxLength: count })
        .map((values) => Float64Array.from(values))
    return fc.tuple(
      fc.constant({ targets, levels }),
      fc.record({
        id: fc.option(fc.string({ unit: 'binary' })),
        isPrediction: fc.boolean(),
        means: numbers(D),
        bounds: numbers(D * levels.length * 2),
        observed: fc.array(label, { minLength: D, maxLength: D }),
      }),
    )
  })

describe('the record of a regression', () => {
  it('holds means, intervals and labels, fields in that order', () => {
    const forecast = forecastOf({
      means: Float64Array.of(81.5),
      bounds: Float64Array.of(70, 90.25),
      observed: [{ ...noLabel, present: true, value: 84, predicted: 80.5, delay: 24 }],
    })
    expect(regression([0.8]).encode(123n, forecast)).toBe(
      '{"offset":123,"sequence":"oslo","time":"2014-07-01T00:00:00.000Z","id":"17",' +
        '"predictions":[{"target":"count","mean":81.5,' +
        '"intervals":[{"level":0.8,"lower":70,"upper":90.25}]}],' +
        '"observed":{"count":{"value":84,"predicted":80.5,"delay":24}},' +
        '"model":{"records":124,"updates":15,"application":"bikes"}}',
    )
  })

  it('has no predictions where it only brought a label, and says null where it must', () => {
    const label = { ...noLabel, present: true, value: 84, delay: -1, corrected: true }
    const forecast = forecastOf({ id: null, isPrediction: false, observed: [label] })
    const record = JSON.parse(regression([0.8]).encode(1n, forecast))
    expect(record).toEqual({
      offset: 1,
      sequence: 'oslo',
      time: '2014-07-01T00:00:00.000Z',
      id: null,
      observed: { count: { value: 84, predicted: null, delay: null, corrected: true } },
      model: { records: 124, updates: 15, application: 'bikes' },
    })
  })

  it('is the JSON of its forecast, whatever it is', () => {
    fc.assert(
      fc.property(anyCase, ([{ targets, levels }, parts]) => {
        const forecast = forecastOf(parts)
        const { means, bounds, observed } = forecast
        const predictions = targets.map((target, d) => ({
          target,
          mean: rounded(means[d]),
          intervals: levels.map((level, l) => {
            const bound = (d * levels.length + l) * 2
            return { level, lower: rounded(bounds[bound]), upper: rounded(bounds[bound + 1]) }
          }),
        }))
        const labels = targets.flatMap((target, d) => {
          const { present, value, predicted, delay, corrected } = observed[d] as ObservedLabel
          if (!present) return []
          const entry = {
            value: orNull(value),
            predicted: rounded(predicted),
            delay: delay < 0 ? null : delay,
            ...(corrected ? { corrected } : {}),
          }
          return [`${JSON.stringify(target)}:${JSON.stringify(entry)}`]
        })
        const expected = {
          offset: 9,
          sequence: 'oslo',
          time: '2014-07-01T00:00:00.000Z',
          id: forecast.id,
          ...(forecast.isPrediction ? { predictions } : {}),
          observed: JSON.parse(`{${labels.join(',')}}`),
          model: { records: 124, updates: 15, application: 'bikes' },
        }
        const encoder = regression(levels, targets)
        const text = encoder.encode(9n, forecast)
        expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(expected))
        const out = new ByteWriter(16)
        encoder.writeMembers(out, 9n, forecast)
        expect(`{${out.view().toString()}`).toBe(text)
      }),
      { numRuns: 300 },
    )
  })
})

describe('the record of a classification', () => {
  it('holds classes by their probability and what had been said of those that came', () => {
    const forecast = forecastOf({
      classes: [['no', 'yes', 'maybe']],
      // Room for one class more than is known.
      probabilities: Float64Array.of(0.2, 0.5, 0.3, 0.9),
      observed: [
        {
          ...noLabel,
          present: true,
          class: 'maybe',
          predicted: 0.1,
          predictedClass: 'no',
          delay: 0,
        },
      ],
    })
    expect(classification().encode(5n, forecast)).toBe(
      '{"offset":5,"sequence":"oslo","time":"2014-07-01T00:00:00.000Z","id":"17",' +
        '"predictions":[{"target":"kind","class":"yes",' +
        '"probabilities":{"yes":0.5,"maybe":0.3,"no":0.2}}],' +
        '"observed":{"kind":{"class":"maybe","predicted":"no","probability":0.1,"delay":0}},' +
        '"model":{"records":124,"updates":15,"application":"bikes"}}',
    )
  })

  it('knows no class before the first label', () => {
    const forecast = forecastOf({ classes: [[]], probabilities: new Float64Array(4) })
    const label = { ...noLabel, present: true, class: 'yes', delay: -1 }
    const record = JSON.parse(classification().encode(5n, { ...forecast, observed: [label] }))
    expect(record.predictions).toEqual([{ target: 'kind', class: null, probabilities: {} }])
    expect(record.observed).toEqual({
      kind: { class: 'yes', predicted: null, probability: null, delay: null },
    })
  })

  it('writes the most likely classes of each target, equals in the order they came', () => {
    const most = 40
    const weights = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: most })
    fc.assert(
      fc.property(weights, weights, (first, second) => {
        const probabilities = new Float64Array(2 * most).fill(nan)
        probabilities.set(first.map((weight) => weight / 10))
        probabilities.set(
          second.map((weight) => weight / 10),
          most,
        )
        const classes = [first, second].map((of) => of.map((_, i) => `class ${i}`))
        const text = classification(['a', 'b']).encode(
          0n,
          forecastOf({ classes, probabilities, observed: [noLabel, noLabel] }),
        )
        const { predictions } = JSON.parse(text)
        for (const [d, of] of [first, second].entries()) {
          const ranked = of
            .map((weight, i) => [`class ${i}`, weight / 10] as const)
            .toSorted(([, a], [, b]) => b - a)
            .slice(0, maxWrittenClasses)
          expect(Object.entries(predictions[d].probabilities)).toEqual(ranked)
          expect(predictions[d].class).toBe(ranked[0]?.[0])
        }
      }),
    )
  })
})

it('allocates nothing for known names', () => {
  const encoder = classification()
  const out = new ByteWriter(1 << 21)
  const rounds = 2_000
  const offsets = Array.from({ length: rounds }, (_, i) => BigInt(i))
  const forecasts = offsets.map((_, i) =>
    forecastOf({
      id: `order-${i % 50}`,
      timeMs: 1_404_172_800_000 + i * 1000,
      classes: [['a', 'b', 'c']],
      probabilities: Float64Array.of(1 / (i + 2), 1 / 7, 0.3),
      observed: [{ ...noLabel, present: true, class: 'a', predicted: 1 / (i + 3), delay: i }],
    }),
  )
  const bytesOfRound = () => {
    out.reset()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < rounds; i++) {
      encoder.write(out, offsets[i] as bigint, forecasts[i] as SupervisedForecast)
    }
    return (process.memoryUsage().heapUsed - before) / rounds
  }
  // The first rounds run before the code is optimised, and a collection may fall into any.
  const perRecord = Array.from({ length: 60 }, bytesOfRound).filter((bytes) => bytes >= 0)
  expect(Math.min(...perRecord)).toBeLessThan(8)
})
