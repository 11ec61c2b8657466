import type { KernelName } from '../rows.ts'

/** A backlog through `headrace run`, and the same records through `headrace replay`, in turn. */
export interface ServiceBacklogRow {
  readonly bench: 'service-backlog'
  readonly kernel: KernelName
  readonly portfolio: 'network' | 'full'
  readonly sequences: number
  /** Fields of a JSON record. */
  readonly fields: number
  readonly records: number
  readonly rounds: number
  /** Of the service, exactly-once, between two commits well inside the backlog. */
  readonly recordsPerSecond: number
  /** Of the second pass over the records in one process: the first one warms up. */
  readonly replayRecordsPerSecond: number
  /** The service as a share of the replay, in the same round. */
  readonly share: number
  /** What `share` should be at least; null without a target. */
  readonly reach: number | null
  readonly beyond: number | null
}

/** A restore without a snapshot, and `replay` of the same topic, each in a new process, in turn. */
export interface ServiceRestoreRow {
  readonly bench: 'service-restore'
  readonly kernel: KernelName
  readonly sequences: number
  readonly records: number
  readonly rounds: number
  /** From the fence on until the task runs. */
  readonly recordsPerSecond: number
  readonly replayRecordsPerSecond: number
  /** The restore as a share of the replay, in the same round. */
  readonly share: number
  /** What `share` should be at least. */
  readonly reach: number
}

/** From right before an event is produced until its prediction is readable read_committed. */
export interface ServiceLatencyRow {
  readonly bench: 'service-latency'
  readonly kernel: KernelName
  readonly producedPerSecond: number
  readonly records: number
  readonly commitIntervalMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  /** What `p99Ms` should be at most. */
  readonly reachMs: number
  readonly beyondMs: number
}

/** Why predictions stop for a while. */
export type PauseCause = 'kill-takeover' | 'kill-restart' | 'stalled-commit' | 'rolling-restart'

/** How long no prediction becomes readable. */
export interface ServicePauseRow {
  readonly bench: 'service-pause'
  readonly kernel: KernelName
  readonly cause: PauseCause
  readonly processes: number
  readonly partitions: number
  readonly repeats: number
  readonly medianMs: number
  readonly worstMs: number
  /** What `worstMs` should be at most. */
  readonly reachMs: number
  readonly beyondMs: number
}

/** Processor time of a service to which nothing comes. */
export interface ServiceIdleRow {
  readonly bench: 'service-idle'
  readonly kernel: KernelName
  readonly partitions: number
  readonly seconds: number
  /** Of one core. */
  readonly coreShare: number
  /** What `coreShare` should be at most. */
  readonly reach: number
  readonly beyond: number
}

export type ServiceRow =
  | ServiceBacklogRow
  | ServiceRestoreRow
  | ServiceLatencyRow
  | ServicePauseRow
  | ServiceIdleRow
