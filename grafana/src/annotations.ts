import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  type AnnotationQuery,
  AnnotationQueryBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { increase, restored, type SeriesName, series, sum } from './query.ts'
import { picked } from './variables.ts'

interface Mark {
  readonly name: string
  readonly color: string
  readonly expr: string
  readonly title: string
  readonly text: string
  readonly tags: string
  /** The values are the times of the marks, in milliseconds. */
  readonly valueIsTime?: boolean
}

/** A mark is drawn where a query has a value, so it leaves out the zeros. */
function happened(name: SeriesName, labels: string): string {
  return `${sum(increase(name), labels)} > 0`
}

const marks: readonly Mark[] = [
  {
    name: 'Drift',
    color: 'purple',
    expr: happened('headrace_drift_events_total', 'application, partition, target, horizon'),
    title: 'Drift detected',
    text: '{{application}}, partition {{partition}}: {{target}} + {{horizon}}',
    tags: 'application',
  },
  {
    name: 'Roll-back',
    color: 'orange',
    expr: happened('headrace_rollbacks_total', 'application, partition'),
    title: 'Weights rolled back',
    text: '{{application}}, partition {{partition}}',
    tags: 'application',
  },
  {
    name: 'Restart',
    color: 'blue',
    // Not a change over an interval: that misses a process that was away for longer.
    expr: `${series('process_start_time_seconds')} * 1000`,
    valueIsTime: true,
    title: 'Process started',
    text: '{{application}} on {{instance}}',
    tags: 'application,instance',
  },
  {
    name: 'Restore',
    color: 'light-blue',
    expr: `${sum(restored(), 'application, instance, partition, outcome')} > 0`,
    title: 'Task restored: {{outcome}}',
    text: '{{application}}, partition {{partition}} on {{instance}}',
    tags: 'application,instance',
  },
]

/** What happened when, drawn across the charts of every dashboard. */
export function annotations(): Builder<AnnotationQuery>[] {
  return marks.map(({ name, color, expr, title, text, tags, valueIsTime = false }) =>
    new AnnotationQueryBuilder()
      .name(name)
      .datasource(picked)
      .enable(true)
      .iconColor(color)
      .target(new DataqueryBuilder().datasource(picked).expr(expr).refId('Anno').range())
      .titleFormat(title)
      .textFormat(text)
      .tagKeys(tags)
      .useValueForTime(valueIsTime),
  )
}
