import { HeadraceError } from '../../errors.ts'
import type { CommitRecord, Gap } from '../commit-record.ts'
import type { StreamProcessor } from '../engine/engine.ts'
import { SnapshotReader } from '../engine/snapshot-reader.ts'
import type { Changelog } from '../ports.ts'
import { type Manifest, parseRowKey } from '../snapshot-log.ts'
import type { SealedSnapshot } from './changelog-view.ts'

/** Snapshots that are tried before the two newest, whose rows compaction has left alone. */
const oldestTries = 3
const newestTries = 2

/** The sealed snapshots with which a verification can begin, in the order of trying. */
export function usableSnapshots(
  snapshots: readonly SealedSnapshot[],
  commit: CommitRecord,
  inputStart: bigint,
): SealedSnapshot[] {
  const usable = snapshots
    .filter(({ manifest }) => whyNot(manifest, commit, inputStart) === null)
    .sort((a, b) => a.manifest.number - b.manifest.number)
  const oldest = usable.slice(0, oldestTries)
  return [...oldest, ...usable.slice(oldestTries).slice(-newestTries)]
}

/** Why a verification cannot begin with a sealed state; null where it can. */
export function whyNot(
  { nextOffset, startOffset, gaps }: Manifest,
  commit: CommitRecord,
  inputStart: bigint,
): string | null {
  if (startOffset !== commit.startOffset) {
    return `it began at input offset ${startOffset}, the application at ${commit.startOffset}`
  }
  if (nextOffset > commit.nextOffset) {
    return `it reaches up to input offset ${nextOffset}, the commit record to ${commit.nextOffset}`
  }
  if (nextOffset < inputStart) {
    return `it needs the input from offset ${nextOffset} on, which begins at ${inputStart}`
  }
  const gap = commit.gaps.find((each) => !gaps.some((known) => isSameGap(each, known)))
  if (gap !== undefined) {
    return `it lies before the gap ${gap.from}…${gap.to - 1n}, which was accepted as lost`
  }
  return null
}

/** Whether the whole life of the application can be computed anew. */
export function canBeginAnew(commit: CommitRecord, inputStart: bigint): boolean {
  return commit.gaps.length === 0 && inputStart <= commit.startOffset
}

/**
 * Makes a new model what the rows in front of a seal say. Rows of a later snapshot may have taken
 * the place of some: false, the hash of the state was another one, and the model must be thrown
 * away.
 */
export async function loadSealed(
  changelog: Changelog,
  partition: number,
  { manifest, offset: sealedAt }: SealedSnapshot,
  { model }: StreamProcessor,
): Promise<boolean> {
  const reader = new SnapshotReader(model.snapshots.loader())
  try {
    await changelog.read(partition, { until: sealedAt }, ({ offset, key, value }) => {
      if (offset > sealedAt || parseRowKey(key)?.slot !== manifest.slot) return
      // A copy: the parts of a long row are kept beyond the visit.
      reader.add(key, value && Uint8Array.from(value))
    })
    reader.finish({ manifest, otherCut: null }, [[], []])
  } catch (error) {
    if (isInvalid(error)) return false
    throw error
  }
  return true
}

function isInvalid(error: unknown): boolean {
  return error instanceof HeadraceError && error.code === 'HEADRACE_TASK_SNAPSHOT_INVALID'
}

function isSameGap(a: Gap, b: Gap): boolean {
  return a.from === b.from && a.to === b.to
}
