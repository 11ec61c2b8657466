/**
 * Learning by back-propagation through time. Runs go in groups: all windows of a group lie row by
 * row on the tapes, run after run and each in the order of time, so that everything but the
 * recurrence itself is one product over all rows.
 */

import { backwardLayer } from './backward'
import { forwardGroup } from './forward'
import { Network } from './layout'
import { transpose } from './panels'
import { readOut } from './read-out'
import { addSquares, hiddenBytes, layerOf } from './tapes'

/** Prepares the way back for the weights as they are now. */
export function transposeWeights(at: usize): void {
  const net = changetype<Network>(at)
  const depth = net.hiddenPanels << 3
  for (let l: u32 = 0; l < net.layers; l++) {
    const layer = layerOf(net, l)
    transpose(depth, net.recurrentPanels, layer.recurrentWeights, layer.recurrentTransposed)
    // The softmax of symbols changes at every symbol and has a transpose of its own.
    if (net.columns == 0) {
      transpose(depth, net.outputPanels, layer.readoutWeights, layer.readoutTransposed)
    }
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
  readOut(net, runs)
  for (let l = net.layers; l-- > 0; ) backwardLayer(net, runs, rows, l, 0)
}

/** The squared norms of what one run's last losses hand back, by lag; the gradient is spoilt. */
export function lagNorms(at: usize): void {
  const net = changetype<Network>(at)
  const rows = forwardGroup(net, 1)
  readOut(net, 1)
  memory.fill(net.lags, 0, <usize>net.window << 3)
  for (let l: u32 = 0; l < net.layers; l++) {
    const last = layerOf(net, l).hiddenDeltas + <usize>(rows - 1) * net.hiddenStride
    addSquares(net.lags, last, hiddenBytes(net))
  }
  for (let l = net.layers; l-- > 0; ) backwardLayer(net, 1, rows, l, net.lags)
}
