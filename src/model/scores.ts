import type { Dimensions } from './dimensions.ts'
import type { Scored } from './scored.ts'

/** Weight of the newest error in the fading mean (learning.md §1). */
const FADING = 1e-3

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
}

/**
 * Every member's prequential error on every record, for ever: part of the state. Per slot and
 * member (the mixture comes last): count, Σ|e|, Σ|y|, fading |e|.
 */
export class Scores {
  readonly sums: Float64Array
  private readonly d: Dimensions
  private readonly members: readonly string[]

  constructor(d: Dimensions, members: readonly string[]) {
    this.d = d
    this.members = members
    this.sums = new Float64Array(d.slots * (members.length + 1) * 4)
  }

  add(scored: Scored): void {
    const count = this.members.length
    for (let slot = 0; slot < this.d.slots; slot++) {
      if (scored.present[slot] === 0) continue
      const observed = scored.observed[slot % this.d.targets]!
      const at = slot * (count + 1)
      for (let i = 0; i < count; i++) {
        this.addOne(at + i, scored.members[slot * count + i]!, observed)
      }
      this.addOne(at + count, scored.mixture[slot]!, observed)
    }
  }

  private addOne(index: number, predicted: number, observed: number): void {
    const error = Math.abs(predicted - observed)
    if (!Number.isFinite(error)) return
    const at = 4 * index
    const count = this.sums[at]! + 1
    this.sums[at] = count
    this.sums[at + 1]! += error
    this.sums[at + 2]! += Math.abs(observed)
    this.sums[at + 3]! += Math.max(1 / count, FADING) * (error - this.sums[at + 3]!)
  }

  /** Everything that was scored so far, a row per target, horizon and member. */
  summary(): MemberScore[] {
    const { targets } = this.d
    const rows: MemberScore[] = []
    const names = [...this.members, 'mixture']
    for (let slot = 0; slot < this.d.slots; slot++) {
      const d = slot % targets
      for (let i = 0; i < names.length; i++) {
        const at = 4 * (slot * names.length + i)
        const count = this.sums[at]!
        rows.push({
          target: this.d.fields.targets[d]!,
          horizon: this.d.horizons[(slot - d) / targets]!,
          member: names[i]!,
          count,
          mae: this.sums[at + 1]! / count,
          wmape: this.sums[at + 1]! / this.sums[at + 2]!,
          fadingMae: count === 0 ? NaN : this.sums[at + 3]!,
        })
      }
    }
    return rows
  }
}
