import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorTable } from '../../../src/errors.ts'
import { createSymbolsDecoder } from '../../../src/record/decode-symbols.ts'
import type { Decoder } from '../../../src/record/decoder.ts'
import type { SymbolSample, SymbolsFields } from '../../../src/record/types.ts'

const encoder = new TextEncoder()
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const bytes = (text: string): Uint8Array => encoder.encode(text)

function json(fields: Partial<SymbolsFields> = {}, key?: string): Decoder<SymbolSample> {
  const all: SymbolsFields = { field: 's', alphabet: 'auto', ...fields }
  return createSymbolsDecoder({ format: 'json', key, fields: all })
}

function csv(columns: string[], fields: Partial<SymbolsFields> = {}): Decoder<SymbolSample> {
  const all: SymbolsFields = { field: 's', alphabet: 'auto', ...fields }
  return createSymbolsDecoder({ format: 'csv', columns, fields: all })
}

const reason = (code: string | undefined) => code?.replace('HEADRACE_RECORD_', '') ?? null

/** The code of the failure in braces, or the token. */
function token(decoder: Decoder<SymbolSample>, text: string): string | null {
  const failed = decoder.decode(null, bytes(text), null)
  return failed === null ? decoder.sample.token : `{${reason(failed.code)}}`
}

/** The code of the failure in braces, or the bytes as text. */
function symbols(decoder: Decoder<SymbolSample>, text: string): string {
  const failed = decoder.decode(null, bytes(text), null)
  return failed === null ? utf8.decode(decoder.sample.bytes) : `{${reason(failed.code)}}`
}

describe('a symbol of JSON', () => {
  it.each<[string, string | null]>([
    ['{"s":"the"}', 'the'],
    ['{"s":"é"}', 'é'],
    ['{"s":"\\u00e9"}', 'é'],
    ['{"s":"\\ud800"}', '\ufffd'],
    ['{"s":1}', '1'],
    ['{"s":1.0}', '1'],
    ['{"s":1e0}', '1'],
    ['{"s":-0}', '0'],
    ['{"s":0.10}', '0.1'],
    ['{"s":1e21}', '1e+21'],
    ['{"s":"1"}', '1'],
    ['{"s":"1.0"}', '1'],
    ['{"s":"-0.0"}', '0'],
    ['{"s":"01"}', '01'],
    ['{"s":"1e0"}', '1e0'],
    ['{"s":"1."}', '1.'],
    ['{"s":" 1"}', ' 1'],
    ['{"s":"12345678901234567890"}', '12345678901234567890'],
    ['{"s":true}', 'true'],
    ['{"s":false}', 'false'],
    ['{"s":"null"}', 'null'],
    ['{"s":null}', null],
    ['{"s":""}', null],
    ['{}', null],
    ['{"s":{}}', '{WRONG_TYPE}'],
    ['{"s":["a"]}', '{WRONG_TYPE}'],
    ['{"s":1e999}', '{NOT_FINITE}'],
    [`{"s":"${'x'.repeat(1024)}"}`, 'x'.repeat(1024)],
    [`{"s":"${'x'.repeat(1025)}"}`, '{NAME_TOO_LONG}'],
    [`{"s":"${'é'.repeat(513)}"}`, '{NAME_TOO_LONG}'],
    ['{"s":', '{UNDECODABLE}'],
    ['["s"]', '{NOT_AN_OBJECT}'],
  ])('%.40s', (text, expected) => {
    expect(token(json(), text)).toBe(expected)
  })
})

describe('a symbol of CSV', () => {
  it.each<[string, string | null]>([
    ['a,the', 'the'],
    ['a,"the"', 'the'],
    ['a,"a ""b"""', 'a "b"'],
    ['a,é', 'é'],
    ['a,1', '1'],
    ['a,1.0', '1'],
    ['a,"1.0"', '1'],
    ['a,-0', '0'],
    ['a,1.50\r\n', '1.5'],
    ['a,NA', 'NA'],
    ['a,', null],
    ['a,""', null],
    ['a', '{COLUMNS}'],
    [`a,${'x'.repeat(1025)}`, '{NAME_TOO_LONG}'],
  ])('%.40j', (text, expected) => {
    expect(token(csv(['k', 's']), text)).toBe(expected)
  })
})

