/**
 * The element-wise half of each cell on tensors of (R, …), as forward / backward pairs: the same
 * equations as `../cells.ts`, whose letters they share.
 */

import type { Cell } from '../network-spec.ts'
import type { Tensor, Tf } from './api.ts'

/** h, and of an lstm c, of one layer: (R, H) each. */
export interface LayerState {
  readonly h: Tensor
  readonly c: Tensor | null
}

/** What the way back needs of one step. */
export interface CellTape {
  readonly before: LayerState
  /** Activations, each (R, H), in the order of the biases; a gru's last is a pre-activation. */
  readonly gates: readonly Tensor[]
  /** tanh of c after the step, of an lstm. */
  readonly squashed: Tensor | null
}

/** What a step hands back in time beside the recurrent products. */
export interface CellDeltas {
  /** (R, biases H): ∂L / ∂ pre-activations. */
  readonly gates: Tensor
  /** What goes to h before the step past the gates, and to c before it; null: nothing. */
  readonly h: Tensor | null
  readonly c: Tensor | null
}

interface CellMaths {
  /** Pre-activations (R, biases H) → the state after the step, and its tape. */
  forward(
    tf: Tf,
    gates: Tensor,
    before: LayerState,
    hidden: number,
  ): { after: LayerState; tape: CellTape }
  /** ∂L / ∂h and ∂L / ∂c after the step → the same of what went into it. */
  backward(tf: Tf, tape: CellTape, dh: Tensor, dc: Tensor | null): CellDeltas
}

const rnn: CellMaths = {
  forward(tf, gates, before) {
    const h = tf.tanh(gates)
    return { after: { h, c: null }, tape: { before, gates: [h], squashed: null } }
  },
  backward(tf, { gates }, dh) {
    const h = gates[0] as Tensor
    return { gates: tf.mul(dh, tf.sub(1, tf.square(h))), h: null, c: null }
  },
}

const gru: CellMaths = {
  forward(tf, gates, before, hidden) {
    const [both, n0, c] = tf.split(gates, [2 * hidden, hidden, hidden], 1) as [
      Tensor,
      Tensor,
      Tensor,
    ]
    const [r, z] = tf.split(tf.sigmoid(both), 2, 1) as [Tensor, Tensor]
    const n = tf.tanh(tf.add(n0, tf.mul(r, c)))
    const h = tf.add(tf.mul(tf.sub(1, z), n), tf.mul(z, before.h))
    return { after: { h, c: null }, tape: { before, gates: [r, z, n, c], squashed: null } }
  },
  backward(tf, { before, gates }, dh) {
    const [r, z, n, c] = gates as [Tensor, Tensor, Tensor, Tensor]
    const dn = tf.mul(tf.mul(dh, tf.sub(1, z)), tf.sub(1, tf.square(n)))
    const dr = tf.mul(tf.mul(dn, c), slope(tf, r))
    const dz = tf.mul(tf.mul(dh, tf.sub(before.h, n)), slope(tf, z))
    return { gates: tf.concat([dr, dz, dn, tf.mul(dn, r)], 1), h: tf.mul(dh, z), c: null }
  },
}

const lstm: CellMaths = {
  forward(tf, gates, before, hidden) {
    const [both, g0, o0] = tf.split(gates, [2 * hidden, hidden, hidden], 1) as [
      Tensor,
      Tensor,
      Tensor,
    ]
    const [i, f] = tf.split(tf.sigmoid(both), 2, 1) as [Tensor, Tensor]
    const g = tf.tanh(g0)
    const o = tf.sigmoid(o0)
    const c = tf.add(tf.mul(f, before.c as Tensor), tf.mul(i, g))
    const squashed = tf.tanh(c)
    const h = tf.mul(o, squashed)
    return { after: { h, c }, tape: { before, gates: [i, f, g, o], squashed } }
  },
  backward(tf, { before, gates, squashed }, dh, carried) {
    const [i, f, g, o] = gates as [Tensor, Tensor, Tensor, Tensor]
    const s = squashed as Tensor
    const through = tf.mul(tf.mul(dh, o), tf.sub(1, tf.square(s)))
    const dc = carried === null ? through : tf.add(carried, through)
    const di = tf.mul(tf.mul(dc, g), slope(tf, i))
    const df = tf.mul(tf.mul(dc, before.c as Tensor), slope(tf, f))
    const dg = tf.mul(tf.mul(dc, i), tf.sub(1, tf.square(g)))
    const d0 = tf.mul(tf.mul(dh, s), slope(tf, o))
    return { gates: tf.concat([di, df, dg, d0], 1), h: null, c: tf.mul(dc, f) }
  },
}

export const cellMaths: Readonly<Record<Cell, CellMaths>> = { rnn, gru, lstm }

/** σ' = σ (1 − σ) */
function slope(tf: Tf, sigmoid: Tensor): Tensor {
  return tf.mul(sigmoid, tf.sub(1, sigmoid))
}
