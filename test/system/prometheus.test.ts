import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MetricEntry, metricTable } from '../../src/telemetry/catalogue.ts'
import { until } from '../integration/support/broker.ts'
import { calms, fires, resolves, staysCalm } from './support/firing.ts'
import {
  alertNames,
  alertSelectors,
  dashboardQueries,
  recordingQueries,
  variableQueries,
} from './support/queries.ts'
import { job, WatchWorld } from './support/watch-world.ts'

const dataDeadlineMs = 60_000
/** The longest window of the rules in a hurry that tells of an event, and a little. */
const calmMs = 8_000

const metrics: readonly (readonly [string, MetricEntry])[] = Object.entries(metricTable)

/** What a user picks, or what a dashboard begins with. */
const picked = { job, instance: '.+', target: 'y', horizon: '1' }

/**
 * Alerts that wait for half an hour or more before they judge a model: in a hurry they judge its
 * first seconds, and what a fault has left behind in errors that fade.
 */
const hasty = [
  'HeadraceCoverageOff',
  'HeadraceCoverageHigh',
  'HeadraceWorseThanNaive',
  'HeadraceWorseThanLines',
]

let world: WatchWorld

beforeAll(async () => {
  world = await WatchWorld.open()
  // Restores that dashboards mark: an increase is one of a series that was there before.
  for (let restart = 0; restart < 2; restart++) await world.restartOne()
})

afterAll(() => world?.close())

const nameOf = ({ config }: WatchWorld['app']): string => config.name

/** Waits until `missing` finds nothing; then nothing, else what it found last. */
async function nothingMissing(missing: () => Promise<string[]>): Promise<string[]> {
  let last: string[] = []
  const isDone = async (): Promise<boolean> => {
    last = await missing()
    return last.length === 0
  }
  await until('nothing to be missing', isDone, dataDeadlineMs).catch(() => {})
  return last
}

