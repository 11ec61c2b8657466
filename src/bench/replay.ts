import { measureAllocations } from './allocations.ts'
import { type BenchRun, breathe, measureInRounds } from './rounds.ts'
import type { KernelName, ReplayRow } from './rows.ts'
import { median } from './statistics.ts'
import { dataOf, type Workload } from './workload.ts'

/** Replays a workload through a fresh model as `headrace replay` does. */
export type Replay = (
  workload: Workload,
  signal: AbortSignal,
) => Promise<{ readonly records: number; readonly seconds: number }>

/** One row for each workload; speeds are medians over rounds. */
export async function benchReplays(
  kernel: KernelName,
  workloads: readonly Workload[],
  replay: Replay,
  run: BenchRun,
): Promise<ReplayRow[]> {
  const found = await measureInRounds(
    workloads.map((workload) => () => replay(workload, run.signal)),
    run,
  )
  const rows: ReplayRow[] = []
  for (const [i, workload] of workloads.entries()) {
    await breathe(run.signal)
    const rounds = found[i] ?? []
    const { bytesPerSequence, ...allocations } = await measureAllocations(workload, run.signal)
    const { portfolio, sequences, ...data } = dataOf(workload)
    rows.push({
      bench: 'replay',
      kernel,
      portfolio,
      sequences,
      recordsPerSecond: median(rounds.map(({ records, seconds }) => records / seconds)),
      bytesPerSequence,
      ...data,
      records: rounds[0]?.records ?? 0,
      ...allocations,
    })
  }
  return rows
}
