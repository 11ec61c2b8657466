import { assert } from '../assert.ts'

/** Milliseconds of a day: no day of event time has a leap second. */
export const dayMs = 86_400_000
const minuteMs = 60_000

/** The largest distance from the epoch that has a time, in milliseconds: that of ECMAScript. */
export const maxTimeMs = 8.64e15

// Nothing that is a time is longer: keeps a hostile megabyte from being scanned.
const maxTextLength = 64

const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]

const twoDigits = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0'))

/**
 * Event time in whole milliseconds since the epoch, NaN where the text is none.
 *
 * ISO 8601 `YYYY-MM-DD`, alone (midnight) or with `T` or a space and `hh:mm`, `hh:mm:ss` or
 * `hh:mm:ss.fff…` (cut behind the millisecond); then `Z`, `±hh`, `±hhmm` or `±hh:mm`. Without a
 * zone it is UTC, never the machine's. Years beyond 9999 have a sign and six digits. `24:00` is the
 * next midnight. Second 60 is good only where a leap second can be, at 23:59:60 UTC, and is the
 * same instant as the midnight behind it, as in POSIX. A whole number is epoch milliseconds.
 */
export function parseEventTime(text: string): number {
  if (text.length > maxTextLength) return Number.NaN
  const trimmed = text.trim()
  const epochMs = parseInteger(trimmed)
  return Number.isNaN(epochMs) ? parseIso(trimmed) : inRange(epochMs)
}

/**
 * The same for ASCII bytes [from, to) of the commonest form, `YYYY-MM-DDThh:mm:ss` with `T` or a
 * space, up to three decimals and perhaps a `Z`; NaN for everything else, be it a time or not.
 */
export function parsePlainTime(bytes: Uint8Array, from: number, to: number): number {
  const end = bytes[to - 1] === 90 ? to - 1 : to
  const length = end - from
  if (length !== 19 && (length < 21 || length > 23)) return Number.NaN
  const separator = bytes[from + 10]
  const hasMarks =
    bytes[from + 4] === 45 &&
    bytes[from + 7] === 45 &&
    (separator === 84 || separator === 32) &&
    bytes[from + 13] === 58 &&
    bytes[from + 16] === 58 &&
    (length === 19 || bytes[from + 19] === 46)
  if (!hasMarks) return Number.NaN
  const year = plainDigits(bytes, from, 4)
  const month = plainDigits(bytes, from + 5, 2)
  const day = plainDigits(bytes, from + 8, 2)
  const hour = plainDigits(bytes, from + 11, 2)
  const minute = plainDigits(bytes, from + 14, 2)
  const second = plainDigits(bytes, from + 17, 2)
  const decimals = length === 19 ? 0 : length - 20
  const fraction = plainDigits(bytes, from + 20, decimals)
  const isTime =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysOfMonth(year, month) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59
  if (!isTime) return Number.NaN
  const unit = decimals === 1 ? 100 : decimals === 2 ? 10 : 1
  const seconds = (hour * 60 + minute) * 60 + second
  // What is not a digit has made its part NaN, and so all of it.
  return daysSinceEpoch(year, month, day) * dayMs + seconds * 1000 + fraction * unit
}

/** `2014-07-01T00:00:00.000Z` for whole milliseconds since the epoch, at most 8.64e15 from it. */
export function formatTime(ms: number): string {
  assert(Number.isInteger(ms) && Math.abs(ms) <= maxTimeMs, 'a time is whole and within 8.64e15 ms')
  const days = Math.floor(ms / dayMs)
  const rest = ms - days * dayMs
  const hour = Math.floor(rest / 3_600_000)
  const minute = Math.floor(rest / minuteMs) % 60
  const second = Math.floor(rest / 1000) % 60
  return `${formatDate(days)}T${twoDigits[hour]}:${twoDigits[minute]}:${twoDigits[second]}.${String(
    rest % 1000,
  ).padStart(3, '0')}Z`
}

/** NaN where the text is not a whole number with an optional sign. */
function parseInteger(text: string): number {
  const first = text.charCodeAt(0)
  const from = first === 43 || first === 45 ? 1 : 0
  if (from === text.length) return Number.NaN
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 48 || c > 57) return Number.NaN
  }
  return Number(text) + 0
}

