import {
  type AdamStep,
  HOST_ROWS_MAX,
  HOST_RUNS_MAX,
  type Kernel,
  type KernelLimits,
  type LiveRows,
  type NetworkKernel,
  type Runs,
} from './kernel.ts'
import { LayerStack } from './layer-stack.ts'
import { ReferenceLeastSquares } from './least-squares.ts'
import { type NetworkSpec, parameterLayout, stateSize } from './network-spec.ts'
import { ReadOut } from './read-out.ts'
import { ReferenceSymbolNetwork } from './reference-symbols.ts'

/**
 * Plain loops in double precision: kept for ever as the truth that other kernels are tested
 * against. Parameters and carried states are single precision, everything between is double.
 *
 * The order of reading: `cells`, `normalise`, `products`, `layer` (which joins those three),
 * `layer-stack`, `read-out`, and here the way through all steps; `reference-symbols` beside it.
 *
 * Letters: I inputs, H hidden, L layers, O outputs, F = L H + I features, T window, S state size.
 */
export const referenceKernel: Kernel = {
  name: 'reference',
  device: 'host',
  rowsMax: HOST_ROWS_MAX,
  // Its arrays are the callers' and small tapes beside them.
  arenaBytes: 0,
  openNetwork: (spec, limits) => new ReferenceNetwork(spec, limits),
  openSymbolNetwork: (spec, limits) => new ReferenceSymbolNetwork(spec, limits),
  openLeastSquares: (options) => new ReferenceLeastSquares(options),
  runsMax: () => HOST_RUNS_MAX,
  openResident: () => null,
  close: () => {},
}

class ReferenceNetwork implements NetworkKernel {
  readonly parameters: Float32Array
  readonly secondMoments: Float32Array
  readonly gradient: Float64Array
  private readonly spec: NetworkSpec
  private readonly stateSize: number
  private readonly zeros: Float32Array
  private readonly layers: LayerStack
  private readonly readOut: ReadOut

  constructor(spec: NetworkSpec, { window, huberDelta }: KernelLimits) {
    const layout = parameterLayout(spec)
    this.spec = spec
    this.stateSize = stateSize(spec)
    this.zeros = new Float32Array(this.stateSize)
    this.parameters = new Float32Array(layout.count)
    this.secondMoments = new Float32Array(layout.count)
    this.gradient = new Float64Array(layout.count)
    this.layers = new LayerStack(spec, layout, window)
    this.readOut = new ReadOut(spec, layout, window, huberDelta)
  }

  get lossSum(): number {
    return this.readOut.lossSum
  }

  get losses(): number {
    return this.readOut.losses
  }

  /** The caller's arrays are the only ones. */
  download(): void {}

  upload(): void {}

  forward(
    rows: number,
    inputs: Float32Array,
    inputsAt: number,
    states: Float32Array,
    statesAt: number,
    outputs: Float64Array,
    outputsAt: number,
  ): void {
    for (let row = 0; row < rows; row++) {
      const stateAt = statesAt + row * this.stateSize
      this.layers.loadState(states, stateAt)
      this.step(0, inputs, inputsAt + row * this.spec.inputs)
      this.layers.storeState(states, stateAt)
      this.readOut.forward(this.parameters, 0, outputs, outputsAt + row * this.spec.outputs)
    }
  }

  forwardRows(
    rows: number,
    { inputs, states, statesAt }: LiveRows,
    shift: number,
    outputs: Float64Array,
    fresh: Float64Array | null,
  ): void {
    const { spec, readOut, parameters, zeros } = this
    for (let row = 0; row < rows; row++) {
      const at = row * spec.inputs
      this.forward(1, inputs, at, states[row]!, statesAt[row]! + shift, outputs, row * spec.outputs)
      if (fresh === null) continue
      this.layers.loadState(zeros, 0)
      this.step(0, inputs, at)
      readOut.forward(parameters, 0, fresh, row * spec.outputs)
    }
  }

