import type { Scored } from '../model/scored.ts'
import type { Forecast } from '../record/types.ts'

/** Learnt weights of a density, of which a chart shows none. */
const NO_DENSITY = 0

/** A forecast of `slots` targets one step ahead, with `levels` intervals; nothing is known. */
export function emptyShownForecast(slots: number, levels: number): Forecast {
  const unknown = (count: number) => new Float64Array(count).fill(Number.NaN)
  return {
    sequence: '',
    timeMs: null,
    forMs: unknown(1),
    means: unknown(slots),
    bounds: unknown(2 * slots * levels),
    observed: unknown(slots),
    predicted: unknown(slots),
    surprise: unknown(slots),
    drifts: new Uint8Array(slots),
    records: 0,
    updates: 0,
  }
}

/** The scores of such a forecast and of its members. */
export function emptyShownScored(slots: number, levels: number, members: number): Scored {
  const unknown = (count: number) => new Float64Array(count).fill(Number.NaN)
  return {
    step: 0,
    present: new Uint8Array(slots),
    observed: unknown(slots),
    mixture: unknown(slots),
    members: unknown(slots * members),
    bounds: unknown(2 * slots * levels),
    scale: unknown(slots),
    density: unknown(NO_DENSITY),
    persistence: unknown(slots),
    seasonal: unknown(slots),
  }
}
