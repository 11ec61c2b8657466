import type { NetworkHealth } from '../model/learning-health.ts'
import type { LabelCounts } from '../model/supervised/label-counts.ts'
import type { LabelScore } from '../model/supervised/scores.ts'
import type { SymbolScore } from '../model/symbols/scores.ts'
import type { TaskState } from './state.ts'

/** One line an event; `event` is a stable key such as `task.running`. */
export interface TaskLogger {
  debug(event: string, fields?: Readonly<Record<string, unknown>>, message?: string): void
  info(event: string, fields?: Readonly<Record<string, unknown>>, message?: string): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>, message?: string): void
  error(event: string, fields?: Readonly<Record<string, unknown>>, message?: string): void
  child(fields: Readonly<Record<string, unknown>>): TaskLogger
}

/** Errors of one member at one target and horizon; NaN = not known yet. */
export interface ErrorRow {
  readonly target: string
  readonly horizon: number
  /** Name of the member, or `mixture`. */
  readonly member: string
  readonly mae: number
  readonly fadingMae: number
  readonly wmape: number
  readonly fadingWmape: number
}

/** How one network fares; clipped updates are those since the last report. */
export type NetworkRow = Omit<NetworkHealth, 'refusedUpdates' | 'rollbacks'>

/** What one target at one horizon is predicted like; NaN = not known yet. */
export interface SlotRow {
  readonly target: string
  readonly horizon: number
  /** Mean absolute value of the targets, and the fading one, in their unit. */
  readonly meanAbsolute: number
  readonly fadingMeanAbsolute: number
  /** Of the mixed members; none before there is a forecast. */
  readonly weights: readonly { readonly member: string; readonly weight: number }[]
  /** 1 − error of the mixture ÷ that of a baseline, both fading. */
  readonly skill: {
    readonly persistence: number
    readonly seasonal: number
    readonly rls: number
  }
  /** By level: share of targets inside, and mean width in their unit, both fading. */
  readonly intervals: readonly {
    readonly level: number
    readonly coverage: number
    readonly width: number
  }[]
}

/** A record at which errors were found to have risen for good. */
export interface DriftRow {
  readonly target: string
  readonly horizon: number
  readonly sequence: string
  /** Records of the partition up to it. */
  readonly records: number
}

/** A network whose weights were put back since the last report. */
export interface RollbackRow {
  readonly network: string
  readonly count: number
  /** As it is now. */
  readonly learningRate: number
  /** Records of the partition so far. */
  readonly records: number
}

/** The seasons that a model finds have become others since the last report. */
export interface SeasonRow {
  /** Periods in steps, ascending; [] for none. */
  readonly seasons: readonly number[]
  readonly before: readonly number[]
  /** Records of the partition so far. */
  readonly records: number
}

/** How a model learns, told once a second. */
export interface LearningReport {
  readonly sequences: number
  /** Sequences that hold a window. */
  readonly windows: number
  readonly stateBytes: number
  /** Since the last report. */
  readonly evictions: { readonly window: number; readonly sequence: number }
  readonly refusedUpdates: number
  readonly drifts: readonly DriftRow[]
  readonly rollbacks: readonly RollbackRow[]
  /** Periods in steps that the model goes by, 0 for one that has not been found. */
  readonly seasons: readonly number[]
  readonly seasonChanges: readonly SeasonRow[]
  readonly networks: readonly NetworkRow[]
  readonly slots: readonly SlotRow[]
  readonly errors: readonly ErrorRow[]
  /** Of a symbols task: what symbols have cost each member and the mixture; else []. */
  readonly symbols: readonly SymbolScore[]
  /** Of a supervised task; else null. */
  readonly labels: LabelsStand | null
}

/** How the labels of a supervised task stand. */
export interface LabelsStand {
  /** Predictions that wait for a label. */
  readonly pending: number
  /** Since the last report. */
  readonly counts: LabelCounts
  readonly scores: readonly LabelScore[]
}

/** Bytes of keys and values by topic. */
export interface OutputBytes {
  readonly predictions: number
  readonly 'dead-letters': number
  readonly changelog: number
}

/** What one task reports, in plain numbers, once a slice or a commit; never per record. */
export interface TaskMetrics {
  state(state: TaskState): void
  records(count: number, bytes: number): void
  /** Predictions of a transaction that is known to be there. */
  predictions(count: number): void
  /** `reason`: code of the error table. */
  deadLetters(reason: string, count: number): void
  updates(count: number): void
  commit(outcome: 'committed' | 'failed' | 'fenced', durationMs: number): void
  /** Whether the outcome of a transaction is unknown at this moment. */
  inDoubt(isInDoubt: boolean): void
  /** What a transaction that is known to be there has brought; NaN: the timestamp of no record. */
  committed(firstTimestampMs: number, bytes: OutputBytes): void
  /** A snapshot was sealed. */
  snapshot(durationMs: number, bytes: number): void
  snapshotAbandoned(): void
  /** How long a replay of what came since the newest sealed snapshot would take. */
  replay(replayMs: number): void
  step(durationMs: number): void
  position(lagRecords: number, timestampMs: number, eventTimeMs: number | null): void
  /** `fill`: the share of the fuller of its bounds; 1 = the partition is paused. */
  queue(records: number, capacityRecords: number, fill: number): void
  restore(doneRecords: number, totalRecords: number): void
  /** A restore has ended. */
  restored(outcome: 'done' | 'failed', durationMs: number): void
  learning(report: LearningReport): void
  close(): void
}

/** The metrics of a process: one set per task, made anew for each incarnation. */
export interface ServiceMetrics {
  task(partition: number): TaskMetrics
  /** The group has given this process its partitions. */
  rebalanced(): void
  /** This process is out of the group, and tries to come back. */
  interrupted(): void
  /** The group's coordinator has answered. */
  heartbeat(): void
}

const silentTask: TaskMetrics = {
  state() {},
  records() {},
  predictions() {},
  deadLetters() {},
  updates() {},
  commit() {},
  inDoubt() {},
  committed() {},
  snapshot() {},
  snapshotAbandoned() {},
  replay() {},
  step() {},
  position() {},
  queue() {},
  restore() {},
  restored() {},
  learning() {},
  close() {},
}

/** For those who watch nothing. */
export const silentMetrics: ServiceMetrics = {
  task: () => silentTask,
  rebalanced() {},
  interrupted() {},
  heartbeat() {},
}
