import { median } from '../../../src/bench/statistics.ts'
import type { Clock } from '../../../src/clock.ts'
import type { ForecastConfig } from '../../../src/config/schema.ts'
import { openKernel } from '../../../src/kernels/index.ts'
import { Model } from '../../../src/model/model.ts'
import type { Records } from './data.ts'
import { runRecords } from './run.ts'

/** What the default portfolio costs against one network. */
export interface Cost {
  /** Records per second, medians over rounds. */
  readonly full: number
  readonly network: number
  /** Median over rounds of how many times as long the full one takes. */
  readonly times: number
  readonly rounds: number
}

/**
 * Runs the records through both portfolios in turn, in this process, after a round that warms up.
 * @throws the signal's reason where it is aborted between two runs
 */
export async function measureCost(
  records: Records,
  config: ForecastConfig,
  { rounds, clock, signal }: { rounds: number; clock: Clock; signal: AbortSignal },
): Promise<Cost> {
  const alone: ForecastConfig = { ...config, model: { ...config.model, portfolio: 'network' } }
  const seconds: { full: number; network: number }[] = []
  for (let round = 0; round <= rounds; round++) {
    const full = await secondsOf(records, config, clock, signal)
    const network = await secondsOf(records, alone, clock, signal)
    if (round > 0) seconds.push({ full, network })
  }
  return {
    full: records.count / median(seconds.map(({ full }) => full)),
    network: records.count / median(seconds.map(({ network }) => network)),
    times: median(seconds.map(({ full, network }) => full / network)),
    rounds,
  }
}

async function secondsOf(
  records: Records,
  config: ForecastConfig,
  clock: Clock,
  signal: AbortSignal,
) {
  // A signal of the terminal comes in between two runs only.
  await new Promise((resolve) => setImmediate(resolve))
  signal.throwIfAborted()
  const model = new Model(config, openKernel(config.model.kernel))
  const startMs = clock.monotonicMs()
  runRecords(model, records, () => {})
  return (clock.monotonicMs() - startMs) / 1000
}
