import { exp } from '../kernels/transcendental.ts'

/** Components whose weights are learnt; their standard deviations grow by RATIO. */
export const LEARNT = 9
const RATIO = 2.5
/** The widest of them, in units of the error scale. */
const WIDEST = 22.6
/**
 * Behind them some whose weights stand: a stream that was constant for a year and moves at last is
 * thousands of millions of scales away, and must not have been impossible.
 */
const FIXED = 6
const FIXED_RATIO = 30
/** Weight of all fixed components together. */
const FIXED_WEIGHT = 1e-4
/** Nothing is further away than this. */
const REACH = 1e11
/** Beyond so many standard deviations a double holds nothing of a normal distribution. */
const BELL_MAX = 38

const INVERSE_SQRT_2_PI = 0.3989422804014327
const SQRT_2 = Math.sqrt(2)
const INVERSE_SQRT_2 = Math.sqrt(0.5)
const SQRT_2_OVER_PI = 0.7978845608028654

/** Standard deviations of all components in units of the error scale, the learnt ones first. */
const COMPONENT_SCALES: readonly number[] = [
  ...Array.from({ length: LEARNT }, (_, j) => powers(WIDEST, 1 / RATIO, LEARNT - 1 - j)),
  ...Array.from({ length: FIXED }, (_, k) => powers(WIDEST, FIXED_RATIO, k + 1)),
]

/** Weights of the fixed components: each as much less as it is wider than the one before. */
const FIXED_WEIGHTS: readonly number[] = Array.from({ length: FIXED }, (_, k) =>
  powers(FIXED_WEIGHT * (1 - 1 / FIXED_RATIO), 1 / FIXED_RATIO, k),
)
const FIXED_SUM = FIXED_WEIGHTS.reduce((sum, weight) => sum + weight, 0)

function powers(first: number, factor: number, times: number): number {
  let value = first
  for (let i = 0; i < times; i++) value *= factor
  return value
}

/** Weight of component j ≥ 0 in the density whose learnt weights are `weights[at…]`. */
function componentWeight(weights: Float64Array, at: number, j: number): number {
  return j < LEARNT ? (1 - FIXED_SUM) * weights[at + j]! : FIXED_WEIGHTS[j - LEARNT]!
}

/**
 * The density of an error in units of its scale: normal distributions around zero whose standard
 * deviations are a fixed ladder, mixed by weights that are learnt. So it has the tails that the
 * errors have, and its density, its tail and its score are sums of few terms.
 */
export class Density {
  /** At the point that `evaluate` was told last. */
  density = 0
  /** The mass further away than that point, on either side together. */
  beyond = 0
  /** The mean distance of that point from what the density draws. */
  distance = 0
  /** What each learnt component contributes to the density, before the fixed ones' share. */
  private readonly parts = new Float64Array(LEARNT)

  /** Density and tail at `z` under the learnt weights `weights[at…]`, which sum to one. */
  evaluate(z: number, weights: Float64Array, at: number): void {
    const a = Math.min(Math.abs(z), REACH)
    let density = 0
    let beyond = 0
    let distance = 0
    for (let j = 0; j < COMPONENT_SCALES.length; j++) {
      const scale = COMPONENT_SCALES[j]!
      const x = a / scale
      const bell = x > BELL_MAX ? 0 : exp(-0.5 * x * x)
      const tail = bell * tailFactor(x)
      const weight = componentWeight(weights, at, j)
      const part = (weight * bell * INVERSE_SQRT_2_PI) / scale
      if (j < LEARNT) this.parts[j] = part
      density += part
      beyond += weight * tail
      distance += weight * (a * (1 - tail) + scale * SQRT_2_OVER_PI * bell)
    }
    this.density = density
    this.beyond = beyond
    this.distance = distance
  }

  /**
   * Moves the learnt weights towards what each component had in the point evaluated last, by
   * `rate`: a step of expectation maximisation (Cappé & Moulines 2009). None falls below `floor`.
   */
  learn(weights: Float64Array, at: number, rate: number, floor: number): void {
    const { parts } = this
    let sum = 0
    for (let j = 0; j < LEARNT; j++) sum += parts[j]!
    const none = sum < 1e-290
    let total = 0
    for (let j = 0; j < LEARNT; j++) {
      const share = none ? (j === LEARNT - 1 ? 1 : 0) : parts[j]! / sum
      const weight = Math.max(floor, weights[at + j]! + rate * (share - weights[at + j]!))
      weights[at + j] = weight
      total += weight
    }
    for (let j = 0; j < LEARNT; j++) weights[at + j]! /= total
  }
}

/**
 * The mass of a standard normal variable beyond ± x, divided by e^(−x²/2): Abramowitz & Stegun
 * 7.1.26, absolute error of the product below 2e−7.
 */
function tailFactor(x: number): number {
  const t = 1 / (1 + 0.3275911 * INVERSE_SQRT_2 * x)
  const low = 0.254829592 + t * (-0.284496736 + t * 1.421413741)
  return t * (low + t * t * t * (-1.453152027 + t * 1.061405429))
}

/** Mean distance of two draws from the density whose learnt weights are `weights[at…]`. */
export function meanDifference(weights: Float64Array, at: number): number {
  let sum = 0
  for (let i = 0; i < COMPONENT_SCALES.length; i++) {
    const own = COMPONENT_SCALES[i]!
    let inner = 0
    for (let j = 0; j < i; j++) {
      const other = COMPONENT_SCALES[j]!
      inner += componentWeight(weights, at, j) * Math.sqrt(own * own + other * other)
    }
    const weight = componentWeight(weights, at, i)
    sum += weight * (2 * inner + weight * own * SQRT_2)
  }
  return SQRT_2_OVER_PI * sum
}

/** Before an error is known: mostly normal, mean absolute value 1. */
export function initialWeights(): Float64Array {
  const weights = Float64Array.from({ length: LEARNT }, (_, j) => {
    const scale = COMPONENT_SCALES[j]!
    return scale > 0.3 && scale < 3 ? 1 : 0.05
  })
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}
