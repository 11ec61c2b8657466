import { type Dimensions, seasonNames } from './dimensions.ts'
import type { History } from './history.ts'
import { seasonalLag } from './lags.ts'
import { ABSENT } from './layout.ts'
import type { LineStep } from './line-features.ts'
import type { Profiles } from './profiles.ts'

/**
 * Forecasts that learn nothing: the newest value, the one a season before the target, and what is
 * usual at the target's phase of a season.
 */
export class NaiveForecasts {
  readonly names: readonly string[]
  private readonly d: Dimensions
  private readonly history: History
  private readonly profiles: Profiles
  /** Per horizon: distance to the value a season before the target; −1 = no such season. */
  private readonly seasonalLags: readonly Int32Array[]

  constructor(d: Dimensions, history: History, profiles: Profiles) {
    this.d = d
    this.history = history
    this.profiles = profiles
    const seasons = seasonNames(d)
    this.names = [
      'persistence',
      ...seasons.map((season) => `seasonal:${season}`),
      ...seasons.map((season) => `usual:${season}`),
    ]
    this.seasonalLags = d.horizons.map((k) => Int32Array.from(d.seasons, (s) => seasonalLag(s, k)))
  }

  /** Looks where the present seasons are. */
  arrange(): void {
    const { d } = this
    for (let k = 0; k < d.horizons.length; k++) {
      const lags = this.seasonalLags[k]!
      for (let s = 0; s < lags.length; s++) lags[s] = seasonalLag(d.seasons[s]!, d.horizons[k]!)
    }
  }

  /**
   * Writes the forecasts of horizon k and target d to `out[at…]`, in the order of `names`, and
   * returns the place behind them.
   */
  predict(
    { core, step, place }: LineStep,
    k: number,
    d: number,
    out: Float64Array,
    at: number,
  ): number {
    const { history, profiles } = this
    let i = at
    out[i++] = history.newest(core, d)
    const lags = this.seasonalLags[k]!
    const images = history.imagesOf(0, d)
    for (let s = 0; s < lags.length; s++) {
      const lag = lags[s]!
      out[i++] = lag < 0 ? ABSENT : core[images + history.back(place, lag)]!
    }
    const usual = profiles.aheadPlace(step, k) + d * profiles.tables
    for (let s = 0; s < lags.length; s++) out[i++] = core[usual + s]!
    return i
  }

  /** Reference forecasts of slot (k, d) at own step `step`: y(t − k) and the seasonal one. */
  references(core: Float64Array, step: number, k: number, d: number, out: Float64Array): void {
    const { history } = this
    const horizon = this.d.horizons[k]!
    out[0] = history.value(core, 0, d, step - horizon)
    const lags = this.seasonalLags[k]!
    const lag = lags[this.d.mainSeason] ?? -1
    out[1] = lag < 0 ? ABSENT : history.value(core, 0, d, step - lag - horizon)
  }
}
