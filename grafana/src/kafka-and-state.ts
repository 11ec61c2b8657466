import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { assemble } from './assemble.ts'
import { byTask, quantiles, since, taskLegend } from './by-task.ts'
import { heartbeatLimits, lagLimits, lagSeconds } from './limits.ts'
import { chart, noLimit, steps } from './panels.ts'
import { increase, largest, rate, series, smallest, sum } from './query.ts'
import { restores, snapshots, state } from './state.ts'
import { uids } from './uids.ts'

const byProcess = 'application, instance'
const processLegend = '{{application}} on {{instance}}'

const lags = [
  chart({
    title: 'Lag in records',
    description:
      'Offsets between each model and the end of its partition, as the brokers told it last. ' +
      'Runbook: HeadraceLagGrowing, HeadraceLagHigh, HeadraceNoProgress.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    queries: [{ expr: sum(series('headrace_lag_records'), byTask), legend: taskLegend }],
  }),
  chart({
    title: 'Lag in time',
    description:
      'How long each task that runs would need for what waits, at its rate. No line: nothing ' +
      'waits and nothing comes, or the task does not run. Runbook: HeadraceLagHigh.',
    unit: 's',
    thresholds: lagLimits,
    min: 0,
    queries: [
      {
        expr: largest(lagSeconds, byTask),
        legend: taskLegend,
      },
    ],
  }),
  chart({
    title: 'Age of what is read',
    description:
      'Time since the Kafka timestamp of the newest record taken in, which grows without ' +
      'traffic; and how old that record was by its event time when it was taken in, which then ' +
      'stands still. A replay of old data is old by its event time.',
    unit: 's',
    thresholds: noLimit,
    min: 0,
    queries: [
      { expr: since('headrace_last_record_timestamp_seconds'), legend: `${taskLegend} in Kafka` },
      {
        expr: largest(series('headrace_event_time_lag_seconds'), byTask),
        legend: `${taskLegend} by event, when taken in`,
      },
    ],
  }),
]

const flow = [
  chart({
    title: 'Records and predictions',
    description:
      'Per second, by application: records when they are taken in, predictions when they are ' +
      'known to be committed. What lies between is dead letters, or transactions that do not end.',
    unit: 'rps',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: sum(rate('headrace_records_total'), 'application'),
        legend: '{{application}} records',
      },
      {
        expr: sum(rate('headrace_predictions_total'), 'application'),
        legend: '{{application}} predictions',
      },
    ],
  }),
  chart({
    title: 'Dead letters by reason',
    description:
      'Records per second that could not be used; docs/errors.md explains each reason. Runbook: ' +
      'HeadraceDeadLetters.',
    unit: 'rps',
    thresholds: steps('green', [1e-9, 'yellow']),
    min: 0,
    queries: [
      {
        expr: sum(rate('headrace_dead_letters_total'), 'application, reason'),
        legend: '{{application}} {{reason}}',
      },
    ],
  }),
  chart({
    title: 'Bytes',
    description: 'Keys and values per second: taken in, and committed to each of our topics.',
    unit: 'Bps',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: sum(rate('headrace_input_bytes_total'), 'application'),
        legend: '{{application}} in',
      },
      {
        expr: sum(rate('headrace_output_bytes_total'), 'application, topic'),
        legend: '{{application}} {{topic}}',
      },
    ],
  }),
]

const commits = [
  chart({
    title: 'Commits by outcome',
    description:
      'Transactions ended per second. Failed: nobody knows whether it was committed, the task ' +
      'finds out. Fenced: another process owns the partition. Runbook: HeadraceCommitsFailing.',
    unit: 'ops',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: sum(rate('headrace_commits_total'), 'application, outcome'),
        legend: '{{application}} {{outcome}}',
      },
    ],
  }),
  chart({
    title: 'Commit time',
    description:
      'From the beginning of a transaction to its end: the brokers’ part of the delay. Runbook: ' +
      'HeadraceCommitsSlow.',
    unit: 's',
    thresholds: steps('green', [0.5, 'yellow'], [1, 'red']),
    min: 0,
    queries: quantiles('headrace_commit_duration_seconds'),
  }),
  chart({
    title: 'End to end',
    description:
      'From the Kafka timestamp of the first record of a commit to the end of that commit. ' +
      'Runbook: HeadraceEndToEndSlow.',
    unit: 's',
    thresholds: steps('green', [1, 'yellow'], [5, 'red']),
    min: 0,
    queries: quantiles('headrace_end_to_end_duration_seconds'),
  }),
]