function parseIso(text: string): number {
  const sign = text.charCodeAt(0)
  const isExpanded = sign === 43 || sign === 45
  const magnitude = isExpanded ? digits(text, 1, 6) : digits(text, 0, 4)
  // Year −0 is the one spelling that ISO 8601 forbids.
  if (magnitude < 0 || (sign === 45 && magnitude === 0)) return Number.NaN
  const year = sign === 45 ? -magnitude : magnitude
  const at = isExpanded ? 7 : 4
  if (text.charCodeAt(at) !== 45 || text.charCodeAt(at + 3) !== 45) return Number.NaN
  const month = digits(text, at + 1, 2)
  const day = digits(text, at + 4, 2)
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return Number.NaN
  const midnightMs = daysSinceEpoch(year, month, day) * dayMs
  return inRange(at + 6 === text.length ? midnightMs : parseClock(text, at + 6, midnightMs))
}

/** The time of day that begins at `at` with its separator, zone included, added to `midnightMs`. */
function parseClock(text: string, at: number, midnightMs: number): number {
  const separator = text.charCodeAt(at)
  if (separator !== 84 && separator !== 116 && separator !== 32) return Number.NaN
  const hour = digits(text, at + 1, 2)
  const minute = digits(text, at + 4, 2)
  if (text.charCodeAt(at + 3) !== 58 || minute < 0 || minute > 59) return Number.NaN
  let next = at + 6
  let second = 0
  let fractionMs = 0
  if (text.charCodeAt(next) === 58) {
    second = digits(text, next + 1, 2)
    if (second < 0 || second > 60) return Number.NaN
    next += 3
    const point = text.charCodeAt(next)
    if (point === 46 || point === 44) {
      const from = ++next
      for (let unit = 100; isDigit(text, next); next++, unit /= 10) {
        if (unit >= 1) fractionMs += unit * (text.charCodeAt(next) - 48)
      }
      if (next === from) return Number.NaN
    }
  }
  const isMidnight = hour === 24 && minute === 0 && second === 0 && fractionMs === 0
  if (hour < 0 || (hour > 23 && !isMidnight)) return Number.NaN
  const offsetMs = parseZone(text, next)
  const wholeMs = midnightMs + (hour * 60 + minute) * minuteMs + second * 1000 - offsetMs
  if (second === 60 && wholeMs % dayMs !== 0) return Number.NaN
  return wholeMs + fractionMs
}

/** East of Greenwich is positive; 0 at the end of the text; NaN where it is no zone. */
function parseZone(text: string, at: number): number {
  if (at === text.length) return 0
  const from = text.charCodeAt(at) === 32 ? at + 1 : at
  const first = text.charCodeAt(from)
  if (first === 90 || first === 122) return from + 1 === text.length ? 0 : Number.NaN
  if (first !== 43 && first !== 45) return Number.NaN
  const hour = digits(text, from + 1, 2)
  const hasMinutes = text.length > from + 3
  const minuteAt = text.charCodeAt(from + 3) === 58 ? from + 4 : from + 3
  const minute = hasMinutes ? digits(text, minuteAt, 2) : 0
  const end = hasMinutes ? minuteAt + 2 : from + 3
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || end !== text.length) return Number.NaN
  return (first === 45 ? -1 : 1) * (hour * 60 + minute) * minuteMs
}

function isDigit(text: string, at: number): boolean {
  const c = text.charCodeAt(at)
  return c >= 48 && c <= 57
}

/** The number that `count` digits from `at` spell, −1 where one of them is none. */
function digits(text: string, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    if (!isDigit(text, i)) return -1
    value = value * 10 + text.charCodeAt(i) - 48
  }
  return value
}

/** The same for bytes; NaN where one of them is no digit. */
function plainDigits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const digit = (bytes[i] as number) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function inRange(ms: number): number {
  return Math.abs(ms) <= maxTimeMs ? ms + 0 : Number.NaN
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar; month and day from 1. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const past = year - 1
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400)
  const leapDay = month > 2 && isLeapYear(year) ? 1 : 0
  // 719,162 days lie between 0001-01-01 and the epoch.
  return past * 365 + leapDays + (daysBefore[month - 1] ?? 0) + leapDay + day - 1 - 719_162
}

/**
 * The inverse of `daysSinceEpoch`: (year × 16 + month) × 32 + day, for days at most 10^8 from the
 * epoch. Years are counted from 1 March, so that the leap day is the last of its year: Hinnant,
 * "chrono-compatible low-level date algorithms", civil_from_days.
 */
export function civilDate(days: number): number {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return (year * 16 + month) * 32 + day
}

function formatDate(days: number): string {
  const date = civilDate(days)
  // Also of a negative year the low bits are month and day.
  return `${formatYear(date >> 9)}-${twoDigits[(date >> 5) & 15]}-${twoDigits[date & 31]}`
}

function formatYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0')
  return (year < 0 ? '-' : '+') + String(Math.abs(year)).padStart(6, '0')
}
