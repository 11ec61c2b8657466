/**
 * Elementary functions of four single-precision lanes: + − × ÷, shifts, comparisons and selections
 * of plain SIMD alone, without branches, so that every processor gives the same bits.
 *
 * All split their argument into n × ln 2 + r, n an integer. Adding MAGIC to a small float rounds it
 * to an integer that then lies in the lowest bits, from where one shift takes it into an exponent.
 * Polynomials are minimax fits of the relative error (Remez exchange in 40 digits, coefficients
 * then rounded to single precision). NaN comes out as NaN everywhere: `pmin(x, c)` and `pmax(x, c)`
 * keep an x that is NaN. Errors are stated in ε = 2^−23, relative to the truth, as measured over
 * all floats.
 *
 * Constants lie in memory: a splat load is one instruction, where engines build a constant vector
 * from three or four each time that it is used, which nearly doubles the time of these functions.
 */

export const ONE: usize = memory.data<f32>([1])
const TWO: usize = memory.data<f32>([2])
const HALF: usize = memory.data<f32>([0.5])
const ZERO: usize = memory.data<f32>([0])
const INFINITE: usize = memory.data<f32>([Infinity])
const MINUS_INFINITE: usize = memory.data<f32>([-Infinity])
const NOT_A_NUMBER: usize = memory.data<f32>([NaN])
/** 1.5 × 2^23 */
const MAGIC: usize = memory.data<f32>([12582912])

const INVERSE_LN2: usize = memory.data<f32>([1.4426950216293335])
const INVERSE_HALF_LN2: usize = memory.data<f32>([2.885390043258667])
const HALF_LN2: usize = memory.data<f32>([0.3465735912322998])
/** ln 2 in 16 bits, so that its product with an n of 8 bits is exact, and the rest. */
const LN2_HIGH: usize = memory.data<f32>([0.693145751953125])
const LN2_LOW: usize = memory.data<f32>([1.428606765330187e-6])

/** tanh(y) ≈ y (1 + z (T3 + z (T5 + z T7))), z = y², |y| ≤ ¼ ln 2: relative error 1.6e−10. */
const T3: usize = memory.data<f32>([-0.33333322405815125])
const T5: usize = memory.data<f32>([0.13331180810928345])
const T7: usize = memory.data<f32>([-0.052726052701473236])
/** tanh(½ r) ≈ r (½ + r² (S3 + r² S5)): 5.6e−8 of it, 1.9e−8 of what becomes of it in a sigmoid. */
const S3: usize = memory.data<f32>([-0.041664086282253265])
const S5: usize = memory.data<f32>([0.004097016528248787])

/** e^r ≈ 1 + r + r² (E2 + r (E3 + … r E6)), |r| ≤ ½ ln 2: relative error 3.1e−9. */
const E2: usize = memory.data<f32>([0.4999999403953552])
const E3: usize = memory.data<f32>([0.1666652113199234])
const E4: usize = memory.data<f32>([0.04166838899254799])
const E5: usize = memory.data<f32>([0.00836874544620514])
const E6: usize = memory.data<f32>([0.0013814540579915047])

/** ln((1 + s) / (1 − s)) ≈ 2 s + s z (L3 + z (L5 + z L7)), z = s², |s| ≤ 0.1716: 1.7e−9. */
const L3: usize = memory.data<f32>([0.6666677594184875])
const L5: usize = memory.data<f32>([0.399774968624115])
const L7: usize = memory.data<f32>([0.298730731010437])
/** The smallest normal float, and 2^24, which lifts all below it above. */
const NORMAL: usize = memory.data<f32>([1.1754943508222875e-38])
const LIFT: usize = memory.data<f32>([16777216])
const LIFT_EXPONENT: usize = memory.data<f32>([24])
/** What the bits of √½ lack to those of 1. */
const ROOT_GAP: usize = memory.data<i32>([0x004afb0d])
const MANTISSA: usize = memory.data<i32>([0x007fffff])
const BIAS: usize = memory.data<i32>([127])

/** Outside of these bounds the result no longer changes; see each function. */
const TANH_MAX: usize = memory.data<f32>([20])
const TANH_MIN: usize = memory.data<f32>([-20])
const SIGMOID_MAX: usize = memory.data<f32>([88])
const SIGMOID_MIN: usize = memory.data<f32>([-88])
const EXP_MAX: usize = memory.data<f32>([89])
const EXP_MIN: usize = memory.data<f32>([-105])

/** One constant in all lanes. */
// @ts-ignore: decorator
@inline
function all(constant: usize): v128 {
  return v128.load32_splat(constant)
}

/** 2^n of an integer n in −127 … 127, given as MAGIC + n; −127 gives 0. */
// @ts-ignore: decorator
@inline
function powerOfTwo(shifted: v128): v128 {
  return i32x4.add(i32x4.shl(shifted, 23), all(ONE))
}

/**
 * Hyperbolic tangent: x = n ½ ln 2 + y, s = 2^n, T = tanh(y), and by the addition theorem
 * ((s − 1) + (s + 1) T) / ((s + 1) + (s − 1) T). Error 1.58 ε. Odd to the bit, ±0 and subnormal x
 * come out as they are, |tanh| ≤ 1, exactly ±1 from |x| = 9.02 on. Monotone but for steps back of
 * at most 4 units in the last place, between neighbours.
 */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const a = f32x4.pmax(f32x4.pmin(x, all(TANH_MAX)), all(TANH_MIN))
  const shifted = f32x4.add(f32x4.mul(a, all(INVERSE_HALF_LN2)), all(MAGIC))
  const n = f32x4.sub(shifted, all(MAGIC))
  const y = f32x4.sub(a, f32x4.mul(n, all(HALF_LN2)))
  const z = f32x4.mul(y, y)
  let q = f32x4.add(all(T5), f32x4.mul(z, all(T7)))
  q = f32x4.add(all(T3), f32x4.mul(z, q))
  const t = f32x4.mul(y, f32x4.add(all(ONE), f32x4.mul(z, q)))
  const s = powerOfTwo(shifted)
  const sum = f32x4.add(all(ONE), s)
  // 1 − s and its subtraction, because −0 + 0 would lose the sign of −0.
  const difference = f32x4.sub(all(ONE), s)
  const above = f32x4.sub(f32x4.mul(sum, t), difference)
  const below = f32x4.sub(sum, f32x4.mul(difference, t))
  return f32x4.div(above, below)
}

