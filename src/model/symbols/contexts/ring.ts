import type { Layout } from '../../layout.ts'
import { PAGE_SHIFT, type PageTable } from '../pages.ts'

/** Newest symbols of a sequence that its core holds, the newest first. */
const RECENT = 24
/** Symbols that have to agree before a match is looked for. */
export const SHORTEST_MATCH = 6
/** From so many on a match is kept although a newer one may be there. */
const KEPT_FROM = 16
const LONGEST = 65_535
/** Symbols of a sequence that wait for a place in the ring while another sequence writes there. */
const WAITING = 32
const TWO_32 = 0x1_0000_0000

/** Places of `book`: symbols written, the sequence that wrote last, sequences numbered. */
const BOOK = { end: 0, owner: 1, sequences: 2, size: 4 } as const

/**
 * What all sequences have brought, the newest 2^bits symbols, and where in it the last few symbols
 * of a sequence have been before. Symbols of one sequence lie side by side: as long as it is the
 * only one to write, each goes there at once, else they wait until there is a run of them.
 */
export class SymbolRing {
  readonly book = new Float64Array(BOOK.size)
  /** Place in the core of the newest symbols, (RECENT). */
  readonly recent: number
  private readonly pages: PageTable
  private readonly symbols: Uint16Array
  private readonly symbolsAt: number
  private readonly mask: number
  private readonly headsAt: number
  private readonly headMask: number
  // Places in the core.
  private readonly number: number
  private readonly pointer: number
  private readonly length: number
  /** The SHORTEST_MATCH symbols before those that wait, and these. */
  private readonly waiting: number
  private readonly waits: number

  /** `symbolsAt`, `headsAt`: first words of 2^(bits − 1) each of the pages. */
  constructor(core: Layout, pages: PageTable, bits: number, symbolsAt: number, headsAt: number) {
    this.pages = pages
    this.symbols = new Uint16Array(pages.memory.buffer)
    this.symbolsAt = 2 * symbolsAt
    this.mask = (1 << bits) - 1
    this.headsAt = headsAt
    this.headMask = (1 << (bits - 1)) - 1
    this.recent = core.claim(RECENT)
    this.number = core.claim(1)
    this.pointer = core.claim(1)
    this.length = core.claim(1)
    this.waiting = core.claim(SHORTEST_MATCH + WAITING)
    this.waits = core.claim(1)
  }

  /** What waits of the sequence before goes into the ring; the next has a number of its own. */
  reset(core: Float64Array): void {
    this.flush(core)
    core.fill(0, this.recent, this.recent + RECENT)
    core[this.pointer] = 0
    core[this.length] = 0
    this.book[BOOK.sequences] = this.book[BOOK.sequences]! + 1
    core[this.number] = this.book[BOOK.sequences]!
  }

  /** The symbol that followed where the sequence has been before, −1 without a match. */
  expected(core: Float64Array): number {
    return core[this.length] === 0
      ? -1
      : this.symbols[this.symbolsAt + (core[this.pointer]! % (this.mask + 1))]!
  }

  /** Symbols that agree, 0 without a match. */
  matched(core: Float64Array): number {
    return core[this.length]!
  }

  /** Takes in the symbol that came next in the sequence. */
  push(core: Float64Array, symbol: number): void {
    if (core[this.length] !== 0 && this.expected(core) === symbol) {
      core[this.length] = Math.min(core[this.length]! + 1, LONGEST)
      core[this.pointer] = core[this.pointer]! + 1
    } else core[this.length] = 0
    const { recent } = this
    const isOwner = core[this.number] === this.book[BOOK.owner]
    if (!isOwner) this.wait(core, symbol)
    core.copyWithin(recent + 1, recent, recent + RECENT - 1)
    core[recent] = symbol
    const hash = this.hash(core, recent, 1)
    // The place is read before the symbol itself is entered there.
    const candidate = this.candidate(hash)
    if (isOwner) this.write(symbol, hash)
    else if (core[this.waits] === WAITING) this.flush(core)
    const end = this.book[BOOK.end]!
    const at = core[this.pointer]!
    if (at >= end || at < end - this.mask) core[this.length] = 0
    if (core[this.length]! < KEPT_FROM) this.look(core, candidate)
  }

  private symbolAt(at: number): number {
    return this.symbols[this.symbolsAt + (at % (this.mask + 1))]!
  }

  /** Keeps the symbol until the ring is free, and what stood before the first that waits. */
  private wait(core: Float64Array, symbol: number): void {
    const waits = core[this.waits]!
    if (waits === 0) {
      for (let i = 0; i < SHORTEST_MATCH; i++) {
        core[this.waiting + i] = core[this.recent + SHORTEST_MATCH - 1 - i]!
      }
    }
    core[this.waiting + SHORTEST_MATCH + waits] = symbol
    core[this.waits] = waits + 1
  }

  /** Writes what waits as one run, which the sequence may carry on from now. */
  private flush(core: Float64Array): void {
    const waits = core[this.waits]!
    if (waits === 0) return
    for (let i = 0; i < SHORTEST_MATCH + waits; i++) {
      const at = this.waiting + i
      // From the last of those before on, so that what waited is found from its first symbol.
      this.write(core[at]!, i < SHORTEST_MATCH - 1 ? -1 : this.hash(core, at, -1))
    }
    this.book[BOOK.owner] = core[this.number]!
    core[this.waits] = 0
  }

  /** Puts a symbol at the end; `hash`: of the last ones with it, −1 where none is to be found. */
  private write(symbol: number, hash: number): void {
    const { book, pages } = this
    const end = book[BOOK.end]!
    const at = this.symbolsAt + (end % (this.mask + 1))
    const page = at >>> (PAGE_SHIFT + 1)
    if (pages.lastChanged[page] !== pages.record) pages.touch(page)
    this.symbols[at] = symbol
    book[BOOK.end] = end + 1
    if (hash < 0) return
    const head = this.headsAt + hash
    const headPage = head >>> PAGE_SHIFT
    if (pages.lastChanged[headPage] !== pages.record) pages.touch(headPage)
    pages.memory[head] = (end + 1) % TWO_32
  }

  /** Of SHORTEST_MATCH symbols, the newest at `from`, older ones `step` places on each. */
  private hash(core: Float64Array, from: number, step: number): number {
    let hash = 0
    for (let i = 0; i < SHORTEST_MATCH; i++) {
      hash = Math.imul(hash + core[from + i * step]! + 1, 0x2f0b4c47)
      hash ^= hash >>> 15
    }
    return hash & this.headMask
  }

  /** Where symbols of this hash were followed last, −1 if that is no longer in the ring. */
  private candidate(hash: number): number {
    const end = this.book[BOOK.end]!
    const stored = this.pages.memory[this.headsAt + hash]!
    const back = ((end % TWO_32) - stored) >>> 0
    return back < this.mask - RECENT && back < end ? end - back : -1
  }

  /** Takes the candidate if more symbols agree there than now. */
  private look(core: Float64Array, candidate: number): void {
    if (candidate < 0 || candidate >= this.book[BOOK.end]!) return
    const most = Math.min(RECENT, candidate)
    let length = 0
    while (length < most && this.symbolAt(candidate - 1 - length) === core[this.recent + length]) {
      length++
    }
    if (length < SHORTEST_MATCH || length <= core[this.length]!) return
    core[this.pointer] = candidate
    core[this.length] = length
  }
}
