import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
  type TableCellOptions,
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type Panel,
  SpecialValueMatch,
  type Threshold,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { described, type PanelOptions, refIdOf, target } from './panels.ts'

/** Where a click leads: another dashboard, with the same picks and the same time. */
export interface Leads {
  readonly title: string
  /** A dashboard's uid. */
  readonly to: string
}

export interface FigureOptions extends PanelOptions {
  readonly leads?: Leads
}

/** A number as it is now. */
export function figure(options: FigureOptions): Builder<Panel> {
  return stat(options).colorMode(BigValueColorMode.Value).noValue('–')
}

export interface VerdictOptions extends FigureOptions {
  /** What is said when there is no answer. */
  readonly silence: string
  readonly words: readonly ValueMapping[]
}

/** An answer in words on a field of its colour. */
export function verdict(options: VerdictOptions): Builder<Panel> {
  const none = special(SpecialValueMatch.Null, options.silence, 'red')
  return stat(options)
    .colorMode(BigValueColorMode.BackgroundSolid)
    .noValue(options.silence)
    .mappings([...options.words, none])
}

/** Grafana's schema has null for it, but compares with null as with 0. */
const endless = 1e9

/** Values from `from` to `to`, null for without end (up to a thousand millions), in words. */
export function range(
  from: number | null,
  to: number | null,
  text: string,
  color: string,
): ValueMapping {
  const [low, high] = [from ?? -endless, to ?? endless]
  return {
    type: MappingType.RangeToText,
    options: { from: low, to: high, result: { text, color } },
  }
}

/** What is no number, in words. */
export function special(match: SpecialValueMatch, text: string, color: string): ValueMapping {
  return { type: MappingType.SpecialValue, options: { match, result: { text, color } } }
}

/** One word for each whole number from 0. */
export function names(list: readonly { text: string; color: string }[]): ValueMapping {
  const options = Object.fromEntries(
    list.map((entry, index) => [String(index), { ...entry, index }]),
  )
  return { type: MappingType.ValueToText, options }
}

/** A column of a table: the values of one query. */
export interface Column {
  readonly name: string
  readonly expr: string
  readonly unit: string
  readonly decimals?: number
  readonly thresholds?: readonly Threshold[]
  readonly mappings?: readonly ValueMapping[]
}

export interface TableOptions extends Omit<PanelOptions, 'queries'> {
  /** Labels that name a row, in order, each with its heading. */
  readonly rows: Readonly<Record<string, string>>
  /** Without any, the rows are all: `expr` has them. */
  readonly columns: readonly Column[]
  readonly expr?: string
  readonly leads?: Leads
  /** What stands in place of the rows where there are none. */
  readonly none?: string
}

/** What the queries say now, one row for each set of labels. */
export function table(options: TableOptions): Builder<Panel> {
  const { rows, columns, expr } = options
  const exprs = expr === undefined ? columns.map((column) => column.expr) : [expr]
  const queries = exprs.map((each) => ({ expr: each }))
  const values = exprs.map((_, index) =>
    exprs.length === 1 ? 'Value' : `Value #${refIdOf(index)}`,
  )
  const order = [...Object.keys(rows), ...(columns.length === 0 ? [] : values)]
  const headings = columns.map((column, index) => [values[index] ?? '', column.name])
  const panel = described(new TableBuilder(), { ...options, queries })
    .targets(
      queries.map((query, index) => target(query, index).instant().format(PromQueryFormat.Table)),
    )
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'filterFieldsByName',
      options: { include: { names: order } },
    })
    .withTransformation({
      id: 'organize',
      options: {
        indexByName: Object.fromEntries(order.map((name, index) => [name, index])),
        renameByName: { ...rows, ...Object.fromEntries(headings) },
      },
    })
    .overrides(columns.map(overrideOf))
  if (options.none !== undefined) panel.noValue(options.none)
  return withLink(panel, options.leads)
}

function overrideOf(column: Column): {
  matcher: { id: string; options: string }
  properties: DynamicConfigValue[]
} {
  const { name, unit, decimals, thresholds, mappings } = column
  const cell: TableCellOptions | null =
    thresholds === undefined && mappings === undefined
      ? null
      : ({ type: 'color-text' } as TableCellOptions)
  const given: [id: string, value: unknown][] = [
    ['unit', unit],
    ['decimals', decimals],
    ['thresholds', thresholds && { mode: 'absolute', steps: thresholds }],
    ['mappings', mappings],
    ['custom.cellOptions', cell],
  ]
  return {
    matcher: { id: 'byName', options: name },
    properties: given.flatMap(([id, value]) =>
      value === undefined || value === null ? [] : [{ id, value }],
    ),
  }
}

function stat(options: FigureOptions): StatBuilder {
  const panel = described(new StatBuilder(), options)
    // Asked for now alone: the last point of a range may be that of a process long gone.
    .targets(options.queries.map((query, index) => target(query, index).instant()))
    .graphMode(BigValueGraphMode.None)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .reduceOptions(new ReduceDataOptionsBuilder().values(false).calcs(['last']).fields(''))
    .textMode(BigValueTextMode.Auto)
    .justifyMode(BigValueJustifyMode.Center)
  return withLink(panel, options.leads)
}

function withLink<T extends { dataLinks(links: Builder<unknown>[]): T }>(
  panel: T,
  leads: Leads | undefined,
): T {
  if (leads === undefined) return panel
  const link = new DashboardLinkBuilder(leads.title)
    .type(DashboardLinkType.Link)
    .url(`/d/${leads.to}?\${__url_time_range}&\${__all_variables}`)
  return panel.dataLinks([link])
}
