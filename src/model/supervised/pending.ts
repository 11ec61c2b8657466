import { ABSENT } from '../layout.ts'
import type { Pages, PageWatch } from '../snapshot/page-rows.ts'
import { type Case, type CaseLayout, idAt, recordAt } from './case.ts'

/** Bytes of a page at most, unless a single case has more. */
const PAGE_BYTES = 65_536

/** A page of the ring: views over the same memory. */
interface Page {
  readonly words: Uint32Array
  readonly float64: Float64Array
}

/**
 * Predictions that wait for their labels, or for a correction of them: a ring of as many places as
 * `maxPending`, which the n-th prediction kept takes in turn, and leaves when so many records have
 * passed. Memory comes page by page, as it is used; snapshots take pages, too.
 */
export class Pending implements Pages {
  /** Predictions kept so far, and those that have left; part of the state. */
  readonly counters = new Float64Array(2)
  readonly count: number
  readonly lastChanged: Float64Array
  readonly captured: Int32Array
  snapshot = 0
  watch: PageWatch | null = null
  /** Count of the record in hand. */
  record = 0
  private readonly layout: CaseLayout
  private readonly capacity: number
  private readonly pageCases: number
  private readonly pages: (Page | undefined)[]
  /** Numbers of the predictions that have an id; derived from the pages. */
  private readonly byId = new Map<string, number>()

  constructor(layout: CaseLayout, capacity: number) {
    this.layout = layout
    this.capacity = capacity
    this.pageCases = Math.min(capacity, Math.max(1, Math.floor(PAGE_BYTES / (4 * layout.words))))
    this.count = Math.ceil(capacity / this.pageCases)
    this.pages = new Array(this.count).fill(undefined)
    this.lastChanged = new Float64Array(this.count)
    this.captured = new Int32Array(this.count)
  }

  /** Bytes of all pages, whether they are there yet or not. */
  get byteLength(): number {
    return this.count * this.pageBytes
  }

  /** Bytes of the pages that there are. */
  get bytesNow(): number {
    let count = 0
    for (const page of this.pages) if (page !== undefined) count++
    return count * this.pageBytes
  }

  /** Predictions that are kept. */
  get size(): number {
    return this.counters[0]! - this.counters[1]!
  }

  /** Record count of the oldest prediction that is kept; ABSENT without one. */
  get oldestRecord(): number {
    if (this.size === 0) return ABSENT
    const number = this.counters[1]!
    return recordAt(this.pageOf(number).float64, this.placeOf(number) / 2)
  }

  words(page: number): Uint32Array {
    return this.holding(page).words
  }

  /** Number of the newest prediction of that id; −1 where none is kept. */
  find(id: string): number {
    return this.byId.get(id) ?? -1
  }

  /** Whether the prediction of that number is still kept. */
  holds(number: number): boolean {
    return number >= this.counters[1]! && number < this.counters[0]!
  }

  /** Keeps a new prediction; the ring must have a place for it, see `leave`. */
  keep(from: Case, id: string): void {
    const number = this.counters[0]!
    this.counters[0] = number + 1
    this.write(number, from)
    this.byId.set(id, number)
  }

  /** Writes a kept prediction anew. */
  write(number: number, from: Case): void {
    this.touch(number)
    const { words } = this.layout
    const to = this.pageOf(number).words
    const at = this.placeOf(number)
    for (let i = 0; i < words; i++) to[at + i] = from.words[i]!
  }

  read(number: number, to: Case): void {
    const { words } = this.layout
    const from = this.pageOf(number).words
    const at = this.placeOf(number)
    for (let i = 0; i < words; i++) to.words[i] = from[at + i]!
  }

  /** Lets the oldest prediction go, which `into` is filled with; there must be one. */
  leave(into: Case): void {
    const number = this.counters[1]!
    this.read(number, into)
    this.touch(number)
    const { words } = this.pageOf(number)
    const at = this.placeOf(number)
    const id = idAt(this.layout, words, at)
    if (id !== null && this.byId.get(id) === number) this.byId.delete(id)
    // What has left is no part of the state.
    words.fill(0, at, at + this.layout.words)
    this.counters[1] = number + 1
  }

  /** The state was written by a restore: finds the ids again. */
  restored(): void {
    this.byId.clear()
    for (let number = this.counters[1]!; number < this.counters[0]!; number++) {
      const id = idAt(this.layout, this.pageOf(number).words, this.placeOf(number))
      if (id !== null) this.byId.set(id, number)
    }
  }

  /** To be called before a change of a prediction's place. */
  private touch(number: number): void {
    const page = this.indexOf(number)
    if (this.lastChanged[page] === this.record) return
    if (this.captured[page]! < this.snapshot) this.watch?.changing(page)
    this.lastChanged[page] = this.record
  }

  private get pageBytes(): number {
    return this.pageCases * this.layout.words * 4
  }

  private indexOf(number: number): number {
    return Math.floor((number % this.capacity) / this.pageCases)
  }

  private pageOf(number: number): Page {
    return this.holding(this.indexOf(number))
  }

  private holding(index: number): Page {
    const page = this.pages[index]
    if (page !== undefined) return page
    const buffer = new ArrayBuffer(this.pageBytes)
    const made = { words: new Uint32Array(buffer), float64: new Float64Array(buffer) }
    this.pages[index] = made
    return made
  }

  /** Place of a prediction's first word in its page. */
  private placeOf(number: number): number {
    return ((number % this.capacity) % this.pageCases) * this.layout.words
  }
}
