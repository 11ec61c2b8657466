/**
 * What a task needs of the outside world, as narrow interfaces. `kafka/` implements them on a
 * cluster, `log/` in memory. Offsets are `bigint`; topics are named by role, not by name.
 */

/** One record of the input, delivered read_committed. Its bytes are the receiver's own copy. */
export interface InputRecord {
  readonly offset: bigint
  /** The record's timestamp in milliseconds since the epoch. */
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}

/** A consecutive piece of one partition. */
export interface InputBatch {
  readonly partition: number
  /**
   * Aborted, control and compacted records are not in it: offsets ascend, with gaps. Empty where
   * there is nothing else: only the position moves.
   */
  readonly records: readonly InputRecord[]
  /** Position behind the batch, markers included: where a `seek` goes on without a loss. */
  readonly nextOffset: bigint
  /** The partition's read_committed end at the time of the fetch, for the lag. */
  readonly endOffset: bigint
}

export interface SourceListener {
  /**
   * Called synchronously inside each group join with all partitions now owned. The source has
   * paused those that are new; the listener must `seek` every one it keeps, and `seek` and
   * `resume` a new one once it knows its position.
   */
  onAssigned(partitions: readonly number[]): void
  /**
   * The source has lost its group and tries to come back, more than once and not for ever:
   * `onAssigned` tells when it has, `onFailed` when it gives up.
   */
  onInterrupted(error: Error): void
  /** The coordinator of the group has answered that we are in it. */
  onHeartbeat(): void
  /** Takes a batch over; never blocks. Too much in the queue: call `pause`. */
  onBatch(batch: InputBatch): void
  /**
   * The source has ended for a reason that it cannot mend itself. With `partition`: only that one
   * cannot be read any further (codec, damaged batch, offset out of range); it has been paused, the
   * others go on.
   */
  onFailed(error: Error, partition?: number): void
}

/** The input topic, by a consumer group. */
export interface Source {
  /** Joins the group; resolves after the first join, rejects when it cannot be had. */
  start(listener: SourceListener): Promise<void>
  seek(partition: number, offset: bigint): void
  pause(partition: number): void
  resume(partition: number): void
  /**
   * Resolves after a heartbeat that began after this call has succeeded in the generation that the
   * last `onAssigned` told of; rejects otherwise (HEADRACE_KAFKA_REBALANCED while the group moves).
   */
  heartbeat(): Promise<void>
  /** Leaves the group. No call of the listener comes after it has resolved. */
  stop(): Promise<void>
}

export interface OutputRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: Readonly<Record<string, string | Uint8Array>>
}

/** Everything that one transaction makes visible, all or nothing. */
export interface OutputTransaction {
  readonly predictions: readonly OutputRecord[]
  readonly deadLetters: readonly OutputRecord[]
  /** Written behind the other two, in this order: the commit record comes last. */
  readonly changelog: readonly OutputRecord[]
  /** The input offset to commit to the group; null leaves it as it is. */
  readonly nextOffset: bigint | null
}

/** The single writer of one partition of the three output topics: one transactional producer. */
export interface PartitionWriter {
  /**
   * Runs one transaction and resolves once it is committed, with the offset of its first changelog
   * record. Any rejection means that the outcome is unknown and that this writer is spent; its
   * error has code HEADRACE_KAFKA_FENCED where the epoch has moved on.
   */
  commit(transaction: OutputTransaction): Promise<{ changelogOffset: bigint | null }>
  close(): Promise<void>
}

export interface Sink {
  /**
   * A new producer under the partition's transactional id. Its first transaction fences
   * predecessors.
   */
  open(partition: number): Promise<PartitionWriter>
}

export interface ChangelogRecord {
  readonly offset: bigint
  readonly key: Uint8Array
  /** null = tombstone */
  readonly value: Uint8Array | null
}

/** Reading outside the consumer group. */
export interface Changelog {
  /**
   * Visits the partition's records read_committed from `from` (default: its start) until the
   * position has passed `until`. Keys and values are valid during the visit only.
   */
  read(
    partition: number,
    range: { readonly from?: bigint; readonly until: bigint },
    visit: (record: ChangelogRecord) => void,
    /** Called after each fetch; the next one waits for it. */
    pause?: () => Promise<void>,
  ): Promise<void>
}

/** Facts about the topics that decide where a task begins. */
export interface Positions {
  /** First and one past the last offset of the input partition (read_committed). */
  inputRange(partition: number): Promise<{ start: bigint; end: bigint }>
  /** The first input offset whose timestamp is at or after `timeMs`; the end if there is none. */
  inputOffsetAt(partition: number, timeMs: number): Promise<bigint>
  /** The group's committed offset; null when absent or negative. */
  groupOffset(partition: number): Promise<bigint | null>
  /** Whether the prediction partition holds a committed record. */
  hasPredictions(partition: number): Promise<boolean>
}
