import type { FetchedRecord } from './decode.ts'

/** The data of one partition in a fetch response. */
export interface PartitionData {
  readonly partition: number
  readonly highWatermark: string
  readonly lastStableOffset: string
  readonly abortedTransactions: readonly { producerId: string; firstOffset: string }[] | null
  readonly messages: readonly FetchedRecord[]
}

/** What kafkajs hands to `eachBatch`, as far as we use it. */
export interface FetchedBatch {
  readonly partition: number
  /** The offset that was asked for. */
  readonly fetchedOffset: string
  /** One past the last offset that read_committed may see. */
  readonly lastStableOffset: string
  /** Everything fetched, control and aborted records included. */
  readonly rawMessages: readonly FetchedRecord[]
  /** What is delivered. */
  readonly messages: readonly FetchedRecord[]
  isEmpty(): boolean
  lastOffset(): string
}

export type BatchConstructor = new (
  topic: string,
  fetchedOffset: string,
  partitionData: PartitionData,
) => FetchedBatch

/**
 * kafkajs's `Batch`, which drops the last stable offset, and whose `isEmpty` sends batches with
 * nothing but markers and aborted records past `eachBatch`: the consumer's position would move
 * where nobody sees it. Such a batch now reaches `eachBatch` without messages.
 */
export function createBatchClass(original: BatchConstructor): BatchConstructor {
  return class Batch extends original {
    override readonly lastStableOffset: string

    constructor(topic: string, fetchedOffset: string, partitionData: PartitionData) {
      super(topic, fetchedOffset, partitionData)
      this.lastStableOffset = partitionData.lastStableOffset
    }

    override isEmpty(): boolean {
      return this.rawMessages.length === 0
    }
  }
}
