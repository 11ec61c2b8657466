import type { MetricName } from '../../src/telemetry/catalogue.ts'

type Suffix = '_bucket' | '_sum' | '_count'

/** A series of the service's own table, or one of prom-client's defaults. */
export type SeriesName =
  | MetricName
  | `${MetricName & `${string}_duration_seconds`}${Suffix}`
  | `process_${string}`
  | `nodejs_${string}`

/** What the variables of a dashboard pick; every series has these labels. */
const picked = ['job=~"$job"', 'instance=~"$instance"', 'application=~"$application"']

/** Labels that tell one task from all others. */
export const taskLabels = 'job, instance, application, partition'

/** The picked series of a metric, narrowed by matchers such as `baseline="rls"`. */
export function series(name: SeriesName, ...matchers: readonly string[]): string {
  return `${name}{${[...picked, ...matchers].join(', ')}}`
}

/** Increase per second of a counter, of each series. */
export function rate(name: SeriesName, ...matchers: readonly string[]): string {
  return `rate(${series(name, ...matchers)}[$__rate_interval])`
}

/** Increase of a counter over the interval of a rate, of each series. */
export function increase(name: SeriesName, ...matchers: readonly string[]): string {
  return `increase(${series(name, ...matchers)}[$__rate_interval])`
}

/**
 * Restores that ended within the interval of a rate. An increase misses those that the first scrape
 * of a series finds already counted: all of them are new where the series is, or its process.
 */
export function restored(): string {
  const restores = series('headrace_restores_total')
  const start = series('process_start_time_seconds')
  const before = (each: string): string => `last_over_time(${each}[1h] offset $__rate_interval)`
  const newProcess = `(${start} unless ${start} == ${before(start)})`
  return (
    `(${restores} and on (job, instance, application) ${newProcess}` +
    ` or (${restores} unless ${before(restores)}) or ${increase('headrace_restores_total')})`
  )
}

/** `sum by (labels) (expr)`; all series together where there are no labels. */
export function sum(expr: string, labels = ''): string {
  return aggregate('sum', expr, labels)
}

/** The mean over the series that have the same `labels`. */
export function mean(expr: string, labels = ''): string {
  return aggregate('avg', expr, labels)
}

/** The largest of the series that have the same `labels`. */
export function largest(expr: string, labels = ''): string {
  return aggregate('max', expr, labels)
}

/** The smallest of the series that have the same `labels`. */
export function smallest(expr: string, labels = ''): string {
  return aggregate('min', expr, labels)
}

function aggregate(operator: string, expr: string, labels: string): string {
  return labels === '' ? `${operator}(${expr})` : `${operator} by (${labels}) (${expr})`
}

/** Quantile `q` of a histogram, over all tasks or by `labels`. */
export function quantile(
  q: number,
  name: MetricName & `${string}_duration_seconds`,
  labels = '',
): string {
  const by = labels === '' ? 'le' : `le, ${labels}`
  return `histogram_quantile(${q}, ${sum(rate(`${name}_bucket`), by)})`
}

/**
 * Dead letters per second by `labels`. Without one there is no series: it is 0 as long as there is
 * a series of records that they would be a part of.
 */
export function deadLetterRate(labels = ''): string {
  const records = sum(rate('headrace_records_total'), labels)
  return `(${sum(rate('headrace_dead_letters_total'), labels)} or 0 * ${records})`
}
