import { ABSENT } from './layout.ts'

/**
 * No member pulls a mixture further than this many usual errors from the centre: one wild record
 * comes back a season later, and a thousandth of a millionfold is a thousandfold.
 */
const PULL_MAX = 30

/** Places that `write` needs: how low and how high members may pull, and their median. */
export const LIMITS_SIZE = 3

/** Holds the members of an entry, the first places of it, near to what most of them say. */
export class MemberLimits {
  /** The members within their limits, as of the last `hold`; ABSENT where they are. */
  readonly held: Float64Array
  private readonly sorted: Float64Array

  constructor(members: number) {
    this.held = new Float64Array(members)
    this.sorted = new Float64Array(members)
  }

  /**
   * Writes the limits of the members at `core[entry…]` to `core[at…]`: around their median, or the
   * naive forecast, which is the first of them, where that is `trusted`. `unit`: a usual error.
   */
  write(core: Float64Array, entry: number, trusted: boolean, unit: number, at: number): void {
    const naive = core[entry]!
    const median = this.median(core, entry)
    const centre = trusted && naive !== ABSENT ? naive : median
    const free = centre === ABSENT
    core[at] = free ? -Infinity : centre - PULL_MAX * unit
    core[at + 1] = free ? Infinity : centre + PULL_MAX * unit
    core[at + 2] = median
  }

  /** Points `held` at the members of an entry, within its limits at `core[at…]`. */
  hold(core: Float64Array, entry: number, at: number): void {
    const { held } = this
    const low = core[at]!
    const high = core[at + 1]!
    for (let i = 0; i < held.length; i++) {
      const value = core[entry + i]!
      held[i] = value === ABSENT ? ABSENT : Math.max(low, Math.min(value, high))
    }
  }

  /** The lower median of the members that are present; ABSENT when none is. */
  private median(core: Float64Array, entry: number): number {
    const { sorted } = this
    let count = 0
    for (let i = 0; i < sorted.length; i++) {
      const value = core[entry + i]!
      if (value === ABSENT) continue
      let j = count++
      for (; j > 0 && sorted[j - 1]! > value; j--) sorted[j] = sorted[j - 1]!
      sorted[j] = value
    }
    return count === 0 ? ABSENT : sorted[(count - 1) >> 1]!
  }
}
