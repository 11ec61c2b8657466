import { setTimeout } from 'node:timers/promises'
import type { Admin, ITopicConfig } from 'kafkajs'
import { systemClock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import { HeadraceError } from '../errors.ts'
import { connectDeadlineMs, createKafka, type KafkaSettings } from './client.ts'
import { withDeadline } from './deadline.ts'
import { type KafkaLogger, silentLogger } from './logger.ts'
import { translateError } from './translate-error.ts'

export type { Admin } from 'kafkajs'

export interface TopicNames {
  readonly input: string
  readonly predictions: string
  readonly deadLetters: string
  readonly changelog: string
}

/** The parts of the configuration that name topics and brokers. */
export type TopicsConfig = Pick<Config, 'name' | 'kafka'> & {
  readonly input: Pick<Config['input'], 'topic'>
}

/** Throws `HEADRACE_KAFKA_TOPIC_MISSING` where the configuration names no input topic. */
export function topicNames(config: Omit<TopicsConfig, 'kafka'>): TopicNames {
  if (config.input.topic === undefined) {
    throw new HeadraceError(
      'HEADRACE_KAFKA_TOPIC_MISSING',
      'The configuration names no topic to learn from: set input.topic.',
    )
  }
  return {
    input: config.input.topic,
    predictions: `${config.name}.predictions`,
    deadLetters: `${config.name}.dead-letters`,
    changelog: `${config.name}.changelog`,
  }
}

const oneDayMs = 24 * 60 * 60 * 1000

/** A record's own timestamp may be years old: by that, retention would delete it at once. */
const outputSettings = { 'cleanup.policy': 'delete', 'message.timestamp.type': 'LogAppendTime' }

/** What each topic of ours is created with. */
export const topicSettings: Readonly<
  Record<'predictions' | 'deadLetters' | 'changelog', Readonly<Record<string, string>>>
> = {
  predictions: outputSettings,
  deadLetters: outputSettings,
  changelog: {
    'cleanup.policy': 'compact',
    'segment.bytes': String(32 * 1024 * 1024),
    'min.cleanable.dirty.ratio': '0.2',
    'delete.retention.ms': String(oneDayMs),
  },
}

export const ourTopics = ['predictions', 'deadLetters', 'changelog'] as const

export interface CreateOptions {
  /** Creates the input topic too where it is missing, with so many partitions. */
  readonly inputPartitions?: number
  /** Default: the broker's own `default.replication.factor`. */
  readonly replicationFactor?: number
}

/**
 * Runs `use` with a connected kafkajs admin. Throws `HEADRACE_KAFKA_UNREACHABLE` or
 * `HEADRACE_KAFKA_REFUSED` within about 12 s, and the translation of what `use` throws.
 */
export async function withAdmin<T>(
  settings: KafkaSettings,
  use: (admin: Admin) => Promise<T>,
  logger: KafkaLogger = silentLogger,
): Promise<T> {
  const { brokers } = settings
  const admin = createKafka(settings, logger).admin()
  try {
    await withDeadline(admin.connect(), connectDeadlineMs, () => unanswered(brokers))
    return await use(admin)
  } catch (error) {
    throw translateError(aggregated(error), { brokers, doing: 'looking at the topics' })
  } finally {
    await withDeadline(admin.disconnect(), 1000, () => new Error('no answer')).catch(() => {})
  }
}

/** A topic that is missing, as it would be created. */
export interface PlannedTopic {
  readonly name: string
  readonly partitions: number
  /** null: the brokers' own `default.replication.factor`. */
  readonly replicationFactor: number | null
  /** What is set for the topic itself; all else is as the brokers have it. */
  readonly settings: Readonly<Record<string, string>>
}

/**
 * What `createTopics` would create now. `ignored`: topics to be taken as missing although they
 * exist. Throws `HEADRACE_KAFKA_TOPIC_MISSING` for an input that is neither there nor asked for.
 */
export async function planTopics(
  admin: Admin,
  config: Omit<TopicsConfig, 'kafka'>,
  options: CreateOptions = {},
  ignored: readonly string[] = [],
): Promise<PlannedTopic[]> {
  const names = topicNames(config)
  const existing = new Set(await admin.listTopics())
  const partitions = existing.has(names.input)
    ? await partitionCount(admin, names.input)
    : options.inputPartitions
  if (partitions === undefined) throw inputMissing(names.input)
  for (const name of ignored) existing.delete(name)
  const replicationFactor = options.replicationFactor ?? null
  const plan = (name: string, settings: PlannedTopic['settings']): PlannedTopic[] =>
    existing.has(name) ? [] : [{ name, partitions, replicationFactor, settings }]
  return [
    ...plan(names.input, {}),
    ...ourTopics.flatMap((role) => plan(names[role], topicSettings[role])),
  ]
}

/** Creates what is missing of our topics, with the input's partitions; names the created. */
export async function createTopics(
  admin: Admin,
  config: Omit<TopicsConfig, 'kafka'>,
  options: CreateOptions = {},
): Promise<string[]> {
  const missing = await planTopics(admin, config, options)
  const topics = missing.map(
    ({ name, partitions, replicationFactor, settings }): ITopicConfig => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor: replicationFactor ?? -1,
      configEntries: Object.entries(settings).map(([key, value]) => ({ name: key, value })),
    }),
  )
  if (topics.length > 0) await createAndAwait(admin, topics)
  return topics.map(({ topic }) => topic)
}

