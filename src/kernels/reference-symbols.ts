import type { AdamStep } from './kernel.ts'
import { LayerStack } from './layer-stack.ts'
import { type SymbolLayout, type SymbolSpec, stateSize, symbolLayout } from './network-spec.ts'
import { multiply, multiplyTransposed } from './products.ts'
import type { OutputStep, SymbolLimits, SymbolNetworkKernel, SymbolRuns } from './symbol-kernel.ts'
import { exp, log } from './transcendental.ts'

/**
 * A network of symbols in plain loops: parameters, moments and carried states are single precision,
 * everything between is double.
 *
 * Letters: H hidden, L layers, O columns, F = L H features, T window, S state size.
 */
export class ReferenceSymbolNetwork implements SymbolNetworkKernel {
  readonly parameters: Float32Array
  readonly secondMoments: Float32Array
  readonly outputMoments: Float32Array
  readonly gradient: Float64Array
  /** (O): 1 where the symbol went in since the last step of Adam. */
  private readonly touched: Uint8Array
  used: number
  lossSum = 0
  losses = 0
  private readonly layout: SymbolLayout
  private readonly layers: LayerStack
  private readonly stateSize: number
  /** F */
  private readonly featureSize: number
  /** Entries of a row of the tables, and their rows. */
  private readonly rowSize: number
  private readonly columns: number
  /** (T, F): h of every layer after step t; ∂L / ∂ of those of the step in hand. */
  private readonly features: Float64Array
  private readonly featureDelta: Float64Array
  /** (T, O): ∂L / ∂ logits, zero where nothing is learnt. */
  private readonly outputDeltas: Float64Array
  /** (F), (O): of a state that is looked at. */
  private readonly liveFeatures: Float64Array
  private readonly live: Float64Array

  constructor(spec: SymbolSpec, { window }: SymbolLimits) {
    const layout = symbolLayout(spec)
    const { columns } = spec
    this.layout = layout
    this.layers = new LayerStack(spec, layout, window, { tablesAt: layout.tablesAt, columns })
    this.stateSize = stateSize(spec)
    this.featureSize = spec.layers * spec.hidden
    this.rowSize = layout.gates * spec.hidden
    this.columns = columns
    this.used = columns
    this.parameters = new Float32Array(layout.count)
    this.secondMoments = new Float32Array(layout.outputWeightsAt)
    this.outputMoments = new Float32Array(columns)
    this.gradient = new Float64Array(layout.outputWeightsAt)
    this.touched = new Uint8Array(columns)
    this.features = new Float64Array(window * this.featureSize)
    this.featureDelta = new Float64Array(this.featureSize)
    this.outputDeltas = new Float64Array(window * columns)
    this.liveFeatures = new Float64Array(this.featureSize)
    this.live = new Float64Array(columns)
  }

  /** The caller's arrays are the only ones. */
  download(): void {}

  upload(): void {}

  distribution(states: Float32Array, at: number, out: Float64Array): void {
    const { liveFeatures, featureSize } = this
    for (let i = 0; i < featureSize; i++) liveFeatures[i] = states[at + i]!
    this.softmax(liveFeatures, 0, out, 0)
  }

  /** P (used) = softmax(V h + c); returns ln Σ e^logit, of which it is the derivative. */
  private softmax(h: Float64Array, hAt: number, p: Float64Array, pAt: number): number {
    const { layout, parameters, featureSize, used } = this
    const { outputWeightsAt, outputBiasesAt } = layout
    for (let o = 0; o < used; o++) p[pAt + o] = parameters[outputBiasesAt + o]!
    multiply(p, pAt, parameters, outputWeightsAt, featureSize, h, hAt, used, featureSize)
    let highest = p[pAt]!
    for (let o = 1; o < used; o++) highest = Math.max(highest, p[pAt + o]!)
    let sum = 0
    for (let o = 0; o < used; o++) {
      const e = exp(p[pAt + o]! - highest)
      p[pAt + o] = e
      sum += e
    }
    for (let o = 0; o < used; o++) p[pAt + o] = p[pAt + o]! / sum
    return highest + log(sum)
  }

  learnOutput(
    states: Float32Array,
    at: number,
    distribution: Float64Array,
    symbol: number,
    { rate, gain, correction, epsilon }: OutputStep,
  ): void {
    const { layout, parameters, outputMoments, featureSize, used, live } = this
    const { outputWeightsAt, outputBiasesAt } = layout
    for (let o = 0; o < used; o++) {
      const error = distribution[o]! - (o === symbol ? 1 : 0)
      const v = outputMoments[o]! + gain * (error * error - outputMoments[o]!)
      outputMoments[o] = v
      live[o] = (-rate * error) / (Math.sqrt(v / correction) + epsilon)
    }
    for (let o = 0; o < used; o++) {
      const row = outputWeightsAt + o * featureSize
      const step = live[o]!
      for (let i = 0; i < featureSize; i++) {
        parameters[row + i] = parameters[row + i]! + step * states[at + i]!
      }
      parameters[outputBiasesAt + o] = parameters[outputBiasesAt + o]! + step
    }
  }

