import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainName } from '../../../src/record/plain-name.ts'

describe('plainName', () => {
  it.each([
    ['1', '1'],
    ['1.0', '1'],
    ['1.50', '1.5'],
    ['-0', '0'],
    ['-0.00', '0'],
    ['0.0000001', '1e-7'],
    ['123456789012345', '123456789012345'],
    ['12345678901234.0', '12345678901234'],
    ['1234567890123456', '1234567890123456'],
    ['1.000000000000000', '1.000000000000000'],
    ['01', '01'],
    ['+1', '+1'],
    ['1e3', '1e3'],
    ['.5', '.5'],
    ['5.', '5.'],
    [' 1', ' 1'],
    ['1\n', '1\n'],
    ['', ''],
    ['١', '١'],
  ])('%j is %j', (text, expected) => {
    expect(plainName(text)).toBe(expected)
  })

  it('keeps what it has made, and never joins numbers that differ', () => {
    const decimal = fc
      .tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: 0, max: 6 }))
      .map(([units, places]) => (units / 10 ** places).toFixed(places))
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(plainName(plainName(a))).toBe(plainName(a))
        expect(plainName(a) === plainName(b)).toBe(Number(a) === Number(b))
      }),
    )
  })

  it('leaves all text alone that is no plain decimal', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^-?[0-9.]+$/.test(text))
        expect(plainName(text)).toBe(text)
      }),
    )
  })
})
