/**
 * Recursive least squares in double precision, as in `least-squares.ts` of the reference: letters,
 * packing and formulas are those. Four rows of the triangle go together, so that what they share
 * of x, P x and u is loaded and stored once for all four. Every sum has one fixed order.
 */

/**
 * e_d = z_d − w_d·x; k = P x / (λ + xᵀP x); w_d += k e_d; P ← (P − k (P x)ᵀ) / λ, undivided once
 * the trace of P has reached `traceMax`. `gain` (p) is scratch. False, and nothing else written,
 * where the denominator is not a positive finite number.
 */
export function updateLeastSquares(
  features: u32,
  outputs: u32,
  x: usize,
  targets: usize,
  present: usize,
  weights: usize,
  covariance: usize,
  gain: usize,
  forgetting: f64,
  traceMax: f64,
): bool {
  const trace = multiplyCovariance(features, covariance, x, gain)
  const denominator = forgetting + dot(features, gain, x)
  if (!(denominator > 0 && denominator < Infinity)) return false
  const row = <usize>features << 3
  for (let d: u32 = 0; d < outputs; d++) {
    if (load<u8>(present + d) == 0) continue
    const w = weights + <usize>d * row
    const step = (load<f64>(targets + (<usize>d << 3)) - dot(features, w, x)) / denominator
    addScaled(features, w, gain, step)
  }
  const growth = forgetting < 1 && trace < traceMax ? 1 / forgetting : 1
  shrinkCovariance(features, covariance, gain, 1 / denominator, growth)
  return true
}

/** a · b over n elements: in pairs, of which every fourth goes to the same sum. */
export function dot(n: u32, a: usize, b: usize): f64 {
  let s0 = f64x2.splat(0)
  let s1 = s0
  let s2 = s0
  let s3 = s0
  let left = n
  for (; left >= 8; left -= 8) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(a), v128.load(b)))
    s1 = f64x2.add(s1, f64x2.mul(v128.load(a, 16), v128.load(b, 16)))
    s2 = f64x2.add(s2, f64x2.mul(v128.load(a, 32), v128.load(b, 32)))
    s3 = f64x2.add(s3, f64x2.mul(v128.load(a, 48), v128.load(b, 48)))
    a += 64
    b += 64
  }
  for (; left >= 2; left -= 2) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(a), v128.load(b)))
    a += 16
    b += 16
  }
  s0 = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3))
  const sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1)
  return left == 0 ? sum : sum + load<f64>(a) * load<f64>(b)
}

/** a += b × factor over n elements. */
// @ts-ignore: decorator
@inline
function addScaled(n: u32, a: usize, b: usize, factor: f64): void {
  const f = f64x2.splat(factor)
  let left = n
  for (; left >= 4; left -= 4) {
    v128.store(a, f64x2.add(v128.load(a), f64x2.mul(v128.load(b), f)))
    v128.store(a, f64x2.add(v128.load(a, 16), f64x2.mul(v128.load(b, 16), f)), 16)
    a += 32
    b += 32
  }
  for (; left != 0; left--) {
    store<f64>(a, load<f64>(a) + load<f64>(b) * factor)
    a += 8
    b += 8
  }
}

/** (a₀ + a₁, b₀ + b₁) */
// @ts-ignore: decorator
@inline
function sumPairs(a: v128, b: v128): v128 {
  return f64x2.add(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3))
}

/** acc + a × b of two lanes. */
// @ts-ignore: decorator
@inline
function madd(acc: v128, a: v128, b: v128): v128 {
  return f64x2.add(acc, f64x2.mul(a, b))
}

/**
 * y = P x, and returns the trace of P. Every stored element serves its row and its column: rows
 * i … i + 3 add to y_0 … y_{i−1} what lies in their columns, and begin y_i … y_{i+3}.
 */
// @ts-ignore: decorator
@inline
function multiplyCovariance(features: u32, covariance: usize, x: usize, y: usize): f64 {
  let diagonal = f64x2.splat(0)
  let row = covariance
  let i: u32 = 0
  for (; i + 3 < features; i += 4) {
    const bytes = <usize>i << 3
    let r0 = row
    let r1 = r0 + bytes + 8
    let r2 = r1 + bytes + 16
    let r3 = r2 + bytes + 24
    row = r3 + bytes + 32
    const end = x + bytes
    const x0 = v128.load64_splat(end)
    const x1 = v128.load64_splat(end, 8)
    const x2 = v128.load64_splat(end, 16)
    const x3 = v128.load64_splat(end, 24)
    let s0 = f64x2.splat(0)
    let s1 = s0
    let s2 = s0
    let s3 = s0
    let at = x
    let to = y
    while (at < end) {
      const xj = v128.load(at)
      const p0 = v128.load(r0)
      const p1 = v128.load(r1)
      const p2 = v128.load(r2)
      const p3 = v128.load(r3)
      s0 = madd(s0, p0, xj)
      s1 = madd(s1, p1, xj)
      s2 = madd(s2, p2, xj)
      s3 = madd(s3, p3, xj)
      const lower = madd(f64x2.mul(p0, x0), p1, x1)
      const upper = madd(f64x2.mul(p2, x2), p3, x3)
      v128.store(to, f64x2.add(v128.load(to), f64x2.add(lower, upper)))
      const xk = v128.load(at, 16)
      const q0 = v128.load(r0, 16)
      const q1 = v128.load(r1, 16)
      const q2 = v128.load(r2, 16)
      const q3 = v128.load(r3, 16)
      s0 = madd(s0, q0, xk)
      s1 = madd(s1, q1, xk)
      s2 = madd(s2, q2, xk)
      s3 = madd(s3, q3, xk)
      const left = madd(f64x2.mul(q0, x0), q1, x1)
      const right = madd(f64x2.mul(q2, x2), q3, x3)
      v128.store(to, f64x2.add(v128.load(to, 16), f64x2.add(left, right)), 16)
      at += 32
      to += 32
      r0 += 32
      r1 += 32
      r2 += 32
      r3 += 32
    }
    // The corner, d (4, 4) of which the lower half is stored: its columns 0 and 1 …
    const xi = v128.load(end)
    const d1 = v128.load(r1)
    const d2 = v128.load(r2)
    const d3 = v128.load(r3)
    const d0 = v128.shuffle<f64>(v128.load64_zero(r0), d1, 0, 2)
    s2 = madd(s2, d2, xi)
    s3 = madd(s3, d3, xi)
    const above = madd(f64x2.mul(d0, x0), d1, x1)
    const below = madd(f64x2.mul(d2, x2), d3, x3)
    v128.store(to, f64x2.add(sumPairs(s0, s1), f64x2.add(above, below)))
    // … and 2 and 3.
    const e3 = v128.load(r3, 16)
    const e2 = v128.shuffle<f64>(v128.load64_zero(r2, 16), e3, 0, 2)
    v128.store(to, f64x2.add(sumPairs(s2, s3), madd(f64x2.mul(e2, x2), e3, x3)), 16)
    diagonal = f64x2.add(diagonal, v128.shuffle<f64>(d0, d1, 0, 3))
    diagonal = f64x2.add(diagonal, v128.shuffle<f64>(e2, e3, 0, 3))
  }
  let trace = f64x2.extract_lane(diagonal, 0) + f64x2.extract_lane(diagonal, 1)
  for (; i < features; i++) {
    const last = row + (<usize>i << 3)
    multiplyRow(i, row, x, y)
    trace += load<f64>(last)
    row = last + 8
  }
  return trace
}