it('reads the same token from JSON text, from a number in it and from CSV', () => {
  const [one, cell] = [json(), csv(['k', 's'])]
  fc.assert(
    fc.property(fc.oneof(fc.double({ noNaN: true }), fc.integer()), (number) => {
      fc.pre(Number.isFinite(number))
      const name = token(one, `{"s":${number}}`)
      expect(name).toBe(String(number + 0))
      const text = String(number)
      expect(token(one, `{"s":"${text}"}`)).toBe(text === '-0' ? '0' : text)
      expect(token(cell, `a,${text}`)).toBe(text === '-0' ? '0' : text)
    }),
  )
})

describe('bytes of text', () => {
  const decoder = json({ alphabet: 'bytes' })

  it.each<[string, string]>([
    ['{"s":"the"}', 'the'],
    ['{"s":"1.0"}', '1.0'],
    ['{"s":1.0}', '1'],
    ['{"s":true}', 'true'],
    ['{"s":"\\u00e9\\n"}', 'é\n'],
    ['{"s":""}', ''],
    ['{"s":null}', ''],
    ['{}', ''],
    ['{"s":{}}', '{WRONG_TYPE}'],
    ['{"s":1e999}', '{NOT_FINITE}'],
  ])('%.40s', (text, expected) => {
    expect(symbols(decoder, text)).toBe(expected)
  })

  it('are those of the text as UTF-8, whatever its length', () => {
    const cell = csv(['k', 's'], { alphabet: 'bytes' })
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(symbols(decoder, JSON.stringify({ s: text }))).toBe(text.toWellFormed())
        expect(symbols(cell, `a,"${text.replaceAll('"', '""')}"`)).toBe(text.toWellFormed())
      }),
    )
    expect(symbols(decoder, JSON.stringify({ s: 'x'.repeat(3_000_000) }))).toHaveLength(3_000_000)
  })
})

describe('values of bytes', () => {
  const decoder = createSymbolsDecoder({ format: 'bytes', fields: { alphabet: 'bytes' } })

  it('are symbols as they are, of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.option(fc.uint8Array()), (value, key) => {
        expect(decoder.decode(key, value, 7)).toBeNull()
        expect(decoder.sample.bytes).toEqual(value)
        expect(decoder.sample).toMatchObject({ timeMs: 7, token: null, end: false })
      }),
    )
    expect(decoder.decode(bytes('book'), bytes('x'), null)).toBeNull()
    expect(decoder.sample).toMatchObject({ sequence: 'book', timeMs: null })
  })

  it('are refused only without a value, or with a key too long', () => {
    expect(decoder.decode(null, null, 1)?.code).toBe('HEADRACE_RECORD_NULL_VALUE')
    const longKey = new Uint8Array(8193)
    expect(decoder.decode(longKey, bytes('x'), 1)?.code).toBe('HEADRACE_RECORD_KEY_TOO_LONG')
  })

  it('can be stepped through byte by byte with one buffer', () => {
    const one = new Uint8Array(1)
    for (const byte of bytes('abc')) {
      one[0] = byte
      expect(decoder.decode(null, one, null)).toBeNull()
      expect(decoder.sample.bytes).toEqual(Uint8Array.of(byte))
    }
  })
})

