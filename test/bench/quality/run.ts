import type { Clock } from '../../../src/clock.ts'
import { forecastOf } from '../../../src/config/kinds.ts'
import { checkConfig, loadConfig } from '../../../src/config/load.ts'
import type { ForecastConfig } from '../../../src/config/schema.ts'
import { openKernel } from '../../../src/kernels/index.ts'
import { Model } from '../../../src/model/model.ts'
import type { Scored } from '../../../src/model/scored.ts'
import type { TaskName } from '../datasets.ts'
import { emptySample, fillSample, type QualityData, type Records, type Settings } from './data.ts'
import { type FigureScores, Tally } from './tally.ts'

/** Which portfolio runs: the one of the configuration, or its lines alone. */
export type Variant = 'full' | 'lines'

/** One run of one task. */
export interface Job {
  readonly task: TaskName
  readonly seed: number
  readonly variant: Variant
  /** The values of `--set`. */
  readonly sets: readonly string[]
}

/** What came of it. */
export interface Outcome {
  readonly job: Job
  /** `mixture`, then the members in the order of the model. */
  readonly predictors: readonly string[]
  readonly figures: readonly FigureScores[]
  readonly records: number
  readonly seconds: number
}

/**
 * The configuration of a task: what its settings say, `sets`, all else by default.
 * @throws HeadraceError HEADRACE_CONFIG_INVALID
 */
export function configOf(
  settings: Settings,
  sets: readonly string[],
  seed: number,
): ForecastConfig {
  return forecastOf(loadConfig(optionsOf(settings, sets, seed)).config, 'this benchmark')
}

/** The same with no networks at all; undefined where the configuration refuses that. */
export function withoutNetworks(
  settings: Settings,
  sets: readonly string[],
  seed: number,
): ForecastConfig | undefined {
  const options = optionsOf(settings, sets, seed)
  const none = { path: ['model', 'learningRates'], value: [], option: 'without networks' }
  const checked = checkConfig({ ...options, overrides: [...options.overrides, none] })
  return 'loaded' in checked ? forecastOf(checked.loaded.config, 'this benchmark') : undefined
}

function optionsOf(settings: Settings, sets: readonly string[], seed: number) {
  const override = { path: ['model', 'seed'], value: seed, option: `seed ${seed}` }
  return { text: JSON.stringify({ task: settings }), sets, env: {}, overrides: [override] }
}

/** Steps the model through all records as a task does with a backlog. */
export function runRecords(
  model: Model,
  records: Records,
  visit: (row: number, scored: Scored) => void,
): void {
  const { rowsMax } = model
  const samples = Array.from({ length: rowsMax }, () => emptySample(records))
  for (let start = 0; start < records.count; start += rowsMax) {
    const size = Math.min(rowsMax, records.count - start)
    for (let i = 0; i < size; i++) fillSample(records, start + i, samples[i]!)
    model.expect(samples, size)
    for (let i = 0; i < size; ) {
      const end = i + model.beginSteps(samples, i, size)
      for (; i < end; i++) {
        model.absorbSample(samples[i]!)
        model.finishStep()
        visit(start + i, model.scored)
      }
    }
  }
}

/**
 * Runs one job over the data of its task.
 * @throws HeadraceError HEADRACE_CONFIG_INVALID; Error where predictions that count are missing
 */
export function runJob(job: Job, data: readonly QualityData[], clock: Clock): Outcome {
  const startMs = clock.monotonicMs()
  const runs = data.map((each) => scoresOf(job, each))
  const [first] = runs
  if (first === undefined) throw new Error(`${job.task} has no data.`)
  const [, base] = runs
  return {
    job,
    predictors: first.predictors,
    figures: base === undefined ? first.figures : first.figures.map(ratiosTo(base.figures)),
    records: data.reduce((sum, { records }) => sum + records.count, 0),
    seconds: (clock.monotonicMs() - startMs) / 1000,
  }
}

function scoresOf({ task, variant, sets, seed }: Job, data: QualityData) {
  const make = variant === 'full' ? configOf : withoutNetworks
  const config = make(data.settings, sets, seed)
  if (config === undefined) throw new Error('a configuration without networks is refused.')
  const model = new Model(config, openKernel(config.model.kernel))
  const { memberNames } = model
  const tally = new Tally(data, config.task.intervals, memberNames.length)
  runRecords(model, data.records, (row, scored) => tally.add(row, scored))
  if (tally.missed > 0) {
    throw new Error(`${task}: ${tally.missed} values that count had not been predicted.`)
  }
  const figures = tally.figures()
  for (const { name, scores, rows } of figures) {
    if (rows > 0 && scores[0] !== null) continue
    throw new Error(`${task}, ${name}: no predictions that count; is the file whole?`)
  }
  return { predictors: ['mixture', ...memberNames], figures }
}

/** Divides the scores of a figure by those of the same figure of other data. */
function ratiosTo(bases: readonly FigureScores[]) {
  return (figure: FigureScores, i: number): FigureScores => {
    const base = bases[i]
    const ratios = figure.scores.map((score, p) => {
      const below = base?.scores[p] ?? null
      return score === null || below === null ? null : score / below
    })
    const parts = [
      { name: 'disturbed', scores: figure.scores },
      { name: 'undisturbed', scores: base?.scores ?? [] },
    ]
    return { ...figure, scores: ratios, parts }
  }
}

/** A member that is scored for comparison and takes no part in the mixture. */
export function isTwin(predictor: string): boolean {
  return predictor.endsWith(':no-carry')
}
