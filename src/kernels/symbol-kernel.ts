import type { AdamStep, KernelLimits } from './kernel.ts'

export type SymbolLimits = Pick<KernelLimits, 'runsMax' | 'warmupMax' | 'window'>

/**
 * Runs over symbols to be learnt from, (R) of them: of run r the first `warmup[r]` of `steps[r]`
 * steps are forward only, then come at most `window` through which the gradient flows.
 */
export interface SymbolRuns {
  readonly runs: number
  /** Steps for which every run has room. */
  readonly stepsMax: number
  readonly warmup: Int32Array
  readonly steps: Int32Array
  /** (R, stepsMax + 1): what goes in at each step; what is to be predicted there is the next. */
  readonly symbols: Int32Array
  /** (R, stepsMax): 1 where this step's prediction is learnt. Not read in the warm-up. */
  readonly mask: Uint8Array
}

/** How the softmax learns one symbol. */
export interface OutputStep {
  rate: number
  /** Share of the newest error in the second moments: 1 − β₂. */
  gain: number
  /** 1 − β₂^t, t counting this step. */
  correction: number
  epsilon: number
}

/**
 * The arithmetic of one network of symbols: owns its parameters, the gradient being summed and all
 * scratch. What it calls a symbol is a column of the softmax, 0 … `used` − 1. Every row and every
 * run is computed by itself: its bits never depend on how many go together.
 */
export interface SymbolNetworkKernel {
  /** The caller's side of the parameters (P), see `SymbolLayout`: as in `NetworkKernel`. */
  readonly parameters: Float32Array
  /** Adam's second moments of all but the softmax (its first parameters), under the same rule. */
  readonly secondMoments: Float32Array
  /** (O): second moments of the softmax's errors, under the same rule. */
  readonly outputMoments: Float32Array
  /** Brings them up to date. */
  download(): void
  /** Takes up what was written into them. */
  upload(): void
  /** Of all but the softmax: summed, not yet divided by the number of losses. For tests. */
  readonly gradient: Float64Array
  /** Columns in use, the first ones; the others neither count nor learn. One or more. */
  used: number
  /** Softmax of the state at `states[at …]` over the columns in use, into `out` (used). */
  distribution(states: Float32Array, at: number, out: Float64Array): void
  /**
   * One step of the softmax towards `symbol`, with `distribution` (used) as it was for the state:
   * e = p − 1[symbol]; v ← v + gain (e² − v); W ← W − rate × e ÷ (√(v ÷ correction) + ε) hᵀ.
   */
  learnOutput(
    states: Float32Array,
    at: number,
    distribution: Float64Array,
    symbol: number,
    step: OutputStep,
  ): void
  /** The state advances by `symbol`, in place, rounded to single precision. */
  advance(states: Float32Array, at: number, symbol: number): void
  /** As in `NetworkKernel`; losses are cross-entropies in nats, the softmax gets no gradient. */
  accumulate(runs: SymbolRuns, states: Float32Array): void
  gradientNorm(): number
  readonly lossSum: number
  readonly losses: number
  /**
   * Adam as in `NetworkKernel`, over the layers. Rows of the tables whose symbol did not go in
   * since the last step rest, moments and all.
   */
  adam(step: AdamStep): void
  clearGradient(): void
}
