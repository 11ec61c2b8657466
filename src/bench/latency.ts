import { openKernel } from '../kernels/index.ts'
import { Model } from '../model/model.ts'
import { type BenchRun, breathe, measureInRounds } from './rounds.ts'
import type { KernelName, LatencyRow } from './rows.ts'
import { median, quantile } from './statistics.ts'
import { dataOf, readAll, type Workload } from './workload.ts'

/** Records between two looks at the signal. */
const sliceRecords = 1000

interface Quantiles {
  readonly count: number
  readonly p50: number
  readonly p99: number
}

/** One replay: steps that ended a block and learnt, and all the others. */
interface StepTimes {
  readonly within: Quantiles
  readonly boundary: Quantiles
}

/** Two rows for each workload, without and with a block boundary: medians over rounds. */
export async function benchLatency(
  kernel: KernelName,
  workloads: readonly Workload[],
  run: BenchRun,
): Promise<LatencyRow[]> {
  const measures: (() => Promise<StepTimes>)[] = []
  for (const workload of workloads) {
    await breathe(run.signal)
    measures.push(await openLatency(kernel, workload, run))
  }
  const found = await measureInRounds(measures, run)
  return workloads.flatMap((workload, i) =>
    (['within', 'boundary'] as const).map((kind): LatencyRow => {
      const rounds = (found[i] ?? []).map((round) => round[kind])
      return {
        bench: 'latency',
        kernel,
        ...dataOf(workload),
        boundary: kind === 'boundary',
        records: rounds[0]?.count ?? 0,
        p50Microseconds: median(rounds.map(({ p50 }) => p50)),
        p99Microseconds: median(rounds.map(({ p99 }) => p99)),
      }
    }),
  )
}

/** Reads the workload once; each measurement then takes it through a fresh model. */
async function openLatency(
  kernel: KernelName,
  workload: Workload,
  run: BenchRun,
): Promise<() => Promise<StepTimes>> {
  const { records, decoder } = await readAll(workload)
  const within = new Float64Array(records.length)
  const boundary = new Float64Array(records.length)
  return async () => {
    const model = new Model(workload.config, openKernel(kernel))
    let learnt = 0
    let others = 0
    for (const [i, { key, value, timestampMs }] of records.entries()) {
      if (i % sliceRecords === 0) await breathe(run.signal)
      if (decoder.decode(key, value, timestampMs) !== null) {
        model.skip()
        continue
      }
      model.absorb(key, value, decoder.sample.timeMs)
      const updates = model.updates
      const startMs = run.clock.monotonicMs()
      model.step(decoder.sample)
      const microseconds = (run.clock.monotonicMs() - startMs) * 1000
      if (model.updates === updates) within[others++] = microseconds
      else boundary[learnt++] = microseconds
    }
    return {
      within: quantilesOf(within.subarray(0, others)),
      boundary: quantilesOf(boundary.subarray(0, learnt)),
    }
  }
}

/** Sorts the times in place. */
function quantilesOf(times: Float64Array): Quantiles {
  times.sort()
  return { count: times.length, p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
}
