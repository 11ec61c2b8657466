import type { Dimensions } from './dimensions.ts'
import { type Domain, linear, squareRoot } from './domain.ts'
import type { History } from './history.ts'
import { ABSENT, type Layout } from './layout.ts'
import { clip, Scaler } from './scaler.ts'

/** A forecast is held within this many usual residuals of its base. */
const REACH = 8

/**
 * What the lines together leave of each slot, in the units in which networks learn it: the
 * difference of square roots while no value was negative, else of values, over its usual size.
 */
export class Residuals {
  private readonly d: Dimensions
  private readonly history: History
  /** Index of the square-root domain in the histories, or −1. */
  private readonly root: number
  private readonly sizes: Scaler
  private readonly newest: number

  constructor(layout: Layout, d: Dimensions, history: History, domains: readonly Domain[]) {
    this.d = d
    this.history = history
    this.root = domains.indexOf(squareRoot)
    this.sizes = new Scaler(layout, 2 * d.slots)
    this.newest = layout.claim(d.targets)
  }

  /** What the newest value of target d left at the smallest horizon, standardised; 0 = unknown. */
  newestOf(core: Float64Array, d: number): number {
    return core[this.newest + d]!
  }

  /** The residual of `value` over `base`, standardised; 0 before one was known. */
  standardise(core: Float64Array, slot: number, base: number, value: number): number {
    const rooted = this.rooted(core, slot)
    const index = 2 * slot + (rooted ? 1 : 0)
    if (base === ABSENT || !this.sizes.seen(core, index)) return 0
    return clip(difference(rooted, base, value) / this.sizes.rootMeanSquare(core, index))
  }

  /** The forecast that a standardised residual makes of `base`. */
  inUnits(core: Float64Array, slot: number, base: number, z: number): number {
    const rooted = this.rooted(core, slot)
    const index = 2 * slot + (rooted ? 1 : 0)
    if (base === ABSENT || !this.sizes.seen(core, index)) return base
    const domain = rooted ? squareRoot : linear
    const size = this.sizes.rootMeanSquare(core, index)
    const from = domain.forward(rooted ? Math.max(0, base) : base)
    return domain.inverse(from + Math.max(-REACH, Math.min(z, REACH)) * size)
  }

  /** A step begins: of no target is known yet what it left. */
  begin(core: Float64Array): void {
    core.fill(0, this.newest, this.newest + this.d.targets)
  }

  /** Takes in what `value` left of `base`. */
  learn(core: Float64Array, slot: number, base: number, value: number): void {
    if (base === ABSENT) return
    const { targets } = this.d
    if (slot < targets) core[this.newest + slot] = this.standardise(core, slot, base, value)
    const rooted = this.rooted(core, slot)
    if (rooted && value < 0) return
    this.sizes.update(core, 2 * slot + (rooted ? 1 : 0), difference(rooted, base, value))
  }

  private rooted(core: Float64Array, slot: number): boolean {
    return this.root >= 0 && this.history.holds(core, this.root, slot % this.d.targets)
  }
}

function difference(rooted: boolean, base: number, value: number): number {
  if (!rooted) return value - base
  return Math.sqrt(Math.max(0, value)) - Math.sqrt(Math.max(0, base))
}
