import type { Delay } from '../record/label-delay.ts'
import { usageError } from './options.ts'

const unitsMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * `--label-delay 30m`, in seconds (s), minutes, hours or days of event time, or `100r`, in records.
 * @throws HeadraceError HEADRACE_USAGE
 */
export function labelDelayOption(text: string): Delay {
  const [, digits, unit] = text.match(/^(\d{1,9})([smhdr])$/) ?? []
  if (digits === undefined) {
    throw usageError(
      `--label-delay needs a time such as 45s, 30m, 24h or 7d, or records such as 100r, ` +
        `not '${text}'.`,
    )
  }
  if (unit === 'r') return { records: Number(digits) }
  return { ms: Number(digits) * unitsMs[unit as keyof typeof unitsMs] }
}
