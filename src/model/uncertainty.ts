import { Density, initialWeights, LEARNT } from './density.ts'
import type { Dimensions } from './dimensions.ts'
import { ErrorScale, type Expectation, type Outcome, SCALE_ENTRY } from './error-scale.ts'
import { IntervalTracker } from './intervals.ts'
import type { Layout } from './layout.ts'
import type { Scored } from './scored.ts'
import type { SharedArray } from './state.ts'
import { SurpriseRank } from './surprise.ts'

/** Places in an entry: what the scale keeps, the density's weights, what the intervals keep. */
const SCALE = SCALE_ENTRY - 1
const WEIGHTS = SCALE_ENTRY
const BOUNDS = WEIGHTS + LEARNT

/** Smallest weight of a new error in the density of a sequence, and in that of all of them. */
const RATE = 0.01
const POOL_RATE_MIN = 2e-3
/** Errors that the initial density counts as. */
const PRIOR_COUNT = 20
/** No component dies for ever. */
const WEIGHT_MIN = 1e-5
/** Forecasts that were exact before an error counts as a surprise of a constant. */
const EXACT_COUNT = 10

/**
 * How far off a forecast may be: the scale of its error, the density of the error in units of that
 * scale, interval bounds, and the rank of what came. What a sequence has for itself learns when the
 * target arrives; what all sequences share learns in the order of the log, and a sequence starts
 * with it. An entry holds what was predicted until its target arrives.
 */
export class Uncertainty {
  /** Floats of an entry. */
  readonly entrySize: number
  private readonly d: Dimensions
  private readonly scale: ErrorScale
  private readonly intervals: IntervalTracker
  private readonly ranks: SurpriseRank
  private readonly density = new Density()
  /** Per slot: whether it has begun, then the density's weights. */
  private readonly at: number
  /** Per slot: errors seen, then the density's weights of all sequences together. */
  private readonly shared: Float64Array

  constructor(layout: Layout, d: Dimensions) {
    this.d = d
    this.scale = new ErrorScale(layout, d)
    this.intervals = new IntervalTracker(layout, d.slots, d.levels)
    this.entrySize = BOUNDS + this.intervals.entrySize
    this.ranks = new SurpriseRank(layout, d.targets)
    this.at = layout.claim(d.slots * (1 + LEARNT))
    const slot = [PRIOR_COUNT, ...initialWeights()]
    const shared = { length: d.slots * slot.length }
    this.shared = Float64Array.from(shared, (_, i) => slot[i % slot.length]!)
  }

  /** A new sequence. */
  begin(core: Float64Array): void {
    this.scale.begin(core)
  }

  /**
   * Writes what is expected of a forecast into its entry at `core[entry…]`. A stream that was
   * predicted exactly so far has a scale of 0 and bounds at the mean.
   */
  predict(core: Float64Array, slot: number, expected: Expectation, entry: number): void {
    const at = this.at + slot * (1 + LEARNT)
    if (core[at] === 0) this.join(core, slot, at)
    let scale = 0
    if (expected.unit > 0) scale = this.scale.predict(core, slot, expected, entry)
    else this.skip(core, entry)
    for (let j = 0; j < LEARNT; j++) core[entry + WEIGHTS + j] = core[at + 1 + j]!
    this.intervals.write(core, slot, expected.mean, scale, entry + BOUNDS)
  }

  /** Says that nothing is known of a forecast's error. */
  skip(core: Float64Array, entry: number): void {
    core[entry + SCALE] = 0
  }

  /** The slot's first error is known: what all sequences know is what it starts with. */
  private join(core: Float64Array, slot: number, at: number): void {
    core[at] = 1
    const shared = slot * (1 + LEARNT)
    for (let j = 1; j <= LEARNT; j++) core[at + j] = this.shared[shared + j]!
    this.intervals.begin(core, slot)
    if (slot < this.d.targets) this.ranks.begin(core, slot)
  }

  /** Copies the bounds (L, 2) of an entry to `out[at…]`. */
  readBounds(core: Float64Array, entry: number, out: Float64Array, at: number): void {
    const size = 2 * this.d.levels.length
    for (let i = 0; i < size; i++) out[at + i] = core[entry + BOUNDS + i]!
  }

  /** Fills the slot's scale, and its density's weights, in `scored`; NaN where there is none. */
  readDensity(core: Float64Array, entry: number, slot: number, scored: Scored): void {
    const scale = core[entry + SCALE]!
    scored.scale[slot] = scale > 0 ? scale : NaN
    for (let j = 0; j < LEARNT; j++) {
      scored.density[slot * LEARNT + j] = scale > 0 ? core[entry + WEIGHTS + j]! : NaN
    }
  }

  /**
   * The target of the entry's forecast has come with an `error`: what the sequence has for itself
   * learns, and the surprise of the observed value is returned, at the smallest horizon; NaN where
   * there was no density, and at the others.
   */
  arrive(core: Float64Array, slot: number, error: number, outcome: Outcome, entry: number): number {
    const scale = core[entry + SCALE]!
    const isFirst = slot < this.d.targets
    let surprise = NaN
    if (scale > 0) {
      const scaled = error / scale
      const { density } = this
      density.evaluate(scaled, core, entry + WEIGHTS)
      if (isFirst) surprise = this.ranks.rank(core, slot, density.beyond)
      const weights = this.at + slot * (1 + LEARNT) + 1
      density.evaluate(scaled, core, weights)
      density.learn(core, weights, RATE, WEIGHT_MIN)
      this.intervals.arrive(core, slot, scaled, outcome.observed, entry + BOUNDS)
    } else if (isFirst && outcome.unit === 0 && outcome.count >= EXACT_COUNT) {
      surprise = error === 0 ? 0 : 1
    }
    this.scale.arrive(core, slot, outcome)
    return surprise
  }

  /**
   * The same for what all sequences share, the target's own step being `step`; to be called in the
   * order of the log.
   */
  learn(core: Float64Array, slot: number, step: number, error: number, entry: number): void {
    const scale = core[entry + SCALE]!
    if (scale === 0) return
    const scaled = error / scale
    const { density, shared } = this
    this.scale.learn(core, slot, entry, step, error)
    this.intervals.learn(slot, scaled)
    if (slot < this.d.targets) {
      density.evaluate(scaled, core, entry + WEIGHTS)
      this.ranks.learn(slot, density.beyond)
    }
    const at = slot * (1 + LEARNT)
    shared[at]! += 1
    density.evaluate(scaled, shared, at + 1)
    density.learn(shared, at + 1, Math.max(1 / shared[at]!, POOL_RATE_MIN), WEIGHT_MIN)
  }

  /** The first season has become another. */
  seasonChanged(): void {
    this.scale.forgetPooledPhases()
  }

  /** The same for what one sequence has for itself. */
  seasonChangedFor(core: Float64Array): void {
    this.scale.forgetPhases(core)
  }

  sharedArrays(): SharedArray[] {
    return [
      { name: 'uncertainty/scale', array: this.scale.shared },
      { name: 'uncertainty/density', array: this.shared },
      { name: 'uncertainty/bounds', array: this.intervals.shared },
      { name: 'uncertainty/ranks', array: this.ranks.shared },
    ]
  }
}
