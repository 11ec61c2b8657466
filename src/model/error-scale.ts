import { exp, log } from '../kernels/transcendental.ts'
import type { Dimensions } from './dimensions.ts'
import { ABSENT, type Layout } from './layout.ts'
import { withinReach } from './scaler.ts'

/** What is known of the size of an error before it is made; see `fill`. */
const FEATURES = 7
/**
 * Where the weights of the features begin: about where they end on streams of very different kinds.
 * The ridge holds them there.
 */
const WEIGHTS: readonly number[] = [0.1, 0.35, 0.2, 0.2, 0.2, 1, 0.2]
/** Floats that `predict` leaves for `learn`: the features, then the unit and the scale. */
export const SCALE_ENTRY = FEATURES + 2
const UNIT = FEATURES
const SCALE = FEATURES + 1
/** Parts of the first season that have an error size of their own. */
const PHASES = 24
/** Weight of the newest error in the quick mean, in that of a phase, and of a value in the level */
const QUICK_RATE = 0.1
const PHASE_RATE = 0.15
const LEVEL_RATE_MIN = 2e-3
/** The same of a phase's ratio over all sequences, at least, and the largest ratio it takes. */
const POOL_RATE_MIN = 0.02
const POOL_RATIO_MAX = 10
/** What each error leaves of what was learnt before, whichever sequence it is of. */
const FORGETTING = 0.9998
const RIDGE = 60
/** An error counts as at most this many scales. */
const ERROR_MAX = 4
/** No scale is further from the usual error than by this power of e. */
const POWER_MAX = 3
/** Features are held within this power of e. */
const FEATURE_MAX = 3
/**
 * An error counts in the quick mean as at most so many of the usual or the quick one: one wild
 * error is no matter, a few of them in a row are the new usual, for which a share of the quick mean
 * stands until the slow one is there.
 */
const QUICK_REACH = 30
const QUICK_SHARE = 0.2
/** What is added to each ratio, so that next to nothing is no matter of magnitudes. */
const RATIO_MIN = 0.02
const RATIO_MAX = 50
/** Ratios whose product is a double's for certain. */
const PRODUCT_MAX = 100
/** Smallest scale, and smallest in terms of the target's size: doubles have 16 digits. */
const TINY = 1e-12
const PRECISION = 1e-9

/** What a forecast is told by when its error's size is asked for. */
export interface Expectation {
  /** Fading mean absolute error, and how many errors it is made of: at least one. */
  unit: number
  count: number
  mean: number
  /** What the members say lies at `core[members…]`. */
  members: number
  memberCount: number
  /** Own step of the target. */
  step: number
}

/** What became of a forecast; sizes are absolute. */
export interface Outcome {
  observed: number
  error: number
  /** The same as it is to be averaged. */
  size: number
  /** As in `Expectation`, but before this error, and `count` may be 0. */
  unit: number
  count: number
  /** Own step of the target. */
  step: number
}

/**
 * How large the error of a forecast will be: log scale = log unit + w · x, where x tells how large
 * errors were just now and at this time of the season, how far the members disagree and where the
 * forecast stands. The weights w are one slot's of all sequences: natural gradient of the Laplace
 * likelihood, with the forgetting and the ridge of a least-squares line.
 */
export class ErrorScale {
  /**
   * Per slot: w (F), the metric (F, F), then of each phase how many errors there were and the
   * fading mean of their sizes over their units.
   */
  readonly shared: Float64Array
  private readonly at: number
  /** Floats per slot: quick mean, level, phases. */
  private readonly size: number
  private readonly slots: number
  private readonly d: Dimensions
  /** Phases there is room for. */
  private readonly room: number
  private readonly sharedSize: number
  /** (F, F) and (F): what `solve` works on. */
  private readonly matrix = new Float64Array(FEATURES * FEATURES)
  private readonly direction = new Float64Array(FEATURES)

