import type { Kernel, LeastSquares } from '../kernels/kernel.ts'

/** Weight of the past per own step; 0.9995 remembers about 2,000 steps (learning.md §4 C). */
const FORGETTING = 0.9995
/** Nothing is forgotten while the mean variance of the weights is above this. */
const TRACE_CAP = 1e3

/** Opens least squares with weights 0 and covariance `prior` × identity. */
export function openRls(
  kernel: Kernel,
  features: number,
  outputs: number,
  prior: number,
): LeastSquares {
  return kernel.openLeastSquares({
    features,
    outputs,
    forgetting: FORGETTING,
    initialVariance: prior,
    traceCap: TRACE_CAP,
  })
}

/**
 * Spreads forgetting over the sequences that share these weights, so that each own step of any of
 * them weighs the same, however many there are.
 */
export function shareForgetting(rls: LeastSquares, liveSequences: number): void {
  rls.forgetting = 1 - (1 - FORGETTING) / Math.max(1, liveSequences)
}
