import { Processor } from '../task/processor.ts'
import { type BenchRun, breathe, measureInRounds } from './rounds.ts'
import type { BlockRow, KernelName } from './rows.ts'
import { median } from './statistics.ts'
import { dataOf, readAll, type Workload } from './workload.ts'

/** Records of a turn: short, so that a slow moment of the machine hits both ways alike. */
const sliceRecords = 2048

/** Microseconds of the processor that decoder and model took for a record. */
interface Way {
  readonly block: number
  readonly single: number
}

/**
 * One row for each workload: its records in memory through two fresh models in turn, one that takes
 * them as a backlog and one that takes each by itself. Ratios are taken round by round.
 */
export async function benchBlocks(
  kernel: KernelName,
  workloads: readonly Workload[],
  run: BenchRun,
): Promise<BlockRow[]> {
  const measures: (() => Promise<Way>)[] = []
  for (const workload of workloads) {
    await breathe(run.signal)
    measures.push(await openWays(workload, run))
  }
  const found = await measureInRounds(measures, run)
  return workloads.map((workload, i) => {
    const rounds = found[i] ?? []
    return {
      bench: 'block',
      kernel,
      ...dataOf(workload),
      microseconds: median(rounds.map(({ block }) => block)),
      singleMicroseconds: median(rounds.map(({ single }) => single)),
      times: median(rounds.map(({ block, single }) => single / block)),
    }
  })
}

async function openWays(workload: Workload, { clock, signal }: BenchRun) {
  const { records, decoder } = await readAll(workload)
  return async (): Promise<Way> => {
    const block = new Processor(workload.config, decoder)
    const single = new Processor(workload.config, decoder)
    const takeBlock = (from: number, until: number) =>
      block.processMany(records, from, until, () => {})
    const takeSingle = (from: number, until: number) => {
      for (const { key, value, timestampMs } of records.slice(from, until)) {
        single.process(key, value, timestampMs)
      }
    }
    const timeOf = (take: typeof takeBlock, from: number) => {
      const startMs = clock.processorMs()
      take(from, Math.min(records.length, from + sliceRecords))
      return clock.processorMs() - startMs
    }
    const totalMs = { block: 0, single: 0 }
    for (let from = 0, turn = 0; from < records.length; from += sliceRecords, turn++) {
      await breathe(signal)
      // Who comes second finds the records in the cache.
      if (turn % 2 === 0) totalMs.block += timeOf(takeBlock, from)
      totalMs.single += timeOf(takeSingle, from)
      if (turn % 2 === 1) totalMs.block += timeOf(takeBlock, from)
    }
    const each = 1000 / Math.max(1, records.length)
    return { block: totalMs.block * each, single: totalMs.single * each }
  }
}
