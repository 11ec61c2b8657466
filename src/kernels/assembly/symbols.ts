/**
 * A network of symbols: a softmax over columns, one for each symbol that has been seen and one for
 * all others, in the place of the linear read-out. The layers are those of any network.
 */

import { backwardLayer } from './backward'
import { advance, forwardGroup } from './forward'
import { Network } from './layout'
import { exp4, log4 } from './math'
import { outerProduct } from './outer-product'
import { transpose } from './panels'
import { product } from './product'
import { addRow, clearRow, layerOf, rowOf } from './tapes'

/** One live step of row 0 by the symbol that lies in `liveSymbols`. */
export function symbolStep(at: usize): void {
  const net = changetype<Network>(at)
  advance(net, 1, 0, 0, 0, net.liveSymbols)
}

/** Softmax of row 0 of the live state, into the live outputs. */
export function symbolDistribution(at: usize): void {
  const net = changetype<Network>(at)
  let from = net.readoutBiases
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    product(
      1,
      0,
      layer.liveHidden,
      net.hiddenStride,
      net.hiddenPanels << 3,
      layer.readoutWeights,
      net.outputPanels,
      from,
      net.liveOutputs,
      net.outputStride,
    )
    from = 0
  }
  softmax(net.liveOutputs, net.columns)
}

/**
 * Logits → probabilities, in place, zeros behind the last column; the logarithm of the sum of
 * exponentials. Four sums side by side, so the order of columns alone decides the bits.
 */
function softmax(y: usize, columns: u32): f32 {
  const bytes = <usize>((columns + 7) >> 3) << 5
  for (let i = <usize>columns << 2; i < bytes; i += 4) store<f32>(y + i, -Infinity)
  let m = v128.load(y)
  for (let i: usize = 16; i < bytes; i += 16) m = f32x4.max(m, v128.load(y + i))
  const highest = max<f32>(
    max<f32>(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)),
    max<f32>(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)),
  )
  m = f32x4.splat(highest)
  let s = f32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 16) {
    const e = exp4(f32x4.sub(v128.load(y + i), m))
    v128.store(y + i, e)
    s = f32x4.add(s, e)
  }
  const sum =
    f32x4.extract_lane(s, 0) +
    f32x4.extract_lane(s, 1) +
    (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
  const inverse = f32x4.splat(<f32>1 / sum)
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(y + i, f32x4.mul(v128.load(y + i), inverse))
  }
  return highest + f32x4.extract_lane(log4(f32x4.splat(sum)), 0)
}

/**
 * The read-out learns from the live outputs, which hold p − the observed symbol's 1, and row 0 of
 * the live state. A column's second moment is that of its error: v ← v + gain (error² − v), and
 * each step is rate × error ÷ (√(v ÷ correction) + ε) × h.
 */
export function symbolLearn(
  at: usize,
  rate: f64,
  gain: f64,
  correction: f64,
  epsilon: f64,
): void {
  const net = changetype<Network>(at)
  const d = net.liveOutputs
  const bytes = <usize>net.outputPanels << 5
  const rates = f32x4.splat(<f32>-rate)
  const gains = f32x4.splat(<f32>gain)
  const unbias = f32x4.splat(<f32>(1 / correction))
  const floor = f32x4.splat(<f32>epsilon)
  for (let i: usize = 0; i < bytes; i += 16) {
    const e = v128.load(d + i)
    let v = v128.load(net.outputMoments + i)
    v = f32x4.add(v, f32x4.mul(gains, f32x4.sub(f32x4.mul(e, e), v)))
    v128.store(net.outputMoments + i, v)
    const size = f32x4.add(f32x4.sqrt(f32x4.mul(v, unbias)), floor)
    v128.store(d + i, f32x4.div(f32x4.mul(rates, e), size))
  }
  addRow(net.readoutBiases, net.readoutBiases, d, bytes)
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    outerProduct(
      1,
      layer.liveHidden,
      net.hiddenStride,
      net.hiddenPanels << 3,
      d,
      net.outputStride,
      net.outputPanels,
      layer.readoutWeights,
    )
  }
}

/** Prepares the way back through the softmax as it is now. */
export function transposeReadOut(at: usize): void {
  const net = changetype<Network>(at)
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    transpose(
      net.hiddenPanels << 3,
      net.outputPanels,
      layer.readoutWeights,
      layer.readoutTransposed,
    )
  }
}

/** `accumulate` of a network of symbols: the read-out itself gets no gradient. */
export function symbolAccumulate(at: usize, runs: u32): void {
  const net = changetype<Network>(at)
  const rows = forwardGroup(net, runs)
  for (let r: u32 = 0; r < runs; r++) {
    const begin = <u32>rowOf(net.firstRow, r)
    const end = begin + <u32>rowOf(net.steps, r)
    let first = begin
    while (load<u8>(net.mask + <usize>first) == 0) first++
    for (let l: u32 = 0; l < net.layers; l++) {
      const at = layerOf(net, l).hiddenDeltas + <usize>begin * net.hiddenStride
      clearRow(at, <usize>(first - begin) * net.hiddenStride)
    }
    takeLosses(net, first, end)
    readOutBack(net, first, end - first)
  }
  for (let l = net.layers; l-- > 0; ) backwardLayer(net, runs, rows, l, 0)
}

/** Cross-entropies of rows `first` … `end` − 1, and ∂L / ∂ logits where there is a loss, else 0. */
function takeLosses(net: Network, first: u32, end: u32): void {
  const stride = net.outputStride
  const y = net.outputDeltas + <usize>first * stride
  let from = net.readoutBiases
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    product(
      end - first,
      0,
      layer.after + <usize>first * net.hiddenStride,
      net.hiddenStride,
      net.hiddenPanels << 3,
      layer.readoutWeights,
      net.outputPanels,
      from,
      y,
      stride,
    )
    from = 0
  }
  for (let row = first; row < end; row++) {
    const d = net.outputDeltas + <usize>row * stride
    if (load<u8>(net.mask + row) == 0) {
      clearRow(d, <usize>net.outputPanels << 5)
      continue
    }
    const at = d + (rowOf(net.targets, row) << 2)
    const logit = load<f32>(at)
    net.lossSum += <f64>(softmax(d, net.columns) - logit)
    net.losses += 1
    store<f32>(at, load<f32>(at) - 1)
  }
}

function readOutBack(net: Network, first: u32, rows: u32): void {
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    product(
      rows,
      0,
      net.outputDeltas + <usize>first * net.outputStride,
      net.outputStride,
      net.outputPanels << 3,
      layer.readoutTransposed,
      net.hiddenPanels,
      net.zeros,
      layer.hiddenDeltas + <usize>first * net.hiddenStride,
      net.hiddenStride,
    )
  }
}
