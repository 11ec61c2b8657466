import { Hash64, HashSum } from './hash.ts'
import type { Sequence, SequenceTable } from './sequence.ts'
import { hashPage, type Pages } from './snapshot/page-rows.ts'

type StateArray = Float64Array | Float32Array | Uint32Array | Int32Array

/** An array of the state that is not bound to a sequence, with a name for diagnostics. */
export interface SharedArray {
  readonly name: string
  readonly array: StateArray
}

/** What sequences keep of their last steps, a window each, as snapshots and hashes see it. */
export interface SequenceWindows {
  /** Bytes of one window, a multiple of 4. */
  readonly byteLength: number
  /** Takes the bytes of a sequence's window into `hash`, or that it has none. */
  hash(sequence: Sequence, hash: Hash64): void
  /** Bytes of the sequence's window, `byteLength` / 4 words of them, to `to[at…]`. */
  copyTo(sequence: Sequence, to: Uint32Array, at: number): void
  /** Gives a sequence the window that lies in `words`, all of them. */
  copyFrom(sequence: Sequence, words: Uint32Array): void
  /** Takes the window away, where there is one. */
  close(sequence: Sequence): void
}

/** Hash of one live sequence: its name and the canonical bytes of its state. */
export function hashSequence(
  sequence: Sequence,
  stateSize: number,
  windows: SequenceWindows,
): Hash64 {
  const hash = new Hash64()
  hash.text(sequence.name)
  hashArray(hash, sequence.core)
  hash.words(sequence.home.words, sequence.statesAt, stateSize)
  windows.hash(sequence, hash)
  return hash
}

/** Hash of arrays in the order given, each with its name and length. */
export function hashArrays(arrays: readonly SharedArray[]): string {
  const hash = new Hash64()
  for (const { name, array } of arrays) {
    hash.text(name)
    hashArray(hash, array)
  }
  return hash.hex()
}

/**
 * State hash (design §1 rule 8): the sum modulo 2^64 of one hash per live sequence, one per page
 * that has ever changed and one of all the rest, so that it does not depend on any order of them.
 */
export function stateHash(
  table: SequenceTable,
  windows: SequenceWindows,
  shared: readonly SharedArray[],
  pages: Pages | null = null,
): string {
  const sum = new HashSum()
  for (const sequence of table.byName.values()) {
    sum.add(hashSequence(sequence, table.stateSize, windows).hex())
  }
  for (let page = 0; page < (pages?.count ?? 0); page++) {
    if (pages !== null && pages.lastChanged[page]! > 0) sum.add(hashPage(pages, page).hex())
  }
  sum.add(hashArrays(shared))
  return sum.hex()
}

function hashArray(hash: Hash64, array: StateArray): void {
  const words = new Uint32Array(array.buffer, array.byteOffset, array.byteLength >>> 2)
  hash.word(words.length)
  hash.words(words, 0, words.length)
}
