import { HeadraceError } from '../errors.ts'
import type { Witness } from '../model/witness.ts'
import type { OutputRecord } from './ports.ts'

/**
 * What headrace writes to a partition of the changelog, as versioned JSON. The topic is compacted:
 * only the newest record of each key counts.
 *
 * - `commit`: one at the end of each transaction
 * - `fence`: the marker with which an incarnation of the task ends its predecessors
 * - `configuration`: what the fingerprint was made of, written once, to tell what has changed
 *
 * Snapshots: see snapshot-log.ts.
 */
export const FORMAT_VERSION = 1

export const commitKey = Buffer.from('commit')
export const fenceKey = Buffer.from('fence')
export const configurationKey = Buffer.from('configuration')

/** Where a model stands in the log, and who says so. */
export interface CommitRecord {
  /** Number of the transaction in the life of the application's partition, from 0. */
  readonly transaction: number
  /** The first input offset of the application: where its record 0 is looked for. */
  readonly startOffset: bigint
  /** The first input offset of this transaction. */
  readonly firstOffset: bigint
  /** Where the next transaction begins. */
  readonly nextOffset: bigint
  /** Records applied, dead letters included. */
  readonly records: number
  /** Updates of the network weights done. */
  readonly updates: number
  readonly chainHash: string
  readonly weightsHash: string
  readonly fingerprint: string
  readonly numerics: number
  /** The incarnation of the task that wrote it. */
  readonly bootId: string
  /** What of the input was lost and accepted as lost, in order; usually nothing. */
  readonly gaps: readonly Gap[]
  /** Where the kernel computes on a device: what another one must nearly come to. */
  readonly witness?: Witness | undefined
}

/** Input offsets [from, to) that were gone when a restore needed them (`run --accept-gap`). */
export interface Gap {
  readonly from: bigint
  readonly to: bigint
}

export interface FenceMarker {
  readonly bootId: string
  /** Number of the marker in the life of the incarnation, from 0. */
  readonly fence: number
}

export function encodeCommit(commit: CommitRecord): OutputRecord {
  const { startOffset, firstOffset, nextOffset } = commit
  const value = {
    format: FORMAT_VERSION,
    ...commit,
    startOffset: `${startOffset}`,
    firstOffset: `${firstOffset}`,
    nextOffset: `${nextOffset}`,
    gaps: encodeGaps(commit.gaps),
  }
  return { key: commitKey, value: Buffer.from(JSON.stringify(value)) }
}

/** Gaps as JSON: offsets are texts there. */
export function encodeGaps(gaps: readonly Gap[]): { from: string; to: string }[] {
  return gaps.map(({ from, to }) => ({ from: `${from}`, to: `${to}` }))
}

export function encodeFence(marker: FenceMarker): OutputRecord {
  const value = Buffer.from(JSON.stringify({ format: FORMAT_VERSION, ...marker }))
  return { key: fenceKey, value }
}

/** `canonical`: the text whose hash is the fingerprint. */
export function encodeConfiguration(canonical: string): OutputRecord {
  const value = JSON.stringify({ format: FORMAT_VERSION, configuration: JSON.parse(canonical) })
  return { key: configurationKey, value: Buffer.from(value) }
}

/**
 * Throws `HEADRACE_TASK_FORMAT_NEWER`, or `HEADRACE_TASK_CHANGELOG_INVALID` for what is no commit
 * record.
 */
export function decodeCommit(value: Uint8Array): CommitRecord {
  const fields = decodeFields(value, commitKey)
  return {
    transaction: fields.count('transaction'),
    startOffset: fields.offset('startOffset'),
    firstOffset: fields.offset('firstOffset'),
    nextOffset: fields.offset('nextOffset'),
    records: fields.count('records'),
    updates: fields.count('updates'),
    chainHash: fields.text('chainHash'),
    weightsHash: fields.text('weightsHash'),
    fingerprint: fields.text('fingerprint'),
    numerics: fields.count('numerics'),
    bootId: fields.text('bootId'),
    gaps: fields.gaps('gaps'),
    witness: fields.witness('witness'),
  }
}

/** Throws as `decodeCommit` does. */
export function decodeFence(value: Uint8Array): FenceMarker {
  const fields = decodeFields(value, fenceKey)
  return { bootId: fields.text('bootId'), fence: fields.count('fence') }
}

/** The configuration that was stored, as plain JSON. Throws as `decodeCommit` does. */
export function decodeConfiguration(value: Uint8Array): unknown {
  return decodeFields(value, configurationKey).raw('configuration')
}

/** The header `headrace-commit` on the last output record of a transaction. */
export function commitHeader(commit: CommitRecord): string {
  const { records, chainHash, bootId } = commit
  return JSON.stringify({ records, chainHash, bootId })
}

/** The fields of a value, checked as they are asked for. Throws as `decodeCommit` does. */
export function decodeFields(value: Uint8Array, key: Buffer | string) {
  const invalid = (what: string) =>
    new HeadraceError(
      'HEADRACE_TASK_CHANGELOG_INVALID',
      `The changelog record with key '${key}' is not one of headrace: ${what}.`,
    )
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value))
  } catch {
    throw invalid('its value is not JSON')
  }
  if (typeof parsed !== 'object' || parsed === null) throw invalid('its value is not an object')
  const fields = parsed as Readonly<Record<string, unknown>>
  const { format } = fields
  if (!isCount(format)) throw invalid("its 'format' is not a number")
  if (format > FORMAT_VERSION) {
    throw new HeadraceError(
      'HEADRACE_TASK_FORMAT_NEWER',
      `The changelog record with key '${key}' has format ${format}; this version of headrace ` +
        `reads up to format ${FORMAT_VERSION}. Run the newer version.`,
    )
  }
  const offsetOf = (field: unknown, name: string): bigint => {
    if (typeof field === 'string' && /^\d{1,19}$/.test(field)) return BigInt(field)
    throw invalid(`its '${name}' is not an offset`)
  }
  return {
    invalid,
    raw: (name: string): unknown => fields[name],
    count(name: string): number {
      const field = fields[name]
      if (!isCount(field)) throw invalid(`its '${name}' is not a count`)
      return field
    },
    text(name: string): string {
      const field = fields[name]
      if (typeof field !== 'string') throw invalid(`its '${name}' is not a string`)
      return field
    },
    offset: (name: string): bigint => offsetOf(fields[name], name),
    witness(name: string): Witness | undefined {
      const field = fields[name] as { weights?: unknown; means?: unknown } | null | undefined
      if (field === undefined) return undefined
      const [weights, means] = [field?.weights, field?.means]
      if (isNumbers(weights) && isNumbers(means)) return { weights, means }
      throw invalid(`its '${name}' is not two lists of numbers`)
    },
    gaps(name: string): Gap[] {
      const field = fields[name] ?? []
      if (!Array.isArray(field)) throw invalid(`its '${name}' is not a list`)
      return field.map((gap: { from?: unknown; to?: unknown } | null) => ({
        from: offsetOf(gap?.from, name),
        to: offsetOf(gap?.to, name),
      }))
    },
  }
}

function isNumbers(field: unknown): field is readonly number[] {
  return Array.isArray(field) && field.every((value) => typeof value === 'number')
}

function isCount(field: unknown): field is number {
  return typeof field === 'number' && Number.isSafeInteger(field) && field >= 0
}
