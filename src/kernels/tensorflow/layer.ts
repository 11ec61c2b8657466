/**
 * One recurrent layer on tensors: products, the normaliser where there is one, the cell; and the
 * way back. Many rows go together, and over a window all products that do not wait for a step
 * before them are one product of all steps.
 *
 * Letters: R rows, T steps, In width of the layer's input, H hidden, G gates (rows of weights for
 * each unit), B biases. Tensors over a window are (T R, …), step after step.
 */

import type { LayerLayout, ParameterLayout, RecurrentSpec } from '../network-spec.ts'
import { NORMALISE_EPSILON } from '../normalise.ts'
import type { Tensor, Tf } from './api.ts'
import { type CellTape, cellMaths, type LayerState } from './cells.ts'

/** The layer's parameters, cut out of the flat ones. */
export interface LayerWeights {
  /** (G H, In), (G H, H) */
  readonly input: Tensor
  readonly recurrent: Tensor
  /** (B H), or where normalised (1, B, H) as the gains are. */
  readonly biases: Tensor
  readonly gains: Tensor | null
}

/** What the way back needs of one step. */
interface StepTape {
  readonly cell: CellTape
  /** Products over their root mean square (R, B, H), and 1 / it (R, B, 1); where normalised. */
  readonly normalised: Tensor | null
  readonly scale: Tensor | null
}

/** A window of steps, forward. */
export interface LayerTape {
  readonly steps: readonly StepTape[]
  /** (T R, In) */
  readonly x: Tensor
  /** (T R, H): h after each step. */
  readonly h: Tensor
}

/** A window of steps, backward. */
export interface LayerDeltas {
  /** The gradient of the layer's parameters in their order: pieces of one dimension. */
  readonly gradient: readonly Tensor[]
  /** (T R, In): ∂L / ∂x; null where nobody needs it. */
  readonly x: Tensor | null
}

export class TensorLayer {
  private readonly tf: Tf
  private readonly layout: LayerLayout
  private readonly cell: RecurrentSpec['cell']
  private readonly hidden: number
  private readonly gates: number
  private readonly biases: number

  constructor(tf: Tf, spec: RecurrentSpec, layout: ParameterLayout, layer: LayerLayout) {
    this.tf = tf
    this.layout = layer
    this.cell = spec.cell
    this.hidden = spec.hidden
    this.gates = layout.gates
    this.biases = layout.biases
  }

  /** Cuts the layer's weights out of `parameters` (P). */
  cut(parameters: Tensor): LayerWeights {
    const { tf, hidden, gates, biases } = this
    const { inputs, weightsAt, biasesAt, gainsAt } = this.layout
    const width = inputs + hidden
    const rows = gates * hidden
    const weights = tf.reshape(tf.slice(parameters, [weightsAt], [rows * width]), [rows, width])
    const shape = gainsAt < 0 ? [biases * hidden] : [1, biases, hidden]
    const vector = (at: number) => tf.reshape(tf.slice(parameters, [at], [biases * hidden]), shape)
    return {
      input: tf.slice(weights, [0, 0], [rows, inputs]),
      recurrent: tf.slice(weights, [0, inputs], [rows, hidden]),
      biases: vector(biasesAt),
      gains: gainsAt < 0 ? null : vector(gainsAt),
    }
  }

  /** What inputs (N, In) feed to the gates, (N, G H): of as many steps and rows as there are. */
  feed(weights: LayerWeights, x: Tensor): Tensor {
    return this.tf.matMul(x, weights.input, false, true)
  }

  /** One step of R rows, of which `fed` (R, G H) is what their inputs feed. */
  step(
    weights: LayerWeights,
    fed: Tensor,
    before: LayerState,
  ): { after: LayerState; tape: StepTape } {
    const { tf, hidden } = this
    const recurrent = tf.matMul(before.h, weights.recurrent, false, true)
    const products = this.join(fed, recurrent)
    const { gates, normalised, scale } = this.normalise(weights, products)
    const { after, tape: cell } = cellMaths[this.cell].forward(tf, gates, before, hidden)
    return { after, tape: { cell, normalised, scale } }
  }

  /** T steps of R rows, `x` (T R, In), from `before`. */
  run(
    weights: LayerWeights,
    x: Tensor,
    before: LayerState,
    steps: number,
  ): { after: LayerState; tape: LayerTape } {
    const { tf } = this
    const tapes: StepTape[] = []
    const outputs: Tensor[] = []
    let state = before
    for (const fed of tf.split(this.feed(weights, x), steps, 0)) {
      const { after, tape } = this.step(weights, fed, state)
      tapes.push(tape)
      outputs.push(after.h)
      state = after
    }
    return { after: state, tape: { steps: tapes, x, h: tf.concat(outputs, 0) } }
  }

