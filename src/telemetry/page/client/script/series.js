/** @import { Bounds, Next, Point } from '../protocol.ts' */

/** More than the longest view of the chart, and a fixed amount of memory. */
const CAPACITY = 4_096

/** The newest points of what is being watched, in rings; NaN where a value is not known. */
export class Series {
  /** @type {readonly number[]} */
  levels
  /** Points since the last reset; the newest is number `total` − 1. */
  total = 0
  /** @type {Next | null} */
  next = null
  #records = new Float64Array(CAPACITY)
  #timesMs = new Float64Array(CAPACITY)
  #observed = new Float64Array(CAPACITY)
  #predicted = new Float64Array(CAPACITY)
  /** (CAPACITY, levels, 2) */
  #bounds

  /** @param {readonly number[]} levels of the intervals, from 0 to 1 */
  constructor(levels) {
    this.levels = levels
    this.#bounds = new Float64Array(CAPACITY * levels.length * 2)
  }

  /** Number of the oldest point that is still there. */
  get first() {
    return Math.max(0, this.total - CAPACITY)
  }

  reset() {
    this.total = 0
    this.next = null
  }

  /** @param {Point} point */
  add([records, timeMs, observed, predicted, bounds]) {
    const at = this.total % CAPACITY
    this.#records[at] = records
    this.#timesMs[at] = timeMs ?? Number.NaN
    this.#observed[at] = observed ?? Number.NaN
    this.#predicted[at] = predicted ?? Number.NaN
    for (let level = 0; level < this.levels.length; level++) {
      const pair = bounds?.[level]
      this.#bounds[(at * this.levels.length + level) * 2] = pair?.[0] ?? Number.NaN
      this.#bounds[(at * this.levels.length + level) * 2 + 1] = pair?.[1] ?? Number.NaN
    }
    this.total++
  }

  /** @param {number} index of a point that is there */
  records(index) {
    return this.#records[index % CAPACITY] ?? Number.NaN
  }

  /** @param {number} index */
  timeMs(index) {
    return this.#timesMs[index % CAPACITY] ?? Number.NaN
  }

  /** @param {number} index */
  observed(index) {
    return this.#observed[index % CAPACITY] ?? Number.NaN
  }

  /** @param {number} index */
  predicted(index) {
    return this.#predicted[index % CAPACITY] ?? Number.NaN
  }

  /**
   * @param {number} index
   * @param {number} level its place among `levels`
   */
  lower(index, level) {
    return this.#bounds[((index % CAPACITY) * this.levels.length + level) * 2] ?? Number.NaN
  }

  /**
   * @param {number} index
   * @param {number} level
   */
  upper(index, level) {
    return this.#bounds[((index % CAPACITY) * this.levels.length + level) * 2 + 1] ?? Number.NaN
  }

  /**
   * Whether the points from `from` up to `to` have times that do not go back.
   * @param {number} from
   * @param {number} to
   */
  hasTimes(from, to) {
    const times = this.#timesMs
    let last = Number.NEGATIVE_INFINITY
    for (let i = from; i < to; i++) {
      const time = times[i % CAPACITY] ?? Number.NaN
      if (!(time >= last)) return false
      last = time
    }
    return last > this.timeMs(from)
  }

  /**
   * Takes the values, observed and predicted, of a run of points, and their bounds.
   * @param {number} from
   * @param {number} to
   * @param {Extent} values
   * @param {Extent} bounds
   */
  measure(from, to, values, bounds) {
    const width = this.levels.length * 2
    const count = Math.min(to - from, CAPACITY - (from % CAPACITY))
    // A run has one piece, or two where it goes round the ring.
    for (const [start, length] of [
      [from % CAPACITY, count],
      [0, to - from - count],
    ]) {
      const [at = 0, size = 0] = [start, length]
      values.takeAll(this.#observed, at, at + size)
      values.takeAll(this.#predicted, at, at + size)
      bounds.takeAll(this.#bounds, at * width, (at + size) * width)
    }
  }

  /** A copy that later points do not change. */
  copy() {
    const copy = new Series(this.levels)
    copy.total = this.total
    copy.next = this.next
    copy.#records.set(this.#records)
    copy.#timesMs.set(this.#timesMs)
    copy.#observed.set(this.#observed)
    copy.#predicted.set(this.#predicted)
    copy.#bounds.set(this.#bounds)
    return copy
  }
}

/** Least and greatest of what it takes; NaN does not count. */
export class Extent {
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY

  /** @param {number} value */
  take(value) {
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
  }

  /**
   * @param {Float64Array} numbers
   * @param {number} from
   * @param {number} to
   */
  takeAll(numbers, from, to) {
    let { min, max } = this
    for (let i = from; i < to; i++) {
      const value = numbers[i] ?? Number.NaN
      if (value < min) min = value
      if (value > max) max = value
    }
    this.min = min
    this.max = max
  }

  get isKnown() {
    return this.min <= this.max
  }
}

/**
 * Bound of a forecast, NaN where there is none.
 * @param {Bounds | null | undefined} bounds
 * @param {number} level
 * @param {0 | 1} side lower, upper
 */
export function boundOf(bounds, level, side) {
  return bounds?.[level]?.[side] ?? Number.NaN
}
