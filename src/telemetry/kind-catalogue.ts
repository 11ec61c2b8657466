import { labelOutcomes, type MetricEntry } from './vocabulary.ts'

const bySymbolMember = 'partitions of a `symbols` task × (members + mixture)'
const byLabelMember = 'partitions of a `supervised` task × targets × (members + 2)'
const ofTarget = ['partition', 'target', 'member'] as const
const published =
  '`mixture` is what was published when it was said, `at label time` what would have been said ' +
  'when the label came.'

/** The metrics that tasks of some kind have alone; a part of the table of metrics. */
export const kindMetrics = {
  headrace_symbol_code_length: {
    type: 'gauge',
    unit: 'bits per symbol',
    labels: ['partition', 'member'],
    help: 'What a symbol has cost, −log₂ of its probability, a mean over all symbols so far.',
    series: bySymbolMember,
  },
  headrace_symbol_fading_code_length: {
    type: 'gauge',
    unit: 'bits per symbol',
    labels: ['partition', 'member'],
    help: 'What a symbol has cost, −log₂ of its probability, each weighing 0.999 of the next.',
    series: bySymbolMember,
  },
  headrace_labels_total: {
    type: 'counter',
    unit: 'labels, predictions or losses',
    labels: ['partition', 'outcome'],
    help:
      'What became of labels. Labels: matched to the prediction that they are for, corrected ' +
      '(one that had come before), unmatched (there was no such prediction). Predictions with an ' +
      'identifier: expired (not all labels came), replaced (the identifier came again). ' +
      'id_too_long: records that cannot be joined. dropped: losses that no network has learnt, ' +
      'as too many came at once.',
    series: `partitions of a \`supervised\` task × ${labelOutcomes.length}`,
  },
  headrace_labels_pending: {
    type: 'gauge',
    unit: 'predictions',
    labels: ['partition'],
    help: 'Predictions that are kept for a label to come, or to be corrected.',
    series: 'partitions of a `supervised` task',
  },
  headrace_label_mae: {
    type: 'gauge',
    unit: 'the unit of the target',
    labels: ofTarget,
    help: `Mean absolute error by all labels so far, of a regression. ${published}`,
    series: byLabelMember,
  },
  headrace_label_accuracy_ratio: {
    type: 'gauge',
    unit: 'ratio',
    labels: ofTarget,
    help:
      'Share of all labels so far whose class was held the most likely, of a classification. ' +
      published,
    series: byLabelMember,
  },
  headrace_label_log_loss: {
    type: 'gauge',
    unit: 'nats',
    labels: ofTarget,
    help:
      'Mean of −ln of the probability that the class of a label was given, of a classification. ' +
      published,
    series: byLabelMember,
  },
} as const satisfies Readonly<Record<`headrace_${string}`, MetricEntry>>
