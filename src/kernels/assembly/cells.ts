/**
 * The element-wise half of each cell, one row of H units at a time; formulas and letters are those
 * of `cells.ts` of the reference. Derivatives are taken from the activations themselves, so they
 * belong to the approximations that were used.
 */

import { ONE, sigmoid4, tanh4 } from './math'

/**
 * Activations go in passes over a row, each with a short chain of operations from load to store:
 * in one long chain a processor waits for the end of each before it can look far enough ahead.
 */
// @ts-ignore: decorator
@inline
function sigmoidAll(at: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(at + i, sigmoid4(v128.load(at + i)))
}

/** gates (H) → h. */
export function rnnForward(bytes: usize, gates: usize, after: usize, next: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const h = tanh4(v128.load(gates + i))
    v128.store(gates + i, h)
    v128.store(after + i, h)
    v128.store(next + i, h)
  }
}

/** gates [n r z c] (4, H), of which n lacks r c, and h before → h. */
export function gruForward(
  bytes: usize,
  gates: usize,
  before: usize,
  after: usize,
  next: usize,
): void {
  const one = v128.load32_splat(ONE)
  const resets = gates + bytes
  const updates = resets + bytes
  const inner = updates + bytes
  sigmoidAll(resets, 2 * bytes)
  for (let i: usize = 0; i < bytes; i += 16) {
    const r = v128.load(resets + i)
    const z = v128.load(updates + i)
    const c = v128.load(inner + i)
    const n = tanh4(f32x4.add(v128.load(gates + i), f32x4.mul(r, c)))
    const h = f32x4.add(
      f32x4.mul(f32x4.sub(one, z), n),
      f32x4.mul(z, v128.load(before + i)),
    )
    v128.store(gates + i, n)
    v128.store(after + i, h)
    v128.store(next + i, h)
  }
}

/** gates [i f g o] (4, H) and c before → h, c and tanh of c. */
export function lstmForward(
  bytes: usize,
  gates: usize,
  cells: usize,
  nextCells: usize,
  squashed: usize,
  after: usize,
  next: usize,
): void {
  const forgets = gates + bytes
  const candidates = forgets + bytes
  const outputs = candidates + bytes
  sigmoidAll(gates, 2 * bytes)
  sigmoidAll(outputs, bytes)
  for (let j: usize = 0; j < bytes; j += 16) {
    const g = tanh4(v128.load(candidates + j))
    const kept = f32x4.mul(v128.load(forgets + j), v128.load(cells + j))
    v128.store(candidates + j, g)
    v128.store(nextCells + j, f32x4.add(kept, f32x4.mul(v128.load(gates + j), g)))
  }
  for (let j: usize = 0; j < bytes; j += 16) {
    const s = tanh4(v128.load(nextCells + j))
    const h = f32x4.mul(v128.load(outputs + j), s)
    v128.store(squashed + j, s)
    v128.store(after + j, h)
    v128.store(next + j, h)
  }
}

/** Activations (H) and ∂L/∂h after → ∂L/∂ pre-activations, in place. */
export function rnnBackward(bytes: usize, gates: usize, hiddenDelta: usize): void {
  const one = v128.load32_splat(ONE)
  for (let i: usize = 0; i < bytes; i += 16) {
    const h = v128.load(gates + i)
    const dh = v128.load(hiddenDelta + i)
    v128.store(gates + i, f32x4.mul(dh, f32x4.sub(one, f32x4.mul(h, h))))
  }
}

/** The same for a gru; what reaches h before directly is added to `deltaBefore`. */
export function gruBackward(
  bytes: usize,
  gates: usize,
  before: usize,
  hiddenDelta: usize,
  deltaBefore: usize,
): void {
  const one = v128.load32_splat(ONE)
  const resets = gates + bytes
  const updates = resets + bytes
  const inner = updates + bytes
  for (let i: usize = 0; i < bytes; i += 16) {
    const n = v128.load(gates + i)
    const r = v128.load(resets + i)
    const z = v128.load(updates + i)
    const c = v128.load(inner + i)
    const dh = v128.load(hiddenDelta + i)
    const keep = f32x4.mul(dh, z)
    const dn = f32x4.mul(f32x4.sub(dh, keep), f32x4.sub(one, f32x4.mul(n, n)))
    const dc = f32x4.mul(dn, r)
    // σ′(a) = σ (1 − σ); dn r is at hand already.
    const dr = f32x4.mul(f32x4.mul(dc, c), f32x4.sub(one, r))
    const dz = f32x4.mul(
      f32x4.mul(keep, f32x4.sub(v128.load(before + i), n)),
      f32x4.sub(one, z),
    )
    v128.store(gates + i, dn)
    v128.store(resets + i, dr)
    v128.store(updates + i, dz)
    v128.store(inner + i, dc)
    v128.store(deltaBefore + i, f32x4.add(v128.load(deltaBefore + i), keep))
  }
}

