import { benchBlocks } from '../bench/block.ts'
import { benchProducts } from '../bench/gate-product.ts'
import { benchLatency } from '../bench/latency.ts'
import { thisMachine } from '../bench/machine.ts'
import { benchMemory } from '../bench/memory.ts'
import { updateFlops } from '../bench/open-update.ts'
import { benchAgainstReference } from '../bench/reference.ts'
import { benchReplays } from '../bench/replay.ts'
import { type BenchRun, systemBenchClock } from '../bench/rounds.ts'
import type { BenchRow, UpdateCase } from '../bench/rows.ts'
import { benchTensorflow } from '../bench/tensorflow.ts'
import { benchUpdates } from '../bench/update.ts'
import { systemClock } from '../clock.ts'
import { type BenchName, type BenchPlan, benchOptions, planOf } from './bench-options.ts'
import { BenchProgress } from './bench-progress.ts'
import { benchTables } from './bench-tables.ts'
import { openWorkload, type Portfolio, replayWorkload } from './bench-workloads.ts'
import type { Command, Io } from './command.ts'
import { parseOptions, usageError } from './options.ts'
import { table } from './table.ts'
import { packageVersion } from './version.ts'

const help = `headrace bench: how fast this machine learns

Usage: headrace bench [--only update,product,reference,replay,latency,memory,service,metrics,
                       tensorflow]
         [--kernel NAME] [--cells rnn,gru,lstm] [--hidden 16,32] [--rows 1,8] [--window 16]
         [--sequences 1,1000] [--records N] [--rounds N] [--least-ms N] [--json]
       headrace bench --only service [--quick]
         [--parts backlog,restore,latency,kill,stall,rolling,idle]
         [--kernel NAME] [--json]
       headrace bench --only metrics [--quick] [--kernel NAME] [--json]
       headrace bench --only tensorflow [--quick] [--cells lstm] [--hidden 32,128,256,512]
         [--rows 1,64,1024] [--window 16] [--rounds N] [--json]

  update      one update of a recurrent network (8 inputs, one layer): forward over the window,
              backward over it, clip, Adam; and its share of the kernel's plain matrix product
  product     the product of the gates in one live step, and its share of the same
  reference   the same update by the kernel and by the reference kernel in turn
  replay      records through decoder, model and scoreboard: the bundled taxi series for one
              sequence, waves with 16 further fields for more; and decoder and model alone, by a
              backlog and record by record in turn
  latency     the model's step for each record of the same data
  memory      the process's memory while one network learns from the waves, again and again
  service     processes of 'headrace run' with one GRU 32 on a real Kafka (KAFKA_BROKERS, else one
              that is started): a backlog against replay, latency of a prediction, how long there
              is none after a kill -9, a stalled commit, a rolling restart, and the CPU of an idle
              service; about ten minutes
  tensorflow  one step and one update of many sequences (LSTM, one layer) by the kernels wasm and
              tensorflow in turn, and what a stream gets of both; the device that TensorFlow found
              is named (docs/gpu.md tells how to install it); three minutes or so
  metrics     what watching a service costs: all metrics and a scrape a second, and a live page,
              against none, in turn; and how long a scrape takes; about eight minutes

But for service and metrics, every figure is the median over rounds of one process; each round runs
every case once, and one round before the first warms up. A new process replays about half as fast
over its first thousands of records, while V8 compiles.

Columns of replay: 'heap bytes a record' is what decoder and model take from the JavaScript heap
for each record, collected or not, in the last quarter of a run; 'growth' is that quarter over the
one before it, so 1 means that a record costs the same however long the run. A row of latency with
no records (a run shorter than a block ends none) has null for its times in --json.

  --only LIST        which of them (update,replay)
  --kernel NAME      what does the arithmetic (the default of model.kernel)
  --cells LIST       cells of the updates (rnn,gru,lstm)
  --hidden LIST      sizes of the hidden state (16,32,64,128,256; reference 32,64; to 1024)
  --rows LIST        sequences that learn together (1,8,64; reference 1,8; to 1024)
  --window N         steps that gradients flow back (16; to 10000)
                     An update of more than 100 billion operations is refused.
  --sequences LIST   sequences of replay and latency (1,1000); memory has 1,000
  --records N        records of a replay at most (50000; the taxi series has 10,320), of memory
                     in all (10000000)
  --rounds N         (7)
  --least-ms N       an update is repeated for at least so long in each round (20)
  --parts LIST       of the service (backlog,restore,latency,kill,stall,rolling,idle)
  --quick            service and metrics with few records and short waits: whether they work; the
                     figures say nothing
  --json             one array of rows on standard output, nothing else (docs/benchmarks.md)

Examples:
  headrace bench --only update --cells gru --hidden 32 --rows 1
  headrace bench --only replay,latency --json
  headrace bench --only service --parts kill,rolling
`

const allHidden = [16, 32, 64, 128, 256]
const allRows = [1, 8, 64]
/** Records of a workload, unless the user says. */
const workloadRecords = 50_000
const memorySequences = 1000
/** Of one update, which no signal interrupts: a minute or so by the reference kernel. */
const mostFlops = 1e11

/** What one bench needs beyond the plan. */
type Bench = (plan: BenchPlan, run: BenchRun, io: Io) => Promise<BenchRow[]>

