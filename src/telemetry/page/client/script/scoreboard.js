/** @import { MemberScore, Status } from '../protocol.ts' */
import { ElementList, element, make, setShare, setText } from './dom.js'
import { formatShare, formatValue, unknown } from './format.js'
import { memberName } from './members.js'
import { skillSentence } from './words.js'

/**
 * @typedef {HTMLTableRowElement & { parts: {
 *   numbers: HTMLTableCellElement[], tag: HTMLElement, weight: HTMLElement, share: HTMLElement,
 *   fill: HTMLElement } }} ScoreRow
 */

/** What each member of the portfolio is worth, the mixture that is published first. */
export class Scoreboard {
  #hint = element('scoreboard-hint', HTMLElement)
  /** @type {ElementList<MemberScore, ScoreRow>} */
  #rows = new ElementList(
    element('scores', HTMLTableSectionElement),
    ({ member }) => member,
    createRow,
  )

  /** @param {Pick<Status, 'scores' | 'skill'>} status */
  show({ scores, skill }) {
    const sorted = [...scores].sort((a, b) => Number(isMixture(b)) - Number(isMixture(a)))
    const best = bestOf(scores)
    this.#rows.show(sorted, (row, score) => updateRow(row, score, score.member === best))
    setText(this.#hint, skillSentence(skill))
  }
}

/** @param {MemberScore} score */
function isMixture({ member }) {
  return member === 'mixture'
}

/**
 * The member with the smallest error now.
 * @param {readonly MemberScore[]} scores
 */
function bestOf(scores) {
  let best = ''
  let least = Number.POSITIVE_INFINITY
  for (const { member, fadingMae } of scores) {
    if (fadingMae === null || fadingMae >= least) continue
    least = fadingMae
    best = member
  }
  return best
}

/**
 * @param {MemberScore} score
 * @returns {ScoreRow}
 */
function createRow(score) {
  const row = make('tr')
  const name = make('th', '', memberName(score.member))
  name.scope = 'row'
  name.title = score.member
  const tag = make('span', 'tag')
  name.append(tag)
  const numbers = [0, 1, 2, 3].map(() => make('td', 'number'))
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
 * @param {MemberScore} score
 * @param {boolean} isBest
 */
function updateRow(row, score, isBest) {
  const { numbers, tag, weight, share, fill } = row.parts
  const texts = [
    formatShare(score.fadingWmape, 2),
    formatValue(score.fadingMae),
    formatShare(score.wmape, 2),
    formatValue(score.mae),
  ]
  for (const [place, cell] of numbers.entries()) setText(cell, texts[place] ?? unknown)
  row.classList.toggle('is-best', isBest)
  const tags = [isMixture(score) ? 'published' : '', isBest ? 'best' : ''].filter(Boolean)
  setText(tag, tags.join(', '))
  tag.hidden = tags.length === 0
  weight.hidden = score.weight === null
  if (score.weight === null) return
  setText(share, formatShare(score.weight, 1))
  setShare(fill, score.weight)
}
