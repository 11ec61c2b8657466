import { Hash64, type HashSum } from '../hash.ts'
import { FRAME_BYTES, invalid, openRow, readRow } from './row.ts'
import type { StateRow } from './snapshots.ts'

/** Who is told before a page changes for the first time since the cut of a snapshot. */
export interface PageWatch {
  changing(page: number): void
}

/**
 * Big tables of the state cut into pages of at most 64 KiB. Their number and sizes are the
 * configuration's. Who changes a page first compares `lastChanged` with the record in hand; where
 * they differ, and `captured` is below `snapshot`, it tells `watch`.
 */
export interface Pages {
  readonly count: number
  /** Bytes of all pages. */
  readonly byteLength: number
  /** Record count of each page's newest change, part of the state; 0 = as it was made. */
  readonly lastChanged: Float64Array
  /** Number of the newest snapshot that has each page; no part of the state. */
  readonly captured: Int32Array
  /** Number of the snapshot that still lacks some of the pages; 0 = none does. */
  snapshot: number
  watch: PageWatch | null
  /** The page itself, not a copy. */
  words(page: number): Uint32Array
}

/** Places of the fields: number of the page, of all pages, and the record count of its change. */
const PAGE = 0
const PAGES = 1
const CHANGED_LOW = 2
const CHANGED_HIGH = 3
const WORD = 0x100000000

/** The pages' rows, and which of them the snapshot in progress still lacks. */
export class PageRows {
  private readonly pages: Pages
  /** Of each page its hash when `lastChanged` was `hashedAt`, as two signed words. */
  private readonly hashHigh: Int32Array
  private readonly hashLow: Int32Array
  private readonly hashedAt: Float64Array
  /** All pages before it are in the snapshot in progress. */
  private cursor = 0
  /** Pages that the snapshot in progress lacks. */
  private lacking = 0

  constructor(pages: Pages) {
    this.pages = pages
    this.hashHigh = new Int32Array(pages.count)
    this.hashLow = new Int32Array(pages.count)
    this.hashedAt = new Float64Array(pages.count)
  }

  get isComplete(): boolean {
    return this.lacking === 0
  }

  /** Bytes of all pages, and of those that the snapshot in progress lacks, about. */
  get byteLength(): number {
    return this.pages.byteLength
  }

  get lackingBytes(): number {
    const { pages } = this
    return pages.count === 0 ? 0 : pages.byteLength * (this.lacking / pages.count)
  }

  begin(snapshot: number): void {
    this.pages.snapshot = snapshot
    this.cursor = 0
    this.lacking = this.pages.count
  }

  end(): void {
    this.pages.snapshot = 0
    this.lacking = 0
  }

  /** A page that the snapshot in progress lacks; there must be one. */
  next(): number {
    const { pages } = this
    while (pages.captured[this.cursor]! >= pages.snapshot) this.cursor++
    return this.cursor
  }

  /**
   * Takes a page into the snapshot in progress as it is now, and its hash into `sum`; null where
   * the slot, whose own last seal was cut at record `cut`, has it like that.
   */
  capture(page: number, cut: number, sum: HashSum): StateRow | null {
    const { pages } = this
    pages.captured[page] = pages.snapshot
    this.lacking--
    this.addHash(page, sum)
    const changed = pages.lastChanged[page]!
    if (changed === 0 || changed <= cut) return null
    const words = pages.words(page)
    const bytes = this.encode(page, words)
    return { kind: 'page', name: `${page}`, bytes, bytesMax: FRAME_BYTES + words.byteLength }
  }

  /** Adds the hash of every page to `sum`; of one that has never changed there is none. */
  addHashes(sum: HashSum): void {
    for (let page = 0; page < this.pages.count; page++) this.addHash(page, sum)
  }

  /**
   * Makes a page what its row says. Throws what `readRow` throws, also where the row is of another
   * model.
   */
  decode(name: string, bytes: Uint8Array): void {
    const { pages } = this
    const { fields, payload } = readRow('page', name, bytes)
    const page = fields[PAGE]!
    const fits =
      fields[PAGES] === pages.count &&
      page < pages.count &&
      name === `${page}` &&
      payload.length === pages.words(page).length
    if (!fits) throw invalid(`The page '${name}' of a snapshot has another shape than this model.`)
    pages.words(page).set(payload)
    pages.lastChanged[page] = fields[CHANGED_HIGH]! * WORD + fields[CHANGED_LOW]!
  }

  private encode(page: number, words: Uint32Array): Uint8Array {
    const row = openRow('page', words.length)
    const { fields, payload } = row
    const changed = this.pages.lastChanged[page]!
    fields[PAGE] = page
    fields[PAGES] = this.pages.count
    fields[CHANGED_LOW] = changed % WORD
    fields[CHANGED_HIGH] = Math.floor(changed / WORD)
    payload.set(words)
    return row.close()
  }

  private addHash(page: number, sum: HashSum): void {
    const { hashHigh, hashLow, hashedAt, pages } = this
    const changed = pages.lastChanged[page]!
    if (changed === 0) return
    if (hashedAt[page] !== changed) {
      const hash = hashPage(pages, page)
      const high = hash.finalHigh()
      hashHigh[page] = high
      hashLow[page] = hash.finalLow(high)
      hashedAt[page] = changed
    }
    sum.addWords(hashHigh[page]!, hashLow[page]!)
  }
}

/** Hash of one page: its number, when it changed and its words. */
export function hashPage(pages: Pages, page: number): Hash64 {
  const hash = new Hash64()
  const words = pages.words(page)
  hash.word(page)
  hash.float64(pages.lastChanged[page]!)
  hash.words(words, 0, words.length)
  return hash
}
