/** @import { Coverage } from '../protocol.ts' */
/** @import { KindWords } from './kinds.js' */
import { ElementList, element, make, setData, setShare, setText } from './dom.js'
import { formatLevel, formatShare, formatValue } from './format.js'

/** A coverage that is this far from its level is worth a look. */
const TOLERANCE = 0.05

/**
 * @typedef {HTMLLIElement & { parts: { covered: HTMLElement, width: HTMLElement,
 *   fill: HTMLElement } }} CoverageItem
 */

/** How many targets fell into the intervals, against how many ought to. */
export class Intervals {
  #none = element('coverage-none', HTMLElement)
  /** @type {ElementList<Coverage, CoverageItem>} */
  #items = new ElementList(
    element('coverage', HTMLUListElement),
    ({ level }) => String(level),
    createItem,
  )

  /**
   * @param {KindWords} words
   * @param {readonly Coverage[]} coverage
   */
  show(words, coverage) {
    setText(this.#none, words.intervals)
    const known = coverage.filter((entry) => entry.coverage !== null)
    this.#none.hidden = known.length > 0
    this.#items.show(known, updateItem)
  }
}

/**
 * @param {Coverage} entry
 * @returns {CoverageItem}
 */
function createItem({ level }) {
  const item = make('li')
  const line = make('p', 'line')
  const words = make('span')
  const covered = make('strong')
  words.append(`${formatLevel(level)} promised, `, covered, ' kept')
  const width = make('span', 'width')
  line.append(words, width)
  const track = make('div', 'track')
  const fill = make('span', 'fill')
  const mark = make('span', 'mark')
  mark.style.left = `${level * 100}%`
  track.append(fill, mark)
  item.append(line, track)
  return Object.assign(item, { parts: { covered, width, fill } })
}

/**
 * @param {CoverageItem} item
 * @param {Coverage} entry
 */
function updateItem({ parts }, { level, coverage, width }) {
  const ratio = coverage ?? 0
  setText(parts.covered, formatShare(ratio))
  setData(parts.covered, 'mood', Math.abs(ratio - level) <= TOLERANCE ? undefined : 'warn')
  setText(parts.width, `mean width ${formatValue(width)}`)
  setShare(parts.fill, ratio)
}
