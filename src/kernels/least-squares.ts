/**
 * Recursive least squares with exponential forgetting (Ljung & Söderström 1983), all outputs on
 * one covariance. P is symmetric and stored as a packed triangle: half the memory per key, half
 * the traffic, and no rounding can make it lopsided.
 */

import { assert } from '../assert.ts'
import type { LeastSquares, LeastSquaresOptions } from './kernel.ts'

/** Floats of a packed lower triangle of n rows. */
export function triangleSize(n: number): number {
  return (n * (n + 1)) / 2
}

/** Throws an assertion on options without a meaning. */
export function checkLeastSquares({ features, outputs, forgetting }: LeastSquaresOptions): void {
  assert(features > 0 && outputs > 0, 'least squares has features and outputs')
  assert(forgetting > 0 && forgetting <= 1, 'forgetting of least squares lies in (0, 1]')
}

/** Fills a packed triangle with `variance` × identity. */
export function setDiagonal(covariance: Float64Array, features: number, variance: number): void {
  covariance.fill(0)
  for (let i = 0; i < features; i++) covariance[(i * (i + 3)) / 2] = variance
}

/** e_d = z_d − w_d·x; k = P x / (λ + xᵀP x); w_d += k e_d; P ← (P − k (P x)ᵀ) / λ. */
export class ReferenceLeastSquares implements LeastSquares {
  readonly features: number
  readonly outputs: number
  used: number
  forgetting: number
  readonly weights: Float64Array
  readonly covariance: Float64Array
  readonly x: Float64Array
  readonly targets: Float64Array
  readonly present: Uint8Array
  private readonly traceCap: number
  /** (p): P x of the last update. */
  private readonly gain: Float64Array

  constructor(options: LeastSquaresOptions) {
    checkLeastSquares(options)
    const { features, outputs } = options
    this.features = features
    this.outputs = outputs
    this.used = features
    this.forgetting = options.forgetting
    this.traceCap = options.traceCap
    this.weights = new Float64Array(outputs * features)
    this.covariance = new Float64Array(triangleSize(features))
    setDiagonal(this.covariance, features, options.initialVariance)
    this.x = new Float64Array(features)
    this.targets = new Float64Array(outputs)
    this.present = new Uint8Array(outputs)
    this.gain = new Float64Array(features)
  }

  update(): boolean {
    const { used: features, outputs, forgetting, traceCap, weights, covariance, gain, x } = this
    multiplyCovariance(covariance, features, x, gain)
    let denominator = forgetting
    for (let i = 0; i < features; i++) denominator += gain[i]! * x[i]!
    if (!(denominator > 0 && denominator < Infinity)) return false
    for (let d = 0; d < outputs; d++) {
      if (this.present[d] === 0) continue
      const step = (this.targets[d]! - this.predict(d)) / denominator
      const at = d * features
      for (let i = 0; i < features; i++) weights[at + i] = weights[at + i]! + gain[i]! * step
    }
    const forgets = forgetting < 1 && trace(covariance, features) < traceCap * features
    shrinkCovariance(covariance, features, gain, 1 / denominator, forgets ? 1 / forgetting : 1)
    return true
  }

  predict(output: number): number {
    const { used: features, weights, x } = this
    const at = output * features
    let sum = 0
    for (let i = 0; i < features; i++) sum += weights[at + i]! * x[i]!
    return sum
  }
}

function trace(covariance: Float64Array, features: number): number {
  let sum = 0
  for (let i = 0; i < features; i++) sum += covariance[(i * (i + 3)) / 2]!
  return sum
}

/** y = P x. Every stored element serves its row and its column; two rows go together. */
function multiplyCovariance(
  covariance: Float64Array,
  features: number,
  x: Float64Array,
  y: Float64Array,
): void {
  y.fill(0, 0, features)
  let i = 0
  for (; i + 1 < features; i += 2) {
    const a = (i * (i + 1)) / 2
    const b = a + i + 1
    const x0 = x[i]!
    const x1 = x[i + 1]!
    let s0 = 0
    let s1 = 0
    for (let j = 0; j < i; j++) {
      const p0 = covariance[a + j]!
      const p1 = covariance[b + j]!
      s0 += p0 * x[j]!
      s1 += p1 * x[j]!
      y[j] = y[j]! + p0 * x0 + p1 * x1
    }
    const corner = covariance[b + i]!
    y[i] = s0 + covariance[a + i]! * x0 + corner * x1
    y[i + 1] = s1 + corner * x0 + covariance[b + i + 1]! * x1
  }
  if (i < features) {
    const a = (i * (i + 1)) / 2
    const x0 = x[i]!
    let s0 = 0
    for (let j = 0; j < i; j++) {
      s0 += covariance[a + j]! * x[j]!
      y[j] = y[j]! + covariance[a + j]! * x0
    }
    y[i] = s0 + covariance[a + i]! * x0
  }
}

/** P ← (P − u uᵀ share) × growth, with u = P x before the update. */
function shrinkCovariance(
  covariance: Float64Array,
  features: number,
  u: Float64Array,
  share: number,
  growth: number,
): void {
  let at = 0
  for (let i = 0; i < features; i++) {
    const k = u[i]! * share
    for (let j = 0; j <= i; j++, at++) covariance[at] = (covariance[at]! - k * u[j]!) * growth
  }
}
