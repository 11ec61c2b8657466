import { type Update, updateInputs, updateSpec } from '../../../src/bench/open-update.ts'
import type { UpdateCase } from '../../../src/bench/rows.ts'
import { parameterLayout } from '../../../src/rnn/index.ts'

/** A tensor of TensorFlow.js, as far as it is used here. */
export interface Tensor {
  dataSync(): ArrayLike<number>
  dispose(): void
}

/** What is used of `@tensorflow/tfjs`, which only the bench's own package installs. */
export interface Tf {
  readonly version: { readonly tfjs: string }
  readonly train: {
    adam(
      rate: number,
      beta1: number,
      beta2: number,
      epsilon: number,
    ): { applyGradients(gradients: Record<string, Tensor>): void }
  }
  setBackend(name: string): Promise<boolean>
  enableProdMode(): void
  tensor2d(values: Float32Array, shape: [rows: number, columns: number]): Tensor
  variable(initial: Tensor): Tensor
  tidy<T>(action: () => T): T
  variableGrads(loss: () => Tensor): {
    readonly value: Tensor
    readonly grads: Record<string, Tensor>
  }
  matMul(a: Tensor, b: Tensor): Tensor
  add(a: Tensor, b: Tensor): Tensor
  sub(a: Tensor, b: Tensor | number): Tensor
  mul(a: Tensor, b: Tensor | number): Tensor
  abs(a: Tensor): Tensor
  minimum(a: Tensor, b: number): Tensor
  mean(a: Tensor): Tensor
  sigmoid(a: Tensor): Tensor
  tanh(a: Tensor): Tensor
  split(a: Tensor, parts: number, axis: number): Tensor[]
  concat(parts: readonly Tensor[], axis: number): Tensor
}

/** A network of TensorFlow.js that learns the same batch from the same weights. */
export interface TfjsUpdate {
  /** Forward, backward, Adam; returns the mean loss before it. Clips nothing, unlike ours. */
  run(): Tensor
  dispose(): void
}

interface Weights {
  /** (I, gates H) */
  readonly input: Tensor
  /** (H, gates H) */
  readonly recurrent: Tensor
  /** (1, gates H) */
  readonly bias: Tensor
  /** (1, H): a gru's bias inside the reset; unused by an lstm. */
  readonly inner: Tensor
  /** (H + I, 1) */
  readonly readOut: Tensor
  /** (1, 1) */
  readonly readOutBias: Tensor
}

/** What one step takes in and hands on. */
interface Step {
  readonly h: Tensor
  /** An lstm's cell; for a gru the same as h. */
  readonly c: Tensor
}

/**
 * The network of `ours` by hand, unrolled over the window: input products of all steps in one, all
 * gates of a step in one product, the read-out of all steps in one. One product over [x, h] a step
 * is as fast; `tf.layers` takes twice as long.
 */
export function openTfjsUpdate(tf: Tf, each: UpdateCase, ours: Update): TfjsUpdate {
  const { rows, window, hidden } = each
  const weights = weightsOf(tf, each, ours.network.parameters)
  const x = tf.tensor2d(inputsOf(each, ours), [window * rows, updateInputs])
  const targets = tf.tensor2d(targetsOf(each, ours), [window * rows, 1])
  const zero = tf.tensor2d(new Float32Array(rows * hidden), [rows, hidden])
  const adam = tf.train.adam(1e-3, 0, 0.999, 1e-5)
  const advance = each.cell === 'lstm' ? lstmStep : gruStep
  const loss = () => {
    const products = tf.add(tf.matMul(x, weights.input), weights.bias)
    const states: Tensor[] = []
    let step: Step = { h: zero, c: zero }
    for (const product of tf.split(products, window, 0)) {
      step = advance(tf, weights, product, step)
      states.push(step.h)
    }
    const features = tf.concat([tf.concat(states, 0), x], 1)
    const outputs = tf.add(tf.matMul(features, weights.readOut), weights.readOutBias)
    return huber(tf, tf.sub(outputs, targets))
  }
  return {
    run: () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(loss)
        adam.applyGradients(grads)
        return value
      }),
    dispose: () => {
      for (const tensor of [...Object.values(weights), x, targets, zero]) tensor.dispose()
    },
  }
}