/** The same for an lstm; `cellDelta` holds ∂L/∂c after and is left with ∂L/∂c before. */
export function lstmBackward(
  bytes: usize,
  gates: usize,
  cells: usize,
  squashed: usize,
  hiddenDelta: usize,
  cellDelta: usize,
): void {
  const one = v128.load32_splat(ONE)
  const forgets = gates + bytes
  const candidates = forgets + bytes
  const outputs = candidates + bytes
  for (let j: usize = 0; j < bytes; j += 16) {
    const i = v128.load(gates + j)
    const f = v128.load(forgets + j)
    const g = v128.load(candidates + j)
    const o = v128.load(outputs + j)
    const s = v128.load(squashed + j)
    const dh = v128.load(hiddenDelta + j)
    const ho = f32x4.mul(dh, o)
    const dc = f32x4.add(
      v128.load(cellDelta + j),
      f32x4.mul(ho, f32x4.sub(one, f32x4.mul(s, s))),
    )
    const ci = f32x4.mul(dc, i)
    const cf = f32x4.mul(dc, f)
    v128.store(gates + j, f32x4.mul(f32x4.mul(ci, g), f32x4.sub(one, i)))
    v128.store(
      forgets + j,
      f32x4.mul(f32x4.mul(cf, v128.load(cells + j)), f32x4.sub(one, f)),
    )
    v128.store(candidates + j, f32x4.mul(ci, f32x4.sub(one, f32x4.mul(g, g))))
    v128.store(outputs + j, f32x4.mul(f32x4.mul(ho, s), f32x4.sub(one, o)))
    v128.store(cellDelta + j, cf)
  }
}

/**
 * Each gate of a row (H units of which `hidden` count) divided by its root mean square, gains and
 * biases applied: gates ← gain × normed + bias.
 */
export function normalise(
  bytes: usize,
  hidden: f32,
  count: u32,
  gates: usize,
  normed: usize,
  inverses: usize,
  gains: usize,
  biases: usize,
): void {
  for (let gate: u32 = 0; gate < count; gate++) {
    let squares = f32x4.splat(0)
    for (let i: usize = 0; i < bytes; i += 16) {
      const a = v128.load(gates + i)
      squares = f32x4.add(squares, f32x4.mul(a, a))
    }
    const inverse = <f32>1 / sqrt<f32>(sumOf(squares) / hidden + <f32>1e-5)
    const scale = f32x4.splat(inverse)
    for (let i: usize = 0; i < bytes; i += 16) {
      const a = f32x4.mul(v128.load(gates + i), scale)
      v128.store(normed + i, a)
      v128.store(
        gates + i,
        f32x4.add(f32x4.mul(v128.load(gains + i), a), v128.load(biases + i)),
      )
    }
    store<f32>(inverses + (<usize>gate << 2), inverse)
    gates += bytes
    normed += bytes
    gains += bytes
    biases += bytes
  }
}

/** ∂L/∂ (gain × normed + bias) → ∂L/∂ of what was normalised. */
export function normaliseBackward(
  bytes: usize,
  hidden: f32,
  count: u32,
  deltas: usize,
  normed: usize,
  inverses: usize,
  gains: usize,
  raw: usize,
): void {
  for (let gate: u32 = 0; gate < count; gate++) {
    let products = f32x4.splat(0)
    for (let i: usize = 0; i < bytes; i += 16) {
      const d = f32x4.mul(v128.load(deltas + i), v128.load(gains + i))
      v128.store(raw + i, d)
      products = f32x4.add(products, f32x4.mul(d, v128.load(normed + i)))
    }
    const mean = f32x4.splat(sumOf(products) / hidden)
    const inverse = v128.load32_splat(inverses + (<usize>gate << 2))
    for (let i: usize = 0; i < bytes; i += 16) {
      const d = f32x4.sub(v128.load(raw + i), f32x4.mul(v128.load(normed + i), mean))
      v128.store(raw + i, f32x4.mul(d, inverse))
    }
    deltas += bytes
    normed += bytes
    gains += bytes
    raw += bytes
  }
}

// @ts-ignore: decorator
@inline
function sumOf(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  )
}
