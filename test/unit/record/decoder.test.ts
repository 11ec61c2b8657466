import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorTable } from '../../../src/errors.ts'
import type { Decoder } from '../../../src/record/decoder.ts'
import { createDecoder, sampleNames } from '../../../src/record/decoder.ts'
import type { FieldLayout } from '../../../src/record/types.ts'

const encoder = new TextEncoder()
const bytes = (text: string): Uint8Array => encoder.encode(text)
const nan = Number.NaN

const one: FieldLayout = { targets: ['y'], inputs: [], known: [], horizons: [1] }
const full: FieldLayout = {
  targets: ['passengers'],
  inputs: ['temperature'],
  known: ['holiday', 'rain'],
  horizons: [1, 5],
}

function json(options: { time?: string; key?: string; fields?: FieldLayout } = {}): Decoder {
  return createDecoder({ format: 'json', fields: one, ...options })
}

function csv(columns: string[], options: { time?: string; key?: string } = {}): Decoder {
  return createDecoder({ format: 'csv', columns, fields: one, ...options })
}

/** The code of the failure, or the values. */
function outcome(decoder: Decoder, text: string): string | number[] {
  const failed = decoder.decode(null, bytes(text), null)
  return failed?.code.replace('HEADRACE_RECORD_', '') ?? [...decoder.sample.values]
}

