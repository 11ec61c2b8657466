import { describe, expect, test } from 'vitest'
import { type DashboardJson, type PanelJson, readDashboards } from './dashboard-json.ts'
import { rules } from './lint.ts'

const dashboards = readDashboards()

describe.each([...dashboards])('%s keeps', (_, dashboard) => {
  test.each(Object.entries(rules))('%s', (__, rule) => {
    expect(rule(dashboard)).toEqual([])
  })
})

/** A dashboard that keeps all rules, to be broken. */
function sound(): DashboardJson {
  const dashboard = dashboards.get('overview.json')
  if (dashboard === undefined) throw new Error('there is an overview')
  return structuredClone(dashboard)
}

function panel(dashboard: DashboardJson, title = 'Flow'): PanelJson {
  const found = dashboard.panels.find((each) => each.title === title)
  if (found === undefined) throw new Error(`there is a panel ${title}`)
  return found
}

function variable(dashboard: DashboardJson, name: string): DashboardJson['templating']['list'][0] {
  const found = dashboard.templating.list.find((each) => each.name === name)
  if (found === undefined) throw new Error(`there is a variable ${name}`)
  return found
}

/** Puts a query in place of the first of a panel. */
function ask(expr: string): (dashboard: DashboardJson) => void {
  return (dashboard) => {
    panel(dashboard).targets![0]!.expr = expr
  }
}

const here = 'job=~"$job", instance=~"$instance", application=~"$application"'

