import type { ServiceConfig } from '../config/schema.ts'
import { judgeTopics, missingTopics, outputsMissing, surveyTopics } from '../kafka/check.ts'
import { remedyCommands } from '../kafka/topic-commands.ts'
import { type TopicRole, topicRemarks } from '../kafka/topic-explain.ts'
import type { TopicFacts } from '../kafka/topic-facts.ts'
import {
  type Admin,
  type CreateOptions,
  createTopics,
  deleteGroup,
  deleteTopics,
  inputMissing,
  isGroupIdle,
  ourTopics,
  type PlannedTopic,
  planTopics,
  type TopicNames,
  topicNames,
  withAdmin,
} from '../kafka/topics.ts'
import type { TopicState, TopicsOutcome } from './topics-report.ts'

/** What is asked of `headrace topics`. */
export interface TopicsRequest {
  /** Create nothing. */
  readonly check: boolean
  /** Do nothing, and tell what would be done. */
  readonly dryRun: boolean
  /** Delete topics and group first. */
  readonly reset: boolean
  readonly create: CreateOptions
}

/** Does it, and looks at what is there then. Throws what Kafka refuses. */
export function carryOut(config: ServiceConfig, request: TopicsRequest): Promise<TopicsOutcome> {
  return withAdmin(config.kafka, async (admin) => {
    if (request.dryRun) return rehearse(admin, config, request)
    // The group first: it refuses while a process still runs, and nothing is lost then.
    if (request.reset) await deleteGroup(admin, config.name)
    const names = topicNames(config)
    const doomed = request.reset ? ourTopics.map((role) => names[role]) : []
    const deleted = await deleteTopics(admin, doomed)
    const created = request.check ? [] : await createTopics(admin, config, request.create)
    const facts = await surveyTopics(admin, names)
    const input = facts.get(names.input)
    if (input === undefined) throw inputMissing(names.input)
    return outcomeOf(admin, names, facts, input.partitions, { created, deleted })
  })
}

/** What `carryOut` would do. */
async function rehearse(
  admin: Admin,
  config: ServiceConfig,
  { reset, create }: TopicsRequest,
): Promise<TopicsOutcome> {
  if (reset) await isGroupIdle(admin, config.name)
  const names = topicNames(config)
  const facts = await surveyTopics(admin, names)
  const deleted = reset ? ourTopicsOf(config, [...facts.keys()]) : []
  const planned = await planTopics(admin, config, create, deleted)
  for (const name of deleted) facts.delete(name)
  const partitions = facts.get(names.input)?.partitions ?? planned[0]?.partitions ?? 0
  return outcomeOf(admin, names, facts, partitions, { deleted, planned })
}

async function outcomeOf(
  admin: Admin,
  names: TopicNames,
  facts: ReadonlyMap<string, TopicFacts>,
  partitions: number,
  done: {
    readonly created?: readonly string[]
    readonly deleted: readonly string[]
    /** Of a rehearsal. */
    readonly planned?: readonly PlannedTopic[]
  },
): Promise<TopicsOutcome> {
  const { brokers } = await admin.describeCluster()
  const [{ host, port } = { host: 'HOST', port: 'PORT' }] = brokers
  const topics = (Object.keys(names) as TopicRole[]).map((role): TopicState => {
    const name = names[role]
    const found = facts.get(name) ?? null
    const plan = done.planned?.find((topic) => topic.name === name) ?? null
    const remarks =
      found === null ? [] : topicRemarks(role, found, { partitions, brokers: brokers.length })
    const commands = remedyCommands(name, remarks, `${host}:${port}`)
    const missing = plan === null ? 'missing' : 'would be created'
    const present = done.created?.includes(name) ? 'created' : 'exists'
    return {
      name,
      state: found === null ? missing : present,
      facts: found,
      plan,
      remarks,
      commands,
    }
  })
  const { problems, warnings } = judgeTopics(names, facts, partitions)
  const missing = missingTopics(names, facts)
  if (done.planned === undefined && missing.length > 0) {
    problems.push(outputsMissing(missing).message)
  }
  const { deleted, planned } = done
  return { partitions, topics, deleted, isDryRun: planned !== undefined, problems, warnings }
}

/** Those of our topics that are among `topics`. */
export function ourTopicsOf(config: ServiceConfig, topics: readonly string[]): string[] {
  const names = topicNames(config)
  return ourTopics.map((role) => names[role]).filter((name) => topics.includes(name))
}
