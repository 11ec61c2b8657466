import { panelsOf, readDashboards } from './dashboard-json.ts'

/** A query that Grafana sends for a dashboard, with the values of the variables put in. */
export interface ShippedQuery {
  /** Title of the dashboard. */
  readonly dashboard: string
  /** Title of the panel, name of the mark, or `$` and the name of the variable. */
  readonly panel: string
  readonly kind: 'panel' | 'annotation' | 'variable'
  /** Asked for one moment alone, not for a range. */
  readonly instant: boolean
  /** Of a variable: the selector whose label values are asked for. */
  readonly expr: string
  /** Of a variable: the label. */
  readonly label?: string
  readonly legend?: string
}

/** What Grafana puts in for `All` and for its own variables at a scrape each 5 s. */
export const allPicked: Readonly<Record<string, string>> = {
  job: '.+',
  instance: '.+',
  application: '.+',
  target: 'value',
  horizon: '1',
  __rate_interval: '20s',
  __interval: '5s',
  __range: '900s',
}

/**
 * All queries of panels, annotations and variables of the committed dashboards. `values` stand for
 * variables by name; those left out are as in `allPicked`. Throws on a variable that nobody knows.
 */
export function shippedQueries(values: Readonly<Record<string, string>> = {}): ShippedQuery[] {
  const put = (expr: string): string => withValues(expr, { ...allPicked, ...values })
  return [...readDashboards().values()].flatMap((json) => {
    const dashboard = json.title
    const panels = panelsOf(json).flatMap((panel) =>
      (panel.targets ?? []).map(({ expr, instant, legendFormat }) => ({
        dashboard,
        panel: panel.title,
        kind: 'panel' as const,
        instant: instant ?? false,
        expr: put(expr),
        ...(legendFormat === undefined ? {} : { legend: legendFormat }),
      })),
    )
    const annotations = json.annotations.list.map(({ name, target }) => ({
      dashboard,
      panel: name,
      kind: 'annotation' as const,
      instant: false,
      expr: put(target.expr),
    }))
    const variables = json.templating.list.flatMap(({ type, name, query }) => {
      if (type !== 'query') return []
      const { selector, label } = labelValues(query ?? '')
      const expr = put(selector)
      return [
        { dashboard, panel: `$${name}`, kind: 'variable' as const, instant: true, expr, label },
      ]
    })
    return [...panels, ...annotations, ...variables]
  })
}

/** The parts of `label_values(selector, label)`. Throws where a query is anything else. */
export function labelValues(query: string): { selector: string; label: string } {
  const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? []
  if (selector === undefined || label === undefined) {
    throw new Error(`a variable asks for label values: ${query}`)
  }
  return { selector, label }
}

/** A query with each variable's value in its place. Throws on one that has none. */
export function withValues(expr: string, values: Readonly<Record<string, string>>): string {
  return expr.replace(/\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g, (found, braced, bare) => {
    const value = values[(braced ?? bare) as string]
    if (value === undefined) throw new Error(`nobody knows ${found} in ${expr}`)
    return value
  })
}

/** A panel, by its title, or a mark, by its name, whose queries may have nothing to say. */
export interface Silence {
  readonly kind: ShippedQuery['kind']
  readonly panel: string
  readonly reason: string
}

/**
 * What is empty in a minute of a healthy run: tasks that run and stay where they are, records that
 * can all be used. All else has data then.
 */
export const emptyInCleanRun: readonly Silence[] = [
  { kind: 'panel', panel: 'Firing alerts', reason: 'no alert fires' },
  { kind: 'annotation', panel: 'Drift', reason: 'no error has risen for good' },
  { kind: 'annotation', panel: 'Roll-back', reason: 'no network went astray' },
  { kind: 'annotation', panel: 'Restore', reason: 'no task was restored' },
]
