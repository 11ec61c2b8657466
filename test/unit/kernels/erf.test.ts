import { expect, test } from 'vitest'
import { erf } from '../../../src/kernels/erf.ts'

/** Abramowitz & Stegun 7.1.6: all terms positive, so nothing cancels; good to some 1e−15. */
function series(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; n < 400; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

test('erf agrees with its series within 1e−14 and is odd', () => {
  for (let i = 0; i <= 6400; i++) {
    const x = i / 1000
    expect(Math.abs(erf(x) - series(x)), `at ${x}`).toBeLessThan(1e-14)
    expect(erf(-x)).toBe(-erf(x))
  }
})

test('erf has its known values and limits', () => {
  expect(Math.abs(erf(0.5) - 0.5204998778130465)).toBeLessThan(5e-16)
  expect(Math.abs(erf(1) - 0.8427007929497149)).toBeLessThan(5e-16)
  expect(Math.abs(erf(2) - 0.9953222650189527)).toBeLessThan(5e-16)
  expect(erf(1e-300)).toBeCloseTo(1.1283791670955126e-300, 310)
  expect([erf(6), erf(-40), erf(Infinity), erf(-Infinity), erf(NaN)]).toEqual([1, -1, 1, -1, NaN])
  expect(Object.is(erf(-0), -0)).toBe(true)
})
