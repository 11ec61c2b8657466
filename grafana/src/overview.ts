import { type Dashboard, SpecialValueMatch } from '@grafana/grafana-foundation-sdk/dashboard'
import { assemble } from './assemble.ts'
import { figure, range, special, verdict } from './figures.ts'
import { labelSkill, symbolSkill } from './kind-queries.ts'
import { inContact, lagLimits, lagSeconds, skillLimits } from './limits.ts'
import { lists, states } from './overview-tasks.ts'
import { chart, noLimit, steps } from './panels.ts'
import { deadLetterRate, largest, mean, quantile, rate, series, smallest, sum } from './query.ts'
import { uids } from './uids.ts'

const naive = 'baseline=~"persistence|seasonal"'
const slotLabels = 'application, target, horizon, baseline'

/** Against what is naive for its kind, each task's; of a forecast each target and horizon. */
const naiveSkill = smallest(
  `${mean(series('headrace_skill_ratio', naive), slotLabels)} or ${labelSkill} or ${symbolSkill}`,
)

/** Processes that have told of themselves in the time shown, be they there now or not. */
const known = `last_over_time(${series('headrace_build_info')}[$__range])`
const up = `up{job=~"$job", instance=~"$instance"} and on (job, instance) ${known}`
const running = sum(series('headrace_tasks', 'state="RUNNING"'))
const owned = sum(series('headrace_tasks', 'state!="CLOSED"'))
const anyContact = largest(inContact)

const worstLag = `clamp_max(${largest(lagSeconds)}, 1e6)`
const onTheirWay = series('headrace_task_state', 'state=~"CREATED|FENCING|RESTORING"')

/** Long enough for an update of a slow stream; the interval of a rate may hold two records. */
const learningWindow = '[15m]'
const updates = sum(`increase(${series('headrace_updates_total')}${learningWindow})`)
const predictions = sum(`increase(${series('headrace_predictions_total')}${learningWindow})`)
const matched = sum(
  `increase(${series('headrace_labels_total', 'outcome="matched"')}${learningWindow})`,
)
const rates = largest(series('headrace_learning_rate'))
const models = largest(series('headrace_sequences'))
/** Of so many predictions one sequence at least ought to have had its turn. */
const enoughPredictions = 1_000

