/**
 * One network whose parameters, optimiser and gradient live on the device; what comes in and goes
 * out are tensors. The equations are those of the reference kernel.
 *
 * Letters: R rows, T steps of a window, W of a warm-up, I inputs, H hidden, L layers, O outputs,
 * S state size, P parameters.
 */

import type { AdamStep } from '../kernel.ts'
import { type NetworkSpec, type ParameterLayout, parameterLayout } from '../network-spec.ts'
import type { Tensor, Tf } from './api.ts'
import type { LayerState } from './cells.ts'
import { type LayerTape, type LayerWeights, TensorLayer } from './layer.ts'
import type { TensorRuns } from './runs.ts'

/** The parameters as matrices, cut anew after each update. */
interface Weights {
  readonly layers: readonly LayerWeights[]
  /** (O, F), (O, L H), (O) */
  readonly readOut: Tensor
  readonly readOutOfHidden: Tensor
  readonly readOutBiases: Tensor
}

/** A window of all layers, forward. */
interface WindowTape {
  readonly layers: readonly LayerTape[]
  /** (T R, F) */
  readonly features: Tensor
}

/** Told for each layer and step, the last step first, ∂L / ∂ the state before it. */
type HandedBack = (layer: number, step: number, state: LayerState) => void

export class TensorNetwork {
  readonly spec: NetworkSpec
  readonly count: number
  private readonly tf: Tf
  private readonly layout: ParameterLayout
  private readonly layers: readonly TensorLayer[]
  private readonly huberDelta: number
  /** (P) each; the gradient and the loss are null while nothing is accumulated. */
  private parameters: Tensor
  private moments: Tensor
  private gradient: Tensor | null = null
  private loss: Tensor | null = null
  private weights: Weights | null = null

  constructor(tf: Tf, spec: NetworkSpec, huberDelta: number) {
    const layout = parameterLayout(spec)
    this.tf = tf
    this.spec = spec
    this.huberDelta = huberDelta
    this.layout = layout
    this.count = layout.count
    this.layers = layout.layers.map((layer) => new TensorLayer(tf, spec, layout, layer))
    this.parameters = this.own(() => tf.zeros([layout.count]))
    this.moments = this.own(() => tf.zeros([layout.count]))
  }

  /** Parameters and second moments, both (P), to the host. */
  read(): { parameters: Float32Array; moments: Float32Array } {
    return { parameters: this.parameters.dataSync(), moments: this.moments.dataSync() }
  }

  write(parameters: Float32Array, moments: Float32Array): void {
    const { tf, count } = this
    this.setParameters(this.own(() => tf.tensor(parameters.slice(), [count])))
    this.moments.dispose()
    this.moments = this.own(() => tf.tensor(moments.slice(), [count]))
  }

  readGradient(): Float32Array {
    return this.gradient?.dataSync() ?? new Float32Array(this.count)
  }

  /** One step: inputs (R, I) and states (R, S) → outputs (R, O) and the states after it. */
  step(x: Tensor, states: Tensor): { outputs: Tensor; states: Tensor } {
    const { tf, spec } = this
    const { layers, readOut, readOutBiases } = this.cut()
    const before = this.takeApart(states)
    const after: LayerState[] = []
    let below = x
    this.layers.forEach((layer, l) => {
      const weights = layers[l] as LayerWeights
      const { after: state } = layer.step(weights, layer.feed(weights, below), before[l]!)
      after.push(state)
      below = state.h
    })
    const features = tf.concat([...after.map(({ h }) => h), x], 1)
    const outputs = tf.add(tf.matMul(features, readOut, false, true), readOutBiases)
    const parts = after.map(({ h }) => h)
    if (spec.cell === 'lstm') parts.push(...after.map(({ c }) => c as Tensor))
    return { outputs, states: tf.concat(parts, 1) }
  }

  /** Adds the gradient of the runs that begin in `states` (R, S), and their losses. */
  accumulate(runs: TensorRuns, states: Tensor): void {
    const { tf } = this
    const before = { gradient: this.gradient, loss: this.loss }
    const [gradient, loss] = tf.tidy(() => {
      const tape = this.runWindow(runs, states)
      const { deltas, loss: sum } = this.losses(runs, tape.features)
      const flat = this.back(tape, deltas)
      return [
        tf.keep(before.gradient === null ? flat : tf.add(before.gradient, flat)),
        tf.keep(before.loss === null ? sum : tf.add(before.loss, sum)),
      ]
    }) as [Tensor, Tensor]
    before.gradient?.dispose()
    before.loss?.dispose()
    this.gradient = gradient
    this.loss = loss
  }

