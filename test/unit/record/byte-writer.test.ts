import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { ByteWriter, nextPower, Piece } from '../../../src/record/byte-writer.ts'

function written(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter()
  write(out)
  return out.view().toString()
}

const rounded = (value: number) => written((out) => out.rounded(Float64Array.of(value), 0))
const exact = (value: number) => written((out) => out.exact(Float64Array.of(value), 0))
const orNull = (value: number) => (Number.isFinite(value) ? String(value) : 'null')

/** Of all magnitudes: every bit pattern, the common range, and decimals of few digits. */
const anyDouble = fc.oneof(
  fc.double(),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc
    .tuple(fc.double({ min: -9.999, max: 9.999, noNaN: true }), fc.integer({ min: -8, max: 17 }))
    .map(([mantissa, exponent]) => mantissa * Number(`1e${exponent}`)),
  fc
    .tuple(fc.maxSafeInteger(), fc.integer({ min: -20, max: 3 }))
    .map(([digits, exponent]) => Number(`${digits}e${exponent}`)),
  fc
    .tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: -9, max: 6 }))
    .map(([digits, exponent]) => Number(`${digits}e${exponent}`)),
)

/** The nearest doubles below and above, and the value itself. */
function around(value: number): number[] {
  const double = Float64Array.of(value)
  const bits = new BigInt64Array(double.buffer)
  return [-1n, 0n, 1n].map((step) => {
    double[0] = value
    bits[0] = (bits[0] as bigint) + step
    return double[0]
  })
}

/** |value| × 10^power as numerator and denominator, without any error. */
function scaled(value: number, power: number): [numerator: bigint, denominator: bigint] {
  const bits = new BigInt64Array(Float64Array.of(value).buffer)[0] as bigint
  const exponent = Number((bits >> 52n) & 0x7ffn) - 1075
  let numerator = (bits & 0xf_ffff_ffff_ffffn) | 0x10_0000_0000_0000n
  let denominator = 1n
  if (exponent >= 0) numerator <<= BigInt(exponent)
  else denominator <<= BigInt(-exponent)
  if (power >= 0) numerator *= 10n ** BigInt(power)
  else denominator *= 10n ** BigInt(-power)
  return [numerator, denominator]
}

/** How far `value` lies from the middle of two neighbours of nine digits, in units of the ninth. */
function distanceFromTie(value: number): number {
  const exponent = Number(value.toExponential(20).split('e')[1])
  const [numerator, denominator] = scaled(value, 8 - exponent)
  const fraction = numerator % denominator
  return Math.abs(Number((fraction * 10n ** 12n) / denominator) / 1e12 - 0.5)
}

describe('rounded', () => {
  test('is toPrecision(9), but for a neighbour where the value lies next to the middle', () => {
    let nearTies = 0
    const property = fc.property(anyDouble, (value) => {
      const text = rounded(value)
      const expected = orNull(Number(value.toPrecision(9)))
      if (text === expected) return
      nearTies++
      expect(distanceFromTie(value)).toBeLessThan(6e-8)
      expect(Math.abs(Number(text) - value) / Math.abs(value)).toBeLessThan(5.0001e-9)
    })
    fc.assert(property, { numRuns: 20_000 })
    expect(nearTies).toBeLessThan(20)
  })

  test('also where a value lies next to a middle it is one of the two neighbours', () => {
    const middle = fc.tuple(
      fc.integer({ min: 1e8, max: 1e9 - 1 }),
      fc.integer({ min: -14, max: 6 }),
      fc.integer({ min: 0, max: 2 }),
    )
    const property = fc.property(middle, ([digits, exponent, which]) => {
      const value = around(Number(`${digits}.5e${exponent}`))[which] as number
      const neighbours = [`${digits}e${exponent}`, `${digits + 1}e${exponent}`]
      expect(neighbours.map((text) => orNull(Number(text)))).toContain(rounded(value))
    })
    fc.assert(property, { numRuns: 5_000 })
  })

  test('is right at every power of ten and two and beside it', () => {
    for (let exponent = -330; exponent <= 308; exponent++) {
      for (const value of around(Number(`1e${exponent}`) || 5e-324)) {
        expect(rounded(value)).toBe(orNull(Number(value.toPrecision(9))))
        expect(rounded(-value)).toBe(orNull(Number((-value).toPrecision(9))))
      }
    }
    for (let exponent = -1074; exponent <= 1023; exponent++) {
      const value = 2 ** exponent
      expect(rounded(value)).toBe(orNull(Number(value.toPrecision(9))))
    }
  })

  test.each([
    [0, '0'],
    [-0, '0'],
    [Number.NaN, 'null'],
    [Number.POSITIVE_INFINITY, 'null'],
    [Number.NEGATIVE_INFINITY, 'null'],
    [0.1 + 0.2, '0.3'],
    [-8127.412345678, '-8127.41235'],
    [99_999.999999, '100000'],
    [999_999_999.5, '1000000000'],
    [0.9999999999, '1'],
    [0.0009999999999, '0.001'],
    [123_456_789_012_345, '123456789000000'],
    [999_999_999_999_999, '1000000000000000'],
    [1e-6, '0.000001'],
    [9.99999999999e-7, '0.000001'],
    [1.5e-7, '1.5e-7'],
    [1.23456789012e21, '1.23456789e+21'],
    [12.5, '12.5'],
    [1_000_000_005, '1000000010'],
    [5e-324, '5e-324'],
    [-1.7976931348623157e308, '-1.79769313e+308'],
  ])('%d is %s', (value, text) => {
    expect(rounded(value)).toBe(text)
  })
})

