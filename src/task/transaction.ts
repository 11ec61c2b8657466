import {
  type CommitRecord,
  commitHeader,
  encodeCommit,
  encodeConfiguration,
  encodeFence,
  type FenceMarker,
  type Gap,
} from './commit-record.ts'
import type { Cut } from './engine/messages.ts'
import { unpackOutputs } from './engine/packed-outputs.ts'
import type { OutputRecord, OutputTransaction } from './ports.ts'
import { encodeManifest, type Manifest } from './snapshot-log.ts'

/** What of a commit record does not come from the cut. */
export interface Origin {
  readonly startOffset: bigint
  readonly fingerprint: string
  /** What the fingerprint was made of. */
  readonly canonical: string
  readonly numerics: number
  readonly bootId: string
  /** Stretches of the input that were gone when they were needed, and accepted as lost. */
  readonly gaps: readonly Gap[]
}

/** The commit record that follows `previous` (null: the first of the application's partition). */
export function nextCommit(previous: CommitRecord | null, cut: Cut, origin: Origin): CommitRecord {
  return {
    transaction: previous === null ? 0 : previous.transaction + 1,
    startOffset: origin.startOffset,
    firstOffset: cut.firstOffset,
    nextOffset: cut.nextOffset,
    records: cut.records,
    updates: cut.updates,
    chainHash: cut.chainHash,
    weightsHash: cut.weightsHash,
    fingerprint: origin.fingerprint,
    numerics: origin.numerics,
    bootId: origin.bootId,
    gaps: origin.gaps,
    ...(cut.witness === undefined ? {} : { witness: cut.witness }),
  }
}

/**
 * Outputs of a cut, rows of a snapshot and its manifest where it is complete, the commit record
 * last, and the group offset.
 */
export function cutTransaction(
  cut: Cut,
  manifest: Manifest | null,
  commit: CommitRecord,
  origin: Origin,
  isNewOrigin: boolean,
): OutputTransaction {
  const header = commitHeader(commit)
  const marked = (outputs: readonly OutputRecord[], isLast: boolean): readonly OutputRecord[] => {
    const last = outputs.at(-1)
    if (!isLast || last === undefined) return outputs
    const headers = { ...last.headers, 'headrace-commit': header }
    return [...outputs.slice(0, -1), { ...last, headers }]
  }
  return {
    predictions: marked(unpackOutputs(cut.predictions), cut.last === 'prediction'),
    deadLetters: marked(cut.deadLetters, cut.last === 'deadLetter'),
    changelog: [
      ...(isNewOrigin ? [encodeConfiguration(origin.canonical)] : []),
      ...cut.rows,
      ...(manifest === null ? [] : [encodeManifest(manifest)]),
      encodeCommit(commit),
    ],
    nextOffset: cut.nextOffset,
  }
}

/** A fence marker alone. */
export function fenceTransaction(marker: FenceMarker): OutputTransaction {
  return { predictions: [], deadLetters: [], changelog: [encodeFence(marker)], nextOffset: null }
}
