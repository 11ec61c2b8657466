import type { MetricName } from '../../src/telemetry/catalogue.ts'
import { mean, rate, series, sum, taskLabels } from './query.ts'

/** The series of a metric at the target and the horizon picked on the dashboard. */
export function forecastSeries(name: MetricName, ...matchers: readonly string[]): string {
  return series(name, 'target="$target"', 'horizon="$horizon"', ...matchers)
}

/** Error over the mean absolute target, of each member and partition. */
export function wmape(memory: 'fading' | 'cumulative', ...matchers: readonly string[]): string {
  const [error, size] =
    memory === 'fading'
      ? (['headrace_prequential_fading_mae', 'headrace_target_fading_mean_absolute'] as const)
      : (['headrace_prequential_mae', 'headrace_target_mean_absolute'] as const)
  return (
    `${forecastSeries(error, ...matchers)} / ignoring (member) group_left () ` +
    forecastSeries(size)
  )
}

/**
 * 1 − error of the network whose twin forgets over the error of that twin, by `labels`. The twin
 * follows the network with the middle learning rate, the lower of two.
 */
export function carryingWorth(labels: string): string {
  // Where model.learn is off all rates are 0, and none is the middle one.
  const rates = `(${series('headrace_learning_rate')} > 0)`
  const onTask = `on (${taskLabels}) group_left ()`
  const middle = `quantile by (${taskLabels}) (0.5, ${rates})`
  const nearest = `max by (${taskLabels}) (${rates} <= ${onTask} ${middle})`
  const errors = forecastSeries('headrace_prequential_fading_mae')
  const carrying = `${errors} and on (${taskLabels}, member) (${rates} == ${onTask} ${nearest})`
  const twin = forecastSeries('headrace_prequential_fading_mae', 'member="network:no-carry"')
  return `1 - ${mean(carrying, labels)} / ${mean(twin, labels)}`
}

/** Share of a network's updates that were clipped; every update is one of each network. */
export const clippedShare =
  `${sum(rate('headrace_clipped_updates_total'), 'application, member')}` +
  ' / on (application) group_left () ' +
  sum(rate('headrace_updates_total'), 'application')
