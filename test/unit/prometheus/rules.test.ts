import { readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadServiceConfig } from '../../../src/config/load.ts'
import { metricTable } from '../../../src/telemetry/catalogue.ts'
import { inferLabels, knownSeries } from '../grafana/labels.ts'
import { selectorsOf, syntaxErrors } from '../grafana/promql.ts'
import { mutantsOf } from './mutants.ts'
import {
  type Alert,
  alertCases,
  alerts,
  casesOf,
  fires,
  readText,
  recordingCases,
  recordings,
} from './rules.ts'

const runbooks = readFileSync(
  fileURLToPath(new URL('../../../docs/runbooks.md', import.meta.url)),
  'utf8',
)

/** Labels of all series, the recorded ones too. */
const known = knownSeries()
for (const { record, expr } of recordings) known.set(record, inferLabels(expr, known).labels)

/** Labels that the alerts of a rule have at least, or the fact that data are missing. */
const labelsOf = ({ expr }: Pick<Alert, 'expr'>): ReadonlySet<string> =>
  inferLabels(expr, known).labels

/** A duration of a rule file in seconds. */
function seconds(duration: string): number {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 }
  return [...duration.matchAll(/(\d+)([smh])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? Number.NaN),
    0,
  )
}

describe('queries', () => {
  test.each([...alerts, ...recordings].map((rule) => [nameOf(rule), rule.expr]))(
    '%s',
    (_, expr) => {
      expect(syntaxErrors(expr)).toEqual([])
      expect(inferLabels(expr, known).complaints).toEqual([])
      expect(selectorsOf(expr).length).toBeGreaterThan(0)
    },
  )

  test('mistakes are found', () => {
    expect(syntaxErrors('sum by (job (headrace_tasks)')).not.toEqual([])
    expect(inferLabels('headrace_taks > 1', known).complaints).not.toEqual([])
    expect(inferLabels('headrace_tasks{partition="0"}', known).complaints).not.toEqual([])
    const other = 'headrace:records:rate5m and on (partition) headrace_lag_records'
    expect(inferLabels(other, known).complaints).not.toEqual([])
  })
})

describe('alerts', () => {
  test('each has a name of its own, and there are some', () => {
    expect(alerts.length).toBeGreaterThan(20)
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
  })

  test.each(alerts.map((alert) => [alert.alert, alert] as const))('%s', (name, alert) => {
    expect(name).toMatch(/^Headrace[A-Z][A-Za-z]+$/)
    expect(alert.for).toMatch(/^\d+[smh]$/)
    expect(['critical', 'warning', 'info']).toContain(alert.labels.severity)
    const { summary = '', description = '', runbook_url: runbook } = alert.annotations
    expect(summary.length).toBeGreaterThan(10)
    expect(description.length).toBeGreaterThan(summary.length)
    expect(runbook).toBe(`docs/runbooks.md#${name.toLowerCase()}`)
    expect(runbooks.split('\n')).toContain(`## ${name}`)
    const labels = labelsOf(alert)
    const told = [...`${summary} ${description}`.matchAll(/\$labels\.(\w+)/g)].map(([, l]) => l)
    for (const label of told) expect([...labels]).toContain(label)
    // Whoever is called must not have to look up which task of which application it is.
    for (const label of ['application', 'partition']) {
      if (labels.has(label) && name !== 'HeadraceInstanceDown') expect(told).toContain(label)
    }
  })

  test.each(alerts.map((alert) => [alert.alert, alert] as const))(
    '%s has a case that fires, not before its time, and one that does not',
    (name, alert) => {
      const cases = casesOf(name)
      const firing = cases.filter(fires)
      const quiet = cases.filter((each) => !fires(each))
      expect(firing).not.toEqual([])
      expect(quiet).not.toEqual([])
      for (const each of firing) expect(each.name).toMatch(new RegExp(`^${name} fires(: .+)?$`))
      for (const each of quiet) expect(each.name).toMatch(new RegExp(`^${name} stays quiet: .+`))
      for (const { alert_rule_test: asked } of firing) {
        const early = asked?.some(({ exp_alerts: expected }) => expected.length === 0)
        if (seconds(alert.for) > 0) expect(early).toBe(true)
      }
      // A check before the alert could have fired says nothing.
      for (const { alert_rule_test: asked = [] } of quiet) {
        const last = Math.max(...asked.map(({ eval_time: time }) => seconds(time)))
        expect(last).toBeGreaterThanOrEqual(seconds(alert.for))
      }
    },
  )

  test('the age beyond which nothing is known of a record is the last bucket', () => {
    const rule = alerts.find(({ alert }) => alert === 'HeadraceEndToEndSlow')
    const last = metricTable.headrace_end_to_end_duration_seconds.buckets.at(-1)
    expect(rule?.expr).toMatch(new RegExp(` < ${last}$`))
  })

  test('data that are missing are noticed', () => {
    const exprs = alerts.map(({ expr }) => expr)
    expect(exprs).toContain('absent(up{job="headrace"})')
    expect(exprs).toContain('up{job="headrace"} == 0')
    expect(exprs.some((expr) => /present_over_time[\s\S]*unless/.test(expr))).toBe(true)
  })
})

