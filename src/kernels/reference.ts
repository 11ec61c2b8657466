import { cellBackward, cellForward } from './cells.ts'
import type { AdamStep, Kernel, KernelLimits, NetworkKernel, Runs } from './kernel.ts'
import { type LayerTape, openTape } from './layer-tape.ts'
import { ReferenceLeastSquares } from './least-squares.ts'
import {
  featureSize,
  type NetworkSpec,
  type ParameterLayout,
  parameterLayout,
  stateSize,
} from './network-spec.ts'
import { addOuterProducts, addSums, multiply, multiplyTransposed } from './products.ts'

/**
 * Plain loops in double precision: kept for ever as the truth that other kernels are tested
 * against. Parameters and carried states are single precision, everything between is double.
 *
 * Letters: I inputs, H hidden, L layers, O outputs, F = L H + I features, T window, S state size.
 */
export const referenceKernel: Kernel = {
  name: 'reference',
  openNetwork: (spec, limits) => new ReferenceNetwork(spec, limits),
  openLeastSquares: (options) => new ReferenceLeastSquares(options),
}

class ReferenceNetwork implements NetworkKernel {
  readonly parameters: Float32Array
  readonly secondMoments: Float32Array
  readonly gradient: Float64Array
  lossSum = 0
  losses = 0
  private readonly spec: NetworkSpec
  private readonly layout: ParameterLayout
  private readonly huberDelta: number
  private readonly stateSize: number
  private readonly featureSize: number
  private readonly tapes: readonly LayerTape[]
  /** (T, F): h of every layer and the input after step t. */
  private readonly features: Float64Array
  /** (F): ∂L / ∂ features of the step in hand. */
  private readonly featureDelta: Float64Array
  /** (T, O): ∂L / ∂y, zero where nothing is learnt. */
  private readonly outputDeltas: Float64Array
  /** (T): whether a loss stands at this step. */
  private readonly learnt: Uint8Array
  /** (O) */
  private readonly outputs: Float64Array