  constructor(layout: Layout, d: Dimensions) {
    this.slots = d.slots
    this.d = d
    this.room = Math.min(PHASES, d.seasonsMax[0] ?? 0)
    this.size = 2 + this.room
    this.at = layout.claim(this.size * d.slots)
    this.sharedSize = FEATURES * (1 + FEATURES) + 2 * this.room
    this.shared = new Float64Array(d.slots * this.sharedSize)
    for (let slot = 0; slot < d.slots; slot++) this.shared.set(WEIGHTS, slot * this.sharedSize)
  }

  begin(core: Float64Array): void {
    this.forgetPhases(core)
  }

  /** The season has become another: nothing is known of its phases yet, of this sequence. */
  forgetPhases(core: Float64Array): void {
    for (let slot = 0; slot < this.slots; slot++) {
      const phases = this.place(slot) + 2
      core.fill(ABSENT, phases, phases + this.room)
    }
  }

  /** The same of all sequences together. */
  forgetPooledPhases(): void {
    for (let slot = 0; slot < this.slots; slot++) {
      const at = this.pooled(slot, 0)
      this.shared.fill(0, at, at + 2 * this.room)
    }
  }

  private get season(): number {
    return this.d.seasons[0] ?? 0
  }

  /** Phases of the present season; 0 without one. */
  private get phases(): number {
    return Math.min(this.room, this.season)
  }

  /** Writes an entry to `core[at…]` and returns the scale of the forecast's error, > 0. */
  predict(core: Float64Array, slot: number, expected: Expectation, at: number): number {
    const floor = TINY + PRECISION * core[this.place(slot) + 1]!
    const unit = Math.max(expected.unit, QUICK_SHARE * core[this.place(slot)]!, floor)
    this.fill(core, slot, expected, unit, at)
    const scale = Math.max(floor, unit * exp(clampPower(this.power(core, slot, at))))
    core[at + UNIT] = unit
    core[at + SCALE] = scale
    return scale
  }

  private fill(
    core: Float64Array,
    slot: number,
    expected: Expectation,
    unit: number,
    at: number,
  ): void {
    const { mean } = expected
    const place = this.place(slot)
    const level = core[place + 1]!
    const turn = this.phase(expected.step)
    const phase = this.phases > 0 ? core[place + 2 + turn]! : ABSENT
    const pooled = this.phases > 0 ? this.shared[this.pooled(slot, turn) + 1]! : 0
    core[at] = 1
    core[at + 1] = logRatio(core[place]!, unit)
    core[at + 2] = phase === ABSENT ? 0 : logRatio(phase, unit)
    core[at + 3] = this.disagreement(core, expected, unit)
    core[at + 4] = level > 0 ? logRatio(Math.abs(mean), level) : 0
    core[at + 5] = 1 / (1 + expected.count / 4)
    core[at + 6] = pooled > 0 ? logRatio(pooled, 1) : 0
  }

  /** Log of the geometric mean of the members' distances; one alone has none to disagree with. */
  private disagreement(core: Float64Array, expected: Expectation, unit: number): number {
    const { mean, members, memberCount } = expected
    let sum = 0
    let product = 1
    let count = 0
    for (let i = members; i < members + memberCount; i++) {
      const value = core[i]!
      if (value === ABSENT) continue
      product *= Math.min(Math.abs(value - mean) / unit, RATIO_MAX) + RATIO_MIN
      if (++count % PRODUCT_MAX !== 0) continue
      sum += log(product)
      product = 1
    }
    return count < 2 ? 0 : (sum + log(product)) / count
  }

