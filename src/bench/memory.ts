import { Processor } from '../task/processor.ts'
import { type BenchRun, breathe } from './rounds.ts'
import type { KernelName, MemoryRow } from './rows.ts'
import { dataOf, readAll, type Workload } from './workload.ts'

/** Records between two looks at the signal. */
const sliceRecords = 1000
const looks = 10

/**
 * One model that learns from `total` records, those of the workload again and again; a row for each
 * tenth of the way.
 */
export async function benchMemory(
  kernel: KernelName,
  workload: Workload,
  total: number,
  residentBytes: () => number,
  run: BenchRun,
): Promise<MemoryRow[]> {
  const { records, decoder } = await readAll(workload)
  const processor = new Processor(workload.config, decoder)
  const rows: MemoryRow[] = []
  let done = 0
  for (let look = 1; look <= looks; look++) {
    const until = Math.floor((look * total) / looks)
    for (; done < until; done++) {
      if (done % sliceRecords === 0) {
        run.onProgress?.(done / total)
        await breathe(run.signal)
      }
      const record = records[done % records.length]
      if (record === undefined) break
      processor.process(record.key, record.value, record.timestampMs)
    }
    const row = { bench: 'memory', kernel, ...dataOf(workload) } as const
    rows.push({ ...row, records: done, residentBytes: residentBytes() })
  }
  return rows
}
