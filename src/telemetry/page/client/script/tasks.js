/** @import { TaskStatus } from '../protocol.ts' */
import { ElementList, element, make, setData, setText } from './dom.js'
import { formatCount, formatRate, formatShare, unknown } from './format.js'
import { stateWords } from './words.js'

/**
 * @typedef {HTMLTableRowElement & { parts: { state: HTMLElement, words: HTMLElement,
 *   error: HTMLElement, numbers: HTMLTableCellElement[] } }} TaskRow
 */

/** One row for each partition of this process. */
export class Tasks {
  #hint = element('tasks-hint', HTMLElement)
  /** @type {ElementList<TaskStatus, TaskRow>} */
  #rows = new ElementList(
    element('tasks', HTMLTableSectionElement),
    ({ partition }) => String(partition),
    createRow,
  )

  /** @param {readonly TaskStatus[]} tasks */
  show(tasks) {
    const sorted = [...tasks].sort((a, b) => a.partition - b.partition)
    this.#rows.show(sorted, updateRow)
    setText(this.#hint, tasks.length === 0 ? 'no partition yet' : stateWords(tasks))
  }
}

/**
 * @param {TaskStatus} task
 * @returns {TaskRow}
 */
function createRow({ partition }) {
  const row = make('tr')
  const name = make('th', 'number', String(partition))
  name.scope = 'row'
  const cell = make('td')
  const state = make('span', 'state')
  const dot = make('span', 'dot')
  dot.setAttribute('aria-hidden', 'true')
  const words = make('span')
  state.append(dot, words)
  const error = make('span', 'error')
  cell.append(state, error)
  const numbers = [0, 1, 2, 3, 4, 5].map(() => make('td', 'number'))
  row.append(name, cell, ...numbers)
  return Object.assign(row, { parts: { state, words, error, numbers } })
}

/**
 * @param {TaskRow} row
 * @param {TaskStatus} task
 */
function updateRow({ parts }, task) {
  setData(parts.state, 'state', task.state)
  setText(parts.words, `${task.state.toLowerCase()}${progressOf(task)}`)
  setText(parts.error, task.error ?? '')
  const texts = [
    formatCount(task.lagRecords),
    formatCount(task.queuedRecords),
    formatCount(task.records),
    formatRate(task.recordsPerSecond),
    formatCount(task.updates),
    formatCount(task.sequences),
  ]
  for (const [place, cell] of parts.numbers.entries()) setText(cell, texts[place] ?? unknown)
}

/** @param {TaskStatus} task */
function progressOf({ state, done, total }) {
  if (state !== 'RESTORING' || done === null || total === null || total === 0) return ''
  return ` ${formatShare(done / total, 0)}, ${formatCount(done)} of ${formatCount(total)} records`
}
