import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  RowBuilder,
  TimePickerBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { annotations } from './annotations.ts'
import { commonVariables } from './variables.ts'

const columns = 24

/** Panels side by side, under a heading where there is one. */
export interface Row {
  readonly title?: string
  readonly heightUnits: number
  readonly panels: readonly Builder<Panel>[]
}

export interface DashboardOptions {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly variables?: readonly Builder<VariableModel>[]
  readonly rows: readonly Row[]
}

/** A dashboard with what all have: variables, marks, links; its panels placed and numbered. */
export function assemble(options: DashboardOptions): Dashboard {
  const dashboard = new DashboardBuilder(options.title)
    .uid(options.uid)
    .description(options.description)
    .tags(['headrace'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-15m', to: 'now' })
    .refresh('5s')
    .timepicker(new TimePickerBuilder().refreshIntervals(['5s', '10s', '30s', '1m', '5m']))
    .link(
      new DashboardLinkBuilder('headrace')
        .type(DashboardLinkType.Dashboards)
        .tags(['headrace'])
        .includeVars(true)
        .keepTime(true),
    )
    .variables([...commonVariables(), ...(options.variables ?? [])])
    .annotations(annotations())
    .build()
  return { ...dashboard, panels: placed(options.rows) }
}

function placed(rows: readonly Row[]): NonNullable<Dashboard['panels']> {
  const panels: NonNullable<Dashboard['panels']> = []
  let y = 0
  for (const row of rows) {
    if (row.title !== undefined) {
      const heading = new RowBuilder(row.title).gridPos({ x: 0, y, w: columns, h: 1 })
      panels.push(heading.id(panels.length + 1).build())
      y += 1
    }
    const share = Math.floor(columns / row.panels.length)
    let x = 0
    for (const builder of row.panels) {
      const panel = builder.build()
      const w = panel.gridPos?.w ?? share
      const gridPos = { x, y, w, h: row.heightUnits }
      panels.push({ ...panel, id: panels.length + 1, gridPos })
      x += w
    }
    y += row.heightUnits
  }
  return panels
}
