import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorTable } from '../../../src/errors.ts'
import { createSupervisedDecoder } from '../../../src/record/decode-supervised.ts'
import type { Decoder, DecoderOptions } from '../../../src/record/decoder.ts'
import type { SupervisedFields, SupervisedSample } from '../../../src/record/types.ts'

const encoder = new TextEncoder()
const bytes = (text: string): Uint8Array => encoder.encode(text)
const nan = Number.NaN

const base: SupervisedFields = {
  inputs: ['temperature', 'wind'],
  categorical: ['weather'],
  targets: ['count'],
  type: 'regression',
  id: 'order',
}

type Options = Partial<DecoderOptions<Partial<SupervisedFields>>>

function decoderOf({ fields, ...options }: Options = {}): Decoder<SupervisedSample> {
  return createSupervisedDecoder({
    format: 'json',
    ...options,
    fields: { ...base, ...fields },
  })
}

/** The code of the failure, or the sample. */
function read(decoder: Decoder<SupervisedSample>, text: string): string | SupervisedSample {
  const failed = decoder.decode(null, bytes(text), null)
  return failed?.code.replace('HEADRACE_RECORD_', '') ?? structuredClone(decoder.sample)
}

describe('JSON', () => {
  it('fills inputs, categories, targets and the identifier', () => {
    const decoder = decoderOf({ key: 'city', time: 'at' })
    const text =
      '{"order":17,"count":12,"weather":"rain","wind":null,"temperature":21.5,"city":"oslo",' +
      '"at":"2014-07-01T00:00:00Z"}'
    expect(read(decoder, text)).toEqual({
      sequence: 'oslo',
      timeMs: 1_404_172_800_000,
      id: '17',
      hasInputs: true,
      inputs: Float64Array.of(21.5, nan),
      categories: ['rain'],
      values: Float64Array.of(12),
      classes: [null],
    })
  })

  it.each<[string, boolean]>([
    ['{"order":1,"count":2}', false],
    ['{"order":1,"count":2,"wind":null,"weather":""}', false],
    ['{"order":1}', false],
    ['{"order":1,"wind":0}', true],
    ['{"order":1,"weather":0}', true],
    ['{"order":1,"weather":false}', true],
  ])('knows a record that only brings a label: %s', (text, hasInputs) => {
    expect(read(decoderOf(), text)).toMatchObject({ hasInputs })
  })

  it.each<[string, string]>([
    ['{"wind":"1"}', 'WRONG_TYPE'],
    ['{"wind":true}', 'WRONG_TYPE'],
    ['{"wind":1e16}', 'OUT_OF_RANGE'],
    ['{"wind":1e999}', 'NOT_FINITE'],
    ['{"count":"1"}', 'WRONG_TYPE'],
    ['{"count":true}', 'WRONG_TYPE'],
    ['{"count":1e16}', 'OUT_OF_RANGE'],
    ['{"weather":{}}', 'WRONG_TYPE'],
    ['{"weather":[1]}', 'WRONG_TYPE'],
    ['{"weather":1e999}', 'NOT_FINITE'],
    [`{"weather":"${'x'.repeat(1025)}"}`, 'NAME_TOO_LONG'],
    ['{"order":{}}', 'WRONG_TYPE'],
    [`{"order":"${'x'.repeat(1025)}"}`, 'NAME_TOO_LONG'],
    [`{"order":"${'é'.repeat(513)}"}`, 'NAME_TOO_LONG'],
  ])('refuses %.40s', (text, expected) => {
    expect(read(decoderOf(), text)).toBe(expected)
  })

  it.each<[string, string | null]>([
    ['"a"', 'a'],
    ['7', '7'],
    ['7.0', '7'],
    // Text is what it is, like a key: two orders must not become one.
    ['"7.0"', '7.0'],
    ['"007"', '007'],
    ['""', null],
    ['null', null],
    [`"${'x'.repeat(1024)}"`, 'x'.repeat(1024)],
  ])('knows the identifier %.20s', (id, expected) => {
    expect(read(decoderOf(), `{"order":${id},"wind":1}`)).toMatchObject({ id: expected })
  })

  it('has no identifier where none is configured, whatever the record holds', () => {
    const decoder = decoderOf({ fields: { id: undefined } })
    expect(read(decoder, '{"order":1,"":2,"wind":1}')).toMatchObject({ id: null })
  })
})

