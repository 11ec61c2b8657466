import type { InputBatch, InputRecord } from '../task/ports.ts'
import type { FetchedBatch } from './patches/batch.ts'
import type { FetchedRecord } from './patches/decode.ts'

/**
 * A fetched batch with its bytes copied into one fresh buffer. kafkajs's records are slices of the
 * answer of a whole fetch: one that is kept would hold all of it, and a transfer to a worker would
 * empty the other partitions' records. `failure`: why the records from `nextOffset` on cannot be
 * decoded.
 */
export function copyBatch(fetched: FetchedBatch): { batch: InputBatch; failure?: Error } {
  const failedAt = fetched.messages.findIndex(({ failure }) => failure !== undefined)
  const messages = failedAt < 0 ? fetched.messages : fetched.messages.slice(0, failedAt)
  const failure = failedAt < 0 ? undefined : fetched.messages[failedAt]?.failure
  const batch = {
    partition: fetched.partition,
    records: copyRecords(messages),
    nextOffset:
      failure === undefined ? BigInt(fetched.lastOffset()) + 1n : behind(fetched, messages),
    endOffset: BigInt(fetched.lastStableOffset),
  }
  return failure === undefined ? { batch } : { batch, failure }
}

/** The position before a batch that cannot be decoded. */
function behind(fetched: FetchedBatch, messages: readonly FetchedRecord[]): bigint {
  const last = messages.at(-1)
  return last === undefined ? BigInt(fetched.fetchedOffset) : BigInt(last.offset) + 1n
}

function copyRecords(messages: readonly FetchedRecord[]): InputRecord[] {
  let size = 0
  for (const { key, value } of messages) size += (key?.length ?? 0) + (value?.length ?? 0)
  const bytes = new Uint8Array(size)
  let used = 0
  const copy = (source: Buffer | null): Uint8Array | null => {
    if (source === null) return null
    bytes.set(source, used)
    used += source.length
    return bytes.subarray(used - source.length, used)
  }
  return messages.map(({ offset, timestamp, key, value }) => ({
    offset: BigInt(offset),
    timestampMs: Number(timestamp),
    key: copy(key),
    value: copy(value),
  }))
}