describe('recording rules', () => {
  const levels: Readonly<Record<string, readonly string[]>> = {
    headrace: ['job', 'application'],
    headrace_partition: ['job', 'instance', 'application', 'partition'],
    headrace_slot: ['job', 'instance', 'application', 'partition', 'target', 'horizon'],
    headrace_level: ['job', 'instance', 'application', 'partition', 'target', 'horizon', 'level'],
    headrace_member: ['job', 'instance', 'application', 'partition', 'target', 'horizon', 'member'],
    headrace_network: ['job', 'instance', 'application', 'partition', 'member'],
  }

  test.each(recordings.map((rule) => [rule.record, rule.expr]))('%s', (name, expr) => {
    const [, level, operations] = /^(\w+):[a-z_]+:(\w+)$/.exec(name) ?? []
    expect(operations).toMatch(/^(sum|min|ratio|((p\d\d|mean|ratio)_)?rate\d+[mh])$/)
    const labels = labelsOf({ expr })
    for (const label of levels[level ?? ''] ?? ['no such level'])
      expect([...labels]).toContain(label)
    if (level === 'headrace') expect([...labels]).not.toContain('instance')
    const windows = new Set([...expr.matchAll(/\[(\w+)\]/g)].map(([, window]) => window))
    const [, window] = /rate(\d+[mh])$/.exec(name) ?? []
    expect([...windows]).toEqual(window === undefined ? [] : [window])
    expect(runbooks).toContain(`\`${name}\``)
    const samples = recordingCases.tests
      .flatMap(({ promql_expr_test: asked }) => asked ?? [])
      .filter((asked) => asked.expr === name)
      .flatMap(({ exp_samples: expected }) => expected)
    expect(samples).not.toEqual([])
  })
})

describe('cases', () => {
  const names = new Set([...alerts, ...recordings].map(nameOf))

  test('each is about a rule that exists, and feeds it series that exist', () => {
    for (const { name, input_series: series } of [...alertCases.tests, ...recordingCases.tests]) {
      expect(names).toContain(name.split(' ')[0])
      for (const { series: text } of series) {
        expect(syntaxErrors(text), text).toEqual([])
        expect(inferLabels(text, known).complaints, text).toEqual([])
      }
    }
  })

  test('they run on the rules that ship', () => {
    expect(alertCases.rule_files).toEqual(['recording.rules.yaml', 'alerts.rules.yaml'])
    expect(recordingCases.rule_files).toEqual(['recording.rules.yaml'])
  })
})

test('an alert is mutated in each threshold, condition and in its wait', () => {
  const alert: Alert = {
    alert: 'A',
    expr: 'a > 4 unless b == 0',
    for: '5m',
    labels: {},
    annotations: {},
  }
  const mutants = mutantsOf(alert).map((mutant) => [mutant.alert.expr, mutant.alert.for])
  const changed = (expr: string): string[] => [expr, '5m']
  expect(mutants.toSorted()).toEqual(
    [
      changed('a > 6 unless b == 0'),
      changed(`a > ${4 / 1.5} unless b == 0`),
      changed('a > 4'),
      changed('a > 4 unless b >= 0'),
      [alert.expr, '0s'],
      [alert.expr, '10h'],
    ].toSorted(),
  )
})

test('the configuration scrapes what the program serves, and finds the rules', () => {
  const prometheus = parse(readText('prometheus.yaml')) as {
    rule_files: string[]
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[]
  }
  const text = 'input: {topic: rides}\ntask: {targets: [passengers]}'
  const { port } = loadServiceConfig({ text, env: {} }).config.http
  expect(prometheus.scrape_configs).toHaveLength(1)
  const [scrape] = prometheus.scrape_configs
  expect(scrape?.job_name).toBe('headrace')
  expect(scrape?.static_configs).toEqual([{ targets: [`headrace:${port}`] }])
  const [glob = ''] = prometheus.rule_files
  const isFound = (name: string): boolean => matchesGlob(`/etc/prometheus/${name}`, glob)
  expect(['alerts.rules.yaml', 'recording.rules.yaml'].every(isFound)).toBe(true)
  expect(['alerts.test.yaml', 'prometheus.yaml'].some(isFound)).toBe(false)
})

function nameOf(rule: object): string {
  if ('alert' in rule) return String(rule.alert)
  return 'record' in rule ? String(rule.record) : ''
}