  accumulate(runs: Runs, states: Float32Array): void {
    for (let run = 0; run < runs.runs; run++) {
      const steps = this.rerun(runs, run, states)
      const last = this.readOut.takeLosses(this.parameters, runs, run, 0, steps)
      if (last >= 0) this.backward(last)
    }
  }

  /** Runs one run again and leaves its window on the tapes; returns the window's steps. */
  private rerun(runs: Runs, run: number, states: Float32Array): number {
    const { inputs } = this.spec
    const warmup = runs.warmup[run]!
    const steps = runs.steps[run]! - warmup
    const first = run * runs.stepsMax
    this.layers.loadState(states, run * this.stateSize)
    for (let s = 0; s < warmup; s++) {
      this.step(0, runs.inputs, (first + s) * inputs)
      this.layers.rewind()
    }
    for (let t = 0; t < steps; t++) this.step(t, runs.inputs, (first + warmup + t) * inputs)
    return steps
  }

  /** Step t of all layers on x (I), and row t of the features. */
  private step(t: number, x: Float32Array, xAt: number): void {
    const { layers, parameters } = this
    const { hidden, inputs } = this.spec
    const { features, featureSize } = this.readOut
    const bottom = layers.tapes[0]!
    const featuresAt = t * featureSize
    const inputsAt = featuresAt + layers.tapes.length * hidden
    for (let j = 0; j < inputs; j++) {
      bottom.rows[t * (inputs + hidden) + j] = x[xAt + j]!
      features[inputsAt + j] = x[xAt + j]!
    }
    layers.step(parameters, t, features, featuresAt)
  }

  /** Back through the window from step `last`, then every weight's gradient as one product. */
  private backward(last: number): void {
    const { gradient, layers, readOut } = this
    layers.clearDeltas()
    for (let t = last; t >= 0; t--) this.stepBack(t)
    layers.addGradient(gradient, last + 1)
    readOut.addGradient(gradient, last + 1)
  }

  private stepBack(t: number): void {
    this.readOut.backward(this.parameters, t)
    this.layers.stepBack(this.parameters, t, this.readOut.featureDelta)
  }

  gradientNorm(): number {
    const { gradient } = this
    let sum = 0
    for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * gradient[i]!
    return Math.sqrt(sum)
  }

  adam({ scale, learningRate, beta2, correction, epsilon, decay }: AdamStep): void {
    const { parameters, secondMoments, gradient } = this
    const kept = 1 - learningRate * decay
    for (let i = 0; i < gradient.length; i++) {
      const g = scale * gradient[i]!
      const v = beta2 * secondMoments[i]! + (1 - beta2) * g * g
      secondMoments[i] = v
      const size = Math.sqrt(v / correction) + epsilon
      parameters[i] = kept * parameters[i]! - (learningRate * g) / size
      gradient[i] = 0
    }
    this.readOut.clearLosses()
  }

  clearGradient(): void {
    this.gradient.fill(0)
    this.readOut.clearLosses()
  }

  gradientNormByLag(runs: Runs, run: number, states: Float32Array, out: Float64Array): void {
    const { parameters, readOut } = this
    const { lossSum, losses } = readOut
    out.fill(0)
    const steps = this.rerun(runs, run, states)
    const last = steps === 0 ? -1 : readOut.takeLosses(parameters, runs, run, steps - 1, steps)
    // This looks only: the sums of the update being built stay as they were.
    readOut.lossSum = lossSum
    readOut.losses = losses
    if (last < 0) return
    this.layers.clearDeltas()
    readOut.backward(parameters, last)
    let direct = 0
    for (const d of readOut.featureDelta) direct += d * d
    out[0] = Math.sqrt(direct)
    for (let k = 1; k < steps; k++) {
      this.stepBack(steps - k)
      out[k] = this.layers.handedBack()
    }
  }
}
