import { assert } from '../assert.ts'
import type { AdamStep, Kernel } from '../kernels/kernel.ts'
import { type RecurrentSpec, type SymbolSpec, stateSize } from '../kernels/network-spec.ts'
import type { OutputStep, SymbolNetworkKernel } from '../kernels/symbol-kernel.ts'
import { Random } from '../random.ts'
import type { ObservedUpdates, UpdateReport } from './network.ts'
import { SymbolBatch } from './symbol-batch.ts'
import { initialiseSymbols } from './symbol-initialise.ts'
import { SYMBOL_TUNING, type SymbolTuning } from './symbol-tuning.ts'

export interface SymbolNetworkOptions extends RecurrentSpec {
  /** V: symbols are 0 … V − 1. */
  readonly symbols: number
  /** Of the layers, at the start; see `SymbolTuning` for how it goes on. */
  readonly learningRate: number
  /** h: steps over which gradients flow. */
  readonly window: number
  /** Runs in a batch and steps of warm-up, at most. */
  readonly runsMax: number
  readonly warmupMax: number
  /** Of the initial weights; null leaves them at zero, for a look at sizes alone. */
  readonly seed: number | null
  readonly tuning?: Partial<SymbolTuning>
}

/** The whole state between two updates. */
export interface SymbolStateArrays {
  /** (P): see `SymbolLayout`. */
  readonly parameters: Float32Array
  /** Adam's, of all but the softmax. */
  readonly secondMoments: Float32Array
  /** (V + 1): the softmax's, by column. */
  readonly outputMoments: Float32Array
  /** (V): the column of each symbol, 0 for one that was never seen. */
  readonly columns: Int32Array
  readonly scalars: Float64Array
}

const UPDATES = 0
const BETA2_POWER = 1
const LEARNING_RATE = 2
const OUTPUT_POWER = 3
const LEARNT = 4
const SCALARS = 5

/**
 * A recurrent network over symbols that learns for ever: every layer's h feeds one softmax, which
 * learns at every symbol; the layers, and what each symbol feeds to their gates, by truncated
 * back-propagation through time as in `Network`. Hidden states are the caller's.
 *
 * Symbols get columns of the softmax as they appear. Column 0 stands for all that have not, so that
 * a small vocabulary in a large alphabet costs little and a new symbol has a learnt probability.
 */
export class SymbolNetwork {
  readonly spec: SymbolSpec
  readonly options: SymbolNetworkOptions
  /** S: floats of one sequence's state. */
  readonly stateSize: number
  private readonly tuning: SymbolTuning
  private readonly kernel: SymbolNetworkKernel
  private readonly scalars = new Float64Array(SCALARS)
  private readonly columns: Int32Array
  /** (V + 1): a distribution over columns. */
  private readonly byColumn: Float64Array
  /** The caller's runs with columns for symbols. */
  private readonly batch: SymbolBatch
  private readonly adamStep: AdamStep
  private readonly outputStep: OutputStep
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

  constructor(options: SymbolNetworkOptions, kernel: Kernel) {
    const { cell, hidden, layers, normalise, symbols, window, runsMax, warmupMax } = options
    const spec = { cell, hidden, layers, columns: symbols + 1, normalise: normalise === true }
    this.spec = spec
    this.options = options
    this.stateSize = stateSize(spec)
    this.tuning = { ...SYMBOL_TUNING, ...options.tuning }
    this.kernel = kernel.openSymbolNetwork(spec, { window, runsMax, warmupMax })
    this.columns = new Int32Array(symbols)
    this.byColumn = new Float64Array(spec.columns)
    this.batch = new SymbolBatch({ runsMax, stepsMax: window + warmupMax })
    const { beta2, epsilon } = this.tuning
    this.adamStep = { scale: 1, learningRate: 0, beta2, correction: 1, epsilon, decay: 0 }
    const gain = 1 - this.tuning.outputBeta2
    this.outputStep = { rate: 0, gain, correction: 1, epsilon: this.tuning.outputEpsilon }
    this.scalars[BETA2_POWER] = 1
    this.scalars[OUTPUT_POWER] = 1
    this.scalars[LEARNING_RATE] = options.learningRate
    this.kernel.used = 1
    if (options.seed === null) return
    const random = new Random(options.seed)
    initialiseSymbols(spec, this.kernel.parameters, random, this.tuning)
    this.kernel.upload()
  }

  /** Updates applied so far: Adam's t. */
  get updates(): number {
    return this.scalars[UPDATES]!
  }

  /** At the start; part of the state, so that a change of it survives a restore. */
  get learningRate(): number {
    return this.scalars[LEARNING_RATE]!
  }

  set learningRate(rate: number) {
    this.scalars[LEARNING_RATE] = rate
  }

  /** All parameters, a view. */
  get parameters(): Float32Array {
    return this.kernel.parameters
  }

  get updatesObserved(): Readonly<ObservedUpdates> {
    return this.observed
  }

  /** For a snapshot; after writing into them call `stateWritten`. */
  stateArrays(): SymbolStateArrays {
    const { kernel, columns, scalars } = this
    kernel.download()
    const { parameters, secondMoments, outputMoments } = kernel
    return { parameters, secondMoments, outputMoments, columns, scalars }
  }