describe('exact', () => {
  test('is the text of the double, whatever its magnitude', () => {
    const property = fc.property(anyDouble, (value) => {
      expect(exact(value)).toBe(orNull(value))
    })
    fc.assert(property, { numRuns: 20_000 })
  })

  test('is the text of what lies beside a decimal of few digits', () => {
    const decimal = fc.tuple(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: -8, max: 8 }))
    const property = fc.property(decimal, ([digits, exponent]) => {
      for (const value of around(Number(`${digits}e${exponent}`))) {
        expect(exact(value)).toBe(String(value))
        expect(exact(-value)).toBe(String(-value))
      }
    })
    fc.assert(property, { numRuns: 5_000 })
  })

  test.each([
    [-0, '0'],
    [0.29, '0.29'],
    [999_999_999.999999, '999999999.999999'],
    [1e-6, '0.000001'],
    [1e-7, '1e-7'],
    [1e15, '1000000000000000'],
    [Number.NaN, 'null'],
    [Number.NEGATIVE_INFINITY, 'null'],
  ])('%d is %s', (value, text) => {
    expect(exact(value)).toBe(text)
  })
})

describe('whole numbers', () => {
  test('have all their digits', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 53 }), (value, shift) => {
        const smaller = Math.trunc(value / 2 ** shift)
        expect(written((out) => out.integer(smaller))).toBe(String(smaller + 0))
      }),
      { numRuns: 5_000 },
    )
    for (const value of [1e8 - 1, 1e8, 1e9 - 1, 1e9, 89_999_999 * 1e8 - 1]) {
      expect(written((out) => out.integer(value))).toBe(String(value))
    }
    const least = Number.MIN_SAFE_INTEGER
    expect(written((out) => out.integer(least))).toBe(String(least))
  })

  test('none are a fraction and 2^53: a defect', () => {
    const out = new ByteWriter()
    for (const value of [0.5, 2 ** 53, Number.NaN]) {
      expect(() => out.integer(value)).toThrow(AssertionError)
    }
  })

  test('offsets have all their digits', () => {
    const offset = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: 0n, max: 2n ** 54n }),
      fc.bigInt({ min: 0n, max: 2n ** 33n }),
    )
    fc.assert(
      fc.property(offset, (value) => {
        expect(written((out) => out.offset(value))).toBe(String(value))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('the memory', () => {
  type Write = readonly [write: (out: ByteWriter) => void, text: string]
  const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))
  const anyWrite: fc.Arbitrary<Write> = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }).map((text): Write => [(o) => o.text(text), text]),
    fc
      .string({ unit: 'binary', maxLength: 60 })
      .map((text): Write => [(o) => o.piece(new Piece(text)), text]),
    fc.string({ maxLength: 300 }).map((text): Write => [(o) => o.bytes(bytesOf(text)), text]),
    fc.nat().map((value): Write => [(o) => o.integer(value), String(value)]),
    fc
      .double()
      .map((value): Write => [(o) => o.exact(Float64Array.of(1, value), 1), orNull(value)]),
  )
  const anyWrites = fc.array(anyWrite, { maxLength: 60 })

  test('grows to what is written, and every part stays what it was', () => {
    const property = fc.property(anyWrites, anyWrites, fc.nat(100), (first, second, initial) => {
      const out = new ByteWriter(initial)
      for (const writes of [first, second]) {
        for (const [write] of writes) write(out)
        const expected = Buffer.from(writes.map(([, text]) => text).join(''))
        expect(out.length).toBe(expected.length)
        expect(out.view().equals(expected)).toBe(true)
        out.reset()
        expect(out.length).toBe(0)
      }
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('is handed over whole: what is written next is elsewhere', () => {
    const out = new ByteWriter(8)
    out.text('first')
    const taken = out.take()
    out.text('other')
    expect(Buffer.from(taken.buffer, 0, 5).toString()).toBe('first')
    expect(out.view().toString()).toBe('other')
    structuredClone(taken, { transfer: [taken.buffer] })
    expect(out.view().toString()).toBe('other')
  })

  test('has room for what was reserved', () => {
    const out = new ByteWriter(16)
    out.text('a')
    out.reserve(1000)
    const { buffer } = out.view()
    for (let i = 0; i < 1000; i++) out.piece(new Piece('x'))
    expect(out.view().buffer).toBe(buffer)
    expect(out.view().toString()).toBe(`a${'x'.repeat(1000)}`)
  })

  test('powers of two', () => {
    expect([0, 1, 2, 3, 4, 5, 4097].map(nextPower)).toEqual([1, 1, 2, 4, 4, 8, 8192])
  })
})
