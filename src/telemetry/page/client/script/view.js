import { boundOf, Extent, Series } from './series.js'

/**
 * How far intervals may stretch the axis beyond the values, as a share of their range: in its first
 * steps a model is honestly unsure, and the values would shrink to a line.
 */
const BOUND_STRETCH = 0.75

/** Between the ends of a range so much smaller than the values, numbers run out. */
const FLAT = 1e-12
/** So do they next to zero. */
const MIN_RANGE = 1e-300
/** An axis goes no further, so that its range is a number. */
const MAX_VALUE = 8e307

/** The part of a series that is drawn, and the ranges of its two axes. */
export class View {
  /** Numbers of the first point and of the one after the last. */
  from = 0
  to = 0
  /** Whether points stand at their times; otherwise at their record counts. */
  isByTime = false
  xMin = 0
  xMax = 1
  yMin = 0
  yMax = 1
  /** Where the newest forecast stands; NaN without one. */
  nextX = Number.NaN
  /** @type {Series} */
  series

  /**
   * @param {Series} series
   * @param {number} span points at most
   * @param {number} horizon steps from the newest point to the newest forecast
   */
  constructor(series, span, horizon) {
    this.series = series
    this.to = series.total
    this.from = Math.max(series.first, series.total - span)
    this.isByTime = this.to - this.from > 1 && series.hasTimes(this.from, this.to)
    this.#setX(horizon)
    this.#setY()
  }

  get isEmpty() {
    return this.to === this.from
  }

  /** @param {number} index */
  x(index) {
    return this.isByTime ? this.series.timeMs(index) : this.series.records(index)
  }

  /**
   * The point whose place is nearest to `x`.
   * @param {number} x
   */
  nearest(x) {
    let low = this.from
    let high = this.to - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.x(middle) < x) low = middle + 1
      else high = middle
    }
    const before = Math.max(this.from, low - 1)
    return x - this.x(before) < this.x(low) - x ? before : low
  }

  /** @param {number} horizon */
  #setX(horizon) {
    if (this.isEmpty) return
    const { next } = this.series
    const last = this.x(this.to - 1)
    this.xMin = this.x(this.from)
    const steps = this.to - 1 - this.from
    const step = steps > 0 ? (last - this.xMin) / steps : 1
    if (next !== null && next.mean !== null) {
      const time = next.timeMs ?? Number.NaN
      this.nextX = this.isByTime && time > last ? time : last + horizon * step
    }
    this.xMax = Math.max(last, Number.isNaN(this.nextX) ? last : this.nextX)
    if (isFlat(this.xMin, this.xMax)) {
      const margin = Math.max(1, Math.abs(this.xMin) * FLAT)
      this.xMin -= margin
      this.xMax += margin
    }
  }

  #setY() {
    const { series } = this
    const values = new Extent()
    const bounds = new Extent()
    series.measure(this.from, this.to, values, bounds)
    values.take(series.next?.mean ?? Number.NaN)
    for (let level = 0; level < series.levels.length; level++) {
      bounds.take(boundOf(series.next?.bounds, level, 0))
      bounds.take(boundOf(series.next?.bounds, level, 1))
    }
    if (!values.isKnown) return
    const range = isFlat(values.min, values.max)
      ? Math.abs(values.max) || 1
      : Math.min(values.max - values.min, MAX_VALUE)
    const stretch = BOUND_STRETCH * range
    const lowest = Math.max(Math.min(values.min, bounds.min), values.min - stretch)
    const highest = Math.min(Math.max(values.max, bounds.max), values.max + stretch)
    const size = Math.abs(lowest)
    const margin = !isFlat(lowest, highest) ? 0 : size > MIN_RANGE ? size * 0.05 : 1
    this.yMin = Math.max(lowest - margin, -MAX_VALUE)
    this.yMax = Math.min(highest + margin, MAX_VALUE)
  }
}

/**
 * Whether a range is too narrow for an axis: rounding would make its ticks fall together.
 * @param {number} min
 * @param {number} max
 */
function isFlat(min, max) {
  return !(max - min > Math.max(Math.abs(min) * FLAT, Math.abs(max) * FLAT, MIN_RANGE))
}
