import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openFileSource } from '../../src/cli/file-source.ts'
import { runReplay } from '../../src/cli/replay-run.ts'
import { systemClock } from '../../src/clock.ts'
import { openKernel } from '../../src/kernels/index.ts'
import { Model } from '../../src/model/model.ts'
import { Processor } from '../../src/task/processor.ts'
import { openTask, settingsOf, type TaskName } from './datasets.ts'
import { recordsOf } from './quality/data.ts'
import { configOf, type Outcome, runJob, runRecords } from './quality/run.ts'
import { writeSyntheticFiles } from './quality-files.ts'

// Small networks: what is looked at is how predictions are scored, not how good they are.
const sets = ['model.hidden=4', 'model.learningRates=[1e-3]']
const files = writeSyntheticFiles()
const outcomes = new Map<TaskName, Outcome>()

afterAll(() => rmSync(files.folder, { recursive: true }))

/** Each task is run once, whichever test comes first. */
function outcomeOf(task: TaskName): Outcome {
  const found = outcomes.get(task)
  if (found !== undefined) return found
  const job = { task, seed: 1, variant: 'full', sets } as const
  const outcome = runJob(job, openTask(task, files.folder), systemClock)
  outcomes.set(task, outcome)
  return outcome
}

function scoresOf(task: TaskName, predictor: string): (number | null | undefined)[] {
  const { predictors, figures } = outcomeOf(task)
  return figures.map(({ scores }) => scores[predictors.indexOf(predictor)])
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Mean of |y(t) − y(t − lag)| for t ≥ from. */
function meanMove(series: readonly number[], lag: number, from: number): number {
  return mean(series.slice(from).map((y, i) => Math.abs(y - series[from + i - lag]!)))
}

/** `replay` over the file of a task, with the task's configuration. */
async function replayed(task: TaskName, scoreFrom: number) {
  const config = configOf(settingsOf(task), sets, 1)
  const path = join(files.folder, task === 'taxi' ? 'nyc_taxi.csv' : 'bike_sharing_hour.csv')
  const source = await openFileSource({ input: { path }, fields: { ...config.task, inputs: [] } })
  const { report } = await runReplay({
    config,
    batches: source,
    processor: new Processor(config, source.decoder),
    clock: systemClock,
    signal: new AbortController().signal,
    scoreFrom,
  })
  return report.scores!
}

describe('persistence has the score of its closed form, so nothing of the future is seen', () => {
  test('nyc_taxi: Σ|y(t) − y(t − k)| / Σ|y(t)| from row 5,904 on', () => {
    const below = mean(files.taxi.slice(5_904))
    const wanted = [1, 5].map((k) => meanMove(files.taxi, k, 5_904) / below)
    expect(scoresOf('taxi', 'persistence')).toEqual(wanted.map((w) => expect.closeTo(w, 10)))
    const rows = files.taxi.length - 5_904
    expect(outcomeOf('taxi').figures.map((figure) => figure.rows)).toEqual([rows, rows])
  })

  test('the disturbed series: over rows 7,336 to 7,671, each against its own values', () => {
    const factorAt = (t: number) => {
      const time = new Date(Date.parse('2014-07-01T00:00:00Z') + t * 1_800_000)
      const isWorkday = time.getUTCDay() >= 1 && time.getUTCDay() <= 5
      const hour = time.getUTCHours()
      if (t < 7_000 || !isWorkday) return 1
      return [7, 8, 9, 10].includes(hour) ? 0.8 : hour >= 21 ? 1.2 : 1
    }
    const other = files.taxi.map((value, t) => value * factorAt(t)).slice(0, 7_672)
    // Two weeks have ten working days, each with 14 half hours that change.
    expect(other.filter((value, t) => value !== files.taxi[t])).toHaveLength(140)
    const wmape = (series: readonly number[], k: number) =>
      meanMove(series.slice(0, 7_672), k, 7_336) / mean(series.slice(7_336, 7_672))
    const wanted = [1, 5].map((k) => wmape(other, k) / wmape(files.taxi, k))
    expect(scoresOf('drift', 'persistence')).toEqual(wanted.map((w) => expect.closeTo(w, 10)))
    expect(outcomeOf('drift').figures.map((figure) => figure.rows)).toEqual([336, 336])
  })

  test('ETTh1: squared errors over the variance of the rows before, mean over channels', () => {
    const scores = Array.from({ length: 7 }, (_, d) => {
      const channel = files.ett.map((row) => row[d]!)
      const before = channel.slice(0, 2_880)
      const variance = mean(before.map((y) => (y - mean(before)) ** 2))
      const squares = channel.slice(2_880).map((y, i) => (y - channel[2_879 + i]!) ** 2)
      return mean(squares) / variance
    })
    expect(scoresOf('ett', 'persistence')).toEqual([expect.closeTo(mean(scores), 10)])
    const { predictors, figures } = outcomeOf('ett')
    const at = predictors.indexOf('persistence')
    const parts = figures[0]!.parts.map((part) => part.scores[at])
    expect(parts).toEqual(scores.map((score) => expect.closeTo(score, 10)))
    expect(figures[0]!.rows).toBe(7 * 40)
  })

  test('bikes: the mean absolute error from row 4,000 on', () => {
    const wanted = meanMove(files.bikes, 1, 4_000)
    expect(scoresOf('bikes', 'persistence')).toEqual([expect.closeTo(wanted, 10)])
    expect(outcomeOf('bikes').figures[0]!.rows).toBe(40)
  })

  test('m4: the day’s naive forecast is 1, a constant series does not count', () => {
    const ratios = files.m4.slice(0, 2).map((s) => meanMove(s, 1, 336) / meanMove(s, 24, 336))
    expect(scoresOf('m4', 'seasonal:24')).toEqual([expect.closeTo(1, 10)])
    expect(scoresOf('m4', 'persistence')).toEqual([expect.closeTo(mean(ratios), 10)])
    expect(outcomeOf('m4').figures[0]!.rows).toBe(360 - 336 + 345 - 336)
  })

  test('exchange: every rate is 1, and the worst is what counts', () => {
    expect(scoresOf('exchange', 'persistence')).toEqual([expect.closeTo(1, 10)])
    const [figure] = outcomeOf('exchange').figures
    const worst = Math.max(...figure!.parts.map(({ scores }) => scores[0]!))
    expect(figure!.scores[0]).toBe(worst)
    expect(figure!.parts).toHaveLength(8)
    expect(figure!.rows).toBe(8 * 59)
  })
})

describe('the mixture', () => {
  test('has the score that replay of the same file finds', async () => {
    const scores = await replayed('taxi', 5_904)
    expect(scoresOf('taxi', 'mixture')).toEqual(scores.map(({ wmape }) => wmape!))
  })

  test('has it where known fields are filled from the following rows', async () => {
    const [score] = await replayed('bikes', 4_000)
    expect(scoresOf('bikes', 'mixture')).toEqual([score!.mae!])
    expect(scoresOf('bikes', 'rls:linear')).toEqual([score!.members['rls:linear']!.mae!])
  })

  test('has the MASE that comes of interleaved JSON records by hand', () => {
    const config = configOf(settingsOf('m4'), sets, 1)
    const processor = new Processor({ ...config, input: { ...config.input, key: 'series' } })
    const errors: number[][] = files.m4.map(() => [])
    for (let t = 0; t < 360; t++) {
      files.m4.forEach((values, s) => {
        const value = values[t]
        if (value === undefined) return
        const text = JSON.stringify({ series: `H${s + 1}`, value })
        const { failure, scored } = processor.process(null, Buffer.from(text), null)
        expect(failure).toBeNull()
        if (t >= 336) errors[s]!.push(Math.abs(value - scored.mixture[0]!))
      })
    }
    const ratios = [0, 1].map((s) => mean(errors[s]!) / meanMove(files.m4[s]!, 24, 336))
    expect(scoresOf('m4', 'mixture')).toEqual([expect.closeTo(mean(ratios), 12)])
    // The median of two is their mean.
    expect(outcomeOf('m4').figures[0]!.median).toBeCloseTo(mean(ratios), 12)
  })
})

describe('records', () => {
  test('know ahead what stands in later rows of their own sequence, and nothing more', () => {
    const settings = { targets: ['y'], known: ['a', 'b'], horizons: [1, 2], seasons: [] }
    const row = (sequence: string, ...values: number[]) => ({ sequence, timeMs: 0, values })
    const { values, size, step, names } = recordsOf(settings, [
      row('p', 1, 10, 100),
      row('q', 7, 70, 700),
      row('p', 2, 20, 200),
      row('p', 3, 30, 300),
    ])
    const of = (i: number) => Array.from(values.subarray(i * size, (i + 1) * size))
    expect(names).toEqual(['p', 'q'])
    expect(Array.from(step)).toEqual([0, 0, 1, 2])
    expect(of(0)).toEqual([1, 10, 100, 20, 200, 30, 300])
    expect(of(1)).toEqual([7, 70, 700, NaN, NaN, NaN, NaN])
    expect(of(2)).toEqual([2, 20, 200, 30, 300, NaN, NaN])
  })

  test('of m4 come a row of every series in turn, and shorter series end earlier', () => {
    const [data] = openTask('m4', files.folder)
    const { sequence, step, count } = data!.records
    expect(count).toBe(360 + 345 + 350)
    expect(Array.from(sequence.subarray(0, 6))).toEqual([0, 1, 2, 0, 1, 2])
    expect(Array.from(sequence.subarray(-10))).toEqual(new Array(10).fill(0))
    expect(step.at(-1)).toBe(359)
  })

  test('of ETTh1 are cut at row 14,400, and times are UTC', () => {
    const [data] = openTask('ett', files.folder)
    expect(data!.scoring.untilRow).toBe(14_400)
    expect(data!.records.timeMs[1]).toBe(Date.parse('2014-07-01T01:00:00Z'))
  })

  test('go through the model with the same bits side by side as one by one', () => {
    const [data] = openTask('m4', files.folder)
    const config = configOf(settingsOf('m4'), sets, 1)
    const [many, single] = [0, 1].map(() => new Model(config, openKernel('wasm')))
    runRecords(many!, data!.records, () => {})
    const { names, sequence, values, count } = data!.records
    for (let row = 0; row < count; row++) {
      const sample = {
        sequence: names[sequence[row]!]!,
        timeMs: null,
        values: values.subarray(row, row + 1),
      }
      single!.absorbSample(sample)
      single!.step(sample)
    }
    expect(many!.stateHash()).toBe(single!.stateHash())
  })

  test.each([
    ['exchange_rate.csv', 'exchange', '1,2\n3,x\n', /line 2 has '' where a number belongs/],
    ['exchange_rate.csv', 'exchange', '1,2,3,4,5,6,7,x\n', /line 2 has 'x'/],
    ['nyc_taxi.csv', 'taxi', 'time,value\n2014-07-01,1\n', /has no column 'timestamp'/],
  ] as const)('of another file than %s are refused: %s', (file, task, text, message) => {
    const path = join(files.folder, file)
    const whole = readFileSync(path)
    try {
      writeFileSync(path, text)
      expect(() => openTask(task, files.folder)).toThrow(message)
    } finally {
      writeFileSync(path, whole)
    }
  })

  test('that cannot be scored as they should are an error, not a score', () => {
    const [data] = openTask('exchange', files.folder)
    const from = (fromRow: number) => ({ ...data!, scoring: { ...data!.scoring, fromRow } })
    const job = { task: 'exchange', seed: 1, variant: 'full', sets } as const
    expect(() => runJob(job, [from(60)], systemClock)).toThrow('no predictions that count')
    // Nobody has predicted the first row.
    expect(() => runJob(job, [from(0)], systemClock)).toThrow('8 values that count had not been')
  })
})