const verdicts = [
  verdict({
    title: 'Is it up?',
    description:
      'Every process that reported in the time shown answers and is in touch with its consumer ' +
      'group, and every task that it owns is RUNNING. Degraded: a process is silent or out of ' +
      'touch, or a task restores or has FAILED; the tasks below say which, /readyz of the ' +
      'process says why. Runbook: HeadraceInstanceDown, HeadraceKafkaUnreachable, ' +
      'HeadraceTaskFailed.',
    unit: 'percentunit',
    thresholds: steps('red', [0.001, 'orange'], [1, 'green']),
    queries: [
      {
        expr:
          `${anyContact} - 1 < 0 or on () ` +
          `avg(${up}) * ((${running} / ${owned}) or vector(0)) * (avg(${inContact}) or vector(0))`,
      },
    ],
    silence: 'NOTHING REPORTS',
    words: [
      range(null, -0.5, 'KAFKA OUT OF REACH', 'red'),
      range(-0.5, 0, 'DOWN', 'red'),
      range(0, 0.9999, 'DEGRADED', 'orange'),
      range(0.9999, null, 'UP', 'green'),
      special(SpecialValueMatch.NotANumber, 'UP, NO PARTITION', 'blue'),
    ],
    leads: { title: 'Process', to: uids.process },
  }),
  verdict({
    title: 'Is it keeping up?',
    description:
      'Lag of the worst task that runs at the rate at which it takes records: how long it would ' +
      'need for what waits. Stuck: records wait and none is taken. Restoring: no running task is ' +
      'late, but one is still on its way. Unknown: nobody hears of Kafka, so nobody knows what ' +
      'waits there. Runbook: HeadraceLagGrowing, HeadraceLagHigh, HeadraceNoProgress, ' +
      'HeadraceRestoreTooLong.',
    unit: 's',
    thresholds: lagLimits,
    queries: [
      {
        expr:
          `${anyContact} - 2 == -2 or on () ${worstLag} >= 60` +
          ` or on () -1 * ${largest(onTheirWay)} or on () ${worstLag}`,
      },
    ],
    silence: 'NO TASK RUNS',
    words: [
      range(null, -1.5, 'UNKNOWN', 'red'),
      range(-1.5, -0.5, 'RESTORING', 'yellow'),
      range(1e6, null, 'STUCK', 'red'),
      range(60, 1e6, 'FALLING BEHIND', 'red'),
      range(5, 60, 'CATCHING UP', 'yellow'),
      range(0, 5, 'KEEPING UP', 'green'),
      special(SpecialValueMatch.NotANumber, 'IDLE, NOTHING WAITS', 'blue'),
    ],
    leads: { title: 'Kafka and state', to: uids.kafkaAndState },
  }),
  verdict({
    title: 'Is it learning?',
    description:
      'Updates of the network weights for each prediction of the last 15 minutes. Frozen: more ' +
      'than a thousand predictions and no update. Too few: no update, but no more predictions ' +
      'than that either. Off: model.learn is false, or there is no network. Waiting: no label ' +
      'came to learn from. A young application with many keys is frozen until a sequence has ' +
      'steps to learn from. Runbook: HeadraceWeightsFrozen, HeadraceLabelsMissing.',
    unit: 'none',
    thresholds: steps('red', [1e-9, 'green']),
    queries: [
      {
        expr:
          `${rates} - 1 == -1 or on () 0 * (${models} unless on () ${rates}) - 1 or on () ` +
          `(${updates} + ${matched} == 0 and on () ${predictions} > 0) - 3 or on () ` +
          `clamp_max(${updates} / ${predictions}, 1e6)` +
          ` - 2 * (${updates} == bool 0) * (${predictions} <= bool ${enoughPredictions})`,
      },
    ],
    silence: 'NO TASK',
    words: [
      range(null, -2.5, 'WAITING FOR LABELS', 'blue'),
      range(-2.5, -1.5, 'TOO FEW TO TELL', 'blue'),
      range(-1.5, -0.5, 'OFF', 'blue'),
      range(-0.5, 0, 'FROZEN', 'red'),
      range(0, null, 'LEARNING', 'green'),
      special(SpecialValueMatch.NotANumber, 'IDLE, NO PREDICTIONS', 'blue'),
    ],
    leads: { title: 'Learning', to: uids.learning },
  }),
  verdict({
    title: 'Is it better than naive?',
    description:
      'Skill against what is naive for its kind, of the worst target and horizon: 1 minus the ' +
      'error over its own. A forecast: the last value and the value one season ago, a mean over ' +
      'partitions. Labels: the last label. Symbols: their frequencies. On a series that is a ' +
      'random walk nothing beats the last value. Runbook: HeadraceWorseThanNaive.',
    unit: 'percentunit',
    thresholds: skillLimits,
    queries: [{ expr: naiveSkill }],
    silence: 'NOT SCORED YET',
    words: [
      range(0.02, null, 'BETTER', 'green'),
      range(-0.02, 0.02, 'NO BETTER', 'yellow'),
      range(null, -0.02, 'WORSE', 'red'),
    ],
    leads: { title: 'Learning', to: uids.learning },
  }),
]

const recordsPerSecond = sum(rate('headrace_records_total'))
const mixture = 'member="mixture"'