test('every process is scraped, and promtool finds nothing wrong with its metrics', async () => {
  await world.scraped()
  for (const run of [world.app, ...world.others].flatMap(({ runs }) => runs)) {
    const { body } = await run.get('/metrics')
    const lint = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' })
    expect([lint.status, lint.stdout, lint.stderr]).toEqual([0, '', ''])
    const declared = [...body.matchAll(/^# TYPE (headrace_\S+) (\S+)$/gm)]
    const types = Object.fromEntries(declared.map(([, name, type]) => [name, type]))
    expect(types).toEqual(Object.fromEntries(metrics.map(([name, { type }]) => [name, type])))
    const helped = [...body.matchAll(/^# HELP (headrace_\S+) \S/gm)].map(([, name]) => name)
    expect(helped.toSorted()).toEqual(Object.keys(types).toSorted())
  }
})

test('every metric of the catalogue has series, with the labels that it says', async () => {
  const wrong = (): Promise<string[]> =>
    Promise.all(
      metrics.map(async ([name, { type, labels }]) => {
        const series = type === 'histogram' ? `${name}_bucket` : name
        const found = await world.prometheus.query(series)
        if (found.length === 0) return `${name} has no series`
        const expected = [...labels, ...(type === 'histogram' ? ['le'] : [])]
        const all = ['__name__', 'application', 'instance', 'job', ...expected].toSorted()
        const others = found.filter(
          ({ metric }) =>
            !world.all.includes(metric.application ?? '') ||
            Object.keys(metric).toSorted().join() !== all.join(),
        )
        return others.length === 0 ? '' : `${name} has ${JSON.stringify(others[0]?.metric)}`
      }),
    ).then((lines) => lines.filter((line) => line !== ''))
  expect(await nothingMissing(wrong)).toEqual([])
})

test('every rule loads and evaluates, and what each alert looks at is there', async () => {
  const isEvaluated = async (): Promise<boolean> =>
    (await world.prometheus.rules()).every(({ health }) => health !== 'unknown')
  await until('every rule to be evaluated', isEvaluated)
  for (const prometheus of [world.prometheus, world.quick]) {
    const rules = await prometheus.rules()
    expect(rules.filter(({ health, lastError }) => health !== 'ok' || lastError)).toEqual([])
    const loaded = rules.filter(({ type }) => type === 'alerting').map(({ name }) => name)
    expect(loaded.toSorted()).toEqual(alertNames().toSorted())
  }
})

test('every query of every dashboard and rule has data, but those that are listed', async () => {
  const queries = [
    ...recordingQueries(),
    ...alertSelectors(),
    // A target and a horizon are those of a forecast; panels of another kind ask for its own.
    ...dashboardQueries({
      ...picked,
      application: [world.app, ...world.others].map(nameOf).join('|'),
    }),
  ]
  expect(queries.length).toBeGreaterThan(100)
  const wrong = async (): Promise<string[]> => {
    const lines: string[] = []
    for (const { place, expr, isInstant, silence } of queries) {
      const hasData = await world.hasData(expr, isInstant)
      if (!hasData && silence === null) lines.push(`${place} is empty: ${expr}`)
      if (hasData && silence !== null) lines.push(`${place} has data, though ${silence}: ${expr}`)
    }
    return lines
  }
  expect(await nothingMissing(wrong)).toEqual([])
})

test('every variable of every dashboard has a value to pick', async () => {
  const variables = variableQueries({ ...picked, application: world.app.config.name })
  expect(variables.length).toBeGreaterThan(0)
  for (const { place, label, selector } of variables) {
    const found = await world.prometheus.labelValues(label, selector)
    expect(found.length, place).toBeGreaterThan(0)
  }
})

test('nothing fires while all is well, nor when no more records come', async () => {
  for (const prometheus of [world.prometheus, world.quick]) await calms(prometheus, hasty)
  await staysCalm(world.quick, calmMs, hasty)
  const apps = [world.app, world.lone, ...world.others]
  for (const { upstream } of apps) upstream.isOn = false
  await staysCalm(world.quick, calmMs, hasty)
  for (const { upstream } of apps) upstream.isOn = true
  await staysCalm(world.prometheus, 0)
})

test('a process that stands still is down, and is up again when it goes on', async () => {
  const [, frozen] = world.app.runs
  const { instance = '' } = frozen ?? {}
  frozen?.freeze()
  const [alert] = await fires(world.quick, [{ alertname: 'HeadraceInstanceDown', instance }])
  frozen?.thaw()
  expect(alert?.labels).toMatchObject({ job, severity: 'critical' })
  expect(alert?.annotations.summary).toContain(instance)
  await world.serving()
  await calms(world.quick, hasty)
})

test('records that cannot be used are told of, with their share', async () => {
  const { upstream, config } = world.app
  const application = config.name
  upstream.mood = 'poison'
  const alerts = await fires(world.quick, [
    { alertname: 'HeadraceDeadLetters', application },
    { alertname: 'HeadraceMostlyDeadLetters', application },
  ])
  upstream.mood = 'calm'
  for (const { annotations } of alerts) {
    expect(annotations.description).toMatch(/^\d[\d.]*% of the records of partition [0-3] of /)
  }
  await calms(world.quick, hasty)
})

// HeadraceCoverageOff has cases in promtool's tests alone: no stream was found whose intervals miss
// for long enough.
test('a network worse than naive is told of', async () => {
  const { lone } = world
  const wanted = [{ alertname: 'HeadraceWorseThanNaive', application: lone.config.name }]
  await resolves(world.quick, wanted)
  lone.upstream.mood = 'plateaus'
  const alerts = await fires(world.quick, wanted)
  lone.upstream.mood = 'noise'
  for (const { labels, annotations } of alerts) {
    expect(labels).toMatchObject({ target: 'y', job })
    expect(annotations.description).toMatch(/\bof y, [15] ahead, in partition \d of watch-/)
  }
})

test('without its broker an application commits nothing, and goes on when it is back', async () => {
  const alertname = 'HeadraceCommitsFailing'
  const wanted = world.applications.map((application) => ({ alertname, application }))
  await world.broker.kill()
  const alerts = await fires(world.quick, wanted)
  expect(alerts[0]?.annotations.summary).toMatch(/^Transactions of watch-\w+ fail$/)
  await world.broker.revive()
  await world.serving()
  await resolves(world.quick, wanted)
})

test('a model that is slower than its input falls behind until it catches up', async () => {
  const { upstream, config } = world.lone
  const application = config.name
  const wanted = [
    { alertname: 'HeadraceLagGrowing', application, partition: '0' },
    { alertname: 'HeadraceEndToEndSlow', application, partition: '0' },
  ]
  upstream.recordsPerSecond = 4_000
  const alerts = await fires(world.quick, wanted)
  upstream.recordsPerSecond = 100
  expect(alerts[0]?.annotations.description).toMatch(/is \d[\d.]*k records behind/)
  await resolves(world.quick, wanted.slice(0, 1))
})
