/**
 * Weights lie in panels of 8 columns: panel p of a matrix W (K, 8 P) holds W[k][8 p … 8 p + 7],
 * row after row, so that a product streams through memory whatever its shape.
 */

/** Bytes in a row of a panel. */
export const ROW: usize = 32

/**
 * Bytes from one panel of K rows to the next: an odd number of cache lines, because panels that are
 * read side by side would fight for the same sets of the cache a power of two apart.
 */
// @ts-ignore: decorator
@inline
export function panelBytesOf(depth: u32): usize {
  return <usize>(((depth + 1) >> 1) | 1) << 6
}

/** acc + a × w of four lanes: two roundings, on every machine. */
// @ts-ignore: decorator
@inline
export function madd(acc: v128, a: v128, w: v128): v128 {
  return f32x4.add(acc, f32x4.mul(a, w))
}

/** W (K, 8 P) in panels → its transpose (8 P, K) in panels; K is a multiple of 8. */
export function transpose(depth: u32, panels: u32, w: usize, to: usize): void {
  const panelBytes = panelBytesOf(depth)
  const toPanelBytes = panelBytesOf(panels << 3)
  for (let p: u32 = 0; p < panels; p++) {
    for (let q: u32 = 0; q < depth >> 3; q++) {
      const from = w + <usize>p * panelBytes + <usize>q * 8 * ROW
      const at = to + <usize>q * toPanelBytes + <usize>p * 8 * ROW
      transpose4(from, at)
      transpose4(from + 16, at + 4 * ROW)
      transpose4(from + 4 * ROW, at + 16)
      transpose4(from + 4 * ROW + 16, at + 4 * ROW + 16)
    }
  }
}

/** A square of 4 × 4 floats, rows 32 bytes apart on both sides. */
// @ts-ignore: decorator
@inline
function transpose4(from: usize, to: usize): void {
  const a = v128.load(from)
  const b = v128.load(from, 32)
  const c = v128.load(from, 64)
  const d = v128.load(from, 96)
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5)
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5)
  const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7)
  const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7)
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5))
  v128.store(to, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 32)
  v128.store(to, v128.shuffle<f32>(abHigh, cdHigh, 0, 1, 4, 5), 64)
  v128.store(to, v128.shuffle<f32>(abHigh, cdHigh, 2, 3, 6, 7), 96)
}
