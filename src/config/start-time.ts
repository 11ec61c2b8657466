import { parseEventTime } from '../record/time.ts'

/**
 * Where a new application begins: `input.from` as milliseconds since the epoch, null for `earliest`
 * and `latest`, undefined where it is none of these.
 */
export function startTimeMs(from: string): number | null | undefined {
  if (from === 'earliest' || from === 'latest') return null
  const timeMs = parseEventTime(from)
  return Number.isNaN(timeMs) ? undefined : timeMs
}