describe('JSON', () => {
  it('fills targets, inputs, known and future known fields in this order', () => {
    const decoder = json({ time: 'timestamp', key: 'station', fields: full })
    const text =
      '{"holiday+5":4,"holiday":0,"holiday+1":1,"rain+1":2,"rain":0.5,"temperature":21.5,' +
      '"passengers":10844,"station":"jfk","timestamp":"2014-07-01T00:00:00Z"}'
    expect(decoder.decode(null, bytes(text), 5)).toBeNull()
    expect(sampleNames(full).slice(2)).toEqual([
      'holiday',
      'rain',
      'holiday+1',
      'rain+1',
      'holiday+5',
      'rain+5',
    ])
    expect(decoder.sample).toEqual({
      sequence: 'jfk',
      timeMs: 1_404_172_800_000,
      values: new Float64Array([10844, 21.5, 0, 0.5, 1, 2, 4, nan]),
    })
  })

  it.each<[string, string | number[]]>([
    ['{"y":1}', [1]],
    ['\ufeff {"y":1} \n', [1]],
    ['{"y":1,"y":2}', [2]],
    ['{}', [nan]],
    ['{"y":null}', [nan]],
    ['{"y":-0}', [0]],
    ['{"y":1e15}', [1e15]],
    ['{"y":-1e15}', [-1e15]],
    ['{"y":1000000000000001}', 'OUT_OF_RANGE'],
    ['{"y":1e300}', 'OUT_OF_RANGE'],
    ['{"y":1e400}', 'NOT_FINITE'],
    ['{"y":"1"}', 'WRONG_TYPE'],
    ['{"y":""}', 'WRONG_TYPE'],
    ['{"y":true}', 'WRONG_TYPE'],
    ['{"y":{}}', 'WRONG_TYPE'],
    ['{"y":[1]}', 'WRONG_TYPE'],
    ['{"y":NaN}', 'UNDECODABLE'],
    ['{"y":1', 'UNDECODABLE'],
    ['', 'UNDECODABLE'],
    ['{"y":1}{"y":2}', 'UNDECODABLE'],
    ['[1]', 'NOT_AN_OBJECT'],
    ['1', 'NOT_AN_OBJECT'],
    ['null', 'NOT_AN_OBJECT'],
    ['"y"', 'NOT_AN_OBJECT'],
    ['['.repeat(100_000), 'UNDECODABLE'],
    [`{"y":1,"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, [1]],
    ['{"__proto__":{"y":1}}', [nan]],
  ])('%.40s', (text, expected) => {
    const result = outcome(json(), text)
    expect(result).toEqual(expected)
    if (Array.isArray(result)) expect(Object.is(result[0], -0)).toBe(false)
  })

  it('sees own fields only, whatever their names', () => {
    const fields = { ...one, targets: ['__proto__', 'constructor', 'toString'] }
    expect(outcome(json({ fields }), '{}')).toEqual([nan, nan, nan])
    const text = '{"__proto__":1,"constructor":2,"toString":3}'
    expect(outcome(json({ fields }), text)).toEqual([1, 2, 3])
    expect(outcome(json({ fields }), '{"__proto__":{}}')).toBe('WRONG_TYPE')
  })

  it('refuses bytes that are not UTF-8', () => {
    const value = new Uint8Array([...bytes('{"y":1,"n":"'), 0xff, ...bytes('"}')])
    expect(json().decode(null, value, null)?.code).toBe('HEADRACE_RECORD_UNDECODABLE')
  })

  it('uses a well-formed record of 5 MB like any other', () => {
    expect(outcome(json(), `{"pad":"${'x'.repeat(5_000_000)}","y":3}`)).toEqual([3])
  })
})

describe('CSV', () => {
  it.each<[string, string | number[]]>([
    ['a,1', [1]],
    ['a,1\n', [1]],
    ['a,1\r\n', [1]],
    ['a, 1\t', [1]],
    ['a,+1.5e2', [150]],
    ['a,.5', [0.5]],
    ['a,5.', [5]],
    ['a,-0', [0]],
    ['a,"1"', [1]],
    ['"a,""b""\nc",1', [1]],
    ['a,', [nan]],
    ['a,NA', [nan]],
    ['a,null', [nan]],
    ['a,""', [nan]],
    ['a,NaN', 'NOT_FINITE'],
    ['a,-inf', 'NOT_FINITE'],
    ['a,Infinity', 'NOT_FINITE'],
    ['a,1e400', 'NOT_FINITE'],
    ['a,1e16', 'OUT_OF_RANGE'],
    ['a,0x10', 'WRONG_TYPE'],
    ['a,1_000', 'WRONG_TYPE'],
    ['a,1 2', 'WRONG_TYPE'],
    ['a,.', 'WRONG_TYPE'],
    ['a,true', 'WRONG_TYPE'],
    ['a', 'COLUMNS'],
    ['', 'COLUMNS'],
    ['a,1,', 'COLUMNS'],
    ['a,1\nb,2', 'UNDECODABLE'],
    ['a,1\n\n', 'UNDECODABLE'],
    ['a,"1', 'UNDECODABLE'],
    ['a,"1"2', 'UNDECODABLE'],
    ['5" pipe,1', 'UNDECODABLE'],
  ])('%j', (text, expected) => {
    const result = outcome(csv(['name', 'y']), text)
    expect(result).toEqual(expected)
    if (Array.isArray(result)) expect(Object.is(result[0], -0)).toBe(false)
  })

  it('keeps keys and times as text', () => {
    const decoder = csv(['id', 'at', 'y'], { key: 'id', time: 'at' })
    expect(decoder.decode(null, bytes('007,2014-07-01,1'), 5)).toBeNull()
    expect(decoder.sample).toMatchObject({ sequence: '007', timeMs: 1_404_172_800_000 })
    expect(decoder.decode(null, bytes('NA,"1404172800000",1'), 5)).toBeNull()
    expect(decoder.sample).toMatchObject({ sequence: 'NA', timeMs: 1_404_172_800_000 })
    expect(outcome(decoder, ',2014-07-01,1')).toBe('KEY_MISSING')
    expect(outcome(decoder, 'a,,1')).toBe('TIME_INVALID')
  })

  it('does not begin without the columns that it needs', () => {
    const make = (columns?: string[]) => () =>
      createDecoder({ format: 'csv', columns, fields: full, key: 'id' })
    expect(make()).toThrow('needs input.columns')
    expect(make(['passengers', 'holiday+5', 'rain'])).toThrow('lacks "temperature", "id"')
    expect(make(['passengers', 'temperature', 'id', 'rain'])).toThrow('lacks "holiday"')
    expect(make(['id', 'passengers', 'temperature', 'holiday+5', 'rain'])).not.toThrow()
  })
})

describe('the sequence', () => {
  const named = (key: Uint8Array | null): string => {
    const decoder = json()
    expect(decoder.decode(key, bytes('{"y":1}'), null)).toBeNull()
    return decoder.sample.sequence
  }

  it('is the key as UTF-8, hex where it is none, empty without a key', () => {
    expect(named(bytes('nyc'))).toBe('nyc')
    expect(named(bytes('\ufeffé'))).toBe('\ufeffé')
    expect(named(new Uint8Array([0xff, 0x0a]))).toBe('ff0a')
    expect(named(new Uint8Array(0))).toBe('')
    expect(named(null)).toBe('')
    expect(named(bytes('k'.repeat(8192)))).toHaveLength(8192)
  })

  it('does not confuse keys', () => {
    const decoder = json()
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 50 }), (keys) => {
        for (const key of [...keys, ...keys]) {
          expect(decoder.decode(key, bytes('{"y":1}'), null)).toBeNull()
          const text = Buffer.from(key).toString('utf8')
          const isUtf8 = Buffer.from(text).equals(key)
          expect(decoder.sample.sequence).toBe(isUtf8 ? text : Buffer.from(key).toString('hex'))
        }
      }),
    )
  })

  it.each<[string, string]>([
    ['{"y":1,"id":"a"}', 'a'],
    ['{"y":1,"id":""}', ''],
    ['{"y":1,"id":7.0}', '7'],
    ['{"y":1,"id":-0}', '0'],
    ['{"y":1,"id":1e21}', '1e+21'],
    ['{"y":1,"id":"\\ud800"}', '\ufffd'],
    ['{"y":1}', 'KEY_MISSING'],
    ['{"y":1,"id":null}', 'KEY_MISSING'],
    ['{"y":1,"id":{}}', 'KEY_MISSING'],
    ['{"y":1,"id":true}', 'KEY_MISSING'],
    ['{"y":1,"id":1e999}', 'NOT_FINITE'],
    [`{"y":1,"id":"${'k'.repeat(8193)}"}`, 'KEY_TOO_LONG'],
    [`{"y":1,"id":"${'é'.repeat(4097)}"}`, 'KEY_TOO_LONG'],
  ])('by a field: %.40s', (text, expected) => {
    const decoder = json({ key: 'id' })
    const result = outcome(decoder, text)
    expect(typeof result === 'string' ? result : decoder.sample.sequence).toBe(expected)
  })

  it('is never a key above 8 kB', () => {
    const failed = json().decode(new Uint8Array(8193).fill(97), bytes('{"y":1}'), null)
    expect(failed?.code).toBe('HEADRACE_RECORD_KEY_TOO_LONG')
  })
})

describe('the event time', () => {
  const timed = (timestampMs: number | null): number | null => {
    const decoder = json()
    expect(decoder.decode(null, bytes('{"y":1}'), timestampMs)).toBeNull()
    return decoder.sample.timeMs
  }

  it('is the timestamp of the record, where it has one', () => {
    expect([timed(5), timed(0), timed(null), timed(-1)]).toEqual([5, 0, null, null])
    expect([timed(Number.NaN), timed(1e18)]).toEqual([null, null])
  })

  it.each<[string, number | string]>([
    ['{"t":"2014-07-01 00:00:00"}', 1_404_172_800_000],
    ['{"t":1404172800000.7}', 1_404_172_800_000],
    ['{"t":-0.5}', -1],
    ['{"t":1e17}', 'TIME_INVALID'],
    ['{"t":"soon"}', 'TIME_INVALID'],
    ['{"t":null}', 'TIME_INVALID'],
    ['{"t":true}', 'TIME_INVALID'],
    ['{}', 'TIME_INVALID'],
  ])('is a field: %s', (text, expected) => {
    const decoder = json({ time: 't' })
    const result = outcome(decoder, text)
    expect(typeof result === 'string' ? result : decoder.sample.timeMs).toBe(expected)
  })
})

it('refuses a null value', () => {
  expect(json().decode(null, null, 1)?.code).toBe('HEADRACE_RECORD_NULL_VALUE')
  expect(csv(['y']).decode(null, null, 1)?.code).toBe('HEADRACE_RECORD_NULL_VALUE')
})

describe('whatever the bytes', () => {
  const decoders = [
    json({ fields: full }),
    json({ fields: full, time: 'time', key: 'id' }),
    createDecoder({
      format: 'csv',
      columns: ['id', 'time', 'passengers', 'temperature', 'holiday', 'rain'],
      time: 'time',
      key: 'id',
      fields: full,
    }),
  ]
  const names = ['id', 'time', ...sampleNames(full)]
  const object = fc
    .dictionary(fc.constantFrom(...names), fc.jsonValue())
    .map((fields) => JSON.stringify(fields))
  const line = fc
    .array(fc.oneof(fc.double().map(String), fc.string(), fc.constantFrom('', '"', '"\n"')), {
      minLength: 5,
      maxLength: 7,
    })
    .map((cells) => cells.join(','))
  const value = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string().map(bytes),
    object.map(bytes),
    line.map(bytes),
    fc.tuple(object, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
      const mutated = bytes(text)
      mutated[at % mutated.length] = byte
      return mutated
    }),
  )
  const key = fc.option(fc.uint8Array({ maxLength: 100 }))

  it('returns a usable sample or a bounded reason, and never throws', () => {
    fc.assert(
      fc.property(key, value, fc.option(fc.double()), (someKey, someValue, timestampMs) => {
        for (const decoder of decoders) {
          const failed = decoder.decode(someKey, someValue, timestampMs)
          if (failed === null) {
            for (const number of decoder.sample.values) {
              expect(Number.isNaN(number) || Math.abs(number) <= 1e15).toBe(true)
              expect(Object.is(number, -0)).toBe(false)
            }
            const { timeMs, sequence } = decoder.sample
            expect(timeMs === null || Number.isInteger(timeMs)).toBe(true)
            expect(sequence.isWellFormed()).toBe(true)
          } else {
            expect(Object.keys(errorTable)).toContain(failed.code)
            expect(failed.message.length).toBeLessThan(1000)
          }
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('bounds and escapes its messages also for huge values', () => {
    const huge = 'x\n\u0000"'.repeat(300_000)
    const texts = [huge, JSON.stringify({ y: huge, id: huge, t: huge }), JSON.stringify([huge])]
    for (const decoder of [json(), json({ time: 't' }), csv(['y']), csv(['y', 'z'])]) {
      for (const text of [...texts, `a,${'9'.repeat(999_999)}x`, `"${huge}`]) {
        const failed = decoder.decode(null, bytes(text), null)
        expect(failed?.message.length).toBeLessThan(1000)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
        expect(failed?.message).not.toMatch(/[\u0000-\u001f]/)
      }
    }
  })
})

it('leaves no trace of a failed record in the next one', () => {
  const decoder = json({ fields: full, key: 'id' })
  const good = bytes('{"id":"a","passengers":1}')
  decoder.decode(null, good, 3)
  const before = structuredClone(decoder.sample)
  expect(
    decoder.decode(null, bytes('{"id":"b","passengers":2,"temperature":"x"}'), 4),
  ).not.toBeNull()
  expect(decoder.decode(null, good, 3)).toBeNull()
  expect(decoder.sample).toEqual(before)
})
