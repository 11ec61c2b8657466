import { isAsCreated } from './check.ts'
import type { TopicFacts } from './topic-facts.ts'
import { type TopicNames, topicSettings } from './topics.ts'

export type TopicRole = keyof TopicNames

/** Something of an existing topic that is not as headrace would have it. */
export interface TopicRemark {
  /** `refused`: `run` does not start. `warning`: it does, at a price. `note`: good to know. */
  readonly level: 'refused' | 'warning' | 'note'
  /** A setting of the topic, or `partitions` or `replication.factor`. */
  readonly setting: string
  readonly present: string
  /** Null where there is nothing better to be had by this setting alone. */
  readonly wanted: string | null
  /** What follows from the present value: a sentence. */
  readonly why: string
}

/** What the remarks of one topic depend on beside the topic. */
export interface ClusterFacts {
  /** Partitions of the input. */
  readonly partitions: number
  readonly brokers: number
}

const oneDayMs = 24 * 60 * 60 * 1000
/** Our sends stay below 900 kB (kafka.md §2). */
const minMessageBytes = 1_000_000
const unreadableCodecs = ['snappy', 'lz4']

/** Why each setting that `headrace topics` creates a topic with matters. */
const outputReasons = {
  'cleanup.policy':
    'Compaction keeps one record of each key: readers would miss the others, and `verify` too.',
  'message.timestamp.type':
    'A record of an old event is older than the retention at once and is deleted, and one from ' +
    'the future is refused.',
}
const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  predictions: outputReasons,
  deadLetters: outputReasons,
  changelog: {
    'cleanup.policy':
      'The state is the newest record of each key: retention would delete it, and without ' +
      'compaction a restore reads all that was ever written.',
    'segment.bytes':
      'Only segments that are closed are compacted: large ones make a restore read more, small ' +
      'ones are many files.',
    'min.cleanable.dirty.ratio':
      'The share of outdated records that is left in the log: a restore reads them too.',
    'delete.retention.ms':
      'How long it can be seen that a key has been removed: a restore that takes longer would ' +
      'find what is gone.',
  },
}

/** All that can be said of an existing topic, the gravest first. */
export function topicRemarks(
  role: TopicRole,
  facts: TopicFacts,
  cluster: ClusterFacts,
): TopicRemark[] {
  const own = role === 'input' ? inputRemarks(facts) : ownRemarks(role, facts, cluster)
  const remarks = [...own, ...codecRemarks(facts), ...copyRemarks(facts, cluster)]
  const order = ['refused', 'warning', 'note']
  return remarks.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level))
}

function ownRemarks(
  role: Exclude<TopicRole, 'input'>,
  { partitions, settings }: TopicFacts,
  cluster: ClusterFacts,
): TopicRemark[] {
  const remarks: TopicRemark[] = []
  if (partitions !== cluster.partitions) {
    remarks.push({
      level: 'refused',
      setting: 'partitions',
      present: String(partitions),
      wanted: String(cluster.partitions),
      why: 'What comes from partition p of the input goes to partition p: the counts are equal.',
    })
  }
  for (const [setting, wanted] of Object.entries(topicSettings[role])) {
    const present = settings[setting] ?? ''
    if (isAsCreated(role, setting, present, wanted)) continue
    const isRefused = role === 'changelog' && setting === 'cleanup.policy'
    const level = isRefused ? 'refused' : 'warning'
    remarks.push({ level, setting, present, wanted, why: reasons[role]?.[setting] ?? '' })
  }
  const maxBytes = settings['max.message.bytes']
  if (maxBytes !== undefined && Number(maxBytes) < minMessageBytes) {
    remarks.push({
      level: 'warning',
      setting: 'max.message.bytes',
      present: maxBytes,
      wanted: String(minMessageBytes),
      why: 'A batch of a transaction has up to 900 kB: the broker would refuse it.',
    })
  }
  return remarks
}

function inputRemarks({ settings }: TopicFacts): TopicRemark[] {
  const policy = settings['cleanup.policy'] ?? ''
  if (policy.includes('compact')) {
    return [
      {
        level: 'refused',
        setting: 'cleanup.policy',
        present: policy,
        wanted: 'delete',
        why: 'Compaction removes records that a restore has to replay.',
      },
    ]
  }
  const remarks: TopicRemark[] = []
  const keep =
    'records must stay until a snapshot lies behind them, a process that was away for longer ' +
    'cannot go on, and `verify` and `replay` reach no further back'
  const retentionMs = Number(settings['retention.ms'] ?? -1)
  if (retentionMs >= 0) {
    remarks.push({
      level: retentionMs < oneDayMs ? 'warning' : 'note',
      setting: 'retention.ms',
      present: String(retentionMs),
      wanted: retentionMs < oneDayMs ? String(7 * oneDayMs) : null,
      why: `Records are kept for ${duration(retentionMs)}: ${keep}.`,
    })
  }
  const retentionBytes = Number(settings['retention.bytes'] ?? -1)
  if (retentionBytes >= 0) {
    remarks.push({
      level: 'warning',
      setting: 'retention.bytes',
      present: String(retentionBytes),
      wanted: '-1',
      why: `The newest bytes of each partition are kept, however soon they are filled: ${keep}.`,
    })
  }
  return remarks
}

function codecRemarks({ settings }: TopicFacts): TopicRemark[] {
  const codec = settings['compression.type'] ?? ''
  if (!unreadableCodecs.includes(codec)) return []
  return [
    {
      level: 'warning',
      setting: 'compression.type',
      present: codec,
      wanted: 'producer',
      why: `The broker packs every batch with ${codec}, which headrace cannot read.`,
    },
  ]
}

/** Where what the brokers have acknowledged may be lost all the same, or nothing can be written. */
function copyRemarks({ replicas, settings }: TopicFacts, { brokers }: ClusterFacts): TopicRemark[] {
  const inSync = settings['min.insync.replicas'] ?? '1'
  const remarks: TopicRemark[] = []
  if (replicas === 1) {
    remarks.push({
      level: brokers > 1 ? 'warning' : 'note',
      setting: 'replication.factor',
      present: '1',
      wanted: brokers > 1 ? String(Math.min(3, brokers)) : null,
      why: 'There is one copy: what is in it is lost with the disk of its broker.',
    })
  } else if (Number(inSync) < 2) {
    remarks.push({
      level: 'warning',
      setting: 'min.insync.replicas',
      present: inSync,
      wanted: '2',
      why: 'With acks=all one copy suffices while others are behind: it is lost with its broker.',
    })
  } else if (Number(inSync) >= replicas) {
    remarks.push({
      level: 'warning',
      setting: 'min.insync.replicas',
      present: inSync,
      wanted: replicas > 2 ? String(replicas - 1) : null,
      why: `All ${replicas} copies must be there: nothing is written while one broker is away.`,
    })
  }
  if (settings['unclean.leader.election.enable'] === 'true') {
    remarks.push({
      level: 'warning',
      setting: 'unclean.leader.election.enable',
      present: 'true',
      wanted: 'false',
      why: 'A copy that is behind may become the leader: acknowledged records are lost then.',
    })
  }
  return remarks
}

/** '7 days', '36 hours', '90 s'. */
function duration(ms: number): string {
  if (ms >= 2 * oneDayMs) return `${Math.round(ms / oneDayMs)} days`
  if (ms >= 2 * 3_600_000) return `${Math.round(ms / 3_600_000)} hours`
  return ms >= 120_000 ? `${Math.round(ms / 60_000)} minutes` : `${Math.round(ms / 1000)} s`
}
