/**
 * Sums over the rows of a window, the first row first: the gradients of weights, biases and gains.
 */

import { madd, panelBytesOf, ROW } from './panels'
import { tile1 } from './product'

/** Steps of an outer product that are summed before the next columns come, for the same reason. */
const OUTER_BLOCK: u32 = 32

/**
 * G (K, 8 panels) += Aᵀ D over `rows` consecutive rows of A (rows, K) and D (rows, 8 panels), the
 * first row first: the whole gradient of a weight matrix. G lies in panels as weights do.
 */
export function outerProduct(
  rows: u32,
  a: usize,
  aStride: usize,
  depth: u32,
  d: usize,
  dStride: usize,
  panels: u32,
  g: usize,
): void {
  const panelBytes = panelBytesOf(depth)
  const fours = depth & ~3
  for (let first: u32 = 0; first < rows; first += OUTER_BLOCK) {
    const steps = min(rows - first, OUTER_BLOCK)
    const a0 = a + <usize>first * aStride
    const d0 = d + <usize>first * dStride
    for (let p: u32 = 0; p < panels; p++) {
      const column = d0 + <usize>p * ROW
      const to = g + <usize>p * panelBytes
      for (let k: u32 = 0; k < fours; k += 4) {
        outer4(steps, a0 + (<usize>k << 2), aStride, column, dStride, to + <usize>k * ROW)
      }
    }
    for (let k = fours; k < depth; k++) {
      const from = a0 + (<usize>k << 2)
      const to = g + <usize>k * ROW
      let p: u32 = 0
      for (; p + 3 < panels; p += 4) {
        const column = d0 + <usize>p * ROW
        outer1x4(steps, from, aStride, column, dStride, to + <usize>p * panelBytes, panelBytes)
      }
      for (; p < panels; p++) {
        const column = d0 + <usize>p * ROW
        tile1(steps, from, aStride, column, dStride, 0, to + <usize>p * panelBytes)
      }
    }
  }
}

/** 4 rows × 8 columns of a gradient. */
// @ts-ignore: decorator
@inline
function outer4(
  steps: u32,
  a: usize,
  aStride: usize,
  d: usize,
  dStride: usize,
  g: usize,
): void {
  let s0 = v128.load(g)
  let t0 = v128.load(g, 16)
  let s1 = v128.load(g, 32)
  let t1 = v128.load(g, 48)
  let s2 = v128.load(g, 64)
  let t2 = v128.load(g, 80)
  let s3 = v128.load(g, 96)
  let t3 = v128.load(g, 112)
  let k = steps
  do {
    const p = v128.load(d)
    const q = v128.load(d, 16)
    let x = v128.load32_splat(a)
    s0 = madd(s0, x, p)
    t0 = madd(t0, x, q)
    x = v128.load32_splat(a, 4)
    s1 = madd(s1, x, p)
    t1 = madd(t1, x, q)
    x = v128.load32_splat(a, 8)
    s2 = madd(s2, x, p)
    t2 = madd(t2, x, q)
    x = v128.load32_splat(a, 12)
    s3 = madd(s3, x, p)
    t3 = madd(t3, x, q)
    a += aStride
    d += dStride
    k--
  } while (k != 0)
  v128.store(g, s0)
  v128.store(g, t0, 16)
  v128.store(g, s1, 32)
  v128.store(g, t1, 48)
  v128.store(g, s2, 64)
  v128.store(g, t2, 80)
  v128.store(g, s3, 96)
  v128.store(g, t3, 112)
}

/** 1 row × 32 columns of a gradient, in four panels. */
function outer1x4(
  steps: u32,
  a: usize,
  aStride: usize,
  d: usize,
  dStride: usize,
  g: usize,
  panelBytes: usize,
): void {
  const g1 = g + panelBytes
  const g2 = g1 + panelBytes
  const g3 = g2 + panelBytes
  let s0 = v128.load(g)
  let t0 = v128.load(g, 16)
  let s1 = v128.load(g1)
  let t1 = v128.load(g1, 16)
  let s2 = v128.load(g2)
  let t2 = v128.load(g2, 16)
  let s3 = v128.load(g3)
  let t3 = v128.load(g3, 16)
  for (let k: u32 = 0; k < steps; k++) {
    const x = v128.load32_splat(a)
    s0 = madd(s0, x, v128.load(d))
    t0 = madd(t0, x, v128.load(d, 16))
    s1 = madd(s1, x, v128.load(d, 32))
    t1 = madd(t1, x, v128.load(d, 48))
    s2 = madd(s2, x, v128.load(d, 64))
    t2 = madd(t2, x, v128.load(d, 80))
    s3 = madd(s3, x, v128.load(d, 96))
    t3 = madd(t3, x, v128.load(d, 112))
    a += aStride
    d += dStride
  }
  v128.store(g, s0)
  v128.store(g, t0, 16)
  v128.store(g1, s1)
  v128.store(g1, t1, 16)
  v128.store(g2, s2)
  v128.store(g2, t2, 16)
  v128.store(g3, s3)
  v128.store(g3, t3, 16)
}

/** g (8 panels) += the sum of `rows` consecutive rows of D, the first row first. */
export function addRows(rows: u32, d: usize, dStride: usize, panels: u32, g: usize): void {
  for (let p: u32 = 0; p < panels; p++) {
    let s = v128.load(g)
    let t = v128.load(g, 16)
    let at = d
    for (let r: u32 = 0; r < rows; r++) {
      s = f32x4.add(s, v128.load(at))
      t = f32x4.add(t, v128.load(at, 16))
      at += dStride
    }
    v128.store(g, s)
    v128.store(g, t, 16)
    g += ROW
    d += ROW
  }
}

/** g (8 panels) += the sum of the element-wise products of `rows` consecutive rows of D and N. */
export function addRowProducts(
  rows: u32,
  d: usize,
  n: usize,
  stride: usize,
  panels: u32,
  g: usize,
): void {
  for (let p: u32 = 0; p < panels; p++) {
    let s = v128.load(g)
    let t = v128.load(g, 16)
    let at = d
    let by = n
    for (let r: u32 = 0; r < rows; r++) {
      s = madd(s, v128.load(at), v128.load(by))
      t = madd(t, v128.load(at, 16), v128.load(by, 16))
      at += stride
      by += stride
    }
    v128.store(g, s)
    v128.store(g, t, 16)
    g += ROW
    d += ROW
    n += ROW
  }
}
