import type { Admin } from 'kafkajs'
import { HeadraceError } from '../errors.ts'
import { type KafkaLogger, silentLogger } from './logger.ts'
import {
  inputMissing,
  ourTopics,
  partitionCount,
  type TopicNames,
  type TopicsConfig,
  topicNames,
  topicSettings,
  withAdmin,
} from './topics.ts'

export interface TopicsReport {
  /** What `run` refuses, one sentence each. */
  readonly problems: string[]
  /** What differs from what `headrace topics` creates and does no harm by itself. */
  readonly warnings: string[]
  /** Of the input topic. */
  readonly partitions: number
}

const topicResource = 2

/**
 * Compares the topics with what headrace needs. Throws `HEADRACE_KAFKA_UNREACHABLE`,
 * `HEADRACE_KAFKA_REFUSED` or `HEADRACE_KAFKA_TOPIC_MISSING` (exit code 69) where there is nothing
 * to compare, within about 15 s.
 */
export function checkTopics(
  config: TopicsConfig,
  logger: KafkaLogger = silentLogger,
): Promise<TopicsReport> {
  const names = topicNames(config)
  return withAdmin(config.kafka, (admin) => inspectTopics(admin, names), logger)
}

/** The same with an admin that is already connected. */
export async function inspectTopics(admin: Admin, names: TopicNames): Promise<TopicsReport> {
  const existing = new Set(await admin.listTopics())
  if (!existing.has(names.input)) throw inputMissing(names.input)
  const missing = ourTopics.map((role) => names[role]).filter((topic) => !existing.has(topic))
  if (missing.length > 0) throw outputsMissing(missing)

  const partitions = await partitionCount(admin, names.input)
  const settings = await describe(admin, Object.values(names))
  const problems: string[] = []
  const warnings: string[] = []

  const inputPolicy = settings.get(names.input)?.['cleanup.policy'] ?? ''
  if (inputPolicy.includes('compact')) {
    problems.push(
      `The input topic ${names.input} is compacted (cleanup.policy=${inputPolicy}): a restore ` +
        'would miss records. Learn from a topic with cleanup.policy=delete.',
    )
  }
  for (const role of ourTopics) {
    const topic = names[role]
    const count = await partitionCount(admin, topic)
    if (count !== partitions) {
      problems.push(
        `Topic ${topic} has ${count} partitions, the input topic ${names.input} has ` +
          `${partitions}: they must be equal, because partition p of one goes to p of the other.`,
      )
    }
    compare(role, topic, settings.get(topic) ?? {}, problems, warnings)
  }
  return { problems, warnings, partitions }
}

function compare(
  role: (typeof ourTopics)[number],
  topic: string,
  actual: Readonly<Record<string, string>>,
  problems: string[],
  warnings: string[],
): void {
  const policy = actual['cleanup.policy'] ?? ''
  if (role === 'changelog' && policy !== 'compact') {
    problems.push(
      `The changelog topic ${topic} has cleanup.policy=${policy}: it must be exactly compact, or ` +
        'state is lost. Alter it, or delete it and run `headrace topics`.',
    )
  }
  const differences = Object.entries(topicSettings[role])
    .filter(([name]) => !(role === 'changelog' && name === 'cleanup.policy'))
    .filter(([name, wanted]) => !fits(role, name, actual[name] ?? '', wanted))
    .map(([name, wanted]) => `${name}=${actual[name] ?? ''} instead of ${wanted}`)
  if (differences.length > 0) {
    warnings.push(`Topic ${topic} has ${differences.join(', ')}.`)
  }
}

/** Ranges in which a changelog does as well as with the value that we create it with. */
const changelogRanges: Readonly<Record<string, readonly [number, number]>> = {
  'segment.bytes': [16 * 1024 * 1024, 64 * 1024 * 1024],
  'min.cleanable.dirty.ratio': [0.1, 0.3],
  'delete.retention.ms': [Number(topicSettings.changelog['delete.retention.ms']), Infinity],
}

function fits(role: string, name: string, actual: string, wanted: string): boolean {
  const range = role === 'changelog' ? changelogRanges[name] : undefined
  if (range === undefined) return actual === wanted
  return Number(actual) >= range[0] && Number(actual) <= range[1]
}

async function describe(
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

function outputsMissing(missing: readonly string[]): HeadraceError {
  const [topics, verb] = missing.length === 1 ? ['Topic', 'does'] : ['Topics', 'do']
  return new HeadraceError(
    'HEADRACE_KAFKA_TOPIC_MISSING',
    `${topics} ${missing.join(', ')} ${verb} not exist, or this user may not see them. ` +
      'Create with `headrace topics --config FILE`.',
  )
}
