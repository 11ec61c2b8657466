import { Hash64 } from '../hash.ts'
import type { SharedArray } from '../state.ts'

/** Different values of a field that have a number of their own; later ones share these. */
const NAMES_MAX = 256
/** Places of the table, twice as many: a power of two. */
const PLACES = 512
/** Words of a place: the hash of the value, its number + 1. */
const WORDS = 3

/**
 * Numbers for the values of fields that are names, from 0 in the order in which they come; those
 * beyond the first 256 of a field get one of these numbers by their hash. A value is known by 64
 * bits of hash: two that share them are taken for one.
 */
export class Names {
  /** Per field: (PLACES, WORDS), then how many have a number. */
  private readonly tables: readonly Uint32Array[]
  private readonly hash = new Hash64()

  constructor(fields: number) {
    this.tables = Array.from({ length: fields }, () => new Uint32Array(PLACES * WORDS + 1))
  }

  arrays(): SharedArray[] {
    return this.tables.map((array, f) => ({ name: `names/${f}`, array }))
  }

  /** The number of a field's value, which is given one where it is new. */
  numberOf(field: number, value: string): number {
    const table = this.tables[field]!
    const { hash } = this
    hash.set(0x9747b28c, 0x5bd1e995)
    hash.text(value)
    const high = hash.finalHigh()
    const low = hash.finalLow(high)
    const known = table[PLACES * WORDS]!
    for (let i = 0; i < PLACES; i++) {
      const at = ((low + i) & (PLACES - 1)) * WORDS
      const number = table[at + 2]!
      if (number === 0) {
        if (known === NAMES_MAX) break
        table[at] = high
        table[at + 1] = low
        table[at + 2] = known + 1
        table[PLACES * WORDS] = known + 1
        return known
      }
      if (table[at] === high && table[at + 1] === low) return number - 1
    }
    return high % NAMES_MAX
  }
}
