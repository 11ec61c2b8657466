import { assert } from '../assert.ts'

/** Slots of a chunk, at most: a power of two. */
const CHUNK_SLOTS_MAX = 64
/**
 * Bytes of a chunk of more than one slot, at most, 16 MiB: offsets within it stay far below 32
 * bits, and one sequence with a long window does not ask for the memory of 64.
 */
const CHUNK_BYTES_MAX = 16_777_216

/** Elements of each type in one slot. */
export interface SlotShape {
  readonly float64: number
  readonly float32: number
  readonly int16: number
  readonly bytes: number
}

/** Views over the memory of neighbouring slots, all over the same bytes. */
export interface Chunk {
  readonly float64: Float64Array
  readonly float32: Float32Array
  readonly int16: Int16Array
  readonly bytes: Uint8Array
  readonly words: Uint32Array
}

/**
 * Memory for many sequences in slots of one size. A slot is a number; where its elements lie in its
 * chunk's views follows from it. Chunks are made as slots are asked for and kept for ever, released
 * slots are used again, the last one first. Slot numbers depend on who came and went: they stay
 * outside of the state.
 */
export class Slab {
  /** Bytes of one slot, a multiple of 8. */
  readonly slotBytes: number
  /** Slots of a chunk, a power of two, and its logarithm. */
  private readonly chunkSlots: number
  private readonly chunkShift: number
  private readonly float32From: number
  private readonly int16From: number
  private readonly bytesFrom: number
  private readonly chunks: Chunk[] = []
  /** Released slots, the first `freeCount` of them. */
  private readonly free: number[] = []
  private freeCount = 0
  private used = 0

  constructor({ float64, float32, int16, bytes }: SlotShape) {
    this.float32From = 2 * float64
    this.int16From = 2 * (this.float32From + float32)
    this.bytesFrom = 2 * (this.int16From + int16)
    this.slotBytes = Math.ceil((this.bytesFrom + bytes) / 8) * 8
    let slots = CHUNK_SLOTS_MAX
    while (slots > 1 && slots * this.slotBytes > CHUNK_BYTES_MAX) slots >>= 1
    this.chunkSlots = slots
    this.chunkShift = 31 - Math.clz32(slots)
  }

  /** Slots in use. */
  get size(): number {
    return this.used - this.freeCount
  }

  /** Slots there is memory for. */
  get capacity(): number {
    return this.chunks.length * this.chunkSlots
  }

  /** A slot, all zeros. */
  open(): number {
    if (this.freeCount > 0) {
      const slot = this.free[--this.freeCount] as number
      const at = this.wordsAt(slot)
      this.chunkOf(slot).words.fill(0, at, at + this.slotBytes / 4)
      return slot
    }
    if (this.used === this.capacity) this.chunks.push(makeChunk(this.chunkSlots * this.slotBytes))
    return this.used++
  }

  /** Gives a slot back; it must be in use. */
  release(slot: number): void {
    assert(slot >= 0 && slot < this.used && this.size > 0, 'only a slot in use is released')
    this.free[this.freeCount++] = slot
  }

  chunkOf(slot: number): Chunk {
    return this.chunks[slot >> this.chunkShift] as Chunk
  }

  /** Offset of the slot's first float64 in `chunkOf(slot).float64`; the others alike. */
  float64At(slot: number): number {
    return this.beginOf(slot) >> 3
  }

  float32At(slot: number): number {
    return (this.beginOf(slot) >> 2) + this.float32From
  }

  int16At(slot: number): number {
    return (this.beginOf(slot) >> 1) + this.int16From
  }

  bytesAt(slot: number): number {
    return this.beginOf(slot) + this.bytesFrom
  }

  /** The whole slot as `slotBytes` / 4 words. */
  wordsAt(slot: number): number {
    return this.beginOf(slot) >> 2
  }

  private beginOf(slot: number): number {
    return (slot & (this.chunkSlots - 1)) * this.slotBytes
  }
}

function makeChunk(byteLength: number): Chunk {
  const buffer = new ArrayBuffer(byteLength)
  return {
    float64: new Float64Array(buffer),
    float32: new Float32Array(buffer),
    int16: new Int16Array(buffer),
    bytes: new Uint8Array(buffer),
    words: new Uint32Array(buffer),
  }
}
