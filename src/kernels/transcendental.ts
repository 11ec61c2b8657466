/**
 * Elementary functions in double precision from + − × ÷ alone, so that the same bits come out on
 * every machine and engine; `Math.exp` and its like promise no such thing.
 *
 * Reductions and coefficients of exp, log, sin and cos are those of fdlibm:
 * Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a Sun
 * Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is
 * freely granted, provided that this notice is preserved.
 * tanh near zero is the rational function of Cephes (Stephen L. Moshier).
 */

const LN2_HIGH = 6.931471803691238e-1
const LN2_LOW = 1.9082149292705877e-10
const INVERSE_LN2 = 1 / (LN2_HIGH + LN2_LOW)
const OVERFLOW = 709.782712893384
const UNDERFLOW = -745.1332191019411

/** POWERS[1074 + k] = 2^k, subnormal ones included, for k = −1074 … 1023. */
const POWERS = powersOfTwo()

/** The bits of a double: BITS.word[HIGH] holds sign, exponent and the upper 20 bits. */
const BITS = doubleBits()

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(1074 + 1024)
  powers[1074] = 1
  for (let k = 1; k <= 1023; k++) powers[1074 + k] = powers[1073 + k]! * 2
  for (let k = 1; k <= 1074; k++) powers[1074 - k] = powers[1075 - k]! / 2
  return powers
}

function doubleBits(): { double: Float64Array; word: Int32Array; high: 0 | 1 } {
  const double = new Float64Array([1])
  const word = new Int32Array(double.buffer)
  return { double, word, high: word[1] === 0 ? 0 : 1 }
}

/** e^x. Error below 1 ulp; below 709.78 no overflow, results under 2^−1022 are rounded once more. */
export function exp(x: number): number {
  if (!(x <= OVERFLOW)) return x > OVERFLOW ? Infinity : x
  if (x < UNDERFLOW) return 0
  const k = Math.floor(x * INVERSE_LN2 + 0.5)
  const high = x - k * LN2_HIGH
  const low = k * LN2_LOW
  const r = high - low
  const t = r * r
  const c =
    r -
    t *
      (1.6666666666666602e-1 +
        t *
          (-2.7777777777015593e-3 +
            t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))))
  const y = 1 - (low - (r * c) / (2 - c) - high)
  // One factor reaches 2^1023 and, rounded, down to 2^−1074; 2^1024 and deep underflow take two.
  if (k > -1022 && k < 1024) return y * POWERS[1074 + k]!
  return k > 0 ? y * 2 * POWERS[1073 + k]! : y * POWERS[1074 + k + 60]! * POWERS[1074 - 60]!
}

/** Natural logarithm. Error below 1 ulp; −∞ at ±0, NaN below. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN
  if (x === Infinity) return x
  const { double, word, high } = BITS
  let k = 0
  double[0] = x
  if (x < 2.2250738585072014e-308) {
    double[0] = x * 18014398509481984
    k = -54
  }
  // x = 2^k (1 + f) with 1 + f between √2 / 2 and √2.
  const bits = word[high]!
  const mantissa = bits & 0x000fffff
  const carry = (mantissa + 0x95f64) & 0x100000
  word[high] = mantissa | (carry ^ 0x3ff00000)
  k += (bits >> 20) - 1023 + (carry >> 20)
  const f = double[0]! - 1
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const odd = w * (3.999999999940942e-1 + w * (2.2222198432149784e-1 + w * 1.5313837699209373e-1))
  const even =
    z *
    (6.666666666666735e-1 +
      w * (2.857142874366239e-1 + w * (1.818357216161805e-1 + w * 1.4798198605116586e-1)))
  const half = 0.5 * f * f
  return k * LN2_HIGH - (half - (s * (half + odd + even) + k * LN2_LOW) - f)
}

/**
 * log(1 + x), accurate for small x too: error below 4 ulp. The rounding of 1 + x cancels in the
 * quotient, as W. Kahan found.
 */
export function log1p(x: number): number {
  const u = 1 + x
  if (u === 1 || u === Infinity) return x
  return log(u) * (x / (u - 1))
}

/** e^x − 1, accurate for small x too: error below 4 ulp. Kahan's quotient between −1 and 1. */
export function expm1(x: number): number {
  const u = exp(x)
  if (x > 1 || x < -1) return u - 1
  return u === 1 || Number.isNaN(u) ? x : (u - 1) * (x / log(u))
}

/** Hyperbolic tangent: error below 3 ulp. */
export function tanh(x: number): number {
  const a = Math.abs(x)
  if (a > 0.625) {
    if (a > 22) return x > 0 ? 1 : -1
    const y = 1 - 2 / (exp(2 * a) + 1)
    return x > 0 ? y : -y
  }
  const s = x * x
  if (s === 0) return x
  const p = (-9.643991794250523e-1 * s - 9.928772310019185e1) * s - 1.6146876844170845e3
  const q = ((s + 1.1281167849163293e2) * s + 2.2354883906010045e3) * s + 4.844063053251255e3
  return x + x * s * (p / q)
}

/** 1 / (1 + e^−x): error below 3 ulp. */
export function sigmoid(x: number): number {
  if (x < -700) return exp(x)
  return 1 / (1 + exp(-x))
}

/** sin(2πx), for phases given in turns: absolute error below 1e−15, exact at quarters. */
export function sinTurns(x: number): number {
  if (x === 0) return x
  return turns(x, 0)
}

/** cos(2πx), for phases given in turns: absolute error below 1e−15, exact at quarters. */
export function cosTurns(x: number): number {
  return turns(x, 1)
}

/** sin(2π(x + quarters / 4)). The reductions to a turn and to ± an eighth are exact. */
function turns(x: number, quarters: number): number {
  const turn = x - Math.round(x)
  const quadrant = Math.round(turn * 4)
  const angle = (turn - quadrant * 0.25) * 6.283185307179586
  const z = angle * angle
  // NaN comes here as quadrant 0 and leaves as NaN.
  const which = (quadrant + quarters) & 3
  const value = which & 1 ? cosine(z) : angle + angle * z * sine(z)
  return which & 2 ? -value : value
}

/** (sin(y) − y) / y³ at z = y², |y| ≤ π/4. */
function sine(z: number): number {
  return (
    -1.6666666666666632e-1 +
    z *
      (8.33333333332249e-3 +
        z *
          (-1.984126982985795e-4 +
            z * (2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10))))
  )
}

/** cos(y) at z = y², |y| ≤ π/4. */
function cosine(z: number): number {
  const tail =
    4.16666666666666e-2 +
    z *
      (-1.388888888887411e-3 +
        z *
          (2.480158728947673e-5 +
            z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 - z * 1.1359647557788195e-11))))
  return 1 - (0.5 * z - z * z * tail)
}
