/** @import { Choice, Hello, Points } from '../protocol.ts' */
import { Chart } from './chart.js'
import { aheadWords, choiceWords } from './choice.js'
import { element, setText } from './dom.js'
import { formatLevel, formatTime, formatValue } from './format.js'
import { wordsOfKind } from './kinds.js'
import { pointWords, Readout } from './readout.js'
import { boundOf, Series } from './series.js'
import { View } from './view.js'

/** How often the table of values changes at most: faster nobody reads. */
const TABLE_MS = 1_000
const PAGE_POINTS = 10

/** The chart with its mark, its readout and its table. */
export class Forecast {
  #plot = element('plot', HTMLDivElement)
  #span = element('span', HTMLSelectElement)
  #caption = element('caption', HTMLElement)
  #empty = element('chart-empty', HTMLElement)
  #details = element('values', HTMLDetailsElement)
  #chart = new Chart(element('chart', HTMLCanvasElement))
  #readout = new Readout()
  #series = new Series([])
  /** What is drawn: the series itself, or while paused a copy of it. */
  #shown = this.#series
  #view = new View(this.#series, 1, 1)
  /** @type {Choice | null} */
  #choice = null
  #horizon = 1
  #words = wordsOfKind('forecast')
  #skipped = 0
  /** Whether the service has said what it knows of the choice, be it nothing. */
  #isAnswered = false
  /** Whether the partition is none of this process. */
  #isAway = false
  /** Number of the point that the keyboard has marked. @type {number | null} */
  #mark = null
  /** Where the pointer is, CSS pixels from the left; the points move under it. */
  /** @type {number | null} */
  #pointer = null
  /** @type {number | undefined} */
  #tableTimer

  constructor() {
    this.#span.addEventListener('change', () => this.show())
    this.#plot.addEventListener('pointermove', (event) => this.#point(event))
    this.#plot.addEventListener('pointerdown', (event) => this.#point(event))
    this.#plot.addEventListener('pointerleave', () => this.#point(null))
    this.#plot.addEventListener('keydown', (event) => this.#onKey(event))
    this.#plot.addEventListener('focus', () => this.#tell())
    this.#plot.addEventListener('blur', () => this.#setMark(null))
    this.#details.addEventListener('toggle', () => this.#readout.showTable(this.#view, this.#words))
  }