const pace = [
  chart({
    title: 'Transactions in doubt',
    description:
      'Tasks that are finding out what became of a transaction; until then they publish ' +
      'nothing. Runbook: HeadraceCommitsFailing.',
    unit: 'short',
    thresholds: steps('green', [1, 'red']),
    min: 0,
    queries: [
      {
        expr: sum(series('headrace_transaction_in_doubt'), 'application'),
        legend: '{{application}}',
      },
    ],
  }),
  chart({
    title: 'Time since the last commit',
    description:
      'Of each task. It saws between 0 and the commit interval under load, and grows while there ' +
      'is nothing to commit.',
    unit: 's',
    thresholds: noLimit,
    min: 0,
    queries: [{ expr: since('headrace_last_commit_timestamp_seconds'), legend: taskLegend }],
  }),
  chart({
    title: 'Queue',
    description:
      'How full the queue in front of each model is, by records or by bytes, whichever is more: ' +
      'at 1 the partition is paused, and full for long means that the model is the bottleneck. ' +
      'Runbook: HeadraceQueueFull.',
    unit: 'percentunit',
    thresholds: steps('green', [0.5, 'yellow'], [1, 'red']),
    min: 0,
    queries: [{ expr: largest(series('headrace_queue_fill_ratio'), byTask), legend: taskLegend }],
  }),
  chart({
    title: 'Queue in records',
    description:
      'Records fetched and waiting for the model, and as dashed those at which the partition is ' +
      'paused, if their bytes do not do it before.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    dashed: '/ bound$/',
    queries: [
      { expr: sum(series('headrace_queue_records'), byTask), legend: taskLegend },
      {
        expr: largest(series('headrace_queue_capacity_records'), 'application'),
        legend: '{{application}} bound',
      },
    ],
  }),
]

const group = [
  chart({
    title: 'In the consumer group',
    description:
      '1 while a process is in its consumer group, 0 while it is out of it or not yet in: then ' +
      'it gets no records. Runbook: HeadraceKafkaUnreachable.',
    unit: 'short',
    thresholds: steps('red', [1, 'green']),
    min: 0,
    max: 1,
    queries: [
      {
        expr: smallest(series('headrace_group_member'), byProcess),
        legend: processLegend,
      },
    ],
  }),
  chart({
    title: 'Time since the last heartbeat',
    description:
      'Since the coordinator of the consumer group last answered, by the clock of the process: ' +
      'some seconds, with traffic and without. No line: not yet. Runbook: ' +
      'HeadraceKafkaUnreachable.',
    unit: 's',
    thresholds: heartbeatLimits,
    min: 0,
    queries: [
      {
        expr: largest(`time() - ${series('headrace_last_heartbeat_timestamp_seconds')}`, byProcess),
        legend: processLegend,
      },
    ],
  }),
  chart({
    title: 'Rebalances',
    description:
      'Times that the consumer group gave a process its partitions: one at each start or end of ' +
      'a process; more is unrest. Runbook: HeadraceRebalancing.',
    unit: 'short',
    thresholds: steps('green', [2, 'yellow']),
    min: 0,
    queries: [
      {
        expr: sum(increase('headrace_rebalances_total'), byProcess),
        legend: processLegend,
      },
    ],
  }),
]

/** The way in and out, and what would be there after a restart. */
export function kafkaAndState(): Dashboard {
  return assemble({
    uid: uids.kafkaAndState,
    title: 'headrace / Kafka and state',
    description: 'Lag, commits, snapshots, rebalances, restores; sequences and memory.',
    rows: [
      { title: 'Position', heightUnits: 8, panels: lags },
      { heightUnits: 8, panels: flow },
      { title: 'Commits', heightUnits: 8, panels: commits },
      { heightUnits: 8, panels: pace },
      { title: 'Consumer group', heightUnits: 8, panels: group },
      { title: 'Snapshots and restores', heightUnits: 8, panels: snapshots },
      { heightUnits: 8, panels: restores },
      { title: 'State', heightUnits: 8, panels: state },
    ],
  })
}
