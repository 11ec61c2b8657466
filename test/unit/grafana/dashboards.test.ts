import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { dashboardFiles } from '../../../grafana/src/index.ts'
import { metricTable } from '../../../src/telemetry/catalogue.ts'
import { panelsOf, readDashboards, readText } from './dashboard-json.ts'
import { metricOf } from './labels.ts'
import { selectorsOf } from './promql.ts'
import { shippedQueries } from './queries.ts'

const root = new URL('../../../', import.meta.url)
const dashboards = readDashboards()

function yaml(path: string): unknown {
  return parse(readFileSync(new URL(path, root), 'utf8'))
}

test('the committed dashboards are what the sources make, and no others are there', () => {
  const files = dashboardFiles()
  expect(readdirSync(new URL('grafana/dashboards', root)).sort()).toEqual(
    files.map(({ name }) => name).sort(),
  )
  for (const { name, text } of files) {
    expect(readText(name) === text, `${name}: npm run dashboards`).toBe(true)
  }
})

describe.each([...dashboards])('%s', (_, dashboard) => {
  test('opens on the last minutes and goes on by itself', () => {
    expect([dashboard.time, dashboard.refresh]).toEqual([{ from: 'now-15m', to: 'now' }, '5s'])
  })

  test('marks drifts, roll-backs, restarts and restores', () => {
    const marks = dashboard.annotations.list
    expect(marks.map(({ name }) => name)).toEqual(['Drift', 'Roll-back', 'Restart', 'Restore'])
    expect(marks.every(({ enable }) => enable)).toBe(true)
    const dated = marks.filter(({ useValueForTime }) => useValueForTime)
    expect(dated.map(({ name }) => name)).toEqual(['Restart'])
  })

  test('links to all dashboards with what is picked', () => {
    expect(dashboard.links).toEqual([
      expect.objectContaining({ tags: ['headrace'], includeVars: true, keepTime: true }),
    ])
  })

  test('leads to dashboards that exist', () => {
    const uids = [...dashboards.values()].map(({ uid }) => uid)
    const links = panelsOf(dashboard).flatMap((panel) => panel.fieldConfig?.defaults.links ?? [])
    for (const { url } of links) {
      const [, uid] =
        /^\/d\/([a-z-]+)\?\$\{__url_time_range\}&\$\{__all_variables\}$/.exec(url) ?? []
      expect(uids).toContain(uid)
    }
  })

  test('names runbooks that exist', () => {
    const rules = readFileSync(new URL('deploy/prometheus/alerts.rules.yaml', root), 'utf8')
    const alerts = [...rules.matchAll(/alert: (\w+)/g)].map(([, name]) => name)
    const named = panelsOf(dashboard).flatMap(({ description = '' }) =>
      [...description.matchAll(/Headrace\w+/g)].map(([name]) => name),
    )
    expect(named.filter((name) => !alerts.includes(name))).toEqual([])
  })
})

test('the first row of the overview answers four questions, and leads further', () => {
  const panels = dashboards.get('overview.json')?.panels.slice(0, 4) ?? []
  expect(panels.map(({ title, type }) => `${title} ${type}`)).toEqual([
    'Is it up? stat',
    'Is it keeping up? stat',
    'Is it learning? stat',
    'Is it better than naive? stat',
  ])
  for (const { gridPos, description, fieldConfig } of panels) {
    expect([gridPos.y, gridPos.w]).toEqual([0, 6])
    expect(description).toMatch(/Runbook: Headrace/)
    expect(fieldConfig?.defaults.links).toHaveLength(1)
  }
})

test('lines that are limits are dashed', () => {
  const dashed = [...dashboards.values()].flatMap(panelsOf).flatMap((panel) =>
    (panel.fieldConfig?.overrides ?? [])
      .filter(({ properties }) => properties.some(({ id }) => id === 'custom.lineStyle'))
      .map(({ matcher }) => {
        expect(matcher.id).toBe('byRegexp')
        const name = new RegExp(matcher.options.slice(1, -1))
        const legends = (panel.targets ?? []).map(({ legendFormat = '' }) => legendFormat)
        return [panel.title, ...legends.filter((legend) => name.test(legend))]
      }),
  )
  expect(dashed).toEqual([
    ['Queue in records', '{{application}} bound'],
    ['Interval coverage', 'promised {{level}}'],
  ])
})

test('every metric of the catalogue is in a panel', () => {
  const asked = shippedQueries().filter(({ kind }) => kind === 'panel')
  const shown = new Set(
    asked.flatMap(({ expr }) => selectorsOf(expr).map(({ name }) => metricOf(name))),
  )
  expect(Object.keys(metricTable).filter((name) => !shown.has(name as never))).toEqual([])
})

describe('provisioning', () => {
  test('finds the data source that the dashboards ask at first', () => {
    const { datasources } = yaml('grafana/provisioning/datasources/prometheus.yaml') as {
      datasources: { name: string; uid: string; type: string; isDefault: boolean }[]
    }
    const picked = dashboards.get('learning.json')?.templating.list[0] as unknown as {
      current: { text: string; value: string }
    }
    expect(datasources).toHaveLength(1)
    expect(datasources[0]).toMatchObject({
      name: picked.current.text,
      uid: picked.current.value,
      type: 'prometheus',
      isDefault: true,
    })
  })

  test('knows the interval of the scrapes', () => {
    const { datasources } = yaml('grafana/provisioning/datasources/prometheus.yaml') as {
      datasources: { jsonData: { timeInterval: string } }[]
    }
    const { global } = yaml('deploy/prometheus/prometheus.yaml') as {
      global: { scrape_interval: string }
    }
    expect(datasources[0]?.jsonData.timeInterval).toBe(global.scrape_interval)
  })

  test('takes all dashboards from one folder', () => {
    const { providers } = yaml('grafana/provisioning/dashboards/headrace.yaml') as {
      providers: { folder: string; type: string; options: { path: string } }[]
    }
    expect(providers).toEqual([
      expect.objectContaining({
        folder: 'headrace',
        type: 'file',
        options: { path: '/etc/grafana/dashboards' },
      }),
    ])
    expect(existsSync(new URL('grafana/dashboards/learning.json', root))).toBe(true)
  })
})
