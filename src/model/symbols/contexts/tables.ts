import { PAGE_WORDS, PageTable } from '../pages.ts'
import { ProbabilityMap } from './apm.ts'
import { SLOT_DECISIONS, type SlotTable } from './slots.ts'

/** Binary logarithm of the contexts of each of the three probability maps. */
export const MAP_BITS = [8, 13, 14] as const

/** Where each large table lies in the pages. */
export interface Tables {
  readonly pages: PageTable
  readonly slots: readonly SlotTable[]
  readonly symbolsAt: number
  readonly headsAt: number
  readonly mapsAt: readonly number[]
}

/**
 * The pages of `contexts` tables of 2^bits words each, the first two of which need fewer (order 0
 * and 1), of a ring of 2^bits symbols and of the probability maps. `depth`: decisions of a symbol.
 */
export function openTables(contexts: number, bits: number, depth: number): Tables {
  let size = 0
  const claim = (words: number): number => {
    const at = size
    size = Math.ceil((at + words) / PAGE_WORDS) * PAGE_WORDS
    return at
  }
  const slots = Array.from({ length: contexts }, (_, order) => {
    const needed = order < 2 ? (order + 1) * depth + SLOT_DECISIONS : bits
    const own = Math.min(bits, needed)
    return { start: claim(1 << own), bits: own }
  })
  const symbolsAt = claim(1 << (bits - 1))
  const headsAt = claim(1 << (bits - 1))
  const mapsAt = MAP_BITS.map((each) => claim(ProbabilityMap.wordsFor(each)))
  return { pages: new PageTable(size), slots, symbolsAt, headsAt, mapsAt }
}
