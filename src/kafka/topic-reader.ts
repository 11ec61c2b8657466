import type { InputRecord } from '../task/ports.ts'
import type { KafkaSettings } from './client.ts'
import { withDeadline } from './deadline.ts'
import { type KafkaLogger, silentLogger } from './logger.ts'
import { PartitionReader } from './partition-reader.ts'
import type { FetchedRecord } from './patches/decode.ts'

const closeDeadlineMs = 1000

/** A header's value; a name that a record has several times has all its values. */
export type HeaderValue = Uint8Array | null | readonly (Uint8Array | null)[]

/**
 * A committed record of any topic. Its bytes are slices of the broker's answer: a record that is
 * kept holds some megabytes, so copy what shall last.
 */
export interface TopicRecord extends InputRecord {
  readonly headers: Readonly<Record<string, HeaderValue>>
}

/** A topic, read from outside any consumer group, read_committed, without leaving a trace. */
export interface TopicReader {
  readonly topic: string
  /** The numbers of its partitions, ascending. */
  partitions(): Promise<readonly number[]>
  /** The first offset that is there and one past the last that read_committed may see now. */
  range(partition: number): Promise<{ readonly start: bigint; readonly end: bigint }>
  /** The first offset whose timestamp is at or after `timeMs`; the end where there is none. */
  offsetAt(partition: number, timeMs: number): Promise<bigint>
  /**
   * The records from `from` up to and without `until`, some thousands at a time, none of them
   * empty. `until` is at most the end of `range`: behind it nothing is sure to come. Fetches one
   * batch ahead.
   */
  read(partition: number, from: bigint, until: bigint): AsyncIterable<readonly TopicRecord[]>
  close(): Promise<void>
}

/**
 * A reader of one topic on the cluster; connects to nothing yet. Its methods throw
 * `HEADRACE_KAFKA_UNREACHABLE`, `HEADRACE_KAFKA_TOPIC_MISSING` and what else Kafka refuses.
 */
export function openTopicReader(
  kafka: KafkaSettings,
  topic: string,
  logger: KafkaLogger = silentLogger,
): TopicReader {
  const reader = new PartitionReader(kafka, logger)
  return {
    topic,
    partitions: () => reader.partitions(topic),
    range: async (partition) => {
      const start = await reader.offset(topic, partition, 'start')
      return { start, end: await reader.offset(topic, partition, 'end') }
    },
    // To a broker, negative times are names of positions.
    offsetAt: (partition, timeMs) =>
      reader.offset(topic, partition, { timeMs: Math.max(0, timeMs) }),
    async *read(partition, from, until) {
      for await (const { records } of reader.chunks(topic, partition, from, until)) {
        if (records.length > 0) yield records.map(toRecord)
      }
    },
    close: async () => {
      // A broker that is silent would keep it for as long as a request may take.
      const closing = reader.close()
      await withDeadline(closing, closeDeadlineMs, () => new Error('no answer')).catch(() => {})
    },
  }
}

function toRecord({ offset, timestamp, key, value, headers }: FetchedRecord): TopicRecord {
  return {
    offset: BigInt(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    // So kafkajs decodes them.
    headers: headers as TopicRecord['headers'],
  }
}
