import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { assemble } from './assemble.ts'
import { figure } from './figures.ts'
import { labelErrors, labels, symbols } from './learning-kinds.ts'
import { events, gradients, weights } from './learning-networks.ts'
import { carryingWorth, forecastSeries, wmape } from './learning-queries.ts'
import { skillLimits } from './limits.ts'
import { chart, noLimit, steps } from './panels.ts'
import { largest, mean, rate, series, smallest, sum } from './query.ts'
import { uids } from './uids.ts'
import { forecastVariables } from './variables.ts'

const mixture = 'member="mixture"'
const byMember = 'application, member'
const memberLegend = '{{application}} {{member}}'

function skillFigure(baseline: string, name: string): ReturnType<typeof figure> {
  const matcher = `baseline="${baseline}"`
  return figure({
    title: `Better than ${name}`,
    description:
      'Skill at this target and horizon: 1 minus the fading error of what is published over that ' +
      'of the baseline, a mean over partitions. 0 is no better, below is worse.',
    unit: 'percentunit',
    decimals: 1,
    thresholds: skillLimits,
    queries: [{ expr: mean(forecastSeries('headrace_skill_ratio', matcher)) }],
  })
}

const figures = [
  figure({
    title: 'Error now',
    description:
      'wMAPE of what is published at this target and horizon: absolute errors over absolute ' +
      'targets, the newest thousand predictions or so; a mean over partitions.',
    unit: 'percentunit',
    decimals: 2,
    thresholds: noLimit,
    queries: [{ expr: mean(wmape('fading', mixture)) }],
  }),
  skillFigure('persistence', 'the last value'),
  skillFigure('seasonal', 'the last season'),
  skillFigure('rls', 'straight lines'),
  figure({
    title: 'Worth of carrying state',
    description:
      'How much smaller the error of the network with the middle learning rate is than that of ' +
      'its twin that forgets H_t at each record. Below 0, memory does harm here.',
    unit: 'percentunit',
    decimals: 1,
    thresholds: steps('yellow', [0, 'green']),
    queries: [{ expr: carryingWorth('') }],
  }),
  figure({
    title: 'Updates',
    description: 'Updates of the network weights per second, by all tasks together.',
    unit: 'ops',
    thresholds: noLimit,
    queries: [{ expr: sum(rate('headrace_updates_total')) }],
  }),
]

const errors = [
  chart({
    title: 'Error by member, fading',
    description:
      'wMAPE of each member of the portfolio and of the mixture that is published, the newest ' +
      'thousand predictions or so; a mean over partitions. The mixture ought to run with the ' +
      'best.',
    unit: 'percentunit',
    thresholds: noLimit,
    width: 12,
    min: 0,
    queries: [{ expr: mean(wmape('fading'), byMember), legend: memberLegend }],
  }),
  chart({
    title: 'Skill against each baseline',
    description:
      'What is published against the last value, the best season and the best least-squares ' +
      'line: above 0 is better. Runbook: HeadraceWorseThanNaive, HeadraceWorseThanLines.',
    unit: 'percentunit',
    thresholds: steps('red', [0, 'green']),
    width: 12,
    queries: [
      {
        expr: mean(forecastSeries('headrace_skill_ratio'), 'application, baseline'),
        legend: '{{application}} against {{baseline}}',
      },
    ],
  }),
]

const moreErrors = [
  chart({
    title: 'Error by horizon',
    description:
      'Fading wMAPE of what is published of this target, each horizon: errors grow with it.',
    unit: 'percentunit',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: mean(
          `${series('headrace_prequential_fading_mae', 'target="$target"', mixture)}` +
            ' / ignoring (member) ' +
            series('headrace_target_fading_mean_absolute', 'target="$target"'),
          'application, horizon',
        ),
        legend: '{{application}} + {{horizon}}',
      },
    ],
  }),
  chart({
    title: 'Error by member, cumulative',
    description:
      'wMAPE over all predictions since the application began: slow, and comparable between runs.',
    unit: 'percentunit',
    thresholds: noLimit,
    min: 0,
    queries: [{ expr: mean(wmape('cumulative'), byMember), legend: memberLegend }],
  }),
  chart({
    title: 'Absolute error by member',
    description: 'Fading mean absolute error, in the unit of the target.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: mean(forecastSeries('headrace_prequential_fading_mae'), byMember),
        legend: memberLegend,
      },
    ],
  }),
]

