import { log } from '../kernels/transcendental.ts'
import type { Dimensions } from './dimensions.ts'
import type { Domain } from './domain.ts'
import { ABSENT, type Layout } from './layout.ts'
import { ringIndex } from './ring.ts'
import { clip, Scaler } from './scaler.ts'

/** Positive time steps whose median is the sequence's step. */
const DELTA_COUNT = 9
/**
 * Steps are regular when most of these are this near to their median; longer ones are then gaps,
 * where they are as near to a multiple.
 */
const REGULAR_TOLERANCE = 0.05
/** A longer gap, in steps, loses its place in the seasons. */
const SKIPPED_MAX = 1e6

/**
 * What a sequence remembers of its past for everything but the networks: target values in every
 * domain as far back as the longest lag, the moments they were standardised with and the event
 * times as far back as the longest horizon. Rings are indexed by own step.
 */
export class History {
  private readonly d: Dimensions
  private readonly domains: readonly Domain[]
  /** Per domain: the ring that its images are read from, its own or that of the values. */
  private readonly rings: readonly number[]
  private readonly keptRings: number
  /** The newest steps of which it holds the values. */
  readonly capacity: number
  private readonly reach: number
  private readonly recent: number
  private readonly values: number
  private readonly moments: number
  private readonly changes: Scaler
  private readonly changeScales: number
  private readonly times: number
  private readonly steps: number
  private readonly deltas: number
  private readonly lastTime: number
  private readonly clocks: number
  /** Time and clock of the newest step that stood where the clock expected one. */
  private readonly anchor: number
  private readonly lastValue: number
  private readonly negative: number
  private readonly sorted = new Float64Array(DELTA_COUNT)

  /** `maxLag`: the longest distance at which a value is asked for. */
  constructor(layout: Layout, d: Dimensions, domains: readonly Domain[], maxLag: number) {
    this.d = d
    this.domains = domains
    this.reach = maxLag + 1
    this.capacity = this.reach + d.maxHorizon
    this.recent = d.maxHorizon + 1
    const quantities = domains.length * d.targets
    let kept = 0
    this.rings = domains.map((domain) => (domain.kept ? kept++ : 0))
    this.keptRings = kept
    this.values = layout.claim(kept * d.targets * this.capacity)
    this.moments = layout.claim(quantities * this.recent * 2)
    this.changes = new Scaler(layout, d.slots)
    this.changeScales = layout.claim(d.slots * this.recent)
    this.times = layout.claim(this.recent)
    this.steps = layout.claim(this.recent)
    this.deltas = layout.claim(1 + DELTA_COUNT)
    this.lastTime = layout.claim(1)
    this.clocks = layout.claim(this.recent)
    this.anchor = layout.claim(2)
    this.lastValue = layout.claim(2 * d.targets)
    this.negative = layout.claim(d.targets)
  }

  /** A new sequence: no time and no value seen yet. */
  begin(core: Float64Array): void {
    core[this.lastTime] = ABSENT
    const size = this.keptRings * this.d.targets * this.capacity
    core.fill(ABSENT, this.values, this.values + size)
  }

  /** Takes in event time and targets of own step `t`, and the moments that stand after it. */
  push(
    core: Float64Array,
    t: number,
    timeMs: number | null,
    targets: Float64Array,
    scaler: Scaler,
  ): void {
    this.pushTime(core, t, timeMs)
    const { targets: count } = this.d
    const now = this.placeOf(t)
    const recent = ringIndex(t, this.recent)
    for (let d = 0; d < count; d++) {
      const value = targets[d]!
      const present = !Number.isNaN(value)
      if (present) {
        core[this.lastValue + 2 * d] = 1
        core[this.lastValue + 2 * d + 1] = value
        if (value < 0) core[this.negative + d] = 1
      }
      for (let m = 0; m < this.domains.length; m++) {
        const domain = this.domains[m]!
        const q = m * count + d
        const usable = present && (domain.unbounded || core[this.negative + d] === 0)
        const image = usable ? domain.forward(value) : ABSENT
        if (domain.kept) core[this.imagesOf(m, d) + now] = image
        if (usable) scaler.update(core, q, image)
        const at = this.moments + (q * this.recent + recent) * 2
        core[at] = scaler.mean(core, q)
        core[at + 1] = scaler.scale(core, q)
      }
    }
    this.pushChanges(core, t)
  }

