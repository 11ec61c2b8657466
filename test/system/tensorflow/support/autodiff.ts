/**
 * The networks once more, as TensorFlow.js differentiates them by itself: only their definitions
 * stand here, and every derivative is the library's. Shares no line with the kernels.
 *
 * Letters: H hidden, G gates, S state size, O outputs or columns, P parameters.
 */

import type { Runs } from '../../../../src/kernels/kernel.ts'
import {
  type LayerLayout,
  type NetworkSpec,
  parameterLayout,
  type RecurrentSpec,
  type SymbolSpec,
  symbolLayout,
} from '../../../../src/kernels/network-spec.ts'
import type { SymbolRuns } from '../../../../src/kernels/symbol-kernel.ts'
import type { Tensor, Tf } from '../../../../src/kernels/tensorflow/api.ts'
import { loadTensorflow } from '../../../../src/kernels/tensorflow/load.ts'

/** What the kernel does not use: derivatives, and what a softmax is made of. */
interface Differentiating extends Tf {
  /** x → ∂f / ∂x of a scalar f. */
  grad(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor
  logSoftmax(x: Tensor): Tensor
  minimum(a: Tensor, b: Tensor | number): Tensor
}

type Step = (parameters: Tensor, state: Tensor, at: number) => { state: Tensor; loss: Tensor }

/** Steps of one run, as (parameters, state before, step) → (state after, masked loss). */
interface Course {
  readonly warmup: number
  readonly steps: number
  readonly step: Step
}

export class Autodiff {
  private readonly tf = loadTensorflow().tf as Differentiating

  /** Loss and gradient (P) of all runs, which begin in `states` (R, S), summed. */
  network(
    spec: NetworkSpec,
    parameters: Float32Array,
    huberDelta: number,
    runs: Runs,
    states: Float32Array,
  ): Float32Array {
    return this.gradient(parameters, states, this.courses(spec, huberDelta, runs))
  }

  /** The same over the first `used` columns; the softmax has a gradient here too. */
  symbols(
    spec: SymbolSpec,
    parameters: Float32Array,
    used: number,
    runs: SymbolRuns,
    states: Float32Array,
  ): Float32Array {
    const { tf } = this
    const { layers, tablesAt, outputWeightsAt, outputBiasesAt, gates } = symbolLayout(spec)
    const { columns, hidden } = spec
    const width = gates * hidden
    const courses = Array.from({ length: runs.runs }, (_, r): Course => {
      const step: Step = (p, state, at) => {
        const symbolAt = r * (runs.stepsMax + 1) + at
        const symbol = runs.symbols[symbolAt] as number
        const fed = layers.map((_layer, l) => {
          const row = tablesAt + (l * columns + symbol) * width
          return tf.reshape(tf.slice(p, [row], [width]), [1, width])
        })
        const after = this.advance(spec, layers, p, state, null, fed)
        const weights = this.matrix(p, outputWeightsAt, used, spec.layers * hidden)
        const biases = tf.slice(p, [outputBiasesAt], [used])
        const features = tf.slice(after, [0, 0], [1, spec.layers * hidden])
        const y = tf.add(tf.matMul(features, weights, false, true), biases)
        const learns = runs.mask[r * runs.stepsMax + at] === 1
        const next = runs.symbols[symbolAt + 1] as number
        const chosen = tf.slice(tf.logSoftmax(y), [0, learns ? next : 0], [1, 1])
        return { state: after, loss: tf.mul(tf.sum(chosen), learns ? -1 : 0) }
      }
      return { warmup: runs.warmup[r] as number, steps: runs.steps[r] as number, step }
    })
    return this.gradient(parameters, states, courses)
  }