const parts = [
  chart({
    title: 'Weights in the mixture',
    description:
      'What each member weighs, a mean over the sequences used last. A mixture that hangs on one ' +
      'member has nothing to gain from the others.',
    unit: 'percentunit',
    thresholds: noLimit,
    min: 0,
    max: 1,
    stacked: true,
    queries: [
      {
        expr: mean(forecastSeries('headrace_member_weight_ratio'), byMember),
        legend: memberLegend,
      },
    ],
  }),
  chart({
    title: 'What carrying state is worth',
    description:
      'Error of the twin that forgets H_t at each record against the network with the middle ' +
      'learning rate, whose weights it shares: above 0, memory helps. Empty without ' +
      'model.diagnostics, and where model.learn is false.',
    unit: 'percentunit',
    thresholds: steps('yellow', [0, 'green']),
    queries: [{ expr: carryingWorth('application'), legend: '{{application}}' }],
  }),
]

const intervals = [
  chart({
    title: 'Interval coverage',
    description:
      'Share of targets inside their interval, and as dashed what the level promises. Young ' +
      'intervals need some hundred targets. Runbook: HeadraceCoverageOff, HeadraceCoverageHigh.',
    unit: 'percentunit',
    thresholds: noLimit,
    max: 1,
    dashed: '/^promised /',
    queries: [
      {
        expr: mean(forecastSeries('headrace_interval_coverage_ratio'), 'application, level'),
        legend: '{{application}} {{level}}',
      },
      {
        expr: largest(series('headrace_interval_level_ratio'), 'level'),
        legend: 'promised {{level}}',
      },
    ],
  }),
  chart({
    title: 'Coverage beyond its level',
    description:
      'Coverage minus level: below 0 the intervals are too narrow, above too wide. The worst ' +
      'partition on each side.',
    unit: 'percentunit',
    thresholds: steps('red', [-0.1, 'yellow'], [-0.05, 'green'], [0.05, 'yellow']),
    queries: (['lowest', 'highest'] as const).map((side) => {
      const error =
        `${forecastSeries('headrace_interval_coverage_ratio')}` +
        ' - on (job, instance, application, level) group_left () ' +
        series('headrace_interval_level_ratio')
      const aggregate = side === 'lowest' ? smallest : largest
      return {
        expr: aggregate(error, 'application, level'),
        legend: `{{application}} {{level}} ${side}`,
      }
    }),
  }),
  chart({
    title: 'Interval width',
    description:
      'Mean width in the unit of the target. At equal coverage the narrower is the better.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: mean(forecastSeries('headrace_interval_width'), 'application, level'),
        legend: '{{application}} {{level}}',
      },
    ],
  }),
]

/** How well it predicts and how the networks fare. */
export function learning(): Dashboard {
  return assemble({
    uid: uids.learning,
    title: 'headrace / Learning',
    description:
      'Errors, skill, intervals and weights of one target at one horizon; networks; symbols and ' +
      'labels of tasks of those kinds.',
    variables: forecastVariables(),
    rows: [
      { heightUnits: 4, panels: figures },
      { heightUnits: 9, panels: errors },
      { heightUnits: 8, panels: moreErrors },
      { title: 'Mixture', heightUnits: 8, panels: parts },
      { title: 'Intervals', heightUnits: 8, panels: intervals },
      { title: 'Networks', heightUnits: 8, panels: gradients },
      { heightUnits: 8, panels: weights },
      { heightUnits: 8, panels: events },
      { title: 'Symbols', heightUnits: 8, panels: symbols },
      { title: 'Labels', heightUnits: 8, panels: labels },
      { heightUnits: 8, panels: labelErrors },
    ],
  })
}