  /** Tells the kernel that someone has written into `stateArrays()`. */
  stateWritten(): void {
    let used = 1
    for (const column of this.columns) used = Math.max(used, column + 1)
    this.kernel.used = used
    this.kernel.upload()
  }

  /** P(next symbol) of the state at `states[at …]` (S) into `out` (V); changes nothing. */
  distribution(states: Float32Array, at: number, out: Float64Array): void {
    const { columns, byColumn, kernel } = this
    kernel.distribution(states, at, byColumn)
    const unseen = columns.length - (kernel.used - 1)
    const { floor } = this.tuning
    // With no symbol left to appear, column 0 is shared out in proportion.
    const known = unseen > 0 ? 1 : 1 / (1 - byColumn[0]!)
    const scale = 1 - floor * columns.length
    const each = floor + (unseen > 0 ? (scale * byColumn[0]!) / unseen : 0)
    for (let v = 0; v < columns.length; v++) {
      const column = columns[v]!
      out[v] = column === 0 ? each : floor + scale * known * byColumn[column]!
    }
  }

  /**
   * The softmax learns that `symbol` followed the state, for which `distribution` has given `out`.
   */
  learnOutput(states: Float32Array, at: number, out: Float64Array, symbol: number): void {
    const { columns, byColumn, kernel, scalars, tuning, outputStep } = this
    const { used } = kernel
    let rest = 1
    for (let v = 0; v < columns.length; v++) {
      const column = columns[v]!
      if (column === 0) continue
      byColumn[column] = out[v]!
      rest -= out[v]!
    }
    byColumn[0] = Math.max(0, rest)
    scalars[OUTPUT_POWER] = scalars[OUTPUT_POWER]! * tuning.outputBeta2
    scalars[LEARNT] = scalars[LEARNT]! + 1
    // Every feature adds its share to a logit, hence the rate of each by their number.
    outputStep.rate =
      (tuning.outputRate / (this.spec.layers * this.spec.hidden)) *
      decayed(scalars[LEARNT]! / tuning.outputDecaySymbols, tuning.outputRateFloor)
    outputStep.correction = 1 - scalars[OUTPUT_POWER]!
    kernel.learnOutput(states, at, byColumn, columns[symbol]!, outputStep)
    if (columns[symbol] !== 0) return
    columns[symbol] = used
    kernel.used = used + 1
  }

  /** The state advances by `symbol`, in place. */
  advance(states: Float32Array, at: number, symbol: number): void {
    this.kernel.advance(states, at, this.columns[symbol]!)
  }

  /**
   * Adds the gradient of a batch to the update being built, through the softmax as it is now.
   * `states` (runs, S): each run's state before its first step; left as it is. Runs are summed in
   * the order given, steps forward.
   */
  accumulate(batch: SymbolBatch, states: Float32Array): void {
    this.kernel.accumulate(this.inColumns(batch), states)
  }

  private inColumns(from: SymbolBatch): SymbolBatch {
    const { batch, columns, options } = this
    const { window, warmupMax } = options
    batch.clear()
    for (let r = 0; r < from.runs; r++) {
      const warmup = from.warmup[r]!
      const steps = from.steps[r]!
      assert(warmup <= warmupMax, 'a warm-up is no longer than the network was opened for')
      assert(steps - warmup <= window, 'gradients flow over one window at most')
      batch.add(warmup, steps)
      const symbols = from.symbolsAt(r, 0)
      const mask = from.maskAt(r, 0)
      const to = batch.symbolsAt(r, 0)
      for (let s = 0; s <= steps; s++) batch.symbols[to + s] = columns[from.symbols[symbols + s]!]!
      const toMask = batch.maskAt(r, 0)
      for (let s = 0; s < steps; s++) batch.mask[toMask + s] = from.mask[mask + s]!
    }
    return batch
  }

  /**
   * Ends the update: mean over all losses, clip by global norm, one step of Adam with β₁ = 0 and
   * bias correction. A gradient that is not finite is dropped whole. The report is reused.
   */
  finishUpdate(): UpdateReport {
    const { kernel, report, scalars, adamStep, tuning, observed } = this
    const { losses } = kernel
    report.losses = losses
    report.loss = losses === 0 ? 0 : kernel.lossSum / losses
    report.gradientNorm = losses === 0 ? 0 : kernel.gradientNorm() / losses
    report.applied = losses > 0 && Number.isFinite(report.gradientNorm + report.loss)
    report.clipped = report.applied && report.gradientNorm > tuning.clipNorm
    if (!report.applied) {
      if (losses > 0) observed.refused++
      kernel.clearGradient()
      return report
    }
    const power = scalars[BETA2_POWER]! * tuning.beta2
    const t = scalars[UPDATES]! + 1
    scalars[BETA2_POWER] = power
    scalars[UPDATES] = t
    adamStep.scale = (report.clipped ? tuning.clipNorm / report.gradientNorm : 1) / losses
    adamStep.learningRate =
      scalars[LEARNING_RATE]! * decayed(t / tuning.decayUpdates, tuning.rateFloor)
    adamStep.correction = 1 - power
    observed.gradientNorm = report.gradientNorm
    if (report.clipped) observed.clipped++
    kernel.adam(adamStep)
    return report
  }
}

/** 1 / √(1 + time), no lower than `floor`. */
function decayed(time: number, floor: number): number {
  return Math.max(floor, 1 / Math.sqrt(1 + time))
}
