import { type Dimensions, namesOfSlot } from './dimensions.ts'
import { LearningHealth, type LearningParts } from './learning-health.ts'
import type { Mixture } from './mixture.ts'
import type { Portfolio } from './portfolio.ts'

/** Weights of the mixed members in one slot, a mean over the sequences used last. */
export interface SlotWeights {
  readonly target: string
  readonly horizon: number
  readonly weights: readonly { readonly member: string; readonly weight: number }[]
}

/** The parts of a model that are looked at. */
interface ForecastParts extends LearningParts {
  readonly portfolio: Portfolio
  readonly mixture: Mixture
}

/** How the learning of forecasts fares: reads, and changes nothing of the state. */
export class ModelHealth extends LearningHealth<ForecastParts> {
  readonly dimensions: Dimensions
  private readonly one: Float64Array
  private readonly sum: Float64Array

  constructor(d: Dimensions, parts: ForecastParts) {
    super(parts)
    this.dimensions = d
    this.one = new Float64Array(parts.portfolio.mixed)
    this.sum = new Float64Array(parts.portfolio.mixed)
  }

  /** A row per slot; no weights where no sequence has a forecast. */
  slotWeights(): SlotWeights[] {
    const { dimensions } = this
    return Array.from({ length: dimensions.slots }, (_, slot) => ({
      ...namesOfSlot(dimensions, slot),
      weights: this.weightsOf(slot),
    }))
  }

  private weightsOf(slot: number): { member: string; weight: number }[] {
    const { mixture, portfolio } = this.parts
    const { one, sum } = this
    let count = 0
    sum.fill(0)
    this.eachRecent((sequence) => {
      if (!mixture.weightsOf(sequence.core, sequence.steps - 1, slot, one)) return
      count++
      for (let i = 0; i < sum.length; i++) sum[i]! += one[i]!
    })
    if (count === 0) return []
    const members = portfolio.names.slice(0, portfolio.mixed)
    return members.map((member, i) => ({ member, weight: sum[i]! / count }))
  }
}