function lstmStep(tf: Tf, weights: Weights, product: Tensor, { h, c }: Step): Step {
  const gates = tf.add(product, tf.matMul(h, weights.recurrent))
  const [i, f, g, o] = tf.split(gates, 4, 1) as [Tensor, Tensor, Tensor, Tensor]
  const next = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)))
  return { h: tf.mul(tf.sigmoid(o), tf.tanh(next)), c: next }
}

function gruStep(tf: Tf, weights: Weights, product: Tensor, { h }: Step): Step {
  const [xr, xz, xn] = tf.split(product, 3, 1) as [Tensor, Tensor, Tensor]
  const recurrent = tf.matMul(h, weights.recurrent)
  const [hr, hz, hn] = tf.split(recurrent, 3, 1) as [Tensor, Tensor, Tensor]
  const r = tf.sigmoid(tf.add(xr, hr))
  const z = tf.sigmoid(tf.add(xz, hz))
  const n = tf.tanh(tf.add(xn, tf.mul(r, tf.add(hn, weights.inner))))
  const next = tf.add(n, tf.mul(z, tf.sub(h, n)))
  return { h: next, c: next }
}

function huber(tf: Tf, error: Tensor): Tensor {
  const size = tf.abs(error)
  const inner = tf.minimum(size, 1)
  return tf.mean(tf.add(tf.mul(tf.mul(inner, inner), 0.5), tf.sub(size, inner)))
}

/** Our flat parameters as TensorFlow's matrices: rows are what is multiplied, columns units. */
function weightsOf(tf: Tf, each: UpdateCase, parameters: Float32Array): Weights {
  const { hidden } = each
  const layout = parameterLayout(updateSpec(each))
  const { weightsAt = 0, biasesAt = 0 } = layout.layers[0] ?? {}
  const units = layout.gates * hidden
  const stride = updateInputs + hidden
  const matrix = (count: number, from: number) => {
    const values = new Float32Array(count * units)
    for (let unit = 0; unit < units; unit++) {
      for (let j = 0; j < count; j++) {
        values[j * units + unit] = parameters[weightsAt + unit * stride + from + j] ?? 0
      }
    }
    return tf.variable(tf.tensor2d(values, [count, units]))
  }
  const row = (at: number, count: number, shape: [number, number]) =>
    tf.variable(tf.tensor2d(parameters.slice(at, at + count), shape))
  const inner = biasesAt + (layout.biases - 1) * hidden
  return {
    input: matrix(updateInputs, 0),
    recurrent: matrix(hidden, updateInputs),
    bias: row(biasesAt, units, [1, units]),
    inner: row(inner, hidden, [1, hidden]),
    readOut: row(layout.readoutWeightsAt, hidden + updateInputs, [hidden + updateInputs, 1]),
    readOutBias: row(layout.readoutBiasesAt, 1, [1, 1]),
  }
}

/** (window, rows, I): steps first, as they are run. */
function inputsOf({ rows, window }: UpdateCase, { batch }: Update): Float32Array {
  const values = new Float32Array(window * rows * updateInputs)
  for (let step = 0; step < window; step++) {
    for (let row = 0; row < rows; row++) {
      const from = batch.inputsAt(row, step)
      const to = (step * rows + row) * updateInputs
      values.set(batch.inputs.subarray(from, from + updateInputs), to)
    }
  }
  return values
}

/** (window, rows, 1) */
function targetsOf({ rows, window }: UpdateCase, { batch }: Update): Float32Array {
  const values = new Float32Array(window * rows)
  for (let step = 0; step < window; step++) {
    for (let row = 0; row < rows; row++) {
      values[step * rows + row] = batch.targets[batch.targetsAt(row, step)] ?? 0
    }
  }
  return values
}
