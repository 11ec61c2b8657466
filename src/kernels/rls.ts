/**
 * Recursive least squares with exponential forgetting (Ljung & Söderström 1983), all outputs on
 * one covariance. P is symmetric and stored as a packed triangle: half the memory per key, half
 * the traffic, and no rounding can make it lopsided.
 */

import { assert } from '../assert.ts'
import type { RlsState } from './kernel.ts'

export interface RlsOptions {
  readonly features: number
  readonly outputs: number
  /** λ, 1 to forget nothing. */
  readonly forgetting: number
  /** P starts as this × identity: the inverse of the ridge at the start. */
  readonly initialVariance: number
  /** See `RlsState`; 1000 if left out. */
  readonly traceCap?: number
}

/** A new state: zero weights, P = initialVariance × identity. */
export function createRlsState(options: RlsOptions): RlsState {
  const { features, outputs, forgetting, initialVariance, traceCap = 1000 } = options
  assert(forgetting > 0 && forgetting <= 1, 'forgetting of least squares lies in (0, 1]')
  const covariance = new Float64Array((features * (features + 1)) / 2)
  for (let i = 0; i < features; i++) covariance[(i * (i + 3)) / 2] = initialVariance
  return {
    features,
    outputs,
    forgetting,
    traceCap,
    weights: new Float64Array(outputs * features),
    covariance,
    gain: new Float64Array(features),
  }
}

/** `Kernel.rlsUpdate`: e_d = z_d − w_d·x; k = P x / (λ + xᵀP x); w_d += k e_d; P −= k (P x)ᵀ. */
export function rlsUpdate(
  state: RlsState,
  x: Float64Array,
  targets: Float64Array,
  present: Uint8Array,
): boolean {
  const { features, outputs, forgetting, traceCap, weights, covariance, gain } = state
  multiplyCovariance(covariance, features, x, gain)
  let denominator = forgetting
  for (let i = 0; i < features; i++) denominator += gain[i]! * x[i]!
  if (!(denominator > 0 && denominator < Infinity)) return false
  for (let d = 0; d < outputs; d++) {
    if (present[d] === 0) continue
    const step = (targets[d]! - rlsPredict(state, d, x)) / denominator
    const at = d * features
    for (let i = 0; i < features; i++) weights[at + i] = weights[at + i]! + gain[i]! * step
  }
  const forgets = forgetting < 1 && trace(covariance, features) < traceCap * features
  shrinkCovariance(covariance, features, gain, 1 / denominator, forgets ? 1 / forgetting : 1)
  return true
}

export function rlsPredict(state: RlsState, output: number, x: Float64Array): number {
  const { features, weights } = state
  const at = output * features
  let sum = 0
  for (let i = 0; i < features; i++) sum += weights[at + i]! * x[i]!
  return sum
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
