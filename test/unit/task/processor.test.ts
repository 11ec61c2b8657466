import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Processor } from '../../../src/task/processor.ts'
import { arraysWithNaN, configOf, hashOf, insideOf } from '../model/support/driver.ts'

const encoder = new TextEncoder()
const model = { hidden: 3, learningRates: [1e-3], updateEvery: 4 }

function jsonProcessor(input: Record<string, unknown> = {}): Processor {
  return new Processor(configOf({ input: { format: 'json', ...input }, model }))
}

function csvProcessor(): Processor {
  const columns = ['t', 'y', 'k']
  return new Processor(configOf({ input: { format: 'csv', columns, time: 't', key: 'k' }, model }))
}

interface Delivered {
  key: Uint8Array | null
  value: Uint8Array | null
  timestampMs: number | null
}

function records(count: number): Delivered[] {
  return Array.from({ length: count }, (_, i) => ({
    key: encoder.encode(i % 2 === 0 ? 'a' : 'b'),
    value: i % 7 === 5 ? encoder.encode('{') : encoder.encode(`{"y":${Math.sin(i)}}`),
    timestampMs: 1000 * i,
  }))
}

function hashes(processor: Processor): string[] {
  return [processor.model.chainHash(), processor.model.stateHash()]
}

describe('Processor', () => {
  test('the same bits in one go, in pieces, or beside another model', async () => {
    const list = records(200)
    const whole = jsonProcessor()
    for (const { key, value, timestampMs } of list) whole.process(key, value, timestampMs)
    const truth = hashes(whole)
    for (const size of [1, 7, 64]) {
      const pieces = jsonProcessor()
      const other = jsonProcessor({ time: 'y' })
      for (let from = 0; from < list.length; from += size) {
        for (const { key, value, timestampMs } of list.slice(from, from + size)) {
          pieces.process(key, value, timestampMs)
          other.process(value, key, null)
        }
        hashes(pieces)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(hashes(pieces)).toEqual(truth)
    }
  })

  test('where bytes lie in memory does not matter, nor what becomes of them afterwards', () => {
    const [one, other] = [jsonProcessor(), jsonProcessor()]
    for (const { key, value, timestampMs } of records(60)) {
      one.process(key, value, timestampMs)
      const shared = Buffer.concat([Buffer.from('xyz'), key!, value!])
      const split = 3 + key!.length
      other.process(shared.subarray(3, split), shared.subarray(split), timestampMs)
      shared.fill(0)
    }
    expect(hashes(other)).toEqual(hashes(one))
  })

  test('a dead letter leaves the sequence as it was, counts, and the next record is used', () => {
    const processor = jsonProcessor()
    const key = encoder.encode('a')
    for (let i = 0; i < 30; i++) processor.process(key, encoder.encode(`{"y":${i}}`), i)
    const sequence = insideOf(processor.model).table.byName.get('a')!
    const bad = [
      null,
      encoder.encode(''),
      encoder.encode('{"y":"five"}'),
      encoder.encode('{"y":1e300}'),
      encoder.encode('{"y":NaN}'),
      encoder.encode('[1]'),
      gzipSync('{"y":1}'),
      new Uint8Array(5_000_000).fill(0x7b),
    ]
    for (const value of bad) {
      const { records, liveSequences } = processor.model
      // Learning at a block's end may change a sequence; the record itself must not.
      const before = hashOf(processor.model, sequence.name)
      const chain = processor.model.chainHash()
      const updates = insideOf(processor.model).learning.counters[2]!
      const { failure } = processor.process(key, value, 100)
      expect(failure?.code).toMatch(/^HEADRACE_RECORD_/)
      expect(processor.model.records).toBe(records + 1)
      expect(processor.model.liveSequences).toBe(liveSequences)
      expect(processor.model.chainHash()).not.toBe(chain)
      if (insideOf(processor.model).learning.counters[2] !== updates) continue
      expect(hashOf(processor.model, sequence.name)).toBe(before)
    }
    const { failure, forecast } = processor.process(key, encoder.encode('{"y":30}'), 101)
    expect(failure).toBe(null)
    expect(forecast.records).toBe(30 + bad.length + 1)
    expect(forecast.observed[0]).toBe(30)
  })

  test('a well-formed record of 5 MB is used like any other', () => {
    const processor = jsonProcessor()
    const value = encoder.encode(`{"y":2,"note":"${'x'.repeat(5_000_000)}"}`)
    expect(processor.process(null, value, 0).failure).toBe(null)
    expect(processor.model.liveSequences).toBe(1)
  })

  const sensible = fc
    .constantFrom(
      '{"y":1}',
      '{"t":0,"k":"a","y":1}',
      '{"t":"2014-07-01","k":5,"y":-1e15}',
      '{"y":-1e15}',
      '{"y":null}',
      '{"y":1,"y":2}',
      '{"__proto__":{"y":1}}',
      '2014-07-01 00:00:00,5,a',
      '0,1,a',
      '1,,b',
      ',1,c',
      '"0","1e15","a"',
    )
    .map((text) => encoder.encode(text))

  const bytes = fc.oneof(
    fc.constant(null),
    fc.uint8Array({ maxLength: 60 }),
    fc.string({ maxLength: 40 }).map((text) => encoder.encode(text)),
    fc.json({ maxDepth: 2 }).map((text) => encoder.encode(text)),
    { weight: 8, arbitrary: sensible },
  )
  const record = fc.record({
    key: fc.oneof(
      bytes,
      fc.constantFrom('a', 'b').map((text) => encoder.encode(text)),
    ),
    value: bytes,
    timestampMs: fc.oneof(
      fc.constant(null),
      fc.constantFrom(-1, 0, 8.64e15, -8.64e15, 1e300, NaN, Infinity, 0.5),
      fc.double(),
    ),
  })

  for (const [name, open] of [
    ['json', jsonProcessor],
    ['json with time and key fields', () => jsonProcessor({ time: 't', key: 'k' })],
    ['csv', csvProcessor],
  ] as const) {
    test(`no bytes stop it: ${name}`, () => {
      let usable = 0
      const property = fc.property(fc.array(record, { maxLength: 60 }), (list) => {
        const processor = open()
        for (const { key, value, timestampMs } of list) {
          const { failure, forecast } = processor.process(key, value, timestampMs)
          if (failure !== null) continue
          usable++
          for (const mean of forecast.means) expect(Math.abs(mean)).not.toBe(Infinity)
          for (const time of forecast.forMs) expect(Math.abs(time)).not.toBe(Infinity)
        }
        expect(processor.model.records).toBe(list.length)
        expect(arraysWithNaN(processor.model)).toEqual([])
      })
      fc.assert(property, { numRuns: 300 })
      expect(usable).toBeGreaterThan(50)
    })
  }
})
