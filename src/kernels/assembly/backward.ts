/** Back-propagation through time of one layer over the windows of a group of runs. */

import { gruBackward, lstmBackward, normaliseBackward, rnnBackward } from './cells'
import { GRU, Layer, LSTM, Network } from './layout'
import { addRowProducts, addRows, outerProduct } from './outer-product'
import { product } from './product'
import { addRow, addSquares, clearRow, copyRow, hiddenBytes, inverseBytes, layerOf, rowOf } from './tapes'

/** In place of a row before the first. */
const FIRST: u32 = 0xffffffff

/** Back through one layer's window, then its gradients and what it hands to the layer below. */
export function backwardLayer(net: Network, runs: u32, rows: u32, l: u32, lags: usize): void {
  const layer = layerOf(net, l)
  if (net.cell == LSTM) clearRow(layer.cellDeltas, <usize>runs * net.hiddenStride)
  // Runs are aligned at their ends: k steps back from the last row of each.
  for (let k: u32 = 0; k < net.window; k++) {
    const active = rowsBack(net, runs, k)
    if (active == 0) break
    const stashed = lags != 0 && stash(net, layer)
    for (let i: u32 = 0; i < active; i++) {
      const before = rowOf(net.rowsBefore, i)
      backwardRow(net, layer, rowOf(net.rowsNow, i), before, <u32>rowOf(net.runsNow, i))
    }
    handBack(net, layer, active)
    if (stashed) takeLag(net, layer, lags + (<usize>(k + 1) << 3))
  }
  const raw = net.normalise != 0 ? layer.rawDeltas : layer.gates
  gradients(net, layer, rows, raw)
  if (l > 0) {
    product(
      rows,
      0,
      raw,
      net.gateStride,
      net.inputPanels << 3,
      layer.inputTransposed,
      net.hiddenPanels,
      0,
      layerOf(net, l - 1).hiddenDeltas,
      net.hiddenStride,
    )
  }
}

/**
 * Fills `rowsNow` with the rows k steps before the ends of the runs that reach so far back, and
 * `rowsBefore` with the row before each; the runs that begin there come last.
 */
function rowsBack(net: Network, runs: u32, k: u32): u32 {
  let active: u32 = 0
  for (let r: u32 = 0; r < runs; r++) {
    const steps = <u32>rowOf(net.steps, r)
    if (k + 1 < steps) active = rowBack(net, active, r, steps - 1 - k, true)
  }
  for (let r: u32 = 0; r < runs; r++) {
    const steps = <u32>rowOf(net.steps, r)
    if (k + 1 == steps) active = rowBack(net, active, r, 0, false)
  }
  return active
}

// @ts-ignore: decorator
@inline
function rowBack(net: Network, active: u32, run: u32, t: u32, inside: bool): u32 {
  const place = <usize>active << 2
  const row = <u32>rowOf(net.firstRow, run) + t
  store<u32>(net.rowsNow + place, row)
  store<u32>(net.rowsBefore + place, inside ? row - 1 : FIRST)
  store<u32>(net.runsNow + place, run)
  return active + 1
}

function backwardRow(net: Network, layer: Layer, row: usize, before: usize, run: u32): void {
  const bytes = hiddenBytes(net)
  const gates = layer.gates + row * net.gateStride
  const h = row * net.hiddenStride
  const dh = layer.hiddenDeltas + h
  if (net.cell == GRU) {
    const to = <u32>before == FIRST ? net.waste : layer.hiddenDeltas + before * net.hiddenStride
    gruBackward(bytes, gates, layer.before + h, dh, to)
  } else if (net.cell == LSTM) {
    const dc = layer.cellDeltas + <usize>run * net.hiddenStride
    lstmBackward(bytes, gates, layer.cells + h, layer.squashed + h, dh, dc)
  } else {
    rnnBackward(bytes, gates, dh)
  }
  if (net.normalise != 0) {
    normaliseBackward(
      bytes,
      <f32>net.hidden,
      net.gatePanels / net.hiddenPanels,
      gates,
      layer.normed + row * net.gateStride,
      layer.inverses + row * inverseBytes(),
      layer.gains,
      layer.rawDeltas + row * net.gateStride,
    )
  }
}

/** What reaches h one step earlier through the weights. */
function handBack(net: Network, layer: Layer, active: u32): void {
  let inside: u32 = 0
  while (inside < active && <u32>rowOf(net.rowsBefore, inside) != FIRST) inside++
  if (inside == 0) return
  const raw = net.normalise != 0 ? layer.rawDeltas : layer.gates
  // A row now is one below its row before, so both sides are the same rows of shifted tapes.
  product(
    inside,
    net.rowsBefore,
    raw + net.gateStride + net.recurrentColumn,
    net.gateStride,
    net.recurrentPanels << 3,
    layer.recurrentTransposed,
    net.hiddenPanels,
    0,
    layer.hiddenDeltas,
    net.hiddenStride,
  )
}

/** Puts aside what the row before has been given so far, and clears it; false at the first row. */
function stash(net: Network, layer: Layer): bool {
  const before = <u32>rowOf(net.rowsBefore, 0)
  if (before == FIRST) return false
  const at = layer.hiddenDeltas + <usize>before * net.hiddenStride
  copyRow(net.waste, at, hiddenBytes(net))
  clearRow(at, hiddenBytes(net))
  return true
}

/** Adds the square of what was handed back to `lag`, and gives the row before its stash again. */
function takeLag(net: Network, layer: Layer, lag: usize): void {
  const bytes = hiddenBytes(net)
  const at = layer.hiddenDeltas + rowOf(net.rowsBefore, 0) * net.hiddenStride
  addSquares(lag, at, bytes)
  if (net.cell == LSTM) addSquares(lag, layer.cellDeltas, bytes)
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(at + i, f32x4.add(v128.load(at + i), v128.load(net.waste + i)))
  }
}

function gradients(net: Network, layer: Layer, rows: u32, raw: usize): void {
  const shift = net.gradientShift
  const stride = net.gateStride
  addRows(rows, layer.gates, stride, net.gatePanels, layer.biases + shift)
  if (net.normalise != 0) {
    addRowProducts(rows, layer.gates, layer.normed, stride, net.gatePanels, layer.gains + shift)
  }
  if (layer.table != 0) tableGradient(net, layer, rows, raw)
  outerProduct(
    rows,
    layer.windowInputs,
    layer.inputStride,
    layer.inputs,
    raw,
    stride,
    net.inputPanels,
    layer.inputWeights + shift,
  )
  outerProduct(
    rows,
    layer.before,
    net.hiddenStride,
    net.hiddenPanels << 3,
    raw + net.recurrentColumn,
    stride,
    net.recurrentPanels,
    layer.recurrentWeights + shift,
  )
}

/** Every row's deltas into the row of its symbol, the first row first. */
function tableGradient(net: Network, layer: Layer, rows: u32, raw: usize): void {
  const width = <usize>net.inputPanels << 5
  const gradient = layer.table + net.gradientShift
  for (let r: u32 = 0; r < rows; r++) {
    const symbol = rowOf(net.windowSymbols, r)
    const to = gradient + symbol * width
    addRow(to, to, raw + <usize>r * net.gateStride, width)
    store<u8>(net.touched + symbol, 1)
  }
}