  get #isPaused() {
    return this.#shown !== this.#series
  }

  /**
   * A stream begins: what was shown until now may be of another service.
   * @param {Hello} hello
   */
  begin({ kind, levels }) {
    this.#words = wordsOfKind(kind)
    setText(element('forecast-title', HTMLElement), this.#words.title)
    const series = new Series(levels)
    if (!this.#isPaused) this.#shown = series
    this.#series = series
    this.#isAway = false
    this.forget()
  }

  /** What came until now is of another choice. */
  forget() {
    this.#isAnswered = false
    this.#reset()
    if (!this.#isPaused) this.show()
  }

  #reset() {
    this.#series.reset()
    if (!this.#isPaused) this.#mark = null
  }

  /**
   * The name of what is shown.
   * @param {Choice} choice
   */
  watch(choice) {
    this.#choice = choice
    this.#horizon = choice.horizon
    const words = choiceWords(choice)
    this.#plot.setAttribute('aria-label', `Points of the chart: ${words}`)
    this.show()
  }

  /** @param {boolean} isAway whether the partition is none of this process */
  setAway(isAway) {
    if (isAway === this.#isAway) return
    this.#isAway = isAway
    this.show()
  }

  /** @param {Points} event */
  take({ isReset, points, skipped, next }) {
    this.#isAnswered = true
    if (isReset) this.#reset()
    for (const point of points) this.#series.add(point)
    this.#series.next = next
    this.#skipped = skipped
    if (!this.#isPaused) this.show()
  }

  /** @param {boolean} isPaused */
  setPaused(isPaused) {
    this.#shown = isPaused ? this.#series.copy() : this.#series
    this.show()
  }

  /** Brings everything up to date; does nothing while nobody can see it. */
  show() {
    if (document.hidden) return
    this.#view = new View(this.#shown, Number(this.#span.value), this.#horizon)
    this.#empty.hidden = !this.#view.isEmpty
    this.#showMark()
    if (this.#view.isEmpty) return this.#clear()
    setText(this.#caption, this.#captionWords())
    this.#tableTimer ??= setTimeout(() => {
      this.#tableTimer = undefined
      this.#readout.showTable(this.#view, this.#words)
    }, TABLE_MS)
  }

  /** Nothing of what was shown before may be taken for what is shown now. */
  #clear() {
    setText(this.#empty, this.#emptyWords())
    setText(this.#caption, '')
    this.#readout.clear()
    for (const name of ['aria-valuemin', 'aria-valuemax', 'aria-valuenow']) {
      this.#plot.setAttribute(name, '0')
    }
    this.#plot.setAttribute('aria-valuetext', 'no values yet')
  }

  #emptyWords() {
    const { partition, sequence } = this.#choice ?? { partition: null, sequence: null }
    if (this.#isAway) return `Partition ${partition} is not in this process`
    if (sequence === null) return 'Waiting for the first record'
    if (!this.#isAnswered) return 'Waiting for the next record'
    return 'No value of this sequence is known: waiting for a record of it'
  }

  #showMark() {
    const view = this.#view
    const pointed = this.#pointer === null ? null : this.#chart.pointAt(this.#pointer)
    const mark = pointed ?? this.#mark
    const index = Math.min(view.to - 1, Math.max(view.from, mark ?? view.to - 1))
    this.#chart.show(view, mark === null ? null : index)
    if (!view.isEmpty) this.#readout.show(view, index, this.#words)
  }

  #captionWords() {
    const { series, isByTime } = this.#view
    const { next, levels } = series
    if (this.#isAway) {
      const { partition } = this.#choice ?? { partition: null }
      return `Partition ${partition} is not in this process: these are its last values.`
    }
    const sampled = this.#skipped > 0 ? ' Heavy traffic: some points are left out.' : ''
    if (next?.mean == null) return this.#horizon === 0 ? sampled : `No forecast yet.${sampled}`
    const when = isByTime && next.timeMs !== null ? ` (${formatTime(next.timeMs)})` : ''
    const lower = boundOf(next.bounds, 0, 0)
    const upper = boundOf(next.bounds, 0, 1)
    const [level] = levels
    const interval =
      level === undefined || Number.isNaN(lower + upper)
        ? ''
        : `, ${formatLevel(level)} between ${formatValue(lower)} and ${formatValue(upper)}`
    const ahead = this.#horizon === 0 ? '' : ` ${aheadWords(this.#horizon)}${when}`
    return `${this.#words.next}${ahead}: ${formatValue(next.mean)}${interval}.${sampled}`
  }

  /** @param {PointerEvent | null} event */
  #point(event) {
    this.#pointer = event === null ? null : event.clientX - this.#plot.getBoundingClientRect().left
    this.#showMark()
  }

  /** @param {number | null} mark */
  #setMark(mark) {
    this.#mark = mark
    this.#showMark()
    if (mark !== null) this.#tell()
  }

  /** The place of the mark for a screen reader: by the user's keys, not as the points come. */
  #tell() {
    const { from, to, isEmpty } = this.#view
    if (isEmpty) return
    const index = Math.min(to - 1, Math.max(from, this.#mark ?? to - 1))
    this.#plot.setAttribute('aria-valuemin', '1')
    this.#plot.setAttribute('aria-valuemax', String(to - from))
    this.#plot.setAttribute('aria-valuenow', String(index - from + 1))
    this.#plot.setAttribute('aria-valuetext', pointWords(this.#view, index, this.#words))
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { from, to, isEmpty } = this.#view
    if (isEmpty || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'Escape') return this.#setMark(null)
    const at = this.#mark ?? to - 1
    const goals = new Map([
      ['ArrowLeft', at - 1],
      ['ArrowDown', at - 1],
      ['ArrowRight', at + 1],
      ['ArrowUp', at + 1],
      ['PageUp', at + PAGE_POINTS],
      ['PageDown', at - PAGE_POINTS],
      ['Home', from],
      ['End', to - 1],
    ])
    const goal = goals.get(event.key)
    if (goal === undefined) return
    event.preventDefault()
    this.#setMark(Math.min(to - 1, Math.max(from, goal)))
  }
}
