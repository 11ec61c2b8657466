import { exp, log } from '../kernels/transcendental.ts'
import { ABSENT, type Layout } from './layout.ts'

/** Every member keeps this share of the weight, so that one that becomes good is found again. */
const UNIFORM_SHARE = 1e-3

/** Combines the predictions of M members for one slot of one sequence by weights that sum to 1. */
export interface Aggregator {
  /**
   * Writes the weights (M) of slot `slot`. Members whose prediction is ABSENT get 0; all others
   * something, so the sum is 1 unless none is present.
   */
  weigh(
    core: Float64Array,
    slot: number,
    members: Float64Array,
    at: number,
    out: Float64Array,
  ): void
  /** Takes in `regrets` (M), the linearised regret of each member, 0 where it was absent. */
  learn(core: Float64Array, slot: number, regrets: Float64Array): void
}

/** Discounted sums of the members' regrets and of their squares, (slots, M, 2). */
class Regrets {
  readonly members: number
  private readonly at: number
  private readonly discount: number

  constructor(layout: Layout, slots: number, members: number, discount: number) {
    this.members = members
    this.discount = discount
    this.at = layout.claim(slots * members * 2)
  }

  /**
   * Place of a slot's first sum; the sum of member i is 2 × i behind it, of its squares one more.
   */
  of(slot: number): number {
    return this.at + slot * this.members * 2
  }

  /** Adds to the sums at `place`: `gain` to the first, the square of `regret` to the second. */
  add(core: Float64Array, place: number, gain: number, regret: number): void {
    core[place] = this.discount * core[place]! + gain
    core[place + 1] = this.discount * core[place + 1]! + regret * regret
  }
}

/**
 * ML-Poly: weights ∝ max(R, 0) / (1 + Σ r²), regrets discounted (Gaillard, Stoltz & van Erven
 * 2014). With regrets of the linearised loss it competes with the best convex combination of
 * members.
 */
export class MlPoly implements Aggregator {
  private readonly sums: Regrets

  constructor(layout: Layout, slots: number, members: number, discount: number) {
    this.sums = new Regrets(layout, slots, members, discount)
  }

  weigh(
    core: Float64Array,
    slot: number,
    members: Float64Array,
    at: number,
    out: Float64Array,
  ): void {
    const count = this.sums.members
    const base = this.sums.of(slot)
    let sum = 0
    for (let i = 0; i < count; i++) {
      const positive = Math.max(core[base + 2 * i]!, 0)
      out[i] = members[at + i] === ABSENT ? 0 : positive / (1 + core[base + 2 * i + 1]!)
      sum += out[i]!
    }
    mixWithUniform(members, at, out, count, sum)
  }

  learn(core: Float64Array, slot: number, regrets: Float64Array): void {
    const base = this.sums.of(slot)
    for (let i = 0; i < this.sums.members; i++) {
      this.sums.add(core, base + 2 * i, regrets[i]!, regrets[i]!)
    }
  }
}

/** Bernstein online aggregation with one learning rate per member (Wintenberger 2017). */
export class Boa implements Aggregator {
  private readonly sums: Regrets
  private readonly logMembers: number

  constructor(layout: Layout, slots: number, members: number, discount: number) {
    this.sums = new Regrets(layout, slots, members, discount)
    this.logMembers = log(Math.max(2, members))
  }

  weigh(
    core: Float64Array,
    slot: number,
    members: Float64Array,
    at: number,
    out: Float64Array,
  ): void {
    const count = this.sums.members
    const base = this.sums.of(slot)
    let best = -Infinity
    for (let i = 0; i < count; i++) {
      const rate = this.rate(core[base + 2 * i + 1]!)
      out[i] = rate
      if (members[at + i] !== ABSENT) best = Math.max(best, rate * core[base + 2 * i]!)
    }
    let sum = 0
    for (let i = 0; i < count; i++) {
      const rate = out[i]!
      const absent = members[at + i] === ABSENT
      out[i] = absent ? 0 : rate * exp(rate * core[base + 2 * i]! - best)
      sum += out[i]!
    }
    mixWithUniform(members, at, out, count, sum)
  }

  learn(core: Float64Array, slot: number, regrets: Float64Array): void {
    const base = this.sums.of(slot)
    for (let i = 0; i < this.sums.members; i++) {
      const regret = regrets[i]!
      const rate = this.rate(core[base + 2 * i + 1]!)
      this.sums.add(core, base + 2 * i, regret - rate * regret * regret, regret)
    }
  }

  private rate(squares: number): number {
    return Math.min(0.5, Math.sqrt(this.logMembers / (1 + squares)))
  }
}

/** Exponential weights on discounted losses: chooses among few candidates and is hard to fool. */
export class Hedge {
  private readonly at: number
  private readonly candidates: number
  private readonly discount: number
  private readonly rate: number

  constructor(layout: Layout, slots: number, candidates: number, discount: number, rate: number) {
    this.candidates = candidates
    this.discount = discount
    this.rate = rate
    this.at = layout.claim(slots * candidates)
  }

  weigh(
    core: Float64Array,
    slot: number,
    values: Float64Array,
    at: number,
    out: Float64Array,
  ): void {
    const base = this.at + slot * this.candidates
    let least = Infinity
    for (let i = 0; i < this.candidates; i++) {
      if (values[at + i] !== ABSENT) least = Math.min(least, core[base + i]!)
    }
    let sum = 0
    for (let i = 0; i < this.candidates; i++) {
      out[i] = values[at + i] === ABSENT ? 0 : exp(this.rate * (least - core[base + i]!))
      sum += out[i]!
    }
    for (let i = 0; i < this.candidates; i++) out[i] = sum > 0 ? out[i]! / sum : 0
  }

  /** Takes in the loss of each candidate, in units in which a typical loss is 1. */
  learn(core: Float64Array, slot: number, losses: Float64Array): void {
    const base = this.at + slot * this.candidates
    for (let i = 0; i < this.candidates; i++) {
      core[base + i] = this.discount * core[base + i]! + losses[i]!
    }
  }
}

function mixWithUniform(
  members: Float64Array,
  at: number,
  out: Float64Array,
  count: number,
  sum: number,
): void {
  let present = 0
  for (let i = 0; i < count; i++) if (members[at + i] !== ABSENT) present++
  if (present === 0) return
  const share = sum > 0 ? UNIFORM_SHARE : 1
  for (let i = 0; i < count; i++) {
    if (members[at + i] === ABSENT) continue
    const weight = sum > 0 ? out[i]! / sum : 0
    out[i] = (1 - share) * weight + share / present
  }
}

/** The weighted sum of the present members; ABSENT when none is. */
export function combine(
  weights: Float64Array,
  values: Float64Array,
  at: number,
  count: number,
): number {
  let sum = 0
  let any = false
  for (let i = 0; i < count; i++) {
    const value = values[at + i]!
    if (value === ABSENT) continue
    any = true
    sum += weights[i]! * value
  }
  return any ? sum : ABSENT
}