/**
 * 1 / (1 + e^−x): x = n ln 2 + r, s = 2^n, T = tanh(½ r), s (1 + T) / (s (1 + T) + (1 − T)). Error
 * 1.66 ε, steps back of at most 2 units. In [0, 1]; 1 from x = 17.4 on. Below −87.3, where the
 * truth is subnormal, the error reaches 2^−126, and below −87.69 it gives 0.
 */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const a = f32x4.pmax(f32x4.pmin(x, all(SIGMOID_MAX)), all(SIGMOID_MIN))
  const shifted = f32x4.add(f32x4.mul(a, all(INVERSE_LN2)), all(MAGIC))
  const n = f32x4.sub(shifted, all(MAGIC))
  const high = f32x4.sub(a, f32x4.mul(n, all(LN2_HIGH)))
  const r = f32x4.sub(high, f32x4.mul(n, all(LN2_LOW)))
  const z = f32x4.mul(r, r)
  const q = f32x4.add(all(S3), f32x4.mul(z, all(S5)))
  const t = f32x4.mul(r, f32x4.add(all(HALF), f32x4.mul(z, q)))
  const above = f32x4.mul(powerOfTwo(shifted), f32x4.add(all(ONE), t))
  const below = f32x4.sub(all(ONE), t)
  return f32x4.div(above, f32x4.add(above, below))
}

/**
 * e^x, error 0.69 ε, monotone. Infinity above 88.73; gradual underflow, subnormal below −87.34 and
 * 0 below −103.98. 2^n goes in as two factors, because it alone may be out of range.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const a = f32x4.pmax(f32x4.pmin(x, all(EXP_MAX)), all(EXP_MIN))
  const shifted = f32x4.add(f32x4.mul(a, all(INVERSE_LN2)), all(MAGIC))
  const n = f32x4.sub(shifted, all(MAGIC))
  const high = f32x4.sub(a, f32x4.mul(n, all(LN2_HIGH)))
  const r = f32x4.sub(high, f32x4.mul(n, all(LN2_LOW)))
  let q = f32x4.add(all(E5), f32x4.mul(r, all(E6)))
  q = f32x4.add(all(E4), f32x4.mul(r, q))
  q = f32x4.add(all(E3), f32x4.mul(r, q))
  q = f32x4.add(all(E2), f32x4.mul(r, q))
  const tail = f32x4.add(r, f32x4.mul(f32x4.mul(r, r), q))
  const power = f32x4.add(all(ONE), tail)
  const whole = i32x4.sub(shifted, all(MAGIC))
  const half = i32x4.shr_s(whole, 1)
  const rest = i32x4.sub(whole, half)
  return f32x4.mul(f32x4.mul(power, powerOfTwo(half)), powerOfTwo(rest))
}

/**
 * Natural logarithm, error 0.69 ε, monotone: x = 2^k (1 + f), 1 + f in [√½, √2), s = f / (2 + f).
 * −Infinity at ±0, NaN below, subnormal x as exact as others.
 */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const tiny = f32x4.lt(x, all(NORMAL))
  const a = v128.bitselect(f32x4.mul(x, all(LIFT)), x, tiny)
  const moved = i32x4.add(a, all(ROOT_GAP))
  const exponent = i32x4.sub(i32x4.shr_s(moved, 23), all(BIAS))
  const mantissa = v128.and(moved, all(MANTISSA))
  const m = i32x4.sub(i32x4.add(mantissa, all(ONE)), all(ROOT_GAP))
  const shift = v128.and(tiny, all(LIFT_EXPONENT))
  const k = f32x4.sub(f32x4.convert_i32x4_s(exponent), shift)
  const f = f32x4.sub(m, all(ONE))
  const s = f32x4.div(f, f32x4.add(all(TWO), f))
  const z = f32x4.mul(s, s)
  let q = f32x4.add(all(L5), f32x4.mul(z, all(L7)))
  q = f32x4.mul(z, f32x4.add(all(L3), f32x4.mul(z, q)))
  // 2 s = f − s f, and s f = ½ f² − s ½ f²: around f, which is exact.
  const half = f32x4.mul(f32x4.mul(f, f), all(HALF))
  const low = f32x4.add(f32x4.mul(s, f32x4.add(half, q)), f32x4.mul(k, all(LN2_LOW)))
  const tail = f32x4.sub(f32x4.sub(half, low), f)
  const y = f32x4.sub(f32x4.mul(k, all(LN2_HIGH)), tail)
  const finite = f32x4.lt(x, all(INFINITE))
  const positive = f32x4.gt(x, all(ZERO))
  // Infinity stays itself; NaN, not being positive, ends outside with the negative numbers.
  const above = v128.bitselect(y, x, finite)
  const zero = f32x4.eq(x, all(ZERO))
  const outside = v128.bitselect(all(MINUS_INFINITE), all(NOT_A_NUMBER), zero)
  return v128.bitselect(above, outside, positive)
}
