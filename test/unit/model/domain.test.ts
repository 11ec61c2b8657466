import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linear, logarithmic, squareRoot } from '../../../src/model/domain.ts'
import { ABSENT } from '../../../src/model/layout.ts'

test('a domain leads back to where it came from, for all that is admitted', () => {
  const property = fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (value) => {
    expect(linear.inverse(linear.forward(value))).toBe(value)
    const back = logarithmic.inverse(logarithmic.forward(value))
    expect(Math.abs(back - value)).toBeLessThanOrEqual(1e-12 * value)
    const square = squareRoot.inverse(squareRoot.forward(value))
    expect(Math.abs(square - value)).toBeLessThanOrEqual(1e-12 * value)
  })
  fc.assert(property, { numRuns: 500 })
})

test('what is absent stays so, and no root leads below 0', () => {
  for (const { forward } of [linear, squareRoot]) expect(forward(ABSENT)).toBe(ABSENT)
  expect([squareRoot.inverse(-3), squareRoot.inverse(3)]).toEqual([0, 9])
})

test('the logarithm leads to no negative and no infinite value', () => {
  for (const image of [-1e300, -1, 36, 1e300, Infinity]) {
    const value = logarithmic.inverse(image)
    expect(value).toBeGreaterThanOrEqual(0)
    expect(value).toBeLessThan(1e16)
  }
})
