/**
 * The matrix products of a network, in single precision. Every element of a result is one sum in
 * the order of k, begun with what it starts from: tiles differ in how many of these sums they carry
 * side by side, never in a single bit of them.
 *
 * The loops of the tiles are unrolled by hand, two terms at a time with the addresses in the
 * instructions: one general loop that serves weight gradients as well takes 4 to 8 % longer.
 */

import { madd, panelBytesOf, ROW } from './panels'
import { rowOf } from './tapes'

/** Bytes from one element of a row to the next. */
const FLOAT: usize = 4
/** Depth that is summed before the next panel comes, so that a panel stays in the nearest cache. */
const DEPTH_BLOCK: u32 = 384

/**
 * C (rows, 8 panels) = from + A (rows, depth) W. Row i of A and of C is row `index[i]` of its tape,
 * or row i where `index` is 0; strides are in bytes. `from` is one row that all begin with; 0 adds
 * to what C holds.
 */
export function product(
  rows: u32,
  index: usize,
  a: usize,
  aStride: usize,
  depth: u32,
  w: usize,
  panels: u32,
  from: usize,
  c: usize,
  cStride: usize,
): void {
  const panelBytes = panelBytesOf(depth)
  let begun = from
  let done: u32 = 0
  do {
    const block = min(depth - done, DEPTH_BLOCK)
    const shift = <usize>done
    multiplyBlock(
      rows,
      index,
      a + shift * 4,
      aStride,
      block,
      w + shift * ROW,
      panelBytes,
      panels,
      begun,
      c,
      cStride,
    )
    begun = 0
    done += block
  } while (done < depth)
}

function multiplyBlock(
  rows: u32,
  index: usize,
  a: usize,
  aStride: usize,
  depth: u32,
  w: usize,
  panelBytes: usize,
  panels: u32,
  from: usize,
  c: usize,
  cStride: usize,
): void {
  const fours = rows & ~3
  for (let p: u32 = 0; fours > 0 && p < panels; p++) {
    const b = w + <usize>p * panelBytes
    const column = <usize>p * ROW
    for (let i: u32 = 0; i < fours; i += 4) {
      const r0 = rowOf(index, i)
      const r1 = rowOf(index, i + 1)
      const r2 = rowOf(index, i + 2)
      const r3 = rowOf(index, i + 3)
      tile4(
        a + r0 * aStride,
        a + r1 * aStride,
        a + r2 * aStride,
        a + r3 * aStride,
        depth,
        b,
        from == 0 ? from : from + column,
        c + r0 * cStride + column,
        c + r1 * cStride + column,
        c + r2 * cStride + column,
        c + r3 * cStride + column,
      )
    }
  }
  if (rows & 2) {
    const r0 = rowOf(index, fours)
    const r1 = rowOf(index, fours + 1)
    multiplyTwo(
      a + r0 * aStride,
      a + r1 * aStride,
      depth,
      w,
      panelBytes,
      panels,
      from,
      c + r0 * cStride,
      c + r1 * cStride,
    )
  }
  if (rows & 1) {
    const r = rowOf(index, rows - 1)
    multiplyOne(a + r * aStride, depth, w, panelBytes, panels, from, c + r * cStride)
  }
}

function multiplyTwo(
  a0: usize,
  a1: usize,
  depth: u32,
  w: usize,
  panelBytes: usize,
  panels: u32,
  from: usize,
  c0: usize,
  c1: usize,
): void {
  let p: u32 = 0
  for (; p + 1 < panels; p += 2) {
    const column = <usize>p * ROW
    const b = w + <usize>p * panelBytes
    tile2(
      a0,
      a1,
      depth,
      b,
      b + panelBytes,
      from == 0 ? from : from + column,
      c0 + column,
      c1 + column,
    )
  }
  if (p < panels) {
    const column = <usize>p * ROW
    const b = w + <usize>p * panelBytes
    const f = from == 0 ? from : from + column
    tile1(depth, a0, FLOAT, b, ROW, f, c0 + column)
    tile1(depth, a1, FLOAT, b, ROW, f, c1 + column)
  }
}

function multiplyOne(
  a: usize,
  depth: u32,
  w: usize,
  panelBytes: usize,
  panels: u32,
  from: usize,
  c: usize,
): void {
  let p: u32 = 0
  for (; p + 3 < panels; p += 4) {
    const column = <usize>p * ROW
    const b = w + <usize>p * panelBytes
    tile1x4(a, depth, b, panelBytes, from == 0 ? from : from + column, c + column)
  }
  for (; p < panels; p++) {
    const column = <usize>p * ROW
    const b = w + <usize>p * panelBytes
    tile1(depth, a, FLOAT, b, ROW, from == 0 ? from : from + column, c + column)
  }
}

