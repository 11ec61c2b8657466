import {
  type CommitRecord,
  commitKey,
  configurationKey,
  decodeCommit,
  decodeConfiguration,
  fenceKey,
} from '../commit-record.ts'
import type { Changelog, ChangelogRecord } from '../ports.ts'
import { decodeManifest, type Manifest, manifestSlot, parseRowKey } from '../snapshot-log.ts'

/** A sealed snapshot, and the changelog offset of its seal: its rows lie before it. */
export interface SealedSnapshot {
  readonly manifest: Manifest
  readonly offset: bigint
}

/** What of one kind a changelog partition holds. */
export interface KindSize {
  /** Keys that have a value. */
  rows: number
  /** Bytes of keys and newest values. */
  bytes: number
  /** Records and bytes in the log, those included that compaction has not removed yet. */
  logRecords: number
  logBytes: number
}

export type ChangelogKind = (typeof changelogKinds)[number]

export const changelogKinds = [
  'commit',
  'fence',
  'configuration',
  'manifest',
  'shared',
  'page',
  'sequence',
  'unknown',
] as const

/** A changelog partition as an observer sees it: nobody has been fenced for it. */
export interface ChangelogView {
  readonly commit: CommitRecord | null
  /** As plain JSON; undefined where there is none. */
  readonly configuration: unknown
  /** Every seal that is still in the log, the oldest first. */
  readonly snapshots: readonly SealedSnapshot[]
  readonly sizes: Readonly<Record<ChangelogKind, KindSize>> | null
}

export interface ViewQuery {
  readonly partition: number
  /** The last offset that is asked for. */
  readonly until: bigint
  /** Whether sizes are wanted: they take memory for each key. */
  readonly hasSizes?: boolean
}

/** Reads a changelog partition. Throws what `decodeCommit` throws, and what the port throws. */
export async function viewChangelog(
  changelog: Changelog,
  { partition, until, hasSizes = false }: ViewQuery,
): Promise<ChangelogView> {
  let commit: CommitRecord | null = null
  let configuration: unknown
  const snapshots: SealedSnapshot[] = []
  const sizes = hasSizes ? new Sizes() : null
  await changelog.read(partition, { until }, (record) => {
    const { offset, key, value } = record
    const kind = kindOf(key)
    sizes?.add(kind, record)
    if (value === null) return
    if (kind === 'commit') commit = decodeCommit(value)
    else if (kind === 'configuration') configuration = decodeConfiguration(value)
    else if (kind === 'manifest') snapshots.push({ manifest: decodeManifest(value), offset })
  })
  return { commit, configuration, snapshots, sizes: sizes?.byKind ?? null }
}

/** The newest seal; null before the first. */
export function newestSnapshot({ snapshots }: ChangelogView): SealedSnapshot | null {
  return snapshots.reduce<SealedSnapshot | null>(
    (newest, each) => ((newest?.manifest.number ?? 0) < each.manifest.number ? each : newest),
    null,
  )
}

function kindOf(key: Uint8Array): ChangelogKind {
  const row = parseRowKey(key)
  if (row !== null) return row.kind
  if (commitKey.equals(key)) return 'commit'
  if (fenceKey.equals(key)) return 'fence'
  if (configurationKey.equals(key)) return 'configuration'
  return manifestSlot(key) === null ? 'unknown' : 'manifest'
}

class Sizes {
  readonly byKind: Readonly<Record<ChangelogKind, KindSize>>
  /** Bytes of each key's newest record. */
  readonly #newest = new Map<string, number>()

  constructor() {
    const empty = (): KindSize => ({ rows: 0, bytes: 0, logRecords: 0, logBytes: 0 })
    this.byKind = Object.fromEntries(changelogKinds.map((kind) => [kind, empty()])) as Readonly<
      Record<ChangelogKind, KindSize>
    >
  }

  add(kind: ChangelogKind, { key, value }: ChangelogRecord): void {
    const size = this.byKind[kind]
    const bytes = key.length + (value?.length ?? 0)
    size.logRecords++
    size.logBytes += bytes
    const name = Buffer.from(key).toString('latin1')
    const before = this.#newest.get(name)
    if (before !== undefined) {
      size.rows--
      size.bytes -= before
      this.#newest.delete(name)
    }
    if (value === null) return
    size.rows++
    size.bytes += bytes
    this.#newest.set(name, bytes)
  }
}
