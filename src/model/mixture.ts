import { type Aggregator, Boa, combine, Hedge, MlPoly } from './aggregation.ts'
import type { Dimensions } from './dimensions.ts'
import type { Expectation, Outcome } from './error-scale.ts'
import { ABSENT, type Layout } from './layout.ts'
import { LIMITS_SIZE, MemberLimits } from './member-limits.ts'
import { ringIndex } from './ring.ts'
import { withinReach } from './scaler.ts'
import type { Scored } from './scored.ts'
import type { SharedArray } from './state.ts'
import { Uncertainty } from './uncertainty.ts'

/** Smallest weight of a new error in the fading mean error: a memory of 200 steps. */
const RATE_MIN = 5e-3
/** Regrets are held within this many usual errors: what was usual may have been next to nothing. */
const REGRET_MAX = 1e3
/**
 * Per slot: errors taken in; fading mean absolute error of the mixture, of the naive forecast and
 * of the members' median.
 */
const MOMENTS = 4
/** Where in an entry, behind mean and count, the members' limits stand. */
const LIMITS_AT = 2

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
  /** Weighs the naive forecasts and lines alone, the first `lines` members. */
  private readonly lined: MlPoly | null
  private readonly lines: number
  private readonly uncertainty: Uncertainty
  private readonly moments: number
  /** Where each slot's ring begins in the core, and its horizon: the ring's steps, (K × D). */
  private readonly rings: Int32Array
  private readonly ringSteps: Int32Array
  /** Floats from a step of a ring to the next. */
  private readonly stride: number
  /** Places in an entry behind the members and the candidates; see `predict`. */
  private readonly rest: number
  /** What `uncertainty` keeps of a forecast. */
  private readonly doubtAt: number
  private readonly expected: Expectation = {
    unit: 0,
    count: 0,
    mean: 0,
    members: 0,
    memberCount: 0,
    step: 0,
  }
  private readonly outcome: Outcome = { observed: 0, error: 0, size: 0, unit: 0, count: 0, step: 0 }
  private readonly weights: Float64Array
  private readonly choice: Float64Array
  private readonly regrets: Float64Array
  private readonly losses: Float64Array
  private readonly limits: MemberLimits
  private readonly held: Float64Array

  /**
   * `names`: M, of which the first `mixed` take part; the first `lines` of these are no networks.
   */
  constructor(layout: Layout, d: Dimensions, names: number, mixed: number, lines: number) {
    this.d = d
    this.names = names
    this.mixed = mixed
    this.aggregators =
      mixed > 1
        ? [
            new MlPoly(layout, d.slots, mixed, 0.995),
            new MlPoly(layout, d.slots, mixed, 0.98),
            new MlPoly(layout, d.slots, mixed, 0.999),
            new Boa(layout, d.slots, mixed, 0.995),
            new Boa(layout, d.slots, mixed, 0.999),
          ]
        : []
    this.lines = lines
    this.lined = lines > 0 ? new MlPoly(layout, d.slots, lines, 0.995) : null
    // The lines', the aggregators', the naive one. One member needs none to choose among, nor
    // limits to be held within.
    const candidates = mixed > 1 ? this.aggregators.length + 2 : 0
    this.hedge = mixed > 1 ? new Hedge(layout, d.slots, candidates, 0.99, 0.5) : null
    this.uncertainty = new Uncertainty(layout, d)
    this.moments = layout.claim(MOMENTS * d.slots)
    this.rest = names + candidates
    this.doubtAt = this.rest + LIMITS_AT + (mixed > 1 ? LIMITS_SIZE : 0)
    const entrySize = this.doubtAt + this.uncertainty.entrySize
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
    this.limits = new MemberLimits(mixed)
    this.held = this.limits.held
  }

  begin(core: Float64Array): void {
    this.uncertainty.begin(core)
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
      const mean = this.hedge === null ? members[from]! : this.mix(core, slot, entry)
      const rest = entry + this.rest
      core[rest] = mean
      core[rest + 1] = mean === ABSENT ? 0 : core[this.moments + MOMENTS * slot]!
      this.doubt(core, step, slot, entry, unit)
      means[slot] = mean
      this.readBounds(core, entry, bounds, slot)
    }
  }

  /**
   * Mixes the naive forecasts and lines of `slot` alone, the first of its members at `members[at…]`
   * of own step `step`: what networks learn the residual of. Kept; ABSENT without lines.
   */
  mixLines(
    core: Float64Array,
    step: number,
    slot: number,
    members: Float64Array,
    at: number,
  ): number {
    const { lined, lines, weights } = this
    if (lined === null) return ABSENT
    const entry = this.entry(step, slot)
    for (let i = 0; i < lines; i++) core[entry + i] = members[at + i]!
    for (let i = lines; i < this.mixed; i++) core[entry + i] = ABSENT
    this.limit(core, slot, entry)
    lined.weigh(core, slot, this.held, 0, weights)
    const base = combine(weights, this.held, 0, lines)
    core[entry + this.names] = base
    return base
  }

  /** What `mixLines` made at own step `step`, one of those whose targets may still come. */
  linesOf(core: Float64Array, step: number, slot: number): number {
    return this.lined === null ? ABSENT : core[this.entry(step, slot) + this.names]!
  }

  /** Says how far off the forecast of an entry may be. */
  private doubt(core: Float64Array, step: number, slot: number, entry: number, unit: number): void {
    const { expected } = this
    expected.count = core[entry + this.rest + 1]!
    if (expected.count === 0) {
      this.uncertainty.skip(core, entry + this.doubtAt)
      return
    }
    expected.unit = unit
    expected.mean = core[entry + this.rest]!
    expected.members = entry
    expected.memberCount = this.mixed
    expected.step = step + this.ringSteps[slot]!
    this.uncertainty.predict(core, slot, expected, entry + this.doubtAt)
  }

  /** Writes the candidates and the limits of an entry, and returns what the hedge makes of them. */
  private mix(core: Float64Array, slot: number, entry: number): number {
    const { aggregators, choice, weights, held } = this
    const candidates = entry + this.names
    this.limit(core, slot, entry)
    for (let a = 0; a < aggregators.length; a++) {
      aggregators[a]!.weigh(core, slot, held, 0, weights)
      core[candidates + 1 + a] = combine(weights, held, 0, this.mixed)
    }
    core[candidates + 1 + aggregators.length] = held[0]!
    this.hedge?.weigh(core, slot, core, candidates, choice)
    // Whatever is held within no room is the naive forecast, but for the rounding of a sum.
    if (this.unit(core, slot) === 0 && held[0] !== ABSENT) return held[0]!
    return combine(choice, core, candidates, choice.length)
  }

  /** Where in a core the forecasts of one step stand until their targets come, with one horizon. */
  get entries(): { readonly at: number; readonly size: number } {
    return { at: this.rings[0]!, size: this.stride }
  }

  /** Place of a slot's mean among these. */
  meanAt(slot: number): number {
    return this.rings[slot]! - this.rings[0]! + this.rest
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
    const size = 2 * this.d.levels.length
    const at = slot * size
    if (core[entry + this.rest + 1]! > 0) {
      this.uncertainty.readBounds(core, entry + this.doubtAt, out, at)
    } else out.fill(Number.NaN, at, at + size)
  }

  /**
   * The target of `slot` has arrived for the forecast made at own step `step`: fills `scored` and
   * lets aggregators, hedge and intervals learn. Returns the surprise of the observed value as
   * `Uncertainty.arrive` does.
   */
  arrive(core: Float64Array, step: number, slot: number, observed: number, scored: Scored): number {
    const { names } = this
    const entry = this.entry(step, slot)
    const rest = entry + this.rest
    const mean = core[rest]!
    scored.present[slot] = 1
    scored.mixture[slot] = mean
    this.uncertainty.readDensity(core, entry + this.doubtAt, slot, scored)
    const to = slot * names
    for (let i = 0; i < names; i++) {
      const value = core[entry + i]!
      scored.members[to + i] = value === ABSENT ? NaN : value
    }
    this.readBounds(core, entry, scored.bounds, slot)
    const unit = this.unit(core, slot)
    if (unit > 0 && this.hedge !== null) this.learn(core, slot, entry, observed, unit)
    const error = observed - mean
    const { outcome } = this
    outcome.observed = observed
    outcome.error = Math.abs(error)
    outcome.unit = unit
    outcome.count = core[this.moments + MOMENTS * slot]!
    outcome.size = withinReach(Math.abs(error), outcome.count + 1, unit)
    outcome.step = step + this.ringSteps[slot]!
    const surprise = this.uncertainty.arrive(core, slot, error, outcome, entry + this.doubtAt)
    this.takeSize(core, slot, outcome.size)
    if (this.hedge === null) return surprise
    this.fade(core, slot, 2, Math.abs(observed - core[entry]!))
    this.fade(core, slot, 3, Math.abs(observed - core[rest + LIMITS_AT + 2]!))
    return surprise
  }

  /**
   * What all sequences share learns from the targets that `arrive` was told of; to be called in the
   * order of the log, and before the next `predict` of the sequence.
   */
  learnShared(core: Float64Array, step: number, { present, observed }: Scored): void {
    const { targets } = this.d
    for (let slot = 0; slot < this.d.slots; slot++) {
      if (present[slot] === 0) continue
      const entry = this.entry(step - this.ringSteps[slot]!, slot)
      const error = observed[slot % targets]! - core[entry + this.rest]!
      this.uncertainty.learn(core, slot, step, error, entry + this.doubtAt)
    }
  }

  /** Who knows how large its errors are by season, of all sequences and of each one. */
  get bySeason(): Uncertainty {
    return this.uncertainty
  }

  /** What all sequences share. */
  sharedArrays(): SharedArray[] {
    return this.uncertainty.sharedArrays()
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
    this.hold(core, entry)
    for (let a = 0; a < aggregators.length; a++) {
      this.fillRegrets(core[candidates + 1 + a]!, observed, unit, this.mixed)
      aggregators[a]!.learn(core, slot, this.regrets)
    }
    if (this.lined !== null) {
      this.fillRegrets(core[candidates]!, observed, unit, this.lines)
      this.lined.learn(core, slot, this.regrets)
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
    this.hold(core, entry)
    hedge.weigh(core, slot, core, entry + this.names, choice)
    for (let a = 0; a < aggregators.length; a++) {
      aggregators[a]!.weigh(core, slot, held, 0, weights)
      for (let i = 0; i < this.mixed; i++) out[i]! += choice[1 + a]! * weights[i]!
    }
    if (this.lined !== null) {
      this.lined.weigh(core, slot, held, 0, weights)
      for (let i = 0; i < this.lines; i++) out[i]! += choice[0]! * weights[i]!
    }
    out[0]! += choice[1 + aggregators.length]!
    return true
  }

  /** What was published for `slot` at own step `step`. */
  published(core: Float64Array, step: number, slot: number): number {
    return core[this.entry(step, slot) + this.rest]!
  }

  /**
   * Limits the mixed members of an entry, around the naive forecast where it is no worse than their
   * median. While no error has told what is usual nobody knows whom to trust, and it stands alone.
   */
  private limit(core: Float64Array, slot: number, entry: number): void {
    const at = this.moments + MOMENTS * slot
    const trusted = core[at + 2]! <= core[at + 3]!
    const places = entry + this.rest + LIMITS_AT
    this.limits.write(core, entry, trusted, this.unit(core, slot), places)
    this.limits.hold(core, entry, places)
  }

  private hold(core: Float64Array, entry: number): void {
    this.limits.hold(core, entry, entry + this.rest + LIMITS_AT)
  }

  private fillRegrets(mixture: number, observed: number, unit: number, count: number): void {
    const slope = mixture > observed ? 1 : mixture < observed ? -1 : 0
    for (let i = 0; i < count; i++) {
      const value = this.held[i]!
      const regret = value === ABSENT ? 0 : (slope * (mixture - value)) / unit
      this.regrets[i] = Math.max(-REGRET_MAX, Math.min(regret, REGRET_MAX))
    }
  }

  private takeSize(core: Float64Array, slot: number, size: number): void {
    const at = this.moments + MOMENTS * slot
    const count = core[at]! + 1
    core[at] = count
    core[at + 1]! += Math.max(1 / count, RATE_MIN) * (size - core[at + 1]!)
  }

  /** Takes an error of the slot into its fading mean at `place`. */
  private fade(core: Float64Array, slot: number, place: number, error: number): void {
    const at = this.moments + MOMENTS * slot
    const count = core[at]!
    const size = Number.isFinite(error) ? withinReach(error, count, core[at + 1]!) : core[at + 1]!
    core[at + place]! += Math.max(1 / count, RATE_MIN) * (size - core[at + place]!)
  }

  /** Fading mean absolute error of the mixture: the unit of regrets, losses and errors' scales. */
  private unit(core: Float64Array, slot: number): number {
    return core[this.moments + MOMENTS * slot + 1]!
  }

  private entry(step: number, slot: number): number {
    return this.rings[slot]! + ringIndex(step, this.ringSteps[slot]!) * this.stride
  }
}
