import { startTimeMs } from '../config/start-time.ts'
import { HeadraceError } from '../errors.ts'
import type { KernelDevice } from '../kernels/index.ts'
import type { ChangelogTail } from './changelog-tail.ts'
import type { CommitRecord, Gap } from './commit-record.ts'
import { differences, type Fingerprint, isSameButDevice } from './fingerprint.ts'
import type { Positions } from './ports.ts'
import type { Manifest } from './snapshot-log.ts'

/** Where the replay of a partition begins, and where it must lead to. */
export interface RestorePlan {
  /** The first input offset of the application. */
  readonly startOffset: bigint
  /** The input offset at which the replay begins. */
  readonly position: bigint
  /** The read_committed end of the input at this moment, for the lag. */
  readonly endOffset: bigint
  /** The state to begin with; null: an empty model. */
  readonly manifest: Manifest | null
  /** The state to reach with outputs suppressed; null for a new application. */
  readonly commit: CommitRecord | null
  /** All that was ever accepted as lost; a new one, if any, is the last. */
  readonly gaps: readonly Gap[]
  /** The last gap is new: the replay cannot be checked against the commit record. */
  readonly hasNewGap: boolean
  /** Another device has learnt: the replay is checked within a tolerance alone. */
  readonly isOtherDevice: boolean
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
  /** Go on although records that the restore needs are gone. */
  readonly acceptGap: boolean
  /** Go on with a model that another device has learnt. */
  readonly allowDifferentDevice?: boolean
}

/**
 * Checks, before anything is replayed, that the changelog, the input and this program belong
 * together (kafka.md §3 step 4). Throws `HEADRACE_TASK_*`.
 */
