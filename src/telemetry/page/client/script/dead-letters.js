/** @import { DeadLetter, Status } from '../protocol.ts' */
import { ElementList, element, make, setText } from './dom.js'
import { formatTime, plural } from './format.js'

const MAX_SHOWN = 20

/** The records that could not be used, the newest first. */
export class DeadLetters {
  #hint = element('letters-hint', HTMLElement)
  #none = element('letters-none', HTMLElement)
  /** @type {ElementList<DeadLetter, HTMLLIElement>} */
  #items = new ElementList(
    element('letters', HTMLUListElement),
    ({ partition, offset }) => `${partition}:${offset}`,
    createItem,
  )

  /** @param {Status['deadLetters']} letters */
  show({ total, recent }) {
    // An element of its own for each: what a letter says never changes.
    const unique = new Map(recent.map((letter) => [`${letter.partition}:${letter.offset}`, letter]))
    this.#items.show([...unique.values()].slice(0, MAX_SHOWN), () => {})
    this.#none.hidden = total > 0
    setText(this.#hint, total === 0 ? '' : `${plural(total, 'record')} in all`)
  }
}

/** @param {DeadLetter} letter */
function createItem({ partition, offset, code, message, timeMs }) {
  const item = make('li')
  const where = make('p', 'where')
  where.append(
    make('span', '', `partition ${partition}, offset ${offset}`),
    make('span', '', formatTime(timeMs)),
  )
  const what = make('p', 'what', message)
  item.append(where, what, make('code', '', code))
  return item
}
