import { Piece } from './byte-writer.ts'

// A longer name is encoded each time: the cache stays below 8 MB.
const maxCachedLength = 64
const capacity = 8192

/**
 * Names of sequences as JSON strings. Those of short names are kept, the oldest going first, so
 * that a known one costs no allocation.
 */
export class JsonNames {
  readonly #pieces = new Map<string, Piece>()
  /** Names in the order of their coming, round and round. */
  readonly #order: string[] = []
  #next = 0

  of(name: string): Piece {
    return this.#pieces.get(name) ?? this.#encode(name)
  }

  #encode(name: string): Piece {
    const piece = new Piece(JSON.stringify(name))
    if (name.length > maxCachedLength) return piece
    const oldest = this.#order[this.#next]
    if (oldest !== undefined) this.#pieces.delete(oldest)
    this.#order[this.#next] = name
    this.#next = (this.#next + 1) % capacity
    this.#pieces.set(name, piece)
    return piece
  }
}
