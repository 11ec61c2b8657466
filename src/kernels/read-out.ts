import type { Runs } from './kernel.ts'
import { featureSize, type NetworkSpec, type ParameterLayout } from './network-spec.ts'
import { addOuterProducts, addSums, multiply, multiplyTransposed } from './products.ts'

/**
 * The linear output of a network over a window of T steps, y = V features + c, and its losses.
 *
 * Letters: I inputs, H hidden, L layers, O outputs, F = L H + I features, T window.
 */
export class ReadOut {
  /** (T, F): h of every layer and the input after step t; for the network to fill. */
  readonly features: Float64Array
  /** F */
  readonly featureSize: number
  /** (F): ∂L / ∂ features of the step last taken back; zero towards the input. */
  readonly featureDelta: Float64Array
  lossSum = 0
  losses = 0
  private readonly layout: ParameterLayout
  /** L H */
  private readonly hiddenSize: number
  private readonly outputSize: number
  private readonly huberDelta: number
  /** (T, O): ∂L / ∂y, zero where nothing is learnt. */
  private readonly outputDeltas: Float64Array
  /** (T): whether a loss stands at this step. */
  private readonly learnt: Uint8Array
  /** (O) */
  private readonly outputs: Float64Array

  constructor(spec: NetworkSpec, layout: ParameterLayout, window: number, huberDelta: number) {
    this.layout = layout
    this.huberDelta = huberDelta
    this.hiddenSize = spec.layers * spec.hidden
    this.outputSize = spec.outputs
    this.featureSize = featureSize(spec)
    this.features = new Float64Array(window * this.featureSize)
    this.featureDelta = new Float64Array(this.featureSize)
    this.outputDeltas = new Float64Array(window * spec.outputs)
    this.learnt = new Uint8Array(window)
    this.outputs = new Float64Array(spec.outputs)
  }

  /** y (O) = V features_t + c. */
  forward(parameters: Float32Array, t: number, y: Float64Array, yAt: number): void {
    const { layout, features, featureSize: size, outputSize } = this
    for (let o = 0; o < outputSize; o++) y[yAt + o] = parameters[layout.readoutBiasesAt + o]!
    const at = layout.readoutWeightsAt
    multiply(y, yAt, parameters, at, size, features, t * size, outputSize, size)
  }

  /**
   * Adds the masked losses of window steps `from` … `to` − 1 of a run; returns the last step with a
   * loss, −1 for none. What `backward` and `addGradient` take is of these steps alone.
   */
  takeLosses(parameters: Float32Array, runs: Runs, run: number, from: number, to: number): number {
    const { outputs, outputDeltas, learnt, outputSize: size } = this
    const first = (run * runs.stepsMax + runs.warmup[run]!) * size
    let last = -1
    outputDeltas.fill(0, 0, to * size)
    learnt.fill(0, 0, to)
    for (let t = from; t < to; t++) {
      const at = first + t * size
      for (let o = 0; o < size; o++) if (runs.mask[at + o] !== 0) learnt[t] = 1
      if (learnt[t] === 0) continue
      last = t
      this.forward(parameters, t, outputs, 0)
      for (let o = 0; o < size; o++) {
        if (runs.mask[at + o] === 0) continue
        outputDeltas[t * size + o] = this.takeLoss(outputs[o]! - runs.targets[at + o]!)
      }
    }
    return last
  }

  /** Adds the Huber loss of an error (Huber 1964) and returns its derivative. */
  private takeLoss(error: number): number {
    const { huberDelta } = this
    const size = Math.abs(error)
    this.losses++
    if (size <= huberDelta) {
      this.lossSum += 0.5 * error * error
      return error
    }
    // NaN comes here and must not hide from the guard, so no sign() of it.
    this.lossSum += huberDelta * (size - 0.5 * huberDelta)
    return huberDelta * (error / size)
  }

  clearLosses(): void {
    this.lossSum = 0
    this.losses = 0
  }

  /** featureDelta (F) = Vᵀ outputDeltas_t, of the columns of h. */
  backward(parameters: Float32Array, t: number): void {
    const { layout, featureDelta, featureSize: size, outputDeltas, outputSize, hiddenSize } = this
    featureDelta.fill(0)
    if (this.learnt[t] === 0) return
    const at = layout.readoutWeightsAt
    const d = t * outputSize
    multiplyTransposed(
      featureDelta,
      0,
      parameters,
      at,
      size,
      outputDeltas,
      d,
      outputSize,
      hiddenSize,
    )
  }

  /** Adds the gradient of V and c over the window's first `steps` steps. */
  addGradient(gradient: Float64Array, steps: number): void {
    const { features: x, outputDeltas: d, featureSize: size, outputSize: rows } = this
    const { readoutWeightsAt: v, readoutBiasesAt: c } = this.layout
    addOuterProducts(gradient, v, size, d, 0, rows, x, 0, size, steps, rows, size)
    addSums(gradient, c, d, 0, rows, steps, rows)
  }
}
