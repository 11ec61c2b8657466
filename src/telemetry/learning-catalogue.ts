import { baselines, type MetricEntry } from './vocabulary.ts'

const byPartition = 'one per partition'
const byMember = 'partitions × targets × horizons × (members + mixture)'
const byNetwork = 'partitions × networks (one per learning rate)'
const bySlot = 'partitions × targets × horizons'
const byLevel = 'partitions × targets × horizons × intervals'
const slot = ['partition', 'target', 'horizon'] as const
const scored = ['partition', 'target', 'horizon', 'member'] as const
const leveled = ['partition', 'target', 'horizon', 'level'] as const

/** The metrics that tell how well the model learns; a part of the table of metrics. */
export const learningMetrics = {
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
  headrace_target_mean_absolute: {
    type: 'gauge',
    unit: 'the unit of the target',
    labels: slot,
    help:
      'Mean absolute value of the targets scored so far: headrace_prequential_mae over it is ' +
      'the wMAPE.',
    series: bySlot,
  },
  headrace_target_fading_mean_absolute: {
    type: 'gauge',
    unit: 'the unit of the target',
    labels: slot,
    help:
      'The same, each weighing 0.999 of the next: headrace_prequential_fading_mae over it is ' +
      'the fading wMAPE.',
    series: bySlot,
  },
  headrace_skill_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: ['partition', 'target', 'horizon', 'baseline'],
    help:
      '1 minus the fading mean absolute error of the mixture over that of a baseline: ' +
      `${baselines.join(', ')} (the better of the least-squares lines); above 0 is better ` +
      'than the baseline.',
    series: `partitions × targets × horizons × ${baselines.length}`,
  },
  headrace_member_weight_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: scored,
    help: 'Weight of a member in the mixture, a mean over the sequences used last.',
    series: 'partitions × targets × horizons × mixed members',
  },
  headrace_interval_coverage_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: leveled,
    help:
      'Share of targets inside their interval, each weighing 0.999 of the next, since this ' +
      'process took the partition.',
    series: byLevel,
  },
  headrace_interval_width: {
    type: 'gauge',
    unit: 'the unit of the target',
    labels: leveled,
    help:
      'Mean width of the intervals whose targets have come, each weighing 0.999 of the next, ' +
      'since this process took the partition.',
    series: byLevel,
  },
  headrace_interval_level_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: ['level'],
    help: 'What headrace_interval_coverage_ratio ought to be.',
    series: 'intervals',
  },
  headrace_gradient_norm: {
    type: 'gauge',
    unit: 'norm',
    labels: ['partition', 'member'],
    help: 'L2 norm over all weights of the gradient of the latest update, before clipping.',
    series: byNetwork,
  },
  headrace_clipped_updates_total: {
    type: 'counter',
    unit: 'updates',
    labels: ['partition', 'member'],
    help: 'Updates of a network whose gradient was scaled down to the clip norm.',
    series: byNetwork,
  },
  headrace_weight_norm: {
    type: 'gauge',
    unit: 'norm',
    labels: ['partition', 'member'],
    help: 'L2 norm of all weights of a network.',
    series: byNetwork,
  },
  headrace_update_size_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: ['partition', 'member'],
    help:
      'L2 norm of what one recent update changed, over headrace_weight_norm; one update a ' +
      'second is measured.',
    series: byNetwork,
  },
  headrace_saturated_units_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: ['partition', 'member'],
    help: 'Share of hidden units beyond ±0.95 among the sequences used last.',
    series: byNetwork,
  },
  headrace_learning_rate: {
    type: 'gauge',
    unit: '1',
    labels: ['partition', 'member'],
    help: 'Learning rate of a network; 0 where model.learn is off.',
    series: byNetwork,
  },
  headrace_drift_events_total: {
    type: 'counter',
    unit: 'events',
    labels: slot,
    help: 'Drifts: times that the errors of the mixture at the smallest horizon rose for good.',
    series: 'partitions × targets',
  },
  headrace_season_steps: {
    type: 'gauge',
    unit: 'steps',
    labels: ['partition', 'rank'],
    help:
      'Period of a season that the model goes by, in steps of a sequence: as `task.seasons` ' +
      'names them, or as they have been found, 0 for one that has not.',
    series: 'partitions × seasons (2 where they are found)',
  },
  headrace_rollbacks_total: {
    type: 'counter',
    unit: 'roll-backs',
    labels: ['partition'],
    help: 'Times that the guard put the weights of the networks back.',
    series: byPartition,
  },
} as const satisfies Readonly<Record<`headrace_${string}`, MetricEntry>>
