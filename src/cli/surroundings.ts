import { randomInt, randomUUID } from 'node:crypto'
import { systemClock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import { Random } from '../random.ts'
import { systemScheduler } from '../task/scheduler.ts'
import type { ServiceOptions } from '../task/service.ts'
import { shownOf } from '../task/shown.ts'
import { Metrics, type RunFacts } from '../telemetry/metrics.ts'
import { packageVersion } from './version.ts'

/** What a service of this process is given besides its configuration, ports and model. */
export interface Surroundings
  extends Pick<ServiceOptions, 'clock' | 'scheduler' | 'random' | 'createId'> {
  readonly metrics: Metrics
}

/** What `/version` tells. */
export function buildFacts(config: Config): { version: string; node: string; kernel: string } {
  return { version: packageVersion(), node: process.version, kernel: config.model.kernel }
}

/** What the metrics tell of what is running. */
function runFacts(config: Config): RunFacts {
  const { cell, layers, hidden, window } = config.model
  const { levels } = shownOf(config)
  const { maxReplayMs } = config.snapshot
  const network = { cell, layers, hidden, window }
  const { kind } = config.task
  return { application: config.name, kind, ...buildFacts(config), ...network, levels, maxReplayMs }
}

/** The real clock, timers and randomness, and metrics of its own. */
export function systemSurroundings(config: Config): Surroundings {
  return {
    clock: systemClock,
    scheduler: systemScheduler,
    random: new Random(randomInt(2 ** 31)),
    createId: () => randomUUID(),
    metrics: new Metrics({ facts: runFacts(config), clock: systemClock }),
  }
}
