import { assert } from '../assert.ts'

/** One record as it lies in a partition. */
export interface LogRecord {
  readonly offset: bigint
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: Readonly<Record<string, string | Uint8Array>>
}

/** What a transaction has written; shared by its records, so that its end shows in all of them. */
export interface LogTransaction {
  outcome: 'open' | 'committed' | 'aborted'
}

interface Entry extends LogRecord {
  /** A marker that ends a transaction: takes an offset, is never delivered. */
  readonly isControl: boolean
  readonly transaction: LogTransaction | null
}

export interface Fetched {
  readonly records: readonly LogRecord[]
  /** Position behind what was looked at, markers and aborted records included. */
  readonly nextOffset: bigint
  /** The read_committed end. */
  readonly endOffset: bigint
}

/** An append-only sequence of records with Kafka's rules for transactions and read_committed. */
export class PartitionLog {
  readonly #entries: Entry[] = []
  /** First offsets of transactions, ascending, that were open when last looked at. */
  #open: { readonly offset: bigint; readonly transaction: LogTransaction }[] = []
  #start = 0n
  #end = 0n
  #caughtUp: bigint | null = null

  /** The first offset that may still hold a record. */
  get start(): bigint {
    return this.#start
  }

  /** One past the last offset, open transactions included. */
  get end(): bigint {
    return this.#end
  }

  /** The first offset of the oldest open transaction, else the end: how far read_committed sees. */
  get stableEnd(): bigint {
    this.#open = this.#open.filter(({ transaction }) => transaction.outcome === 'open')
    return this.#open[0]?.offset ?? this.#end
  }

  /**
   * Whoever fetches sees nothing from `offset` on, as from a leader that has just taken over and
   * does not know yet how far its followers are; null: it has caught up.
   */
  lag(offset: bigint | null): void {
    this.#caughtUp = offset
  }

  /** Appends one record and returns its offset. */
  append(
    record: Omit<LogRecord, 'offset'>,
    transaction: LogTransaction | null = null,
    isControl = false,
  ): bigint {
    const offset = this.#end++
    const isKnown = this.#open.some((each) => each.transaction === transaction)
    if (transaction?.outcome === 'open' && !isKnown) this.#open.push({ offset, transaction })
    this.#entries.push({ ...record, offset, isControl, transaction })
    return offset
  }

  /** Reads up to `maxRecords` read_committed records from `offset` on. */
  fetch(offset: bigint, maxRecords: number): Fetched {
    assert(offset >= this.#start, 'a fetch does not begin before the log start')
    const stableEnd = this.stableEnd
    const caughtUp = this.#caughtUp ?? stableEnd
    const endOffset = caughtUp < stableEnd ? caughtUp : stableEnd
    const records: LogRecord[] = []
    let nextOffset = offset < endOffset ? endOffset : offset
    for (let i = this.#indexOf(offset); i < this.#entries.length; i++) {
      const entry = this.#entries[i]
      if (entry === undefined || entry.offset >= endOffset) break
      if (records.length === maxRecords) {
        nextOffset = entry.offset
        break
      }
      if (!entry.isControl && entry.transaction?.outcome !== 'aborted') records.push(entry)
    }
    return { records, nextOffset, endOffset }
  }

  /** Deletes all records before `offset`, as retention does. */
  truncate(offset: bigint): void {
    assert(offset <= this.#end, 'a log is truncated within its bounds')
    this.#entries.splice(0, this.#indexOf(offset))
    if (offset > this.#start) this.#start = offset
  }

  /**
   * Keeps only the newest committed record of each key among those before `until`, as compaction
   * does with all segments but those at the end; and tombstones among them, unless all are so old
   * that nobody can be reading any more who began before them.
   */
  compact(until = this.stableEnd, tombstones: 'kept' | 'dropped' = 'kept'): void {
    const end = until < this.stableEnd ? until : this.stableEnd
    const newest = new Map<string, bigint>()
    for (const entry of this.#entries) {
      if (entry.isControl || entry.transaction?.outcome === 'aborted') continue
      if (entry.offset < end) newest.set(keyOf(entry), entry.offset)
    }
    const isKept = (entry: Entry): boolean => {
      if (entry.offset >= end) return true
      if (entry.isControl || (entry.value === null && tombstones === 'dropped')) return false
      return newest.get(keyOf(entry)) === entry.offset
    }
    const kept = this.#entries.filter(isKept)
    this.#entries.splice(0, this.#entries.length, ...kept)
  }

  /** The index of the first entry at or behind `offset`. */
  #indexOf(offset: bigint): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      const entry = this.#entries[middle]
      assert(entry !== undefined, 'a search stays within the log')
      if (entry.offset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

function keyOf(record: LogRecord): string {
  return record.key === null ? '' : Buffer.from(record.key).toString('latin1')
}
