import { cosTurns, sinTurns } from '../kernels/transcendental.ts'

const DAY_MS = 86_400_000
const WEEK_MS = 604_800_000

/** Number of calendar features: two harmonics of the day and one of the week, sine and cosine. */
export const CALENDAR_SIZE = 6

/** Writes the calendar features of an instant, UTC, to `out[at…]`; zeros where there is no time. */
export function writeCalendar(timeMs: number, out: Float64Array | Float32Array, at: number): void {
  if (!Number.isFinite(timeMs)) {
    for (let i = 0; i < CALENDAR_SIZE; i++) out[at + i] = 0
    return
  }
  const day = turnsOf(timeMs, DAY_MS)
  const week = turnsOf(timeMs, WEEK_MS)
  out[at] = sinTurns(day)
  out[at + 1] = cosTurns(day)
  out[at + 2] = sinTurns(2 * day)
  out[at + 3] = cosTurns(2 * day)
  out[at + 4] = sinTurns(week)
  out[at + 5] = cosTurns(week)
}

function turnsOf(timeMs: number, periodMs: number): number {
  const turns = timeMs / periodMs
  return turns - Math.floor(turns)
}
