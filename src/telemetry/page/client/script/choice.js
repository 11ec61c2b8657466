/** @import { Choice, Hello } from '../protocol.ts' */
import { element, make } from './dom.js'
import { plural } from './format.js'

/**
 * What the user wants to see; undefined leaves it to the service. Partition and sequence come
 * together.
 * @typedef {object} Wish
 * @property {string} [target]
 * @property {string} [horizon]
 * @property {string} [partition]
 * @property {string} [sequence]
 */

/** Characters of an address that every server and proxy on the way takes. */
const MAX_QUERY = 2_000
/** Of a name that is read out. */
const MAX_SPOKEN = 80

const keys = /** @type {const} */ (['target', 'horizon', 'partition', 'sequence'])

/** The wish that the page's own address holds, so that a view can be kept and sent on. */
export function wishOfAddress() {
  const parameters = new URLSearchParams(location.search)
  /** @type {Wish} */
  const wish = {}
  for (const key of keys) {
    const value = parameters.get(key)
    if (value !== null) wish[key] = value
  }
  return wish
}

/**
 * @param {Wish} wish
 * @returns {string} the query of an address
 */
export function queryOf(wish) {
  const parameters = new URLSearchParams()
  for (const key of keys) {
    const value = wish[key]
    if (value !== undefined) parameters.set(key, value)
  }
  return parameters.toString()
}

/**
 * A sequence whose name makes the address too long is left out of it.
 * @param {Wish} wish
 */
export function keepInAddress(wish) {
  const { sequence, partition, ...rest } = wish
  const whole = queryOf(wish)
  const query = whole.length > MAX_QUERY ? queryOf(rest) : whole
  history.replaceState(null, '', query === '' ? location.pathname : `?${query}`)
}

/** The two lists from which target and horizon are picked. */
export class ChoiceLists {
  #target = element('target', HTMLSelectElement)
  #horizon = element('horizon', HTMLSelectElement)

  /** @param {(change: Wish) => void} onChange */
  constructor(onChange) {
    this.#target.addEventListener('change', () => onChange({ target: this.#target.value }))
    this.#horizon.addEventListener('change', () => onChange({ horizon: this.#horizon.value }))
  }

  /** @param {Hello} hello */
  offer({ targets, horizons }) {
    fill(
      this.#target,
      targets.map((target) => [target, target]),
    )
    fill(
      this.#horizon,
      horizons.map((horizon) => [String(horizon), horizonWords(horizon)]),
    )
  }

  /** @param {Choice} choice */
  show({ target, horizon }) {
    this.#target.value = target
    this.#horizon.value = String(horizon)
  }
}

/**
 * Only where the options have changed: a list that is open stays as it is.
 * @param {HTMLSelectElement} select
 * @param {readonly (readonly [string, string])[]} options
 */
function fill(select, options) {
  const values = [...select.options].map(({ value }) => value)
  if (JSON.stringify(values) === JSON.stringify(options.map(([value]) => value))) return
  select.replaceChildren(
    ...options.map(([value, text]) => {
      const option = make('option', '', text)
      option.value = value
      return option
    }),
  )
}

/**
 * A sequence as people read it.
 * @param {string | null} sequence
 */
export function sequenceName(sequence) {
  if (sequence === null) return ''
  return sequence === '' ? '(no key)' : sequence
}

/** @param {Choice} choice */
export function choiceWords({ target, horizon, sequence, partition }) {
  const name = sequenceName(sequence)
  const spoken = name.length > MAX_SPOKEN ? `${name.slice(0, MAX_SPOKEN)}…` : name
  const of = sequence === null ? '' : `, sequence ${spoken}, partition ${partition}`
  return `${target}, ${aheadWords(horizon)}${of}`
}

/** @param {number} horizon in steps; 0 for what is said of a record itself */
function horizonWords(horizon) {
  return horizon === 0 ? 'now' : plural(horizon, 'step')
}

/** @param {number} horizon in steps */
export function aheadWords(horizon) {
  return horizon === 0 ? 'now' : `${plural(horizon, 'step')} ahead`
}
