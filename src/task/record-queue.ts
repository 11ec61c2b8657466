import { assert } from '../assert.ts'
import type { InputBatch, InputRecord } from './ports.ts'
import { bytesOf } from './record-bytes.ts'

/**
 * Marks of a queue: above one of the high ones the partition is paused, below both low ones
 * resumed.
 */
export interface QueueBounds {
  readonly highRecords: number
  readonly highBytes: number
}

export const defaultQueueBounds: QueueBounds = { highRecords: 20_000, highBytes: 8_388_608 }

interface Entry {
  readonly records: readonly InputRecord[]
  readonly bytes: number
  nextOffset: bigint
}

/**
 * Fetched records that wait for the model: whole batches, no copies. It never holds more than its
 * high mark plus the batch that crossed it, because its owner pauses the partition there.
 */
export class RecordQueue {
  readonly bounds: QueueBounds
  readonly #entries: Entry[] = []
  /** Next record in the first entry. */
  #index = 0
  #records = 0
  #bytes = 0
  #position: bigint
  #endOffset: bigint

  /**
   * `position`: the offset from which the partition is fetched. `endOffset`: its end as far as that
   * is known before the first fetch.
   */
  constructor(position: bigint, bounds: QueueBounds = defaultQueueBounds, endOffset = position) {
    this.bounds = bounds
    this.#position = position
    this.#endOffset = endOffset
  }

  /** Records that wait. */
  get records(): number {
    return this.#records
  }

  /** Bytes of keys and values of the batches that wait, whole batches counted. */
  get bytes(): number {
    return this.#bytes
  }

  get isHigh(): boolean {
    return this.#records >= this.bounds.highRecords || this.#bytes >= this.bounds.highBytes
  }

  /** The fuller of the two bounds, as a share: 1 = the partition is to be paused. */
  get fill(): number {
    const { highRecords, highBytes } = this.bounds
    return Math.max(this.#records / highRecords, this.#bytes / highBytes)
  }

  get isLow(): boolean {
    return this.#records * 4 <= this.bounds.highRecords && this.#bytes * 4 <= this.bounds.highBytes
  }

  /** Behind the last record taken out. */
  get position(): bigint {
    return this.#position
  }

  /** Where fetching goes on behind all that waits. */
  get fetchPosition(): bigint {
    return this.#entries.at(-1)?.nextOffset ?? this.#position
  }

  /** End of the partition as of the newest fetch. */
  get endOffset(): bigint {
    return this.#endOffset
  }

  /** Takes a batch. What lies before the fetch position was taken already and is left out. */
  push(batch: InputBatch): void {
    const { nextOffset } = batch
    const from = this.fetchPosition
    if (nextOffset <= from) return
    const records = batch.records.filter((record) => record.offset >= from)
    this.#endOffset = batch.endOffset
    if (records.length > 0) {
      const bytes = records.reduce((sum, r) => sum + bytesOf(r), 0)
      this.#entries.push({ records, bytes, nextOffset })
      this.#records += records.length
      this.#bytes += bytes
      return
    }
    // Markers and aborted records alone: only positions move.
    const last = this.#entries.at(-1)
    if (last === undefined) this.#position = nextOffset
    else last.nextOffset = nextOffset
  }

  /** Takes out the next records, up to `maxRecords` of about `maxBytes`, at least one if any. */
  take(maxRecords: number, maxBytes: number): InputRecord[] {
    const taken: InputRecord[] = []
    let bytes = 0
    while (taken.length < maxRecords && (bytes < maxBytes || taken.length === 0)) {
      const record = this.#shift()
      if (record === null) break
      taken.push(record)
      bytes += bytesOf(record)
    }
    return taken
  }

  #shift(): InputRecord | null {
    const entry = this.#entries[0]
    if (entry === undefined) return null
    const record = entry.records[this.#index]
    assert(record !== undefined, 'an entry of the queue has a next record')
    this.#index++
    this.#records--
    this.#position = record.offset + 1n
    if (this.#index === entry.records.length) {
      this.#entries.shift()
      this.#index = 0
      this.#bytes -= entry.bytes
      this.#position = entry.nextOffset
    }
    return record
  }
}
