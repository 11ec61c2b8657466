import { withAdmin } from '../support/broker.ts'
import type { Havoc } from './chaos.ts'
import { Comparison, commitProblems, type SeenCommit } from './comparison.ts'
import { contradictions } from './oracle.ts'
import type { OutputReader } from './readers.ts'
import { topicOnDisk } from './segments.ts'
import { verify } from './verify.ts'
import type { World } from './world.ts'

const kinds = ['predictions', 'deadLetters'] as const
const maxTold = 10

/** How the outputs that one reader sees compare with the oracle. */
export interface Reading {
  readonly reader: string
  readonly published: number
  readonly lost: number
  readonly duplicated: number
  readonly reordered: number
  readonly different: number
}

/** What a chaos run has come to. */
export interface Verdict {
  /** Committed input records. */
  readonly records: number
  readonly readings: readonly Reading[]
  /** What `headrace verify` says. */
  readonly verified: string
  /** All that is wrong, in words. Empty where all is well. */
  readonly problems: readonly string[]
}

/** Compares what is published with the oracle, and looks at what the run has left behind. */
export async function judge({ world }: Havoc, readers: readonly OutputReader[]): Promise<Verdict> {
  const { fleet, oracles, upstream } = world
  const readings: Reading[] = []
  const problems: string[] = []
  for (const reader of readers) readings.push(await compare(world, reader, problems))
  problems.push(
    ...fleet.accidents.map(({ name, code, why }) => `${name}: ${why}, exit code ${code}`),
    ...contradictions(oracles, upstream.verdicts).slice(0, maxTold),
    ...(await openTransactions(world)),
    ...(await wrongGroupOffsets(world)),
  )
  const records = oracles.reduce((sum, each) => sum + each.records, 0)
  const verified = await verify(world.app.file, problems)
  return { records, readings, verified, problems }
}

async function compare(world: World, reader: OutputReader, problems: string[]): Promise<Reading> {
  const { app, oracles } = world
  const all: Comparison[] = []
  const commits = oracles.map((): SeenCommit[] => [])
  for (const kind of kinds) {
    const topic = app.topics[kind]
    const ofTopic = new Map(
      reader.partitions.map((partition) => {
        const expected = oracles[partition]?.expected(kind)
        if (expected === undefined) throw new Error(`there is no partition ${partition}`)
        return [partition, new Comparison(`${reader.name}: ${topic}/${partition}`, expected)]
      }),
    )
    await reader.read(world, topic, async (partition, output) => {
      await ofTopic.get(partition)?.take(output)
    })
    for (const [partition, comparison] of ofTopic) {
      await comparison.end()
      commits[partition]?.push(...comparison.commits)
      problems.push(...comparison.examples)
      all.push(comparison)
    }
  }
  for (const partition of reader.partitions) {
    const found = commitProblems(commits[partition] ?? [], oracles[partition]?.records ?? 0)
    for (const problem of found.slice(0, maxTold)) {
      problems.push(`${reader.name}: partition ${partition}: ${problem}`)
    }
  }
  const sum = (part: (comparison: Comparison) => number): number =>
    all.reduce((total, comparison) => total + part(comparison), 0)
  return {
    reader: reader.name,
    published: sum(({ published }) => published),
    lost: sum(({ lost }) => lost),
    duplicated: sum(({ duplicated }) => duplicated),
    reordered: sum(({ reordered }) => reordered),
    different: sum(({ different }) => different),
  }
}

/** Partitions whose last stable offset is not their end: a transaction is open there. */
async function openTransactions({ app, broker, reader }: World): Promise<string[]> {
  const found: string[] = []
  for (const topic of Object.values(app.topics)) {
    const ends = await withAdmin((admin) => admin.fetchTopicOffsets(topic), [broker.address])
    for (const { partition, high } of ends) {
      const stable = await reader.offset(topic, partition, 'end')
      if (stable === BigInt(high)) continue
      found.push(`${topic}/${partition}: a transaction is open at ${stable}, before ${high}`)
    }
  }
  return found
}

/** The group stands behind the last record of the input; behind that only markers may be left. */
async function wrongGroupOffsets({ app, oracles, reader }: World): Promise<string[]> {
  const { input } = app.topics
  const found: string[] = []
  for (const [partition, { lastOffset }] of oracles.entries()) {
    const at = await reader.groupOffset(app.config.name, input, partition)
    const end = await reader.offset(input, partition, 'end')
    if (at !== null && at > lastOffset && at <= end) continue
    found.push(`group offset of partition ${partition}: ${at}, not in (${lastOffset}, ${end}]`)
  }
  return found
}

/** What compaction has done to the changelog by now. */
export function changelogOnDisk({ app, broker }: World): ReturnType<typeof topicOnDisk> {
  return topicOnDisk(broker.dataFolder, app.topics.changelog)
}
