import type { Seal } from '../../model/snapshot/snapshots.ts'
import type { FoundSequences } from '../../model/view.ts'
import type { Witness } from '../../model/witness.ts'
import type { CommitRecord } from '../commit-record.ts'
import type { LearningReport } from '../observe.ts'
import type { OutputRecord } from '../ports.ts'
import type { Manifest } from '../snapshot-log.ts'
import type { PackedOutputs } from './packed-outputs.ts'
import type { PackedRecords } from './packed-records.ts'
import type { PlainError } from './plain-error.ts'

/**
 * What the main thread asks of an engine, and what it answers. Messages of one task arrive in the
 * order in which they were sent, in both directions; all are plain data. `task` numbers the
 * incarnation: what comes for one that is gone is dropped.
 */
export type EngineRequest =
  | { readonly type: 'open'; readonly task: number; readonly partition: number }
  | { readonly type: 'load'; readonly task: number; readonly rows: readonly LoadedRow[] }
  | { readonly type: 'begin'; readonly task: number; readonly start: EngineStart }
  | { readonly type: 'records'; readonly task: number; readonly records: PackedRecords }
  | { readonly type: 'cut'; readonly task: number; readonly request: CutRequest }
  | { readonly type: 'settle'; readonly task: number; readonly outcome: 'sealed' | 'abandoned' }
  | {
      readonly type: 'watch'
      readonly task: number
      readonly watch: number
      /** null: the watch ends. */
      readonly choice: WatchChoice | null
    }
  | {
      readonly type: 'search'
      readonly task: number
      readonly search: number
      /** Part of a sequence's name. */
      readonly text: string
      readonly limit: number
    }
  | { readonly type: 'close'; readonly task: number }

/** One changelog record of the slot that is restored, in the order of the log. */
export interface LoadedRow {
  readonly key: Uint8Array
  /** null: the sequence is gone. */
  readonly value: Uint8Array | null
}

/** Where an engine begins once its rows are loaded. */
export interface EngineStart {
  /** The input offset at which it begins to read. */
  readonly position: bigint
  /** What the rows were; null: none, a model at record 0. */
  readonly snapshot: {
    readonly manifest: Manifest
    /** Records at the cut of the other slot's own last sealed snapshot; null: it has none. */
    readonly otherCut: number | null
  } | null
  /** Per slot, the sequences that have a row there. */
  readonly slotNames: readonly [readonly string[], readonly string[]]
  /** What the replay must lead to; null for a new application. */
  readonly commit: CommitRecord | null
  /**
   * The input between the snapshot and the commit is not whole: the replay ends by position, and
   * its hash tells nothing.
   */
  readonly hasGap: boolean
  /** Another device has learnt: what the replay comes to is compared within a tolerance. */
  readonly isOtherDevice: boolean
  /** How messages name the partition. */
  readonly place: string
}

export interface CutRequest {
  /** begin: a snapshot of the state here; go-on: further rows of the one in progress. */
  readonly snapshot: 'none' | 'begin' | 'go-on'
  /** Rows of a snapshot that this cut may carry, in bytes and in time. */
  readonly maxBytes: number
  readonly maxMs: number
}

/**
 * A cut through the stream between two records: all outputs before it that no earlier cut had, and
 * what the model is there.
 */
export interface Cut {
  readonly firstOffset: bigint
  /** Kafka timestamp of the first record since the cut before; NaN without one. */
  readonly firstTimestampMs: number
  readonly nextOffset: bigint
  readonly records: number
  readonly updates: number
  readonly chainHash: string
  readonly weightsHash: string
  /** See `CommitRecord`. */
  readonly witness?: Witness | undefined
  readonly predictions: PackedOutputs
  readonly deadLetters: readonly OutputRecord[]
  /** Which of the two the last output record belongs to; null where there is none. */
  readonly last: 'prediction' | 'deadLetter' | null
  /** Rows of the snapshot in progress. */
  readonly rows: readonly OutputRecord[]
  /** Not null: they were its last. */
  readonly seal: Seal | null
  /** Bytes of the state that the snapshot in progress has been through, of all, about. */
  readonly snapshot: { readonly done: number; readonly total: number } | null
}

/** What an engine has done since its last report. */
export interface Progress {
  /** Records taken in by the model, and of those handed over. */
  readonly records: number
  readonly handedOver: number
  /** Where it stands in the input. */
  readonly position: bigint
  /** Outputs wait that a cut must take before it goes on. */
  readonly isFull: boolean
  /** Time spent on records since this engine began, in ms. */
  readonly workMs: number
  /** Only what was published first by this process counts; null while it replays. */
  readonly published: {
    readonly predictions: number
    readonly failures: readonly (readonly [code: string, count: number])[]
    readonly updates: number
    /** Of keys and values. */
    readonly inputBytes: number
    readonly sliceMs: number
  } | null
  /** Timestamp and event time of the newest record; NaN and null before one. */
  readonly timestampMs: number
  readonly eventTimeMs: number | null
}

/** What somebody looks at: one target of one sequence at one horizon. */
export interface WatchChoice {
  /** null: the one used last, as soon as there is one. */
  readonly sequence: string | null
  /** Index of the target, and of the horizon among the ascending ones. */
  readonly target: number
  readonly horizon: number
  /** Record count up to which its points are known from an earlier incarnation; null: none are. */
  readonly after: number | null
}

/** What came at what is watched since the message before. */
export interface WatchedPoints {
  readonly watch: number
  /** null: the model knows none yet. */
  readonly sequence: string | null
  /** What was told before does not lead here. */
  readonly isReset: boolean
  /** Points left out: of many, evenly chosen ones are told. */
  readonly skipped: number
  /**
   * Record count, event time in ms, observed value, what had been predicted for it, lower and upper
   * bound of each level, (n, 4 + 2L); NaN = unknown.
   */
  readonly points: Float64Array<ArrayBuffer>
  /** The newest forecast: when its target is due, mean, bounds, (2 + 2L); null before one. */
  readonly next: Float64Array<ArrayBuffer> | null
}

/** A record that could not be used; not all of them are told. */
export interface DeadLetterNote {
  readonly offset: bigint
  readonly code: string
  /** 200 characters at most. */
  readonly message: string
  /** The record's own. */
  readonly timestampMs: number
}

export type EngineReply =
  /** The rows of one `load` have been taken in. */
  | { readonly type: 'loaded'; readonly task: number }
  /** The model stands where the snapshot was cut, and its hash is right. */
  | { readonly type: 'begun'; readonly task: number; readonly records: number }
  /** The replay has reached its goal. */
  | {
      readonly type: 'arrived'
      readonly task: number
      readonly records: number
      readonly chainHash: string
    }
  | { readonly type: 'progress'; readonly task: number; readonly progress: Progress }
  | { readonly type: 'cut'; readonly task: number; readonly cut: Cut }
  | { readonly type: 'learning'; readonly task: number; readonly report: LearningReport }
  | { readonly type: 'points'; readonly task: number; readonly points: WatchedPoints }
  | {
      readonly type: 'found'
      readonly task: number
      readonly search: number
      readonly found: FoundSequences
    }
  | { readonly type: 'refused'; readonly task: number; readonly note: DeadLetterNote }
  | { readonly type: 'failed'; readonly task: number; readonly error: PlainError }
