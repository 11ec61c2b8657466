import { Hash64, HashSum } from './hash.ts'
import type { Sequence, SequenceTable } from './sequence.ts'
import type { Windows } from './window.ts'

/** An array of the state that is not bound to a sequence, with a name for diagnostics. */
export interface SharedArray {
  readonly name: string
  readonly array: Float64Array | Float32Array | Uint32Array
}

/** Hash of one live sequence: its name and the canonical bytes of its state. */
export function hashSequence(sequence: Sequence, stateSize: number, windows: Windows): Hash64 {
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
 * State hash (design §1 rule 8): the sum modulo 2^64 of one hash per live sequence and one of all
 * the rest, so that it does not depend on the order of the sequences.
 */
export function stateHash(
  table: SequenceTable,
  windows: Windows,
  shared: readonly SharedArray[],
): string {
  const sum = new HashSum()
  for (const sequence of table.byName.values()) {
    sum.add(hashSequence(sequence, table.stateSize, windows).hex())
  }
  sum.add(hashArrays(shared))
  return sum.hex()
}

function hashArray(hash: Hash64, array: Float64Array | Float32Array | Uint32Array): void {
  const words = new Uint32Array(array.buffer, array.byteOffset, array.byteLength >>> 2)
  hash.word(words.length)
  hash.words(words, 0, words.length)
}
