import { clippedShare } from './learning-queries.ts'
import { chart, noLimit, steps } from './panels.ts'
import { increase, largest, mean, quantile, rate, series, sum } from './query.ts'

const byMember = 'application, member'
const memberLegend = '{{application}} {{member}}'

/** What flows back. */
export const gradients = [
  chart({
    title: 'Gradient norm',
    description:
      'L2 norm of the newest update before clipping, the largest of all partitions; above 1 it ' +
      'is scaled down.',
    unit: 'short',
    thresholds: steps('green', [1, 'yellow']),
    logarithmic: true,
    queries: [{ expr: largest(series('headrace_gradient_norm'), byMember), legend: memberLegend }],
  }),
  chart({
    title: 'Clipped updates',
    description:
      'Share of the updates whose gradient was scaled down. Some is healthy; all the time means ' +
      'that the learning rate is in effect another one.',
    unit: 'percentunit',
    thresholds: steps('green', [0.5, 'yellow'], [0.9, 'red']),
    min: 0,
    max: 1,
    queries: [{ expr: clippedShare, legend: memberLegend }],
  }),
  chart({
    title: 'Update size',
    description:
      'What one update changes, relative to the weights, the mean over partitions. About 0.001 ' +
      'is usual; below 1e-7 the weights are frozen, above 0.1 they do not settle. Runbook: ' +
      'HeadraceWeightsFrozen.',
    unit: 'sci',
    thresholds: steps('red', [1e-7, 'green'], [0.1, 'red']),
    logarithmic: true,
    queries: [{ expr: mean(series('headrace_update_size_ratio'), byMember), legend: memberLegend }],
  }),
]

/** What it has made of the networks. */
export const weights = [
  chart({
    title: 'Weight norm',
    description:
      'L2 norm of all weights of a network, the largest of all partitions. It grows slowly and ' +
      'levels off. Runbook: HeadraceWeightsDiverging.',
    unit: 'short',
    thresholds: noLimit,
    queries: [{ expr: largest(series('headrace_weight_norm'), byMember), legend: memberLegend }],
  }),
  chart({
    title: 'Saturated units',
    description:
      'Share of hidden units beyond ±0.95, the largest of all partitions: through those hardly ' +
      'any gradient flows.',
    unit: 'percentunit',
    thresholds: steps('green', [0.5, 'yellow'], [0.8, 'red']),
    min: 0,
    queries: [
      { expr: largest(series('headrace_saturated_units_ratio'), byMember), legend: memberLegend },
    ],
  }),
  chart({
    title: 'Learning rate',
    description: 'Of each network; 0 where model.learn is off.',
    unit: 'sci',
    thresholds: noLimit,
    queries: [{ expr: largest(series('headrace_learning_rate'), byMember), legend: memberLegend }],
  }),
]

/** What happened to them, and what it costs. */
export const events = [
  chart({
    title: 'Updates and refused updates',
    description:
      'Updates of the network weights per second, and those dropped whole because loss or ' +
      'gradient was not finite: any is one too many. Runbook: HeadraceUpdatesRefused.',
    unit: 'ops',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: sum(rate('headrace_updates_total'), 'application'),
        legend: '{{application}} updates',
      },
      {
        expr: sum(rate('headrace_refused_updates_total'), 'application'),
        legend: '{{application}} refused',
      },
    ],
  }),
  chart({
    title: 'Drift',
    description:
      'Times that the errors of the mixture at this target, by the smallest horizon, rose for ' +
      'good. Straight lines forget faster for a while then. Runbook: HeadraceDriftStorm.',
    unit: 'short',
    thresholds: steps('green', [1, 'yellow']),
    min: 0,
    queries: [
      {
        expr: sum(
          increase('headrace_drift_events_total', 'target="$target"'),
          'application, partition',
        ),
        legend: '{{application}} {{partition}}',
      },
    ],
  }),
  chart({
    title: 'Seasons',
    description:
      'Periods that the model goes by, in steps of a sequence; 0 for one that has not been ' +
      'found. With task.seasons: auto a change says that the stream repeats itself otherwise now.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: largest(series('headrace_season_steps'), 'application, partition, rank'),
        legend: '{{application}} {{partition}}: {{rank}}',
      },
    ],
  }),
  chart({
    title: 'Roll-backs',
    description:
      'Times that the guard put weights of networks back that had led far astray. ' +
      'Runbook: HeadraceRolledBack.',
    unit: 'short',
    thresholds: steps('green', [1, 'red']),
    min: 0,
    queries: [
      {
        expr: sum(increase('headrace_rollbacks_total'), 'application, partition'),
        legend: '{{application}} {{partition}}',
      },
    ],
  }),
  chart({
    title: 'Time of a step',
    description:
      'Mean time that a record takes to be decoded, learnt from and encoded, and the 99th ' +
      'percentile of batches.',
    unit: 's',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr:
          `${sum(rate('headrace_step_duration_seconds_sum'))}` +
          ` / ${sum(rate('headrace_records_total'))}`,
        legend: 'per record',
      },
      { expr: quantile(0.99, 'headrace_step_duration_seconds'), legend: 'batch, p99' },
    ],
  }),
]