describe('the end of a sequence', () => {
  const one = json({ end: 'e' })
  const cell = csv(['s', 'e'], { end: 'e' })

  it.each<[string, string, boolean]>([
    ['true', 'true', true],
    ['1', '1', true],
    ['"1"', '1.0', true],
    ['"yes"', 'yes', true],
    ['"True"', 'True', true],
    ['-1', '-1', true],
    ['"no"', 'no', true],
    ['false', 'false', false],
    ['"False"', 'False', false],
    ['"FALSE"', 'FALSE', false],
    ['0', '0', false],
    ['0.0', '0.0', false],
    ['-0', '-0', false],
    ['"0"', '"0"', false],
    ['""', '', false],
    ['null', '""', false],
  ])('%s as in CSV %s: %s', (value, text, expected) => {
    expect(one.decode(null, bytes(`{"s":"a","e":${value}}`), null)).toBeNull()
    expect(one.sample.end).toBe(expected)
    expect(cell.decode(null, bytes(`a,${text}`), null)).toBeNull()
    expect(cell.sample.end).toBe(expected)
  })

  it('is nowhere without the field, and a dead letter where it is no plain value', () => {
    expect(one.decode(null, bytes('{"s":"a","e":1}'), null)).toBeNull()
    expect(one.decode(null, bytes('{"s":"a"}'), null)).toBeNull()
    expect(one.sample.end).toBe(false)
    expect(one.decode(null, bytes('{"s":"a","e":[]}'), null)?.code).toBe(
      'HEADRACE_RECORD_WRONG_TYPE',
    )
    // Without the option no field ends anything, not even the one without a name.
    const plain = json()
    expect(plain.decode(null, bytes('{"s":"a","":true,"e":true}'), null)).toBeNull()
    expect(plain.sample.end).toBe(false)
  })
})

it('does not begin without the columns that it needs', () => {
  expect(() => csv(['k', 's'], { end: 'e' })).toThrow('lacks "e"')
  expect(() => csv(['k'])).toThrow('lacks "s"')
})

it('reads sequence and time like the decoder of numbers', () => {
  const decoder = createSymbolsDecoder({
    format: 'json',
    key: 'user',
    time: 't',
    fields: { field: 's', alphabet: 'auto' },
  })
  expect(decoder.decode(null, bytes('{"user":7,"t":"2014-07-01","s":"a"}'), null)).toBeNull()
  expect(decoder.sample).toMatchObject({ sequence: '7', timeMs: 1_404_172_800_000, token: 'a' })
  expect(decoder.decode(null, bytes('{"t":"2014-07-01","s":"a"}'), null)?.code).toBe(
    'HEADRACE_RECORD_KEY_MISSING',
  )
  expect(decoder.decode(null, bytes('{"user":"a","s":"a"}'), null)?.code).toBe(
    'HEADRACE_RECORD_TIME_INVALID',
  )
})

it('returns a usable sample or a bounded reason, whatever the bytes, and never throws', () => {
  const decoders = [
    json({ end: 'e' }),
    json({ alphabet: 'bytes', end: 'e' }, 'k'),
    csv(['k', 's', 'e'], { end: 'e' }),
    csv(['k', 's', 'e'], { end: 'e', alphabet: 'bytes' }),
    createSymbolsDecoder({ format: 'bytes', fields: { alphabet: 'bytes' } }),
  ]
  const object = fc
    .dictionary(fc.constantFrom('k', 's', 'e', '__proto__'), fc.jsonValue())
    .map((fields) => bytes(JSON.stringify(fields)))
  const line = fc
    .array(fc.oneof(fc.double().map(String), fc.string()), { minLength: 2, maxLength: 4 })
    .map((cells) => bytes(cells.join(',')))
  const value = fc.oneof(fc.uint8Array({ maxLength: 200 }), object, line)
  fc.assert(
    fc.property(fc.option(fc.uint8Array()), value, (key, someValue) => {
      for (const decoder of decoders) {
        const failed = decoder.decode(key, someValue, null)
        if (failed === null) {
          expect(decoder.sample.sequence.isWellFormed()).toBe(true)
          expect(decoder.sample.token?.isWellFormed() ?? true).toBe(true)
        } else {
          expect(Object.keys(errorTable)).toContain(failed.code)
          expect(failed.message.length).toBeLessThan(1000)
        }
      }
    }),
    { numRuns: 1000 },
  )
})

it('leaves no trace of a failed record in the next one', () => {
  for (const alphabet of ['auto', 'bytes'] as const) {
    const decoder = json({ alphabet, end: 'e' })
    const good = bytes('{"s":"abc","e":0}')
    decoder.decode(null, good, 3)
    const before = structuredClone(decoder.sample)
    expect(decoder.decode(null, bytes('{"s":"xyz","e":{}}'), 4)).not.toBeNull()
    expect(decoder.decode(null, good, 3)).toBeNull()
    expect(structuredClone(decoder.sample)).toEqual(before)
  }
})