  /** Sum of all accumulated losses, and ‖Σ gradient‖₂; waits for the device once. */
  sums(): { loss: number; norm: number } {
    const { tf, gradient, loss } = this
    if (gradient === null || loss === null) return { loss: 0, norm: 0 }
    const both = this.own(() =>
      tf.concat([tf.reshape(loss, [1]), tf.reshape(tf.sum(tf.square(gradient)), [1])], 0),
    )
    const values = both.dataSync()
    both.dispose()
    const norm = Math.sqrt(values[1]!)
    return { loss: values[0]!, norm: norm === Infinity ? this.largeNorm(gradient) : norm }
  }

  /** ‖gradient‖₂ where its squares are beyond single precision. */
  private largeNorm(gradient: Tensor): number {
    const values = gradient.dataSync()
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
    return Math.sqrt(sum)
  }

  adam({ scale, learningRate, beta2, correction, epsilon, decay }: AdamStep): void {
    const { tf, parameters, moments, gradient } = this
    const [next, seconds] = tf.tidy(() => {
      const g = tf.mul(gradient ?? tf.zerosLike(parameters), scale)
      const v = tf.add(tf.mul(moments, beta2), tf.mul(tf.square(g), 1 - beta2))
      const size = tf.add(tf.sqrt(tf.div(v, correction)), epsilon)
      const step = tf.div(tf.mul(g, learningRate), size)
      const kept = decay === 0 ? parameters : tf.mul(parameters, 1 - learningRate * decay)
      return [tf.keep(tf.sub(kept, step)), tf.keep(v)]
    }) as [Tensor, Tensor]
    moments.dispose()
    this.moments = seconds
    this.setParameters(next)
    this.clearGradient()
  }

  clearGradient(): void {
    this.gradient?.dispose()
    this.loss?.dispose()
    this.gradient = null
    this.loss = null
  }

  /**
   * ‖∂L / ∂features‖₂ of the last step of one run and, for each step of its window from the last
   * on, ‖∂L / ∂state before it‖₂, both for the losses that `runs` has there: (1 + T).
   */
  normsBack(runs: TensorRuns, states: Tensor): Float32Array {
    const { tf } = this
    const norms = this.own(() => {
      const tape = this.runWindow(runs, states)
      const { deltas } = this.losses(runs, tape.features)
      const squares = new Array<Tensor | null>(runs.window).fill(null)
      const add = (step: number, x: Tensor | null) => {
        if (x === null) return
        const sum = tf.reshape(tf.sum(tf.square(x)), [1])
        const so = squares[step] ?? null
        squares[step] = so === null ? sum : tf.add(so, sum)
      }
      this.back(tape, deltas, (_, step, { h, c }) => {
        add(step, h)
        add(step, c)
      })
      const direct = tf.matMul(deltas, this.cut().readOutOfHidden)
      const first = tf.reshape(tf.sum(tf.square(direct)), [1])
      return tf.sqrt(tf.concat([first, ...squares.toReversed().map((x) => x as Tensor)], 0))
    })
    const values = norms.dataSync()
    norms.dispose()
    return values
  }

  dispose(): void {
    this.clearGradient()
    this.forget()
    this.parameters.dispose()
    this.moments.dispose()
  }

  /** All layers over warm-up and window, from `states` (R, S). */
  private runWindow(runs: TensorRuns, states: Tensor): WindowTape {
    const { tf } = this
    const { layers } = this.cut()
    const { rows, warmup, window } = runs
    const ahead = warmup * rows
    const width = this.spec.inputs
    const raw = warmup === 0 ? runs.inputs : tf.slice(runs.inputs, [ahead, 0], [-1, width])
    let early = warmup === 0 ? null : tf.slice(runs.inputs, [0, 0], [ahead, width])
    let x = raw
    const before = this.takeApart(states)
    const tapes = this.layers.map((layer, l) => {
      const weights = layers[l] as LayerWeights
      let state = before[l] as LayerState
      if (early !== null) {
        const warm = warmUp(tf, layer, weights, early, state, runs)
        state = warm.state
        early = warm.outputs
      }
      const { tape } = layer.run(weights, x, state, window)
      x = tape.h
      return tape
    })
    return { layers: tapes, features: tf.concat([...tapes.map(({ h }) => h), raw], 1) }
  }

  /** Huber losses (Huber 1964) of features (T R, F): their derivatives (T R, O) and their sum. */
  private losses({ targets, mask }: TensorRuns, features: Tensor) {
    const { tf, huberDelta } = this
    const { readOut, readOutBiases } = this.cut()
    const outputs = tf.add(tf.matMul(features, readOut, false, true), readOutBiases)
    const error = tf.sub(outputs, targets)
    const size = tf.abs(error)
    // NaN is in neither half by its size; it takes the second, which keeps it.
    const isSmall = tf.lessEqual(size, huberDelta)
    const zeros = tf.zerosLike(error)
    const large = tf.mul(tf.sub(size, 0.5 * huberDelta), huberDelta)
    const loss = tf.where(isSmall, tf.mul(tf.square(error), 0.5), large)
    const slope = tf.where(isSmall, error, tf.mul(tf.div(error, size), huberDelta))
    return { deltas: tf.where(mask, slope, zeros), loss: tf.sum(tf.where(mask, loss, zeros)) }
  }