  constructor(spec: NetworkSpec, { window, huberDelta }: KernelLimits) {
    const layout = parameterLayout(spec)
    this.spec = spec
    this.layout = layout
    this.huberDelta = huberDelta
    this.stateSize = stateSize(spec)
    this.featureSize = featureSize(spec)
    this.parameters = new Float32Array(layout.count)
    this.secondMoments = new Float32Array(layout.count)
    this.gradient = new Float64Array(layout.count)
    this.tapes = layout.layers.map((l) => openTape(spec.cell, layout, l, spec.hidden, window))
    this.features = new Float64Array(window * this.featureSize)
    this.featureDelta = new Float64Array(this.featureSize)
    this.outputDeltas = new Float64Array(window * spec.outputs)
    this.learnt = new Uint8Array(window)
    this.outputs = new Float64Array(spec.outputs)
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
      this.loadState(states, stateAt)
      this.step(0, inputs, inputsAt + row * this.spec.inputs)
      this.storeState(states, stateAt)
      this.readOut(0, outputs, outputsAt + row * this.spec.outputs)
    }
  }

  accumulate(runs: Runs, states: Float32Array): void {
    for (let run = 0; run < runs.runs; run++) {
      const steps = this.rerun(runs, run, states)
      const last = this.takeLosses(runs, run, 0, steps)
      if (last >= 0) this.backward(last)
    }
  }

  /** Runs one run again and leaves its window on the tapes; returns the window's steps. */
  private rerun(runs: Runs, run: number, states: Float32Array): number {
    const { inputs } = this.spec
    const warmup = runs.warmup[run]!
    const steps = runs.steps[run]! - warmup
    const first = run * runs.stepsMax
    this.loadState(states, run * this.stateSize)
    for (let s = 0; s < warmup; s++) {
      this.step(0, runs.inputs, (first + s) * inputs)
      this.rewind()
    }
    for (let t = 0; t < steps; t++) this.step(t, runs.inputs, (first + warmup + t) * inputs)
    return steps
  }

  /** (S) of one sequence → row 0 of the tapes. */
  private loadState(states: Float32Array, at: number): void {
    const { hidden } = this.spec
    const cellsAt = at + this.tapes.length * hidden
    for (let l = 0; l < this.tapes.length; l++) {
      const { rows, width, cells } = this.tapes[l]!
      const h = at + l * hidden
      const c = cellsAt + l * hidden
      for (let i = 0; i < hidden; i++) rows[width + i] = states[h + i]!
      if (cells.length > 0) for (let i = 0; i < hidden; i++) cells[i] = states[c + i]!
    }
  }

  /** Row 1 of the tapes → (S) of one sequence, rounded to single precision. */
  private storeState(states: Float32Array, at: number): void {
    const { hidden } = this.spec
    const cellsAt = at + this.tapes.length * hidden
    for (let l = 0; l < this.tapes.length; l++) {
      const { rows, width, cells } = this.tapes[l]!
      const h = at + l * hidden
      const c = cellsAt + l * hidden
      const next = width + hidden + width
      for (let i = 0; i < hidden; i++) states[h + i] = rows[next + i]!
      if (cells.length > 0) for (let i = 0; i < hidden; i++) states[c + i] = cells[hidden + i]!
    }
  }

  /** Makes the state after step 0 the state before it. */
  private rewind(): void {
    const { hidden } = this.spec
    for (const { rows, width, cells } of this.tapes) {
      const next = width + hidden + width
      for (let i = 0; i < hidden; i++) rows[width + i] = rows[next + i]!
      if (cells.length > 0) for (let i = 0; i < hidden; i++) cells[i] = cells[hidden + i]!
    }
  }

  /** Step t of all layers: row t of the tapes and x (I) → row t + 1 and row t of the features. */
  private step(t: number, x: Float32Array, xAt: number): void {
    const { spec, layout, parameters, features } = this
    const { hidden } = spec
    const activate = cellForward[spec.cell]
    const pre = layout.biases * hidden
    const bottom = this.tapes[0]!
    const featuresAt = t * this.featureSize
    const inputsAt = featuresAt + this.tapes.length * hidden
    for (let j = 0; j < spec.inputs; j++) {
      bottom.rows[t * (spec.inputs + hidden) + j] = x[xAt + j]!
      features[inputsAt + j] = x[xAt + j]!
    }
    for (let l = 0; l < this.tapes.length; l++) {
      const tape = this.tapes[l]!
      const layer = layout.layers[l]!
      const stride = tape.width + hidden
      const rowAt = t * stride
      const gatesAt = t * pre
      for (let i = 0; i < pre; i++) tape.gates[gatesAt + i] = parameters[layer.biasesAt + i]!
      for (const { row, rows, column, columns, gate } of tape.blocks) {
        const at = layer.weightsAt + row * stride + column
        const y = gatesAt + gate
        multiply(tape.gates, y, parameters, at, stride, tape.rows, rowAt + column, rows, columns)
      }
      activate(tape, t)
      const above = this.tapes[l + 1]
      const next = rowAt + stride + tape.width
      for (let i = 0; i < hidden; i++) {
        const h = tape.rows[next + i]!
        features[featuresAt + l * hidden + i] = h
        if (above !== undefined) above.rows[t * 2 * hidden + i] = h
      }
    }
  }

  /** y (O) = V features_t + c. */
  private readOut(t: number, y: Float64Array, yAt: number): void {
    const { layout, parameters, features, featureSize: size } = this
    const { outputs } = this.spec
    for (let o = 0; o < outputs; o++) y[yAt + o] = parameters[layout.readoutBiasesAt + o]!
    const at = layout.readoutWeightsAt
    multiply(y, yAt, parameters, at, size, features, t * size, outputs, size)
  }

  /**
   * Adds the masked losses of window steps `from` … `to` − 1 and fills `outputDeltas` up to there;
   * returns the last step with a loss, −1 for none.
   */
  private takeLosses(runs: Runs, run: number, from: number, to: number): number {
    const { outputs, outputDeltas, learnt, huberDelta } = this
    const count = this.spec.outputs
    const first = (run * runs.stepsMax + runs.warmup[run]!) * count
    let last = -1
    outputDeltas.fill(0, 0, to * count)
    learnt.fill(0, 0, to)
    for (let t = from; t < to; t++) {
      const at = first + t * count
      for (let o = 0; o < count; o++) if (runs.mask[at + o] !== 0) learnt[t] = 1
      if (learnt[t] === 0) continue
      last = t
      this.readOut(t, outputs, 0)
      for (let o = 0; o < count; o++) {
        if (runs.mask[at + o] === 0) continue
        const error = outputs[o]! - runs.targets[at + o]!
        const size = Math.abs(error)
        this.losses++
        if (size <= huberDelta) {
          this.lossSum += 0.5 * error * error
          outputDeltas[t * count + o] = error
        } else {
          // NaN comes here and must not hide from the guard, so no sign() of it.
          this.lossSum += huberDelta * (size - 0.5 * huberDelta)
          outputDeltas[t * count + o] = huberDelta * (error / size)
        }
      }
    }
    return last
  }

  /** Back through the window from step `last`, then every weight's gradient as one product. */
  private backward(last: number): void {
    const { layout, gradient, tapes, features, outputDeltas, featureSize: size } = this
    const { hidden, outputs } = this.spec
    this.clearDeltas()
    for (let t = last; t >= 0; t--) this.stepBack(t)
    const steps = last + 1
    for (let l = 0; l < tapes.length; l++) {
      const { width, blocks, deltas, rows: x } = tapes[l]!
      const { weightsAt, biasesAt } = layout.layers[l]!
      const stride = width + hidden
      const pre = layout.biases * hidden
      for (const { row, rows, column, columns, gate } of blocks) {
        const at = weightsAt + row * stride + column
        addOuterProducts(
          gradient,
          at,
          stride,
          deltas,
          gate,
          pre,
          x,
          column,
          stride,
          steps,
          rows,
          columns,
        )
      }
      addSums(gradient, biasesAt, deltas, 0, pre, steps, pre)
    }
    const { readoutWeightsAt: v, readoutBiasesAt: c } = layout
    addOuterProducts(
      gradient,
      v,
      size,
      outputDeltas,
      0,
      outputs,
      features,
      0,
      size,
      steps,
      outputs,
      size,
    )
    addSums(gradient, c, outputDeltas, 0, outputs, steps, outputs)
  }

  private clearDeltas(): void {
    for (const tape of this.tapes) {
      tape.rowDelta.fill(0)
      tape.cellDelta.fill(0)
    }
  }

  /**
   * Step t backwards: `rowDelta` and `cellDelta` hold what step t + 1 handed back, afterwards what
   * step t does. Row deltas towards the raw input stay zero.
   */
  private stepBack(t: number): void {
    const { layout, parameters, tapes } = this
    const { hidden } = this.spec
    const derive = cellBackward[this.spec.cell]
    const pre = layout.biases * hidden
    this.readOutBack(t)
    for (let l = tapes.length - 1; l >= 0; l--) {
      const tape = tapes[l]!
      const above = tapes[l + 1]
      const { hiddenDelta, rowDelta, deltas, width } = tape
      for (let i = 0; i < hidden; i++) {
        hiddenDelta[i] = rowDelta[width + i]! + this.featureDelta[l * hidden + i]!
      }
      if (above !== undefined) {
        for (let i = 0; i < hidden; i++) hiddenDelta[i] = hiddenDelta[i]! + above.rowDelta[i]!
      }
      derive(tape, t)
      const stride = width + hidden
      for (const { row, rows, column, columns, gate } of tape.backwardBlocks) {
        const at = layout.layers[l]!.weightsAt + row * stride + column
        const d = t * pre + gate
        multiplyTransposed(rowDelta, column, parameters, at, stride, deltas, d, rows, columns)
      }
    }
  }

  /** featureDelta (F) = Vᵀ outputDeltas_t, of the columns of h. */
  private readOutBack(t: number): void {
    const { layout, parameters, featureDelta, featureSize: size } = this
    const { hidden, outputs } = this.spec
    featureDelta.fill(0)
    if (this.learnt[t] === 0) return
    const at = layout.readoutWeightsAt
    const d = t * outputs
    const columns = this.tapes.length * hidden
    multiplyTransposed(
      featureDelta,
      0,
      parameters,
      at,
      size,
      this.outputDeltas,
      d,
      outputs,
      columns,
    )
  }

  gradientNorm(): number {
    const { gradient } = this
    let sum = 0
    for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * gradient[i]!
    return Math.sqrt(sum)
  }

  adam({ scale, learningRate, beta2, correction, epsilon }: AdamStep): void {
    const { parameters, secondMoments, gradient } = this
    for (let i = 0; i < gradient.length; i++) {
      const g = scale * gradient[i]!
      const v = beta2 * secondMoments[i]! + (1 - beta2) * g * g
      secondMoments[i] = v
      parameters[i] = parameters[i]! - (learningRate * g) / (Math.sqrt(v / correction) + epsilon)
      gradient[i] = 0
    }
    this.lossSum = 0
    this.losses = 0
  }

  clearGradient(): void {
    this.gradient.fill(0)
    this.lossSum = 0
    this.losses = 0
  }

  gradientNormByLag(runs: Runs, run: number, states: Float32Array, out: Float64Array): void {
    const { lossSum, losses } = this
    out.fill(0)
    const steps = this.rerun(runs, run, states)
    const last = steps === 0 ? -1 : this.takeLosses(runs, run, steps - 1, steps)
    // This looks only: the sums of the update being built stay as they were.
    this.lossSum = lossSum
    this.losses = losses
    if (last < 0) return
    this.clearDeltas()
    this.readOutBack(last)
    let direct = 0
    for (const d of this.featureDelta) direct += d * d
    out[0] = Math.sqrt(direct)
    for (let k = 1; k < steps; k++) {
      this.stepBack(steps - k)
      out[k] = this.handedBack()
    }
  }

  /** ‖∂L / ∂(state before the step in hand)‖₂. */
  private handedBack(): number {
    let sum = 0
    for (const { rowDelta, cellDelta, width } of this.tapes) {
      for (let i = width; i < rowDelta.length; i++) sum += rowDelta[i]! * rowDelta[i]!
      for (let i = 0; i < cellDelta.length; i++) sum += cellDelta[i]! * cellDelta[i]!
    }
    return Math.sqrt(sum)
  }
}
