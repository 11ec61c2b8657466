import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  type LineStyle,
  ScaleDistribution,
  ScaleDistributionConfigBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline'
import { PanelBuilder as ChartBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { picked } from './variables.ts'

/** One query of a panel. */
export interface Query {
  readonly expr: string
  /** Name of its series in the legend, with `{{label}}` in it. */
  readonly legend?: string
}

/** What every panel says of itself. */
export interface PanelOptions {
  readonly title: string
  /** What it shows, what is good, and where to look when it is not. */
  readonly description: string
  readonly unit: string
  readonly thresholds: readonly Threshold[]
  readonly queries: readonly Query[]
  /** Columns of 24; an equal share of its row where absent. */
  readonly width?: number
  readonly decimals?: number
}

export interface ChartOptions extends PanelOptions {
  readonly min?: number
  readonly max?: number
  readonly stacked?: boolean
  readonly logarithmic?: boolean
  /** Names of the lines that are limits and not figures: a regular expression in slashes. */
  readonly dashed?: string
  /** What stands in place of the lines where there are none. */
  readonly none?: string
}

/** Where a panel turns from one colour to the next: `green`, then each value with its colour. */
export function steps(first: string, ...rest: readonly (readonly [number, string])[]): Threshold[] {
  return [{ value: null, color: first }, ...rest.map(([value, color]) => ({ value, color }))]
}

/** For what has no limit of its own: it is read beside other panels. */
export const noLimit = steps('green')

/** Lines over time, with the limits as dashed lines. */
export function chart(options: ChartOptions): Builder<Panel> {
  const { min, max, stacked = false, logarithmic = false } = options
  const limited = options.thresholds.length > 1
  const mode = limited ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off
  const panel = described(new ChartBuilder(), options)
    .targets(options.queries.map((query, index) => target(query, index).range()))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(mode))
    .lineWidth(1)
    .fillOpacity(stacked ? 40 : 8)
    .showPoints(VisibilityMode.Never)
    .spanNulls(false)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(
      new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
    )
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
  if (logarithmic) {
    panel.scaleDistribution(
      new ScaleDistributionConfigBuilder().type(ScaleDistribution.Log).log(10),
    )
  }
  if (options.dashed !== undefined) {
    const style: LineStyle = { fill: 'dash', dash: [10, 10] }
    const fill = { id: 'custom.fillOpacity', value: 0 }
    panel.overrideByRegexp(options.dashed, [{ id: 'custom.lineStyle', value: style }, fill])
  }
  if (options.none !== undefined) panel.noValue(options.none)
  if (min !== undefined) panel.min(min)
  if (max !== undefined) panel.max(max)
  return panel
}

/** Bands over time, one for each series, in the colours of the values. */
export function timeline(
  options: PanelOptions & { readonly mappings: ValueMapping[] },
): Builder<Panel> {
  return described(new TimelineBuilder(), options)
    .targets(options.queries.map((query, index) => target(query, index).range()))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .mappings(options.mappings)
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .rowHeight(0.8)
    .legend(new VizLegendOptionsBuilder().showLegend(false))
}

/** The part of a builder of panels that all kinds of panels share. */
interface Describable {
  title(title: string): this
  description(description: string): this
  datasource(datasource: typeof picked): this
  unit(unit: string): this
  decimals(decimals: number): this
  span(columns: number): this
  thresholds(thresholds: Builder<{ mode: ThresholdsMode; steps: Threshold[] }>): this
}

export function described<T extends Describable>(panel: T, options: PanelOptions): T {
  const limits = new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute)
  panel
    .title(options.title)
    .description(options.description)
    .datasource(picked)
    .unit(options.unit)
    .thresholds(limits.steps([...options.thresholds]))
  if (options.width !== undefined) panel.span(options.width)
  if (options.decimals !== undefined) panel.decimals(options.decimals)
  return panel
}

/** The query at `index` of its panel, whose name follows: A, B, … */
export function target(query: Query, index: number): DataqueryBuilder {
  const built = new DataqueryBuilder().datasource(picked).refId(refIdOf(index)).expr(query.expr)
  return query.legend === undefined ? built : built.legendFormat(query.legend)
}

export function refIdOf(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index)
}