  /** ∂L / ∂outputs (T R, O) → the gradient (P). */
  private back(tape: WindowTape, deltas: Tensor, handedBack?: HandedBack): Tensor {
    const { tf, layers } = this
    const { hidden } = this.spec
    const weights = this.cut()
    const ofFeatures = tf.split(
      tf.matMul(deltas, weights.readOutOfHidden),
      layers.map(() => hidden),
      1,
    )
    const pieces = new Array<readonly Tensor[]>(layers.length)
    let above: Tensor | null = null
    for (let l = layers.length - 1; l >= 0; l--) {
      const own = ofFeatures[l] as Tensor
      const dh: Tensor = above === null ? own : tf.add(own, above)
      const { gradient, x } = (layers[l] as TensorLayer).back(
        weights.layers[l] as LayerWeights,
        tape.layers[l] as LayerTape,
        dh,
        l > 0,
        handedBack && ((step, state) => handedBack(l, step, state)),
      )
      pieces[l] = gradient
      above = x
    }
    const readOut = tf.reshape(tf.matMul(deltas, tape.features, true), [-1])
    return tf.concat([...pieces.flat(), readOut, tf.sum(deltas, 0)], 0)
  }

  /** (R, S) → the state of each layer. */
  private takeApart(states: Tensor): LayerState[] {
    const { cell, layers, hidden } = this.spec
    const parts = this.tf.split(states, new Array(states.shape[1]! / hidden).fill(hidden), 1)
    return Array.from({ length: layers }, (_, l) => ({
      h: parts[l] as Tensor,
      c: cell === 'lstm' ? (parts[layers + l] as Tensor) : null,
    }))
  }

  /** The weights of the parameters as they are. */
  private cut(): Weights {
    if (this.weights !== null) return this.weights
    const { tf, layout, parameters } = this
    const { outputs, inputs, hidden, layers } = this.spec
    const width = layers * hidden + inputs
    const weights = tf.tidy(() => {
      const flat = tf.slice(parameters, [layout.readoutWeightsAt], [outputs * width])
      const readOut = tf.reshape(flat, [outputs, width])
      return {
        layers: this.layers.map((layer) => layer.cut(parameters)),
        readOut,
        readOutOfHidden: tf.slice(readOut, [0, 0], [outputs, layers * hidden]),
        readOutBiases: tf.slice(parameters, [layout.readoutBiasesAt], [outputs]),
      }
    })
    for (const tensor of tensorsOf(weights)) tf.keep(tensor)
    this.weights = weights
    return weights
  }

  /** The parameters have become others. */
  private setParameters(parameters: Tensor): void {
    this.parameters.dispose()
    this.parameters = parameters
    this.forget()
  }

  private forget(): void {
    if (this.weights !== null) for (const tensor of tensorsOf(this.weights)) tensor.dispose()
    this.weights = null
  }

  private own(make: () => Tensor): Tensor {
    const { tf } = this
    return tf.keep(tf.tidy(make))
  }
}

/** The steps of a warm-up, `x` (W R, I), forward only; h of each step for the layer above. */
function warmUp(
  tf: Tf,
  layer: TensorLayer,
  weights: LayerWeights,
  x: Tensor,
  before: LayerState,
  { warmup, begun }: TensorRuns,
): { state: LayerState; outputs: Tensor } {
  let state = before
  const outputs = tf.split(layer.feed(weights, x), warmup, 0).map((fed, s) => {
    const { after } = layer.step(weights, fed, state)
    state = choose(tf, begun[s] ?? null, after, state)
    return state.h
  })
  return { state, outputs: tf.concat(outputs, 0) }
}

/** The state after a step for rows that have begun, that before it for the others. */
function choose(tf: Tf, begun: Tensor | null, after: LayerState, before: LayerState): LayerState {
  if (begun === null) return after
  const pick = (a: Tensor, b: Tensor) => tf.where(tf.broadcastTo(begun, a.shape), a, b)
  return {
    h: pick(after.h, before.h),
    c: after.c === null ? null : pick(after.c, before.c as Tensor),
  }
}

function tensorsOf({ layers, readOut, readOutOfHidden, readOutBiases }: Weights): Tensor[] {
  const ofLayers = layers.flatMap(({ input, recurrent, biases, gains }) => [
    input,
    recurrent,
    biases,
    ...(gains === null ? [] : [gains]),
  ])
  return [...ofLayers, readOut, readOutOfHidden, readOutBiases]
}
