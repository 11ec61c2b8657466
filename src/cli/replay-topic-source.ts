import { assert } from '../assert.ts'
import type { TopicReader, TopicRecord } from '../kafka/topic-reader.ts'
import type { PartitionRange } from './replay-topic-range.ts'

/**
 * The records of one piece of a partition, in batches as they are fetched; to be iterated once.
 * The records of a batch are valid until the next one is asked for.
 */
export class TopicSource implements AsyncIterable<readonly TopicRecord[]> {
  readonly #reader: Pick<TopicReader, 'read'>
  readonly #range: PartitionRange
  readonly #limit: number
  readonly #signal: AbortSignal
  #batch: readonly TopicRecord[] = []
  #batchRow = 0

  /** Aborted, `signal` ends the iteration as at the end, also while it waits for the broker. */
  constructor(
    reader: Pick<TopicReader, 'read'>,
    range: PartitionRange,
    options: { readonly limit?: number | undefined; readonly signal: AbortSignal },
  ) {
    this.#reader = reader
    this.#range = range
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY
    this.#signal = options.signal
  }

  /** Offset of a row of the batch that is being worked on. */
  offsetOf(row: number): bigint {
    const record = this.#batch[row - this.#batchRow]
    assert(record !== undefined, 'a row is asked for while its batch is at work')
    return record.offset
  }

  /** How much of the piece the first `rows` rows are, 0 … 1. */
  fractionDone(rows: number): number {
    const { from, until } = this.#range
    const byRows = rows / this.#limit
    if (rows === 0 || from === until) return byRows
    const done = this.offsetOf(rows - 1) + 1n - from
    return Math.max(byRows, Number(done) / Number(until - from))
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly TopicRecord[], void, undefined> {
    const { partition, from, until } = this.#range
    const batches = this.#reader.read(partition, from, until)[Symbol.asyncIterator]()
    const aborted = abortOf(this.#signal)
    try {
      for (;;) {
        const next = await Promise.race([batches.next(), aborted.promise])
        if (next === null || next.done === true) return
        const left = this.#limit - this.#batchRow - this.#batch.length
        this.#batchRow += this.#batch.length
        this.#batch = next.value.length <= left ? next.value : next.value.slice(0, left)
        yield this.#batch
        if (this.#batch.length === left) return
      }
    } finally {
      aborted.forget()
      // Not awaited: while the broker is silent this would wait for it.
      batches.return?.()?.catch(() => {})
    }
  }
}

function abortOf(signal: AbortSignal): { promise: Promise<null>; forget(): void } {
  let listener = (): void => {}
  const promise = new Promise<null>((resolve) => {
    listener = () => resolve(null)
    if (signal.aborted) resolve(null)
    else signal.addEventListener('abort', listener)
  })
  return { promise, forget: () => signal.removeEventListener('abort', listener) }
}
