import { ABSENT, type Layout } from './layout.ts'

/** The exponential weight that the running moments settle at: a memory of about 1,000 steps. */
const RATE_MIN = 1e-3

/**
 * What lies further away than this many scales moves a running moment as if it stood there: one
 * wild record would blind a learner for thousands of steps, while what has really changed is caught
 * up with in a few dozen.
 */
const REACH = 30
/** Values that must have been seen before any of them counts as wild. */
const KNOWN_COUNT = 10

/** Smallest scale: what divides must not be 0, and units may be small. */
const TINY = 1e-12

/** Standardised values are clipped here, so that one wild record cannot throw a learner off. */
export const CLIP = 8

/**
 * Causal standardisation: running mean and variance of `count` quantities of one sequence, by
 * Welford's recursion while young, exponentially weighted later (learning.md §4 A).
 */
export class Scaler {
  private readonly at: number

  /** Per quantity: number of values, mean, variance. */
  constructor(layout: Layout, count: number) {
    this.at = layout.claim(3 * count)
  }

  update(core: Float64Array, index: number, value: number): void {
    const at = this.at + 3 * index
    const count = core[at]! + 1
    const rate = Math.max(1 / count, RATE_MIN)
    const mean = core[at + 1]!
    const delta = withinReach(value - mean, count, this.scale(core, index))
    core[at] = count
    core[at + 1] = mean + rate * delta
    core[at + 2] = (1 - rate) * (core[at + 2]! + rate * delta * delta)
  }

  /** Whether there has been a value. */
  seen(core: Float64Array, index: number): boolean {
    return core[this.at + 3 * index]! > 0
  }

  mean(core: Float64Array, index: number): number {
    return core[this.at + 3 * index + 1]!
  }

  /**
   * Standard deviation, never below a millionth of the mean's size. Of one value alone nothing is
   * known but its size: that stands for it, or whatever comes second would seem wild.
   */
  scale(core: Float64Array, index: number): number {
    const at = this.at + 3 * index
    const size = Math.abs(core[at + 1]!)
    const floor = core[at]! < 2 ? size : 1e-6 * size
    return Math.max(Math.sqrt(core[at + 2]!), TINY + floor)
  }

  /** Root mean square, never 0. */
  rootMeanSquare(core: Float64Array, index: number): number {
    const at = this.at + 3 * index
    const mean = core[at + 1]!
    return Math.max(Math.sqrt(core[at + 2]! + mean * mean), TINY)
  }
}

/** The `count`-th deviation as it is to move a running moment, where `scale` was usual so far. */
export function withinReach(deviation: number, count: number, scale: number): number {
  if (count <= KNOWN_COUNT || scale === 0) return deviation
  return Math.max(-REACH * scale, Math.min(deviation, REACH * scale))
}

export function clip(value: number): number {
  return Math.max(-CLIP, Math.min(value, CLIP))
}

/** `value` in standard deviations from the mean, clipped; 0 where there is none. */
export function standard(value: number, mean: number, scale: number): number {
  return value === ABSENT ? 0 : Math.max(-CLIP, Math.min((value - mean) / scale, CLIP))
}
