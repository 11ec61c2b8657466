import { linear, squareRoot } from '../domain.ts'
import { ABSENT, type Layout } from '../layout.ts'
import { clip, Scaler } from '../scaler.ts'
import type { Moments } from './moments.ts'

/** A forecast is held within this many usual residuals of its base. */
const REACH = 8

/**
 * What the lines leave of a target, in the units in which networks learn it: the difference of
 * square roots while no label was negative, else of values, over its usual size. Values in units
 * of the sequence.
 */
export class LabelResiduals {
  private readonly sizes: Scaler
  private readonly moments: Moments

  constructor(pool: Layout, targets: number, moments: Moments) {
    this.sizes = new Scaler(pool, 2 * targets)
    this.moments = moments
  }

  /** The residual of `value` over `base`, standardised; 0 before one was known. */
  standardise(pool: Float64Array, d: number, base: number, value: number): number {
    const rooted = this.rooted(d)
    const index = 2 * d + (rooted ? 1 : 0)
    if (base === ABSENT || !this.sizes.seen(pool, index)) return 0
    return clip(difference(rooted, base, value) / this.sizes.rootMeanSquare(pool, index))
  }

  /** The prediction that a standardised residual makes of `base`. */
  inUnits(pool: Float64Array, d: number, base: number, z: number): number {
    const rooted = this.rooted(d)
    const index = 2 * d + (rooted ? 1 : 0)
    if (base === ABSENT || !this.sizes.seen(pool, index)) return base
    const domain = rooted ? squareRoot : linear
    const size = this.sizes.rootMeanSquare(pool, index)
    const from = domain.forward(rooted ? Math.max(0, base) : base)
    return domain.inverse(from + Math.max(-REACH, Math.min(z, REACH)) * size)
  }

  /** Takes in what `value` left of `base`. */
  learn(pool: Float64Array, d: number, base: number, value: number): void {
    if (base === ABSENT) return
    const rooted = this.rooted(d)
    if (rooted && value < 0) return
    this.sizes.update(pool, 2 * d + (rooted ? 1 : 0), difference(rooted, base, value))
  }

  private rooted(d: number): boolean {
    return this.moments.holds(d, 1)
  }
}

function difference(rooted: boolean, base: number, value: number): number {
  if (!rooted) return value - base
  return Math.sqrt(Math.max(0, value)) - Math.sqrt(Math.max(0, base))
}
