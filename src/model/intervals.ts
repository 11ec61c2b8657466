import { erf } from '../kernels/erf.ts'
import type { Layout } from './layout.ts'

/** Step of the quantile tracker, in units of the error scale. */
const STEP = 0.03
/**
 * Mean absolute value of a standard normal variable, √(2/π): the unit below is the mean |error|.
 */
const NORMAL_MEAN_ABSOLUTE = 0.7978845608028654

/**
 * Adaptive conformal intervals by quantile tracking (Angelopoulos, Candès & Tibshirani 2023): each
 * bound is moved by the pinball loss's subgradient whenever a target has arrived, so its long-run
 * coverage is right whatever the errors do. Bounds are kept as multiples of the fading mean
 * absolute error of the slot, start at a normal distribution's, and are tracked for either side
 * alone.
 */
export class IntervalTracker {
  private readonly at: number
  private readonly levels: readonly number[]
  private readonly slots: number
  private readonly initial: readonly number[]

  constructor(layout: Layout, slots: number, levels: readonly number[]) {
    this.levels = levels
    this.slots = slots
    this.initial = levels.map((level) => normalQuantile((1 + level) / 2) / NORMAL_MEAN_ABSOLUTE)
    this.at = layout.claim(slots * levels.length * 2)
  }

  /** A new sequence starts with a normal distribution's bounds. */
  begin(core: Float64Array): void {
    for (let slot = 0; slot < this.slots; slot++) {
      for (let l = 0; l < this.levels.length; l++) {
        core[this.place(slot, l)] = -this.initial[l]!
        core[this.place(slot, l) + 1] = this.initial[l]!
      }
    }
  }

  /** Writes lower and upper bound of each level, (L, 2), around `mean` to `out[at…]`. */
  write(
    core: Float64Array,
    slot: number,
    mean: number,
    unit: number,
    out: Float64Array,
    at: number,
  ): void {
    for (let l = 0; l < this.levels.length; l++) {
      const place = this.place(slot, l)
      const lower = mean + unit * core[place]!
      const upper = mean + unit * core[place + 1]!
      out[at + 2 * l] = Math.min(lower, upper)
      out[at + 2 * l + 1] = Math.max(lower, upper)
    }
  }

  /**
   * Learns from the error `(observed − mean) / unit`, with mean and unit as they were predicted.
   */
  learn(core: Float64Array, slot: number, error: number): void {
    for (let l = 0; l < this.levels.length; l++) {
      const tail = (1 - this.levels[l]!) / 2
      const place = this.place(slot, l)
      core[place]! -= STEP * ((error < core[place]! ? 1 : 0) - tail)
      core[place + 1]! += STEP * ((error > core[place + 1]! ? 1 : 0) - tail)
    }
  }

  private place(slot: number, level: number): number {
    return this.at + (slot * this.levels.length + level) * 2
  }
}

/** The p-quantile of the standard normal distribution for 0.5 ≤ p < 1, by bisection. */
function normalQuantile(p: number): number {
  let low = 0
  let high = 9
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (0.5 * (1 + erf(middle * Math.sqrt(0.5))) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}