  /** ‖∂L_t / ∂H_{t−k}‖₂ of the losses of the last step of run `run`, k = 0 … its steps − 1. */
  normsByLag(
    spec: NetworkSpec,
    parameters: Float32Array,
    huberDelta: number,
    runs: Runs,
    run: number,
    states: Float32Array,
  ): number[] {
    const { tf } = this
    const course = this.courses(spec, huberDelta, runs)[run] as Course
    const { warmup, steps, step } = course
    const size = states.length / runs.runs
    const p = tf.tensor(parameters, [parameters.length])
    /** H after `at` steps. */
    const before: Tensor[] = []
    let state = tf.tensor(states.slice(run * size, (run + 1) * size), [1, size])
    for (let at = 0; at < steps; at++) {
      before.push(state)
      state = step(p, state, at).state
    }
    const last = steps - 1
    const normOf = (f: (h: Tensor) => Tensor, h: Tensor) => {
      const values = tf.grad(f)(h).dataSync()
      return Math.hypot(...values)
    }
    const { outputs, inputs } = spec
    const row = run * runs.stepsMax + last
    const direct = normOf((h) => {
      const x = tf.tensor(runs.inputs.slice(row * inputs, (row + 1) * inputs), [1, inputs])
      const y = this.readOut(spec, p, h, x)
      return this.huber(y, runs, row, outputs, huberDelta)
    }, state)
    const lagged = Array.from({ length: steps - warmup - 1 }, (_, i) => {
      const from = last - i
      return normOf((h) => {
        let at = h
        let loss = tf.zeros([])
        for (let s = from; s < steps; s++) ({ state: at, loss } = step(p, at, s))
        return loss
      }, before[from] as Tensor)
    })
    return [direct, ...lagged]
  }

  private courses(spec: NetworkSpec, huberDelta: number, runs: Runs): Course[] {
    const { tf } = this
    const { layers } = parameterLayout(spec)
    const { inputs, outputs } = spec
    return Array.from({ length: runs.runs }, (_, r): Course => {
      const step: Step = (p, state, at) => {
        const row = r * runs.stepsMax + at
        const x = tf.tensor(runs.inputs.slice(row * inputs, (row + 1) * inputs), [1, inputs])
        const after = this.advance(spec, layers, p, state, x, null)
        const y = this.readOut(spec, p, after, x)
        return { state: after, loss: this.huber(y, runs, row, outputs, huberDelta) }
      }
      return { warmup: runs.warmup[r] as number, steps: runs.steps[r] as number, step }
    })
  }

  /** Σ over all runs of ∂(losses of its window) / ∂P, its state before the window held fixed. */
  private gradient(
    parameters: Float32Array,
    states: Float32Array,
    courses: readonly Course[],
  ): Float32Array {
    const { tf } = this
    const size = states.length / courses.length
    const gradient = tf.tidy(() => {
      const at = tf.tensor(parameters, [parameters.length])
      let sum = tf.zeros([parameters.length])
      courses.forEach(({ warmup, steps, step }, r) => {
        let start = tf.tensor(states.slice(r * size, (r + 1) * size), [1, size])
        for (let s = 0; s < warmup; s++) start = step(at, start, s).state
        if (steps === warmup) return
        const loss = (p: Tensor) => {
          let state = start
          let losses = tf.zeros([])
          for (let s = warmup; s < steps; s++) {
            const next = step(p, state, s)
            state = next.state
            losses = tf.add(losses, next.loss)
          }
          return losses
        }
        sum = tf.add(sum, tf.grad(loss)(at))
      })
      return sum
    })
    const values = gradient.dataSync()
    gradient.dispose()
    return values
  }

  /** State (1, S) → the state after a step with `x`, or with what symbols feed to each layer. */
  private advance(
    spec: RecurrentSpec,
    layers: readonly LayerLayout[],
    p: Tensor,
    state: Tensor,
    x: Tensor | null,
    fed: readonly Tensor[] | null,
  ): Tensor {
    const { tf } = this
    const { cell, hidden } = spec
    const part = (at: number) => tf.slice(state, [0, at * hidden], [1, hidden])
    const hs: Tensor[] = []
    const cs: Tensor[] = []
    let below = x
    layers.forEach((layer, l) => {
      const h = part(l)
      const gate = this.gatesOf(spec, layer, p, below, h, fed?.[l] ?? null)
      let next: Tensor
      if (cell === 'rnn') next = tf.tanh(gate(0))
      else if (cell === 'gru') {
        const [r, z] = [tf.sigmoid(gate(0)), tf.sigmoid(gate(1))]
        const n = tf.tanh(tf.add(gate(2), tf.mul(r, gate(3))))
        next = tf.add(tf.mul(tf.sub(1, z), n), tf.mul(z, h))
      } else {
        const [i, f, o] = [tf.sigmoid(gate(0)), tf.sigmoid(gate(1)), tf.sigmoid(gate(3))]
        const c = tf.add(tf.mul(f, part(layers.length + l)), tf.mul(i, tf.tanh(gate(2))))
        cs.push(c)
        next = tf.mul(o, tf.tanh(c))
      }
      hs.push(next)
      below = next
    })
    return tf.concat([...hs, ...cs], 1)
  }

