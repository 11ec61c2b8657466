import { describe, expect, test } from 'vitest'
import { inferLabels } from './labels.ts'
import { syntaxErrors } from './promql.ts'
import { emptyInCleanRun, labelValues, shippedQueries, withValues } from './queries.ts'

const queries = shippedQueries({ target: 'passengers', horizon: '5', __rate_interval: '10s' })

describe('the queries that are shipped', () => {
  test('are those of panels, marks and variables of every dashboard', () => {
    const kinds = new Set(queries.map(({ dashboard, kind }) => `${dashboard} ${kind}`))
    expect(kinds.size).toBe(4 * 3)
    expect(queries.length).toBeGreaterThan(100)
  })

  test('have no variable left in them', () => {
    expect(queries.filter(({ expr }) => expr.includes('$'))).toEqual([])
    expect(queries.some(({ expr }) => expr.includes('[10s]'))).toBe(true)
    expect(queries.some(({ expr }) => expr.includes('target="passengers", horizon="5"'))).toBe(true)
  })

  test('parse', () => {
    expect(queries.flatMap(({ expr }) => syntaxErrors(expr))).toEqual([])
  })

  test('that may be empty exist', () => {
    const keyOf = ({ kind, panel }: { kind: string; panel: string }): string => `${kind} ${panel}`
    const empty = emptyInCleanRun.map(keyOf)
    expect(empty.filter((key) => !queries.some((query) => keyOf(query) === key))).toEqual([])
  })
})

describe('values go in the place of variables', () => {
  test.each([
    ['a{b=~"$job"}[$__rate_interval]', 'a{b=~"x"}[5s]'],
    ['a{b=~"$' + '{job}", c=~"$' + '{job:regex}"}', 'a{b=~"x", c=~"x"}'],
  ])('%s', (expr, expected) => {
    expect(withValues(expr, { job: 'x', __rate_interval: '5s' })).toBe(expected)
  })

  test('but not of one that has none', () => {
    expect(() => withValues('a{b="$jobs"}', { job: 'x' })).toThrow(/nobody knows \$jobs/)
  })

  test('a variable asks for label values', () => {
    expect(labelValues('label_values(a{b="c"}, d)')).toEqual({ selector: 'a{b="c"}', label: 'd' })
    expect(() => labelValues('query_result(a)')).toThrow(/query_result/)
  })
})

describe('the labels of a result', () => {
  test.each([
    ['headrace_lag_records', ['application', 'instance', 'job', 'partition']],
    ['sum(headrace_lag_records)', []],
    ['sum without (partition, job) (headrace_lag_records)', ['application', 'instance']],
    ['quantile by (member) (0.5, headrace_learning_rate)', ['member']],
    [
      'histogram_quantile(0.9, sum by (le, job) (rate(headrace_step_duration_seconds_bucket[1m])))',
      ['job'],
    ],
    ['time() - sum by (job) (headrace_lag_records offset 1m) > 0', ['job']],
    ['headrace_updates_total / on (partition) headrace_lag_records', ['partition']],
    [
      'max(headrace_weight_norm) by (job, member) / on (job) group_left (node) headrace_build_info',
      ['job', 'member', 'node'],
    ],
    ['sum by (job, member) (headrace_weight_norm) / ignoring (member) sum by (job) (up)', ['job']],
    ['sum by (job) (up) and on (job) headrace_lag_records', ['job']],
    ['sum by (job) (up) or sum by (partition) (headrace_lag_records)', ['job', 'partition']],
  ])('%s', (expr, labels) => {
    const report = inferLabels(expr)
    expect([[...report.labels].sort(), report.complaints]).toEqual([labels, []])
  })
})
