import { ABSENT, type Layout } from '../layout.ts'
import { ringIndex } from '../ring.ts'
import { clip } from '../scaler.ts'
import type { Shape } from './shape.ts'

/** Newest labels that members see. */
export const RECENT = 8
/** Of so many of these also what was usual for them. */
export const RECENT_USUAL = 3
/** How far members look to either side of the label a season back. */
const REACH = 3
export const AROUND = 2 * REACH + 1
/** Seasons over which a label is looked for that has arrived. */
const MULTIPLES = 4
/** Steps that are kept beyond the longest season's multiples, at least. */
const KEPT_MIN = 64
/** Weights of the newest label in the two levels. */
const LEVEL_RATES: readonly number[] = [0.3, 0.05]
export const LEVELS = LEVEL_RATES.length
/**
 * Per target in a core: step of the newest label, the label that came last, labels, the step of the
 * one that came last; levels.
 */
const FRONT = 0
const LAST = 1
const COUNT = 2
const LAST_STEP = 3
const LEVELS_AT = 4
const HEAD = LEVELS_AT + LEVELS

/**
 * The labels of a sequence that have arrived, in whatever order, by the own step that they belong
 * to: they tell a prediction what they would tell a forecast, as far as they are there.
 */
export class LabelHistory {
  /** Floats of what `look` writes of each target. */
  readonly size: number
  private readonly targets: number
  private readonly seasons: readonly number[]
  private readonly capacity: number
  private readonly headAt: number
  /** (D, capacity, [label, what was usual for it]) */
  private readonly ringAt: number

  constructor(core: Layout, { targets, d }: Shape) {
    this.targets = targets
    this.seasons = d.seasons
    const longest = Math.max(0, ...d.seasons)
    // Of a short season several multiples are there, of the longest one and what is around it.
    this.capacity = Math.max(KEPT_MIN, longest + Math.min(longest, 2 * KEPT_MIN) + KEPT_MIN)
    this.headAt = core.claim(targets * HEAD)
    this.ringAt = core.claim(targets * this.capacity * 2)
    this.size = RECENT + RECENT_USUAL + d.seasons.length * (AROUND + 1) + LEVELS + 1
  }

  begin(core: Float64Array): void {
    for (let d = 0; d < this.targets; d++) {
      const head = this.headAt + d * HEAD
      core[head + FRONT] = -1
      core[head + LAST] = ABSENT
      core[head + LAST_STEP] = -1
    }
    core.fill(ABSENT, this.ringAt, this.ringAt + this.targets * this.capacity * 2)
  }

  /** Place of the label a whole number of the s-th seasons back in what `look` writes. */
  seasonAt(s: number): number {
    return RECENT + RECENT_USUAL + s * (AROUND + 1) + REACH
  }

  /** The label that came last; ABSENT before one. */
  last(core: Float64Array, d: number): number {
    return core[this.headAt + d * HEAD + LAST]!
  }

  /** A step begins: nothing is known of its labels. */
  beginStep(core: Float64Array, step: number): void {
    for (let d = 0; d < this.targets; d++) {
      const at = this.ringOf(step, d)
      core[at] = ABSENT
      core[at + 1] = ABSENT
    }
  }

  /**
   * Writes what is known before the label of own step `step` to `out[at…]`: the newest labels, what
   * was usual for the first of them, per season the labels around a whole number of seasons back
   * and what was usual for the middle one, the levels, the age of the newest label in steps.
   * Labels in units of the target, ABSENT where there is none.
   */
  look(core: Float64Array, step: number, d: number, out: Float64Array, at: number): void {
    const head = this.headAt + d * HEAD
    const front = core[head + FRONT]!
    let to = at
    for (let j = 0; j < RECENT; j++) out[to++] = this.labelOf(core, step, front - j, d)
    for (let j = 0; j < RECENT_USUAL; j++) out[to++] = this.usualOf(core, step, front - j, d)
    for (const season of this.seasons) {
      const middle = this.seasonBack(core, step, season, d)
      for (let o = -REACH; o <= REACH; o++) {
        out[to++] = middle < 0 ? ABSENT : this.labelOf(core, step, middle + o, d)
      }
      out[to++] = middle < 0 ? ABSENT : this.usualOf(core, step, middle, d)
    }
    for (let i = 0; i < LEVELS; i++) out[to++] = core[head + LEVELS_AT + i]!
    out[to] = front < 0 ? ABSENT : step - front
  }

  /**
   * The label of own step `step` has come, of a sequence that has taken `steps`; `usual` was usual
   * for it, ABSENT where nothing was, and `scale` is the target's.
   */
  arrive(
    core: Float64Array,
    steps: number,
    step: number,
    d: number,
    label: number,
    usual: number,
    scale: number,
  ): void {
    const head = this.headAt + d * HEAD
    core[head + FRONT] = Math.max(core[head + FRONT]!, step)
    core[head + LAST] = label
    core[head + LAST_STEP] = step
    core[head + COUNT]! += 1
    if (usual !== ABSENT) {
      const left = clip((label - usual) / scale)
      for (let i = 0; i < LEVELS; i++) {
        const level = head + LEVELS_AT + i
        core[level]! += LEVEL_RATES[i]! * (left - core[level]!)
      }
    }
    if (step <= steps - this.capacity) return
    const at = this.ringOf(step, d)
    core[at] = label
    core[at + 1] = usual
  }

  /** A label has been corrected, where it is still kept. */
  correct(core: Float64Array, steps: number, step: number, d: number, label: number): void {
    const head = this.headAt + d * HEAD
    if (core[head + LAST_STEP] === step) core[head + LAST] = label
    if (step > steps - this.capacity) core[this.ringOf(step, d)] = label
  }

  /** The newest own step a whole number of seasons before `step` whose label has come; or −1. */
  private seasonBack(core: Float64Array, step: number, season: number, d: number): number {
    for (let m = 1; m <= MULTIPLES; m++) {
      const past = step - m * season
      if (this.labelOf(core, step, past, d) !== ABSENT) return past
    }
    return -1
  }

  /** `step`: the step in hand, whose own label has not come. */
  private labelOf(core: Float64Array, step: number, past: number, d: number): number {
    if (past < 0 || past >= step || past <= step - this.capacity) return ABSENT
    return core[this.ringOf(past, d)]!
  }

  private usualOf(core: Float64Array, step: number, past: number, d: number): number {
    if (past < 0 || past >= step || past <= step - this.capacity) return ABSENT
    return core[this.ringOf(past, d) + 1]!
  }

  private ringOf(step: number, d: number): number {
    return this.ringAt + (d * this.capacity + ringIndex(step, this.capacity)) * 2
  }
}
