import type { Clock } from '../../clock.ts'
import type { ServiceConfig } from '../../config/schema.ts'
import type { TaskLogger } from '../observe.ts'
import { openProcessor } from '../open-processor.ts'
import type { Scheduler } from '../scheduler.ts'
import { defaultOutputBounds } from './engine.ts'
import type { Engines } from './engines.ts'
import { LocalEngines } from './local-engines.ts'
import { createOutputEncoder } from './output-encoder.ts'
import { WorkerEngines, workerCount } from './worker-engines.ts'

/** Models where `workers.count` wants them: in threads of their own, or in this one. */
export function openEngines(
  config: ServiceConfig,
  outside: {
    readonly clock: Clock
    readonly scheduler: Scheduler
    readonly logger: TaskLogger
    /** Whether the models tell how they learn. Default: they do. */
    readonly isWatched?: boolean
  },
): Engines {
  const count = workerCount(config.workers.count)
  const bounds = defaultOutputBounds
  if (count > 0) return new WorkerEngines({ ...outside, config, bounds, count })
  const { clock, scheduler, isWatched = true } = outside
  return new LocalEngines({
    clock,
    scheduler,
    bounds,
    isWatched,
    createProcessor: () => openProcessor(config),
    createEncoder: (partition) => createOutputEncoder(config, partition),
  })
}