  /** Learns how far each target moves within each horizon. */
  private pushChanges(core: Float64Array, t: number): void {
    const { targets, horizons } = this.d
    const recent = ringIndex(t, this.recent)
    for (let k = 0; k < horizons.length; k++) {
      for (let d = 0; d < targets; d++) {
        const slot = k * targets + d
        const value = this.value(core, 0, d, t)
        const earlier = this.value(core, 0, d, t - horizons[k]!)
        if (value !== ABSENT && earlier !== ABSENT) this.changes.update(core, slot, value - earlier)
        core[this.changeScales + slot * this.recent + recent] = this.changes.seen(core, slot)
          ? this.changes.rootMeanSquare(core, slot)
          : this.scale(core, 0, d, t)
      }
    }
  }

  private pushTime(core: Float64Array, t: number, timeMs: number | null): void {
    const last = core[this.lastTime]!
    const least = t === 0 ? 0 : this.clockOf(core, t - 1) + 1
    core[this.clocks + ringIndex(t, this.recent)] = this.clockAt(core, timeMs, least)
    if (timeMs !== null) {
      const delta = timeMs - last
      if (last !== ABSENT && delta > 0) {
        const seen = core[this.deltas]!
        core[this.deltas + 1 + ringIndex(seen, DELTA_COUNT)] = delta
        core[this.deltas] = seen + 1
      }
      core[this.lastTime] = timeMs
    }
    const recent = ringIndex(t, this.recent)
    core[this.times + recent] = timeMs ?? ABSENT
    core[this.steps + recent] = this.medianStep(core)
  }

  /**
   * The clock's count at `timeMs`, `least` or more. In a regular sequence it follows the time since
   * the newest step that stood where the clock expected one; elsewhere it counts own steps.
   */
  private clockAt(core: Float64Array, timeMs: number | null, least: number): number {
    if (timeMs === null) return least
    const { anchor } = this
    const median = this.medianStep(core)
    const isFirst = core[this.lastTime] === ABSENT
    let clock = least
    if (!isFirst && median > 0 && this.isRegular(core, median)) {
      const steps = (timeMs - core[anchor]!) / median
      const whole = Math.round(steps)
      if (whole < 1 || whole > SKIPPED_MAX) {
        // Where time itself has jumped, the count begins anew with the next regular step.
        const delta = timeMs - core[this.lastTime]!
        if (Math.abs(delta - median) > REGULAR_TOLERANCE * median) return least
      } else {
        if (Math.abs(steps - whole) > REGULAR_TOLERANCE * whole) return least
        clock = Math.max(least, core[anchor + 1]! + whole)
      }
    } else if (!isFirst && median > 0) {
      return least
    }
    core[anchor] = timeMs
    core[anchor + 1] = clock
    return clock
  }

  private isRegular(core: Float64Array, median: number): boolean {
    const count = Math.min(core[this.deltas]!, DELTA_COUNT)
    let near = 0
    for (let i = 0; i < count; i++) {
      const delta = core[this.deltas + 1 + i]!
      if (Math.abs(delta - median) <= REGULAR_TOLERANCE * median) near++
    }
    return 2 * near > count
  }

  /**
   * Own step `step`, one of those up to the longest horizon ago, as the clock counts: where rows of
   * a regular sequence are missing it goes on, so that phases of seasons stay right.
   */
  clockOf(core: Float64Array, step: number): number {
    return core[this.clocks + ringIndex(step, this.recent)]!
  }

  /**
   * Time from the step before to own step `t`, the newest, over the usual step: a logarithm, 0
   * where they are equal, held within ± 8, and 0 without event time.
   */
  lateness(core: Float64Array, t: number): number {
    if (t === 0) return 0
    const now = core[this.times + ringIndex(t, this.recent)]!
    const before = core[this.times + ringIndex(t - 1, this.recent)]!
    const usual = core[this.steps + ringIndex(t, this.recent)]!
    if (now === ABSENT || before === ABSENT || usual === 0 || now <= before) return 0
    return clip(log((now - before) / usual))
  }