/** 4 rows × 8 columns: eight sums in flight hide the latency of an addition. */
// @ts-ignore: decorator
@inline
function tile4(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  depth: u32,
  b: usize,
  from: usize,
  c0: usize,
  c1: usize,
  c2: usize,
  c3: usize,
): void {
  let s0: v128, s1: v128, s2: v128, s3: v128, t0: v128, t1: v128, t2: v128, t3: v128
  if (from != 0) {
    s0 = s1 = s2 = s3 = v128.load(from)
    t0 = t1 = t2 = t3 = v128.load(from, 16)
  } else {
    s0 = v128.load(c0)
    t0 = v128.load(c0, 16)
    s1 = v128.load(c1)
    t1 = v128.load(c1, 16)
    s2 = v128.load(c2)
    t2 = v128.load(c2, 16)
    s3 = v128.load(c3)
    t3 = v128.load(c3, 16)
  }
  let k = depth >> 1
  while (k != 0) {
    let p = v128.load(b)
    let q = v128.load(b, 16)
    let x = v128.load32_splat(a0)
    s0 = madd(s0, x, p)
    t0 = madd(t0, x, q)
    x = v128.load32_splat(a1)
    s1 = madd(s1, x, p)
    t1 = madd(t1, x, q)
    x = v128.load32_splat(a2)
    s2 = madd(s2, x, p)
    t2 = madd(t2, x, q)
    x = v128.load32_splat(a3)
    s3 = madd(s3, x, p)
    t3 = madd(t3, x, q)
    p = v128.load(b, 32)
    q = v128.load(b, 48)
    x = v128.load32_splat(a0, 4)
    s0 = madd(s0, x, p)
    t0 = madd(t0, x, q)
    x = v128.load32_splat(a1, 4)
    s1 = madd(s1, x, p)
    t1 = madd(t1, x, q)
    x = v128.load32_splat(a2, 4)
    s2 = madd(s2, x, p)
    t2 = madd(t2, x, q)
    x = v128.load32_splat(a3, 4)
    s3 = madd(s3, x, p)
    t3 = madd(t3, x, q)
    b += 64
    a0 += 8
    a1 += 8
    a2 += 8
    a3 += 8
    k--
  }
  if (depth & 1) {
    const p = v128.load(b)
    const q = v128.load(b, 16)
    let x = v128.load32_splat(a0)
    s0 = madd(s0, x, p)
    t0 = madd(t0, x, q)
    x = v128.load32_splat(a1)
    s1 = madd(s1, x, p)
    t1 = madd(t1, x, q)
    x = v128.load32_splat(a2)
    s2 = madd(s2, x, p)
    t2 = madd(t2, x, q)
    x = v128.load32_splat(a3)
    s3 = madd(s3, x, p)
    t3 = madd(t3, x, q)
  }
  v128.store(c0, s0)
  v128.store(c0, t0, 16)
  v128.store(c1, s1)
  v128.store(c1, t1, 16)
  v128.store(c2, s2)
  v128.store(c2, t2, 16)
  v128.store(c3, s3)
  v128.store(c3, t3, 16)
}

/** 2 rows × 16 columns of two neighbouring panels. */
// @ts-ignore: decorator
@inline
function tile2(
  a0: usize,
  a1: usize,
  depth: u32,
  b: usize,
  d: usize,
  from: usize,
  c0: usize,
  c1: usize,
): void {
  const f0 = from == 0 ? c0 : from
  const f1 = from == 0 ? c1 : from
  let s0 = v128.load(f0)
  let t0 = v128.load(f0, 16)
  let u0 = v128.load(f0, 32)
  let v0 = v128.load(f0, 48)
  let s1 = v128.load(f1)
  let t1 = v128.load(f1, 16)
  let u1 = v128.load(f1, 32)
  let v1 = v128.load(f1, 48)
  let k = depth >> 1
  while (k != 0) {
    let x = v128.load32_splat(a0)
    let y = v128.load32_splat(a1)
    let p = v128.load(b)
    let q = v128.load(b, 16)
    s0 = madd(s0, x, p)
    s1 = madd(s1, y, p)
    t0 = madd(t0, x, q)
    t1 = madd(t1, y, q)
    p = v128.load(d)
    q = v128.load(d, 16)
    u0 = madd(u0, x, p)
    u1 = madd(u1, y, p)
    v0 = madd(v0, x, q)
    v1 = madd(v1, y, q)
    x = v128.load32_splat(a0, 4)
    y = v128.load32_splat(a1, 4)
    p = v128.load(b, 32)
    q = v128.load(b, 48)
    s0 = madd(s0, x, p)
    s1 = madd(s1, y, p)
    t0 = madd(t0, x, q)
    t1 = madd(t1, y, q)
    p = v128.load(d, 32)
    q = v128.load(d, 48)
    u0 = madd(u0, x, p)
    u1 = madd(u1, y, p)
    v0 = madd(v0, x, q)
    v1 = madd(v1, y, q)
    a0 += 8
    a1 += 8
    b += 64
    d += 64
    k--
  }
  if (depth & 1) {
    const x = v128.load32_splat(a0)
    const y = v128.load32_splat(a1)
    let p = v128.load(b)
    let q = v128.load(b, 16)
    s0 = madd(s0, x, p)
    s1 = madd(s1, y, p)
    t0 = madd(t0, x, q)
    t1 = madd(t1, y, q)
    p = v128.load(d)
    q = v128.load(d, 16)
    u0 = madd(u0, x, p)
    u1 = madd(u1, y, p)
    v0 = madd(v0, x, q)
    v1 = madd(v1, y, q)
  }
  v128.store(c0, s0)
  v128.store(c0, t0, 16)
  v128.store(c0, u0, 32)
  v128.store(c0, v0, 48)
  v128.store(c1, s1)
  v128.store(c1, t1, 16)
  v128.store(c1, u1, 32)
  v128.store(c1, v1, 48)
}