  /** The pre-activations (1, H) by block; a gru has four, its candidate's two halves the last. */
  private gatesOf(
    { cell, hidden, normalise }: RecurrentSpec,
    { inputs, weightsAt, biasesAt, gainsAt }: LayerLayout,
    p: Tensor,
    below: Tensor | null,
    h: Tensor,
    fed: Tensor | null,
  ): (block: number) => Tensor {
    const { tf } = this
    const gates = { rnn: 1, gru: 3, lstm: 4 }[cell]
    const weights = this.matrix(p, weightsAt, gates * hidden, inputs + hidden)
    let ofInput = tf.zeros([1, gates * hidden])
    if (below !== null && inputs > 0) {
      const own = tf.slice(weights, [0, 0], [gates * hidden, inputs])
      ofInput = tf.matMul(below, own, false, true)
    }
    if (fed !== null) ofInput = tf.add(ofInput, fed)
    const recurrent = tf.slice(weights, [0, inputs], [gates * hidden, hidden])
    const ofHidden = tf.matMul(h, recurrent, false, true)
    const cut = (all: Tensor, gate: number) => tf.slice(all, [0, gate * hidden], [1, hidden])
    return (block) => {
      let a: Tensor
      if (cell === 'gru' && block >= 2) a = cut(block === 2 ? ofInput : ofHidden, 2)
      else a = cut(tf.add(ofInput, ofHidden), block)
      if (normalise) {
        const size = tf.sqrt(tf.add(tf.mean(tf.square(a)), 1e-5))
        a = tf.mul(tf.div(a, size), tf.slice(p, [gainsAt + block * hidden], [hidden]))
      }
      return tf.add(a, tf.slice(p, [biasesAt + block * hidden], [hidden]))
    }
  }

  /** Outputs (1, O) of a state and the inputs that led to it. */
  private readOut(spec: NetworkSpec, p: Tensor, state: Tensor, x: Tensor): Tensor {
    const { tf } = this
    const { outputs, layers, hidden, inputs } = spec
    const { readoutWeightsAt, readoutBiasesAt } = parameterLayout(spec)
    const features = tf.concat([tf.slice(state, [0, 0], [1, layers * hidden]), x], 1)
    const weights = this.matrix(p, readoutWeightsAt, outputs, layers * hidden + inputs)
    const y = tf.matMul(features, weights, false, true)
    return tf.add(y, tf.slice(p, [readoutBiasesAt], [outputs]))
  }

  /** Sum of the masked losses of one row of `runs`. */
  private huber(y: Tensor, runs: Runs, row: number, outputs: number, delta: number): Tensor {
    const { tf } = this
    const [from, until] = [row * outputs, (row + 1) * outputs]
    const error = tf.sub(y, tf.tensor(runs.targets.slice(from, until), [1, outputs]))
    const mask = tf.tensor(Float32Array.from(runs.mask.slice(from, until)), [1, outputs])
    // ½q² + δ (|e| − q), where q is |e| up to δ.
    const size = tf.abs(error)
    const q = tf.minimum(size, delta)
    const losses = tf.add(tf.mul(tf.square(q), 0.5), tf.mul(tf.sub(size, q), delta))
    return tf.sum(tf.mul(losses, mask))
  }

  private matrix(p: Tensor, at: number, rows: number, columns: number): Tensor {
    const { tf } = this
    return tf.reshape(tf.slice(p, [at], [rows * columns]), [rows, columns])
  }
}
