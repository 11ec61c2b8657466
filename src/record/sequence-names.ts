import { Buffer } from 'node:buffer'

/** A longer key makes a record a dead letter, in bytes of UTF-8. */
export const maxKeyBytes = 8192

// A longer key is decoded each time: the cache stays below 4 MB.
const maxCachedBytes = 64
const setCount = 1024
/** Keys of one set: so many that 1,000 sequences in turn never push each other out. */
const setSize = 8

interface Entry {
  readonly key: Uint8Array
  readonly name: string
}

/**
 * Names sequences by the bytes of a key: UTF-8, lower-case hexadecimal where it is not valid. The
 * names of short keys are kept in a cache, so that a known one costs no allocation.
 */
export class SequenceNames {
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  readonly #entries: (Entry | undefined)[] = new Array(setCount * setSize).fill(undefined)
  readonly #hashes = new Int32Array(setCount * setSize)
  /** Which entry of each set is the next to go. */
  readonly #oldest = new Uint8Array(setCount)

  /** The name that the bytes [from, to) make. */
  of(bytes: Uint8Array, from: number, to: number): string {
    if (to - from > maxCachedBytes) return this.#decode(bytes.subarray(from, to))
    const hash = hashOf(bytes, from, to)
    const set = (hash ^ (hash >>> 16)) & (setCount - 1)
    const end = (set + 1) * setSize
    for (let i = end - setSize; i < end; i++) {
      if (this.#hashes[i] !== hash) continue
      const entry = this.#entries[i]
      if (entry !== undefined && isKey(entry.key, bytes, from, to)) return entry.name
    }
    // A copy: `slice` of a Buffer is none.
    const key = new Uint8Array(bytes.subarray(from, to))
    const name = this.#decode(key)
    const oldest = this.#oldest[set] as number
    this.#entries[end - setSize + oldest] = { key, name }
    this.#hashes[end - setSize + oldest] = hash
    this.#oldest[set] = (oldest + 1) % setSize
    return name
  }

  #decode(key: Uint8Array): string {
    try {
      return this.#utf8.decode(key)
    } catch {
      return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex')
    }
  }
}

/** FNV-1a */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  return hash | 0
}

function isKey(key: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (key.length !== to - from) return false
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[from + i]) return false
  return true
}
