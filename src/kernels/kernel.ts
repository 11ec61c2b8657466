import type { NetworkSpec, SymbolSpec } from './network-spec.ts'
import type { ResidentSequences, ResidentShape } from './resident.ts'
import type { SymbolLimits, SymbolNetworkKernel } from './symbol-kernel.ts'

/**
 * Of kernels in this process: rows in whole groups that all stay in a cache, and runs that one
 * update may hold before they are passed on.
 */
export const HOST_ROWS_MAX = 32
export const HOST_RUNS_MAX = 16

/** What a kernel must know at construction, to allocate everything then. */
export interface KernelLimits {
  /** Runs in one call of `accumulate`, at most. */
  readonly runsMax: number
  /** Steps of warm-up of one run, at most. */
  readonly warmupMax: number
  /** Steps over which the gradient of one run flows, at most (h). */
  readonly window: number
  /** Where the Huber loss turns from ½e² to δ(|e| − ½δ). */
  readonly huberDelta: number
}

/**
 * Runs to be learnt from, (R) of them: of run r the first `warmup[r]` of `steps[r]` steps are
 * forward only, then come at most `window` through which the gradient flows.
 */
export interface Runs {
  readonly runs: number
  /** Steps for which every run has room: the stride of the arrays below. */
  readonly stepsMax: number
  readonly warmup: Int32Array
  readonly steps: Int32Array
  /** (R, stepsMax, I) */
  readonly inputs: Float32Array
  /** (R, stepsMax, O) */
  readonly targets: Float32Array
  /** (R, stepsMax, O): 1 where this step and output is learnt. Not read in the warm-up. */
  readonly mask: Uint8Array
}

/** The rows of a live step, their states wherever the caller keeps them. */
export interface LiveRows {
  /** (rows, I) */
  readonly inputs: Float32Array
  /** The state of row r lies in `states[r]`, from `statesAt[r]` on and as far as a call says. */
  readonly states: readonly Float32Array[]
  readonly statesAt: Int32Array
}

/**
 * The arithmetic of one network: owns its parameters, the gradient being summed and all scratch.
 * Every row is computed by itself: its bits never depend on how many go together.
 */
export interface NetworkKernel {
  /**
   * The caller's side of the parameters (P), see `ParameterLayout`: true after `download`, taken up
   * by `upload`. A kernel is free to keep its own copy in its own order, or on a device.
   */
  readonly parameters: Float32Array
  /** Adam's second moments (P), under the same rule. */
  readonly secondMoments: Float32Array
  /** Brings `parameters` and `secondMoments` up to date. */
  download(): void
  /** Takes up what was written into `parameters` and `secondMoments`. */
  upload(): void
  /**
   * (P): the gradient accumulated so far, summed, not yet divided by the number of losses. For
   * tests and diagnosis: it may be fetched anew by each access.
   */
  readonly gradient: Float64Array

  /**
   * One live step of `rows` independent rows: inputs (rows, I), states (rows, S) advanced in place
   * and rounded to single precision, outputs (rows, O) written. `…At` are offsets of the first row.
   */
  forward(
    rows: number,
    inputs: Float32Array,
    inputsAt: number,
    states: Float32Array,
    statesAt: number,
    outputs: Float64Array,
    outputsAt: number,
  ): void

  /**
   * The same for rows whose states lie apart, each `shift` behind the place that `live` names.
   * `fresh` (rows, O), where it is not null: what the outputs would be from a state of zeros.
   */
  forwardRows(
    rows: number,
    live: LiveRows,
    shift: number,
    outputs: Float64Array,
    fresh: Float64Array | null,
  ): void

  /**
   * Runs every run again from `states` (R, S) and adds the gradient of its masked losses, not yet
   * divided by their number, and the losses themselves. Sums go over runs in the order given and
   * over time forward, so R runs in one call and in R calls give the same bits where the kernel
   * computes in this process; a library's sums may depend on how many there are.
   */
  accumulate(runs: Runs, states: Float32Array): void

  /** ‖Σ gradient‖₂ of all that was accumulated, summed in the order of the parameters. */
  gradientNorm(): number
  /** Sum of all accumulated losses, and their number. */
  readonly lossSum: number
  readonly losses: number

