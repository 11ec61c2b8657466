import * as units from '@grafana/grafana-foundation-sdk/units'
import { type DashboardJson, type PanelJson, panelsOf } from './dashboard-json.ts'
import { inferLabels } from './labels.ts'
import { withoutLimit } from './no-limit.ts'
import { type Selector, selectorsOf, syntaxErrors } from './promql.ts'
import { allPicked, labelValues, withValues } from './queries.ts'

/** A rule: what it complains of in a dashboard. Most are those of Grafana's dashboard-linter. */
type Rule = (dashboard: DashboardJson) => string[]

const source = '$datasource'
const gridColumns = 24
const validUnits = new Set<unknown>(Object.values(units))

/** Labels by which every query is narrowed, with the variable that each goes by. */
const required = ['job', 'instance', 'application']

/** Series that lack labels, by the matchers that they must have instead. */
const exceptions: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  // Written by Prometheus, which knows no application.
  up: { application: null },
  // An alert about a target that is gone has but the labels that its rule gives it.
  ALERTS: { job: '$job|', instance: '$instance|', application: '$application|' },
}

/** Panels that look further back than a rate does, by title: which window, for which reason. */
const fixedWindows: Readonly<Record<string, { readonly window: string; readonly reason: string }>> =
  { 'Is it learning?': { window: '15m', reason: 'a slow stream is updated once in minutes' } }

/** Counters that are asked for whole too: an increase misses what a new series begins with. */
const askedWhole = new Set(['headrace_restores_total'])

interface Place {
  readonly name: string
  /** Title of its panel, or name of its mark. */
  readonly title: string
  readonly expr: string
  readonly uid: string | undefined
}

function queriesOf(dashboard: DashboardJson): Place[] {
  const panels = panelsOf(dashboard).flatMap((panel) =>
    (panel.targets ?? []).map(({ expr, datasource, refId }) => ({
      name: `${panel.title} ${refId}`,
      title: panel.title,
      expr,
      uid: datasource?.uid,
    })),
  )
  const marks = dashboard.annotations.list.map(({ name, target }) => ({
    name,
    title: name,
    expr: target.expr,
    uid: target.datasource?.uid,
  }))
  return [...panels, ...marks]
}

/** Durations in brackets parse, matchers keep their variables. */
function parseable(expr: string): string {
  const inMatchers = Object.fromEntries(
    Object.keys(allPicked).map((name) => [name, name.startsWith('__') ? '77s' : `$${name}`]),
  )
  return withValues(expr, inMatchers)
}

function eachSelector(judge: (selector: Selector) => string | null): Rule {
  return (dashboard) =>
    queriesOf(dashboard).flatMap(({ name, expr }) =>
      selectorsOf(parseable(expr)).flatMap((selector) => {
        const complaint = judge(selector)
        return complaint === null ? [] : [`${name}: ${complaint}`]
      }),
    )
}

function eachPanel(judge: (panel: PanelJson) => string | null): Rule {
  return (dashboard) =>
    panelsOf(dashboard).flatMap((panel) => {
      const complaint = judge(panel)
      return complaint === null ? [] : [`${panel.title}: ${complaint}`]
    })
}

function eachQueryVariable(
  judge: (
    variable: DashboardJson['templating']['list'][number],
    dashboard: DashboardJson,
  ) => string | null,
): Rule {
  return (dashboard) =>
    dashboard.templating.list
      .filter(({ type }) => type === 'query')
      .flatMap((variable) => {
        const complaint = judge(variable, dashboard)
        return complaint === null ? [] : [`$${variable.name}: ${complaint}`]
      })
}

function templateOf(name: string): Rule {
  return ({ templating }) => {
    const variable = templating.list.find((each) => each.name === name)
    if (variable === undefined) return [`there is no variable ${name}`]
    const complaints = [
      variable.type === 'query' ? '' : 'is no query',
      variable.datasource?.uid === source ? '' : `asks ${variable.datasource?.uid}`,
      variable.label === name[0]?.toUpperCase() + name.slice(1)
        ? ''
        : `is called ${variable.label}`,
      variable.multi === true ? '' : 'picks one alone',
      variable.allValue === '.+' ? '' : `takes ${variable.allValue} for all`,
    ]
    return complaints.filter((text) => text !== '').map((text) => `$${name} ${text}`)
  }
}

