/** Labels that metrics of this service may carry. */
export type Label =
  | 'partition'
  | 'reason'
  | 'outcome'
  | 'target'
  | 'horizon'
  | 'member'
  | 'state'
  | 'version'
  | 'node'
  | 'kernel'

/** One row of the table of metrics. */
export interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** What is counted or measured, in Prometheus' base units. */
  readonly unit: string
  readonly labels: readonly Label[]
  readonly help: string
  /** Upper bounds, histograms only. */
  readonly buckets?: readonly number[]
  /** How many label sets there can be in one process, by what the configuration says. */
  readonly series: string
}

/** States of a task, in the order of its life (design §2). */
export const taskStates = [
  'CREATED',
  'FENCING',
  'RESTORING',
  'RUNNING',
  'CLOSED',
  'FAILED',
] as const
export type TaskState = (typeof taskStates)[number]

/**
 * How a transaction ended: `failed` covers every rejection, whose true outcome nobody knows;
 * `fenced` the one that tells that another process owns the partition now.
 */
export const commitOutcomes = ['committed', 'failed', 'fenced'] as const
export type CommitOutcome = (typeof commitOutcomes)[number]

const byPartition = 'one per partition'
const byMember = 'partitions × targets × horizons × (members + mixture)'
const scored = ['partition', 'target', 'horizon', 'member'] as const

/** Every metric of the service: registration and `docs/metrics.md` follow from this table. */
export const metricTable = {
  headrace_build_info: {
    type: 'gauge',
    unit: '1',
    labels: ['version', 'node', 'kernel'],
    help: 'Always 1; the labels tell what is running.',
    series: 'one',
  },
  headrace_records_total: {
    type: 'counter',
    unit: 'records',
    labels: ['partition'],
    help: 'Input records taken in, dead letters included, records replayed by a restore not.',
    series: byPartition,
  },
  headrace_predictions_total: {
    type: 'counter',
    unit: 'records',
    labels: ['partition'],
    help: 'Prediction records handed to a transaction.',
    series: byPartition,
  },
  headrace_dead_letters_total: {
    type: 'counter',
    unit: 'records',
    labels: ['partition', 'reason'],
    help: 'Input records that could not be used, by error code.',
    series: 'partitions × codes `HEADRACE_RECORD_…` of the table of errors',
  },
  headrace_updates_total: {
    type: 'counter',
    unit: 'updates',
    labels: ['partition'],
    help: 'Optimiser steps of the network weights.',
    series: byPartition,
  },
  headrace_commits_total: {
    type: 'counter',
    unit: 'transactions',
    labels: ['partition', 'outcome'],
    help: `Transactions ended, by outcome: ${commitOutcomes.join(', ')}.`,
    series: `partitions × ${commitOutcomes.length}`,
  },
  headrace_commit_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['partition'],
    help: 'Time from the beginning of a transaction to its end, whatever the outcome.',
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    series: byPartition,
  },
  headrace_snapshot_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['partition'],
    help: 'Time from the cut of a snapshot to the commit that seals it.',
    buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800],
    series: byPartition,
  },
  headrace_snapshot_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: ['partition'],
    help: 'Keys and values that the newest sealed snapshot wrote to the changelog.',
    series: byPartition,
  },
  headrace_step_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['partition'],
    help:
      'Time one batch of records took to decode, step and encode, observed once per batch; ' +
      'its sum over headrace_records_total is the mean per record.',
    buckets: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    series: byPartition,
  },
  headrace_prequential_mae: {
    type: 'gauge',
    unit: 'the unit of the target',
    labels: scored,
    help: 'Mean absolute error of all predictions scored so far, test then train.',
    series: byMember,
  },
  headrace_prequential_fading_mae: {
    type: 'gauge',
    unit: 'the unit of the target',
    labels: scored,
    help: 'Mean absolute error, each scored prediction weighing 0.999 of the next.',
    series: byMember,
  },
  headrace_prequential_wmape_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: scored,
    help: 'Sum of absolute errors over sum of absolute targets, of all predictions scored so far.',
    series: byMember,
  },
  headrace_prequential_fading_wmape_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: scored,
    help:
      'Sum of absolute errors over sum of absolute targets, ' +
      'each scored prediction weighing 0.999 of the next.',
    series: byMember,
  },
  headrace_gradient_norm: {
    type: 'gauge',
    unit: 'norm',
    labels: ['partition', 'member'],
    help: 'L2 norm over all weights of the gradient of the latest update, before clipping.',
    series: 'partitions × networks (one per learning rate)',
  },
  headrace_lag_records: {
    type: 'gauge',
    unit: 'offsets',
    labels: ['partition'],
    help: 'Offsets between the position of the model and the read_committed end of the partition.',
    series: byPartition,
  },
  headrace_event_time_lag_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['partition'],
    help:
      'Wall clock minus event time of the newest usable record, at the time it was taken in; ' +
      'absent without event time.',
    series: byPartition,
  },
  headrace_last_record_timestamp_seconds: {
    type: 'gauge',
    unit: 'seconds since the epoch',
    labels: ['partition'],
    help: 'Kafka timestamp of the newest record taken in.',
    series: byPartition,
  },
  headrace_restore_progress_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: ['partition'],
    help: 'Share of the records to replay that the latest restore has replayed; 1 when done.',
    series: byPartition,
  },
  headrace_tasks: {
    type: 'gauge',
    unit: 'tasks',
    labels: ['state'],
    help: `Tasks of this process by state: ${taskStates.join(', ')}.`,
    series: `${taskStates.length}`,
  },
  headrace_sequences: {
    type: 'gauge',
    unit: 'sequences',
    labels: ['partition'],
    help: 'Sequences (keys) with a state in the model.',
    series: byPartition,
  },
  headrace_queue_records: {
    type: 'gauge',
    unit: 'records',
    labels: ['partition'],
    help: 'Records fetched and waiting for the model.',
    series: byPartition,
  },
  headrace_queue_capacity_records: {
    type: 'gauge',
    unit: 'records',
    labels: ['partition'],
    help: 'Records in the queue at which the partition is paused.',
    series: byPartition,
  },
} as const satisfies Readonly<Record<`headrace_${string}`, MetricEntry>>

export type MetricName = keyof typeof metricTable

/** Defaults of prom-client that Prometheus' rules forbid: gauges with the ending of a counter. */
export const misnamedDefaults: readonly string[] = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]