  /**
   * One pass of Adam with β₁ = 0 (Kingma & Ba 2015) over all parameters, which also clears the
   * gradient: g = scale × sum; v ← β₂v + (1 − β₂)g²;
   * p ← p − rate × (g / (√(v / correction) + ε) + decay × p).
   */
  adam(step: AdamStep): void
  /** Forgets what was accumulated. */
  clearGradient(): void

  /**
   * ‖∂L_t/∂H_{t−k}‖₂ into out[k], k = 0 … window − 1, for the losses L_t of the last step of one
   * run; 0 where the run is shorter than k. H is the whole state, as handed on to the next step;
   * out[0] is the read-out's direct share.
   */
  gradientNormByLag(runs: Runs, run: number, states: Float32Array, out: Float64Array): void
}

export interface AdamStep {
  scale: number
  learningRate: number
  beta2: number
  /** 1 − β₂^t */
  correction: number
  epsilon: number
  /**
   * Decoupled weight decay (Loshchilov & Hutter 2019) of all parameters; 0 for none. Where
   * rate × decay is below 6e−8 it is lost to the rounding of single precision.
   */
  decay: number
}

export interface LeastSquaresOptions {
  /** p */
  readonly features: number
  /** D */
  readonly outputs: number
  /** λ: weight of the past per update, 1 to forget nothing. */
  readonly forgetting: number
  /** P starts as this × identity: the inverse of the ridge at the start. */
  readonly initialVariance: number
  /** While trace(P) ≥ traceCap × p nothing is forgotten, so that P cannot wind up. */
  readonly traceCap: number
}

/**
 * Recursive least squares with D outputs that share one covariance over p features (Ljung &
 * Söderström 1983). Opening another one, or a network, may move its arrays: read them through the
 * object.
 */
export interface LeastSquares {
  readonly features: number
  readonly outputs: number
  /**
   * How many of the features are in use, the first ones; all of them at first. Of weights and
   * covariance the leading part is then read and written, packed as if there were no others:
   * who changes it sets them anew.
   */
  used: number
  /** λ, see `LeastSquaresOptions`; may change from update to update. */
  forgetting: number
  /** (D, p) */
  readonly weights: Float64Array
  /** Lower triangle of P by rows, diagonal included: element (i, j ≤ i) at i(i + 1)/2 + j. */
  readonly covariance: Float64Array
  /** (p): the features of the next call; for the caller to fill. No part of the state. */
  readonly x: Float64Array
  /** (D): what `update` learns at `x`; for the caller to fill. No part of the state. */
  readonly targets: Float64Array
  /** (D): 1 where `targets` holds something; for the caller to fill. No part of the state. */
  readonly present: Uint8Array
  /**
   * Learns `targets` at `x` for the outputs that are `present`; P learns x in any case. False, and
   * nothing changed, where the gain's denominator is not a positive finite number.
   */
  update(): boolean
  /** w_d · x of output d. */
  predict(output: number): number
}

/**
 * A family of implementations with the same meaning; `reference` is the truth in tests. Everything
 * is allocated by the calls that open something, before the first record.
 */
export interface Kernel {
  readonly name: string
  /** Where it computes. Only `gpu` may give other bits when the same is computed again. */
  readonly device: KernelDevice
  /** Rows that go forward together at most. */
  readonly rowsMax: number
  /** Bytes that it has laid out for itself; what callers see may be a part of them. */
  readonly arenaBytes: number
  openNetwork(spec: NetworkSpec, limits: KernelLimits): NetworkKernel
  openSymbolNetwork(spec: SymbolSpec, limits: SymbolLimits): SymbolNetworkKernel
  openLeastSquares(options: LeastSquaresOptions): LeastSquares
  /** Runs of so many steps, warm-up included, that one call learns well, at most. */
  runsMax(spec: NetworkSpec, steps: number): number
  /** A place on the device for sequences; null where the kernel's memory is this process's. */
  openResident(shape: ResidentShape): ResidentSequences | null
  /** Gives back what it holds outside of the process's own memory; nothing it opened works then. */
  close(): void
}

/** `host`: in this process; else where a library computes, which decides the bits. */
export type KernelDevice = 'host' | 'cpu' | 'gpu'
