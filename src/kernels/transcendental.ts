/**
 * Elementary functions in double precision from + − × ÷ alone, so that the same bits come out on
 * every machine and engine; `Math.exp` and its like promise no such thing. Each reduces its
 * argument to an interval on which a short series ends below the last bit: the exponential and
 * circular functions and the logarithm by their power series, tanh by Lambert's continued fraction.
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

/** e^x. Error below 1 ulp; subnormal results are rounded once more. */
export function exp(x: number): number {
  if (!(x <= OVERFLOW)) return x > OVERFLOW ? Infinity : x
  if (x < UNDERFLOW) return 0
  const k = Math.floor(x * INVERSE_LN2 + 0.5)
  const high = x - k * LN2_HIGH
  const low = k * LN2_LOW
  const r = high - low
  // What rounding r lost goes back in with the terms that are small beside it.
  const lost = high - r - low
  const y = 1 + (r + (r * r * exponentialTail(r) + lost))
  // One factor reaches 2^1023 and, rounded, down to 2^−1074; 2^1024 and deep underflow take two.
  if (k > -1022 && k < 1024) return y * POWERS[1074 + k]!
  return k > 0 ? y * 2 * POWERS[1073 + k]! : y * POWERS[1074 + k + 60]! * POWERS[1074 - 60]!
}

/** Σ rⁿ / (n + 2)! for |r| ≤ ½ ln 2: the terms of e^r behind 1 + r, divided by r². */
function exponentialTail(r: number): number {
  const q = r * r
  const even =
    1 / 2 + q * (1 / 24 + q * (1 / 720 + q * (1 / 40320 + q * (1 / 3628800 + q / 479001600))))
  const odd =
    1 / 6 + q * (1 / 120 + q * (1 / 5040 + q * (1 / 362880 + q * (1 / 39916800 + q / 6227020800))))
  return even + r * odd
}

/** Natural logarithm. Error below 2 ulp; −∞ at ±0, NaN below. */
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
  // log(1 + f) = 2 artanh(s) at s = f / (2 + f), written around f, which is exact.
  const f = double[0]! - 1
  const s = f / (2 + f)
  const half = 0.5 * f * f
  return k * LN2_HIGH - (half - (s * (half + artanhTail(s * s)) + k * LN2_LOW) - f)
}

/** 2 Σ zⁿ / (2n + 1) from n = 1, for z = s² ≤ 0.0295. */
function artanhTail(z: number): number {
  const q = z * z
  const even = 2 / 5 + q * (2 / 9 + q * (2 / 13 + q * (2 / 17 + q * (2 / 21))))
  const odd = 2 / 3 + q * (2 / 7 + q * (2 / 11 + q * (2 / 15 + q * (2 / 19))))
  return z * (odd + z * even)
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
  // The eighth convergent of x / (1 + s / (3 + s / (5 + …))), Lambert 1768, less its leading x.
  const p = ((36 * s + 6930) * s + 270270) * s + 2027025
  const q = (((s + 630) * s + 51975) * s + 945945) * s + 2027025
  return x + x * ((p - q) / q)
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
  const q = z * z
  const even = 1 / 6 + q * (1 / 5040 + q * (1 / 39916800 + q / 1307674368000))
  const odd = 1 / 120 + q * (1 / 362880 + q / 6227020800)
  return z * odd - even
}

/** cos(y) at z = y², |y| ≤ π/4. */
function cosine(z: number): number {
  const q = z * z
  const even = 1 / 24 + q * (1 / 40320 + q * (1 / 479001600 + q / 20922789888000))
  const odd = 1 / 720 + q * (1 / 3628800 + q / 87178291200)
  return 1 - (0.5 * z - q * (even - z * odd))
}
