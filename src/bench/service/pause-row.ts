import { median } from '../statistics.ts'
import type { ServicePauseRow } from './rows.ts'
import type { Stage } from './stage.ts'

/** The row of what was measured again and again. */
export function pauseRow(
  stage: Stage,
  pausesMs: readonly number[],
  facts: Pick<ServicePauseRow, 'cause' | 'processes' | 'partitions' | 'reachMs' | 'beyondMs'>,
): ServicePauseRow {
  const { cause, processes, partitions, reachMs, beyondMs } = facts
  return {
    bench: 'service-pause',
    kernel: stage.options.kernel,
    cause,
    processes,
    partitions,
    repeats: pausesMs.length,
    medianMs: median(pausesMs),
    worstMs: Math.max(...pausesMs),
    reachMs,
    beyondMs,
  }
}
