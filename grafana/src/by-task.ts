import type { Query } from './panels.ts'
import { largest, quantile, type SeriesName, series } from './query.ts'

/** Labels of a line for each task, wherever it runs. */
export const byTask = 'application, partition'
export const taskLegend = '{{application}} {{partition}}'

/** Median and tail of a histogram, all tasks together. */
export function quantiles(name: Parameters<typeof quantile>[1]): Query[] {
  return [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, name), legend: `p${q * 100}` }))
}

/** Seconds since a moment that a gauge tells. */
export function since(name: SeriesName): string {
  return largest(`time() - ${series(name)}`, byTask)
}
