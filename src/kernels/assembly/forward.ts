/** Forward steps: of the live state, and over the windows of a group of runs. */

import { gruForward, lstmForward, normalise, rnnForward } from './cells'
import { GRU, Layer, LSTM, Network } from './layout'
import { product } from './product'
import { addRow, copyRow, hiddenBytes, inverseBytes, layerOf, rowOf } from './tapes'

/** One step of rows 0 … rows − 1 of the live state over the live inputs, outputs included. */
export function step(at: usize, rows: u32): void {
  const net = changetype<Network>(at)
  advance(net, rows, 0, net.liveInputs, net.inputStride, 0)
  const out = net.liveOutputs
  const panels = net.outputPanels
  product(
    rows,
    0,
    net.liveInputs,
    net.inputStride,
    net.inputs,
    net.readoutInput,
    panels,
    net.readoutBiases,
    out,
    net.outputStride,
  )
  const depth = net.hiddenPanels << 3
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    const h = layer.liveHidden
    product(
      rows,
      0,
      h,
      net.hiddenStride,
      depth,
      layer.readoutWeights,
      panels,
      0,
      out,
      net.outputStride,
    )
  }
}

/**
 * Advances the live state of the rows that `index` names; each reads its own row of the inputs or,
 * in a network of symbols, its own place of `symbols`.
 */
export function advance(
  net: Network,
  rows: u32,
  index: usize,
  x: usize,
  xStride: usize,
  symbols: usize,
): void {
  const symbolStride = <usize>max(net.warmupMax, 1) << 2
  const depth = net.hiddenPanels << 3
  const stride = net.gateStride
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    const from = net.normalise != 0 ? net.zeros : layer.biases
    seed(net, layer, rows, index, from, net.liveGates, symbols, symbolStride)
    feed(
      rows,
      index,
      x,
      xStride,
      layer.inputs,
      layer.inputWeights,
      net.inputPanels,
      layer.table != 0 ? 0 : from,
      net.liveGates,
      stride,
    )
    product(
      rows,
      index,
      layer.liveHidden,
      net.hiddenStride,
      depth,
      layer.recurrentWeights,
      net.recurrentPanels,
      0,
      net.liveGates + net.recurrentColumn,
      stride,
    )
    for (let i: u32 = 0; i < rows; i++) {
      const r = rowOf(index, i)
      const gates = net.liveGates + r * stride
      const h = layer.liveHidden + r * net.hiddenStride
      const c = layer.liveCells + r * net.hiddenStride
      if (net.normalise != 0) applyNorm(net, layer, gates, net.waste, net.waste)
      activate(net, gates, h, h, h, c, c, net.waste)
    }
    x = layer.liveHidden
    xStride = net.hiddenStride
  }
}

/** `product`, but for the first layer of a network of symbols, which has no inputs. */
// @ts-ignore: decorator
@inline
function feed(
  rows: u32,
  index: usize,
  x: usize,
  xStride: usize,
  depth: u32,
  weights: usize,
  panels: u32,
  from: usize,
  gates: usize,
  stride: usize,
): void {
  if (depth == 0) return
  product(rows, index, x, xStride, depth, weights, panels, from, gates, stride)
}

/**
 * What a gru's h alone feeds begins with its own biases; all else is begun by the input, or by the
 * symbol's row where there is a table.
 */
function seed(
  net: Network,
  layer: Layer,
  rows: u32,
  index: usize,
  from: usize,
  gates: usize,
  symbols: usize,
  symbolStride: usize,
): void {
  if (layer.table != 0) {
    const width = <usize>net.inputPanels << 5
    for (let i: u32 = 0; i < rows; i++) {
      const r = rowOf(index, i)
      const symbol = <usize>load<u32>(symbols + r * symbolStride)
      addRow(gates + r * net.gateStride, from, layer.table + symbol * width, width)
    }
  }
  if (net.cell != GRU) return
  const bytes = hiddenBytes(net)
  const column = bytes * 3
  for (let i: u32 = 0; i < rows; i++) {
    copyRow(gates + rowOf(index, i) * net.gateStride + column, from + column, bytes)
  }
}

// @ts-ignore: decorator
@inline
function applyNorm(
  net: Network,
  layer: Layer,
  gates: usize,
  normed: usize,
  inverses: usize,
): void {
  normalise(
    hiddenBytes(net),
    <f32>net.hidden,
    net.gatePanels / net.hiddenPanels,
    gates,
    normed,
    inverses,
    layer.gains,
    layer.biases,
  )
}

