/**
 * The three matrix products of a network, and sums over steps, as plain loops over rows of weights.
 * Four rows or steps go together so that loads are shared and additions overlap; every single sum
 * still runs in the plain order, so the blocking does not show in the bits.
 */

/** y (rows) += W (rows, columns; row stride `stride`) x (columns). */
export function multiply(
  y: Float64Array,
  yAt: number,
  w: Float32Array,
  wAt: number,
  stride: number,
  x: Float64Array,
  xAt: number,
  rows: number,
  columns: number,
): void {
  let i = 0
  for (; i + 3 < rows; i += 4) {
    const a = wAt + i * stride
    const b = a + stride
    const c = b + stride
    const d = c + stride
    let s0 = y[yAt + i]!
    let s1 = y[yAt + i + 1]!
    let s2 = y[yAt + i + 2]!
    let s3 = y[yAt + i + 3]!
    for (let j = 0; j < columns; j++) {
      const v = x[xAt + j]!
      s0 += w[a + j]! * v
      s1 += w[b + j]! * v
      s2 += w[c + j]! * v
      s3 += w[d + j]! * v
    }
    y[yAt + i] = s0
    y[yAt + i + 1] = s1
    y[yAt + i + 2] = s2
    y[yAt + i + 3] = s3
  }
  for (; i < rows; i++) {
    const a = wAt + i * stride
    let s = y[yAt + i]!
    for (let j = 0; j < columns; j++) s += w[a + j]! * x[xAt + j]!
    y[yAt + i] = s
  }
}

/** x (columns) += Wᵀ d for W (rows, columns; row stride `stride`), d (rows). */
export function multiplyTransposed(
  x: Float64Array,
  xAt: number,
  w: Float32Array,
  wAt: number,
  stride: number,
  d: Float64Array,
  dAt: number,
  rows: number,
  columns: number,
): void {
  let i = 0
  for (; i + 3 < rows; i += 4) {
    const a = wAt + i * stride
    const b = a + stride
    const c = b + stride
    const e = c + stride
    const d0 = d[dAt + i]!
    const d1 = d[dAt + i + 1]!
    const d2 = d[dAt + i + 2]!
    const d3 = d[dAt + i + 3]!
    for (let j = 0; j < columns; j++) {
      x[xAt + j] = x[xAt + j]! + w[a + j]! * d0 + w[b + j]! * d1 + w[c + j]! * d2 + w[e + j]! * d3
    }
  }
  for (; i < rows; i++) {
    const a = wAt + i * stride
    const d0 = d[dAt + i]!
    for (let j = 0; j < columns; j++) x[xAt + j] = x[xAt + j]! + w[a + j]! * d0
  }
}

/**
 * G (rows, columns; row stride `stride`) += Σ_t d_t x_tᵀ over `steps` steps, first step first, for
 * d (steps, rows; stride `dStride`) and x (steps, columns; stride `xStride`): dW over a window.
 */
export function addOuterProducts(
  g: Float64Array,
  gAt: number,
  stride: number,
  d: Float64Array,
  dAt: number,
  dStride: number,
  x: Float64Array,
  xAt: number,
  xStride: number,
  steps: number,
  rows: number,
  columns: number,
): void {
  for (let i = 0; i < rows; i++) {
    const row = gAt + i * stride
    let t = 0
    for (; t + 3 < steps; t += 4) {
      const at = dAt + t * dStride + i
      const d0 = d[at]!
      const d1 = d[at + dStride]!
      const d2 = d[at + 2 * dStride]!
      const d3 = d[at + 3 * dStride]!
      const x0 = xAt + t * xStride
      const x1 = x0 + xStride
      const x2 = x1 + xStride
      const x3 = x2 + xStride
      for (let j = 0; j < columns; j++) {
        g[row + j] =
          g[row + j]! + d0 * x[x0 + j]! + d1 * x[x1 + j]! + d2 * x[x2 + j]! + d3 * x[x3 + j]!
      }
    }
    for (; t < steps; t++) {
      const d0 = d[dAt + t * dStride + i]!
      const x0 = xAt + t * xStride
      for (let j = 0; j < columns; j++) g[row + j] = g[row + j]! + d0 * x[x0 + j]!
    }
  }
}

/** g (rows) += Σ_t d_t over `steps` steps of d (steps, rows; stride `dStride`), in order. */
export function addSums(
  g: Float64Array,
  gAt: number,
  d: Float64Array,
  dAt: number,
  dStride: number,
  steps: number,
  rows: number,
): void {
  for (let i = 0; i < rows; i++) {
    let s = g[gAt + i]!
    for (let t = 0; t < steps; t++) s += d[dAt + t * dStride + i]!
    g[gAt + i] = s
  }
}
