import { type Aggregator, Boa, combine, Hedge, MlPoly } from './aggregation.ts'
import type { Dimensions } from './dimensions.ts'
import { IntervalTracker } from './intervals.ts'
import { ABSENT, type Layout } from './layout.ts'
import { ringIndex } from './ring.ts'
import { withinReach } from './scaler.ts'
import type { Scored } from './scored.ts'

/** Smallest weight of a new error in the fading error moments: a memory of 200 steps. */
const RATE_MIN = 5e-3
/** Regrets are held within this many usual errors: what was usual may have been next to nothing. */
const REGRET_MAX = 1e3
/**
 * No member pulls the mixture further than this many usual errors from the members' median: one
 * wild record comes back a season later, and a thousandth of a millionfold is a thousandfold.
 */
const PULL_MAX = 30

/**
 * One forecast out of many, with intervals: aggregators weigh the members by regret, a hedge
 * chooses among the aggregators and the first member, which is the naive forecast (learning.md §4
 * D). Keeps what was predicted until its target arrives. Per slot of a sequence; A candidates.
 */
export class Mixture {
  private readonly d: Dimensions
  private readonly names: number
  private readonly mixed: number
  private readonly aggregators: readonly Aggregator[]
  private readonly hedge: Hedge | null
  private readonly intervals: IntervalTracker
  private readonly moments: number
  /** Where each slot's ring begins in the core, and its horizon: the ring's steps, (K × D). */
  private readonly rings: Int32Array
  private readonly ringSteps: Int32Array
  /** Floats from a step of a ring to the next. */
  private readonly stride: number
  /** Places in an entry behind the members and the candidates; see `predict`. */
  private readonly rest: number
  private readonly boundsAt: number
  private readonly weights: Float64Array
  private readonly choice: Float64Array
  private readonly regrets: Float64Array
  private readonly losses: Float64Array
  private readonly held: Float64Array
  private readonly sorted: Float64Array

  /** `names`: M, of which the first `mixed` take part. */
  constructor(layout: Layout, d: Dimensions, names: number, mixed: number) {
    this.d = d
    this.names = names
    this.mixed = mixed
    this.aggregators =
      mixed > 1
        ? [
            new MlPoly(layout, d.slots, mixed, 0.995),
            new MlPoly(layout, d.slots, mixed, 0.98),
            new Boa(layout, d.slots, mixed, 0.995),
          ]
        : []
    // One member needs none to choose among, nor limits to be held within.
    const candidates = mixed > 1 ? this.aggregators.length + 1 : 0
    this.hedge = mixed > 1 ? new Hedge(layout, d.slots, candidates, 0.99, 0.5) : null
    this.intervals = new IntervalTracker(layout, d.slots, d.levels)
    this.moments = layout.claim(3 * d.slots)
    this.rest = names + candidates
    this.boundsAt = this.rest + (mixed > 1 ? 6 : 4)
    const entrySize = this.boundsAt + 2 * d.levels.length
    this.stride = d.targets * entrySize
    this.rings = new Int32Array(d.slots)
    this.ringSteps = new Int32Array(d.slots)
    d.horizons.forEach((horizon, k) => {
      const at = layout.claim(horizon * this.stride)
      for (let i = 0; i < d.targets; i++) {
        this.rings[k * d.targets + i] = at + i * entrySize
        this.ringSteps[k * d.targets + i] = horizon
      }
    })
    this.weights = new Float64Array(mixed)
    this.choice = new Float64Array(candidates)
    this.regrets = new Float64Array(mixed)
    this.losses = new Float64Array(candidates)
    this.held = new Float64Array(mixed)
    this.sorted = new Float64Array(mixed)
  }

  begin(core: Float64Array): void {
    this.intervals.begin(core)
  }