const benches: Readonly<Record<BenchName, Bench>> = {
  update: (plan, run) => benchUpdates(plan.kernel, learningCases(plan, allHidden, allRows), run),
  product: (plan, run) => benchProducts(plan.kernel, updateCases(plan, allHidden, allRows), run),
  reference: (plan, run) =>
    benchAgainstReference(plan.kernel, learningCases(plan, [32, 64], [1, 8]), run),
  replay: async (plan, run) => {
    const workloads = workloadsOf(plan)
    return [
      ...(await benchReplays(plan.kernel, workloads, replayWorkload(systemClock), run)),
      ...(await benchBlocks(plan.kernel, [...leanWorkloadsOf(plan), ...workloads], run)),
    ]
  },
  latency: (plan, run) => benchLatency(plan.kernel, workloadsOf(plan), run),
  memory: ({ kernel, records = 10_000_000 }, run) => {
    const workload = openWorkload(kernel, 'network', memorySequences, workloadRecords)
    return benchMemory(kernel, workload, records, () => process.memoryUsage.rss(), run)
  },
  // Which loads the brokers' client.
  service: async (plan, run, io) =>
    (await import('./bench-service.ts')).runServiceBench(plan, run, io),
  tensorflow: (plan, run) => {
    const lstm = { ...plan, cells: plan.cells.length === 1 ? plan.cells : (['lstm'] as const) }
    const hidden = plan.isQuick ? [32] : [32, 128, 256, 512]
    const rows = plan.isQuick ? [1, 64] : [1, 64, 1024]
    return benchTensorflow(learningCases(lstm, hidden, rows, 4 * mostFlops), run)
  },
  metrics: async (plan, run, io) =>
    (await import('./bench-metrics.ts')).runMetricsBench(plan, run, io),
}

function updateCases(
  plan: BenchPlan,
  hidden: readonly number[],
  rows: readonly number[],
): UpdateCase[] {
  const { window } = plan
  return plan.cells.flatMap((cell) =>
    (plan.hidden ?? hidden).flatMap((size) =>
      (plan.rows ?? rows).map((count) => ({ cell, hidden: size, rows: count, window })),
    ),
  )
}

/** The cases of the plan, none so large that the program would not listen for minutes. */
function learningCases(
  plan: BenchPlan,
  allOf: readonly number[],
  rowsOf: readonly number[],
  most = mostFlops,
): UpdateCase[] {
  const cases = updateCases(plan, allOf, rowsOf)
  const large = cases.find((each) => updateFlops(each) > most)
  if (large === undefined) return cases
  const { cell, hidden, rows, window } = large
  const billions = Math.round(updateFlops(large) / 1e9)
  throw usageError(
    `An update of ${cell} with --hidden ${hidden}, --rows ${rows} and --window ${window} is ` +
      `${billions} billion operations; at most ${most / 1e9} billion can be measured.`,
  )
}

function workloadsOf({ kernel, sequences, records = workloadRecords }: BenchPlan) {
  const portfolios: readonly Portfolio[] = ['network', 'full']
  return portfolios.flatMap((portfolio) =>
    sequences.map((count) => openWorkload(kernel, portfolio, count, records)),
  )
}

/** Waves without further fields: sequences in turn, and little else to do. */
function leanWorkloadsOf({ kernel, sequences, records = workloadRecords }: BenchPlan) {
  return sequences
    .filter((count) => count > 1)
    .map((count) => openWorkload(kernel, 'network', count, records, 0))
}

async function runBenches(plan: BenchPlan, io: Io): Promise<BenchRow[]> {
  const progress = new BenchProgress(io.stderr)
  const rows: BenchRow[] = []
  try {
    for (const name of plan.only) {
      progress.show(name, 0)
      const run: BenchRun = {
        clock: systemBenchClock,
        signal: io.signal,
        rounds: plan.rounds,
        leastMs: plan.leastMs,
        onProgress: (fraction) => progress.show(name, fraction),
      }
      rows.push(...(await benches[name](plan, run, io)))
    }
  } finally {
    progress.clear()
  }
  return rows
}

function textOf(rows: readonly BenchRow[], plan: BenchPlan): string {
  const { processor, cores, node } = thisMachine(process.version)
  const machine = `${processor}, ${cores} cores, Node ${node.replace(/^v/, '')}`
  const lines = [`${machine}, headrace ${packageVersion()}, kernel ${plan.kernel}`]
  for (const { title, cells } of benchTables(rows)) lines.push('', title, ...table(cells))
  return `${lines.join('\n')}\n`
}

export const command: Command = {
  summary: 'measures updates and replays on this machine',
  help,
  async run(args, io) {
    const { values } = parseOptions(args, benchOptions)
    const plan = planOf(values)
    try {
      const rows = await runBenches(plan, io)
      const text = values.json === true ? `${JSON.stringify(rows, null, 2)}\n` : textOf(rows, plan)
      io.stdout.write(text)
      return 0
    } catch (error) {
      if (!io.signal.aborted || error !== io.signal.reason) throw error
      io.stderr.write('headrace: interrupted; nothing is printed of a bench that is not through\n')
      return 130
    }
  },
}
