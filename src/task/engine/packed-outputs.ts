import { assert } from '../../assert.ts'
import type { OutputRecord } from '../ports.ts'

const INITIAL_BYTES = 16_384
const NULL = -1

/** Output records without headers in one buffer, to be transferred between threads. */
export interface PackedOutputs {
  readonly count: number
  /** Bytes of key (−1 = null) and value of each record, (n, 2). */
  readonly lengths: Int32Array<ArrayBuffer>
  /** Keys and values one after the other; what lies behind them is not used. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Collects output records until they are taken. Its memory grows to what one taking needs. */
export class OutputBuffer {
  #bytes = Buffer.from(new ArrayBuffer(INITIAL_BYTES))
  #lengths = new Int32Array(256)
  #used = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Bytes of keys and values. */
  get byteLength(): number {
    return this.#used
  }

  /** `text`: the value, written as UTF-8. */
  add(key: Uint8Array | null, text: string): void {
    const keyBytes = key?.length ?? 0
    // No character of a string takes more than three bytes.
    this.#reserve(keyBytes + 3 * text.length)
    if (key !== null) this.#bytes.set(key, this.#used)
    this.#used += keyBytes
    const valueBytes = this.#bytes.write(text, this.#used)
    this.#used += valueBytes
    this.#lengths[2 * this.#count] = key === null ? NULL : keyBytes
    this.#lengths[2 * this.#count + 1] = valueBytes
    this.#count++
  }

  /** Hands everything over, with the memory that it lies in. */
  take(): PackedOutputs {
    const taken = {
      count: this.#count,
      lengths: this.#lengths,
      bytes: new Uint8Array(this.#bytes.buffer as ArrayBuffer),
    }
    // The next taking will be of about the same size.
    this.#bytes = Buffer.from(new ArrayBuffer(Math.max(INITIAL_BYTES, nextPower(this.#used))))
    this.#lengths = new Int32Array(Math.max(256, 2 * nextPower(this.#count)))
    this.#used = 0
    this.#count = 0
    return taken
  }

  #reserve(more: number): void {
    const needed = this.#used + more
    if (needed > this.#bytes.length) {
      const bytes = Buffer.from(new ArrayBuffer(nextPower(needed)))
      bytes.set(this.#bytes.subarray(0, this.#used))
      this.#bytes = bytes
    }
    if (2 * this.#count === this.#lengths.length) {
      const lengths = new Int32Array(2 * this.#lengths.length)
      lengths.set(this.#lengths)
      this.#lengths = lengths
    }
  }
}

/** The records again; their keys and values are views into the buffer. */
export function unpackOutputs({ count, lengths, bytes }: PackedOutputs): OutputRecord[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: OutputRecord[] = []
  let from = 0
  for (let i = 0; i < count; i++) {
    const keyBytes = lengths[2 * i] as number
    const value = from + Math.max(0, keyBytes)
    const end = value + (lengths[2 * i + 1] as number)
    assert(end <= buffer.length, 'packed outputs lie within their buffer')
    const key = keyBytes === NULL ? null : buffer.subarray(from, value)
    records.push({ key, value: buffer.subarray(value, end) })
    from = end
  }
  return records
}

function nextPower(size: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, size)))
}
