import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPlainNumber } from '../../../src/record/plain-number.ts'

const encoder = new TextEncoder()

/** The number that `text` begins with and how long it is; null where it is refused. */
function read(text: string): { value: number; length: number } | null {
  const out = new Float64Array(2).fill(Number.NaN)
  const end = readPlainNumber(encoder.encode(`x${text}`), 1, out, 1)
  expect(out[0]).toBe(Number.NaN)
  return end < 0 ? null : { value: out[1]!, length: end - 1 }
}

describe('readPlainNumber', () => {
  it('reads what Number reads, to the bit', () => {
    let taken = 0
    const decimals = fc.stringMatching(/^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,14})?$/)
    fc.assert(
      fc.property(decimals, (text) => {
        const found = read(text)
        if (found === null) {
          expect(text.replaceAll(/[-.]/g, '').length).toBeGreaterThan(15)
          return
        }
        taken++
        expect(found.length).toBe(text.length)
        expect(Object.is(found.value, Number(text))).toBe(true)
      }),
      { numRuns: 20_000 },
    )
    expect(taken).toBeGreaterThan(5_000)
  })

  it.each(['', '-', '+1', '.5', '5.', '01', '-00', 'e5', '1234567890123456', '0.1234567890123456'])(
    'refuses %j',
    (text) => {
      expect(read(text)).toBe(null)
    },
  )

  it.each([
    ['-0', -0, 2],
    ['0', 0, 1],
    ['1e5', 1, 1],
    ['12,3', 12, 2],
    ['0.1}', 0.1, 3],
    ['999999999999999', 999999999999999, 15],
    ['0.00000000000001', 1e-14, 16],
  ])('reads %j as far as it goes', (text, value, length) => {
    expect(read(text)).toEqual({ value, length })
  })
})
