import { assert } from '../../assert.ts'
import { ByteWriter, nextPower } from '../../record/byte-writer.ts'
import type { OutputRecord } from '../ports.ts'

const INITIAL_BYTES = 16_384
const INITIAL_RECORDS = 128
const NULL = -1

/** Output records without headers in one buffer, to be transferred between threads. */
export interface PackedOutputs {
  readonly count: number
  /** Bytes of keys and values together. */
  readonly byteLength: number
  /** Bytes of key (−1 = null) and value of each record, (n, 2). */
  readonly lengths: Int32Array<ArrayBuffer>
  /** Keys and values one after the other; what lies behind them is not used. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/**
 * Collects output records until they are taken. Its memory grows to what one taking needs.
 *
 * A record is written between `begin` and `end`: its value is what the writer that `begin` gives
 * has got by then.
 */
export class OutputBuffer {
  readonly #out = new ByteWriter(INITIAL_BYTES)
  #lengths = new Int32Array(2 * INITIAL_RECORDS)
  #count = 0
  /** Behind the last record that is whole. */
  #end = 0
  /** Where the value of the open record begins, −1 without one. */
  #valueFrom = NULL

  get count(): number {
    return this.#count
  }

  /** Bytes of keys and values. */
  get byteLength(): number {
    return this.#end
  }

  begin(key: Uint8Array | null): ByteWriter {
    assert(this.#valueFrom === NULL, 'one output after the other')
    const index = 2 * this.#count
    if (index === this.#lengths.length) this.#growLengths()
    if (key !== null) this.#out.bytes(key)
    this.#lengths[index] = key === null ? NULL : key.length
    this.#valueFrom = this.#out.length
    return this.#out
  }

  end(): void {
    assert(this.#valueFrom !== NULL, 'an output that ends has begun')
    this.#end = this.#out.length
    this.#lengths[2 * this.#count + 1] = this.#end - this.#valueFrom
    this.#valueFrom = NULL
    this.#count++
  }

  /** Hands everything over, with the memory that it lies in. */
  take(): PackedOutputs {
    assert(this.#valueFrom === NULL, 'whole outputs are taken')
    const taken = {
      count: this.#count,
      byteLength: this.#end,
      lengths: this.#lengths,
      bytes: this.#out.take(),
    }
    // The next taking will be of about the same size.
    this.#lengths = new Int32Array(2 * Math.max(INITIAL_RECORDS, nextPower(this.#count)))
    this.#end = 0
    this.#count = 0
    return taken
  }

  #growLengths(): void {
    const lengths = new Int32Array(2 * this.#lengths.length)
    lengths.set(this.#lengths)
    this.#lengths = lengths
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