  advance(states: Float32Array, at: number, symbol: number): void {
    this.layers.loadState(states, at)
    this.step(0, symbol)
    this.layers.storeState(states, at)
  }

  /** Step t of all layers on `symbol`, and row t of the features. */
  private step(t: number, symbol: number): void {
    for (const tape of this.layers.tapes) tape.symbols[t] = symbol
    this.layers.step(this.parameters, t, this.features, t * this.featureSize)
  }

  accumulate(runs: SymbolRuns, states: Float32Array): void {
    for (let run = 0; run < runs.runs; run++) {
      this.rerun(runs, run, states)
      const last = this.takeLosses(runs, run)
      if (last >= 0) this.backward(last)
    }
  }

  /** Runs one run again and leaves its window on the tapes. */
  private rerun(runs: SymbolRuns, run: number, states: Float32Array): void {
    const warmup = runs.warmup[run]!
    const first = run * (runs.stepsMax + 1)
    this.layers.loadState(states, run * this.stateSize)
    for (let s = 0; s < warmup; s++) {
      this.step(0, runs.symbols[first + s]!)
      this.layers.rewind()
    }
    for (let s = warmup; s < runs.steps[run]!; s++) this.step(s - warmup, runs.symbols[first + s]!)
  }

  /** Adds a window's masked losses; returns the last step with one, −1 for none. */
  private takeLosses(runs: SymbolRuns, run: number): number {
    const { outputDeltas, columns, features, featureSize } = this
    const warmup = runs.warmup[run]!
    let last = -1
    for (let t = 0; t < runs.steps[run]! - warmup; t++) {
      const d = t * columns
      outputDeltas.fill(0, d, d + columns)
      if (runs.mask[run * runs.stepsMax + warmup + t] === 0) continue
      const target = runs.symbols[run * (runs.stepsMax + 1) + warmup + t + 1]!
      const scale = this.softmax(features, t * featureSize, outputDeltas, d)
      this.lossSum += scale - this.logit(t, target)
      this.losses++
      outputDeltas[d + target] = outputDeltas[d + target]! - 1
      last = t
    }
    return last
  }

  private logit(t: number, column: number): number {
    const { layout, parameters, features, featureSize } = this
    const row = layout.outputWeightsAt + column * featureSize
    let sum: number = parameters[layout.outputBiasesAt + column]!
    for (let i = 0; i < featureSize; i++) {
      sum += parameters[row + i]! * features[t * featureSize + i]!
    }
    return sum
  }

  /** Back through the window from step `last`, then the gradient of all layers and tables. */
  private backward(last: number): void {
    const { layers, layout, parameters, touched, featureDelta, featureSize, used } = this
    const { outputDeltas, columns } = this
    const { outputWeightsAt: at } = layout
    layers.clearDeltas()
    for (let t = last; t >= 0; t--) {
      const d = t * columns
      featureDelta.fill(0)
      multiplyTransposed(
        featureDelta,
        0,
        parameters,
        at,
        featureSize,
        outputDeltas,
        d,
        used,
        featureSize,
      )
      layers.stepBack(parameters, t, featureDelta)
    }
    layers.addGradient(this.gradient, last + 1)
    const { symbols } = layers.tapes[0]!
    for (let t = 0; t <= last; t++) touched[symbols[t]!] = 1
  }

  gradientNorm(): number {
    let sum = 0
    for (const g of this.gradient) sum += g * g
    return Math.sqrt(sum)
  }

  adam(step: AdamStep): void {
    const { layout, layers, rowSize, touched } = this
    this.pass(0, layout.tablesAt, step)
    for (const { tableAt } of layers.tapes) {
      for (let o = 0; o < touched.length; o++) {
        if (touched[o] === 1) this.pass(tableAt + o * rowSize, rowSize, step)
      }
    }
    this.clearGradient()
  }

  /** One step of Adam of `count` parameters from `from` on. */
  private pass(from: number, count: number, step: AdamStep): void {
    const { parameters, secondMoments, gradient } = this
    const { scale, learningRate, beta2, correction, epsilon, decay } = step
    const kept = 1 - learningRate * decay
    for (let i = from; i < from + count; i++) {
      const g = scale * gradient[i]!
      const v = beta2 * secondMoments[i]! + (1 - beta2) * g * g
      secondMoments[i] = v
      const size = Math.sqrt(v / correction) + epsilon
      parameters[i] = kept * parameters[i]! - (learningRate * g) / size
    }
  }

  clearGradient(): void {
    this.gradient.fill(0)
    this.touched.fill(0)
    this.lossSum = 0
    this.losses = 0
  }
}
