import type { Admin } from 'kafkajs'
import { HeadraceError } from '../errors.ts'
import type { KafkaSettings } from './client.ts'
import { withAdmin } from './topics.ts'

/** What a broker says of an existing topic. */
export interface TopicFacts {
  readonly partitions: number
  /** Copies of each partition, those of the first one. */
  readonly replicas: number
  /** Every setting with its present value, the cluster's defaults included. */
  readonly settings: Readonly<Record<string, string>>
}

const topicResource = 2

/** The facts of topics that exist, by name. */
export async function topicFacts(
  admin: Admin,
  topics: readonly string[],
): Promise<Map<string, TopicFacts>> {
  // Without names both requests would answer for every topic, or for none.
  if (topics.length === 0) return new Map()
  const settings = await topicSettingsOf(admin, topics)
  const metadata = await admin.fetchTopicMetadata({ topics: [...topics] })
  return new Map(
    metadata.topics.map(({ name, partitions }) => [
      name,
      {
        partitions: partitions.length,
        replicas: partitions[0]?.replicas.length ?? 0,
        settings: settings.get(name) ?? {},
      },
    ]),
  )
}

/** Every setting of the topics that exist, by name and key. */
async function topicSettingsOf(
  admin: Admin,
  topics: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: topicResource, name })),
  })
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Object.fromEntries(
        configEntries.map(({ configName, configValue }) => [configName, configValue]),
      ),
    ]),
  )
}

/** Whether compaction removes records of a topic; null where this user may not see it. */
export async function isCompacted(kafka: KafkaSettings, topic: string): Promise<boolean | null> {
  try {
    const settings = await withAdmin(kafka, (admin) => topicSettingsOf(admin, [topic]))
    return settings.get(topic)?.['cleanup.policy']?.includes('compact') ?? null
  } catch (error) {
    if (error instanceof HeadraceError && error.code === 'HEADRACE_KAFKA_UNAUTHORIZED') return null
    throw error
  }
}
