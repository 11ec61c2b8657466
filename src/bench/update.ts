import { openKernel } from '../kernels/index.ts'
import { measureBesideCeiling } from './ceiling.ts'
import { openUpdate, updateFlops, updateInputs } from './open-update.ts'
import { type BenchRun, breathe, microsecondsEach } from './rounds.ts'
import type { KernelName, UpdateCase, UpdateRow } from './rows.ts'
import { median } from './statistics.ts'

/**
 * One row for each case: medians over rounds of one process, and the share of the product's
 * ceiling, whose shapes are measured in each round like any case.
 */
export async function benchUpdates(
  kernel: KernelName,
  cases: readonly UpdateCase[],
  run: BenchRun,
): Promise<UpdateRow[]> {
  const measures: (() => number)[] = []
  for (const each of cases) {
    // A wide network takes a while to begin, so a signal is let in between.
    await breathe(run.signal)
    const update = openUpdate(each, openKernel(kernel))
    measures.push(() => microsecondsEach(update.run, run))
  }
  const { times, ceiling } = await measureBesideCeiling(kernel, measures, run)
  return cases.map((each, i) => {
    const microseconds = median(times[i] ?? [])
    const gigaflops = updateFlops(each) / microseconds / 1000
    return {
      bench: 'update',
      kernel,
      cell: each.cell,
      hidden: each.hidden,
      inputs: updateInputs,
      rows: each.rows,
      window: each.window,
      microseconds,
      gigaflops,
      ceilingShare: gigaflops / ceiling,
    }
  })
}
