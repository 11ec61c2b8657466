import { PAGE_SHIFT, type PageTable } from '../pages.ts'
import { HISTORY_BITS } from './bit-history.ts'

/** Decisions that one slot serves: its nodes are a tree of that depth. */
export const SLOT_DECISIONS = 2
/** Words of a slot: whose it is, and one for each node. */
const SLOT_WORDS = 1 << SLOT_DECISIONS
export const NO_SLOT = -1

/** Neighbours in which a slot may lie: with slots of four words, those of one cache line. */
const WAYS = 4

const COUNT_MASK = (1 << (16 - HISTORY_BITS)) - 1
const HISTORY_MASK = (1 << HISTORY_BITS) - 1
/** Times seen after which the rate of a node stays. */
const SEEN_MAX = 60
/** A node that has seen nothing. */
const FRESH = 0x8000_0000 | 0

/** RATES[n] = 65,536 / (n + 1.6): how far the next bit moves a node that was seen n times. */
const RATES = Uint32Array.from({ length: SEEN_MAX + 1 }, (_, n) => Math.floor(65_536 / (n + 1.6)))

/** One hash table of slots: its first word in the pages and the logarithm of its words. */
export interface SlotTable {
  readonly start: number
  readonly bits: number
}

/**
 * Hash tables of nodes, one for each context. A node is one word: probability of a one (16 bits),
 * how often it was seen, and its bit history (`HISTORY_BITS`).
 */
export class SlotTables {
  private readonly pages: PageTable
  /** The pages as signed words: numbers beyond 2^31 would be objects where they are passed on. */
  readonly words: Int32Array
  private readonly starts: Int32Array
  private readonly masks: Int32Array

  constructor(pages: PageTable, tables: readonly SlotTable[]) {
    this.pages = pages
    this.words = new Int32Array(pages.memory.buffer)
    this.starts = Int32Array.from(tables, (table) => table.start)
    this.masks = Int32Array.from(tables, (table) => (1 << (table.bits - SLOT_DECISIONS)) - 1)
  }

  /**
   * Reads a word near the slot of each table's hash, so that what is not in the caches comes all at
   * once rather than one after the other. What it returns means nothing.
   */
  warm(hashes: Int32Array): number {
    const { words, starts, masks } = this
    let sum = 0
    for (let i = 0; i < hashes.length; i++) {
      sum ^= words[starts[i]! + ((hashes[i]! & masks[i]!) << SLOT_DECISIONS)]!
    }
    return sum
  }

  /** Where the slot of this hash lies in a table, NO_SLOT if it does not; changes nothing. */
  find(table: number, hash: number): number {
    const start = this.starts[table]!
    const index = hash & this.masks[table]!
    const check = checkOf(hash)
    for (let way = 0; way < WAYS; way++) {
      const at = start + ((index ^ way) << SLOT_DECISIONS)
      if (this.words[at] === check) return at
    }
    return NO_SLOT
  }

  /**
   * The same, made where it is not there: the least seen of its neighbours gives way. The page is
   * touched, since a slot is claimed to be changed.
   */
  claim(table: number, hash: number): number {
    const { words, pages } = this
    const start = this.starts[table]!
    const index = hash & this.masks[table]!
    const check = checkOf(hash)
    let found = NO_SLOT
    let least = COUNT_MASK + 1
    for (let way = 0; way < WAYS; way++) {
      const at = start + ((index ^ way) << SLOT_DECISIONS)
      const owner = words[at]!
      if (owner === check) {
        const page = at >>> PAGE_SHIFT
        if (pages.lastChanged[page] !== pages.record) pages.touch(page)
        return at
      }
      const seen = owner === 0 ? -1 : seenOf(words[at + 1]!)
      if (seen < least) {
        least = seen
        found = at
      }
    }
    const page = found >>> PAGE_SHIFT
    if (pages.lastChanged[page] !== pages.record) pages.touch(page)
    words[found] = check
    for (let i = 1; i < SLOT_WORDS; i++) words[found + i] = FRESH
    return found
  }
}

/** Never 0, which stands for a slot that was never used. */
function checkOf(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 12)) | 1
}

function seenOf(node: number): number {
  return (node >>> HISTORY_BITS) & COUNT_MASK
}

/** Number of a node's bit history; 0 = it has seen nothing. */
export function historyOf(node: number): number {
  return node & HISTORY_MASK
}

/** The node after one more bit; `next`: of `BitHistories`. */
export function nodeAfter(node: number, bit: number, next: Uint16Array): number {
  const seen = seenOf(node)
  const rate = RATES[seen]!
  let p = node >>> 16
  if (bit === 1) p += ((65_535 - p) * rate) >>> 16
  else p -= (p * rate) >>> 16
  const count = seen < SEEN_MAX ? seen + 1 : seen
  return (p << 16) | (count << HISTORY_BITS) | next[2 * historyOf(node) + bit]!
}
