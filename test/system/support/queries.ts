import { parser } from '@prometheus-io/lezer-promql'
import { emptyInCleanRun, shippedQueries } from '../../unit/grafana/queries.ts'
import { alerts, recordings } from '../../unit/prometheus/rules.ts'

/** A query that somebody ships, and where it stands. */
export interface Query {
  /** `Overview · Lag`, `alert HeadraceNoProgress`. */
  readonly place: string
  readonly expr: string
  /** Asked for one moment, the present; a chart and a mark ask for a stretch of time. */
  readonly isInstant: boolean
  /** Why it is empty in this run; null where it has data. */
  readonly silence: string | null
}

/** The values that a dashboard offers for one of its variables. */
export interface ValuesQuery {
  readonly place: string
  readonly label: string
  readonly selector: string
}

/** What a user picks on a dashboard, by variable; where Prometheus scrapes once a second. */
export type Picked = Readonly<Record<string, string>>

const intervals: Picked = { __rate_interval: '5s', __interval: '1s', __range: '60s' }

/** A process is restarted and another one takes over, so this mark is there. */
const restarted = 'Restore'

const alertSilences: Readonly<Record<string, string>> = {
  HeadraceTaskFailed: 'no task has FAILED',
  HeadraceTaskNotRunning: 'every task is RUNNING',
  HeadraceRestoreTooLong: 'every task is RUNNING',
}

/** The queries of all panels and marks of all dashboards. */
export function dashboardQueries(picked: Picked): Query[] {
  return shippedQueries({ ...intervals, ...picked })
    .filter(({ kind }) => kind !== 'variable')
    .map(({ dashboard, panel, kind, instant, expr }) => {
      const known = emptyInCleanRun.find((each) => each.kind === kind && each.panel === panel)
      const silence = panel === restarted ? null : (known?.reason ?? null)
      return { place: `${dashboard} · ${panel}`, expr, isInstant: instant, silence }
    })
}

/** The variables of all dashboards that ask Prometheus for their values. */
export function variableQueries(picked: Picked): ValuesQuery[] {
  return shippedQueries({ ...intervals, ...picked }).flatMap(({ dashboard, panel, expr, label }) =>
    label === undefined ? [] : [{ place: `${dashboard} · ${panel}`, label, selector: expr }],
  )
}

/** Every recording rule's expression, and what it records. */
export function recordingQueries(): Query[] {
  return recordings.flatMap(({ record, expr }) => [
    instantQuery(`rule ${record}`, expr, null),
    instantQuery(`series ${record}`, record, null),
  ])
}

/** What each alert looks at: an alert that looks at nothing never fires. */
export function alertSelectors(): Query[] {
  return alerts.flatMap(({ alert, expr }) =>
    selectorsOf(expr).map((selector) =>
      instantQuery(`alert ${alert}`, selector, alertSilence(alert, selector)),
    ),
  )
}

export function alertNames(): string[] {
  return alerts.map(({ alert }) => alert)
}

function instantQuery(place: string, expr: string, silence: string | null): Query {
  return { place, expr, isInstant: true, silence }
}

function alertSilence(alert: string, selector: string): string | null {
  // Of the states that a task may be in, these alerts look for those that are none to stay in.
  return selector.includes('state') ? (alertSilences[alert] ?? null) : null
}

function selectorsOf(expr: string): string[] {
  const found = new Set<string>()
  parser.parse(expr).iterate({
    enter: ({ name, from, to }) => {
      if (name === 'VectorSelector') found.add(expr.slice(from, to))
    },
  })
  return [...found]
}
