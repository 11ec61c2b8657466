import { log } from '../kernels/transcendental.ts'
import type { SeasonSample } from './season-sample.ts'

/** Newest values that both lines see. */
const RECENT = 8
/** Means of the newest values that both see, over so many: what drifts is no season for that. */
const MEANS = [32, 128]
const BASE = 1 + RECENT + MEANS.length
/** Features of one season: values around one season earlier, and two means over several rounds. */
const PER_SEASON = 5
/** Rounds that go into such a mean. */
const ROUNDS = 8
/** Seasons of the longer line, at most. */
const SEASONS_MAX = 3
/** Rows that are fitted, at most, spread over the sample. */
const ROWS_MAX = 2048
/** An error of this many standard deviations is wild, and weighs no more than that. */
const WILD = 4
/** Steps round the circle by which rows are picked: in step with no period. */
const GOLDEN = 0.618033988749895
/** Rows for each feature, at least. */
const ROWS_PER_FEATURE = 3
/** A feature that those before it explain but for this part of it says nothing new. */
const COLLINEAR = 1e-6

/**
 * What knowing a season is worth: two straight lines are fitted by least squares to the same rows,
 * one on recent values and the seasons that are known, the other on one more season too. Whatever
 * the noise, only what repeats lets the second one win by more than chance.
 */
export class SeasonGain {
  /** Rows that were compared; 0 where there are too few. */
  rows = 0
  /** log(sum of squares the shorter line leaves / what the longer one leaves), 0 or more. */
  gain = 0
  private readonly x: Float64Array
  /** Lower triangle by rows: the normal equations, then their Cholesky factor. */
  private readonly normal: Float64Array
  private readonly product: Float64Array
  private readonly short: Float64Array
  private readonly long: Float64Array
  private base = 0
  private features = 0
  private squares = 0
  /** Sum of squares that the longer line leaves. */
  private left = 0
  private squareMax = 0
  private margin = 0
  private marginSquares = 0

  constructor() {
    const features = BASE + PER_SEASON * SEASONS_MAX
    this.x = new Float64Array(features)
    this.normal = new Float64Array((features * (features + 1)) / 2)
    this.product = new Float64Array(features)
    this.short = new Float64Array(features)
    this.long = new Float64Array(features)
  }

  /**
   * Fits the line on the first `known` of `seasons` and the one on the first `count` of them to the
   * rows that look back as far as `reach` at least; fills `rows` and `gain`.
   */
  compare(
    sample: SeasonSample,
    seasons: Float64Array,
    known: number,
    count: number,
    reach = 0,
  ): void {
    const { normal, product } = this
    this.base = BASE + PER_SEASON * known
    this.features = BASE + PER_SEASON * count
    this.gain = 0
    this.squares = 0
    normal.fill(0)
    product.fill(0)
    this.rows = this.eachRow(sample, seasons, count, reach, true)
    if (this.rows < ROWS_PER_FEATURE * this.features) {
      this.rows = 0
      return
    }
    factor(normal, product, this.features)
    let left = this.squares
    for (let i = 0; i < this.base; i++) left -= product[i]! * product[i]!
    left = Math.max(left, 1e-12 * this.squares)
    let more = 0
    for (let i = this.base; i < this.features; i++) more += product[i]! * product[i]!
    this.left = Math.max(left - more, 1e-9 * left)
    this.gain = log(left / this.left)
  }

  /**
   * Of what was compared last, with the same arguments: by how much the squared errors of the
   * longer line are smaller on the mean, in standard errors. Each is cut, so that a few wild rows,
   * which can raise `gain`, cannot raise this.
   */
  steadiness(sample: SeasonSample, seasons: Float64Array, count: number): number {
    if (this.rows === 0) return 0
    this.squareMax = (WILD * WILD * this.left) / this.rows
    solve(this.normal, this.product, this.base, this.short)
    solve(this.normal, this.product, this.features, this.long)
    this.margin = 0
    this.marginSquares = 0
    this.eachRow(sample, seasons, count, 0, false)
    const mean = this.margin / this.rows
    const variance = this.marginSquares / this.rows - mean * mean
    return variance > 0 ? mean / Math.sqrt(variance / this.rows) : 0
  }

