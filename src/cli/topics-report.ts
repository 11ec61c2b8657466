import type { Remedied } from '../kafka/topic-commands.ts'
import type { TopicFacts } from '../kafka/topic-facts.ts'
import type { PlannedTopic } from '../kafka/topics.ts'

/** One of the four topics, as `headrace topics` shows it. */
export interface TopicState extends Remedied {
  readonly name: string
  readonly state: 'exists' | 'created' | 'missing' | 'would be created'
  /** Of a topic that exists. */
  readonly facts: TopicFacts | null
  /** Of one that would be created. */
  readonly plan: PlannedTopic | null
}

/** What `headrace topics` found and did. */
export interface TopicsOutcome {
  /** Of the input. */
  readonly partitions: number
  readonly topics: readonly TopicState[]
  /** Deleted by `--reset`, or those that it would delete. */
  readonly deleted: readonly string[]
  readonly isDryRun: boolean
  /** What `run` refuses. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** The lines for people. */
export function topicsLines(input: string, outcome: TopicsOutcome): string[] {
  const { partitions, topics, deleted, isDryRun } = outcome
  const width = Math.max(...topics.map(({ name }) => name.length))
  const stateWidth = Math.max(...topics.map(({ state }) => state.length))
  const lines = deleted.map(
    (name) => `${name.padEnd(width)}  ${isDryRun ? 'would be deleted' : 'deleted'}`,
  )
  for (const topic of topics) {
    const { name, state } = topic
    const head = `${name.padEnd(width)}  ${state.padEnd(stateWidth)}  ${sizeOf(topic)}`
    lines.push(head.trimEnd(), ...detailLines(topic))
  }
  lines.push(`${counted(partitions, 'partition')} in ${input}`)
  return lines
}

/** The object of `--json`. */
export function topicsJson({
  partitions,
  topics,
  deleted,
  isDryRun,
  problems,
  warnings,
}: TopicsOutcome) {
  return {
    partitions,
    topics: topics.map(({ name, state, facts, plan, remarks, commands }) => ({
      name,
      created: state === 'created',
      exists: facts !== null,
      ...(facts === null
        ? {}
        : { partitions: facts.partitions, replicationFactor: facts.replicas }),
      ...(plan === null
        ? {}
        : {
            partitions: plan.partitions,
            replicationFactor: plan.replicationFactor,
            settings: plan.settings,
          }),
      remarks,
      commands,
    })),
    deleted,
    ...(isDryRun ? { dryRun: true } : {}),
    problems,
    warnings,
  }
}

function sizeOf({ facts, plan }: TopicState): string {
  if (plan !== null) {
    const copies =
      plan.replicationFactor === null
        ? "copies as the brokers' default.replication.factor says"
        : counted(plan.replicationFactor, 'copy')
    return `${counted(plan.partitions, 'partition')}, ${copies}`
  }
  if (facts === null) return ''
  return `${counted(facts.partitions, 'partition')}, ${counted(facts.replicas, 'copy')}`
}

function detailLines({ plan, remarks, commands }: TopicState): string[] {
  const settings = Object.entries(plan?.settings ?? {})
  const lines = settings.map(([name, value]) => `  ${name}=${value}`)
  for (const { level, setting, present, wanted, why } of remarks) {
    const better =
      wanted === null ? '' : level === 'refused' ? `, must be ${wanted}` : `, better ${wanted}`
    lines.push(`  ${level}: ${setting} is ${present}${better}`, `    ${why}`)
  }
  for (const command of commands) lines.push(`  change: ${command}`)
  return lines
}

function counted(count: number, noun: 'partition' | 'copy'): string {
  if (count === 1) return `1 ${noun}`
  return `${count} ${noun === 'copy' ? 'copies' : 'partitions'}`
}
