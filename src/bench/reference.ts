import { openKernel } from '../kernels/index.ts'
import { openUpdate, updateInputs } from './open-update.ts'
import { type BenchRun, breathe, measureInRounds, microsecondsEach } from './rounds.ts'
import type { KernelName, ReferenceRow, UpdateCase } from './rows.ts'
import { median } from './statistics.ts'

/** Each case by `kernel` and right after it by the reference; ratios are medians over rounds. */
export async function benchAgainstReference(
  kernel: KernelName,
  cases: readonly UpdateCase[],
  run: BenchRun,
): Promise<ReferenceRow[]> {
  const measures: (() => { microseconds: number; referenceMicroseconds: number })[] = []
  for (const each of cases) {
    // A wide network takes a while to begin, so a signal is let in before each of the two.
    await breathe(run.signal)
    const ours = openUpdate(each, openKernel(kernel))
    await breathe(run.signal)
    const reference = openUpdate(each, openKernel('reference'))
    measures.push(() => ({
      microseconds: microsecondsEach(ours.run, run),
      referenceMicroseconds: microsecondsEach(reference.run, run),
    }))
  }
  const found = await measureInRounds(measures, run)
  return cases.map((each, i) => {
    const rounds = found[i] ?? []
    return {
      bench: 'reference',
      kernel,
      cell: each.cell,
      hidden: each.hidden,
      inputs: updateInputs,
      rows: each.rows,
      window: each.window,
      microseconds: median(rounds.map((round) => round.microseconds)),
      referenceMicroseconds: median(rounds.map((round) => round.referenceMicroseconds)),
      times: median(rounds.map((round) => round.referenceMicroseconds / round.microseconds)),
    }
  })
}
