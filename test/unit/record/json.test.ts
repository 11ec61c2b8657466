import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FlatObject } from '../../../src/record/flat-object.ts'
import { JsonReader } from '../../../src/record/json.ts'

const names = ['a', 'b', 'long name', '', '__proto__', 'a']

/** Everything a reader says of a value; text that stands in the value as it stands there. */
function answers(text: string, reader = new JsonReader(names)): unknown {
  const value = Buffer.from(text)
  const failed = reader.read(value)
  if (failed !== null) return failed.code
  return names.map((_, field) => {
    const start = reader.textStart(field)
    const label = reader.label(field)
    if (start >= 0) {
      expect(value.toString('utf8', start, reader.textEnd(field))).toBe(label)
    }
    return [reader.number(field), label]
  })
}

/** What `JSON.parse` makes of the same text. */
function expected(text: string): unknown {
  let object: unknown
  try {
    object = JSON.parse(text)
  } catch {
    return 'HEADRACE_RECORD_UNDECODABLE'
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    return 'HEADRACE_RECORD_NOT_AN_OBJECT'
  }
  const own = new Map(Object.entries(object))
  return names.map((name) => [own.get(name), own.get(name)])
}

const key = fc.oneof(fc.constantFrom(...names, 'c', 'd"', 'é'), fc.string({ maxLength: 3 }))
const scalar = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom('2014-07-01 00:00:00', 'jfk', 'né', 'tab\t', null, true, []),
)
const blank = fc.constantFrom('', ' ', '\n\t')
const object = fc.array(fc.tuple(key, scalar, blank), { maxLength: 6 }).map((fields) => {
  const parts = fields.map(
    ([name, value, gap]) =>
      `${gap}${JSON.stringify(name)}${gap}:${gap}${JSON.stringify(value)}${gap}`,
  )
  return `{${parts.join(',')}}`
})

describe('JsonReader', () => {
  it('says what JSON.parse says of objects, whatever the path', () => {
    const reader = new JsonReader(names)
    fc.assert(
      fc.property(object, (text) => {
        expect(answers(text, reader)).toEqual(expected(text))
      }),
      { numRuns: 3000 },
    )
  })

  it('refuses what JSON.parse refuses', () => {
    const spoilt = fc.tuple(
      object,
      fc.nat(),
      fc.constantFrom('', ',', '"', '}', '0', 'x', ' ', '-'),
    )
    fc.assert(
      fc.property(spoilt, ([text, place, what]) => {
        const at = place % (text.length + 1)
        const changed = text.slice(0, at) + what + text.slice(what === '' ? at + 1 : at)
        expect(answers(changed)).toEqual(expected(changed))
      }),
      { numRuns: 5000 },
    )
  })
})

describe('FlatObject', () => {
  const scan = (text: string) => new FlatObject(['y', 't']).scan(Buffer.from(text))

  it('takes the commonest rows', () => {
    for (const text of [
      '{"y":1}',
      ' {"t" : "2014-07-01 00:00:00", "y":-1.25 , "other":null}\r\n',
      '{"other":"x","y":0}',
    ]) {
      expect(scan(text)).toBe(true)
    }
  })

  it('leaves everything else to JSON.parse', () => {
    for (const text of [
      '',
      '{}',
      '{"y":1e5}',
      '{"y":true}',
      '{"y":[1]}',
      '{"y":{}}',
      '{"t":"\\n"}',
      '{"t":"é"}',
      '{"y":1',
      '{"y":1}{',
      '{"y":nul}',
      '{"y"}',
      '{"y":1,}',
      `{"${'k'.repeat(257)}":1}`,
      `{${Array.from({ length: 1001 }, (_, i) => `"${i}":1`).join()}}`,
    ]) {
      expect(scan(text)).toBe(false)
    }
  })

  it('keeps no view of a value that is gone', () => {
    const reader = new FlatObject(['y'])
    const value = Buffer.from('{"y":1}')
    expect(reader.scan(value)).toBe(true)
    value.write('{"z":1}')
    expect(reader.scan(Buffer.from('{"y":2}'))).toBe(true)
    expect(reader.number[0]).toBe(2)
    expect(reader.scan(value)).toBe(true)
    expect(reader.kind[0]).toBe(0)
  })
})
