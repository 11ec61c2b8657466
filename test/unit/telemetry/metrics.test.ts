import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ServiceMetrics } from '../../../src/task/observe.ts'
import { metricTable } from '../../../src/telemetry/catalogue.ts'
import type { LearningReport, NetworkReport } from '../../../src/telemetry/learning-report.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { metricsPage } from '../../../src/telemetry/metrics-page.ts'
import type { TaskMetrics } from '../../../src/telemetry/task-metrics.ts'
import type { MetricEntry } from '../../../src/telemetry/vocabulary.ts'
import { type Family, lint, parseExposition, valuesOf as values } from './exposition.ts'
import { ofKinds } from './kind-samples.ts'

const facts = {
  application: 'taxi',
  kind: 'forecast' as const,
  version: '0.1.0',
  node: 'v24.0.0',
  kernel: 'reference',
  cell: 'gru',
  layers: 1,
  hidden: 32,
  window: 16,
  levels: [0.8, 0.95],
  maxReplayMs: 2_000,
}

function create(options: { process?: boolean } = {}) {
  const metrics = new Metrics({
    facts,
    clock: { nowMs: () => 1_000_000 },
    process: false,
    ...options,
  })
  const scrape = async () => parseExposition(await metrics.text())
  return { metrics, scrape }
}

const slot = { target: 'pass"en\\gers', horizon: 5 }

const learning: LearningReport = {
  sequences: 3,
  windows: 2,
  stateBytes: 12_345,
  evictions: { window: 4, sequence: 1 },
  refusedUpdates: 1,
  drifts: [slot],
  rollbacks: [{ count: 2 }],
  seasons: [48, 0],
  networks: [
    {
      network: 'network:1e-3',
      learningRate: 1e-3,
      gradientNorm: 0.25,
      weightNorm: 7.123456789,
      updateSize: 1e-4,
      saturatedUnits: 0.125,
      clippedUpdates: 2,
    },
  ],
  slots: [
    {
      ...slot,
      meanAbsolute: 100,
      fadingMeanAbsolute: 80,
      weights: [{ member: 'rls:log', weight: 0.75 }],
      skill: { persistence: 0.5, seasonal: Number.NaN, rls: -0.1 },
      intervals: [{ level: 0.8, coverage: 0.79, width: 12 }],
    },
  ],
  errors: [{ ...slot, member: 'rls:log', mae: 10, fadingMae: 8 }],
  symbols: [],
  labels: null,
}

/** Reports something of everything. */
function report(task: TaskMetrics): void {
  task.state('RUNNING')
  task.records(100, 4_200)
  task.predictions(98)
  task.deadLetters('HEADRACE_RECORD_WRONG_TYPE', 2)
  task.updates(12)
  task.commit('committed', 30)
  task.inDoubt(true)
  task.committed(999_750, { predictions: 900, 'dead-letters': 20, changelog: 300 })
  task.snapshot(120, 4_096)
  task.snapshotAbandoned()
  task.replay(1_500)
  task.step(7)
  task.position(5, 990_000, 940_500)
  task.queue(40, 1_000, 0.25)
  task.restore(50, 200)
  task.restored('done', 640)
  task.restored('failed', 10)
  task.learning({ ...learning, ...ofKinds })
}