  /**
   * Back through a window: `dh` (T R, H) is ∂L / ∂h of each step but for what later steps hand
   * back. `handedBack`, where given, gets for each step, the last one first, ∂L / ∂ the state
   * before it.
   */
  back(
    weights: LayerWeights,
    tape: LayerTape,
    dh: Tensor,
    needsInput: boolean,
    handedBack?: (step: number, state: LayerState) => void,
  ): LayerDeltas {
    const { tf } = this
    const count = tape.steps.length
    const deltas = new Array<Tensor>(count)
    const products = new Array<Tensor>(count)
    const own = tf.split(dh, count, 0)
    let h: Tensor | null = null
    let c: Tensor | null = null
    for (let t = count - 1; t >= 0; t--) {
      const step = tape.steps[t] as StepTape
      const total: Tensor = h === null ? (own[t] as Tensor) : tf.add(own[t] as Tensor, h)
      const back = cellMaths[this.cell].backward(tf, step.cell, total, c)
      deltas[t] = back.gates
      const product = this.normaliseBack(weights, step, back.gates)
      products[t] = product
      const past: Tensor = tf.matMul(this.recurrentPart(product), weights.recurrent)
      h = back.h === null ? past : tf.add(back.h, past)
      c = back.c
      handedBack?.(t, { h, c })
    }
    const all = tf.concat(products, 0)
    const ofInput = this.inputPart(all)
    return {
      gradient: this.gradient(tape, tf.concat(deltas, 0), ofInput, this.recurrentPart(all)),
      x: needsInput ? tf.matMul(ofInput, weights.input) : null,
    }
  }

  /** Gradients of weights, biases and gains, one behind the other. */
  private gradient(
    { steps, x }: LayerTape,
    deltas: Tensor,
    ofInput: Tensor,
    ofRecurrent: Tensor,
  ): Tensor[] {
    const { tf, biases, hidden } = this
    const before = tf.concat(
      steps.map(({ cell }) => cell.before.h),
      0,
    )
    const weights = tf.concat(
      [tf.matMul(ofInput, x, true), tf.matMul(ofRecurrent, before, true)],
      1,
    )
    const pieces = [tf.reshape(weights, [-1]), tf.sum(deltas, 0)]
    if (this.layout.gainsAt < 0) return pieces
    const normalised = tf.concat(
      steps.map((step) => step.normalised as Tensor),
      0,
    )
    const flat = tf.reshape(normalised, [-1, biases * hidden])
    return [...pieces, tf.sum(tf.mul(deltas, flat), 0)]
  }

  /**
   * Products of input and state → those of the gates, (R, B H): in a gru the reset gate stands
   * between the candidate's two halves.
   */
  private join(fed: Tensor, recurrent: Tensor): Tensor {
    const { tf, hidden } = this
    if (this.cell !== 'gru') return tf.add(fed, recurrent)
    const sizes = [2 * hidden, hidden]
    const [both, n] = tf.split(fed, sizes, 1) as [Tensor, Tensor]
    const [past, c] = tf.split(recurrent, sizes, 1) as [Tensor, Tensor]
    return tf.concat([tf.add(both, past), n, c], 1)
  }

  /** Of (N, B H) the part that belongs to products of the input, (N, G H). */
  private inputPart(products: Tensor): Tensor {
    if (this.cell !== 'gru') return products
    return this.tf.slice(products, [0, 0], [-1, 3 * this.hidden])
  }

  private recurrentPart(products: Tensor): Tensor {
    const { tf, hidden } = this
    if (this.cell !== 'gru') return products
    const [both, , c] = tf.split(products, [2 * hidden, hidden, hidden], 1) as [
      Tensor,
      Tensor,
      Tensor,
    ]
    return tf.concat([both, c], 1)
  }

  /** Products (R, B H) → pre-activations: see `../normalise.ts`. */
  private normalise({ biases, gains }: LayerWeights, products: Tensor) {
    const { tf, hidden } = this
    if (gains === null) return { gates: tf.add(products, biases), normalised: null, scale: null }
    const blocks = tf.reshape(products, [-1, this.biases, hidden])
    const squares = tf.mean(tf.square(blocks), 2, true)
    const scale = tf.div(tf.onesLike(squares), tf.sqrt(tf.add(squares, NORMALISE_EPSILON)))
    const normalised = tf.mul(blocks, scale)
    const gates = tf.add(tf.mul(normalised, gains), biases)
    return { gates: tf.reshape(gates, [-1, this.biases * hidden]), normalised, scale }
  }

  private normaliseBack({ gains }: LayerWeights, step: StepTape, deltas: Tensor): Tensor {
    const { tf, hidden, biases } = this
    if (gains === null) return deltas
    const normalised = step.normalised as Tensor
    const d = tf.mul(tf.reshape(deltas, [-1, biases, hidden]), gains)
    const mean = tf.mean(tf.mul(d, normalised), 2, true)
    const products = tf.mul(tf.sub(d, tf.mul(normalised, mean)), step.scale as Tensor)
    return tf.reshape(products, [-1, biases * hidden])
  }
}
