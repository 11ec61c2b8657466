import { byTask, quantiles, since, taskLegend } from './by-task.ts'
import { chart, noLimit, steps } from './panels.ts'
import { largest, rate, restored, series, smallest, sum, taskLabels } from './query.ts'

/** What a restart would begin with. */
export const snapshots = [
  chart({
    title: 'Replay after a restart',
    description:
      'About how long each task would replay what came since its newest snapshot, over the limit ' +
      'snapshot.maxReplayMs: at 1 a snapshot is due. Runbook: HeadraceSnapshotTooOld.',
    unit: 'percentunit',
    thresholds: steps('green', [2, 'yellow'], [5, 'red']),
    min: 0,
    queries: [
      {
        expr: largest(
          `${series('headrace_snapshot_replay_seconds')}` +
            ' / on (job, instance, application) group_left () ' +
            series('headrace_snapshot_replay_limit_seconds'),
          byTask,
        ),
        legend: taskLegend,
      },
    ],
  }),
  chart({
    title: 'Age of the snapshot',
    description:
      'Time since the newest snapshot was sealed. Without traffic it grows and does no harm: ' +
      'what counts is the replay.',
    unit: 's',
    thresholds: noLimit,
    min: 0,
    queries: [{ expr: since('headrace_snapshot_timestamp_seconds'), legend: taskLegend }],
  }),
  chart({
    title: 'Size of the snapshot',
    description: 'Keys and values that the newest sealed snapshot wrote to the changelog.',
    unit: 'bytes',
    thresholds: noLimit,
    min: 0,
    queries: [{ expr: sum(series('headrace_snapshot_bytes'), byTask), legend: taskLegend }],
  }),
  chart({
    title: 'Snapshots by outcome',
    description:
      'Snapshots ended, and the time from their cut to their seal. Abandoned: a transaction ' +
      'failed or the task ended. Runbook: HeadraceSnapshotsAbandoned.',
    unit: 'ops',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: sum(rate('headrace_snapshots_total'), 'application, outcome'),
        legend: '{{application}} {{outcome}}',
      },
    ],
  }),
]

/** How tasks come back. */
export const restores = [
  chart({
    title: 'Snapshot time',
    description: 'From the cut of a snapshot to the commit that seals it, when there was one.',
    unit: 's',
    thresholds: steps('green', [30, 'yellow'], [120, 'red']),
    min: 0,
    queries: quantiles('headrace_snapshot_duration_seconds'),
  }),
  chart({
    title: 'Restore progress',
    description:
      'Share of the records since its snapshot that the latest restore of each task has ' +
      'replayed; 1 when done. Runbook: HeadraceRestoreTooLong.',
    unit: 'percentunit',
    thresholds: steps('yellow', [1, 'green']),
    min: 0,
    max: 1,
    queries: [
      { expr: smallest(series('headrace_restore_progress_ratio'), byTask), legend: taskLegend },
    ],
  }),
  chart({
    title: 'Restores',
    description:
      'Restores ended, by outcome, those of a process that has just begun too: one for each task ' +
      'after a start or a rebalance; more is a task that cannot go on. Runbook: ' +
      'HeadraceRestoresRepeating.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: sum(restored(), 'application, outcome'),
        legend: '{{application}} {{outcome}}',
      },
    ],
  }),
  chart({
    title: 'Restore time',
    description:
      'Mean time from the fencing of predecessors to the end of the replay, of all restores that ' +
      'a process has done for a task.',
    unit: 's',
    thresholds: steps('green', [30, 'yellow'], [120, 'red']),
    min: 0,
    queries: [
      {
        // Restores are too rare for a rate: the mean is over the life of the process.
        expr: largest(
          `${series('headrace_restore_duration_seconds_sum')}` +
            ` / (${series('headrace_restore_duration_seconds_count')} > 0)`,
          byTask,
        ),
        legend: taskLegend,
      },
    ],
  }),
]

/** What the models hold. */
export const state = [
  chart({
    title: 'Sequences',
    description:
      'Sequences with a state in the model, and those of them that hold the window that learning ' +
      'needs.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    queries: [
      { expr: sum(series('headrace_sequences'), 'application'), legend: '{{application}} known' },
      {
        expr: sum(series('headrace_windows'), 'application'),
        legend: '{{application}} with a window',
      },
    ],
  }),
  chart({
    title: 'Evictions',
    description:
      'What the bounds on sequences take for each record from those least recently used: their ' +
      'window, then all. Steady eviction means that sequences.max or sequences.keep is too ' +
      'small. No line: no records. Runbook: HeadraceEvictionsHeavy.',
    unit: 'percentunit',
    thresholds: steps('green', [0.2, 'yellow']),
    min: 0,
    queries: [
      {
        expr:
          `${sum(rate('headrace_evictions_total'), 'application, kind')}` +
          ' / on (application) group_left () ' +
          sum(rate('headrace_records_total'), 'application'),
        legend: '{{application}} {{kind}}',
      },
    ],
  }),
  chart({
    title: 'Memory of the models',
    description: 'What the sequences of each partition share and what each of them holds.',
    unit: 'bytes',
    thresholds: noLimit,
    min: 0,
    queries: [{ expr: sum(series('headrace_state_bytes'), taskLabels), legend: taskLegend }],
  }),
]
