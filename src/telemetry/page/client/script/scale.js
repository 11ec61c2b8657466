/** @typedef {{ at: number, label: string }} Tick */

/** More than any screen has room for. */
const MAX_TICKS = 200

/**
 * The step of 1, 2 or 5 times a power of ten that cuts a range into about `count` pieces.
 * @param {number} range
 * @param {number} count
 */
export function niceStep(range, count) {
  const rough = range / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5].find((candidate) => candidate * power >= rough * 0.999) ?? 10
  return factor * power
}

/**
 * Ticks of a plain axis, within the range, labelled with as many digits as tell them apart; fewer
 * or none where the range is too narrow for numbers between its ends.
 * @param {number} min
 * @param {number} max
 * @param {number} count wished for
 * @param {boolean} [isWhole] only whole numbers have a meaning
 * @returns {Tick[]}
 */
export function linearTicks(min, max, count, isWhole = false) {
  const nice = niceStep(max - min, count)
  const step = isWhole ? Math.max(1, Math.round(nice)) : nice
  const label = labelsOf(Math.max(Math.abs(min), Math.abs(max)), step)
  /** @type {Tick[]} */
  const ticks = []
  const first = Math.ceil(min / step - 1e-9)
  for (let i = 0; i < MAX_TICKS; i++) {
    // Without a minus zero.
    const at = (first + i) * step + 0
    if (!(at <= max + step * 1e-9)) break
    // Past 2^53 a number and the one after it are the same.
    if (at !== ticks.at(-1)?.at) ticks.push({ at, label: label(at) })
  }
  return ticks
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const units = /** @type {const} */ ([
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
])

/**
 * How to write ticks: formatters of the browser are dear to make, so none is made for an axis.
 * @param {number} largest
 * @param {number} step
 * @returns {(at: number) => string}
 */
function labelsOf(largest, step) {
  if (largest >= 1e15 || largest < 1e-4) {
    const places = Math.floor(Math.log10(largest)) - Math.floor(Math.log10(step) + 1e-9)
    const digits = Math.min(20, Math.max(0, places))
    return (at) => (at === 0 ? '0' : at.toExponential(digits))
  }
  const [unit, suffix] = units.find(([size]) => largest >= size) ?? [1, '']
  const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9)))
  if (unit === 1 && digits === 0) return (at) => whole.format(at)
  return (at) => `${(at / unit).toFixed(digits)}${suffix}`
}