const breaks: [rule: string, how: (dashboard: DashboardJson) => void, complaint: RegExp][] = [
  ['template-datasource-rule', (d) => d.templating.list.shift(), /no data source/],
  [
    'template-datasource-rule',
    (d) => {
      variable(d, 'datasource').label = 'Prometheus'
    },
    /a data source/,
  ],
  [
    'template-datasource-rule',
    (d) => d.templating.list.push(variable(d, 'datasource')),
    /several data sources/,
  ],
  ['template-job-rule', (d) => d.templating.list.splice(1, 1), /no variable job/],
  [
    'template-job-rule',
    (d) => {
      variable(d, 'job').multi = false
    },
    /picks one alone/,
  ],
  [
    'template-instance-rule',
    (d) => {
      variable(d, 'instance').allValue = '.*'
    },
    /takes \.\* for all/,
  ],
  [
    'template-instance-rule',
    (d) => {
      variable(d, 'instance').datasource = { type: 'prometheus', uid: 'prometheus' }
    },
    /asks prometheus/,
  ],
  [
    'template-application-rule',
    (d) => {
      variable(d, 'application').label = 'application'
    },
    /is called application/,
  ],
  [
    'template-label-promql-rule',
    (d) => {
      variable(d, 'job').query = 'label_values(headrace_build_info{, job)'
    },
    /at \d+/,
  ],
  [
    'template-label-promql-rule',
    (d) => {
      variable(d, 'job').query = 'label_values(headrace_build_info, jobs)'
    },
    /no label jobs/,
  ],
  [
    'template-label-promql-rule',
    (d) => {
      variable(d, 'job').query = 'jobs(headrace_build_info)'
    },
    /asks for label values/,
  ],
  [
    'template-on-time-change-reload-rule',
    (d) => {
      variable(d, 'job').refresh = 1
    },
    /asked for at 1/,
  ],
  [
    'template-unused-rule',
    (d) => d.templating.list.push({ ...variable(d, 'job'), name: 'cluster' }),
    /cluster: is used nowhere/,
  ],
  [
    'panel-datasource-rule',
    (d) => {
      delete panel(d).datasource
    },
    /another source/,
  ],
  [
    'panel-datasource-rule',
    (d) => {
      panel(d).targets![0]!.datasource = { type: 'prometheus', uid: 'prometheus' }
    },
    /Flow A asks another source/,
  ],
  [
    'panel-title-description-rule',
    (d) => {
      panel(d).description = 'Records.'
    },
    /no description/,
  ],
  [
    'panel-units-rule',
    (d) => {
      delete panel(d).fieldConfig!.defaults.unit
    },
    /no unit undefined/,
  ],
  [
    'panel-units-rule',
    (d) => {
      const properties = [{ id: 'unit', value: 'records' }]
      const matcher = { id: 'byName', options: 'Flow' }
      panel(d).fieldConfig!.overrides.push({ matcher, properties })
    },
    /no unit records/,
  ],
  [
    'panel-no-targets-rule',
    (d) => {
      panel(d).targets = []
    },
    /asks for nothing/,
  ],
  ['target-promql-rule', ask('sum by (job (up)'), /at \d+/],
  ['target-promql-rule', ask('rate(headrace_records_total[5q])'), /at \d+/],
  ['target-rate-interval-rule', ask(`rate(headrace_records_total{${here}}[5m])`), /over 5m/],
  ['target-rate-interval-rule', ask(`increase(headrace_records_total{${here}}[$__range])`), /88s/],
  [
    'target-rate-interval-rule',
    (d) => {
      const expr = `increase(headrace_records_total{${here}}[$__rate_interval])`
      panel(d, 'Is it learning?').targets![0]!.expr = expr
    },
    /learning\? A: headrace_records_total over 77s/,
  ],
  ['target-job-rule', ask('headrace_lag_records'), /no job=~/],
  ['target-job-rule', ask('headrace_lag_records{job="$job"}'), /no job=~/],
  ['target-instance-rule', ask('headrace_lag_records{job=~"$job"}'), /no instance=~/],
  ['target-instance-rule', ask('up{job=~"$job"}'), /no instance=~/],
  ['target-application-rule', ask('headrace_lag_records{application=~".+"}'), /no application=~/],
  ['target-application-rule', ask('ALERTS{application=~"$application"}'), /\$application\|/],
  ['target-counter-agg-rule', ask(`headrace_records_total{${here}}`), /without rate/],
  ['target-counter-agg-rule', ask(`delta(headrace_records_total{${here}}[1m])`), /without rate/],
  [
    'target-histogram-rule',
    ask(`sum(rate(headrace_commit_duration_seconds_bucket{${here}}[$__rate_interval]))`),
    /outside histogram_quantile/,
  ],
  [
    'uneditable-dashboard-rule',
    (d) => {
      d.editable = true
    },
    /can be edited/,
  ],
  ['labels exist and sides meet', ask('headrace_lag'), /headrace_lag does not exist/],
  ['labels exist and sides meet', ask('headrace_lag_records{topic="a"}'), /no label topic/],
  ['labels exist and sides meet', ask('sum by (member) (headrace_lag_records)'), /no label member/],
  ['labels exist and sides meet', ask('headrace_lag_records / headrace_tasks'), /never meet/],
  [
    'labels exist and sides meet',
    ask('headrace_lag_records / on (partition) headrace_tasks'),
    /no label partition: right of/,
  ],
  [
    'labels exist and sides meet',
    ask('histogram_quantile(0.9, sum(headrace_commit_duration_seconds_sum) by (le))'),
    /no label le/,
  ],
  [
    'labels exist and sides meet',
    (d) => {
      panel(d, 'Lag by task').targets![0]!.legendFormat = '{{member}}'
    },
    /shows no member/,
  ],
  [
    'labels exist and sides meet',
    (d) => {
      d.annotations.list[1]!.textFormat = '{{target}}'
    },
    /shows no target/,
  ],
  [
    'thresholds rise from a base',
    (d) => {
      delete panel(d).fieldConfig!.defaults.thresholds
    },
    /no threshold/,
  ],
  [
    'thresholds rise from a base',
    (d) => {
      panel(d, 'End to end').fieldConfig!.defaults.thresholds!.steps.reverse()
    },
    /no threshold to begin with/,
  ],
  [
    'thresholds rise from a base',
    (d) => {
      panel(d, 'End to end').fieldConfig!.defaults.thresholds!.steps[2]!.value = 0.5
    },
    /do not rise/,
  ],
  [
    'each panel has a limit, or a reason',
    (d) => {
      panel(d, 'End to end').fieldConfig!.defaults.thresholds!.steps.splice(1)
    },
    /End to end: no limit/,
  ],
  [
    'each panel has a limit, or a reason',
    (d) => {
      panel(d).fieldConfig!.defaults.thresholds!.steps.push({ value: 1, color: 'red' })
    },
    /Flow: has a limit/,
  ],
  [
    'each panel has a limit, or a reason',
    (d) => {
      panel(d).title = 'Flows'
    },
    /Flow: has a limit, or is no panel/,
  ],
  [
    'panels do not overlap',
    (d) => {
      panel(d).gridPos.w += 1
    },
    /lies on Flow/,
  ],
  [
    'panels do not overlap',
    (d) => {
      panel(d, 'Skill').gridPos.w += 1
    },
    /leaves the grid/,
  ],
  [
    'numbers are unique',
    (d) => {
      panel(d).id = 1
    },
    /^1$/,
  ],
  [
    'titles are unique',
    (d) => {
      panel(d).title = 'Records'
    },
    /^Records$/,
  ],
]

describe('the rules fail where', () => {
  test.each(breaks)('%s: case %#', (name, breakIt, complaint) => {
    const dashboard = sound()
    breakIt(dashboard)
    const complaints = rules[name]?.(dashboard) ?? []
    expect(complaints.join('\n')).toMatch(complaint)
  })

  test('each rule has a case', () => {
    expect([...new Set(breaks.map(([name]) => name))].sort()).toEqual(Object.keys(rules).sort())
  })
})
