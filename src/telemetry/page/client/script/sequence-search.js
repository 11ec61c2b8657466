/** @import { SequenceEntry, SequenceList } from '../protocol.ts' */
import { sequenceName } from './choice.js'
import { element, make, setText } from './dom.js'

/** Long enough not to ask at every letter. */
const PAUSE_MS = 150

/** An option of the list; null stands for the sequence that was used last. */
/** @typedef {SequenceEntry | null} Option */

/**
 * A box to search sequences with, by mouse or keyboard (the combobox pattern of WAI-ARIA): the
 * focus stays in the box, the list says by `aria-activedescendant` where one is.
 */
export class SequenceSearch {
  #input = element('sequence', HTMLInputElement)
  #popup = element('sequence-popup', HTMLDivElement)
  #list = element('sequence-list', HTMLDivElement)
  #note = element('sequence-note', HTMLElement)
  /** @type {readonly Option[]} */
  #options = []
  #active = -1
  /** What the box shows while nobody searches. */
  #shown = ''
  /** @type {number | undefined} */
  #timer
  #asked = 0
  /** The option at which the list will begin, −1 for none. */
  #begin = -1
  /** From the first key or press on: before there is an answer, and so a list. */
  #isSearching = false
  /** @type {(query: string) => Promise<SequenceList>} */
  #find
  /** @type {(option: Option) => void} */
  #onChoose

  /**
   * @param {(query: string) => Promise<SequenceList>} find
   * @param {(option: Option) => void} onChoose
   */
  constructor(find, onChoose) {
    this.#find = find
    this.#onChoose = onChoose
    this.#input.addEventListener('input', () => {
      const query = this.#input.value
      this.#search(query, PAUSE_MS, query === '' ? -1 : 0)
    })
    this.#input.addEventListener('mousedown', (event) => {
      // The first press selects all, whatever was selected: what is typed next is a new search.
      if (this.#isSearching) return
      event.preventDefault()
      this.#input.focus()
      this.#input.select()
    })
    this.#input.addEventListener('click', () => this.#open(-1))
    this.#input.addEventListener('focus', () => this.#input.select())
    this.#input.addEventListener('blur', () => this.#close())
    this.#input.addEventListener('keydown', (event) => this.#onKey(event))
    // The box keeps the focus, so that a press in the list does not close it first.
    this.#popup.addEventListener('pointerdown', (event) => event.preventDefault())
    this.#list.addEventListener('click', (event) => this.#onClick(event))
  }

  /** @param {string | null} sequence that is being watched */
  show(sequence) {
    this.#shown = sequenceName(sequence)
    if (!this.#isSearching) this.#input.value = this.#shown
  }

  get #isOpen() {
    return !this.#popup.hidden
  }

  /** @param {number} active the option to begin at, −1 for none */
  #open(active) {
    if (!this.#isSearching) this.#search('', 0, active)
  }

  #close() {
    clearTimeout(this.#timer)
    this.#asked++
    this.#isSearching = false
    this.#popup.hidden = true
    this.#input.setAttribute('aria-expanded', 'false')
    this.#input.removeAttribute('aria-activedescendant')
    this.#input.value = this.#shown
  }

  /**
   * @param {string} query
   * @param {number} pauseMs
   * @param {number} active
   */
  #search(query, pauseMs, active) {
    clearTimeout(this.#timer)
    this.#isSearching = true
    this.#begin = active
    const asked = ++this.#asked
    this.#timer = setTimeout(async () => {
      const found = await this.#find(query).catch(() => null)
      // The answer to a question that has been overtaken is nobody's.
      if (asked === this.#asked) this.#offer(query, found)
    }, pauseMs)
  }

  /**
   * @param {string} query
   * @param {SequenceList | null} found
   */
  #offer(query, found) {
    this.#options = query === '' ? [null, ...(found?.sequences ?? [])] : (found?.sequences ?? [])
    this.#list.replaceChildren(...this.#options.map(optionElement))
    this.#list.hidden = this.#options.length === 0
    setText(this.#note, noteOf(query, found))
    this.#popup.hidden = false
    this.#input.setAttribute('aria-expanded', 'true')
    this.#activate(this.#begin)
  }

  /** @param {number} index −1 for none */
  #activate(index) {
    this.#active = Math.min(index, this.#options.length - 1)
    for (const [place, node] of [...this.#list.children].entries()) {
      const isActive = place === this.#active
      node.classList.toggle('is-active', isActive)
      node.setAttribute('aria-selected', String(isActive))
      if (!isActive) continue
      node.scrollIntoView({ block: 'nearest' })
      this.#input.setAttribute('aria-activedescendant', node.id)
    }
    if (this.#active < 0) this.#input.removeAttribute('aria-activedescendant')
  }

  /** @param {number} index */
  #choose(index) {
    const option = this.#options[index]
    this.#close()
    if (option === undefined) return
    this.#shown = option === null ? '' : sequenceName(option.sequence)
    this.#input.value = this.#shown
    this.#input.select()
    this.#onChoose(option)
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const item = event.target instanceof Element ? event.target.closest('[role=option]') : null
    if (item !== null) this.#choose([...this.#list.children].indexOf(item))
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      this.#move(event.key === 'ArrowDown' ? 1 : -1)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      if (this.#isOpen && this.#active >= 0) this.#choose(this.#active)
      else this.#open(0)
    } else if (event.key === 'Escape') {
      this.#close()
    }
  }

  /** @param {1 | -1} direction */
  #move(direction) {
    if (!this.#isOpen) {
      // The list is still to come where a search is under way.
      this.#begin = 0
      return this.#open(0)
    }
    const count = this.#options.length
    if (count === 0) return
    const from = this.#active < 0 && direction < 0 ? 0 : this.#active
    this.#activate((from + direction + count) % count)
  }
}

/**
 * @param {Option} option
 * @param {number} index
 */
function optionElement(option, index) {
  const item = make('div')
  item.id = `sequence-option-${index}`
  item.setAttribute('role', 'option')
  item.setAttribute('aria-selected', 'false')
  const name = option === null ? 'Latest used' : sequenceName(option.sequence)
  const detail = option === null ? 'automatic' : `partition ${option.partition}`
  item.append(make('span', 'name', name), make('span', '', detail))
  return item
}

/**
 * @param {string} query
 * @param {SequenceList | null} found
 */
function noteOf(query, found) {
  if (found === null) return 'The service has not answered; try again.'
  const { sequences, isCut } = found
  if (sequences.length === 0) {
    return query === '' ? 'No sequence yet.' : 'No sequence of that name among those used last.'
  }
  return isCut ? 'More than these: type a part of the name.' : ''
}
