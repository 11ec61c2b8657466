/** What forward and backward steps share: where rows lie, and what is done to a whole one. */

import { Layer, Network } from './layout'

// @ts-ignore: decorator
@inline
export function layerOf(net: Network, l: u32): Layer {
  return changetype<Layer>(net.firstLayer + <usize>l * offsetof<Layer>())
}

/** Bytes of H floats. */
// @ts-ignore: decorator
@inline
export function hiddenBytes(net: Network): usize {
  return <usize>net.hiddenPanels << 5
}

/** Bytes of a row in the tape of inverses: four gates at most. */
// @ts-ignore: decorator
@inline
export function inverseBytes(): usize {
  return 16
}

/** The number in its tape of the i-th row that takes part. */
// @ts-ignore: decorator
@inline
export function rowOf(index: usize, i: u32): usize {
  return index == 0 ? <usize>i : <usize>load<u32>(index + (<usize>i << 2))
}

/** A multiple of 16 bytes. The engine's own `memory.copy` is a call that costs more than this. */
// @ts-ignore: decorator
@inline
export function copyRow(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, v128.load(from + i))
}

/** to = a + b. */
// @ts-ignore: decorator
@inline
export function addRow(to: usize, a: usize, b: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(to + i, f32x4.add(v128.load(a + i), v128.load(b + i)))
  }
}

// @ts-ignore: decorator
@inline
export function clearRow(at: usize, bytes: usize): void {
  const zero = f32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 16) v128.store(at + i, zero)
}

export function addSquares(sum: usize, at: usize, bytes: usize): void {
  let squares: f64 = 0
  for (let i: usize = 0; i < bytes; i += 4) {
    const v = <f64>load<f32>(at + i)
    squares += v * v
  }
  store<f64>(sum, load<f64>(sum) + squares)
}
