/** @import { Tick } from './scale.js' */
import { linearTicks, niceStep } from './scale.js'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const stepsMs = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * secondMs),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minuteMs),
  ...[1, 2, 3, 6, 12].map((count) => count * hourMs),
  ...[1, 2, 4, 7, 14, 28, 56, 91, 182, 365].map((count) => count * dayMs),
]

/** @param {Intl.DateTimeFormatOptions} options */
function formatter(options) {
  return new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options })
}

const day = formatter({ day: 'numeric', month: 'short' })
const month = formatter({ month: 'short', year: 'numeric' })
const minute = formatter({ hour: '2-digit', minute: '2-digit' })
const second = formatter({ hour: '2-digit', minute: '2-digit', second: '2-digit' })
const millisecond = formatter({
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

/**
 * Ticks of an axis of time at round times of UTC; a midnight among hours shows its day.
 * @param {number} min milliseconds since the epoch
 * @param {number} max
 * @param {number} count at most, about
 * @returns {Tick[]}
 */
export function timeTicks(min, max, count) {
  const rough = (max - min) / Math.max(1, count)
  // Beyond what a calendar can show there are only numbers.
  if (Math.max(Math.abs(min), Math.abs(max)) > 8.6e15) return linearTicks(min, max, count)
  const step = stepOf(rough)
  const label = labelOf(step)
  /** @type {Tick[]} */
  const ticks = []
  for (let at = Math.ceil(min / step) * step; at <= max; at += step) {
    ticks.push({ at, label: label(at) })
  }
  return ticks
}

/** @param {number} rough */
function stepOf(rough) {
  if (rough < secondMs) return Math.max(1, niceStep(rough, 1))
  const known = stepsMs.find((candidate) => candidate >= rough)
  return known ?? Math.ceil(rough / (365 * dayMs)) * 365 * dayMs
}

/**
 * @param {number} step
 * @returns {(timeMs: number) => string}
 */
function labelOf(step) {
  if (step >= 28 * dayMs) return (timeMs) => month.format(timeMs)
  if (step >= dayMs) return (timeMs) => day.format(timeMs)
  const clock = step >= minuteMs ? minute : step >= secondMs ? second : millisecond
  return (timeMs) => (timeMs % dayMs === 0 ? day.format(timeMs) : clock.format(timeMs))
}
