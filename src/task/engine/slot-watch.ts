import type { Scored } from '../../model/scored.ts'
import { FadingMean } from '../fading-mean.ts'

/** Weight of the newest value in the fading means (learning.md §1). */
const FADING = 1e-3

/** Fading means of one slot: what the mixture is compared with, and intervals. */
interface SlotMeans {
  readonly persistence: PairedErrors
  readonly seasonal: PairedErrors
  readonly coverage: readonly FadingMean[]
  readonly width: readonly FadingMean[]
}

/** |errors| of the mixture and of a naive forecast, over the rows that have both. */
class PairedErrors {
  readonly #mixture = new FadingMean(FADING)
  readonly #naive = new FadingMean(FADING)

  add(mixture: number, naive: number): void {
    if (!Number.isFinite(mixture + naive)) return
    this.#mixture.add(mixture)
    this.#naive.add(naive)
  }

  get skill(): number {
    return skillOf(this.#mixture.value, this.#naive.value)
  }
}

/**
 * What scored records tell of intervals and of the naive forecasts, slot by slot, since the engine
 * began. The model's own scoreboard, which survives a restart, has only members and mixture.
 */
export class SlotWatch {
  readonly #targets: number
  readonly #levels: number
  readonly #slots: readonly SlotMeans[]

  /** `slots` = horizons × `targets`. */
  constructor(slots: number, targets: number, levels: number) {
    this.#targets = targets
    this.#levels = levels
    const means = (count: number) => Array.from({ length: count }, () => new FadingMean(FADING))
    this.#slots = Array.from({ length: slots }, () => ({
      persistence: new PairedErrors(),
      seasonal: new PairedErrors(),
      coverage: means(levels),
      width: means(levels),
    }))
  }

  /** Takes in one record; allocates nothing. */
  add(scored: Scored): void {
    for (let slot = 0; slot < this.#slots.length; slot++) {
      if (scored.present[slot] === 0) continue
      const means = this.#slots[slot] as SlotMeans
      const observed = scored.observed[slot % this.#targets] as number
      const error = Math.abs((scored.mixture[slot] as number) - observed)
      means.persistence.add(error, Math.abs((scored.persistence[slot] as number) - observed))
      means.seasonal.add(error, Math.abs((scored.seasonal[slot] as number) - observed))
      this.#addIntervals(means, scored.bounds, slot, observed)
    }
  }

  /** Share of targets inside the interval of `level`, by its place in the configuration. */
  coverage(slot: number, level: number): number {
    return this.#slots[slot]?.coverage[level]?.value ?? Number.NaN
  }

  /** Mean width of the interval of `level`, in units of the target. */
  width(slot: number, level: number): number {
    return this.#slots[slot]?.width[level]?.value ?? Number.NaN
  }

  /** 1 − MAE of the mixture ÷ MAE of a naive forecast; NaN while that is not known or 0. */
  skill(slot: number, baseline: 'persistence' | 'seasonal'): number {
    return this.#slots[slot]?.[baseline].skill ?? Number.NaN
  }

  #addIntervals(means: SlotMeans, bounds: Float64Array, slot: number, observed: number): void {
    for (let level = 0; level < this.#levels; level++) {
      const at = 2 * (slot * this.#levels + level)
      const lower = bounds[at] as number
      const upper = bounds[at + 1] as number
      if (Number.isNaN(lower)) continue
      means.coverage[level]?.add(observed >= lower && observed <= upper ? 1 : 0)
      means.width[level]?.add(upper - lower)
    }
  }
}

/** 1 − error ÷ that of a baseline; NaN while the baseline's is not known or 0. */
export function skillOf(mae: number, baselineMae: number): number {
  return baselineMae > 0 ? 1 - mae / baselineMae : Number.NaN
}
