import type { ServiceConfig } from '../config/schema.ts'
import { KafkaChangelog } from './changelog.ts'
import type { KafkaLogger } from './logger.ts'
import { PartitionReader } from './partition-reader.ts'
import { KafkaPositions } from './positions.ts'
import { KafkaSink } from './sink.ts'
import { KafkaSource } from './source.ts'
import { topicNames } from './topics.ts'

/** The ports of one application on a cluster, and the end of what they share. */
export interface KafkaPorts {
  readonly ports: {
    readonly source: KafkaSource
    readonly sink: KafkaSink
    readonly changelog: KafkaChangelog
    readonly positions: KafkaPositions
  }
  /** Closes what the source and the writers do not close themselves. */
  close(): Promise<void>
}

/** The ports of a service on the cluster that the configuration names; connects to nothing yet. */
export function openKafkaPorts(config: ServiceConfig, logger: KafkaLogger): KafkaPorts {
  const { kafka, name } = config
  const topics = topicNames(config)
  const reader = new PartitionReader(kafka, logger)
  return {
    ports: {
      source: new KafkaSource({ kafka, topic: topics.input, groupId: name, logger }),
      sink: new KafkaSink({ kafka, application: name, topics, logger }),
      changelog: new KafkaChangelog(reader, topics.changelog),
      positions: new KafkaPositions(reader, topics, name),
    },
    close: () => reader.close(),
  }
}