  /** Median of the newest positive time steps in milliseconds; 0 before the first. */
  private medianStep(core: Float64Array): number {
    const count = Math.min(core[this.deltas]!, DELTA_COUNT)
    if (count === 0) return 0
    const { sorted } = this
    for (let i = 0; i < count; i++) {
      const delta = core[this.deltas + 1 + i]!
      let j = i
      for (; j > 0 && sorted[j - 1]! > delta; j--) sorted[j] = sorted[j - 1]!
      sorted[j] = delta
    }
    return sorted[(count - 1) >> 1]!
  }

  /** What is kept of target d at own step `step` for domain `m`; ABSENT where there is none. */
  value(core: Float64Array, m: number, d: number, step: number): number {
    return step < 0 ? ABSENT : core[this.imagesOf(m, d) + this.placeOf(step)]!
  }

  /**
   * Where the ring of the images of target d in domain `m` begins, of the values in a domain whose
   * images are not kept; see `placeOf`.
   */
  imagesOf(m: number, d: number): number {
    return this.values + (this.rings[m]! * this.d.targets + d) * this.capacity
  }

  /** Place of own step `step` in such a ring; `back` takes steps back from there. */
  placeOf(step: number): number {
    return ringIndex(step, this.capacity)
  }

  /** The place `lag` steps, at most the longest lag, before `place`. */
  back(place: number, lag: number): number {
    return place >= lag ? place - lag : place - lag + this.capacity
  }

  /** Mean that the image of target d was standardised with at own step `step`. */
  mean(core: Float64Array, m: number, d: number, step: number): number {
    const q = m * this.d.targets + d
    return core[this.moments + (q * this.recent + ringIndex(step, this.recent)) * 2]!
  }

  scale(core: Float64Array, m: number, d: number, step: number): number {
    const q = m * this.d.targets + d
    return core[this.moments + (q * this.recent + ringIndex(step, this.recent)) * 2 + 1]!
  }

  /**
   * Where the networks' forecast made at own step `step` starts from: the newest value then, the
   * mean where that is out of reach, ABSENT before the first.
   */
  origin(core: Float64Array, d: number, step: number): number {
    if (this.newest(core, d) === ABSENT) return ABSENT
    for (let lag = 0; lag < this.reach; lag++) {
      const value = this.value(core, 0, d, step - lag)
      if (value !== ABSENT) return value
    }
    return this.mean(core, 0, d, step)
  }

  /**
   * How far the slot's target usually moves within its horizon, root mean square, as known at own
   * step `step`. About zero, not about the mean: a steady climb is a move.
   */
  changeScale(core: Float64Array, slot: number, step: number): number {
    return core[this.changeScales + slot * this.recent + ringIndex(step, this.recent)]!
  }

  /** The newest present value of target d; ABSENT before the first. */
  newest(core: Float64Array, d: number): number {
    return core[this.lastValue + 2 * d] === 1 ? core[this.lastValue + 2 * d + 1]! : ABSENT
  }

  /**
   * Whether domain `m` holds for target d of this sequence: none before the first value, and those
   * that know no negative values end with one.
   */
  holds(core: Float64Array, m: number, d: number): boolean {
    if (this.newest(core, d) === ABSENT) return false
    return this.domains[m]!.unbounded || core[this.negative + d] === 0
  }

  /** Usual milliseconds from step to step as known at own step `step`; 0 before the first. */
  usualStepMs(core: Float64Array, step: number): number {
    return core[this.steps + ringIndex(step, this.recent)]!
  }

  /** Event time k steps after own step `step`; ABSENT without event time or, for k > 0, a step. */
  timeAfter(core: Float64Array, step: number, k: number): number {
    const recent = ringIndex(step, this.recent)
    const time = core[this.times + recent]!
    if (time === ABSENT || k === 0) return time
    const delta = core[this.steps + recent]!
    return delta === 0 ? ABSENT : time + k * delta
  }
}
