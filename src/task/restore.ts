import { startTimeMs } from '../config/start-time.ts'
import { HeadraceError } from '../errors.ts'
import type { ChangelogTail } from './changelog-tail.ts'
import type { CommitRecord } from './commit-record.ts'
import { differences, type Fingerprint } from './fingerprint.ts'
import type { Positions } from './ports.ts'

/** Where the replay of a partition begins, and where it must lead to. */
export interface RestorePlan {
  /** The first input offset of the application. */
  readonly startOffset: bigint
  /** The read_committed end of the input at this moment, for the lag. */
  readonly endOffset: bigint
  /** The state to reach with outputs suppressed; null for a new application. */
  readonly commit: CommitRecord | null
  /**
   * The group's committed offset where it disagrees with ours, which wins; null where it agrees.
   */
  readonly disagreeingGroupOffset: bigint | null
}

export interface RestoreQuery {
  readonly partition: number
  readonly topic: string
  /** `input.from` of the configuration: decides where a new application begins. */
  readonly from: string
  readonly fingerprint: Fingerprint
  readonly numerics: number
}

/**
 * Checks, before anything is replayed, that the changelog, the input and this program belong
 * together (kafka.md §3 step 4). Throws `HEADRACE_TASK_*`.
 */
export async function planRestore(
  query: RestoreQuery,
  tail: ChangelogTail,
  positions: Positions,
): Promise<RestorePlan> {
  const { commit } = tail
  const groupOffset = await positions.groupOffset(query.partition)
  if (commit === null) {
    const begun = groupOffset !== null || (await positions.hasPredictions(query.partition))
    if (begun) throw changelogLost(query, groupOffset)
    const { start, end } = await positions.inputRange(query.partition)
    const startOffset = await decideStart(query, positions, start, end)
    return { startOffset, endOffset: end, commit: null, disagreeingGroupOffset: null }
  }
  checkOrigin(query, commit, tail.configuration)
  const { start, end } = await positions.inputRange(query.partition)
  checkRange(query, commit, start, end)
  const agrees = groupOffset === null || groupOffset === commit.nextOffset
  return {
    startOffset: commit.startOffset,
    endOffset: end,
    commit,
    disagreeingGroupOffset: agrees ? null : groupOffset,
  }
}

async function decideStart(
  query: RestoreQuery,
  positions: Positions,
  start: bigint,
  end: bigint,
): Promise<bigint> {
  const { partition, from } = query
  const timeMs = startTimeMs(from)
  if (typeof timeMs === 'number') return positions.inputOffsetAt(partition, timeMs)
  return from === 'latest' ? end : start
}

function checkOrigin(query: RestoreQuery, commit: CommitRecord, configuration: unknown): void {
  const where = placeOf(query)
  if (commit.numerics !== query.numerics) {
    throw new HeadraceError(
      'HEADRACE_TASK_NUMERICS_FOREIGN',
      `${where} was learnt with numerics version ${commit.numerics}, this program has ` +
        `${query.numerics}: it would compute other predictions. Run the former version, or ` +
        'replay the topic into a new application name, compare, and switch.',
    )
  }
  if (commit.fingerprint !== query.fingerprint.hash) {
    const changes = differences(configuration, JSON.parse(query.fingerprint.canonical))
    const told =
      configuration === undefined || changes.length === 0 ? '' : ` (${changes.join('; ')})`
    throw new HeadraceError(
      'HEADRACE_TASK_FINGERPRINT_FOREIGN',
      `${where} was learnt with another configuration${told}. Restore it, or replay the topic ` +
        'into a new application name, compare, and switch.',
    )
  }
}

function checkRange(query: RestoreQuery, commit: CommitRecord, start: bigint, end: bigint): void {
  const where = placeOf(query)
  if (start > commit.startOffset) {
    throw new HeadraceError(
      'HEADRACE_TASK_INPUT_EXPIRED',
      `${where}: input expired, records ${commit.startOffset}…${start - 1n} are gone and the ` +
        'restore needs them. Keep the input for as long as the application lives, or start a ' +
        'new application name.',
    )
  }
  if (end < commit.nextOffset) {
    throw new HeadraceError(
      'HEADRACE_TASK_INPUT_TRUNCATED',
      `${where} ends at offset ${end}, but records up to offset ${commit.nextOffset - 1n} were ` +
        'already learnt: the topic was deleted and created anew. Start a new application name.',
    )
  }
}

function changelogLost(query: RestoreQuery, groupOffset: bigint | null): HeadraceError {
  const sign =
    groupOffset === null
      ? 'its prediction partition holds records'
      : `its consumer group stands at offset ${groupOffset}`
  return new HeadraceError(
    'HEADRACE_TASK_CHANGELOG_LOST',
    `${placeOf(query)}: changelog lost. The application has run before (${sign}), but its ` +
      'changelog holds no commit record. Restore the changelog topic, or start anew with ' +
      '`headrace topics --reset` or under a new application name.',
  )
}

/** How messages name a partition of the input. */
export function placeOf(query: { readonly topic: string; readonly partition: number }): string {
  return `Partition ${query.partition} of topic '${query.topic}'`
}
