import { quote } from '../../record/failure.ts'
import { parseEventTime } from '../../record/time.ts'
import { groupRows } from './groups.ts'
import { measureSteps } from './steps.ts'
import type { Column, Table } from './table.ts'
import { percent } from './words.ts'

/** Where the event time is. */
export interface TimeFinding {
  /** The field; null where the record's timestamp stands in, or nothing. */
  readonly field: string | null
  /** (rows) in milliseconds since the epoch, NaN where a row has none. */
  readonly times: Float64Array
  readonly hasTimes: boolean
  /** A sentence. */
  readonly why: string
  /** Fields that look like a time and cannot be used as one, with a sentence each. */
  readonly refused: ReadonlyMap<string, string>
}

interface Candidate {
  readonly column: Column
  readonly form: string
  readonly times: Float64Array
  /** Higher is better, entry by entry. */
  readonly rank: readonly number[]
}

/** `headrace replay` looks for these by itself. */
const plainName = /^(time|timestamp|date|datetime)$/i
const timeWord = /(^|[^a-z])(time|timestamp|date|datetime|ts|at|when|epoch)([^a-z]|ms$|$)/
const timeEnding = /[a-z](Time|Timestamp|Date|Ts|At)(Ms|_ms)?$/
const isTimeName = (name: string) => timeWord.test(name.toLowerCase()) || timeEnding.test(name)

/** Of a time's rows so many must have one that can be read: the others become dead letters. */
const usableShare = 0.9
const minEpochMs = 1e11
const maxEpochMs = 4.2e12
const enoughRows = 20

/** The field that is the event time, else the records' timestamps, else none. */
export function findTime(table: Table): TimeFinding {
  const refused = new Map<string, string>()
  const candidates: Candidate[] = []
  for (const column of table.columns) {
    const found = judge(column, table)
    if (typeof found === 'string') refused.set(column.name, found)
    else if (found !== null) candidates.push(found)
  }
  const [best] = candidates.sort((a, b) => compare(b.rank, a.rank))
  if (best !== undefined) {
    const { column, form, times } = best
    const others = candidates.slice(1, 4).map((other) => quote(other.column.name))
    const also = others.length === 0 ? '' : `; ${others.join(', ')} could be it too`
    const why = `Event time: ${form} in ${quote(column.name)}${also}.`
    return { field: column.name, times, hasTimes: true, why, refused }
  }
  const times = Float64Array.from(table.rows, ({ timestampMs }) =>
    timestampMs !== null && timestampMs >= 0 ? timestampMs : Number.NaN,
  )
  const hasTimes = times.some((time) => !Number.isNaN(time))
  const why = hasTimes
    ? 'Event time: no field is one, so the records’ own timestamps count.'
    : 'No event time: no field is ISO 8601 or epoch milliseconds. Calendar inputs are off.'
  return { field: null, times, hasTimes, why, refused }
}

/** A candidate, the sentence why it is none although it looks like one, or null. */
function judge(column: Column, table: Table): Candidate | string | null {
  const { name, kind, labels } = column
  const unit = wrongUnit(column)
  if (unit !== null) {
    return `${quote(name)} looks like epoch ${unit}: event time is ISO 8601 or epoch milliseconds.`
  }
  if (kind === 'number') {
    if (!looksLikeEpochMs(column, table)) return null
    return candidate(column, 'epoch milliseconds', column.numbers, table)
  }
  if (kind !== 'text') return null
  const isNamed = isTimeName(name)
  const times = Float64Array.from(labels, (label) =>
    label === null ? Number.NaN : textTime(label, isNamed),
  )
  const usable = times.reduce((sum, time) => sum + (Number.isNaN(time) ? 0 : 1), 0)
  if (usable >= usableShare * labels.length) return candidate(column, 'ISO 8601', times, table)
  if (usable > 0 && isNamed) {
    const share = percent(usable / labels.length)
    return `${quote(name)} is a time in ${share} of the rows only; the others would be lost.`
  }
  const sample = labels.find((label) => label !== null) ?? ''
  if (!isNamed && !/^\d{1,4}[/.]\d{1,2}[/.]\d{1,4}\b/.test(sample)) return null
  return /\d/.test(sample)
    ? `${quote(name)} looks like a time, such as ${quote(sample)}, but is not ISO 8601.`
    : null
}

/** Digits in quotes are epoch milliseconds where the field's name says so. */
function textTime(label: string, isNamed: boolean): number {
  const time = parseEventTime(label)
  if (!/^\s*[+-]?\d+\s*$/.test(label)) return time
  return isNamed && time >= minEpochMs && time <= maxEpochMs ? time : Number.NaN
}

function candidate(column: Column, form: string, times: Float64Array, table: Table): Candidate {
  const whole = groupRows(table, () => null)
  const { backward, standing, count } = measureSteps(times, whole)
  const moves = count === 0 || standing < 1 ? 1 : 0
  const name = plainName.test(column.name) ? 2 : isTimeName(column.name) ? 1 : 0
  // A date of birth parses as well: what is an event's time goes on from row to row.
  return { column, form, times, rank: [moves, backward < 0.2 ? 1 : 0, name] }
}

function looksLikeEpochMs({ name, numbers, missing, wrong }: Column, table: Table): boolean {
  const rows = numbers.length
  if (missing + wrong > (1 - usableShare) * rows) return false
  const isEpoch = numbers.every((n) => Number.isNaN(n) || (n >= minEpochMs && n <= maxEpochMs))
  if (!isEpoch) return false
  if (isTimeName(name)) return true
  const { backward, standing } = measureSteps(
    numbers,
    groupRows(table, () => null),
  )
  return rows >= enoughRows && backward === 0 && standing < 1
}

/** Of the years 2001 to 2100. Milliseconds are what they should be. */
const wrongUnits = { seconds: 1e9, microseconds: 1e15, nanoseconds: 1e18 }

/** The unit of a field that is named like a time and counts from the epoch in another one. */
function wrongUnit({ name, labels }: Column): string | null {
  const present = labels.filter((label) => label !== null)
  if (!isTimeName(name) || present.length === 0) return null
  const isWithin = (from: number) =>
    present.every((label) => Number(label) >= from && Number(label) <= 4.2 * from)
  const found = Object.entries(wrongUnits).find(([, from]) => isWithin(from))
  return found?.[0] ?? null
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value - (b[i] ?? 0)
  return 0
}