function matcherOf(label: string): Rule {
  return eachSelector(({ name, matchers }) => {
    const exception = exceptions[name]?.[label]
    if (exception === null) return null
    const wanted = exception ?? `$${label}`
    const found = matchers.find((matcher) => matcher.label === label)
    if (found?.op === '=~' && found.value === wanted) return null
    return `${name} has no ${label}=~"${wanted}"`
  })
}

function overlapping(dashboard: DashboardJson): string[] {
  const taken = new Map<string, string>()
  return dashboard.panels.flatMap(({ title, gridPos }) => {
    const { x, y, w, h } = gridPos
    const complaints = new Set<string>()
    if (w < 1 || h < 1 || x < 0 || x + w > gridColumns) complaints.add(`${title} leaves the grid`)
    for (let row = y; row < y + h; row++) {
      for (let column = x; column < x + w; column++) {
        const other = taken.get(`${column} ${row}`)
        if (other !== undefined) complaints.add(`${title} lies on ${other}`)
        taken.set(`${column} ${row}`, title)
      }
    }
    return [...complaints]
  })
}

function repeated(values: readonly (string | number)[]): string[] {
  const seen = new Set<string | number>()
  return values.filter((value) => seen.size === seen.add(value).size).map(String)
}

function unitOf(panel: PanelJson): string | null {
  const given = [
    panel.fieldConfig?.defaults.unit,
    ...(panel.fieldConfig?.overrides ?? []).flatMap(({ properties }) =>
      properties.filter(({ id }) => id === 'unit').map(({ value }) => value),
    ),
  ]
  const wrong = given.find((unit) => typeof unit !== 'string' || !validUnits.has(unit))
  return given.every((unit) => typeof unit === 'string' && validUnits.has(unit))
    ? null
    : `there is no unit ${String(wrong)}`
}

function hasLimits({ fieldConfig }: PanelJson): string | null {
  const [first, ...rest] = fieldConfig?.defaults.thresholds?.steps ?? []
  if (first?.value !== null) return 'no threshold to begin with'
  const values = rest.map(({ value }) => value ?? Number.NaN)
  const rising = values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0))
  return rising && !values.includes(Number.NaN) ? null : 'thresholds do not rise'
}

/** A panel has a limit or a reason why there is none, and no reason is left over. */
function limitsDecided(dashboard: DashboardJson): string[] {
  const reasons = withoutLimit[dashboard.title] ?? {}
  const panels = panelsOf(dashboard)
  const bare = panels
    .filter(({ fieldConfig }) => (fieldConfig?.defaults.thresholds?.steps.length ?? 0) < 2)
    .map(({ title }) => title)
  return [
    ...bare.filter((title) => !Object.hasOwn(reasons, title)).map((title) => `${title}: no limit`),
    ...Object.keys(reasons)
      .filter((title) => !bare.includes(title))
      .map((title) => `${title}: has a limit, or is no panel`),
  ]
}

function labelsExist(dashboard: DashboardJson): string[] {
  const panels = panelsOf(dashboard).flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat = '' }) => ({ name: title, expr, shown: legendFormat })),
  )
  const marks = dashboard.annotations.list.map(({ name, target, titleFormat, textFormat }) => ({
    name,
    expr: target.expr,
    shown: `${titleFormat} ${textFormat}`,
  }))
  return [...panels, ...marks].flatMap(({ name, expr, shown }) => {
    const { labels, complaints } = inferLabels(parseable(expr))
    const legend = [...shown.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? '')
    const blank = legend.filter((label) => !labels.has(label)).map((label) => `shows no ${label}`)
    return [...complaints, ...blank].map((complaint) => `${name}: ${complaint}`)
  })
}