  /**
   * Mixes the members' forecasts (K, D, M) of own step `step`, keeps them, and writes the means
   * (K, D) and the bounds (K, D, L, 2).
   */
  predict(
    core: Float64Array,
    step: number,
    members: Float64Array,
    means: Float64Array,
    bounds: Float64Array,
  ): void {
    const { names } = this
    for (let slot = 0; slot < this.d.slots; slot++) {
      const entry = this.entry(step, slot)
      const unit = this.unit(core, slot)
      const from = slot * names
      for (let i = 0; i < names; i++) core[entry + i] = members[from + i]!
      const mean = this.hedge === null ? members[from]! : this.mix(core, slot, entry, unit)
      const rest = entry + this.rest
      core[rest] = mean
      core[rest + 1] = unit
      core[rest + 2] = Math.sqrt(core[this.moments + 3 * slot + 2]!)
      core[rest + 3] = core[this.moments + 3 * slot]!
      this.intervals.write(core, slot, mean, unit, core, entry + this.boundsAt)
      means[slot] = mean
      this.readBounds(core, entry, bounds, slot)
    }
  }

  /** Writes the candidates and the limits of an entry, and returns what the hedge makes of them. */
  private mix(core: Float64Array, slot: number, entry: number, unit: number): number {
    const { aggregators, choice, weights, held } = this
    const candidates = entry + this.names
    this.limit(core, entry, unit, entry + this.rest + 4)
    this.hold(core, entry, entry + this.rest + 4)
    for (let a = 0; a < aggregators.length; a++) {
      aggregators[a]!.weigh(core, slot, held, 0, weights)
      core[candidates + a] = combine(weights, held, 0, this.mixed)
    }
    core[candidates + aggregators.length] = held[0]!
    this.hedge?.weigh(core, slot, core, candidates, choice)
    return combine(choice, core, candidates, choice.length)
  }

  /** Writes the means (K, D) and bounds (K, D, L, 2) published at own step `step`. */
  recall(core: Float64Array, step: number, means: Float64Array, bounds: Float64Array): void {
    for (let slot = 0; slot < this.d.slots; slot++) {
      const entry = this.entry(step, slot)
      means[slot] = core[entry + this.rest]!
      this.readBounds(core, entry, bounds, slot)
    }
  }

  /** NaN before a first error has told how far off the slot's forecasts are. */
  private readBounds(core: Float64Array, entry: number, out: Float64Array, slot: number): void {
    const rest = entry + this.rest
    const known = core[rest + 3]! > 0 && core[rest] !== ABSENT
    const size = 2 * this.d.levels.length
    const from = entry + this.boundsAt
    for (let i = 0; i < size; i++) out[slot * size + i] = known ? core[from + i]! : Number.NaN
  }

  /**
   * The target of `slot` has arrived for the forecast made at own step `step`: fills `scored` and
   * lets aggregators, hedge and intervals learn.
   */
  arrive(core: Float64Array, step: number, slot: number, observed: number, scored: Scored): void {
    const { names } = this
    const entry = this.entry(step, slot)
    const rest = entry + this.rest
    const mean = core[rest]!
    scored.present[slot] = 1
    scored.mixture[slot] = mean
    scored.scale[slot] = core[rest + 2]! > 0 ? core[rest + 2]! : NaN
    const to = slot * names
    for (let i = 0; i < names; i++) {
      const value = core[entry + i]!
      scored.members[to + i] = value === ABSENT ? NaN : value
    }
    this.readBounds(core, entry, scored.bounds, slot)
    const unit = this.unit(core, slot)
    if (unit > 0 && this.hedge !== null) this.learn(core, slot, entry, observed, unit)
    const then = core[rest + 1]!
    if (then > 0) this.intervals.learn(core, slot, (observed - mean) / then)
    this.takeError(core, slot, observed - mean)
  }

  private learn(
    core: Float64Array,
    slot: number,
    entry: number,
    observed: number,
    unit: number,
  ): void {
    const { aggregators, losses } = this
    const candidates = entry + this.names
    this.hold(core, entry, entry + this.rest + 4)
    for (let a = 0; a < aggregators.length; a++) {
      this.fillRegrets(core[candidates + a]!, observed, unit)
      aggregators[a]!.learn(core, slot, this.regrets)
    }
    for (let c = 0; c < losses.length; c++) {
      const value = core[candidates + c]!
      losses[c] = value === ABSENT ? 1 : Math.min(Math.abs(value - observed) / unit, 4)
    }
    this.hedge?.learn(core, slot, losses)
  }

