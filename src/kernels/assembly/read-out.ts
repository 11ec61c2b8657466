/** The read-out of all rows of a group: outputs, losses, and the way back from them. */

import { Network } from './layout'
import { addRows, outerProduct } from './outer-product'
import { product } from './product'
import { layerOf } from './tapes'

/** Outputs of all rows, their losses, and ∂L / ∂ outputs in their place. */
export function takeLosses(net: Network, rows: u32): void {
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
export function readOutBack(net: Network, rows: u32): void {
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