const creationMs = 15_000
const lookEveryMs = 100

/**
 * Creates topics and waits until the leader of every partition answers for it. kafkajs's own wait
 * ends with an error where the broker has not yet heard of a topic that the controller has made, or
 * before a leader has its partition.
 */
export async function createAndAwait(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics, timeout: creationMs, waitForLeaders: false })
  const deadlineMs = systemClock.monotonicMs() + creationMs
  for (const { topic } of topics) {
    while (!(await answers(admin, topic, deadlineMs))) await setTimeout(lookEveryMs)
  }
}

/** Whether all leaders of a topic answer. Throws why they do not when it is too late. */
async function answers(admin: Admin, topic: string, deadlineMs: number): Promise<boolean> {
  try {
    await admin.fetchTopicOffsets(topic)
    return true
  } catch (error) {
    if (systemClock.monotonicMs() > deadlineMs) throw error
    return false
  }
}

/** Deletes those of the topics that exist. */
export async function deleteTopics(admin: Admin, topics: readonly string[]): Promise<string[]> {
  const existing = new Set(await admin.listTopics())
  const present = topics.filter((topic) => existing.has(topic))
  if (present.length > 0) await admin.deleteTopics({ topics: present, timeout: 15_000 })
  return present
}

/**
 * Whether there is a consumer group without members. Throws `HEADRACE_KAFKA_FAILED` while it has
 * some.
 */
export async function isGroupIdle(admin: Admin, groupId: string): Promise<boolean> {
  const { groups } = await admin.describeGroups([groupId])
  const state = groups[0]?.state
  if (state === undefined || state === 'Dead') return false
  if (state !== 'Empty') {
    throw new HeadraceError(
      'HEADRACE_KAFKA_FAILED',
      `The consumer group ${groupId} has members: stop every process of the application first.`,
    )
  }
  return true
}

/** Deletes the consumer group with its offsets; throws as `isGroupIdle` does. */
export async function deleteGroup(admin: Admin, groupId: string): Promise<void> {
  if (await isGroupIdle(admin, groupId)) await admin.deleteGroups([groupId])
}

async function partitionCount(admin: Admin, topic: string): Promise<number> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  return topics[0]?.partitions.length ?? 0
}

export function inputMissing(topic: string): HeadraceError {
  return new HeadraceError(
    'HEADRACE_KAFKA_TOPIC_MISSING',
    `The input topic ${topic} does not exist, or this user may not see it. Check input.topic; ` +
      '`headrace topics --create-input PARTITIONS` creates it.',
  )
}

/** The error of a connection that has not come about in time. */
export function unanswered(brokers: readonly string[]): HeadraceError {
  return new HeadraceError(
    'HEADRACE_KAFKA_UNREACHABLE',
    `Kafka at ${brokers.join(', ')} has not answered within ${connectDeadlineMs / 1000} s. ` +
      'Check kafka.brokers, and that a broker runs there.',
  )
}

/** `createTopics` rejects with a list: the first is as good as any. */
function aggregated(error: unknown): unknown {
  const errors = (error as { errors?: unknown[] }).errors
  return Array.isArray(errors) && errors.length > 0 ? errors[0] : error
}