  /**
   * Writes the weight of each mixed member in what is published for `slot`, as it was weighed last
   * at own step `step`, to `out`; false, and nothing of use written, where no member was present.
   */
  weightsOf(core: Float64Array, step: number, slot: number, out: Float64Array): boolean {
    const entry = this.entry(step, slot)
    const { aggregators, choice, weights, held, hedge } = this
    out.fill(0)
    if (core[entry + this.rest] === ABSENT) return false
    if (hedge === null) {
      out[0] = 1
      return true
    }
    this.hold(core, entry, entry + this.rest + 4)
    hedge.weigh(core, slot, core, entry + this.names, choice)
    for (let a = 0; a < aggregators.length; a++) {
      aggregators[a]!.weigh(core, slot, held, 0, weights)
      for (let i = 0; i < this.mixed; i++) out[i]! += choice[a]! * weights[i]!
    }
    out[0]! += choice[aggregators.length]!
    return true
  }

  /** What was published for `slot` at own step `step`. */
  published(core: Float64Array, step: number, slot: number): number {
    return core[this.entry(step, slot) + this.rest]!
  }

  /** Fading root mean square error of a slot; 0 before the first. */
  rootMeanSquare(core: Float64Array, slot: number): number {
    return Math.sqrt(core[this.moments + 3 * slot + 2]!)
  }

  /**
   * Writes how low and how high the mixed members of an entry may pull to `core[at…]`. While no
   * error has told what is usual nobody knows whom to trust: the naive forecast stands alone.
   */
  private limit(core: Float64Array, entry: number, unit: number, at: number): void {
    const naive = core[entry]!
    const centre = unit === 0 && naive !== ABSENT ? naive : this.median(core, entry)
    const free = centre === ABSENT
    core[at] = free ? -Infinity : centre - PULL_MAX * unit
    core[at + 1] = free ? Infinity : centre + PULL_MAX * unit
  }

  /** The lower median of the mixed members that are present; ABSENT when none is. */
  private median(core: Float64Array, entry: number): number {
    const { sorted } = this
    let count = 0
    for (let i = 0; i < this.mixed; i++) {
      const value = core[entry + i]!
      if (value === ABSENT) continue
      let j = count++
      for (; j > 0 && sorted[j - 1]! > value; j--) sorted[j] = sorted[j - 1]!
      sorted[j] = value
    }
    return count === 0 ? ABSENT : sorted[(count - 1) >> 1]!
  }

  /** Points `held` at the mixed members of an entry, within its limits at `core[at…]`. */
  private hold(core: Float64Array, entry: number, at: number): void {
    const low = core[at]!
    const high = core[at + 1]!
    for (let i = 0; i < this.mixed; i++) {
      const value = core[entry + i]!
      this.held[i] = value === ABSENT ? ABSENT : Math.max(low, Math.min(value, high))
    }
  }

  private fillRegrets(mixture: number, observed: number, unit: number): void {
    const slope = mixture > observed ? 1 : mixture < observed ? -1 : 0
    for (let i = 0; i < this.mixed; i++) {
      const value = this.held[i]!
      const regret = value === ABSENT ? 0 : (slope * (mixture - value)) / unit
      this.regrets[i] = Math.max(-REGRET_MAX, Math.min(regret, REGRET_MAX))
    }
  }

  private takeError(core: Float64Array, slot: number, error: number): void {
    const at = this.moments + 3 * slot
    const count = core[at]! + 1
    const rate = Math.max(1 / count, RATE_MIN)
    const size = withinReach(Math.abs(error), count, core[at + 1]!)
    core[at] = count
    core[at + 1]! += rate * (size - core[at + 1]!)
    core[at + 2]! += rate * (size * size - core[at + 2]!)
  }

  /** Fading mean absolute error of the mixture: the unit of regrets, losses and intervals. */
  private unit(core: Float64Array, slot: number): number {
    return core[this.moments + 3 * slot + 1]!
  }

  private entry(step: number, slot: number): number {
    return this.rings[slot]! + ringIndex(step, this.ringSteps[slot]!) * this.stride
  }
}
