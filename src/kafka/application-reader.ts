import type { ServiceConfig } from '../config/schema.ts'
import { KafkaChangelog } from './changelog.ts'
import { withDeadline } from './deadline.ts'
import { type KafkaLogger, silentLogger } from './logger.ts'
import { PartitionReader } from './partition-reader.ts'
import { openTopicReader, type TopicReader, type TopicRecord } from './topic-reader.ts'
import { type TopicNames, topicNames } from './topics.ts'

const closeDeadlineMs = 1_000

/** All topics of an application, read from outside its group, without leaving a trace. */
export interface ApplicationReader {
  readonly names: TopicNames
  readonly changelog: KafkaChangelog
  /** The numbers of the input's partitions, ascending. */
  partitions(): Promise<readonly number[]>
  /** The first offset that is there and one past the last that read_committed may see now. */
  range(
    topic: keyof TopicNames,
    partition: number,
  ): Promise<{ readonly start: bigint; readonly end: bigint }>
  /** See `TopicReader.read`. */
  read(
    topic: keyof TopicNames,
    partition: number,
    from: bigint,
    until: bigint,
  ): AsyncIterable<readonly TopicRecord[]>
  /** What the application's group has committed; null without. */
  groupOffset(partition: number): Promise<bigint | null>
  close(): Promise<void>
}

/**
 * Connects to nothing yet. Each topic has a connection of its own: a broker answers one after the
 * other what comes over the same one.
 */
export function openApplicationReader(
  config: ServiceConfig,
  logger: KafkaLogger = silentLogger,
): ApplicationReader {
  const { kafka, name } = config
  const names = topicNames(config)
  const open = (topic: string): TopicReader => openTopicReader(kafka, topic, logger)
  const readers = {
    input: open(names.input),
    predictions: open(names.predictions),
    deadLetters: open(names.deadLetters),
    changelog: open(names.changelog),
  }
  const plain = new PartitionReader(kafka, logger)
  return {
    names,
    changelog: new KafkaChangelog(plain, names.changelog),
    partitions: () => readers.input.partitions(),
    range: (topic, partition) => readers[topic].range(partition),
    read: (topic, partition, from, until) => readers[topic].read(partition, from, until),
    groupOffset: (partition) => plain.groupOffset(name, names.input, partition),
    close: async () => {
      // A broker that is silent would keep it for as long as a request may take.
      const closing = withDeadline(plain.close(), closeDeadlineMs, () => new Error('no answer'))
      const closings = Object.values(readers).map((reader) => reader.close())
      await Promise.all([...closings, closing.catch(() => {})])
    },
  }
}
