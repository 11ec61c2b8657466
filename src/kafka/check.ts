import type { Admin } from 'kafkajs'
import { HeadraceError } from '../errors.ts'
import { type KafkaLogger, silentLogger } from './logger.ts'
import { type TopicFacts, topicFacts } from './topic-facts.ts'
import {
  inputMissing,
  ourTopics,
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
  const facts = await surveyTopics(admin, names)
  const input = facts.get(names.input)
  if (input === undefined) throw inputMissing(names.input)
  const missing = missingTopics(names, facts)
  if (missing.length > 0) throw outputsMissing(missing)
  const { partitions } = input
  return { ...judgeTopics(names, facts, partitions), partitions }
}

/** The facts of those of the four topics that exist, by name. */
export async function surveyTopics(
  admin: Admin,
  names: TopicNames,
): Promise<Map<string, TopicFacts>> {
  const existing = new Set(await admin.listTopics())
  return topicFacts(
    admin,
    Object.values(names).filter((name) => existing.has(name)),
  )
}

/** Those of our topics that are not among the facts. */
export function missingTopics(names: TopicNames, facts: ReadonlyMap<string, TopicFacts>): string[] {
  return ourTopics.map((role) => names[role]).filter((topic) => !facts.has(topic))
}

/** What is wrong with the topics that exist, for an input of so many partitions. */
export function judgeTopics(
  names: TopicNames,
  facts: ReadonlyMap<string, TopicFacts>,
  partitions: number,
): Pick<TopicsReport, 'problems' | 'warnings'> {
  const problems: string[] = []
  const warnings: string[] = []
  const inputPolicy = facts.get(names.input)?.settings['cleanup.policy'] ?? ''
  if (inputPolicy.includes('compact')) {
    problems.push(
      `The input topic ${names.input} is compacted (cleanup.policy=${inputPolicy}): a restore ` +
        'would miss records. Learn from a topic with cleanup.policy=delete.',
    )
  }
  for (const role of ourTopics) {
    const topic = names[role]
    const found = facts.get(topic)
    if (found === undefined) continue
    if (found.partitions !== partitions) {
      problems.push(
        `Topic ${topic} has ${found.partitions} partitions, the input topic ${names.input} has ` +
          `${partitions}: they must be equal, because partition p of one goes to p of the other.`,
      )
    }
    compare(role, topic, found.settings, problems, warnings)
  }
  return { problems, warnings }
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
    .filter(([name, wanted]) => !isAsCreated(role, name, actual[name] ?? '', wanted))
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

/** Whether a setting of a topic of ours does as well as the one that we create it with. */
export function isAsCreated(role: string, name: string, actual: string, wanted: string): boolean {
  const range = role === 'changelog' ? changelogRanges[name] : undefined
  if (range === undefined) return actual === wanted
  return Number(actual) >= range[0] && Number(actual) <= range[1]
}

/** The error of topics of ours that do not exist. */
export function outputsMissing(missing: readonly string[]): HeadraceError {
  const [topics, verb] = missing.length === 1 ? ['Topic', 'does'] : ['Topics', 'do']
  return new HeadraceError(
    'HEADRACE_KAFKA_TOPIC_MISSING',
    `${topics} ${missing.join(', ')} ${verb} not exist, or this user may not see them. ` +
      'Create with `headrace topics --config FILE`.',
  )
}
