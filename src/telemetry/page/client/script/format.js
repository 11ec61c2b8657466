/** What stands where a number is not known. */
export const unknown = '–'

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const exact = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 4 })
const scientific = new Intl.NumberFormat('en', {
  notation: 'scientific',
  maximumSignificantDigits: 4,
})
const moment = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
})
const clockTime = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})
const clockMillis = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

/** Times beyond it are none that a calendar can show. */
const MAX_TIME_MS = 8.64e15

/**
 * A value of a target: four digits, all those before the point of anything below ten millions.
 * @param {number | null} value
 */
export function formatValue(value) {
  if (value === null || !Number.isFinite(value)) return unknown
  const size = Math.abs(value)
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return scientific.format(value)
  if (size >= 1e7) return compact.format(value)
  return size >= 1_000 ? whole.format(value) : exact.format(value)
}

/** @param {number | null} value */
export function formatCount(value) {
  if (value === null || !Number.isFinite(value)) return unknown
  return Math.abs(value) >= 1e8 ? compact.format(value) : whole.format(value)
}

/**
 * Records a second: a quiet topic has less than one.
 * @param {number | null} value
 */
export function formatRate(value) {
  if (value === null || !Number.isFinite(value)) return unknown
  if (value >= 100) return formatCount(value)
  return value.toFixed(value >= 10 || value === 0 ? 0 : 1)
}

/**
 * A ratio in per cent.
 * @param {number | null} ratio
 * @param {number} [digits] behind the point
 */
export function formatShare(ratio, digits = 1) {
  if (ratio === null || !Number.isFinite(ratio)) return unknown
  const percent = ratio * 100
  if (Math.abs(percent) >= 1e4) return `${scientific.format(percent)} %`
  return `${percent.toFixed(Math.abs(percent) >= 1_000 ? 0 : digits)} %`
}

/**
 * A level as people write it: 0.8 is 80 %, 0.995 is 99.5 %.
 * @param {number} level
 */
export function formatLevel(level) {
  return `${exact.format(level * 100)} %`
}

/**
 * Day and time, with seconds where they say something.
 * @param {number | null} timeMs since the epoch
 */
export function formatTime(timeMs) {
  if (timeMs === null || !(Math.abs(timeMs) <= MAX_TIME_MS)) return unknown
  if (timeMs % 60_000 === 0) return moment.format(timeMs)
  return `${moment.format(timeMs).replace(/,? \d\d:\d\d$/, '')}, ${clockOf(timeMs)}`
}

/** @param {number} timeMs */
function clockOf(timeMs) {
  return (timeMs % 1_000 === 0 ? clockTime : clockMillis).format(timeMs)
}

/**
 * @param {number} count
 * @param {string} noun in the singular
 */
export function plural(count, noun) {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
