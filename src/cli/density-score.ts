import { log } from '../kernels/transcendental.ts'
import { Density, LEARNT, meanDifference } from '../model/density.ts'
import type { Scored } from '../model/scored.ts'

/** How well the predictive density foresaw what came, one slot of one row at a time. */
export class DensityScore {
  /** Negative log density of the observed value, its unit the target's. */
  nll = 0
  /** Continuous ranked probability score in units of the target (Gneiting & Raftery 2007). */
  crps = 0
  readonly #density = new Density()

  /** Fills `nll` and `crps`; false where there was no density. `error`: observed − mean. */
  score(error: number, slot: number, { scale, density }: Scored): boolean {
    const unit = scale[slot] as number
    if (!(unit > 0)) return false
    const at = slot * LEARNT
    this.#density.evaluate(error / unit, density, at)
    this.nll = log(unit) - log(this.#density.density)
    this.crps = unit * (this.#density.distance - meanDifference(density, at) / 2)
    return true
  }
}
