import { log } from '../kernels/transcendental.ts'

/** Chance of a false alarm that each cut of stationary, independent values is tested at. */
const DELTA = 0.002
/** Buckets of one size: more tell the place of a change more finely. */
const BUCKETS = 5
/** Sizes 1, 2, 4, …: the window holds 5 × 2¹² values and more. */
const LEVELS = 13
/** A window is tested after so many values, and neither side of a cut is shorter. */
const CLOCK = 16
/**
 * A value counts as at most this many usual ones: the bound needs a range, and one wild value is no
 * change of what is usual.
 */
const RANGE = 8
/** What is usual is at least this: where there was next to nothing, a little more is no change. */
const USUAL_MIN = 0.05
/** No value counts as more: sums of squares stay finite, and exact enough. */
const VALUE_MAX = 1e6

/** Places: values in the window, their sum, values since the last test; then the levels. */
const WIDTH = 0
const TOTAL = 1
const WAITING = 2
const LEVELS_AT = 3
/** One bucket more than stays: it is there until two become one of the next size. */
const PAIRS = BUCKETS + 1
/** Of a level: number of buckets, then (sum, squares about the mean) of each, newest first. */
const LEVEL_SIZE = 1 + 2 * PAIRS

/** Numbers of one detector, all 0 before the first value. */
export const ADWIN_SIZE = LEVELS_AT + LEVELS * LEVEL_SIZE

/** What a value has shown. */
export type AdwinVerdict = 'rise' | 'fall' | 'none'

/**
 * Adaptive windowing (Bifet & Gavaldà 2007, ADWIN2): a window of values that grows while they have
 * one mean, and loses its older part as soon as the means of two parts differ by more than chance
 * allows. Values are not negative, in a unit in which about 1 is usual. Its state lies in the
 * caller's array.
 */
export class Adwin {
  private readonly state: Float64Array
  private readonly at: number

  /** Works on `ADWIN_SIZE` numbers of `state` from `at` on. */
  constructor(state: Float64Array, at: number) {
    this.state = state
    this.at = at
  }

  get width(): number {
    return this.state[this.at + WIDTH]!
  }

  /** Mean of the window; 0 while it is empty. */
  get mean(): number {
    const { state, at } = this
    return state[at + WIDTH]! === 0 ? 0 : state[at + TOTAL]! / state[at + WIDTH]!
  }

  /** Forgets all values. */
  clear(): void {
    this.state.fill(0, this.at, this.at + ADWIN_SIZE)
  }

  /** Takes in a finite value ≥ 0; the older part goes where the newer has another mean. */
  add(value: number): AdwinVerdict {
    const { state, at } = this
    const known = state[at + WIDTH]! >= CLOCK
    this.insert(Math.min(value, known ? rangeOf(this.mean) : VALUE_MAX))
    state[at + WAITING]! += 1
    if (state[at + WAITING]! < CLOCK) return 'none'
    state[at + WAITING] = 0
    return this.test()
  }

  private insert(value: number): void {
    const { state, at } = this
    state[at + WIDTH]! += 1
    state[at + TOTAL]! += value
    this.push(0, value, 0)
    for (let level = 0; level < LEVELS; level++) {
      const place = this.level(level)
      if (state[place]! <= BUCKETS) return
      if (level === LEVELS - 1) this.dropOldest()
      else this.merge(level)
    }
  }

  /** Puts a bucket in front of those of a level. */
  private push(level: number, sum: number, squares: number): void {
    const { state } = this
    const place = this.level(level)
    const end = place + 1 + 2 * state[place]!
    state.copyWithin(place + 3, place + 1, end)
    state[place + 1] = sum
    state[place + 2] = squares
    state[place]! += 1
  }

  /** The two oldest buckets of a level become one of the next. */
  private merge(level: number): void {
    const { state } = this
    const place = this.level(level)
    const count = state[place]!
    const older = place + 1 + 2 * (count - 1)
    const newer = older - 2
    const size = 1 << level
    const apart = (state[older]! - state[newer]!) / size
    const sum = state[older]! + state[newer]!
    const squares = state[older + 1]! + state[newer + 1]! + (size / 2) * apart * apart
    state.fill(0, newer, older + 2)
    state[place] = count - 2
    this.push(level + 1, sum, squares)
  }

  /** The bucket with the oldest values goes. */
  private dropOldest(): void {
    const { state, at } = this
    let level = LEVELS - 1
    while (level > 0 && state[this.level(level)] === 0) level--
    const place = this.level(level)
    const oldest = place + 1 + 2 * (state[place]! - 1)
    state[at + WIDTH]! -= 1 << level
    state[at + TOTAL]! -= state[oldest]!
    state[oldest] = 0
    state[oldest + 1] = 0
    state[place]! -= 1
  }

  /** Cuts the window for as long as two parts of it differ. */
  private test(): AdwinVerdict {
    let verdict: AdwinVerdict = 'none'
    for (let found = this.cut(); found !== 'none'; found = this.cut()) {
      if (verdict === 'none') verdict = found
      this.dropOldest()
    }
    return verdict
  }

  /** Whether some newer part of the window has another mean than what is older than it. */
  private cut(): AdwinVerdict {
    const { state, at } = this
    const width = state[at + WIDTH]!
    if (width < 2 * CLOCK) return 'none'
    const total = state[at + TOTAL]!
    const mean = total / width
    const variance = this.squares(mean) / width
    const sureness = log((2 * log(width)) / DELTA)
    const range = rangeOf(mean)
    let older = 0
    let sum = 0
    for (let level = LEVELS - 1; level >= 0; level--) {
      const place = this.level(level)
      for (let i = state[place]! - 1; i >= 0; i--) {
        older += 1 << level
        sum += state[place + 1 + 2 * i]!
        const newer = width - older
        if (newer < CLOCK) return 'none'
        if (older < CLOCK) continue
        const inverse = 1 / older + 1 / newer
        const rise = (total - sum) / newer - sum / older
        const bound = Math.sqrt(2 * inverse * variance * sureness)
        if (Math.abs(rise) > bound + (2 / 3) * inverse * sureness * range) {
          return rise > 0 ? 'rise' : 'fall'
        }
      }
    }
    return 'none'
  }

  /** Σ (value − mean)² over the window. */
  private squares(mean: number): number {
    const { state } = this
    let sum = 0
    for (let level = 0; level < LEVELS; level++) {
      const place = this.level(level)
      const size = 1 << level
      for (let i = 0; i < state[place]!; i++) {
        const apart = state[place + 1 + 2 * i]! / size - mean
        sum += state[place + 2 + 2 * i]! + size * apart * apart
      }
    }
    return sum
  }

  private level(level: number): number {
    return this.at + LEVELS_AT + level * LEVEL_SIZE
  }
}

function rangeOf(mean: number): number {
  return RANGE * Math.max(mean, USUAL_MIN)
}