export async function planRestore(
  query: RestoreQuery,
  tail: Pick<ChangelogTail, 'commit' | 'configuration' | 'manifest'>,
  positions: Positions,
): Promise<RestorePlan> {
  const { commit, manifest } = tail
  const groupOffset = await positions.groupOffset(query.partition)
  if (commit === null) {
    const begun = groupOffset !== null || (await positions.hasPredictions(query.partition))
    if (begun) throw changelogLost(query, groupOffset)
    const { start, end } = await positions.inputRange(query.partition)
    const startOffset = await decideStart(query, positions, start, end)
    return {
      startOffset,
      position: startOffset,
      endOffset: end,
      manifest: null,
      commit: null,
      gaps: [],
      hasNewGap: false,
      isOtherDevice: false,
      disagreeingGroupOffset: null,
    }
  }
  checkOrigin(query, commit, tail.configuration)
  checkManifest(query, commit, manifest)
  const { start, end } = await positions.inputRange(query.partition)
  checkEnd(query, commit, end)
  const agrees = groupOffset === null || groupOffset === commit.nextOffset
  return {
    startOffset: commit.startOffset,
    endOffset: end,
    manifest,
    commit,
    ...findBegin(query, commit, manifest, start),
    isOtherDevice: commit.fingerprint !== query.fingerprint.hash,
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

/**
 * Throws `HEADRACE_TASK_NUMERICS_FOREIGN` or `HEADRACE_TASK_FINGERPRINT_FOREIGN` where another
 * configuration or version has learnt. `configuration`: what the changelog says of it.
 */
export function checkOrigin(
  query: Omit<RestoreQuery, 'from' | 'acceptGap'>,
  commit: Pick<CommitRecord, 'numerics' | 'fingerprint'>,
  configuration: unknown,
): void {
  const where = placeOf(query)
  if (commit.numerics !== query.numerics) {
    throw new HeadraceError(
      'HEADRACE_TASK_NUMERICS_FOREIGN',
      `${where} was learnt with numerics version ${commit.numerics}, this program has ` +
        `${query.numerics}: it would compute other predictions. Run the former version, or ` +
        'replay the topic into a new application name, compare, and switch.',
    )
  }
  const { hash, device, elsewhere } = query.fingerprint
  if (commit.fingerprint === elsewhere) {
    if (query.allowDifferentDevice) return
    throw new HeadraceError(
      'HEADRACE_TASK_FINGERPRINT_FOREIGN',
      `${where} was learnt on a ${nameOf(device === 'cpu' ? 'gpu' : 'cpu')}, and this is a ` +
        `${nameOf(device)}: it would compute other bits. Go on there, or go on here with ` +
        '`headrace run --allow-different-device`, which checks that both come to nearly the same.',
    )
  }
  if (commit.fingerprint !== hash) {
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

/**
 * A manifest is sealed in a transaction with a commit record at or behind its cut. Throws
 * `HEADRACE_TASK_CHANGELOG_INVALID` where the two do not belong together.
 */
export function checkManifest(
  query: Pick<RestoreQuery, 'partition' | 'topic' | 'fingerprint'>,
  commit: CommitRecord,
  manifest: Manifest | null,
): void {
  if (manifest === null) return
  const { fingerprint, startOffset, nextOffset } = manifest
  // A snapshot of one device, and commits behind it of another that has gone on from there.
  const isKnown =
    fingerprint === commit.fingerprint || isSameButDevice(query.fingerprint, fingerprint)
  const isOurs = isKnown && startOffset === commit.startOffset
  if (isOurs && nextOffset <= commit.nextOffset) return
  throw new HeadraceError(
    'HEADRACE_TASK_CHANGELOG_INVALID',
    `${placeOf(query)}: the changelog holds a snapshot up to input offset ${nextOffset} and a ` +
      `commit record up to offset ${commit.nextOffset} that do not belong together. The ` +
      'changelog was written to or restored in part. Restore the whole of it, or start anew with ' +
      '`headrace topics --reset` or under a new application name.',
  )
}

/** Where the replay begins: behind the snapshot, and behind what was accepted as lost there. */
function findBegin(
  query: RestoreQuery,
  commit: CommitRecord,
  manifest: Manifest | null,
  start: bigint,
): Pick<RestorePlan, 'position' | 'gaps' | 'hasNewGap'> {
  const needed = manifest?.nextOffset ?? commit.startOffset
  const { gaps } = commit
  const known = gaps.findLast((gap) => gap.from === needed)
  if (known !== undefined && start <= known.to) {
    return { position: known.to, gaps, hasNewGap: false }
  }
  if (start <= needed) return { position: needed, gaps, hasNewGap: false }
  if (!query.acceptGap) throw expired(query, needed, start)
  return { position: start, gaps: [...gaps, { from: needed, to: start }], hasNewGap: true }
}

function expired(query: RestoreQuery, needed: bigint, start: bigint): HeadraceError {
  return new HeadraceError(
    'HEADRACE_TASK_INPUT_EXPIRED',
    `${placeOf(query)}: input expired, records ${needed}…${start - 1n} are gone and the restore ` +
      'needs them. Keep the input until a snapshot lies behind it; `headrace run --accept-gap` ' +
      'goes on without them, and says so in the changelog; or start a new application name.',
  )
}

/** Throws `HEADRACE_TASK_INPUT_TRUNCATED` where the input ends before the commit record. */
export function checkEnd(
  query: Pick<RestoreQuery, 'partition' | 'topic'>,
  commit: CommitRecord,
  end: bigint,
): void {
  if (end >= commit.nextOffset) return
  throw new HeadraceError(
    'HEADRACE_TASK_INPUT_TRUNCATED',
    `${placeOf(query)} ends at offset ${end}, but records up to offset ` +
      `${commit.nextOffset - 1n} were already learnt: the topic was deleted and created anew. ` +
      'Start a new application name.',
  )
}

/** The application has run before, and no commit record is there. */
export function changelogLost(
  query: Pick<RestoreQuery, 'partition' | 'topic'>,
  groupOffset: bigint | null,
): HeadraceError {
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

function nameOf(device: KernelDevice): string {
  return device === 'gpu' ? 'GPU' : 'CPU'
}
