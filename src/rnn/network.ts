import { assert } from '../assert.ts'
import type { AdamStep, Kernel, LiveRows, NetworkKernel } from '../kernels/kernel.ts'
import { type NetworkSpec, stateSize } from '../kernels/network-spec.ts'
import { Random } from '../random.ts'
import { initialise } from './initialise.ts'
import type { WindowBatch } from './window-batch.ts'

export interface NetworkOptions {
  readonly learningRate: number
  /** Decay of Adam's second moments: 0.999 for series, 0.9999 for text. */
  readonly beta2: number
  readonly epsilon: number
  /** Decoupled, of all parameters, as a share of the learning rate; 0 if left out. */
  readonly weightDecay?: number
  /** The mean gradient is scaled down to this norm where it is longer. */
  readonly clipNorm: number
  readonly huberDelta: number
  /** h: steps over which gradients flow. */
  readonly window: number
  /** Runs in a batch and steps of warm-up, at most. */
  readonly runsMax: number
  readonly warmupMax: number
  /** Of the initial weights; null leaves them at zero, for a look at sizes alone. */
  readonly seed: number | null
}

export interface UpdateReport {
  /** Mean Huber loss over the losses of this update; 0 where there were none. */
  loss: number
  losses: number
  /** ‖mean gradient‖₂ before clipping. */
  gradientNorm: number
  clipped: boolean
  /** False where there was nothing to learn or the gradient was not finite: nothing has changed. */
  applied: boolean
}

/** What those who watch a network want to know of its updates; no part of the state. */
export interface ObservedUpdates {
  /** Of the newest update that was applied, before clipping; NaN before one. */
  gradientNorm: number
  /** Updates since this object was made that were clipped, and that were dropped as not finite. */
  clipped: number
  refused: number
  /** ‖change of the weights‖₂ ÷ ‖weights‖₂ of the newest measured update; NaN before one. */
  size: number
}

const UPDATES = 0
const BETA2_POWER = 1
const LEARNING_RATE = 2

/**
 * A recurrent network that learns for ever by truncated back-propagation through time, BPTT(h; h')
 * of Williams & Peng (1990) with the window run again under the current weights. Hidden states are
 * the caller's: the network holds weights and optimiser alone.
 *
 * One update is any number of `accumulate` calls and one `finishUpdate`; the gradient is the mean
 * over all its losses.
 */
export class Network {
  readonly spec: NetworkSpec
  readonly options: NetworkOptions
  /** Floats of one sequence's state. */
  readonly stateSize: number
  /** Its arithmetic. */
  readonly kernel: NetworkKernel
  private readonly scalars = new Float64Array(3)
  private readonly adamStep: AdamStep
  private readonly report: UpdateReport = {
    loss: 0,
    losses: 0,
    gradientNorm: 0,
    clipped: false,
    applied: false,
  }
  private readonly observed: ObservedUpdates = {
    gradientNorm: NaN,
    clipped: 0,
    refused: 0,
    size: NaN,
  }
  /** The weights before the update that is measured; none until the first is. */
  private before = new Float32Array(0)
  private measuring = false

  constructor(spec: NetworkSpec, options: NetworkOptions, kernel: Kernel) {
    const { window, runsMax, warmupMax, huberDelta, learningRate, beta2, epsilon } = options
    this.spec = spec
    this.options = options
    this.stateSize = stateSize(spec)
    this.kernel = kernel.openNetwork(spec, { window, runsMax, warmupMax, huberDelta })
    this.scalars[BETA2_POWER] = 1
    this.scalars[LEARNING_RATE] = learningRate
    const decay = options.weightDecay ?? 0
    this.adamStep = { scale: 1, learningRate, beta2, correction: 1, epsilon, decay }
    if (options.seed === null) return
    initialise(spec, this.kernel.parameters, new Random(options.seed))
    this.kernel.upload()
  }

  /** See `parameterLayout`. Call `stateWritten` after writing into it. */
  get parameters(): Float32Array {
    this.kernel.download()
    return this.kernel.parameters
  }

  get secondMoments(): Float32Array {
    this.kernel.download()
    return this.kernel.secondMoments
  }

  /** Updates applied so far: Adam's t. */
  get updates(): number {
    return this.scalars[UPDATES]!
  }

  /** Part of the state, so that a change of it survives a restore. */
  get learningRate(): number {
    return this.scalars[LEARNING_RATE]!
  }

  set learningRate(rate: number) {
    this.scalars[LEARNING_RATE] = rate
  }

  /** What updates were like; `size` is of the one after the latest `measureNext`. */
  get updatesObserved(): Readonly<ObservedUpdates> {
    return this.observed
  }

