const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a5

const dictionaryBytes = [0, 1, 2, 4]
const contentSizeBytes = [0, 2, 4, 8]
/** Bytes that each part of a frame's structure takes. */
const partBytes = { magic: 4, descriptor: 1, block: 3, skippable: 4 } as const

/**
 * Follows the structure of zstd frames (RFC 8878, section 3.1), to tell whether the bytes end
 * behind a frame: not every release of Node says so where a file is cut off.
 */
export class ZstdFrames {
  #part: keyof typeof partBytes = 'magic'
  #skip = 0
  #gathered = 0
  #value = 0
  #checksumBytes = 0
  #isForeign = false

  /** Whether all bytes so far are whole frames, or no frames at all. */
  get isWhole(): boolean {
    const isBetween = this.#part === 'magic' && this.#gathered === 0 && this.#skip === 0
    return isBetween || this.#isForeign
  }

  /** Takes in the next bytes, in pieces of any size. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && !this.#isForeign) {
      const skipped = Math.min(this.#skip, chunk.length - at)
      this.#skip -= skipped
      at += skipped
      if (at === chunk.length) return
      this.#value += (chunk[at++] ?? 0) * 256 ** this.#gathered++
      if (this.#gathered === partBytes[this.#part]) this.#take()
    }
  }

  #take(): void {
    const value = this.#value
    this.#value = 0
    this.#gathered = 0
    switch (this.#part) {
      case 'magic':
        this.#part = value === frameMagic ? 'descriptor' : 'skippable'
        this.#isForeign = value !== frameMagic && value >>> 4 !== skippableMagic
        break
      case 'descriptor':
        this.#skip = headerBytes(value)
        this.#checksumBytes = value & 4 ? 4 : 0
        this.#part = 'block'
        break
      case 'block': {
        const isRepeat = ((value >> 1) & 3) === 1
        this.#skip = isRepeat ? 1 : value >> 3
        if ((value & 1) === 0) break
        this.#skip += this.#checksumBytes
        this.#part = 'magic'
        break
      }
      case 'skippable':
        this.#skip = value
        this.#part = 'magic'
    }
  }
}

/** Bytes of a frame's header behind its descriptor: window, dictionary, size of the content. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 32) !== 0
  const size = contentSizeBytes[descriptor >> 6] ?? 0
  const content = size === 0 && isSingleSegment ? 1 : size
  return (isSingleSegment ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0) + content
}