/** The share of row i in y = P x, where no three rows follow it. */
function multiplyRow(i: u32, row: usize, x: usize, y: usize): void {
  const factor = load<f64>(x + (<usize>i << 3))
  const xi = f64x2.splat(factor)
  let sums = f64x2.splat(0)
  let j = i
  for (; j >= 2; j -= 2) {
    const p = v128.load(row)
    sums = madd(sums, p, v128.load(x))
    v128.store(y, madd(v128.load(y), p, xi))
    row += 16
    x += 16
    y += 16
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)
  if (j != 0) {
    const p = load<f64>(row)
    sum += p * load<f64>(x)
    store<f64>(y, load<f64>(y) + p * factor)
    row += 8
    y += 8
  }
  store<f64>(y, sum + load<f64>(row) * factor)
}

/** (p − k u) × growth of two lanes. */
// @ts-ignore: decorator
@inline
function shrunk(p: v128, k: v128, u: v128, growth: v128): v128 {
  return f64x2.mul(f64x2.sub(p, f64x2.mul(k, u)), growth)
}

/** P ← (P − u uᵀ share) × growth, with u = P x before the update. */
// @ts-ignore: decorator
@inline
function shrinkCovariance(
  features: u32,
  covariance: usize,
  u: usize,
  share: f64,
  growth: f64,
): void {
  const shares = f64x2.splat(share)
  const g = f64x2.splat(growth)
  let row = covariance
  let i: u32 = 0
  for (; i + 3 < features; i += 4) {
    const bytes = <usize>i << 3
    let r0 = row
    let r1 = r0 + bytes + 8
    let r2 = r1 + bytes + 16
    let r3 = r2 + bytes + 24
    row = r3 + bytes + 32
    const end = u + bytes
    const k0 = f64x2.mul(v128.load64_splat(end), shares)
    const k1 = f64x2.mul(v128.load64_splat(end, 8), shares)
    const k2 = f64x2.mul(v128.load64_splat(end, 16), shares)
    const k3 = f64x2.mul(v128.load64_splat(end, 24), shares)
    let at = u
    while (at < end) {
      const uj = v128.load(at)
      const uk = v128.load(at, 16)
      v128.store(r0, shrunk(v128.load(r0), k0, uj, g))
      v128.store(r0, shrunk(v128.load(r0, 16), k0, uk, g), 16)
      v128.store(r1, shrunk(v128.load(r1), k1, uj, g))
      v128.store(r1, shrunk(v128.load(r1, 16), k1, uk, g), 16)
      v128.store(r2, shrunk(v128.load(r2), k2, uj, g))
      v128.store(r2, shrunk(v128.load(r2, 16), k2, uk, g), 16)
      v128.store(r3, shrunk(v128.load(r3), k3, uj, g))
      v128.store(r3, shrunk(v128.load(r3, 16), k3, uk, g), 16)
      at += 32
      r0 += 32
      r1 += 32
      r2 += 32
      r3 += 32
    }
    const uj = v128.load(end)
    const uk = v128.load(end, 16)
    v128.store64_lane(r0, shrunk(v128.load64_zero(r0), k0, uj, g), 0)
    v128.store(r1, shrunk(v128.load(r1), k1, uj, g))
    v128.store(r2, shrunk(v128.load(r2), k2, uj, g))
    v128.store64_lane(r2, shrunk(v128.load64_zero(r2, 16), k2, uk, g), 0, 16)
    v128.store(r3, shrunk(v128.load(r3), k3, uj, g))
    v128.store(r3, shrunk(v128.load(r3, 16), k3, uk, g), 16)
  }
  for (; i < features; i++) {
    const k = load<f64>(u + (<usize>i << 3)) * share
    for (let j: u32 = 0; j <= i; j++) {
      store<f64>(row, (load<f64>(row) - k * load<f64>(u + (<usize>j << 3))) * growth)
      row += 8
    }
  }
}
