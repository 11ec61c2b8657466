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
}

export interface TailQuery {
  readonly partition: number
  readonly bootId: string
  /** Offset of our newest marker: the read goes on until its position has passed it. */
  readonly markerOffset: bigint
  /** Offset of our first marker: nobody else may have written behind it. */
  readonly sinceOffset: bigint
}

/**
 * Reads one partition of the changelog. Throws what `decodeCommit` throws, and what the port
 * throws.
 */
export async function readTail(changelog: Changelog, query: TailQuery): Promise<ChangelogTail> {
  const { partition, bootId, markerOffset, sinceOffset } = query
  let markerSeen = false
  let foreign = false
  let commit: CommitRecord | null = null
  let configuration: unknown
  const visit = ({ offset, key, value }: ChangelogRecord): void => {
    if (value === null) return
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
  await changelog.read(partition, markerOffset, visit)
  return { fenced: !markerSeen || foreign, commit, configuration }
}
