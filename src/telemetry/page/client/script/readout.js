/** @import { KindWords } from './kinds.js' */
import { ElementList, element, make, setText } from './dom.js'
import { formatCount, formatLevel, formatTime, formatValue } from './format.js'
import { Series } from './series.js'
import { View } from './view.js'

const MAX_ROWS = 12

/** @typedef {{ key: string, name: string, value: string }} Entry */

/** The values of one point in words, and the newest ones as a table. */
export class Readout {
  #details = element('values', HTMLDetailsElement)
  #head = element('values-head', HTMLTableSectionElement)
  /** @type {string} */
  #columns = ''
  /** @type {ElementList<Entry, HTMLDivElement>} */
  #entries = new ElementList(
    element('readout', HTMLElement),
    (entry) => entry.name,
    ({ key, name }) => {
      const div = make('div')
      const term = make('dt')
      const sign = make('span', 'key')
      sign.dataset.key = key
      term.append(sign, name)
      div.append(term, make('dd'))
      return div
    },
  )
  /** @type {ElementList<{ index: number, cells: string[] }, HTMLTableRowElement>} */
  #rows = new ElementList(
    element('values-body', HTMLTableSectionElement),
    ({ index }) => String(index % MAX_ROWS),
    ({ cells }) => {
      const row = make('tr')
      for (const [place] of cells.entries()) {
        const cell = make(place === 0 ? 'th' : 'td', place === 0 ? '' : 'number')
        if (place === 0) cell.setAttribute('scope', 'row')
        row.append(cell)
      }
      return row
    },
  )

  /**
   * @param {View} view
   * @param {number} index of the point
   * @param {KindWords} words
   */
  show(view, index, words) {
    this.#entries.show(entriesOf(view, index, words), (div, { value }) => {
      if (div.lastElementChild !== null) setText(div.lastElementChild, value)
    })
  }

  /** There is no point. */
  clear() {
    this.#entries.show([], () => {})
    this.#rows.show([], () => {})
  }

  /**
   * Fills the table where it is open: closed it costs nothing.
   * @param {View} view
   * @param {KindWords} words
   */
  showTable(view, words) {
    if (!this.#details.open) return
    const from = Math.max(view.from, view.to - MAX_ROWS)
    const rows = []
    for (let index = view.to - 1; index >= from; index--) {
      const entries = entriesOf(view, index, words)
      if (index === view.to - 1) this.#showHead(entries)
      rows.push({ index, cells: entries.map(({ value }) => value) })
    }
    this.#rows.show(rows, (row, { cells }) => {
      for (const [place, text] of cells.entries()) {
        const cell = row.children[place]
        if (cell !== undefined) setText(cell, text)
      }
    })
  }

  /** @param {readonly Entry[]} entries */
  #showHead(entries) {
    const columns = entries.map(({ name }) => name).join('|')
    if (columns === this.#columns) return
    this.#columns = columns
    const row = make('tr')
    for (const [place, { name }] of entries.entries()) {
      const cell = make('th', place === 0 ? '' : 'number', name)
      cell.scope = 'col'
      row.append(cell)
    }
    this.#head.replaceChildren(row)
    this.#rows.show([], () => {})
  }
}

/**
 * @param {View} view
 * @param {number} index
 * @param {KindWords} words
 * @returns {Entry[]}
 */
function entriesOf({ series, isByTime }, index, words) {
  const place = isByTime
    ? { key: 'time', name: 'Time', value: formatTime(series.timeMs(index)) }
    : { key: 'time', name: 'Record', value: formatCount(series.records(index)) }
  const value = formatValue(series.predicted(index))
  return [
    place,
    { key: 'observed', name: words.observed, value: formatValue(series.observed(index)) },
    ...(words.predicted === null ? [] : [{ key: 'predicted', name: words.predicted, value }]),
    ...series.levels.map((_, level) => intervalEntry(series, index, level)),
  ]
}

/**
 * @param {Series} series
 * @param {number} index
 * @param {number} level
 */
function intervalEntry(series, index, level) {
  const lower = formatValue(series.lower(index, level))
  const upper = formatValue(series.upper(index, level))
  return {
    key: level === 0 ? 'band' : 'outer',
    name: `${formatLevel(series.levels[level] ?? Number.NaN)} interval`,
    value: lower === upper ? lower : `${lower} to ${upper}`,
  }
}

/**
 * One sentence for those who hear the chart.
 * @param {View} view
 * @param {number} index
 * @param {KindWords} words
 */
export function pointWords(view, index, words) {
  return entriesOf(view, index, words)
    .map(({ name, value }) => `${name.toLowerCase()} ${value}`)
    .join(', ')
}
