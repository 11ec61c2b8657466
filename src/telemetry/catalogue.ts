import { kindMetrics } from './kind-catalogue.ts'
import { learningMetrics } from './learning-catalogue.ts'
import {
  commitOutcomes,
  evictionKinds,
  type MetricEntry,
  outputTopics,
  restoreOutcomes,
  snapshotOutcomes,
  taskStates,
} from './vocabulary.ts'

export type { MetricEntry } from './vocabulary.ts'

const byPartition = 'one per partition'

/** Every metric of the service: registration and `docs/metrics.md` follow from this table. */
export const metricTable = {
  headrace_build_info: {
    type: 'gauge',
    unit: '1',
    labels: ['version', 'node', 'kernel'],
    help: 'Always 1; the labels tell what is running.',
    series: 'one',
  },
  headrace_kernel_info: {
    type: 'gauge',
    unit: '1',
    labels: ['kernel', 'cell', 'layers', 'hidden', 'window'],
    help: 'Always 1; the labels tell the shape of the networks and what computes them.',
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
    help: 'Prediction records in transactions that are known to be committed.',
    series: byPartition,
  },
  headrace_dead_letters_total: {
    type: 'counter',
    unit: 'records',
    labels: ['partition', 'reason'],
    help: 'Input records that could not be used, by error code.',
    series: 'partitions × codes `HEADRACE_RECORD_…` of the table of errors',
  },
  headrace_input_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['partition'],
    help: 'Keys and values of the input records taken in.',
    series: byPartition,
  },
  headrace_output_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['partition', 'topic'],
    help: `Keys and values of committed output records, by topic: ${outputTopics.join(', ')}.`,
    series: `partitions × ${outputTopics.length}`,
  },
  headrace_updates_total: {
    type: 'counter',
    unit: 'updates',
    labels: ['partition'],
    help: 'Optimiser steps of the network weights.',
    series: byPartition,
  },
  headrace_refused_updates_total: {
    type: 'counter',
    unit: 'updates',
    labels: ['partition'],
    help: 'Updates of a network that were dropped whole because loss or gradient was not finite.',
    series: byPartition,
  },
  headrace_commits_total: {
    type: 'counter',
    unit: 'transactions',
    labels: ['partition', 'outcome'],
    help: `Transactions ended, by outcome: ${commitOutcomes.join(', ')}.`,
    series: `partitions × ${commitOutcomes.length}`,
  },
  headrace_snapshots_total: {
    type: 'counter',
    unit: 'snapshots',
    labels: ['partition', 'outcome'],
    help: `Snapshots ended, by outcome: ${snapshotOutcomes.join(', ')}.`,
    series: `partitions × ${snapshotOutcomes.length}`,
  },
  headrace_restores_total: {
    type: 'counter',
    unit: 'restores',
    labels: ['partition', 'outcome'],
    help: `Restores ended, by outcome: ${restoreOutcomes.join(', ')}.`,
    series: `partitions × ${restoreOutcomes.length}`,
  },
  headrace_rebalances_total: {
    type: 'counter',
    unit: 'rebalances',
    labels: [],
    help: 'Times that the consumer group gave this process its partitions.',
    series: 'one',
  },
  headrace_group_member: {
    type: 'gauge',
    unit: '1',
    labels: [],
    help: '1 while this process is in its consumer group, 0 while it is out of it or not yet in.',
    series: 'one',
  },
  headrace_last_heartbeat_timestamp_seconds: {
    type: 'gauge',
    unit: 'seconds since the epoch',
    labels: [],
    help: 'Wall clock when the coordinator of the consumer group last answered; absent before.',
    series: 'one',
  },
  headrace_evictions_total: {
    type: 'counter',
    unit: 'evictions',
    labels: ['partition', 'kind'],
    help:
      'What the bounds on sequences took from those least recently used: ' +
      `${evictionKinds.join(', ')}.`,
    series: `partitions × ${evictionKinds.length}`,
  },
  headrace_commit_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['partition'],
    help: 'Time from the beginning of a transaction to its end, whatever the outcome.',
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30],
    series: byPartition,
  },
  headrace_snapshot_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['partition'],
    help: 'Time from the cut of a snapshot to the commit that seals it.',
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 120, 600],
    series: byPartition,
  },
  headrace_restore_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['partition'],
    help: 'Time from the fencing of predecessors to the end of the replay.',
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 120, 600],
    series: byPartition,
  },
  headrace_step_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['partition'],
    help:
      'Time one batch of records took to decode, step and encode, observed once per batch; ' +
      'its sum over headrace_records_total is the mean per record.',
    buckets: [0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    series: byPartition,
  },
  headrace_end_to_end_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['partition'],
    help:
      'Time from the Kafka timestamp of the first record of a commit to the end of that ' +
      'commit, observed once per commit.',
    buckets: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600],
    series: byPartition,
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
  headrace_last_commit_timestamp_seconds: {
    type: 'gauge',
    unit: 'seconds since the epoch',
    labels: ['partition'],
    help: 'Wall clock at the end of the newest transaction that was committed.',
    series: byPartition,
  },
  headrace_transaction_in_doubt: {
    type: 'gauge',
    unit: '1',
    labels: ['partition'],
    help: '1 while the outcome of a transaction is unknown and is being found out, else 0.',
    series: byPartition,
  },
  headrace_restore_progress_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: ['partition'],
    help: 'Share of the records to replay that the latest restore has replayed; 1 when done.',
    series: byPartition,
  },
  headrace_snapshot_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: ['partition'],
    help: 'Keys and values that the newest sealed snapshot wrote to the changelog.',
    series: byPartition,
  },
  headrace_snapshot_timestamp_seconds: {
    type: 'gauge',
    unit: 'seconds since the epoch',
    labels: ['partition'],
    help: 'Wall clock when the newest snapshot of this process was sealed.',
    series: byPartition,
  },
  headrace_snapshot_replay_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['partition'],
    help: 'About how long a restart would replay what came since the newest sealed snapshot.',
    series: byPartition,
  },
  headrace_snapshot_replay_limit_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'The replay time beyond which a snapshot is due: snapshot.maxReplayMs.',
    series: 'one',
  },
  headrace_tasks: {
    type: 'gauge',
    unit: 'tasks',
    labels: ['state'],
    help: `Tasks of this process by state: ${taskStates.join(', ')}.`,
    series: `${taskStates.length}`,
  },
  headrace_task_state: {
    type: 'gauge',
    unit: '1',
    labels: ['partition', 'state'],
    help: 'Always 1; the label tells the state that the task of the partition is in.',
    series: byPartition,
  },
  headrace_sequences: {
    type: 'gauge',
    unit: 'sequences',
    labels: ['partition'],
    help: 'Sequences (keys) with a state in the model.',
    series: byPartition,
  },
  headrace_windows: {
    type: 'gauge',
    unit: 'sequences',
    labels: ['partition'],
    help: 'Sequences that hold the window that learning needs; the others were long unused.',
    series: byPartition,
  },
  headrace_state_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: ['partition'],
    help:
      'Memory of the model: what all sequences share, its kernel, and what each sequence ' +
      'holds.',
    series: byPartition,
  },
  headrace_queue_records: {
    type: 'gauge',
    unit: 'records',
    labels: ['partition'],
    help: 'Records fetched and waiting for the model.',
    series: byPartition,
  },
  headrace_queue_fill_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: ['partition'],
    help:
      'The fuller of the bounds of the queue, in records and in bytes; at 1 the partition is ' +
      'paused.',
    series: byPartition,
  },
  headrace_queue_capacity_records: {
    type: 'gauge',
    unit: 'records',
    labels: ['partition'],
    help:
      'Records in the queue at which the partition is paused, if its bytes do not do it ' +
      'before.',
    series: byPartition,
  },
  headrace_page_clients: {
    type: 'gauge',
    unit: 'connections',
    labels: [],
    help: 'Live pages that are open.',
    series: 'one',
  },
  ...learningMetrics,
  ...kindMetrics,
} as const satisfies Readonly<Record<`headrace_${string}`, MetricEntry>>

export type MetricName = keyof typeof metricTable

/** Defaults of prom-client that Prometheus' rules forbid: gauges with the ending of a counter. */
export const misnamedDefaults: readonly string[] = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]
