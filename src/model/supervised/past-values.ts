import { log1p } from '../../kernels/transcendental.ts'
import { ABSENT, type Layout } from '../layout.ts'
import { standard } from '../scaler.ts'
import type { Case } from './case.ts'
import { AROUND, LabelHistory, LEVELS, RECENT, RECENT_USUAL } from './label-history.ts'
import type { Moments } from './moments.ts'
import type { Shape } from './shape.ts'
import { Usual } from './usual.ts'

/** Of the newest labels, and around each season's, networks see so many. */
const NETWORK_RECENT = 4
const NETWORK_AROUND = 3
/** An age counts as 1 at this many steps. */
const AGE_UNIT = 1 / 7

/**
 * What is known of a target's labels before a prediction, as a case keeps it: mean and scale in
 * each domain, newest labels, labels seasons back, what is usual and which of that is best, and how
 * large the sequence is beside others. Values in units of the target, ABSENT where there is none.
 */
export class PastValues {
  /** Float64s of all targets, and of one. */
  readonly size: number
  readonly each: number
  /** Places of a target's parts. */
  readonly historyAt: number
  readonly seasonsAt: number
  readonly levelsAt: number
  readonly usualAt: number
  readonly bestAt: number
  private readonly unitAt: number
  /** Places among the inputs of a network. */
  readonly inputs: number
  readonly history: LabelHistory
  readonly usual: Usual
  readonly seasons: number
  private readonly targets: number
  private readonly moments: Moments
  private readonly pair = { mean: 0, scale: 1 }

  constructor(core: Layout, shape: Shape, moments: Moments, domains: number) {
    this.moments = moments
    this.targets = shape.targets
    this.history = new LabelHistory(core, shape)
    this.usual = new Usual(core, shape)
    this.seasons = shape.d.seasons.length
    this.historyAt = 2 * domains
    this.seasonsAt = this.historyAt + RECENT + RECENT_USUAL
    this.levelsAt = this.seasonsAt + this.seasons * (AROUND + 1)
    this.usualAt = this.historyAt + this.history.size
    this.bestAt = this.usualAt + this.usual.size
    this.unitAt = this.bestAt + 1
    this.each = this.unitAt + 1
    this.size = shape.targets * this.each
    const around = this.seasons * NETWORK_AROUND
    const own = NETWORK_RECENT + RECENT_USUAL + around + this.usual.size + 1 + LEVELS + 1
    this.inputs = shape.targets * own
  }

  begin(core: Float64Array): void {
    this.history.begin(core)
    this.usual.begin(core)
  }

  /** Fills the past of a case that has begun, of a sequence whose step it is. */
  look(core: Float64Array, now: Case): void {
    const { moments, history, usual, pair } = this
    const { float64, layout } = now
    moments.look(core)
    history.beginStep(core, now.step)
    for (let d = 0; d < this.targets; d++) {
      const at = this.of(now, d)
      for (let i = 0; i < this.historyAt; i++)
        float64[at + i] = moments.now[d * this.historyAt + i]!
      this.fillPair(now, d)
      history.look(core, now.step, d, float64, at + this.historyAt)
      const to = at + this.usualAt
      usual.look(core, now.step, d, pair, float64, layout.fieldsAt, float64, to)
      const best = usual.best(d, float64, to)
      float64[at + this.bestAt] = best < 0 ? ABSENT : float64[to + best]!
      float64[at + this.unitAt] = moments.unit(d)
    }
  }

  /** Learns the label of a case; `core` is null where its sequence is gone. */
  learn(core: Float64Array | null, steps: number, past: Case, d: number, value: number): void {
    const { history, usual, moments, pair } = this
    const { float64, layout } = past
    const at = this.of(past, d)
    this.fillPair(past, d)
    if (core !== null) {
      history.arrive(core, steps, past.step, d, value, float64[at + this.bestAt]!, pair.scale)
    }
    const said = at + this.usualAt
    usual.learn(core, past.step, d, value, pair, float64, layout.fieldsAt, float64, said)
    moments.learn(core, d, value)
  }

  /** Place of target d's past in a case. */
  of(from: Case, d: number): number {
    return from.layout.pastAt + d * this.each
  }

  /** Mean and scale of target d in domain `m` as they were. */
  meanOf(from: Case, d: number, m: number): number {
    return from.float64[this.of(from, d) + 2 * m]!
  }

  /** Whether a mean was known in domain `m`. */
  isKnown(from: Case, d: number, m: number): boolean {
    return this.meanOf(from, d, m) !== ABSENT
  }

  scaleOf(from: Case, d: number, m: number): number {
    return from.float64[this.of(from, d) + 2 * m + 1]!
  }

  /** What values of target d are divided by where sequences share them. */
  unitOf(from: Case, d: number): number {
    return from.float64[this.of(from, d) + this.unitAt]!
  }

  /** The label a whole number of the s-th seasons back, the nearest that had come. */
  seasonalOf(from: Case, d: number, s: number): number {
    return from.float64[this.of(from, d) + this.historyAt + this.history.seasonAt(s)]!
  }

  /** Writes what networks see of it to `x[at…]`, in standardised units. */
  write(from: Case, x: Float32Array, at: number): void {
    const { float64 } = from
    let to = at
    for (let d = 0; d < this.targets; d++) {
      const past = this.of(from, d)
      const mean = float64[past]!
      const scale = float64[past + 1]!
      const recent = past + this.historyAt
      for (let j = 0; j < NETWORK_RECENT; j++) x[to++] = standard(float64[recent + j]!, mean, scale)
      for (let j = 0; j < RECENT_USUAL; j++) {
        const label = float64[recent + j]!
        const usual = float64[recent + RECENT + j]!
        const both = label !== ABSENT && usual !== ABSENT
        x[to++] = both ? standard(label, usual, scale) : 0
      }
      for (let s = 0; s < this.seasons; s++) {
        const middle = past + this.seasonsAt + s * (AROUND + 1) + (AROUND - NETWORK_AROUND) / 2
        for (let j = 0; j < NETWORK_AROUND; j++) {
          x[to++] = standard(float64[middle + j]!, mean, scale)
        }
      }
      for (let t = 0; t <= this.usual.size; t++) {
        x[to++] = standard(float64[past + this.usualAt + t]!, mean, scale)
      }
      for (let i = 0; i < LEVELS; i++) x[to++] = float64[past + this.levelsAt + i]!
      x[to++] = ageOf(float64[past + this.levelsAt + LEVELS]!)
    }
  }

  private fillPair(from: Case, d: number): void {
    this.pair.mean = this.meanOf(from, d, 0)
    this.pair.scale = this.scaleOf(from, d, 0)
  }
}

/** An age in steps as lines and networks take it: 0 for the step before, or for none. */
export function ageOf(steps: number): number {
  return steps === ABSENT ? 0 : AGE_UNIT * log1p(Math.max(0, steps - 1))
}
