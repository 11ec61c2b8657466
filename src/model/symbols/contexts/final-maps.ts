import { ProbabilityMap } from './apm.ts'
import { mixed } from './context-keys.ts'
import { squash } from './logistic.ts'
import { MAP_BITS, type Tables } from './tables.ts'

/** Weights of the mixture itself and of the maps of order 0, 1 and 2 in what is said at last. */
const WEIGHTS = [2 / 8, 1 / 8, 2 / 8, 3 / 8] as const

/** Final calibration: the mixture as it is and through maps chosen by the last symbols. */
export class FinalMaps {
  private readonly zero: ProbabilityMap
  private readonly one: ProbabilityMap
  private readonly two: ProbabilityMap

  constructor({ pages, mapsAt }: Tables) {
    this.zero = new ProbabilityMap(pages, mapsAt[0] ?? 0, MAP_BITS[0])
    this.one = new ProbabilityMap(pages, mapsAt[1] ?? 0, MAP_BITS[1])
    this.two = new ProbabilityMap(pages, mapsAt[2] ?? 0, MAP_BITS[2])
  }

  /** Probability of a one out of `shares`, for a logit (1) at a node behind two symbols. */
  shareOf(
    logit: Float64Array,
    node: number,
    last: number,
    beforeLast: number,
    shares: number,
  ): number {
    const one = mixed(node, last)
    this.zero.refine(logit, node)
    this.one.refine(logit, one)
    this.two.refine(logit, mixed(one, beforeLast))
    const p =
      WEIGHTS[0] * squash(logit[0]!) +
      WEIGHTS[1] * this.zero.refined[0]! +
      WEIGHTS[2] * this.one.refined[0]! +
      WEIGHTS[3] * this.two.refined[0]!
    return Math.min(shares - 1, Math.max(1, Math.round(p * shares)))
  }

  learn(bit: number): void {
    this.zero.learn(bit)
    this.one.learn(bit)
    this.two.learn(bit)
  }
}
