import { openKernel } from '../kernels/index.ts'
import { openUpdate, updateInputs } from './open-update.ts'
import { type BenchRun, measureInRounds, microsecondsEach } from './rounds.ts'
import type { KernelName, ReferenceRow, UpdateCase } from './rows.ts'
import { median } from './statistics.ts'

/** Each case by `kernel` and right after it by the reference; ratios are medians over rounds. */
export async function benchAgainstReference(
  kernel: KernelName,
  cases: readonly UpdateCase[],
  run: BenchRun,
): Promise<ReferenceRow[]> {
  const found = await measureInRounds(
    cases.map((each) => {
      const ours = openUpdate(each, openKernel(kernel))
      const reference = openUpdate(each, openKernel('reference'))
      return () => ({
        microseconds: microsecondsEach(ours.run, run),
        referenceMicroseconds: microsecondsEach(reference.run, run),
      })
    }),
    run,
  )
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
