import type { Categories } from './categories.ts'
import { type Dimensions, seasonCount, seasonNames } from './dimensions.ts'
import type { History } from './history.ts'
import { ABSENT } from './layout.ts'
import type { LineFeatures, LineStep } from './line-features.ts'
import type { Profiles } from './profiles.ts'
import { ringIndex } from './ring.ts'

/** Contexts around the circle of phases, of which the two nearest share a step. */
const BINS = 8
/** Features that are multiplied: 1, the two newest values, what was usual, what will be. */
const CORE = 5

/** Places that a gate adds to a line's features. */
export const GATE_SIZE = BINS * CORE
/** Seasons that have a gate, the first ones. */
const SEASONS_MAX = 2

/**
 * Multiplies a few features by soft bins of a phase: of a season, or of the widest category of the
 * target. What the newest value tells about the next differs between night and rush hour.
 */
export class Gate {
  readonly name: string
  private readonly d: Dimensions
  private readonly season: number | null
  private readonly horizonIndex: number
  private readonly horizon: number
  private readonly categories: Categories
  private readonly profiles: Profiles
  private readonly history: History

  /** `season`: its index; null for the category. */
  constructor(
    d: Dimensions,
    season: number | null,
    horizon: number,
    parts: { categories: Categories; profiles: Profiles; history: History },
  ) {
    this.d = d
    this.name = season === null ? 'known' : seasonNames(d)[season]!
    this.season = season
    this.horizonIndex = horizon
    this.horizon = d.horizons[horizon]!
    this.categories = parts.categories
    this.profiles = parts.profiles
    this.history = parts.history
  }

  /** Writes the gated features behind a line's others; false where there is no phase. */
  fill(from: LineStep, features: LineFeatures, x: Float64Array, at: number): boolean {
    const phase = this.phase(from)
    x.fill(0, at, at + GATE_SIZE)
    if (phase === ABSENT) return false
    const scaled = phase * BINS
    const first = Math.floor(scaled)
    const share = scaled - first
    this.fillBin(features, x, at + (first % BINS) * CORE, 1 - share)
    this.fillBin(features, x, at + ((first + 1) % BINS) * CORE, share)
    return true
  }

  private phase({ core, step }: LineStep): number {
    if (this.season === null) return this.profiles.categoryPhase(core, step, this.horizonIndex)
    const season = this.d.seasons[this.season]!
    if (season === 0) return ABSENT
    return ringIndex(this.history.clockOf(core, step) + this.horizon, season) / season
  }

  private fillBin(features: LineFeatures, x: Float64Array, at: number, share: number): void {
    const { values } = features
    const usual = features.ofTable(this.season === null ? this.finest() : seasonCount(this.d) - 1)
    x[at] = share
    x[at + 1] = share * values[1]!
    x[at + 2] = share * values[2]!
    x[at + 3] = share * values[usual + 1]!
    x[at + 4] = share * values[usual]!
  }

  private finest(): number {
    return this.d.seasons.length + this.categories.finest
  }
}

/** Gates of a configuration: the first seasons; with known fields their category, one season. */
export function gateSeasons(d: Dimensions): (number | null)[] {
  const known = d.known > 0
  const count = Math.min(d.seasons.length, known ? 1 : SEASONS_MAX)
  const seasons = Array.from({ length: count }, (_, i) => i)
  return known ? [...seasons, null] : seasons
}
