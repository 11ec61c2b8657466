import { type Dimensions, namesOfSlot } from './dimensions.ts'
import type { Scored } from './scored.ts'

/** Weight of the newest error in the fading mean (learning.md §1). */
const FADING = 1e-3
/** Sums kept per slot and member. */
const SUMS = 5

/** One line of the scoreboard that the model itself keeps, over all its records. */
export interface MemberScore {
  readonly target: string
  readonly horizon: number
  /** A member's name, or 'mixture'. */
  readonly member: string
  readonly count: number
  /** Cumulative mean absolute error, in units of the target. */
  readonly mae: number
  /** Σ|error| ÷ Σ|observed|; NaN while nothing but zeros was observed. */
  readonly wmape: number
  /** Fading mean absolute error, factor 0.999. */
  readonly fadingMae: number
  /** Fading Σ|error| ÷ Σ|observed|, factor 0.999; NaN while nothing but zeros was observed. */
  readonly fadingWmape: number
  /**
   * The mixture's fading mean absolute error over the rows that this member has: what its own is
   * to be compared with. Of naive forecasts and lines; NaN of the others.
   */
  readonly fadingMixtureMae: number
  /** Mean |observed| over what was scored; in units of the target. */
  readonly meanAbsolute: number
  /** The same, fading by 0.999. */
  readonly fadingMeanAbsolute: number
}

/**
 * Every member's prequential error on every record, for ever: part of the state. Per slot and
 * member (the mixture comes last): count, Σ|e|, Σ|y|, fading |e|, fading |y|. Behind them, per slot
 * and baseline: the mixture's fading |e| over the rows that the baseline has.
 */
export class Scores {
  readonly sums: Float64Array
  private readonly d: Dimensions
  private readonly members: readonly string[]
  /** The first so many members are naive forecasts and lines. */
  private readonly baselines: number
  private readonly pairsAt: number

  constructor(d: Dimensions, members: readonly string[]) {
    this.d = d
    this.members = members
    const learnt = members.findIndex((name) => name.startsWith('network'))
    this.baselines = learnt < 0 ? members.length : learnt
    this.pairsAt = d.slots * (members.length + 1) * SUMS
    this.sums = new Float64Array(this.pairsAt + d.slots * this.baselines)
  }

  add(scored: Scored): void {
    const count = this.members.length
    for (let slot = 0; slot < this.d.slots; slot++) {
      if (scored.present[slot] === 0) continue
      const observed = scored.observed[slot % this.d.targets]!
      const at = slot * (count + 1)
      const mixture = scored.mixture[slot]!
      for (let i = 0; i < count; i++) {
        const rate = this.addOne(at + i, scored.members[slot * count + i]!, observed)
        if (rate > 0 && i < this.baselines) {
          const pair = this.pairsAt + slot * this.baselines + i
          this.sums[pair]! += rate * (Math.abs(mixture - observed) - this.sums[pair]!)
        }
      }
      this.addOne(at + count, mixture, observed)
    }
  }

  /** What the new error weighs in the fading means; 0 where there is none. */
  private addOne(index: number, predicted: number, observed: number): number {
    const error = Math.abs(predicted - observed)
    if (!Number.isFinite(error)) return 0
    const at = SUMS * index
    const count = this.sums[at]! + 1
    this.sums[at] = count
    this.sums[at + 1]! += error
    this.sums[at + 2]! += Math.abs(observed)
    const rate = Math.max(1 / count, FADING)
    this.sums[at + 3]! += rate * (error - this.sums[at + 3]!)
    this.sums[at + 4]! += rate * (Math.abs(observed) - this.sums[at + 4]!)
    return rate
  }

  /** Everything that was scored so far, a row per target, horizon and member. */
  summary(): MemberScore[] {
    const rows: MemberScore[] = []
    const names = [...this.members, 'mixture']
    for (let slot = 0; slot < this.d.slots; slot++) {
      const slotNames = namesOfSlot(this.d, slot)
      const pairs = this.pairsAt + slot * this.baselines
      for (let i = 0; i < names.length; i++) {
        const at = SUMS * (slot * names.length + i)
        const count = this.sums[at]!
        rows.push({
          ...slotNames,
          member: names[i]!,
          count,
          mae: this.sums[at + 1]! / count,
          wmape: this.sums[at + 1]! / this.sums[at + 2]!,
          fadingMae: count === 0 ? NaN : this.sums[at + 3]!,
          fadingWmape: this.sums[at + 3]! / this.sums[at + 4]!,
          fadingMixtureMae: count > 0 && i < this.baselines ? this.sums[pairs + i]! : NaN,
          meanAbsolute: this.sums[at + 2]! / count,
          fadingMeanAbsolute: count === 0 ? NaN : this.sums[at + 4]!,
        })
      }
    }
    return rows
  }
}
