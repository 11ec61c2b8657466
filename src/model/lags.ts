import type { Dimensions } from './dimensions.ts'

/** Newest values every line sees. */
const RECENT_COUNT = 8
/** What a line of one sequence alone sees: fewer, as its state is that sequence's. */
const OWN_RECENT_COUNT = 6
/** How far a line looks to either side of the same phase of an earlier season. */
const LINE_REACH = 4
/** The same for the networks, which carry the recent past in their state. */
const NETWORK_REACH = 2
/** The same for lines that have less to learn from, or more beside it. */
const NEAR_REACH = 1

/**
 * Distance from now to the newest value that lies a whole number of seasons before the target k
 * steps ahead: 0 ≤ result < season; −1 without a season.
 */
export function seasonalLag(season: number, k: number): number {
  return season > 0 ? Math.ceil(k / season) * season - k : -1
}

/**
 * Lags of a line for horizon k, ascending and each once: recent ones and those around each season.
 */
export function lineLags(d: Dimensions, k: number): number[] {
  return around(d, k, RECENT_COUNT, LINE_REACH)
}

/** The same, closer around each season. */
export function nearLags(d: Dimensions, k: number): number[] {
  return around(d, k, RECENT_COUNT, NEAR_REACH)
}

/** Lags of a line that one sequence has for itself. */
export function ownLags(d: Dimensions, k: number): number[] {
  return around(d, k, OWN_RECENT_COUNT, NEAR_REACH)
}

function around(d: Dimensions, k: number, recent: number, reach: number): number[] {
  const lags: number[] = []
  for (let lag = 0; lag < recent; lag++) lags.push(lag)
  for (const season of present(d)) pushAround(lags, seasonalLag(season, k), reach)
  const longest = Math.max(0, ...d.seasons)
  if (longest > 0) lags.push(seasonalLag(longest, k) + longest)
  return distinct(lags)
}

/** Lags among the networks' inputs, for all horizons together; the newest value is there anyway. */
export function networkLags(d: Dimensions): number[] {
  const lags: number[] = []
  for (const k of d.horizons) {
    for (const season of present(d)) pushAround(lags, seasonalLag(season, k), NETWORK_REACH)
  }
  return distinct(lags).filter((lag) => lag > 0)
}

/** Places for these lags: all that seasons yet to be found may need. */
export function networkLagRoom(d: Dimensions): number {
  if (d.foundSeasons === null) return networkLags(d).length
  // Windows of neighbouring horizons lie at either end of a season that falls between them.
  return d.foundSeasons.length * d.horizons.length * (2 * NETWORK_REACH + 1)
}

/** The longest distance at which any part of the model looks back, with or without lines. */
export function maxLag(d: Dimensions, hasLines: boolean): number {
  if (d.foundSeasons !== null) {
    const longest = Math.max(...d.seasonsMax)
    return hasLines ? 2 * longest : longest + NETWORK_REACH
  }
  const seasonal = d.horizons.flatMap((k) => d.seasons.map((season) => seasonalLag(season, k)))
  const lines = hasLines ? d.horizons.flatMap((k) => lineLags(d, k)) : []
  return Math.max(RECENT_COUNT - 1, ...lines, ...networkLags(d), ...seasonal)
}

function present({ seasons }: Dimensions): number[] {
  return seasons.filter((season) => season > 0)
}

function pushAround(lags: number[], center: number, reach: number): void {
  for (let lag = center - reach; lag <= center + reach; lag++) {
    if (lag >= 0) lags.push(lag)
  }
}

function distinct(lags: number[]): number[] {
  return [...new Set(lags)].sort((a, b) => a - b)
}
