import { describe, expect, test } from 'vitest'
import { DensityScore } from '../../../src/cli/density-score.ts'
import { Density, initialWeights, LEARNT } from '../../../src/model/density.ts'
import type { Scored } from '../../../src/model/scored.ts'
import { Random } from '../../../src/random.ts'

/** Weights of all sorts, each summing to one. */
function someWeights(): Float64Array[] {
  const random = new Random(3)
  const uneven = Float64Array.from({ length: LEARNT }, () => random.uniform() ** 4)
  const sum = uneven.reduce((a, b) => a + b, 0)
  const alone = new Float64Array(LEARNT)
  alone[4] = 1
  return [initialWeights(), uneven.map((weight) => weight / sum), alone]
}

/** The density's mass between two points, by Simpson's rule on a grid that is fine near zero. */
function mass(density: Density, weights: Float64Array, from: number, until: number): number {
  const steps = 40_000
  const [low, high] = [Math.asinh(1e3 * from), Math.asinh(1e3 * until)]
  let sum = 0
  for (let i = 0; i <= steps; i++) {
    const u = low + ((high - low) * i) / steps
    density.evaluate(Math.sinh(u) / 1e3, weights, 0)
    const part = (density.density * Math.cosh(u)) / 1e3
    sum += part * (i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2)
  }
  return (sum * (high - low)) / steps / 3
}

describe('Density', () => {
  test('has a mass of one, and beyond a point what lies there on either side', () => {
    const density = new Density()
    for (const weights of someWeights()) {
      expect(mass(density, weights, 0, 1e11)).toBeCloseTo(0.5, 5)
      for (const z of [0, 0.01, 0.7, 3, 40, 1e4]) {
        density.evaluate(-z, weights, 0)
        const { beyond } = density
        expect(2 * mass(density, weights, z, 1e11)).toBeCloseTo(beyond, 5)
      }
    }
  })

  test('falls with the distance, so that the mass beyond ranks as −log density does', () => {
    const density = new Density()
    for (const weights of someWeights()) {
      let [least, before] = [Infinity, Infinity]
      for (let z = 0; z < 1e10; z = 1.1 * z + 0.001) {
        density.evaluate(z, weights, 0)
        expect(density.density).toBeLessThanOrEqual(before)
        expect(density.beyond).toBeLessThanOrEqual(least + 1e-6)
        expect(density.density).toBeGreaterThan(0)
        before = density.density
        least = density.beyond
      }
    }
  })

  test('learns what it is given, within four hundredths of the least log loss', () => {
    const entropies = {
      normal: [0.5 * Math.log(2 * Math.PI * Math.E), (r: Random) => r.normal()],
      laplace: [
        1 + Math.log(2),
        (r: Random) => -Math.log(1 - r.uniform()) * (r.uniform() < 0.5 ? -1 : 1),
      ],
    } as const
    for (const [entropy, draw] of Object.values(entropies)) {
      const density = new Density()
      const weights = initialWeights()
      const random = new Random(4)
      let loss = 0
      const steps = 60_000
      for (let i = 0; i < steps; i++) {
        density.evaluate(draw(random), weights, 0)
        if (i >= steps / 2) loss -= Math.log(density.density)
        density.learn(weights, 0, 2e-3, 1e-5)
      }
      expect(loss / (steps / 2) - entropy).toBeLessThan(0.04)
      expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
    }
  })
})

describe('DensityScore', () => {
  const scoredOf = (scale: number, density: Float64Array) =>
    ({ scale: Float64Array.of(scale), density }) as unknown as Scored

  test('the CRPS is the integral of its definition', () => {
    const score = new DensityScore()
    const density = new Density()
    for (const weights of someWeights()) {
      for (const [error, scale] of [
        [0, 1],
        [-2, 0.5],
        [7, 2],
      ] as const) {
        expect(score.score(error, 0, scoredOf(scale, weights))).toBe(true)
        // ∫ (F(x) − [x ≥ error])² dx by the trapezoidal rule in x = sinh u.
        let integral = 0
        const width = 1e-4
        for (let u = -12; u < 12; u += width) {
          const x = Math.sinh(u)
          density.evaluate(x / scale, weights, 0)
          const below = x < 0 ? density.beyond / 2 : 1 - density.beyond / 2
          integral += (below - (x >= error ? 1 : 0)) ** 2 * Math.cosh(u) * width
        }
        expect(score.crps).toBeCloseTo(integral, 2)
      }
    }
  })

  test('the negative log likelihood has the target’s unit; there is none without a density', () => {
    const score = new DensityScore()
    const weights = initialWeights()
    score.score(3, 0, scoredOf(2, weights))
    const small = score.nll
    score.score(3000, 0, scoredOf(2000, weights))
    expect(score.nll - small).toBeCloseTo(Math.log(1000), 9)
    expect(score.score(3, 0, scoredOf(NaN, weights))).toBe(false)
    score.score(1e15, 0, scoredOf(1e-12, weights))
    expect(Number.isFinite(score.nll + score.crps)).toBe(true)
  })
})
