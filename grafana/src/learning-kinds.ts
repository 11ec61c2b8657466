import { labelSkill, symbolSkill } from './kind-queries.ts'
import { chart, noLimit, steps } from './panels.ts'
import { largest, mean, rate, series, sum } from './query.ts'

const byMember = 'application, member'
const memberLegend = '{{application}} {{member}}'
const byTarget = 'application, target, member'
const targetLegend = '{{application}} {{target}} {{member}}'
const noSymbols = 'No task of kind symbols'
const noLabels = 'No task of kind supervised'
const noClasses = 'No classification'

/** What a task of kind `symbols` makes of its stream. */
export const symbols = [
  chart({
    title: 'Bits per symbol, fading',
    description:
      'What a symbol costs each member and the mixture that is published, the newest thousand ' +
      'symbols or so; a mean over partitions. The mixture ought to lie below all of them.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    none: noSymbols,
    queries: [
      {
        expr: mean(series('headrace_symbol_fading_code_length'), byMember),
        legend: memberLegend,
      },
    ],
  }),
  chart({
    title: 'Bits per symbol, cumulative',
    description:
      'The code length of all symbols since the application began, over their number: what a ' +
      'coder with this model would have written.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    none: noSymbols,
    queries: [
      { expr: mean(series('headrace_symbol_code_length'), byMember), legend: memberLegend },
    ],
  }),
  chart({
    title: 'Against frequencies',
    description:
      'How much shorter than by the frequencies of symbols alone (order 0) the newest thousand ' +
      'symbols or so were said: 0 is no better. On a stream without order nothing beats them.',
    unit: 'percentunit',
    thresholds: steps('red', [0, 'green']),
    none: noSymbols,
    queries: [{ expr: symbolSkill, legend: '{{application}}' }],
  }),
]

/** Whether labels come to a task of kind `supervised`. */
export const labels = [
  chart({
    title: 'Labels by outcome',
    description:
      'Labels matched to their prediction, corrected, or for no prediction, and predictions that ' +
      'went without a label (expired) or were replaced, per second. More expired than matched: ' +
      'labels are missing. Runbook: HeadraceLabelsMissing.',
    unit: 'ops',
    thresholds: noLimit,
    min: 0,
    none: noLabels,
    queries: [
      {
        expr: sum(rate('headrace_labels_total'), 'application, outcome'),
        legend: '{{application}} {{outcome}}',
      },
    ],
  }),
  chart({
    title: 'Predictions kept for labels',
    description:
      'Predictions that wait for their label, or could still have it corrected, by task: they ' +
      'level off at the predictions with an identifier within task.labels.maxPending records.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    none: noLabels,
    queries: [
      {
        expr: sum(series('headrace_labels_pending'), 'application, partition'),
        legend: '{{application}} {{partition}}',
      },
    ],
  }),
  chart({
    title: 'Labels against the last one',
    description:
      'What is published against "as the last label": 1 minus the mean absolute error, or the ' +
      'share of wrong classes, over that of the last label known; above 0 is better. By all ' +
      'labels so far, the worst partition.',
    unit: 'percentunit',
    thresholds: steps('red', [0, 'green']),
    none: noLabels,
    queries: [{ expr: labelSkill, legend: '{{application}} {{target}}' }],
  }),
]

/** How well labels are predicted. */
export const labelErrors = [
  chart({
    title: 'Absolute error of labels',
    description:
      'Mean absolute error by all labels so far, in the unit of the target. "at label time": ' +
      'what would have been said when the label came.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    none: 'No regression',
    queries: [{ expr: mean(series('headrace_label_mae'), byTarget), legend: targetLegend }],
  }),
  chart({
    title: 'Accuracy of labels',
    description:
      'Share of all labels so far whose class was held the most likely. "last" is what nobody ' +
      'should lose to: no change.',
    unit: 'percentunit',
    thresholds: noLimit,
    max: 1,
    none: noClasses,
    queries: [
      { expr: mean(series('headrace_label_accuracy_ratio'), byTarget), legend: targetLegend },
    ],
  }),
  chart({
    title: 'Log loss of labels',
    description:
      'Mean of −ln of the probability that the class of a label was given: falls as ' +
      'probabilities become honest and sharp. The largest of all partitions.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    none: noClasses,
    queries: [{ expr: largest(series('headrace_label_log_loss'), byTarget), legend: targetLegend }],
  }),
]