/** The rules by name; the first ones are called as in Grafana's dashboard-linter. */
export const rules: Readonly<Record<string, Rule>> = {
  'template-datasource-rule': ({ templating }) => {
    const [first, ...more] = templating.list.filter(({ type }) => type === 'datasource')
    if (first === undefined) return ['no data source can be picked']
    if (more.length > 0) return ['there are several data sources']
    const isNamed = first.name === 'datasource' && first.label === 'Data source'
    return isNamed && first.query === 'prometheus' ? [] : [`a data source ${first.name}`]
  },
  'template-job-rule': templateOf('job'),
  'template-instance-rule': templateOf('instance'),
  'template-application-rule': templateOf('application'),
  'template-label-promql-rule': eachQueryVariable(({ query }) => {
    try {
      const { selector, label } = labelValues(query ?? '')
      const expr = parseable(selector)
      const { labels, complaints } = inferLabels(expr)
      const wrong = [...syntaxErrors(expr), ...complaints]
      if (!labels.has(label)) wrong.push(`no label ${label}`)
      return wrong.length === 0 ? null : wrong.join(', ')
    } catch (error) {
      return (error as Error).message
    }
  }),
  'template-on-time-change-reload-rule': eachQueryVariable(({ refresh }) =>
    refresh === 2 ? null : `is asked for at ${refresh}`,
  ),
  'template-unused-rule': eachQueryVariable(({ name }, dashboard) =>
    queriesOf(dashboard).some(({ expr }) => new RegExp(`\\$${name}\\b`).test(expr))
      ? null
      : 'is used nowhere',
  ),
  'panel-datasource-rule': (dashboard) => [
    ...panelsOf(dashboard)
      .filter(({ datasource }) => datasource?.uid !== source)
      .map(({ title }) => `${title} asks another source`),
    ...queriesOf(dashboard)
      .filter(({ uid }) => uid !== source)
      .map(({ name }) => `${name} asks another source`),
  ],
  'panel-title-description-rule': eachPanel(({ title, description = '' }) =>
    title !== '' && /^\S.{19,}\.$/s.test(description) ? null : 'has no title or no description',
  ),
  'panel-units-rule': eachPanel(unitOf),
  'panel-no-targets-rule': eachPanel(({ targets = [] }) =>
    targets.length > 0 ? null : 'asks for nothing',
  ),
  'target-promql-rule': (dashboard) =>
    queriesOf(dashboard).flatMap(({ name, expr }) =>
      syntaxErrors(parseable(expr)).map((error) => `${name}: ${error}`),
    ),
  'target-rate-interval-rule': (dashboard) =>
    queriesOf(dashboard).flatMap(({ name, title, expr }) =>
      selectorsOf(expr.replaceAll('$__rate_interval', '77s').replaceAll('$__range', '88s'))
        .filter(({ calls }) => ['rate', 'irate', 'increase'].includes(calls[0] ?? ''))
        .filter(({ range }) => range !== (fixedWindows[title]?.window ?? '77s'))
        .map((selector) => `${name}: ${selector.name} over ${selector.range}`),
    ),
  ...Object.fromEntries(required.map((label) => [`target-${label}-rule`, matcherOf(label)])),
  'target-counter-agg-rule': eachSelector(({ name, range, calls }) => {
    if (!name.endsWith('_total') || askedWhole.has(name)) return null
    const isRate = range !== null && ['rate', 'irate', 'increase'].includes(calls[0] ?? '')
    return isRate ? null : `${name} without rate or increase`
  }),
  'target-histogram-rule': eachSelector(({ name, calls }) =>
    !name.endsWith('_bucket') || calls.includes('histogram_quantile')
      ? null
      : `${name} outside histogram_quantile`,
  ),
  'uneditable-dashboard-rule': ({ editable }) => (editable ? ['can be edited'] : []),
  'labels exist and sides meet': labelsExist,
  'thresholds rise from a base': eachPanel(hasLimits),
  'each panel has a limit, or a reason': limitsDecided,
  'panels do not overlap': overlapping,
  'numbers are unique': ({ panels }) => repeated(panels.map(({ id }) => id)),
  'titles are unique': ({ panels }) => repeated(panels.map(({ title }) => title)),
}