/** 1 row × 32 columns of four neighbouring panels: the column form of a product with a vector. */
// @ts-ignore: decorator
@inline
function tile1x4(a: usize, depth: u32, b: usize, panelBytes: usize, from: usize, c: usize): void {
  const f = from == 0 ? c : from
  const shift2 = panelBytes << 1
  const shift3 = shift2 + panelBytes
  let s0 = v128.load(f)
  let t0 = v128.load(f, 16)
  let s1 = v128.load(f, 32)
  let t1 = v128.load(f, 48)
  let s2 = v128.load(f, 64)
  let t2 = v128.load(f, 80)
  let s3 = v128.load(f, 96)
  let t3 = v128.load(f, 112)
  let k = depth >> 1
  while (k != 0) {
    let x = v128.load32_splat(a)
    s0 = madd(s0, x, v128.load(b))
    t0 = madd(t0, x, v128.load(b, 16))
    s1 = madd(s1, x, v128.load(b + panelBytes))
    t1 = madd(t1, x, v128.load(b + panelBytes, 16))
    s2 = madd(s2, x, v128.load(b + shift2))
    t2 = madd(t2, x, v128.load(b + shift2, 16))
    s3 = madd(s3, x, v128.load(b + shift3))
    t3 = madd(t3, x, v128.load(b + shift3, 16))
    x = v128.load32_splat(a, 4)
    s0 = madd(s0, x, v128.load(b, 32))
    t0 = madd(t0, x, v128.load(b, 48))
    s1 = madd(s1, x, v128.load(b + panelBytes, 32))
    t1 = madd(t1, x, v128.load(b + panelBytes, 48))
    s2 = madd(s2, x, v128.load(b + shift2, 32))
    t2 = madd(t2, x, v128.load(b + shift2, 48))
    s3 = madd(s3, x, v128.load(b + shift3, 32))
    t3 = madd(t3, x, v128.load(b + shift3, 48))
    a += 8
    b += 64
    k--
  }
  if (depth & 1) {
    const x = v128.load32_splat(a)
    s0 = madd(s0, x, v128.load(b))
    t0 = madd(t0, x, v128.load(b, 16))
    s1 = madd(s1, x, v128.load(b + panelBytes))
    t1 = madd(t1, x, v128.load(b + panelBytes, 16))
    s2 = madd(s2, x, v128.load(b + shift2))
    t2 = madd(t2, x, v128.load(b + shift2, 16))
    s3 = madd(s3, x, v128.load(b + shift3))
    t3 = madd(t3, x, v128.load(b + shift3, 16))
  }
  v128.store(c, s0)
  v128.store(c, t0, 16)
  v128.store(c, s1, 32)
  v128.store(c, t1, 48)
  v128.store(c, s2, 64)
  v128.store(c, t2, 80)
  v128.store(c, s3, 96)
  v128.store(c, t3, 112)
}

/**
 * 1 row × 8 columns, what is left over: from one term of the sums to the next a goes on by `aStep`
 * bytes, b by `bStep`.
 */
export function tile1(
  depth: u32,
  a: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  from: usize,
  c: usize,
): void {
  const f = from == 0 ? c : from
  let s = v128.load(f)
  let t = v128.load(f, 16)
  for (let k: u32 = 0; k < depth; k++) {
    const x = v128.load32_splat(a)
    s = madd(s, x, v128.load(b))
    t = madd(t, x, v128.load(b, 16))
    a += aStep
    b += bStep
  }
  v128.store(c, s)
  v128.store(c, t, 16)
}
