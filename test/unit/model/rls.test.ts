import { describe, expect, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import { PooledSquares } from '../../../src/model/rls.ts'
import { Random } from '../../../src/random.ts'

const PRIOR = 10
/** A hundred times what it was at first. */
const BOUND = 100 * PRIOR
const FORGETTING = 0.9995

function open(kernel: 'reference' | 'wasm', features: number): PooledSquares {
  const shape = { features, outputs: 1, forgetting: FORGETTING, prior: PRIOR }
  const squares = new PooledSquares(openKernel(kernel), shape)
  squares.rls.present[0] = 1
  return squares
}

/** Learns `y` at `x`; as often as a portfolio holds its variances, where `held`. */
function learn(squares: PooledSquares, i: number, x: readonly number[], y: number, held = true) {
  squares.rls.x.set(x)
  squares.rls.targets[0] = y
  squares.rls.update()
  if (held && i % 16 === 0) squares.hold()
}

function predict({ rls }: PooledSquares, x: readonly number[]): number {
  rls.x.set(x)
  return rls.predict(0)
}

function variances({ rls }: PooledSquares): number[] {
  return Array.from({ length: rls.features }, (_, i) => rls.covariance[(i * (i + 3)) / 2]!)
}

/** Squares of the diagonal of L, P = L Lᵀ: all positive where P is positive definite. */
function pivots({ rls }: PooledSquares): number[] {
  const lower: number[][] = []
  const found: number[] = []
  for (let i = 0; i < rls.features; i++) {
    lower.push([])
    for (let j = 0; j <= i; j++) {
      let sum = rls.covariance[(i * (i + 1)) / 2 + j]!
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!
      if (j === i) found.push(sum)
      lower[i]!.push(j === i ? Math.sqrt(sum) : sum / lower[j]![j]!)
    }
  }
  return found
}

describe.each(['reference', 'wasm'] as const)('hold, %s kernel', (kernel) => {
  test('bounds each variance, changes no other, and keeps P positive definite', () => {
    const squares = open(kernel, 6)
    const random = new Random(3)
    let held = 0
    for (let i = 1; i <= 30_000; i++) {
      // The last three are seen together and now and then, so that they stay entangled.
      const rare = i % 5_000 < 3 ? random.normal() : 0
      const x = [1, random.normal(), random.normal(), rare, 0.9 * rare, i < 5 ? rare : 0]
      learn(squares, i, x, random.normal(), false)
      if (i % 16 !== 0) continue
      const before = squares.rls.covariance.slice()
      const was = variances(squares)
      squares.hold()
      was.forEach((variance, row) => {
        const now = variances(squares)[row]!
        expect(now).toBe(Math.min(variance, BOUND))
        if (variance > BOUND) held++
        for (let column = 0; column < row; column++) {
          const at = (row * (row + 1)) / 2 + column
          if (variance <= BOUND && was[column]! <= BOUND) {
            expect(squares.rls.covariance[at]).toBe(before[at])
            continue
          }
          // Correlations stay as they were.
          const correlation = before[at]! / Math.sqrt(variance * was[column]!)
          const size = Math.sqrt(now * variances(squares)[column]!)
          expect(squares.rls.covariance[at]! / size).toBeCloseTo(correlation, 9)
        }
      })
      for (const pivot of pivots(squares)) expect(pivot).toBeGreaterThan(0)
    }
    expect(held).toBeGreaterThan(1_000)
  })

  /** 50,000 records of y = 2 x₁ + noise, the third feature never seen; then it is −3 x₁ + noise. */
  function afterLong(held: boolean) {
    const squares = open(kernel, 3)
    const random = new Random(5)
    let i = 0
    const step = (slope: number, rare: number) => {
      const x = [1, random.normal(), rare]
      const noise = 0.1 * random.normal()
      const y = slope * x[1]! + 3 * rare + noise
      const error = Math.abs(predict(squares, x) - y)
      learn(squares, ++i, x, y, held)
      return { error, noise: Math.abs(noise) }
    }
    while (i < 50_000) step(2, 0)
    return { squares, step }
  }

  test('a feature that is not seen for 50,000 records does not stop forgetting', () => {
    const slopeOf = (held: boolean) => {
      const { squares, step } = afterLong(held)
      expect(squares.rls.weights[1]).toBeCloseTo(2, 1)
      for (let n = 0; n < 10_000; n++) step(-3, 0)
      return squares.rls.weights[1]!
    }
    expect(Math.abs(slopeOf(true) + 3)).toBeLessThan(0.05)
    // It does where nothing is held: that is what it is for.
    expect(slopeOf(false)).toBeGreaterThan(-2)
  })

  test.each([1, 1e-3, 1e3])('nor does the first sight of it, as %d, throw the line off', (size) => {
    const { squares, step } = afterLong(true)
    const before = squares.rls.weights.slice()
    const deviation = variances(squares).map((variance) => 0.1 * Math.sqrt(variance))
    step(2, size)
    const [moved, slope] = [0, 1].map((j) => Math.abs(squares.rls.weights[j]! - before[j]!))
    // Within what the weights were uncertain by anyway.
    expect(moved).toBeLessThan(5 * deviation[0]!)
    expect(slope).toBeLessThan(5 * deviation[1]!)
    let [errors, noises] = [0, 0]
    for (let n = 0; n < 200; n++) {
      const { error, noise } = step(2, n % 2 === 0 ? 0 : size)
      errors += error
      noises += noise
    }
    expect(errors / noises).toBeLessThan(1.2)
  })
})
