import { Buffer } from 'node:buffer'

/** A longer key makes a record a dead letter, in bytes of UTF-8. */
export const maxKeyBytes = 8192

// A longer key is decoded each time: the cache stays below 100 kB.
const maxCachedBytes = 64
const slotCount = 1024

interface Slot {
  readonly key: Uint8Array
  readonly name: string
}

/**
 * Names sequences by the bytes of a key: UTF-8, lower-case hexadecimal where it is not valid. The
 * names of short keys are kept in a direct-mapped cache, so that a known one costs no allocation.
 */
export class SequenceNames {
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  readonly #slots: (Slot | undefined)[] = new Array(slotCount).fill(undefined)

  of(key: Uint8Array): string {
    if (key.length > maxCachedBytes) return this.#decode(key)
    const index = slotOf(key)
    const slot = this.#slots[index]
    if (slot !== undefined && areEqual(slot.key, key)) return slot.name
    const name = this.#decode(key)
    this.#slots[index] = { key: key.slice(), name }
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

/** FNV-1a, folded to the number of slots. */
function slotOf(key: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ (key[i] as number), 0x01000193)
  return (hash ^ (hash >>> 16)) & (slotCount - 1)
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
