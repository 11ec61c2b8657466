import { erf } from '../kernels/erf.ts'
import { exp } from '../kernels/transcendental.ts'
import type { Layout } from './layout.ts'

/** Steps of a bound's trackers: the slow are exact, the quick follow a drift. */
const STEPS: readonly number[] = [0.008, 0.05, 0.25]
const TRACKERS = STEPS.length
/** Step of what is added to their mean, so that what is published covers as often as it says. */
const CORRECTION = 0.015
/** Weight that a tracker's loss keeps with each error: a memory of 1,000. */
const DISCOUNT = 0.999
/** How sharply the trackers' losses tell them apart, in units of a bound's tail. */
const SHARPNESS = 0.2
/** Smallest step of what all sequences share. */
const POOL_STEP_MIN = 5e-3
/** Losses count errors as at most this many scales. */
const ERROR_MAX = 50
/** Trackers stay within ±; see `stretch`. */
const PLACE_MAX = 20
/** Mean absolute value of a standard normal variable, √(2/π); errors' scale is the mean |error|. */
const NORMAL_MEAN_ABSOLUTE = 0.7978845608028654
/** Floats per bound: trackers, their losses, the correction. */
const SIZE = 2 * TRACKERS + 1

/**
 * Adaptive conformal intervals (Gibbs & Candès 2021; Angelopoulos, Candès & Tibshirani 2023). Every
 * bound has trackers with several steps, moved by the pinball loss's subgradient whenever a target
 * has arrived, and weighed by their losses (Zaffran et al. 2022); what is published is their mean
 * and a correction that is moved by what was published itself, so that its long-run coverage is
 * right whatever the errors and the weights do. A new sequence starts where the others are.
 *
 * Bounds are counted outwards, the lower as the upper, in units of the error's scale.
 */
export class IntervalTracker {
  /** Per slot: errors seen, then one tracker a bound over all sequences, (L, 2). */
  readonly shared: Float64Array
  /** Floats that `write` leaves for `arrive`: the bounds (L, 2), then their trackers then. */
  readonly entrySize: number
  private readonly at: number
  private readonly levels: readonly number[]
  /** Places of the levels, the narrowest first. */
  private readonly ascending: Int32Array
  private readonly outwards: Float64Array

  constructor(layout: Layout, slots: number, levels: readonly number[]) {
    this.levels = levels
    this.ascending = Int32Array.from(
      levels.map((_, l) => l).sort((a, b) => levels[a]! - levels[b]! || a - b),
    )
    this.outwards = new Float64Array(2 * levels.length)
    this.entrySize = 2 * levels.length * (1 + TRACKERS)
    this.at = layout.claim(slots * levels.length * 2 * SIZE)
    const normal = levels.map((level) => normalQuantile((1 + level) / 2) / NORMAL_MEAN_ABSOLUTE)
    const slot = [0, ...normal.map(unstretch).flatMap((place) => [place, place])]
    this.shared = Float64Array.from(
      { length: slots * slot.length },
      (_, i) => slot[i % slot.length]!,
    )
  }

  /** A slot of a sequence has its first error: it starts with what all sequences know. */
  begin(core: Float64Array, slot: number): void {
    const bounds = 2 * this.levels.length
    for (let b = 0; b < bounds; b++) {
      const place = this.shared[slot * (1 + bounds) + 1 + b]!
      const at = this.place(slot, b)
      core.fill(0, at, at + SIZE)
      core.fill(place, at, at + TRACKERS)
    }
  }

  /**
   * Writes an entry to `core[at…]`: lower and upper bound of each level, (L, 2), around `mean`,
   * each interval within those of higher levels.
   */
  write(core: Float64Array, slot: number, mean: number, scale: number, at: number): void {
    const { outwards } = this
    let low = -Infinity
    let high = -Infinity
    for (let i = 0; i < this.ascending.length; i++) {
      const l = this.ascending[i]!
      for (let side = 0; side < 2; side++) outwards[2 * l + side] = this.bound(core, slot, l, side)
      low = Math.max(low, outwards[2 * l]!)
      high = Math.max(high, outwards[2 * l + 1]!)
      if (low + high < 0) {
        high = (high - low) / 2
        low = -high
      }
      core[at + 2 * l] = mean - scale * low
      core[at + 2 * l + 1] = mean + scale * high
    }
    const bounds = 2 * this.levels.length
    for (let b = 0; b < bounds; b++) {
      const from = this.place(slot, b)
      const to = at + bounds + b * TRACKERS
      for (let e = 0; e < TRACKERS; e++) core[to + e] = core[from + e]!
    }
  }

