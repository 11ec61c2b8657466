import type { Pages, PageWatch } from '../snapshot/page-rows.ts'

/** Binary logarithm of PAGE_WORDS: the page of word w is w >>> PAGE_SHIFT. */
export const PAGE_SHIFT = 14
/** 32-bit words of a page: 64 kB. */
export const PAGE_WORDS = 1 << PAGE_SHIFT

/**
 * Tables too large to be written whole with every snapshot, in one piece of memory cut into pages.
 * A page is to a snapshot and to the state hash what a sequence is: it knows the record of its
 * newest change, and is told of before the first change after a cut.
 */
export class PageTable implements Pages {
  /** Pages. */
  readonly count: number
  /** All pages, one behind the other; (count × PAGE_WORDS). */
  readonly memory: Uint32Array
  /** Record count of each page's newest change, 0 before any; part of the state; (count). */
  readonly lastChanged: Float64Array
  /** The record that is being taken in: set before each. */
  record = 0
  watch: PageWatch | null = null
  /** Number of the snapshot that still lacks some pages; 0 = none does. */
  snapshot = 0
  /** Number of the newest snapshot that has each page, (count); no part of the state. */
  readonly captured: Int32Array

  /** `words`: 32-bit words of all tables together. */
  constructor(words: number) {
    this.count = Math.ceil(words / PAGE_WORDS)
    this.memory = new Uint32Array(this.count * PAGE_WORDS)
    this.lastChanged = new Float64Array(this.count)
    this.captured = new Int32Array(this.count)
  }

  /** Of the tables and of what is kept about each page. */
  get byteLength(): number {
    return this.memory.byteLength + this.count * (8 + 4)
  }

  /** The words of one page, a view. */
  words(page: number): Uint32Array {
    return this.memory.subarray(page * PAGE_WORDS, (page + 1) * PAGE_WORDS)
  }

  /**
   * To be called before the first change of a page in a record; more often does no harm. The caller
   * may leave it out where `lastChanged[page]` is `record`.
   */
  touch(page: number): void {
    if (this.captured[page]! < this.snapshot) this.watch?.changing(page)
    this.lastChanged[page] = this.record
  }
}
