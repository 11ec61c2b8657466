import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/record/byte-writer.ts'
import { SymbolsEncoder } from '../../../src/record/encode-symbols.ts'
import type { SymbolsForecast } from '../../../src/record/types.ts'

const texts = ['the', 'cat', 'say "no"', '__proto__']
const name = (symbol: number): string | null => texts[symbol] ?? null

const said: SymbolsForecast = {
  sequence: 'book',
  timeMs: 1_404_172_800_000,
  next: {
    count: 3,
    symbols: Int32Array.of(1, 0, 99, 2),
    probabilities: Float64Array.of(0.5, 0.25, 0.1, Number.NaN),
  },
  observed: { symbols: 12, bits: 27.4, surprise: 0.31 },
  records: 124,
  updates: 15,
}

const anyNumber = fc.oneof(fc.double(), fc.double({ min: 0, max: 1 }), fc.constant(Number.NaN))

const anyForecast: fc.Arbitrary<SymbolsForecast> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 255 }), anyNumber), { maxLength: 8 })
  .chain((next) =>
    fc.record({
      sequence: fc.string({ unit: 'binary' }),
      timeMs: fc.option(fc.integer({ min: -1e14, max: 1e14 })),
      next: fc.constant({
        count: next.length,
        symbols: Int32Array.from(next, ([symbol]) => symbol),
        probabilities: Float64Array.from(next, ([, probability]) => probability),
      }),
      observed: fc.record({ symbols: fc.nat(), bits: anyNumber, surprise: anyNumber }),
      records: fc.nat(),
      updates: fc.nat(),
    }),
  )

const rounded = (value: number | undefined) =>
  Number.isFinite(value) ? Number(value?.toPrecision(9)) : null

describe('SymbolsEncoder', () => {
  it('writes the record of the design, fields in that order', () => {
    const encoder = new SymbolsEncoder({ application: 'novel', name })
    expect(encoder.encode(123n, said)).toBe(
      '{"offset":123,"sequence":"book","time":"2014-07-01T00:00:00.000Z",' +
        '"next":[{"symbol":"cat","probability":0.5},{"symbol":"the","probability":0.25},' +
        '{"symbol":null,"probability":0.1}],' +
        '"observed":{"symbols":12,"bits":27.4,"surprise":0.31},' +
        '"model":{"records":124,"updates":15,"application":"novel"}}',
    )
  })

  it('writes bytes as numbers, no symbol at all and what is not known', () => {
    const encoder = new SymbolsEncoder({ application: 'a' })
    expect(JSON.parse(encoder.encode(0n, said)).next[2]).toEqual({ symbol: 99, probability: 0.1 })
    const none = {
      ...said,
      timeMs: null,
      next: { ...said.next, count: 0 },
      observed: { symbols: 0, bits: 0, surprise: Number.NaN },
    }
    expect(JSON.parse(encoder.encode(0n, none))).toMatchObject({
      time: null,
      next: [],
      observed: { symbols: 0, bits: 0, surprise: null },
    })
  })

  it('is the JSON of its forecast, whatever it is, whatever it has written before', () => {
    fc.assert(
      fc.property(
        fc.array(anyForecast, { minLength: 1 }),
        fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
        fc.string(),
        fc.boolean(),
        (forecasts, offset, application, isText) => {
          const text = (symbol: number) => (symbol === 0 ? null : `s"${symbol}`)
          const encoder = new SymbolsEncoder({ application, ...(isText ? { name: text } : {}) })
          const out = new ByteWriter(16)
          for (const { sequence, timeMs, next, observed, records, updates } of forecasts) {
            out.reset()
            const forecast = { sequence, timeMs, next, observed, records, updates }
            encoder.write(out, offset, forecast)
            const expected = {
              offset: Number(offset),
              sequence,
              time: timeMs === null ? null : new Date(timeMs).toISOString(),
              next: Array.from(next.symbols, (symbol, i) => ({
                symbol: isText ? text(symbol) : symbol,
                probability: rounded(next.probabilities[i]),
              })),
              observed: {
                symbols: observed.symbols,
                bits: rounded(observed.bits),
                surprise: rounded(observed.surprise),
              },
              model: { records, updates, application },
            }
            const written = out.view().toString()
            expect(JSON.stringify(JSON.parse(written))).toBe(JSON.stringify(expected))
            out.reset()
            encoder.writeMembers(out, offset, forecast)
            expect(`{${out.view().toString()}`).toBe(written)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('allocates nothing for a known sequence and known symbols', () => {
    const encoder = new SymbolsEncoder({ application: 'a', name })
    const out = new ByteWriter(1 << 21)
    const rounds = 2_000
    const offsets = Array.from({ length: rounds }, (_, i) => BigInt(i))
    const forecasts = offsets.map((_, i) => ({
      ...said,
      timeMs: 1_404_172_800_000 + i * 1000,
      observed: { symbols: i, bits: i / 7, surprise: 1 / (i + 1) },
    }))
    const bytesOfRound = () => {
      out.reset()
      const before = process.memoryUsage().heapUsed
      for (let i = 0; i < rounds; i++) {
        encoder.write(out, offsets[i] as bigint, forecasts[i] as SymbolsForecast)
      }
      return (process.memoryUsage().heapUsed - before) / rounds
    }
    // The first rounds run before the code is optimised, and a collection may fall into any.
    const perRecord = Array.from({ length: 60 }, bytesOfRound).filter((bytes) => bytes >= 0)
    expect(Math.min(...perRecord)).toBeLessThan(8)
  })
})
