import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JsonNames } from '../../../src/record/json-names.ts'

const textOf = (names: JsonNames, name: string) => Buffer.from(names.of(name).bytes).toString()

test('a name is its JSON, the first time and again', () => {
  const names = new JsonNames()
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (name) => {
      expect(textOf(names, name)).toBe(JSON.stringify(name))
      expect(textOf(names, name)).toBe(JSON.stringify(name))
    }),
  )
  expect(textOf(names, '\ud800"')).toBe('"\\ud800\\""')
})

test('the newest 8,192 short names are kept, older and longer ones are not', () => {
  const names = new JsonNames()
  const first = names.of('0')
  for (let i = 1; i < 8192; i++) names.of(`${i}`)
  expect(names.of('0')).toBe(first)
  names.of('8192')
  expect(names.of('8192')).toBe(names.of('8192'))
  expect(names.of('0')).not.toBe(first)
  expect(names.of('2')).toBe(names.of('2'))
  const long = 'x'.repeat(65)
  expect(names.of(long)).not.toBe(names.of(long))
  expect(textOf(names, long)).toBe(`"${long}"`)
})
