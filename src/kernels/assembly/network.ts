/**
 * Forward steps and back-propagation through time of one network. Runs go in groups: all windows of
 * a group lie row by row on the tapes, run after run and each in the order of time, so that
 * everything but the recurrence itself is one product over all rows.
 */

import {
  gruBackward,
  gruForward,
  lstmBackward,
  lstmForward,
  normalise,
  normaliseBackward,
  rnnBackward,
  rnnForward,
} from './cells'
import { GRU, Layer, LSTM, Network, RNN } from './layout'
import { addRowProducts, addRows, outerProduct, product, rowOf, transpose } from './product'

// @ts-ignore: decorator
@inline
function layerOf(net: Network, l: u32): Layer {
  return changetype<Layer>(net.firstLayer + <usize>l * offsetof<Layer>())
}

/** Bytes of H floats. */
// @ts-ignore: decorator
@inline
function hiddenBytes(net: Network): usize {
  return <usize>net.hiddenPanels << 5
}

/** Bytes of a row in the tape of inverses: four gates at most. */
// @ts-ignore: decorator
@inline
function inverseBytes(): usize {
  return 16
}

/** One step of rows 0 … rows − 1 of the live state over the live inputs, outputs included. */
export function step(at: usize, rows: u32): void {
  const net = changetype<Network>(at)
  advance(net, rows, 0, net.liveInputs, net.inputStride)
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

/** Advances the live state of the rows that `index` names; each reads its own row of the inputs. */
function advance(net: Network, rows: u32, index: usize, x: usize, xStride: usize): void {
  const depth = net.hiddenPanels << 3
  const stride = net.gateStride
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    const from = net.normalise != 0 ? net.zeros : layer.biases
    seed(net, rows, index, from, net.liveGates)
    product(
      rows,
      index,
      x,
      xStride,
      layer.inputs,
      layer.inputWeights,
      net.inputPanels,
      from,
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

/** What a gru's h alone feeds begins with its own biases; all else is begun by the input. */
function seed(net: Network, rows: u32, index: usize, from: usize, gates: usize): void {
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

/** Prepares the way back for the weights as they are now. */
export function transposeWeights(at: usize): void {
  const net = changetype<Network>(at)
  const depth = net.hiddenPanels << 3
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    transpose(depth, net.recurrentPanels, layer.recurrentWeights, layer.recurrentTransposed)
    transpose(depth, net.outputPanels, layer.readoutWeights, layer.readoutTransposed)
    if (l > 0) transpose(depth, net.inputPanels, layer.inputWeights, layer.inputTransposed)
  }
}

/**
 * Learns from a group of `runs`: inputs, targets, masks, starting states, warm-ups and steps have
 * been filled in. Adds to the gradient, the losses and their number.
 */
export function accumulate(at: usize, runs: u32): void {
  const net = changetype<Network>(at)
  const rows = forwardGroup(net, runs)
  takeLosses(net, rows)
  readOutBack(net, rows)
  for (let l = net.layers; l-- > 0; ) backwardLayer(net, runs, rows, l, 0)
}

/** The squared norms of what one run's last losses hand back, by lag; the gradient is spoilt. */
export function lagNorms(at: usize): void {
  const net = changetype<Network>(at)
  const rows = forwardGroup(net, 1)
  takeLosses(net, rows)
  readOutBack(net, rows)
  memory.fill(net.lags, 0, <usize>net.window << 3)
  for (let l: u32 = 0; l < net.layers; l++) {
    const last = layerOf(net, l).hiddenDeltas + <usize>(rows - 1) * net.hiddenStride
    addSquares(net.lags, last, hiddenBytes(net))
  }
  for (let l = net.layers; l-- > 0; ) backwardLayer(net, 1, rows, l, net.lags)
}

/** Warm-up and window of every run, all layers; the number of rows on the tapes. */
function forwardGroup(net: Network, runs: u32): u32 {
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
    advance(net, active, net.rowsNow, net.liveInputs + <usize>s * net.inputStride, stride)
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
  seed(net, rows, 0, from, layer.gates)
  product(
    rows,
    0,
    layer.windowInputs,
    layer.inputStride,
    layer.inputs,
    layer.inputWeights,
    net.inputPanels,
    from,
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

/** Outputs of all rows, their losses, and ∂L / ∂ outputs in their place. */
function takeLosses(net: Network, rows: u32): void {
  const panels = net.outputPanels
  const stride = net.outputStride
  const y = net.outputDeltas
  product(
    rows,
    0,
    net.windowInputs,
    net.inputStride,
    net.inputs,
    net.readoutInput,
    panels,
    net.readoutBiases,
    y,
    stride,
  )
  const depth = net.hiddenPanels << 3
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    product(
      rows,
      0,
      layer.after,
      net.hiddenStride,
      depth,
      layer.readoutWeights,
      panels,
      0,
      y,
      stride,
    )
  }
  const delta = net.huberDelta
  const outputs = net.outputs
  let losses: f64 = 0
  let sum = net.lossSum
  for (let r: u32 = 0; r < rows; r++) {
    const out = y + <usize>r * stride
    const first = <usize>r * outputs
    for (let o: u32 = 0; o < outputs; o++) {
      const place = out + (<usize>o << 2)
      if (load<u8>(net.mask + first + o) == 0) {
        store<f32>(place, 0)
        continue
      }
      const error = load<f32>(place) - load<f32>(net.targets + ((first + o) << 2))
      const size = abs<f32>(error)
      losses += 1
      if (size <= delta) {
        sum += 0.5 * <f64>error * <f64>error
        store<f32>(place, error)
      } else {
        // NaN comes here and must not hide from the guard.
        sum += <f64>delta * (<f64>size - 0.5 * <f64>delta)
        store<f32>(place, delta * (error / size))
      }
    }
    for (let o = outputs; o < panels << 3; o++) store<f32>(out + (<usize>o << 2), 0)
  }
  net.losses += losses
  net.lossSum = sum
}

/** The read-out's own gradient, and what it hands to h of every layer. */
function readOutBack(net: Network, rows: u32): void {
  const panels = net.outputPanels
  const stride = net.outputStride
  const d = net.outputDeltas
  const shift = net.gradientShift
  const x = net.windowInputs
  addRows(rows, d, stride, panels, net.readoutBiases + shift)
  outerProduct(
    rows,
    x,
    net.inputStride,
    net.inputs,
    d,
    stride,
    panels,
    net.readoutInput + shift,
  )
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    const g = layer.readoutWeights + shift
    outerProduct(
      rows,
      layer.after,
      net.hiddenStride,
      net.hiddenPanels << 3,
      d,
      stride,
      panels,
      g,
    )
    product(
      rows,
      0,
      d,
      stride,
      panels << 3,
      layer.readoutTransposed,
      net.hiddenPanels,
      net.zeros,
      layer.hiddenDeltas,
      net.hiddenStride,
    )
  }
}

/** Back through one layer's window, then its gradients and what it hands to the layer below. */
function backwardLayer(net: Network, runs: u32, rows: u32, l: u32, lags: usize): void {
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

const FIRST: u32 = 0xffffffff

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

/** A multiple of 16 bytes. The engine's own `memory.copy` is a call that costs more than this. */
// @ts-ignore: decorator
@inline
function copyRow(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, v128.load(from + i))
}

// @ts-ignore: decorator
@inline
function clearRow(at: usize, bytes: usize): void {
  const zero = f32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 16) v128.store(at + i, zero)
}

function addSquares(sum: usize, at: usize, bytes: usize): void {
  let squares: f64 = 0
  for (let i: usize = 0; i < bytes; i += 4) {
    const v = <f64>load<f32>(at + i)
    squares += v * v
  }
  store<f64>(sum, load<f64>(sum) + squares)
}