  /** What the sequence has for itself learns from an outcome. */
  arrive(core: Float64Array, slot: number, outcome: Outcome): void {
    const { observed, error, size, unit, count, step } = outcome
    const place = this.place(slot)
    const young = 1 / (count + 1)
    const quick = core[place]!
    const reached = count === 0 ? error : Math.min(error, QUICK_REACH * Math.max(unit, quick))
    core[place] = quick + Math.max(young, QUICK_RATE) * (reached - quick)
    const level = core[place + 1]!
    const value = withinReach(Math.abs(observed) - level, count + 1, level)
    core[place + 1] = level + Math.max(young, LEVEL_RATE_MIN) * value
    if (this.phases === 0) return
    const phase = place + 2 + this.phase(step)
    const before = core[phase] === ABSENT ? (count === 0 ? size : unit) : core[phase]!
    core[phase] = before + PHASE_RATE * (size - before)
  }

  /** What all sequences share learns from the error at own step `step`; its entry: `core[at…]`. */
  learn(core: Float64Array, slot: number, at: number, step: number, error: number): void {
    const { shared } = this
    const size = Math.abs(error)
    const weights = slot * this.sharedSize
    const metric = weights + FEATURES
    for (let i = 0; i < FEATURES; i++) {
      for (let j = 0; j < FEATURES; j++) {
        const place = metric + i * FEATURES + j
        shared[place] = FORGETTING * shared[place]! + core[at + i]! * core[at + j]!
      }
    }
    if (this.phases > 0) this.learnPhase(slot, step, size / core[at + UNIT]!)
    const slope = Math.min(size / core[at + SCALE]!, ERROR_MAX) - 1
    const power = this.power(core, slot, at)
    // Where the power is held already the weights would wander off for nothing.
    if ((power > POWER_MAX && slope > 0) || (power < -POWER_MAX && slope < 0)) return
    this.solve(metric, core, at)
    for (let i = 0; i < FEATURES; i++) shared[weights + i]! += slope * this.direction[i]!
  }

  private learnPhase(slot: number, step: number, ratio: number): void {
    const at = this.pooled(slot, this.phase(step))
    const count = this.shared[at]! + 1
    this.shared[at] = count
    const rate = Math.max(1 / count, POOL_RATE_MIN)
    this.shared[at + 1]! += rate * (Math.min(ratio, POOL_RATIO_MAX) - this.shared[at + 1]!)
  }

  /** direction = (metric + ridge)⁻¹ x, by L D Lᵀ. */
  private solve(metric: number, core: Float64Array, at: number): void {
    const { matrix, direction, shared } = this
    const F = FEATURES
    for (let i = 0; i < F * F; i++) matrix[i] = shared[metric + i]!
    for (let i = 0; i < F; i++) {
      matrix[i * F + i]! += RIDGE
      direction[i] = core[at + i]!
    }
    for (let i = 0; i < F; i++) {
      for (let j = i + 1; j < F; j++) {
        const factor = matrix[j * F + i]! / matrix[i * F + i]!
        for (let k = i; k < F; k++) matrix[j * F + k]! -= factor * matrix[i * F + k]!
        direction[j]! -= factor * direction[i]!
      }
    }
    for (let i = F - 1; i >= 0; i--) {
      for (let j = i + 1; j < F; j++) direction[i]! -= matrix[i * F + j]! * direction[j]!
      direction[i]! /= matrix[i * F + i]!
    }
  }

  private power(core: Float64Array, slot: number, at: number): number {
    const weights = slot * this.sharedSize
    let sum = 0
    for (let i = 0; i < FEATURES; i++) sum += this.shared[weights + i]! * core[at + i]!
    return sum
  }

  private phase(step: number): number {
    return this.phases === 0 ? 0 : Math.floor(((step % this.season) * this.phases) / this.season)
  }

  private pooled(slot: number, phase: number): number {
    return slot * this.sharedSize + FEATURES * (1 + FEATURES) + 2 * phase
  }

  private place(slot: number): number {
    return this.at + slot * this.size
  }
}

function clampPower(power: number): number {
  return Math.max(-POWER_MAX, Math.min(power, POWER_MAX))
}

function logRatio(size: number, unit: number): number {
  const power = log(Math.min(size / unit, RATIO_MAX) + RATIO_MIN)
  return Math.max(-FEATURE_MAX, Math.min(power, FEATURE_MAX))
}
