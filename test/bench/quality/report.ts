import type { Machine } from '../../../src/bench/machine.ts'
import { isContest, type TaskName, taskNames } from '../datasets.ts'
import type { Cost } from './cost.ts'
import { isTwin, type Outcome } from './run.ts'
import type { Coverage, FigureScores } from './tally.ts'

/** A score over the seeds. */
export interface Spread {
  readonly mean: number
  readonly min: number
  readonly max: number
  /** Seed by seed. */
  readonly values: readonly number[]
}

/** One number of a task over all seeds. */
export interface FigureReport {
  readonly task: TaskName
  readonly name: string
  readonly metric: string
  readonly rows: number
  readonly mixture: Spread
  /** Median over sequences, where there are many. */
  readonly median?: Spread
  readonly parts: readonly { readonly name: string; readonly mixture: Spread }[]
  /** The mixture of a pool without networks; absent where that was not run. */
  readonly lines?: Spread
  /** The mixture's mean over that without networks. */
  readonly networksAdd?: number
  /** Means over seeds; null where a member did not predict every row that counts. */
  readonly members: Readonly<Record<string, number | null>>
  /** The best single member in hindsight, where the mixture is to be better. */
  readonly best?: { readonly name: string; readonly score: number; readonly ratio: number }
  /** Means over seeds; of windows and slots the farthest of any seed. */
  readonly coverage: readonly Coverage[]
  readonly nll: number | null
  readonly crps: number | null
}

/** How long a run of a task took, mean over seeds. */
export interface TaskSeconds {
  readonly task: TaskName
  readonly records: number
  readonly seconds: number
}

/** The best of a grid of sizes and rates for a figure, with one seed. */
export interface GridReport {
  readonly task: TaskName
  readonly name: string
  readonly score: number
  readonly sets: readonly string[]
  /** The default's score with the same seed. */
  readonly standard: number
}

/** Everything that was found: what `--json` prints. */
export interface QualityReport {
  readonly version: string
  readonly date: string
  readonly machine: Machine
  readonly numericsVersion: number
  readonly seeds: number
  readonly sets: readonly string[]
  readonly figures: readonly FigureReport[]
  readonly tasks: readonly TaskSeconds[]
  readonly cost?: Cost
  /** Of a sequence, with the configuration of m4. */
  readonly bytesPerSequence?: number
  readonly grid?: readonly GridReport[]
  /** What was left out, and why. */
  readonly notes: readonly string[]
}

/** Figures over the seeds; outcomes of both variants in any order. */
export function figureReports(outcomes: readonly Outcome[]): FigureReport[] {
  return taskNames.flatMap((task) => {
    const own = outcomes.filter(({ job }) => job.task === task)
    const full = own.filter(({ job }) => job.variant === 'full')
    const lines = own.filter(({ job }) => job.variant === 'lines')
    const [first] = full
    return (first?.figures ?? []).map((_, f) => figureReport(task, f, full, lines))
  })
}

function figureReport(
  task: TaskName,
  f: number,
  full: readonly Outcome[],
  lines: readonly Outcome[],
): FigureReport {
  const figures = full.map(({ figures }) => figures[f] as FigureScores)
  const [first] = figures as [FigureScores]
  const mixture = spread(figures.map(({ scores }) => scores[0]))
  const alone = lines.map(({ figures }) => figures[f]?.scores[0])
  const members = membersOf(full[0]?.predictors ?? [], figures)
  const medians = figures.map(({ median }) => median)
  const best = isContest(task) ? bestOf(members, mixture.mean) : undefined
  return {
    task,
    name: first.name,
    metric: first.metric,
    rows: first.rows,
    mixture,
    ...(first.median === null ? {} : { median: spread(medians) }),
    parts: first.parts.map(({ name }, i) => ({
      name,
      mixture: spread(figures.map(({ parts }) => parts[i]?.scores[0])),
    })),
    ...(alone.length === 0 ? {} : linesOf(mixture, spread(alone))),
    members,
    ...(best === undefined ? {} : { best }),
    coverage: first.coverage.map((_, l) => coverageOf(figures.map((each) => each.coverage[l]))),
    nll: meanOrNull(figures.map(({ nll }) => nll)),
    crps: meanOrNull(figures.map(({ crps }) => crps)),
  }
}

function linesOf(mixture: Spread, lines: Spread) {
  return { lines, networksAdd: mixture.mean / lines.mean }
}

function membersOf(predictors: readonly string[], figures: readonly FigureScores[]) {
  const entries = predictors.map((name, p) => {
    return [name, meanOrNull(figures.map(({ scores }) => scores[p]))] as const
  })
  return Object.fromEntries(entries.slice(1))
}

function bestOf(members: Readonly<Record<string, number | null>>, mixture: number) {
  let best: { name: string; score: number; ratio: number } | undefined
  for (const [name, score] of Object.entries(members)) {
    if (score === null || isTwin(name) || (best !== undefined && score >= best.score)) continue
    best = { name, score, ratio: mixture / score }
  }
  return best
}

function coverageOf(coverages: readonly (Coverage | undefined)[]): Coverage {
  const found = coverages.filter((each) => each !== undefined)
  const { level } = found[0] as Coverage
  const farthest = (shares: readonly number[]) =>
    shares.toSorted((a, b) => Math.abs(b - level) - Math.abs(a - level))[0]
  const windows = found.map(({ worstWindow }) => worstWindow).filter((each) => each !== null)
  return {
    level,
    overall: mean(found.map(({ overall }) => overall)),
    farthest: farthest(found.map((each) => each.farthest)) ?? Number.NaN,
    worstWindow: farthest(windows) ?? null,
    width: mean(found.map(({ width }) => width)),
  }
}

/** Seconds and records of a task's runs with all networks. */
export function taskSeconds(outcomes: readonly Outcome[]): TaskSeconds[] {
  return taskNames.flatMap((task) => {
    const full = outcomes.filter(({ job }) => job.task === task && job.variant === 'full')
    const seconds = mean(full.map((each) => each.seconds))
    return full.slice(0, 1).map(({ records }) => ({ task, records, seconds }))
  })
}

/** The best of each figure over a grid; the first outcome of a task is the default. */
export function gridReports(outcomes: readonly Outcome[]): GridReport[] {
  return taskNames.flatMap((task) => {
    const own = outcomes.filter(({ job }) => job.task === task)
    return (own[0]?.figures ?? []).map(({ name, scores }, f) => {
      const scoreOf = (each: Outcome) => each.figures[f]?.scores[0] ?? Number.POSITIVE_INFINITY
      const [best] = own.toSorted((a, b) => scoreOf(a) - scoreOf(b)) as [Outcome]
      const standard = scores[0] ?? Number.NaN
      return { task, name, score: scoreOf(best), sets: best.job.sets, standard }
    })
  })
}

function spread(scores: readonly (number | null | undefined)[]): Spread {
  const found = scores.filter((score) => typeof score === 'number')
  return { mean: mean(found), min: Math.min(...found), max: Math.max(...found), values: found }
}

function meanOrNull(values: readonly (number | null | undefined)[]): number | null {
  const found = values.filter((value) => typeof value === 'number')
  return found.length === 0 || found.length < values.length ? null : mean(found)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
