import type { Kernel, LeastSquares } from '../kernels/kernel.ts'

/** Nothing is forgotten while the mean variance of the weights is above this. */
const TRACE_CAP = 1e3

export interface SquaresShape {
  readonly features: number
  readonly outputs: number
  /** Weight of the past per own step: 0.9995 remembers about 2,000 steps (learning.md §4 C). */
  readonly forgetting: number
  /** Variance of the weights before the first observation, in standardised units. */
  readonly prior: number
}

/** Least squares that all sequences share. */
export class PooledSquares {
  readonly rls: LeastSquares
  private readonly forgetting: number

  /** Weights are 0, the covariance is `prior` × identity. */
  constructor(kernel: Kernel, shape: SquaresShape) {
    this.forgetting = shape.forgetting
    this.rls = openSquares(kernel, shape)
  }

  /**
   * Spreads forgetting over the sequences that share these weights, so that each own step of any
   * of them weighs the same, however many there are; `haste` times as fast as usual.
   */
  share(liveSequences: number, haste: number): void {
    this.rls.forgetting = 1 - (haste * (1 - this.forgetting)) / Math.max(1, liveSequences)
  }
}

/** Opens least squares with weights 0. */
export function openSquares(kernel: Kernel, shape: SquaresShape): LeastSquares {
  return kernel.openLeastSquares({
    features: shape.features,
    outputs: shape.outputs,
    forgetting: shape.forgetting,
    initialVariance: shape.prior,
    traceCap: TRACE_CAP,
  })
}