  /** The next update is measured; it is the same with and without that. */
  measureNext(): void {
    this.measuring = true
  }

  /** The whole state between two updates, for a snapshot; after a restore call `stateWritten`. */
  stateArrays(): { parameters: Float32Array; secondMoments: Float32Array; scalars: Float64Array } {
    this.kernel.download()
    return {
      parameters: this.kernel.parameters,
      secondMoments: this.kernel.secondMoments,
      scalars: this.scalars,
    }
  }

  /** Tells the kernel that someone has written into `stateArrays()`. */
  stateWritten(): void {
    this.kernel.upload()
  }

  /**
   * One live step for `rows` independent rows: inputs (rows, I); states (rows, S), advanced in
   * place; outputs (rows, O), written. `…At` are offsets of the first row, so that callers need no
   * subarray. A row's bits do not depend on the other rows.
   */
  forward(
    rows: number,
    inputs: Float32Array,
    inputsAt: number,
    states: Float32Array,
    statesAt: number,
    outputs: Float64Array,
    outputsAt: number,
  ): void {
    this.kernel.forward(rows, inputs, inputsAt, states, statesAt, outputs, outputsAt)
  }

  /** The same for rows whose states lie apart: see `NetworkKernel.forwardRows`. */
  forwardRows(
    rows: number,
    live: LiveRows,
    shift: number,
    outputs: Float64Array,
    fresh: Float64Array | null,
  ): void {
    this.kernel.forwardRows(rows, live, shift, outputs, fresh)
  }

  /**
   * Adds the gradient of a batch to the update being built. `states` (runs, S): each run's state
   * before its first step; left as it is. Runs are summed in the order given, steps forward.
   */
  accumulate(batch: WindowBatch, states: Float32Array): void {
    this.check(batch)
    this.kernel.accumulate(batch, states)
  }

  /**
   * Ends the update: mean over all losses, clip by global norm, one step of Adam with β₁ = 0 and
   * bias correction. A gradient that is not finite is dropped whole. The report is reused.
   */
  finishUpdate(): UpdateReport {
    const { kernel, report, scalars, adamStep, options } = this
    const { losses } = kernel
    report.losses = losses
    report.loss = losses === 0 ? 0 : kernel.lossSum / losses
    report.gradientNorm = losses === 0 ? 0 : kernel.gradientNorm() / losses
    report.applied = losses > 0 && Number.isFinite(report.gradientNorm + report.loss)
    report.clipped = report.applied && report.gradientNorm > options.clipNorm
    if (!report.applied) {
      if (losses > 0) this.observed.refused++
      kernel.clearGradient()
      return report
    }
    const power = scalars[BETA2_POWER]! * options.beta2
    scalars[BETA2_POWER] = power
    scalars[UPDATES] = scalars[UPDATES]! + 1
    adamStep.scale = (report.clipped ? options.clipNorm / report.gradientNorm : 1) / losses
    adamStep.learningRate = scalars[LEARNING_RATE]!
    adamStep.correction = 1 - power
    this.observed.gradientNorm = report.gradientNorm
    if (report.clipped) this.observed.clipped++
    if (this.measuring) this.before = this.parameters.slice()
    kernel.adam(adamStep)
    if (this.measuring) this.measure()
    return report
  }

  /**
   * ‖∂L_t/∂H_{t−k}‖₂ into `out` (window) for k = 0 … window − 1, L_t being the masked losses of the
   * last step of `run`. H is the whole state as handed from step to step; k beyond the run's window
   * gives 0. Changes nothing.
   */
  gradientNormByLag(
    batch: WindowBatch,
    run: number,
    states: Float32Array,
    out: Float64Array,
  ): void {
    this.check(batch)
    assert(run < batch.runs && out.length >= this.options.window, 'the run and its lags exist')
    this.kernel.gradientNormByLag(batch, run, states, out)
  }

  private measure(): void {
    const { before, parameters } = this
    let change = 0
    let size = 0
    for (let i = 0; i < parameters.length; i++) {
      const weight = parameters[i]!
      change += (weight - before[i]!) * (weight - before[i]!)
      size += weight * weight
    }
    this.observed.size = Math.sqrt(change / size)
    this.measuring = false
  }

  private check(batch: WindowBatch): void {
    const { window, runsMax, warmupMax } = this.options
    assert(batch.runs <= runsMax, 'a batch has no more runs than the network was opened for')
    for (let r = 0; r < batch.runs; r++) {
      const warmup = batch.warmup[r]!
      assert(warmup <= warmupMax, 'a warm-up is no longer than the network was opened for')
      assert(batch.steps[r]! - warmup <= window, 'gradients flow over one window at most')
    }
  }
}