  private bound(core: Float64Array, slot: number, l: number, side: number): number {
    const at = this.place(slot, 2 * l + side)
    const sharpness = SHARPNESS / this.tail(l)
    let least = core[at + TRACKERS]!
    for (let e = 1; e < TRACKERS; e++) least = Math.min(least, core[at + TRACKERS + e]!)
    let sum = 0
    let weights = 0
    for (let e = 0; e < TRACKERS; e++) {
      const weight = exp(sharpness * (least - core[at + TRACKERS + e]!))
      sum += weight * core[at + e]!
      weights += weight
    }
    return stretch(sum / weights + core[at + 2 * TRACKERS]!)
  }

  /**
   * What the sequence has for itself learns from `observed`, whose error in units of its scale is
   * `error`; what was written for it lies at `core[entry…]`.
   */
  arrive(core: Float64Array, slot: number, error: number, observed: number, entry: number): void {
    const bounds = 2 * this.levels.length
    const held = Math.max(-ERROR_MAX, Math.min(error, ERROR_MAX))
    for (let b = 0; b < bounds; b++) {
      const bound = core[entry + b]!
      const isLower = b % 2 === 0
      const missed = (isLower ? observed < bound : observed > bound) ? 1 : 0
      const at = this.place(slot, b)
      const then = entry + bounds + b * TRACKERS
      this.move(core, at, then, this.tail(b >> 1), isLower ? -held : held)
      const correction = at + 2 * TRACKERS
      const step = CORRECTION * (missed - this.tail(b >> 1))
      core[correction] = within(core[correction]! + step)
    }
  }

  /** Moves the trackers of a bound, and adds what they lost as they were when they were written. */
  private move(core: Float64Array, at: number, then: number, tail: number, error: number): void {
    for (let e = 0; e < TRACKERS; e++) {
      const beyond = error - stretch(core[then + e]!)
      const loss = beyond > 0 ? (1 - tail) * beyond : -tail * beyond
      core[at + TRACKERS + e] = DISCOUNT * core[at + TRACKERS + e]! + loss
      const missed = error > stretch(core[at + e]!) ? 1 : 0
      core[at + e] = within(core[at + e]! + STEPS[e]! * (missed - tail))
    }
  }

  /** What all sequences share learns from an error in units of its scale. */
  learn(slot: number, error: number): void {
    const { shared } = this
    const bounds = 2 * this.levels.length
    const at = slot * (1 + bounds)
    shared[at]! += 1
    const step = Math.max(1 / (20 + shared[at]!), POOL_STEP_MIN)
    for (let b = 0; b < bounds; b++) {
      const outwards = b % 2 === 0 ? -error : error
      const place = shared[at + 1 + b]!
      const miss = outwards > stretch(place) ? 1 : 0
      shared[at + 1 + b] = within(place + step * (miss - this.tail(b >> 1)))
    }
  }

  private tail(level: number): number {
    return (1 - this.levels[level]!) / 2
  }

  private place(slot: number, bound: number): number {
    return this.at + (slot * this.levels.length * 2 + bound) * SIZE
  }
}

/**
 * Where a tracker's place lies on the axis of errors: steps of one size are small ones near zero
 * and long ones far out, where the quantiles of heavy tails are.
 */
function stretch(place: number): number {
  return place * (1 + 0.2 * place * place)
}

/** The inverse of `stretch` for 0 ≤ value, by bisection. */
function unstretch(value: number): number {
  return bisect(0, value, (place) => stretch(place) < value)
}

function within(place: number): number {
  return Math.max(-PLACE_MAX, Math.min(place, PLACE_MAX))
}

/** The p-quantile of the standard normal distribution for 0.5 ≤ p < 1. */
function normalQuantile(p: number): number {
  return bisect(0, 9, (x) => 0.5 * (1 + erf(x * Math.sqrt(0.5))) < p)
}

function bisect(from: number, until: number, isBelow: (x: number) => boolean): number {
  let low = from
  let high = until
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (isBelow(middle)) low = middle
    else high = middle
  }
  return (low + high) / 2
}
