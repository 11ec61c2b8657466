import { expect, test } from 'vitest'
import { gaussianCrps, gaussianNll } from '../../../src/cli/gaussian.ts'

/** The integral that defines the CRPS, by the trapezoidal rule over the distribution function. */
function crpsByIntegral(error: number, scale: number): number {
  const low = Math.min(-10 * scale, error) - 1
  const high = Math.max(10 * scale, error) + 1
  const steps = 200_000
  const width = (high - low) / steps
  let cdf = 0
  let sum = 0
  for (let i = 0; i < steps; i++) {
    const x = low + (i + 0.5) * width
    const density = Math.exp(-((x / scale) ** 2) / 2) / (scale * Math.sqrt(2 * Math.PI))
    cdf += density * width
    const middle = cdf - (density * width) / 2
    sum += (middle - (x >= error ? 1 : 0)) ** 2 * width
  }
  return sum
}

test('the closed form of the CRPS is the integral of its definition', () => {
  for (const [error, scale] of [
    [0, 1],
    [0.3, 1],
    [-2, 0.5],
    [7, 2],
    [100, 3],
  ] as const) {
    expect(gaussianCrps(error, scale)).toBeCloseTo(crpsByIntegral(error, scale), 3)
  }
})

test('the negative log likelihood is the log of the density, sign turned', () => {
  for (const [error, scale] of [
    [0, 1],
    [1.5, 0.2],
    [-4, 30],
  ] as const) {
    const density = Math.exp(-((error / scale) ** 2) / 2) / (scale * Math.sqrt(2 * Math.PI))
    expect(gaussianNll(error, scale)).toBeCloseTo(-Math.log(density), 10)
  }
})
