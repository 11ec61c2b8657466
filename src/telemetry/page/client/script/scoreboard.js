/** @import { Status } from '../protocol.ts' */
/** @import { BoardRow, KindWords } from './kinds.js' */
import { ElementList, element, make, setShare, setText } from './dom.js'
import { formatShare, unknown } from './format.js'
import { memberName } from './members.js'

/**
 * @typedef {HTMLTableRowElement & { parts: {
 *   numbers: HTMLTableCellElement[], tag: HTMLElement, weight: HTMLElement, share: HTMLElement,
 *   fill: HTMLElement } }} ScoreRow
 */

/** What each member of the portfolio is worth, the mixture that is published first. */
export class Scoreboard {
  #hint = element('scoreboard-hint', HTMLElement)
  #legend = element('scoreboard-legend', HTMLElement)
  #head = element('scores-head', HTMLTableSectionElement)
  /** @type {ElementList<BoardRow, ScoreRow>} */
  #rows = new ElementList(
    element('scores', HTMLTableSectionElement),
    ({ member }) => member,
    createRow,
  )
  /** @type {KindWords | null} */
  #words = null

  /**
   * @param {KindWords} words
   * @param {Status} status
   */
  show(words, status) {
    if (words !== this.#words) this.#begin(words)
    const rows = words.rows(status)
    const sorted = [...rows].sort((a, b) => Number(isMixture(b)) - Number(isMixture(a)))
    const best = bestOf(rows)
    this.#rows.show(sorted, (row, score) => updateRow(row, score, score.member === best))
    setText(this.#hint, words.hint(status))
  }

  /**
   * Another kind of task has other columns.
   * @param {KindWords} words
   */
  #begin(words) {
    this.#words = words
    this.#rows.show([], () => {})
    setText(this.#legend, words.legend)
    const row = make('tr')
    row.append(make('th', '', 'Member'))
    for (const name of words.columns) row.append(make('th', 'number', name))
    if (words.hasWeights) row.append(make('th', '', 'Weight'))
    for (const cell of row.querySelectorAll('th')) cell.scope = 'col'
    this.#head.replaceChildren(row)
  }
}

/** @param {BoardRow} row */
function isMixture({ member }) {
  return member === 'mixture'
}

/**
 * The member that loses least.
 * @param {readonly BoardRow[]} rows
 */
function bestOf(rows) {
  let best = ''
  let least = Number.POSITIVE_INFINITY
  for (const { member, loss } of rows) {
    if (loss === null || loss >= least) continue
    least = loss
    best = member
  }
  return best
}

/**
 * @param {BoardRow} score
 * @returns {ScoreRow}
 */
function createRow(score) {
  const row = make('tr')
  const name = make('th', '', memberName(score.member))
  name.scope = 'row'
  name.title = score.member
  const tag = make('span', 'tag')
  name.append(tag)
  const numbers = score.cells.map(() => make('td', 'number'))
  const cell = make('td')
  const weight = make('span', 'weight')
  const share = make('span', 'share')
  const track = make('span', 'track')
  const fill = make('span', 'fill')
  track.append(fill)
  weight.append(track, share)
  cell.append(weight)
  row.append(name, ...numbers, cell)
  row.classList.toggle('is-mixture', isMixture(score))
  return Object.assign(row, { parts: { numbers, tag, weight, share, fill } })
}

/**
 * @param {ScoreRow} row
 * @param {BoardRow} score
 * @param {boolean} isBest
 */
function updateRow(row, score, isBest) {
  const { numbers, tag, weight, share, fill } = row.parts
  for (const [place, cell] of numbers.entries()) setText(cell, score.cells[place] ?? unknown)
  row.classList.toggle('is-best', isBest)
  const tags = [isMixture(score) ? 'published' : '', isBest ? 'best' : ''].filter(Boolean)
  setText(tag, tags.join(', '))
  tag.hidden = tags.length === 0
  weight.hidden = score.weight === null
  if (score.weight === null) return
  setText(share, formatShare(score.weight, 1))
  setShare(fill, score.weight)
}