// @ts-ignore: decorator
@inline
function activate(
  net: Network,
  gates: usize,
  before: usize,
  after: usize,
  next: usize,
  cells: usize,
  nextCells: usize,
  squashed: usize,
): void {
  const bytes = hiddenBytes(net)
  if (net.cell == GRU) gruForward(bytes, gates, before, after, next)
  else if (net.cell == LSTM) {
    lstmForward(bytes, gates, cells, nextCells, squashed, after, next)
  } else rnnForward(bytes, gates, after, next)
}

/** Warm-up and window of every run, all layers; the number of rows on the tapes. */
export function forwardGroup(net: Network, runs: u32): u32 {
  warmUp(net, runs)
  let rows: u32 = 0
  for (let r: u32 = 0; r < runs; r++) {
    store<u32>(net.firstRow + (<usize>r << 2), rows)
    rows += <u32>rowOf(net.steps, r)
  }
  const bytes = hiddenBytes(net)
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    for (let r: u32 = 0; r < runs; r++) {
      const to = rowOf(net.firstRow, r) * net.hiddenStride
      const from = <usize>r * net.hiddenStride
      copyRow(layer.before + to, layer.liveHidden + from, bytes)
      if (net.cell == LSTM) copyRow(layer.cells + to, layer.liveCells + from, bytes)
    }
    forwardLayer(net, runs, rows, layer)
  }
  return rows
}

function warmUp(net: Network, runs: u32): void {
  let longest: u32 = 0
  for (let r: u32 = 0; r < runs; r++) longest = max(longest, <u32>rowOf(net.warmup, r))
  const stride = <usize>net.warmupMax * net.inputStride
  for (let s: u32 = 0; s < longest; s++) {
    let active: u32 = 0
    for (let r: u32 = 0; r < runs; r++) {
      if (s >= <u32>rowOf(net.warmup, r)) continue
      store<u32>(net.rowsNow + (<usize>active << 2), r)
      active++
    }
    const x = net.liveInputs + <usize>s * net.inputStride
    advance(net, active, net.rowsNow, x, stride, net.liveSymbols + (<usize>s << 2))
  }
}

/** Fills `rowsNow` with the rows at step `t` of the runs that have one; returns how many. */
function rowsAt(net: Network, runs: u32, t: u32): u32 {
  let active: u32 = 0
  for (let r: u32 = 0; r < runs; r++) {
    if (t >= <u32>rowOf(net.steps, r)) continue
    const place = <usize>active << 2
    store<u32>(net.rowsNow + place, <u32>rowOf(net.firstRow, r) + t)
    store<u32>(net.runsNow + place, r)
    active++
  }
  return active
}

function forwardLayer(net: Network, runs: u32, rows: u32, layer: Layer): void {
  const stride = net.gateStride
  const depth = net.hiddenPanels << 3
  const from = net.normalise != 0 ? net.zeros : layer.biases
  seed(net, layer, rows, 0, from, layer.gates, net.windowSymbols, 4)
  feed(
    rows,
    0,
    layer.windowInputs,
    layer.inputStride,
    layer.inputs,
    layer.inputWeights,
    net.inputPanels,
    layer.table != 0 ? 0 : from,
    layer.gates,
    stride,
  )
  for (let t: u32 = 0; t < net.window; t++) {
    const active = rowsAt(net, runs, t)
    if (active == 0) return
    product(
      active,
      net.rowsNow,
      layer.before,
      net.hiddenStride,
      depth,
      layer.recurrentWeights,
      net.recurrentPanels,
      0,
      layer.gates + net.recurrentColumn,
      stride,
    )
    for (let i: u32 = 0; i < active; i++) {
      const row = rowOf(net.rowsNow, i)
      const ends = t + 1 == <u32>rowOf(net.steps, <u32>rowOf(net.runsNow, i))
      forwardRow(net, layer, row, ends)
    }
  }
}

function forwardRow(net: Network, layer: Layer, row: usize, ends: bool): void {
  const gates = layer.gates + row * net.gateStride
  const h = row * net.hiddenStride
  const next = h + net.hiddenStride
  if (net.normalise != 0) {
    const normed = layer.normed + row * net.gateStride
    applyNorm(net, layer, gates, normed, layer.inverses + row * inverseBytes())
  }
  activate(
    net,
    gates,
    layer.before + h,
    layer.after + h,
    ends ? net.waste : layer.before + next,
    layer.cells + h,
    ends ? net.waste : layer.cells + next,
    layer.squashed + h,
  )
}
