import { HeadraceError } from '../errors.ts'
import type { Config, ForecastConfig, SupervisedConfig, SymbolsConfig } from './schema.ts'

export function isForecast<C extends Config>(config: C): config is C & ForecastConfig {
  return config.task.kind === 'forecast'
}

export function isSymbols<C extends Config>(config: C): config is C & SymbolsConfig {
  return config.task.kind === 'symbols'
}

export function isSupervised<C extends Config>(config: C): config is C & SupervisedConfig {
  return config.task.kind === 'supervised'
}

/**
 * The same configuration, which must be a forecast's; `what` is what asks for one.
 * @throws HeadraceError HEADRACE_USAGE
 */
export function forecastOf<C extends Config>(config: C, what: string): C & ForecastConfig {
  if (isForecast(config)) return config
  const message = `${what} is for task.kind forecast; the configuration has ${config.task.kind}.`
  throw new HeadraceError('HEADRACE_USAGE', message)
}
