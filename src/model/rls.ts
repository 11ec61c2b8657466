import type { Kernel, LeastSquares } from '../kernels/kernel.ts'
import { setDiagonal } from '../kernels/least-squares.ts'

/** Nothing is forgotten while the mean variance of the weights is above this. */
const TRACE_CAP = 1e3

/** The variance of one weight is held below so many times what it was at first. */
const VARIANCE_GROWTH_MAX = 100

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
  private readonly varianceMax: number
  private readonly prior: number

  /** Weights are 0, the covariance is `prior` × identity. */
  constructor(kernel: Kernel, shape: SquaresShape) {
    this.forgetting = shape.forgetting
    this.prior = shape.prior
    this.varianceMax = VARIANCE_GROWTH_MAX * shape.prior
    this.rls = openSquares(kernel, shape)
  }

  /** Begins anew: the features have come to mean something else. */
  restart(): void {
    const { weights, covariance, features } = this.rls
    weights.fill(0)
    setDiagonal(covariance, features, this.prior)
  }

  /**
   * Spreads forgetting over the sequences that share these weights, so that each own step of any
   * of them weighs the same, however many there are; `haste` times as fast as usual.
   */
  share(liveSequences: number, haste: number): void {
    this.rls.forgetting = 1 - (haste * (1 - this.forgetting)) / Math.max(1, liveSequences)
  }

  /**
   * Holds the variance of every weight within bounds. Forgetting makes the weight of a feature that
   * is not seen (a category that does not occur) ever less certain: after thousands of records the
   * first sight of it would throw the line off, and the cap on the trace would stop forgetting for
   * all others. Rows and columns shrink together, so that P stays positive definite.
   */
  hold(): void {
    const { covariance, used } = this.rls
    for (let i = 0; i < used; i++) {
      const row = (i * (i + 1)) / 2
      const variance = covariance[row + i]!
      if (variance <= this.varianceMax) continue
      const share = Math.sqrt(this.varianceMax / variance)
      for (let j = 0; j < i; j++) covariance[row + j]! *= share
      for (let j = i + 1; j < used; j++) covariance[(j * (j + 1)) / 2 + i]! *= share
      covariance[row + i] = this.varianceMax
    }
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