describe('a scrape', () => {
  test('shows every metric of the table with its type, help and labels, and no other', async () => {
    const { metrics, scrape } = create()
    metrics.rebalanced()
    metrics.heartbeat()
    metrics.pageClients(1)
    report(metrics.task(0))
    const families = await scrape()
    expect([...families.keys()].sort()).toEqual(Object.keys(metricTable).sort())
    for (const [name, entry] of Object.entries(metricTable) as [string, MetricEntry][]) {
      const family = families.get(name) as Family
      expect(family).toMatchObject({ type: entry.type, help: entry.help })
      const labels = new Set(family.samples.flatMap((sample) => Object.keys(sample.labels)))
      labels.delete('le')
      expect([...labels].sort(), name).toEqual(['application', ...entry.labels].sort())
      expect(family.samples.every((sample) => sample.labels.application === 'taxi')).toBe(true)
    }
    expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/)
  })

  test('shows what the task reported, in base units', async () => {
    const { metrics, scrape } = create()
    report(metrics.task(7))
    const families = await scrape()
    const of = (name: string, suffix = '') => values(families.get(`headrace_${name}`), suffix)
    expect(of('build_info')).toEqual({ '0.1.0 v24.0.0 reference': 1 })
    expect(of('kernel_info')).toEqual({ 'reference gru 1 32 16': 1 })
    expect(of('snapshot_replay_limit_seconds')).toEqual({ '': 2 })
    expect(of('interval_level_ratio')).toEqual({ 0.8: 0.8, 0.95: 0.95 })
    expect(of('input_bytes_total')).toEqual({ 7: 4_200 })
    expect(of('output_bytes_total')).toEqual({
      '7 predictions': 900,
      '7 dead-letters': 20,
      '7 changelog': 300,
    })
    expect(of('end_to_end_duration_seconds', '_sum')).toEqual({ 7: 0.25 })
    expect(of('snapshots_total')).toEqual({ '7 sealed': 1, '7 abandoned': 1 })
    expect(of('snapshot_replay_seconds')).toEqual({ 7: 1.5 })
    expect(of('snapshot_timestamp_seconds')).toEqual({ 7: 1_000 })
    expect(of('transaction_in_doubt')).toEqual({ 7: 1 })
    expect(of('last_commit_timestamp_seconds')).toEqual({ 7: 1_000 })
    expect(of('restores_total')).toEqual({ '7 done': 1, '7 failed': 1 })
    expect(of('restore_duration_seconds', '_sum')).toEqual({ 7: 0.64 })
    expect(of('task_state')).toEqual({ '7 RUNNING': 1 })
    expect(of('records_total')).toEqual({ 7: 100 })
    expect(of('predictions_total')).toEqual({ 7: 98 })
    // Each reason is there from the start, at 0.
    expect(of('dead_letters_total')).toMatchObject({
      '7 HEADRACE_RECORD_WRONG_TYPE': 2,
      '7 HEADRACE_RECORD_NULL_VALUE': 0,
    })
    expect(of('updates_total')).toEqual({ 7: 12 })
    expect(of('commits_total')).toEqual({ '7 committed': 1, '7 failed': 0, '7 fenced': 0 })
    expect(of('commit_duration_seconds', '_sum')).toEqual({ 7: 0.03 })
    expect(of('step_duration_seconds', '_sum')).toEqual({ 7: 0.007 })
    expect(of('step_duration_seconds', '_count')).toEqual({ 7: 1 })
    expect(of('lag_records')).toEqual({ 7: 5 })
    expect(of('event_time_lag_seconds')).toEqual({ 7: 59.5 })
    expect(of('last_record_timestamp_seconds')).toEqual({ 7: 990 })
    expect(of('sequences')).toEqual({ 7: 3 })
    expect(of('queue_records')).toEqual({ 7: 40 })
    expect(of('queue_fill_ratio')).toEqual({ 7: 0.25 })
    expect(of('queue_capacity_records')).toEqual({ 7: 1_000 })
    expect(of('restore_progress_ratio')).toEqual({ 7: 0.25 })
    expect(of('windows')).toEqual({ 7: 2 })
    expect(of('state_bytes')).toEqual({ 7: 12_345 })
    expect(of('evictions_total')).toEqual({ '7 window': 4, '7 sequence': 1 })
    expect(of('refused_updates_total')).toEqual({ 7: 1 })
    expect(of('rollbacks_total')).toEqual({ 7: 2 })
    expect(of('drift_events_total')).toEqual({ '7 pass"en\\gers 5': 1 })
    expect(of('gradient_norm')).toEqual({ '7 network:1e-3': 0.25 })
    // Six digits are enough, and a scrape is shorter.
    expect(of('weight_norm')).toEqual({ '7 network:1e-3': 7.12346 })
    expect(of('update_size_ratio')).toEqual({ '7 network:1e-3': 1e-4 })
    expect(of('saturated_units_ratio')).toEqual({ '7 network:1e-3': 0.125 })
    expect(of('learning_rate')).toEqual({ '7 network:1e-3': 1e-3 })
    expect(of('clipped_updates_total')).toEqual({ '7 network:1e-3': 2 })
    expect(of('target_mean_absolute')).toEqual({ '7 pass"en\\gers 5': 100 })
    expect(of('target_fading_mean_absolute')).toEqual({ '7 pass"en\\gers 5': 80 })
    expect(of('skill_ratio')).toEqual({
      '7 pass"en\\gers 5 persistence': 0.5,
      '7 pass"en\\gers 5 rls': -0.1,
    })
    expect(of('member_weight_ratio')).toEqual({ '7 pass"en\\gers 5 rls:log': 0.75 })
    expect(of('interval_coverage_ratio')).toEqual({ '7 pass"en\\gers 5 0.8': 0.79 })
    expect(of('interval_width')).toEqual({ '7 pass"en\\gers 5 0.8': 12 })
    expect(of('prequential_mae')).toEqual({ '7 pass"en\\gers 5 rls:log': 10 })
    expect(of('prequential_fading_mae')).toEqual({ '7 pass"en\\gers 5 rls:log': 8 })
  })

  test('keeps the naming rules of Prometheus, process metrics included', async () => {
    const { metrics, scrape } = create({ process: true })
    report(metrics.task(0))
    const families = await scrape()
    expect([...families.keys()]).toEqual(
      expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_heap_size_used_bytes']),
    )
    expect([...families.values()].flatMap(lint)).toEqual([])
    const own = [...families.values()].filter(({ name }) => name.startsWith('headrace_'))
    const samples = own.flatMap((family) => family.samples)
    expect(samples.filter(({ value }) => Number.isNaN(value))).toEqual([])
  })

  test('the naming rules can be broken', () => {
    const of = (name: string, type: string, help = 'x', label = 'a'): Family => {
      return { name, type, help, samples: [{ name, labels: { [label]: '1' }, value: 1 }] }
    }
    const bad = [
      of('a', 'counter'),
      of('nodejs_active_handles_total', 'gauge'),
      of('a:b', 'gauge'),
      of('a_milliseconds', 'gauge'),
      of('a_ms', 'gauge'),
      of('a_count', 'gauge'),
      of('aB', 'gauge'),
      of('a_gauge', 'gauge'),
      of('a', 'gauge', ' '),
      of('a', 'gauge', 'x', 'le'),
    ]
    for (const family of bad) expect(lint(family), family.name).toHaveLength(1)
    expect(() => parseExposition('a 1')).toThrow('before its TYPE')
    expect(() => parseExposition('# HELP a x\n# TYPE a gauge\na one')).toThrow('not a sample')
    expect(() => parseExposition('# HELP a x\n# TYPE a gauge\nb 1')).toThrow('b under a')
  })

  test('the metrics are what the service asks for', async () => {
    const { metrics, scrape } = create()
    const service: ServiceMetrics = metrics
    service.task(0).records(3, 30)
    service.rebalanced()
    expect(values((await scrape()).get('headrace_records_total'))).toEqual({ 0: 3 })
  })

  test('in the group, out of it, and when it last answered', async () => {
    const { metrics, scrape } = create()
    const member = async () => values((await scrape()).get('headrace_group_member'))
    const heartbeat = async () =>
      values((await scrape()).get('headrace_last_heartbeat_timestamp_seconds'))
    expect([await member(), await heartbeat()]).toEqual([{ '': 0 }, {}])
    metrics.rebalanced()
    metrics.heartbeat()
    expect([await member(), await heartbeat()]).toEqual([{ '': 1 }, { '': 1_000 }])
    metrics.interrupted()
    expect(await member()).toEqual({ '': 0 })
  })

  test('two instances share nothing', async () => {
    const [one, two] = [create(), create()]
    one.metrics.task(0).records(5, 50)
    expect(values((await two.scrape()).get('headrace_records_total'))).toEqual({})
  })
})

