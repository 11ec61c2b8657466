import type { Broker, Cluster } from 'kafkajs'
import { assert } from '../assert.ts'
import { systemClock } from '../clock.ts'
import { HeadraceError } from '../errors.ts'
import { connectDeadlineMs, createKafka, type KafkaSettings } from './client.ts'
import { delay, withDeadline } from './deadline.ts'
import type { KafkaLogger } from './logger.ts'
import { filterAborted } from './patches/aborted.ts'
import { loadKafkajs } from './patches/apply.ts'
import type { PartitionData } from './patches/batch.ts'
import type { FetchedRecord } from './patches/decode.ts'
import { unanswered } from './topics.ts'
import { isRetriable, translateError } from './translate-error.ts'

/** One answer of the broker. */
export interface Chunk {
  /** Committed records, ascending. */
  readonly records: readonly FetchedRecord[]
  /** The offset to read on from. */
  readonly position: bigint
  /** One past the last offset that read_committed may see. */
  readonly stableEnd: bigint
}

const readCommitted = 1
const chunkBytes = 4 * 1024 * 1024
const maxWaitMs = 100
const retryDelayMs = 100
/** A broker that has just come up does not know its topics yet. */
const missingDeadlineMs = 3_000
/** Without any progress for so long a read gives up. */
const progressDeadlineMs = 30_000

/**
 * Reads partitions read_committed outside a consumer group: kafkajs's missing `assign`. A group of
 * its own for a reader would wait for the group coordinator's initial rebalance delay.
 */
export class PartitionReader {
  readonly #settings: KafkaSettings
  readonly #cluster: Cluster
  #connecting: Promise<void> | undefined

  constructor(settings: KafkaSettings, logger: KafkaLogger) {
    this.#settings = settings
    this.#cluster = internalCluster(settings, logger)
  }

  /**
   * Visits the chunks from `from` on until `visit` returns true. Throws `HEADRACE_KAFKA_TIMEOUT`
   * without progress for 30 s, and the code of what went wrong otherwise.
   */
  async read(
    topic: string,
    partition: number,
    from: bigint,
    visit: (chunk: Chunk) => boolean | Promise<boolean>,
  ): Promise<void> {
    const progress = new Progress(topic, partition, from)
    for (let position = from; ; ) {
      const chunk = await this.#chunk(topic, partition, position)
      if (await visit(chunk)) return
      progress.note(chunk)
      position = chunk.position
    }
  }

  /**
   * The chunks from `from` up to and without `until`, the next one fetched while the last one is
   * in use. `until` at most the read_committed end. Throws as `read` does.
   */
  async *chunks(
    topic: string,
    partition: number,
    from: bigint,
    until: bigint,
  ): AsyncGenerator<Chunk, void, undefined> {
    const ahead = (position: bigint): Promise<Chunk> | null => {
      if (position >= until) return null
      const fetching = this.#chunk(topic, partition, position)
      // Whoever stops reading early never asks how this one ended.
      fetching.catch(() => {})
      return fetching
    }
    const progress = new Progress(topic, partition, from)
    for (let next = ahead(from); next !== null; ) {
      const chunk = await next
      progress.note(chunk)
      next = ahead(chunk.position)
      const isLast = chunk.position >= until
      yield isLast
        ? { ...chunk, records: chunk.records.slice(0, firstAt(chunk.records, until)) }
        : chunk
    }
  }

