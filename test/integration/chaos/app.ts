import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { loadServiceConfig } from '../../../src/config/load.ts'
import type { ServiceConfig } from '../../../src/config/schema.ts'
import {
  createAndAwait,
  createTopics,
  type TopicNames,
  topicNames,
} from '../../../src/kafka/topics.ts'
import { uniqueName, withAdmin } from '../support/broker.ts'

export const partitions = 4
/**
 * Partitions below this one have keys of an int32 zero. An unpatched kafkajs takes such a key for
 * the marker of an abort and delivers aborted records behind it, of our outputs too.
 */
export const zeroKeyPartitions = 2
export const sessionTimeoutMs = 2_000
export const transactionTimeoutMs = 4_000

/** Compacted so often that batches lose all their records while the run lasts. */
const changelogSettings = {
  'cleanup.policy': 'compact',
  'segment.bytes': '1048576',
  'segment.ms': '1000',
  'min.cleanable.dirty.ratio': '0.01',
  'max.compaction.lag.ms': '1000',
}

export interface ChaosApp {
  readonly file: string
  readonly config: ServiceConfig
  readonly topics: TopicNames
}

/** A small model, short time limits. */
export function writeChaosConfig(folder: string, brokers: readonly string[]): ChaosApp {
  const name = uniqueName('chaos')
  const content = {
    name,
    kafka: { brokers, sessionTimeoutMs, heartbeatIntervalMs: 500, transactionTimeoutMs },
    input: { topic: `${name}-in`, time: 'at' },
    task: { targets: ['y'], horizons: [1], intervals: [0.8] },
    model: {
      hidden: 8,
      portfolio: 'network',
      kernel: 'wasm',
      window: 8,
      updateEvery: 8,
      diagnostics: false,
    },
    commit: { intervalMs: 50 },
    // Some thousand records: each task writes snapshots all the time.
    snapshot: { maxReplayMs: 50 },
    http: { port: 0 },
  }
  const file = join(folder, 'app.yaml')
  writeFileSync(file, stringify(content))
  const { config } = loadServiceConfig({ file, env: {} })
  return { file, config, topics: topicNames(config) }
}

/** The four topics, by a listener that no fault touches. */
export async function createChaosTopics(app: ChaosApp, address: string): Promise<void> {
  const configEntries = Object.entries(changelogSettings).map(([name, value]) => ({ name, value }))
  const changelog = { topic: app.topics.changelog, numPartitions: partitions, configEntries }
  await withAdmin(
    async (admin) => {
      await createAndAwait(admin, [changelog])
      await createTopics(admin, app.config, { inputPartitions: partitions })
    },
    [address],
  )
}
