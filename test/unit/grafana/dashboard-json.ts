import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('../../../grafana/dashboards/', import.meta.url)

interface Source {
  readonly type: string
  readonly uid: string
}

export interface TargetJson {
  refId: string
  expr: string
  legendFormat?: string
  instant?: boolean
  datasource?: Source
}

export interface PanelJson {
  id: number
  type: string
  title: string
  description?: string
  datasource?: Source
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: TargetJson[]
  fieldConfig?: {
    defaults: {
      unit?: string
      thresholds?: { mode: string; steps: { value: number | null; color: string }[] }
      links?: { title: string; url: string }[]
    }
    overrides: {
      matcher: { id: string; options: string }
      properties: { id: string; value?: unknown }[]
    }[]
  }
}

export interface VariableJson {
  type: string
  name: string
  label?: string
  query?: string
  datasource?: Source
  multi?: boolean
  includeAll?: boolean
  allValue?: string
  refresh?: number
}

export interface AnnotationJson {
  name: string
  enable: boolean
  datasource?: Source
  target: TargetJson
  useValueForTime?: boolean
  titleFormat?: string
  textFormat?: string
}

/** The part of a dashboard that is looked at here. */
export interface DashboardJson {
  uid: string
  title: string
  editable: boolean
  refresh: string
  time: { from: string; to: string }
  panels: PanelJson[]
  templating: { list: VariableJson[] }
  annotations: { list: AnnotationJson[] }
  links: { tags: string[]; includeVars: boolean; keepTime: boolean }[]
}

/** The dashboards as they are committed, by the names of their files. */
export function readDashboards(): Map<string, DashboardJson> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return new Map(names.sort().map((name) => [name, JSON.parse(readText(name)) as DashboardJson]))
}

/** A committed file of `grafana/dashboards/`, as it is. */
export function readText(name: string): string {
  return readFileSync(fileURLToPath(new URL(name, folder)), 'utf8')
}

/** Panels with queries: all but the headings. */
export function panelsOf(dashboard: DashboardJson): PanelJson[] {
  return dashboard.panels.filter(({ type }) => type !== 'row')
}