const figures = [
  figure({
    title: 'Records',
    description: 'Records taken in per second, by all tasks together.',
    unit: 'rps',
    thresholds: noLimit,
    queries: [{ expr: recordsPerSecond }],
  }),
  figure({
    title: 'Predictions',
    description:
      'Predictions per second in transactions that are known to be committed: one for each ' +
      'usable record.',
    unit: 'rps',
    thresholds: noLimit,
    queries: [{ expr: sum(rate('headrace_predictions_total')) }],
  }),
  figure({
    title: 'Lag',
    description: 'Offsets between the models and the ends of their partitions, all tasks together.',
    unit: 'short',
    thresholds: noLimit,
    queries: [{ expr: sum(series('headrace_lag_records')) }],
    leads: { title: 'Kafka and state', to: uids.kafkaAndState },
  }),
  figure({
    title: 'End to end',
    description:
      'From the Kafka timestamp of a record to the commit of its prediction, 99th percentile of ' +
      'commits. Large while a backlog is worked off.',
    unit: 's',
    thresholds: steps('green', [1, 'yellow'], [5, 'red']),
    queries: [{ expr: quantile(0.99, 'headrace_end_to_end_duration_seconds') }],
    leads: { title: 'Kafka and state', to: uids.kafkaAndState },
  }),
  figure({
    title: 'Dead letters',
    description:
      'Share of the records that could not be used. The reasons are in Kafka and state, the ' +
      'records in the dead-letter topic. Runbook: HeadraceDeadLetters.',
    unit: 'percentunit',
    thresholds: steps('green', [0.01, 'yellow'], [0.05, 'red']),
    queries: [{ expr: `${deadLetterRate()} / ${recordsPerSecond}` }],
    leads: { title: 'Kafka and state', to: uids.kafkaAndState },
  }),
  figure({
    title: 'Error',
    description:
      'wMAPE of what is published: absolute errors over absolute targets, the newest thousand ' +
      'predictions or so; a mean over targets, horizons and partitions. Of forecasts alone: ' +
      'Learning has the errors of labels and the bits of symbols.',
    unit: 'percentunit',
    thresholds: noLimit,
    queries: [
      {
        expr: mean(
          `${series('headrace_prequential_fading_mae', mixture)}` +
            ' / ignoring (member) ' +
            series('headrace_target_fading_mean_absolute'),
        ),
      },
    ],
    leads: { title: 'Learning', to: uids.learning },
  }),
  figure({
    title: 'Against naive',
    description:
      'Skill against what is naive: the figure behind the answer above. 10 % is an error a tenth ' +
      'smaller than that of the better of them.',
    unit: 'percentunit',
    thresholds: skillLimits,
    queries: [{ expr: naiveSkill }],
    leads: { title: 'Learning', to: uids.learning },
  }),
  figure({
    title: 'Against lines',
    description:
      'Skill of forecasts against the better of the least-squares lines, of the worst target and ' +
      'horizon: what the networks and the mixture are worth beyond a straight line.',
    unit: 'percentunit',
    thresholds: steps('yellow', [-0.02, 'green']),
    queries: [
      { expr: smallest(mean(series('headrace_skill_ratio', 'baseline="rls"'), slotLabels)) },
    ],
    leads: { title: 'Learning', to: uids.learning },
  }),
]

const charts = [
  chart({
    title: 'Flow',
    description:
      'Records taken in, predictions committed and dead letters, per second. Predictions and ' +
      'dead letters together are the records; where they stay below, transactions do not end. ' +
      'Runbook: HeadraceCommitsFailing.',
    unit: 'rps',
    thresholds: noLimit,
    min: 0,
    queries: [
      { expr: recordsPerSecond, legend: 'records' },
      { expr: sum(rate('headrace_predictions_total')), legend: 'predictions' },
      {
        expr: deadLetterRate(),
        legend: 'dead letters',
      },
    ],
  }),
  chart({
    title: 'Lag by task',
    description:
      'Offsets between each model and the end of its partition. A line that rises for minutes is ' +
      'a task that is too slow or stands still.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: sum(series('headrace_lag_records'), 'application, partition'),
        legend: '{{application}} {{partition}}',
      },
    ],
  }),
  chart({
    title: 'Skill',
    description:
      'What is published against each baseline, a mean over partitions, targets and horizons; ' +
      'labels against the last label of the worst target, symbols against their frequencies: ' +
      'above 0 is better than the baseline.',
    unit: 'percentunit',
    thresholds: steps('red', [0, 'green']),
    queries: [
      {
        expr: mean(series('headrace_skill_ratio'), 'application, baseline'),
        legend: '{{application}} against {{baseline}}',
      },
      { expr: smallest(labelSkill, 'application'), legend: '{{application}} labels' },
      { expr: symbolSkill, legend: '{{application}} symbols' },
    ],
  }),
]

/** What someone on call looks at first. */
export function overview(): Dashboard {
  return assemble({
    uid: uids.overview,
    title: 'headrace / Overview',
    description: 'Is it up, keeping up, learning, and better than naive; by task.',
    rows: [
      { heightUnits: 5, panels: verdicts },
      { heightUnits: 4, panels: figures },
      { heightUnits: 8, panels: lists },
      { title: 'Over time', heightUnits: 8, panels: charts },
      { heightUnits: 6, panels: [states] },
    ],
  })
}