  /** The numbers of a topic's partitions, ascending. */
  async partitions(topic: string): Promise<number[]> {
    return this.#retry(`looking up topic ${topic}`, topic, async () => {
      await this.#cluster.addTargetTopic(topic)
      await this.#cluster.refreshMetadataIfNecessary()
      const found = this.#cluster.findTopicPartitionMetadata(topic)
      return found.map(({ partitionId }) => partitionId).sort((a, b) => a - b)
    })
  }

  /** The first offset, the read_committed end, or the first at or after a time (end if none). */
  async offset(
    topic: string,
    partition: number,
    which: 'start' | 'end' | { timeMs: number },
  ): Promise<bigint> {
    const found = await this.#retry(`looking up offsets of topic ${topic}`, topic, () =>
      this.#listOffset(topic, partition, which),
    )
    return found >= 0n ? found : this.offset(topic, partition, 'end')
  }

  /** The group's committed offset; null when absent or negative. */
  async groupOffset(groupId: string, topic: string, partition: number): Promise<bigint | null> {
    return this.#retry(`looking up the offsets of group ${groupId}`, topic, async () => {
      const coordinator = await this.#cluster.findGroupCoordinator({ groupId })
      const { responses } = await coordinator.offsetFetch({
        groupId,
        topics: [{ topic, partitions: [{ partition, offset: '-1' }] }],
      })
      const offset = responses[0]?.partitions[0]?.offset
      assert(offset !== undefined, 'the coordinator answers for the partition asked for')
      return BigInt(offset) >= 0n ? BigInt(offset) : null
    })
  }

  async close(): Promise<void> {
    await this.#cluster.disconnect()
  }

  #chunk(topic: string, partition: number, position: bigint): Promise<Chunk> {
    return this.#retry(`reading topic ${topic}, partition ${partition}`, topic, () =>
      this.#fetch(topic, partition, position),
    )
  }

  async #fetch(topic: string, partition: number, position: bigint): Promise<Chunk> {
    const broker = await this.#leader(topic, partition)
    const { responses } = (await broker.fetch({
      isolationLevel: readCommitted,
      maxWaitTime: maxWaitMs,
      minBytes: 1,
      maxBytes: chunkBytes,
      topics: [
        {
          topic,
          partitions: [{ partition, fetchOffset: position.toString(), maxBytes: chunkBytes }],
        },
      ],
    })) as { responses: readonly { partitions: readonly PartitionData[] }[] }
    const data = responses[0]?.partitions[0]
    assert(data !== undefined, 'a fetch answers for the partition asked for')
    // A compressed batch comes whole, although we asked for its middle.
    const messages = data.messages.slice(firstAt(data.messages, position))
    const committed = filterAborted({ messages, abortedTransactions: data.abortedTransactions })
    const records = committed.filter(isDelivered)
    const last = messages.at(-1) ?? data.messages.at(-1)
    const behind = last === undefined ? position : BigInt(last.offset) + 1n
    return {
      records,
      position: behind > position ? behind : position,
      stableEnd: BigInt(data.lastStableOffset),
    }
  }

  async #listOffset(
    topic: string,
    partition: number,
    which: 'start' | 'end' | { timeMs: number },
  ): Promise<bigint> {
    await this.#leader(topic, partition)
    const partitions = [{ partition }]
    const [found] = await this.#cluster.fetchTopicsOffset([
      typeof which === 'object'
        ? { topic, partitions, fromTimestamp: which.timeMs }
        : { topic, partitions, fromBeginning: which === 'start' },
    ])
    const offset = found?.partitions[0]?.offset
    assert(offset !== undefined, 'the leader answers for the partition asked for')
    return BigInt(offset)
  }

  async #leader(topic: string, partition: number): Promise<Broker> {
    await this.#cluster.addTargetTopic(topic)
    await this.#cluster.refreshMetadataIfNecessary()
    const leaders = Object.keys(this.#cluster.findLeaderForPartitions(topic, [partition]))
    const nodeId = leaders[0]
    if (nodeId === undefined) {
      throw new HeadraceError(
        'HEADRACE_KAFKA_TOPIC_MISSING',
        `Topic ${topic} has no partition ${partition}. \`headrace topics --check\` shows more.`,
      )
    }
    return this.#cluster.findBroker({ nodeId })
  }

  async #retry<T>(doing: string, topic: string, operation: () => Promise<T>): Promise<T> {
    const { brokers } = this.#settings
    const startMs = systemClock.monotonicMs()
    await this.#connect()
    for (;;) {
      try {
        return await operation()
      } catch (error) {
        const spentMs = systemClock.monotonicMs() - startMs
        const isMissing = (error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION'
        const deadlineMs = isMissing ? missingDeadlineMs : connectDeadlineMs
        if (!isRetriable(error) || spentMs > deadlineMs) {
          throw translateError(error, { brokers, doing, topic })
        }
      }
      await delay(retryDelayMs)
      // Where this fails too, the next attempt says why.
      await this.#cluster.refreshMetadata().catch(() => {})
    }
  }

  async #connect(): Promise<void> {
    const { brokers } = this.#settings
    this.#connecting ??= withDeadline(this.#cluster.connect(), connectDeadlineMs, () =>
      unanswered(brokers),
    ).catch((error) => {
      this.#connecting = undefined
      throw translateError(error, { brokers, doing: 'connecting' })
    })
    await this.#connecting
  }
}

/** Ends a read that stands still. */
class Progress {
  readonly #topic: string
  readonly #partition: number
  #position: bigint
  #sinceMs = systemClock.monotonicMs()

  constructor(topic: string, partition: number, from: bigint) {
    this.#topic = topic
    this.#partition = partition
    this.#position = from
  }

  /** Throws `HEADRACE_KAFKA_TIMEOUT` where no chunk has moved the position for 30 s. */
  note({ position, stableEnd }: Chunk): void {
    const nowMs = systemClock.monotonicMs()
    if (position > this.#position) {
      this.#position = position
      this.#sinceMs = nowMs
    }
    if (nowMs - this.#sinceMs <= progressDeadlineMs) return
    throw new HeadraceError(
      'HEADRACE_KAFKA_TIMEOUT',
      `Reading topic ${this.#topic}, partition ${this.#partition}, stands at offset ${position} ` +
        `for ${progressDeadlineMs / 1000} s; its read_committed end is ${stableEnd}. ` +
        'An open transaction may hold it.',
    )
  }
}

/** Index of the first record at or behind `position`; they ascend. */
function firstAt(records: readonly FetchedRecord[], position: bigint): number {
  const index = records.findIndex(({ offset }) => BigInt(offset) >= position)
  return index < 0 ? records.length : index
}

/** Throws what stands for a batch that cannot be decoded. */
function isDelivered({ isControlRecord, failure }: FetchedRecord): boolean {
  if (isControlRecord) return false
  if (failure !== undefined) throw failure
  return true
}

/** kafkajs hands its internal cluster to partition assigners: the one public way to it. */
function internalCluster(settings: KafkaSettings, logger: KafkaLogger): Cluster {
  const { PartitionAssigners } = loadKafkajs()
  let internal: Cluster | undefined
  createKafka(settings, logger).consumer({
    groupId: 'headrace-reader-never-joins',
    allowAutoTopicCreation: false,
    partitionAssigners: [
      (options) => {
        internal = options.cluster
        return PartitionAssigners.roundRobin(options)
      },
    ],
  })
  assert(internal !== undefined, 'kafkajs makes its assigners with the consumer')
  return internal
}