describe('classes and categories', () => {
  const fields = { type: 'classification', targets: ['kind', 'group'] } as const
  const one = decoderOf({ fields })
  const columns = ['order', 'temperature', 'wind', 'weather', 'kind', 'group']
  const cell = decoderOf({ format: 'csv', columns, fields })

  it.each<[string, string, string | null]>([
    ['"cat"', 'cat', 'cat'],
    ['1', '1', '1'],
    ['1.0', '1.0', '1'],
    ['"1.0"', '"1.0"', '1'],
    ['"1"', '"1"', '1'],
    ['-0', '-0', '0'],
    ['true', 'true', 'true'],
    ['"01"', '01', '01'],
    ['"NA"', 'NA', 'NA'],
    ['""', '', null],
    ['null', '""', null],
  ])('%s as in CSV %s: %s', (value, text, name) => {
    const expected = { categories: [name], classes: ['x', name], values: new Float64Array(2) }
    expected.values.fill(nan)
    expect(read(one, `{"weather":${value},"kind":"x","group":${value}}`)).toMatchObject(expected)
    expect(read(cell, `1,2,3,${text},x,${text}`)).toMatchObject(expected)
  })

  it('are dead letters where they are no names', () => {
    expect(read(one, '{"kind":{}}')).toBe('WRONG_TYPE')
    expect(read(one, `{"group":"${'x'.repeat(1025)}"}`)).toBe('NAME_TOO_LONG')
  })
})

it('reads a CSV of labels alone', () => {
  const columns = ['order', 'at', 'temperature', 'wind', 'weather', 'count']
  const decoder = decoderOf({ format: 'csv', columns, time: 'at' })
  expect(read(decoder, '17,2014-07-01,,,,12')).toMatchObject({
    id: '17',
    hasInputs: false,
    values: Float64Array.of(12),
    timeMs: 1_404_172_800_000,
  })
})

it('does not begin without the columns that it needs', () => {
  const columns = ['count', 'temperature', 'weather']
  expect(() => decoderOf({ format: 'csv', columns })).toThrow('lacks "wind", "order"')
  expect(() => decoderOf({ format: 'csv' })).toThrow('needs input.columns')
})

describe('whatever the bytes', () => {
  const columns = ['order', 'temperature', 'wind', 'weather', 'count']
  const decoders = (['regression', 'classification'] as const).flatMap((type) => [
    decoderOf({ fields: { type } }),
    decoderOf({ fields: { type }, key: 'key', time: 'at' }),
    decoderOf({ fields: { type }, format: 'csv', columns }),
  ])
  const object = fc
    .dictionary(fc.constantFrom(...columns, 'key', 'at', '__proto__'), fc.jsonValue())
    .map((fields) => bytes(JSON.stringify(fields)))
  const line = fc
    .array(fc.oneof(fc.double().map(String), fc.string()), { minLength: 4, maxLength: 6 })
    .map((cells) => bytes(cells.join(',')))
  const value = fc.oneof(fc.uint8Array({ maxLength: 200 }), object, line)

  it('returns a usable sample or a bounded reason, and never throws', () => {
    fc.assert(
      fc.property(fc.option(fc.uint8Array()), value, (key, someValue) => {
        for (const decoder of decoders) {
          const failed = decoder.decode(key, someValue, null)
          if (failed !== null) {
            expect(Object.keys(errorTable)).toContain(failed.code)
            expect(failed.message.length).toBeLessThan(1000)
            continue
          }
          const { inputs, values, categories, classes, id } = decoder.sample
          for (const number of [...inputs, ...values]) {
            expect(Number.isNaN(number) || Math.abs(number) <= 1e15).toBe(true)
            expect(Object.is(number, -0)).toBe(false)
          }
          for (const name of [...categories, ...classes, id]) {
            if (name === null) continue
            expect(name).not.toBe('')
            expect(name.isWellFormed()).toBe(true)
            expect(bytes(name).length).toBeLessThanOrEqual(1024)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('leaves no trace of a failed record in the next one', () => {
    const good = bytes('{"order":1,"wind":2}')
    for (const decoder of decoders.slice(0, 1)) {
      decoder.decode(null, good, 3)
      const before = structuredClone(decoder.sample)
      const bad = '{"order":"x","wind":3,"weather":"a","count":{}}'
      expect(decoder.decode(null, bytes(bad), 4)).not.toBeNull()
      expect(decoder.decode(null, good, 3)).toBeNull()
      expect(decoder.sample).toEqual(before)
    }
  })
})
