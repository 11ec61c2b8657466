import { describe, expect, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import type { LeastSquares, LeastSquaresOptions } from '../../../src/kernels/kernel.ts'
import { Random } from '../../../src/random.ts'
import { randomise } from './fixtures.ts'

/** Learns targets, NaN = absent, at x. */
function learn(state: LeastSquares, x: ArrayLike<number>, targets: readonly number[]): boolean {
  state.x.set(x)
  targets.forEach((z, d) => {
    state.targets[d] = z
    state.present[d] = Number.isNaN(z) ? 0 : 1
  })
  return state.update()
}

/** Solves A x = b by Gauss' elimination with pivots. */
function solve(a: number[][], b: number[]): number[] {
  const n = b.length
  const m = a.map((row, i) => [...row, b[i]!])
  for (let i = 0; i < n; i++) {
    const pivot = m.slice(i).reduce((best, row, k) => {
      return Math.abs(row[i]!) > Math.abs(m[best]![i]!) ? i + k : best
    }, i)
    ;[m[i], m[pivot]] = [m[pivot]!, m[i]!]
    for (let r = i + 1; r < n; r++) {
      const f = m[r]![i]! / m[i]![i]!
      for (let c = i; c <= n; c++) m[r]![c]! -= f * m[i]![c]!
    }
  }
  const x = new Array<number>(n).fill(0)
  for (let i = n - 1; i >= 0; i--) {
    const known = x.reduce((sum, v, j) => (j > i ? sum + m[i]![j]! * v : sum), 0)
    x[i] = (m[i]![n]! - known) / m[i]![i]!
  }
  return x
}

function element(state: LeastSquares, i: number, j: number): number {
  const [r, c] = i > j ? [i, j] : [j, i]
  return state.covariance[(r * (r + 1)) / 2 + c]!
}

describe.each(['reference', 'wasm'] as const)('%s', (kernel) => {
  /** Options with a cap that these tests do not reach. */
  function open(options: Omit<LeastSquaresOptions, 'traceCap'> & { traceCap?: number }) {
    return openKernel(kernel).openLeastSquares({ traceCap: 1000, ...options })
  }

  describe.each([
    [1, 1],
    [4, 0.97],
    [7, 0.99],
  ])('with %d features and λ = %d', (features, forgetting) => {
    test('the weights are the weighted ridge solution, the covariance its inverse matrix', () => {
      const random = new Random(3)
      const options = { features, outputs: 2, forgetting, initialVariance: 10, traceCap: 1e9 }
      const state = open(options)
      // Σ λ^(n−i) x xᵀ + λ^n / variance, and the same with z.
      const a = Array.from({ length: features }, (_, i) =>
        Array.from({ length: features }, (_, j): number => (i === j ? 0.1 : 0)),
      )
      const b = [0, 1].map(() => new Array<number>(features).fill(0))
      const x = new Float64Array(features)
      const z = new Float64Array(2)
      for (let n = 0; n < 60; n++) {
        randomise(x, random)
        randomise(z, random)
        z[0]! += x[0]! * 2
        expect(learn(state, x, [...z])).toBe(true)
        for (let i = 0; i < features; i++) {
          for (let j = 0; j < features; j++) a[i]![j] = forgetting * a[i]![j]! + x[i]! * x[j]!
          for (let d = 0; d < 2; d++) b[d]![i] = forgetting * b[d]![i]! + x[i]! * z[d]!
        }
      }
      for (let d = 0; d < 2; d++) {
        solve(a, b[d]!).forEach((w, i) => {
          expect(state.weights[d * features + i]!).toBeCloseTo(w, 9)
        })
        const truth = solve(a, b[d]!).reduce((sum, w, i) => sum + w * x[i]!, 0)
        expect(state.predict(d)).toBeCloseTo(truth, 9)
      }
      for (let j = 0; j < features; j++) {
        const unit = Array.from({ length: features }, (_, i) => (i === j ? 1 : 0))
        solve(a, unit).forEach((p, i) => {
          expect(element(state, i, j)).toBeCloseTo(p, 9)
        })
      }
    })
  })

  test('an absent output keeps its weights; the covariance learns all the same', () => {
    const options = { features: 3, outputs: 2, forgetting: 0.99, initialVariance: 5 }
    const partly = open(options)
    const fully = open(options)
    const x = new Float64Array([1, -0.5, 2])
    learn(partly, x, [1, NaN])
    learn(fully, x, [1, 3])
    expect(partly.covariance).toEqual(fully.covariance)
    expect(partly.weights.subarray(0, 3)).toEqual(fully.weights.subarray(0, 3))
    expect([...partly.weights.subarray(3)]).toEqual([0, 0, 0])
  })

  test('without excitation the covariance stops growing at its cap', () => {
    const cap = 50
    const options = { features: 4, outputs: 1, forgetting: 0.9, initialVariance: 1, traceCap: cap }
    const state = open(options)
    const x = new Float64Array([1, 0, 0, 0])
    for (let n = 0; n < 500; n++) learn(state, x, [1])
    const trace = [0, 1, 2, 3].reduce((sum, i) => sum + element(state, i, i), 0)
    expect(trace).toBeGreaterThanOrEqual(cap * 4)
    expect(trace).toBeLessThan((cap * 4) / 0.9)
    expect(state.predict(0)).toBeCloseTo(1, 4)
  })

  test.each([
    ['features too large for a double', [1e200, 1, 1]],
    ['a NaN among the features', [NaN, 1, 1]],
  ])('%s change nothing', (_name, features) => {
    const state = open({ features: 3, outputs: 1, forgetting: 1, initialVariance: 1 })
    learn(state, [1, 2, 3], [1])
    const { weights, covariance } = state
    const before = [weights.slice(), covariance.slice()]
    const x = new Float64Array(features)
    expect(learn(state, x, [1])).toBe(false)
    expect([weights, covariance]).toEqual(before)
  })
})
