/**
 * The element-wise half of each cell as forward / backward pairs; the matrix products, and the
 * normaliser between, are the layer's. At step t, with σ the logistic function:
 *
 *   rnn   h = tanh(a)
 *   gru   r = σ(a_r)  z = σ(a_z)  n = tanh(a_n + r c)  h' = (1 − z) n + z h      (reset after)
 *   lstm  i, f, o = σ(a_i, a_f, a_o)  g = tanh(a_g)  c' = f c + i g  h' = o tanh(c')
 *
 * A forward turns row t of `gates` (biases, H) into activations and writes h' into row t + 1. A
 * backward takes `hiddenDelta` = ∂L/∂h' (and `cellDelta` = ∂L/∂c'), fills row t of `deltas` and
 * leaves in `rowDelta` what reaches the previous h directly, zeros elsewhere.
 */

import type { LayerTape } from './layer-tape.ts'
import type { Cell } from './network-spec.ts'
import { sigmoid, tanh } from './transcendental.ts'

type CellStep = (tape: LayerTape, t: number) => void

export const cellForward: Readonly<Record<Cell, CellStep>> = {
  rnn: rnnForward,
  gru: gruForward,
  lstm: lstmForward,
}

export const cellBackward: Readonly<Record<Cell, CellStep>> = {
  rnn: rnnBackward,
  gru: gruBackward,
  lstm: lstmBackward,
}

function rnnForward(tape: LayerTape, t: number): void {
  const { hidden, gates, rows, width } = tape
  const next = (t + 1) * (width + hidden) + width
  for (let i = 0; i < hidden; i++) {
    const h = tanh(gates[t * hidden + i]!)
    gates[t * hidden + i] = h
    rows[next + i] = h
  }
}

function rnnBackward(tape: LayerTape, t: number): void {
  const { hidden, gates, deltas, hiddenDelta, rowDelta } = tape
  rowDelta.fill(0)
  for (let i = 0; i < hidden; i++) {
    const h = gates[t * hidden + i]!
    deltas[t * hidden + i] = hiddenDelta[i]! * (1 - h * h)
  }
}

function gruForward(tape: LayerTape, t: number): void {
  const { hidden, gates, rows, width } = tape
  const previous = t * (width + hidden) + width
  const next = previous + width + hidden
  const r0 = t * 4 * hidden
  const z0 = r0 + hidden
  const n0 = z0 + hidden
  const c0 = n0 + hidden
  for (let i = r0; i < n0; i++) gates[i] = sigmoid(gates[i]!)
  for (let i = 0; i < hidden; i++) {
    const z = gates[z0 + i]!
    const n = tanh(gates[n0 + i]! + gates[r0 + i]! * gates[c0 + i]!)
    gates[n0 + i] = n
    rows[next + i] = (1 - z) * n + z * rows[previous + i]!
  }
}

function gruBackward(tape: LayerTape, t: number): void {
  const { hidden, gates, deltas, rows, width, hiddenDelta, rowDelta } = tape
  const previous = t * (width + hidden) + width
  const r0 = t * 4 * hidden
  const z0 = r0 + hidden
  const n0 = z0 + hidden
  const c0 = n0 + hidden
  rowDelta.fill(0, 0, width)
  for (let i = 0; i < hidden; i++) {
    const r = gates[r0 + i]!
    const z = gates[z0 + i]!
    const n = gates[n0 + i]!
    const dh = hiddenDelta[i]!
    const dn = dh * (1 - z) * (1 - n * n)
    deltas[r0 + i] = dn * gates[c0 + i]! * r * (1 - r)
    deltas[z0 + i] = dh * (rows[previous + i]! - n) * z * (1 - z)
    deltas[n0 + i] = dn
    deltas[c0 + i] = dn * r
    rowDelta[width + i] = dh * z
  }
}

function lstmForward(tape: LayerTape, t: number): void {
  const { hidden, gates, rows, width, cells, squashed } = tape
  const next = (t + 1) * (width + hidden) + width
  const i0 = t * 4 * hidden
  const f0 = i0 + hidden
  const g0 = f0 + hidden
  const o0 = g0 + hidden
  const c0 = t * hidden
  for (let j = 0; j < hidden; j++) {
    const i = sigmoid(gates[i0 + j]!)
    const f = sigmoid(gates[f0 + j]!)
    const g = tanh(gates[g0 + j]!)
    const o = sigmoid(gates[o0 + j]!)
    const c = f * cells[c0 + j]! + i * g
    const s = tanh(c)
    gates[i0 + j] = i
    gates[f0 + j] = f
    gates[g0 + j] = g
    gates[o0 + j] = o
    cells[c0 + hidden + j] = c
    squashed[c0 + j] = s
    rows[next + j] = o * s
  }
}

function lstmBackward(tape: LayerTape, t: number): void {
  const { hidden, gates, deltas, cells, squashed, hiddenDelta, rowDelta, cellDelta } = tape
  const i0 = t * 4 * hidden
  const f0 = i0 + hidden
  const g0 = f0 + hidden
  const o0 = g0 + hidden
  const c0 = t * hidden
  rowDelta.fill(0)
  for (let j = 0; j < hidden; j++) {
    const i = gates[i0 + j]!
    const f = gates[f0 + j]!
    const g = gates[g0 + j]!
    const o = gates[o0 + j]!
    const s = squashed[c0 + j]!
    const dh = hiddenDelta[j]!
    const dc = cellDelta[j]! + dh * o * (1 - s * s)
    deltas[i0 + j] = dc * g * i * (1 - i)
    deltas[f0 + j] = dc * cells[c0 + j]! * f * (1 - f)
    deltas[g0 + j] = dc * i * (1 - g * g)
    deltas[o0 + j] = dh * s * o * (1 - o)
    cellDelta[j] = dc * f
  }
}
