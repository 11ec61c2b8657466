/**
 * One recurrent layer as a forward / backward pair: matrix products, the normaliser where there is
 * one, the cell; and the gradient of all its weights over a window.
 *
 * Letters: In width of the layer's input, H hidden, T window. All arrays are the tape's.
 */

import { cellBackward, cellForward } from './cells.ts'
import type { LayerTape } from './layer-tape.ts'
import { addGainGradients, normaliseBackward, normaliseForward } from './normalise.ts'
import { addOuterProducts, addSums, multiply, multiplyTransposed } from './products.ts'

/**
 * Step t: the input, or the symbol, and h in row t of `rows` → activations in row t of `gates`, h
 * in row t + 1.
 */
export function layerForward(tape: LayerTape, parameters: Float32Array, t: number): void {
  const { cell, layout, width, hidden, biases, gates, rows: x, blocks } = tape
  const { weightsAt, biasesAt, gainsAt } = layout
  const stride = width + hidden
  const pre = biases * hidden
  const xAt = t * stride
  const gatesAt = t * pre
  const isNormalised = gainsAt >= 0
  // A normalised gate gets its bias behind the normaliser.
  for (let i = 0; i < pre; i++) gates[gatesAt + i] = isNormalised ? 0 : parameters[biasesAt + i]!
  if (tape.tableAt >= 0) {
    const table = tape.tableAt + tape.symbols[t]! * tape.gateRows
    for (let i = 0; i < tape.gateRows; i++) {
      gates[gatesAt + i] = gates[gatesAt + i]! + parameters[table + i]!
    }
  }
  for (const { row, rows, column, columns, gate } of blocks) {
    const at = weightsAt + row * stride + column
    multiply(gates, gatesAt + gate, parameters, at, stride, x, xAt + column, rows, columns)
  }
  if (isNormalised) normaliseForward(tape, parameters, t)
  cellForward[cell](tape, t)
}

/**
 * Step t backwards: `hiddenDelta` (and `cellDelta`) → row t of `deltas` and `productDeltas`, and in
 * `rowDelta` what the step hands down and back in time; zeros towards the network's own input.
 */
export function layerBackward(tape: LayerTape, parameters: Float32Array, t: number): void {
  const { cell, layout, width, hidden, biases, productDeltas, rowDelta, backwardBlocks } = tape
  const stride = width + hidden
  cellBackward[cell](tape, t)
  if (layout.gainsAt >= 0) normaliseBackward(tape, parameters, t)
  for (const { row, rows, column, columns, gate } of backwardBlocks) {
    const at = layout.weightsAt + row * stride + column
    const d = t * biases * hidden + gate
    multiplyTransposed(rowDelta, column, parameters, at, stride, productDeltas, d, rows, columns)
  }
}

/** Adds the gradient of the layer's parameters over the window's first `steps` steps. */
export function addLayerGradient(tape: LayerTape, gradient: Float64Array, steps: number): void {
  const { layout, width, hidden, biases, deltas, productDeltas: d, rows: x, blocks } = tape
  const { weightsAt, biasesAt, gainsAt } = layout
  const stride = width + hidden
  const pre = biases * hidden
  for (const { row, rows, column: c, columns, gate } of blocks) {
    const at = weightsAt + row * stride + c
    addOuterProducts(gradient, at, stride, d, gate, pre, x, c, stride, steps, rows, columns)
  }
  if (tape.tableAt >= 0) addTableGradient(tape, gradient, steps)
  addSums(gradient, biasesAt, deltas, 0, pre, steps, pre)
  if (gainsAt >= 0) addGainGradients(tape, gradient, steps)
}

/** Each step's deltas into the row of its symbol, first step first. */
function addTableGradient(tape: LayerTape, gradient: Float64Array, steps: number): void {
  const { hidden, biases, gateRows, productDeltas, symbols, tableAt } = tape
  for (let t = 0; t < steps; t++) {
    const to = tableAt + symbols[t]! * gateRows
    const from = t * biases * hidden
    for (let i = 0; i < gateRows; i++) {
      gradient[to + i] = gradient[to + i]! + productDeltas[from + i]!
    }
  }
}
