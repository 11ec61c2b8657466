/**
 * The read-out of the rows of a group from each run's first loss on: outputs, losses, and the way
 * back from them. What comes before it has nothing to read.
 */

import { Network } from './layout'
import { addRows, outerProduct } from './outer-product'
import { product } from './product'
import { clearRow, layerOf, rowOf } from './tapes'

/** Losses of all runs, the read-out's gradient, and what it hands to h of every layer. */
export function readOut(net: Network, runs: u32): void {
  for (let r: u32 = 0; r < runs; r++) {
    const begin = <u32>rowOf(net.firstRow, r)
    const end = begin + <u32>rowOf(net.steps, r)
    const first = firstLoss(net, begin, end)
    for (let l: u32 = 0; l < net.layers; l++) {
      const at = layerOf(net, l).hiddenDeltas + <usize>begin * net.hiddenStride
      clearRow(at, <usize>(first - begin) * net.hiddenStride)
    }
    writeOutputs(net, first, end - first)
    takeLosses(net, first, end)
    readOutBack(net, first, end - first)
  }
}

/** The first row with a loss among `begin` … `end` − 1; the last row has one. */
function firstLoss(net: Network, begin: u32, end: u32): u32 {
  const outputs = net.outputs
  for (let row = begin; row < end; row++) {
    const mask = net.mask + <usize>row * outputs
    for (let o: u32 = 0; o < outputs; o++) if (load<u8>(mask + o) != 0) return row
  }
  return end
}

function writeOutputs(net: Network, first: u32, rows: u32): void {
  const panels = net.outputPanels
  const stride = net.outputStride
  const y = net.outputDeltas + <usize>first * stride
  product(
    rows,
    0,
    net.windowInputs + <usize>first * net.inputStride,
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
      layer.after + <usize>first * net.hiddenStride,
      net.hiddenStride,
      depth,
      layer.readoutWeights,
      panels,
      0,
      y,
      stride,
    )
  }
}

/** Losses of rows `first` … `end` − 1, and ∂L / ∂ outputs in the place of the outputs. */
function takeLosses(net: Network, first: u32, end: u32): void {
  const columns = net.outputPanels << 3
  const delta = net.huberDelta
  const outputs = net.outputs
  let losses: f64 = 0
  let sum = net.lossSum
  for (let row = first; row < end; row++) {
    const out = net.outputDeltas + <usize>row * net.outputStride
    const place = <usize>row * outputs
    for (let o: u32 = 0; o < outputs; o++) {
      const at = out + (<usize>o << 2)
      if (load<u8>(net.mask + place + o) == 0) {
        store<f32>(at, 0)
        continue
      }
      const error = load<f32>(at) - load<f32>(net.targets + ((place + o) << 2))
      const size = abs<f32>(error)
      losses += 1
      if (size <= delta) {
        sum += 0.5 * <f64>error * <f64>error
        store<f32>(at, error)
      } else {
        // NaN comes here and must not hide from the guard.
        sum += <f64>delta * (<f64>size - 0.5 * <f64>delta)
        store<f32>(at, delta * (error / size))
      }
    }
    for (let o = outputs; o < columns; o++) store<f32>(out + (<usize>o << 2), 0)
  }
  net.losses += losses
  net.lossSum = sum
}

function readOutBack(net: Network, first: u32, rows: u32): void {
  const panels = net.outputPanels
  const stride = net.outputStride
  const d = net.outputDeltas + <usize>first * stride
  const x = net.windowInputs + <usize>first * net.inputStride
  const shift = net.gradientShift
  const depth = net.hiddenPanels << 3
  addRows(rows, d, stride, panels, net.readoutBiases + shift)
  outerProduct(rows, x, net.inputStride, net.inputs, d, stride, panels, net.readoutInput + shift)
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    const h = layer.after + <usize>first * net.hiddenStride
    const g = layer.readoutWeights + shift
    outerProduct(rows, h, net.hiddenStride, depth, d, stride, panels, g)
    product(
      rows,
      0,
      d,
      stride,
      panels << 3,
      layer.readoutTransposed,
      net.hiddenPanels,
      net.zeros,
      layer.hiddenDeltas + <usize>first * net.hiddenStride,
      net.hiddenStride,
    )
  }
}
