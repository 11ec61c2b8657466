import { HeadraceError } from '../errors.ts'
import {
  type CommitRecord,
  commitKey,
  configurationKey,
  decodeCommit,
  decodeConfiguration,
  decodeFence,
  fenceKey,
} from './commit-record.ts'
import type { Changelog, ChangelogRecord } from './ports.ts'
import { decodeManifest, type Manifest, manifestSlot, parseRowKey } from './snapshot-log.ts'

/** What a read of a changelog partition up to our own marker has shown. */
export interface ChangelogTail {
  /**
   * Whether we are fenced: our marker is not there (compaction removes it once a successor has
   * written its own), or another incarnation has written behind `sinceOffset`.
   */
  readonly fenced: boolean
  readonly commit: CommitRecord | null
  /** The configuration that was stored, as plain JSON; undefined where there is none. */
  readonly configuration: unknown
  /** The newest sealed snapshot; null where there is none. */
  readonly manifest: Manifest | null
  /** Per slot: its own last sealed snapshot, and names of the sequences that have a row there. */
  readonly slots: readonly [SlotTail, SlotTail]
}

export interface SlotTail {
  manifest: Manifest | null
  readonly names: Set<string>
}

export interface TailQuery {
  readonly partition: number
  readonly bootId: string
  /** Offset of our newest marker: the read goes on until its position has passed it. */
  readonly markerOffset: bigint
  /** Offset of our first marker: nobody else may have written behind it. */
  readonly sinceOffset: bigint
  /** Where to begin reading; the whole partition where it is left out. */
  readonly from?: bigint
  /** Asked between fetches: true ends the read with `HEADRACE_TASK_FENCED`. */
  isStopped?(): boolean
}

/**
 * Reads one partition of the changelog. Throws what `decodeCommit` throws, and what the port
 * throws.
 */
export async function readTail(changelog: Changelog, query: TailQuery): Promise<ChangelogTail> {
  const { partition, bootId, markerOffset, sinceOffset, from } = query
  let markerSeen = false
  let foreign = false
  let commit: CommitRecord | null = null
  let configuration: unknown
  const slots: readonly [SlotTail, SlotTail] = [emptySlot(), emptySlot()]
  const visit = ({ offset, key, value }: ChangelogRecord): void => {
    const row = parseRowKey(key)
    if (row !== null) {
      if (row.kind !== 'sequence') return
      if (value === null) slots[row.slot].names.delete(row.name)
      else slots[row.slot].names.add(row.name)
      return
    }
    if (value === null) return
    const slot = manifestSlot(key)
    if (slot !== null) slots[slot].manifest = decodeManifest(value)
    if (commitKey.equals(key)) {
      commit = decodeCommit(value)
      if (offset > sinceOffset && commit.bootId !== bootId) foreign = true
    } else if (fenceKey.equals(key)) {
      const marker = decodeFence(value)
      if (offset === markerOffset && marker.bootId === bootId) markerSeen = true
      if (offset > sinceOffset && marker.bootId !== bootId) foreign = true
    } else if (configurationKey.equals(key)) {
      configuration = decodeConfiguration(value)
    }
  }
  const range = { until: markerOffset, ...(from === undefined ? {} : { from }) }
  await changelog.read(partition, range, visit, async () => {
    // A successor on the same partition waits for the end of this.
    if (query.isStopped?.() !== true) return
    throw new HeadraceError('HEADRACE_TASK_FENCED', 'The task was closed meanwhile.')
  })
  const [a, b] = [slots[0].manifest, slots[1].manifest]
  const manifest = (a?.number ?? 0) > (b?.number ?? 0) ? a : b
  return { fenced: !markerSeen || foreign, commit, configuration, manifest, slots }
}

function emptySlot(): SlotTail {
  return { manifest: null, names: new Set() }
}
