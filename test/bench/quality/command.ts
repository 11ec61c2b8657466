import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { thisMachine } from '../../../src/bench/machine.ts'
import { BenchProgress } from '../../../src/cli/bench-progress.ts'
import type { Io } from '../../../src/cli/command.ts'
import { usageError } from '../../../src/cli/options.ts'
import { table } from '../../../src/cli/table.ts'
import { packageVersion } from '../../../src/cli/version.ts'
import type { Clock } from '../../../src/clock.ts'
import { describeModel } from '../../../src/model/describe.ts'
import { NUMERICS_VERSION } from '../../../src/model/version.ts'
import { formatTime } from '../../../src/record/time.ts'
import { fileOf, openTask, settingsOf, type TaskName } from '../datasets.ts'
import { measureCost } from './cost.ts'
import { gridJobs } from './grid.ts'
import { help, type Plan, planOf } from './options.ts'
import { qualityPage } from './page.ts'
import { runJobs } from './pool.ts'
import { figureReports, gridReports, type QualityReport, taskSeconds } from './report.ts'
import { configOf, type Job, type Outcome, withoutNetworks } from './run.ts'
import { qualityTables } from './tables.ts'

const costRounds = 7

/** What the command needs of the process. */
export interface QualityIo extends Pick<Io, 'stdout' | 'stderr' | 'signal'> {
  readonly clock: Clock
  /** `v24.1.0` */
  readonly node: string
}

/**
 * Runs the command and resolves with its exit code, 130 where it was interrupted.
 * @throws HeadraceError for what the user must mend
 */
export async function runQuality(args: readonly string[], io: QualityIo): Promise<number> {
  const plan = planOf(args)
  if (plan.help) {
    io.stdout.write(help)
    return 0
  }
  checkFiles(plan)
  let report: QualityReport
  try {
    report = plan.from === undefined ? await measure(plan, io) : readReport(plan.from)
  } catch (error) {
    if (!io.signal.aborted) throw error
    io.stderr.write('bench:quality: interrupted; no figures.\n')
    return 130
  }
  if (plan.docs) writeFileSync(plan.out, qualityPage(report))
  io.stdout.write(plan.json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report, plan))
  return 0
}

/** The runs take minutes: what is not there is told before them. */
function checkFiles({ data, tasks, docs, out, from }: Plan): void {
  const absent = tasks.map(fileOf).find((file) => !existsSync(join(data ?? '', file)))
  if (data !== undefined && absent !== undefined) {
    throw usageError(`--data: there is no ${absent} in the folder '${data}'.`)
  }
  if (from !== undefined && !existsSync(from)) throw usageError(`--from: there is no '${from}'.`)
  if (docs && !existsSync(dirname(out))) {
    throw usageError(`--out: there is no folder '${dirname(out)}'.`)
  }
}

function readReport(file: string): QualityReport {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function textOf(report: QualityReport, { without }: Plan): string {
  const tables = qualityTables(report)
    .filter(({ title }) => title !== 'Every member' || !without.includes('members'))
    .map(({ title, cells }) => [title, ...table(cells)].join('\n'))
  return `${[...tables, ...report.notes].join('\n\n')}\n`
}

async function measure(plan: Plan, io: QualityIo): Promise<QualityReport> {
  const { sets, seeds, without } = plan
  const notes: string[] = []
  if (plan.leftOut.length > 0) {
    notes.push(`Left out for want of --data: ${plan.leftOut.join(', ')}.`)
  }
  // A mistake in --set is told before any run, and not by each of them.
  for (const task of plan.tasks) configOf(settingsOf(task), sets, 1)
  const refused = (task: TaskName) => withoutNetworks(settingsOf(task), sets, 1) === undefined
  const hasLines = !without.includes('lines') && !plan.tasks.some(refused)
  if (!without.includes('lines') && !hasLines) {
    notes.push('What the networks add is left out: the configuration wants one at least.')
  }
  const outcomes = await runAll(jobsOf(plan, hasLines), 'runs', plan, io)
  const grid = plan.grid ? await runAll(gridJobs(plan.tasks, sets), 'grid', plan, io) : undefined
  const hasCost = !without.includes('cost')
  return {
    version: packageVersion(),
    date: formatTime(io.clock.nowMs()).slice(0, 10),
    machine: thisMachine(io.node),
    numericsVersion: NUMERICS_VERSION,
    seeds,
    sets,
    figures: figureReports(outcomes),
    tasks: taskSeconds(outcomes),
    ...(hasCost ? await costsOf(plan, io) : {}),
    ...(grid === undefined ? {} : { grid: gridReports(grid) }),
    notes,
  }
}

function jobsOf({ tasks, seeds, sets }: Plan, hasLines: boolean): Job[] {
  const variants = hasLines ? (['full', 'lines'] as const) : (['full'] as const)
  return tasks.flatMap((task) =>
    variants.flatMap((variant) =>
      Array.from({ length: seeds }, (_, i) => ({ task, seed: i + 1, variant, sets })),
    ),
  )
}

async function runAll(
  jobs: readonly Job[],
  name: string,
  { data, jobs: jobsMax }: Plan,
  { stderr, signal }: QualityIo,
): Promise<Outcome[]> {
  const progress = new BenchProgress(stderr)
  let done = 0
  progress.show(name, 0)
  const onDone = ({ job, seconds }: Outcome) => {
    done++
    const what = `${job.task}, ${job.variant}, seed ${job.seed}`
    if (stderr.isTTY === true) progress.show(`${name}: ${what}`, done / jobs.length)
    else stderr.write(`${name} ${done}/${jobs.length}: ${what}, ${seconds.toFixed(1)} s\n`)
  }
  try {
    return await runJobs(jobs, { folder: data, jobsMax, signal, onDone })
  } finally {
    progress.clear()
  }
}

async function costsOf({ sets }: Plan, { clock, signal }: QualityIo) {
  const { bytesPerSequence } = describeModel(configOf(settingsOf('m4'), sets, 1))
  const [taxi] = openTask('taxi', undefined)
  if (taxi === undefined) return { bytesPerSequence }
  const config = configOf(taxi.settings, sets, 1)
  const cost = await measureCost(taxi.records, config, { rounds: costRounds, clock, signal })
  return { cost, bytesPerSequence }
}
