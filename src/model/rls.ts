import type { RlsState } from '../kernels/kernel.ts'

/** Weight of the past per own step; 0.9995 remembers about 2,000 steps (learning.md §4 C). */
const FORGETTING = 0.9995
/** Nothing is forgotten while the mean variance of the weights is above this. */
const TRACE_CAP = 1e3

/** A fresh least-squares state with weights 0 and covariance `prior` × identity. */
export class Rls implements RlsState {
  readonly features: number
  readonly outputs: number
  readonly traceCap = TRACE_CAP
  readonly weights: Float64Array
  readonly covariance: Float64Array
  readonly gain: Float64Array
  forgetting = FORGETTING

  constructor(features: number, outputs: number, prior: number) {
    this.features = features
    this.outputs = outputs
    this.weights = new Float64Array(outputs * features)
    this.covariance = new Float64Array((features * (features + 1)) / 2)
    this.gain = new Float64Array(features)
    for (let i = 0; i < features; i++) this.covariance[(i * (i + 1)) / 2 + i] = prior
  }

  /**
   * Spreads forgetting over the sequences that share these weights, so that each own step of any
   * of them weighs the same, however many there are.
   */
  share(liveSequences: number): void {
    this.forgetting = 1 - (1 - FORGETTING) / Math.max(1, liveSequences)
  }
}