describe('the life of a task', () => {
  test('counters are there from the start, at 0', async () => {
    const { metrics, scrape } = create()
    metrics.task(2)
    const families = await scrape()
    expect(values(families.get('headrace_records_total'))).toEqual({ 2: 0 })
    expect(values(families.get('headrace_commit_duration_seconds'), '_count')).toEqual({ 2: 0 })
    expect(values(families.get('headrace_lag_records'))).toEqual({})
  })

  test('tasks are counted by state, states without a task as 0', async () => {
    const { metrics, scrape } = create()
    const states = async () => values((await scrape()).get('headrace_tasks'))
    const none = { CREATED: 0, FENCING: 0, RESTORING: 0, RUNNING: 0, CLOSED: 0, FAILED: 0 }
    expect(await states()).toEqual(none)
    const [a, b] = [metrics.task(0), metrics.task(1)]
    expect(await states()).toEqual({ ...none, CREATED: 2 })
    a.state('RUNNING')
    b.state('FAILED')
    expect(await states()).toEqual({ ...none, RUNNING: 1, FAILED: 1 })
    a.close()
    expect(await states()).toEqual({ ...none, FAILED: 1 })
  })

  test('a closed task takes its gauges along and sets no more; its counters stay', async () => {
    const { metrics, scrape } = create()
    const task = metrics.task(0)
    report(task)
    task.close()
    task.close()
    report(task)
    const families = await scrape()
    for (const [name, entry] of Object.entries(metricTable) as [string, MetricEntry][]) {
      if (entry.type !== 'gauge' || !entry.labels.includes('partition')) continue
      expect(families.get(name)?.samples, name).toEqual([])
    }
    expect(values(families.get('headrace_records_total'))).toEqual({ 0: 200 })
  })

  test('the next incarnation takes the place, whatever the one before still does', async () => {
    const { metrics, scrape } = create()
    const before = metrics.task(0)
    report(before)
    const after = metrics.task(0)
    after.state('RESTORING')
    after.learning({ ...learning, sequences: 9 })
    before.learning(learning)
    before.close()
    const families = await scrape()
    expect(values(families.get('headrace_sequences'))).toEqual({ 0: 9 })
    expect(values(families.get('headrace_tasks'))).toMatchObject({ RESTORING: 1, RUNNING: 0 })
    after.records(1, 1)
    expect(values((await scrape()).get('headrace_records_total'))).toEqual({ 0: 101 })
  })

  test('what is not known any more is absent again', async () => {
    const { metrics, scrape } = create()
    const task = metrics.task(0)
    task.learning(learning)
    const [errors] = learning.errors as [LearningReport['errors'][number]]
    task.learning({ ...learning, errors: [{ ...errors, mae: Number.NaN }] })
    const families = await scrape()
    expect(values(families.get('headrace_prequential_mae'))).toEqual({})
    expect(values(families.get('headrace_prequential_fading_mae'))).not.toEqual({})
  })

  test('a record from the future took no time', async () => {
    const { metrics, scrape } = create()
    const task = metrics.task(0)
    const none = { predictions: 0, 'dead-letters': 0, changelog: 0 }
    task.committed(1_000_500, none)
    task.committed(Number.NaN, none)
    const family = (await scrape()).get('headrace_end_to_end_duration_seconds')
    expect(values(family, '_sum')).toEqual({ 0: 0 })
    expect(values(family, '_count')).toEqual({ 0: 1 })
  })

  test('the state is a label that moves', async () => {
    const { metrics, scrape } = create()
    const states = async () => values((await scrape()).get('headrace_task_state'))
    const task = metrics.task(3)
    expect(await states()).toEqual({ '3 CREATED': 1 })
    task.state('FENCING')
    task.state('FENCING')
    expect(await states()).toEqual({ '3 FENCING': 1 })
    task.close()
    expect(await states()).toEqual({})
  })

  test('what is not known is absent, and nothing to restore is done', async () => {
    const { metrics, scrape } = create()
    const task = metrics.task(0)
    task.position(0, Number.NaN, null)
    const [network] = learning.networks as [NetworkReport]
    const gradientNorm = Number.POSITIVE_INFINITY
    task.learning({ ...learning, networks: [{ ...network, gradientNorm }] })
    task.restore(0, 0)
    const families = await scrape()
    expect(values(families.get('headrace_last_record_timestamp_seconds'))).toEqual({})
    expect(values(families.get('headrace_event_time_lag_seconds'))).toEqual({})
    expect(values(families.get('headrace_gradient_norm'))).toEqual({})
    expect(values(families.get('headrace_restore_progress_ratio'))).toEqual({ 0: 1 })
  })
})

test('docs/metrics.md is what the table says', () => {
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
  expect(page).toBe(metricsPage())
  for (const name of Object.keys(metricTable)) expect(page).toContain(`| \`${name}\` |`)
})