  /** Adds rows to the normal equations, or weighs the errors on them; returns their number. */
  private eachRow(
    sample: SeasonSample,
    seasons: Float64Array,
    count: number,
    reachMin: number,
    isFit: boolean,
  ): number {
    const { starts, lanes, present, values } = sample
    let reach = Math.max(RECENT, reachMin)
    for (let s = 0; s < count; s++) reach = Math.max(reach, seasons[s]! + 1)
    let possible = 0
    for (let l = 0; l < lanes; l++) possible += Math.max(0, starts[l + 1]! - starts[l]! - reach)
    const share = Math.min(1, ROWS_MAX / possible)
    let rows = 0
    let turn = 0
    for (let l = 0; l < lanes; l++) {
      const start = starts[l]!
      const weight = sample.weights[l]!
      for (let at = start + reach; at < starts[l + 1]!; at++) {
        turn = (turn + GOLDEN) % 1
        if (turn >= share || present[at] === 0) continue
        rows++
        this.fill(sample, start, at, seasons, count)
        for (let i = 0; i < this.features; i++) this.x[i] = this.x[i]! * weight
        if (isFit) this.add(values[at]! * weight)
        else this.weigh(values[at]! * weight)
      }
    }
    return rows
  }

  private fill(
    { values, sums, present }: SeasonSample,
    start: number,
    at: number,
    seasons: Float64Array,
    count: number,
  ): void {
    const { x } = this
    x[0] = 1
    for (let i = 1; i <= RECENT; i++) x[i] = values[at - i]!
    let to = 1 + RECENT
    for (let i = 0; i < MEANS.length; i++) {
      const length = Math.min(MEANS[i]!, at - start)
      const before = at - 1 - length
      x[to++] = (sums[at - 1]! - (before < start ? 0 : sums[before]!)) / length
    }
    for (let s = 0; s < count; s++) {
      const season = seasons[s]!
      x[to++] = values[at - season - 1]!
      x[to++] = values[at - season]!
      x[to++] = values[at - season + 1]!
      for (let shift = 0; shift < 2; shift++) {
        let sum = 0
        let known = 0
        for (let round = 1, i = at - season - shift; round <= ROUNDS && i >= start; round++) {
          sum += values[i]!
          known += present[i]!
          i -= season
        }
        x[to++] = known > 0 ? sum / known : 0
      }
    }
  }

  private add(y: number): void {
    const { x, normal, product, features } = this
    this.squares += y * y
    for (let i = 0, at = 0; i < features; i++) {
      const xi = x[i]!
      product[i] = product[i]! + xi * y
      for (let j = 0; j <= i; j++, at++) normal[at] = normal[at]! + xi * x[j]!
    }
  }

  private weigh(y: number): void {
    const { x, short, long, base, features } = this
    let a = y
    let b = y
    for (let i = 0; i < base; i++) a -= short[i]! * x[i]!
    for (let i = 0; i < features; i++) b -= long[i]! * x[i]!
    const margin = Math.min(a * a, this.squareMax) - Math.min(b * b, this.squareMax)
    this.margin += margin
    this.marginSquares += margin * margin
  }
}

/** Cholesky factor L in place, and L⁻¹ product; what is collinear gets a row of zeros. */
function factor(normal: Float64Array, product: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    const row = (i * (i + 1)) / 2
    const whole = normal[row + i]!
    for (let j = 0; j <= i; j++) {
      const other = (j * (j + 1)) / 2
      let sum = normal[row + j]!
      for (let k = 0; k < j; k++) sum -= normal[row + k]! * normal[other + k]!
      if (j < i) {
        const pivot = normal[other + j]!
        normal[row + j] = pivot > 0 ? sum / pivot : 0
      } else normal[row + i] = sum > COLLINEAR * whole ? Math.sqrt(sum) : 0
    }
    const pivot = normal[row + i]!
    let y = product[i]!
    for (let k = 0; k < i; k++) y -= normal[row + k]! * product[k]!
    product[i] = pivot > 0 ? y / pivot : 0
  }
}

/** Weights of the first `size` features: Lᵀ weights = product. */
function solve(
  factors: Float64Array,
  product: Float64Array,
  size: number,
  weights: Float64Array,
): void {
  for (let i = size - 1; i >= 0; i--) {
    let sum = product[i]!
    for (let k = i + 1; k < size; k++) sum -= factors[(k * (k + 1)) / 2 + i]! * weights[k]!
    const pivot = factors[(i * (i + 1)) / 2 + i]!
    weights[i] = pivot > 0 ? sum / pivot : 0
  }
}
