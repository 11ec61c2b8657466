import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { LEARNT } from '../../src/model/density.ts'
import { Random } from '../../src/random.ts'
import { openTask, settingsOf } from './datasets.ts'
import { runQuality } from './quality/command.ts'
import { measureCost } from './quality/cost.ts'
import type { QualityData } from './quality/data.ts'
import { planOf } from './quality/options.ts'
import { figureReports, gridReports, type QualityReport } from './quality/report.ts'
import { configOf, type Outcome, runJob, withoutNetworks } from './quality/run.ts'
import { Tally } from './quality/tally.ts'
import { networksTarget, scoreTarget, verdict } from './quality/targets.ts'
import { writeSyntheticFiles } from './quality-files.ts'

const sets = ['model.hidden=4', 'model.learningRates=[1e-3]']
const files = writeSyntheticFiles()
const program = fileURLToPath(new URL('quality/main.ts', import.meta.url))

afterAll(() => rmSync(files.folder, { recursive: true }))

/** Runs the command; resolves with its code and what it wrote. */
async function run(args: readonly string[], signal = new AbortController().signal) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const io = { stdout, stderr, signal, clock: systemClock, node: 'v24.0.0' }
  const code = await runQuality(args, io)
  const text = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString() ?? ''
  return { code, out: text(stdout), err: text(stderr) }
}

const short = ['--data', files.folder, '--only', 'exchange', '--without', 'cost', '--set', sets[0]!]

describe('the command', () => {
  test('runs every seed, each as a run of its own, whatever the number of threads', async () => {
    const { code, out, err } = await run([...short, '--seeds', '3', '--jobs', '2', '--json'])
    expect(code).toBe(0)
    const report = JSON.parse(out) as QualityReport
    const scores = [1, 2, 3].map((seed) => {
      const job = { task: 'exchange', seed, variant: 'full', sets: [sets[0]!] } as const
      return runJob(job, openTask('exchange', files.folder), systemClock).figures[0]!.scores[0]
    })
    expect(report.figures.map(({ mixture }) => mixture.values)).toEqual([scores])
    expect(new Set(scores).size).toBe(3)
    expect(err).toContain('exchange, full, seed 3, ')
  })

  test('says what the networks add, or why it cannot', async () => {
    const { out } = await run([...short, '--seeds', '1', '--json'])
    const { figures, notes } = JSON.parse(out) as QualityReport
    const [figure] = figures
    const refused = withoutNetworks(settingsOf('exchange'), [], 1) === undefined
    expect(notes.some((note) => note.startsWith('What the networks add is left out'))).toBe(refused)
    expect(figure!.networksAdd).toBe(
      refused ? undefined : figure!.mixture.mean / figure!.lines!.mean,
    )
  })

  test('prints tables, and writes a page with what was tried', async () => {
    const page = join(files.folder, 'quality.md')
    const json = join(files.folder, 'report.json')
    const printed = await run([...short, '--seeds', '1', '--docs', '--out', page])
    expect(printed.out).toContain('exchange_rate, worst of 8 rates')
    expect(printed.out).toMatch(/^persistence +1\.0000$/m)
    const text = readFileSync(page, 'utf8')
    const tried = readFileSync(new URL('quality/tried.md', import.meta.url), 'utf8')
    expect(text).toContain(tried.trim())
    expect(text).toContain('npm run bench:quality -- --data FOLDER --only exchange --seeds 1')
    expect(text).not.toContain(files.folder)
    // The page of a report is the page of its JSON.
    const { out } = await run([...short, '--seeds', '1', '--json'])
    writeFileSync(json, out)
    expect((await run(['--from', json, '--docs', '--out', page])).code).toBe(0)
    const table = (whole: string) => /## Scores[\s\S]*?\n\n\|[\s\S]*?\n\n/.exec(whole)![0]
    expect(table(readFileSync(page, 'utf8'))).toBe(table(text))
  })

  test('an interrupt ends the threads, and the code says so', async () => {
    const interrupt = new AbortController()
    const ended = run(['--only', 'taxi', '--without', 'cost,lines'], interrupt.signal)
    interrupt.abort()
    expect(await ended).toMatchObject({ code: 130, out: '' })
  })

  test('a file that is not what it should be ends it with its reason', async () => {
    const path = join(files.folder, 'nyc_taxi.csv')
    const whole = readFileSync(path)
    writeFileSync(path, 'time,value\n')
    try {
      const args = ['--data', files.folder, '--only', 'taxi', '--without', 'cost']
      await expect(run(args)).rejects.toThrow("it has no column 'timestamp'")
    } finally {
      writeFileSync(path, whole)
    }
  })

  test.each([
    [['--only', 'foo'], '--only takes taxi, drift, ett, bikes, m4, exchange, not'],
    [['--only', 'bikes'], '--only bikes needs --data, the folder with bike_sharing_hour.csv.'],
    [['--seeds', '0'], '--seeds needs a whole number of at least 1'],
    [['--set', 'model.seed=7'], '--seeds N runs the seeds 1 to N'],
    [['--without', 'x'], "--without takes members, lines, cost, not 'x'."],
    [['--from', 'a.json', '--grid'], '--from runs nothing: there --grid has no effect.'],
    [['--from', 'no-such.json'], "--from: there is no 'no-such.json'."],
    [['--data', 'no-such-folder'], "there is no nyc_taxi.csv in the folder 'no-such-folder'"],
    [['--docs', '--out', 'no-such-folder/a.md'], "--out: there is no folder 'no-such-folder'."],
    [['--set', 'model.hiden=3'], 'hiden'],
  ])('refuses %j before any run', async (args, message) => {
    await expect(run(args)).rejects.toThrow(message)
  })

  test('without --data takes the tasks whose file is here', () => {
    const { tasks, leftOut } = planOf([])
    expect(tasks).toEqual(['taxi', 'drift'])
    expect(leftOut).toEqual(['ett', 'bikes', 'm4', 'exchange'])
    expect(planOf(['--data', 'x']).tasks).toHaveLength(6)
  })
})

describe('the program', () => {
  test('--help and a mistake need no data', () => {
    const asked = spawnSync(process.execPath, [program, '--help'])
    expect(asked.stdout.toString()).toContain('Usage: npm run bench:quality')
    const { status, stderr } = spawnSync(process.execPath, [program, '--nope'])
    const line = 'bench:quality: There is no option --nope.\n'
    expect([status, stderr.toString()]).toEqual([2, line])
  })

  test('an interrupt ends it with 130 and leaves nothing on stdout', async () => {
    const args = ['--only', 'taxi', '--seeds', '50', '--without', 'cost,lines']
    const child = spawn(process.execPath, [program, ...args])
    let out = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    await once(child.stderr, 'data')
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([130, null])
    expect(out).toBe('')
  })
})

test('coverage, its worst window of 1,000 and widths are those of a slow count', () => {
  const rows = 2_500
  const random = new Random(3)
  const settings = { targets: ['y'], horizons: [1], seasons: [], known: [] }
  const data: QualityData = {
    settings,
    records: {
      fields: { ...settings, inputs: [] },
      count: rows,
      names: [''],
      sequence: new Int32Array(rows),
      step: Int32Array.from({ length: rows }, (_, t) => t),
      timeMs: new Float64Array(rows),
      values: new Float64Array(rows),
      size: 1,
    },
    scoring: { fromRow: 10, untilRow: 2_400, fromStep: 0, power: 1 },
    figures: [{ name: 'f', metric: 'm', slots: [0], combine: 'mean', parts: false }],
    scales: Float64Array.of(4),
  }
  const tally = new Tally(data, [0.8], 1)
  const inside: number[] = []
  let absolute = 0
  for (let t = 0; t < rows; t++) {
    // Too wide at first, too narrow later on.
    const half = t < 1_200 ? 0.95 : 0.7
    const y = 2 * random.uniform() - 1
    if (t >= 10 && t < 2_400) {
      inside.push(Math.abs(y) <= half ? 1 : 0)
      absolute += Math.abs(y - 0.5)
    }
    tally.add(t, {
      step: t,
      present: Uint8Array.of(1),
      observed: Float64Array.of(y),
      mixture: Float64Array.of(0.5),
      // A member that misses one row has no score.
      members: Float64Array.of(t === 99 ? Number.NaN : 0),
      bounds: Float64Array.of(-half, half),
      scale: Float64Array.of(Number.NaN),
      density: new Float64Array(LEARNT),
      persistence: Float64Array.of(0),
      seasonal: Float64Array.of(0),
    })
  }
  const [figure] = tally.figures()
  const windows = inside
    .map((_, i) => inside.slice(i, i + 1_000))
    .filter(({ length }) => length === 1_000)
    .map((window) => window.reduce((sum, hit) => sum + hit, 0) / 1_000)
  const worst = windows.toSorted((a, b) => Math.abs(b - 0.8) - Math.abs(a - 0.8))[0]
  const widths = (1_190 * 2 * 0.95 + 1_200 * 2 * 0.7) / 2_390 / 4
  const overall = inside.reduce((sum, hit) => sum + hit, 0) / 2_390
  expect(figure).toMatchObject({ rows: 2_390, nll: null, crps: null, median: null })
  expect(figure!.scores).toEqual([expect.closeTo(absolute / 2_390 / 4, 12), null])
  expect(figure!.coverage).toEqual([
    {
      level: 0.8,
      overall,
      farthest: overall,
      worstWindow: worst,
      width: expect.closeTo(widths, 9),
    },
  ])
})

describe('the report', () => {
  const outcome = (
    seed: number,
    scores: (number | null)[],
    more: Partial<Outcome> = {},
  ): Outcome => ({
    job: { task: 'bikes', seed, variant: 'full', sets: [] },
    predictors: ['mixture', 'persistence', 'rls', 'net', 'network:no-carry'],
    figures: [
      {
        name: '1 ahead',
        metric: 'MAE',
        rows: 1,
        scores,
        median: null,
        parts: [],
        coverage: [
          {
            level: 0.8,
            overall: 0.7 + seed / 10,
            farthest: 0.7,
            worstWindow: 0.8 - seed / 10,
            width: 1,
          },
        ],
        nll: null,
        crps: 2,
      },
    ],
    records: 1,
    seconds: seed,
    ...more,
  })

  test('has means and ranges, the best member without the twin, and the ratio to lines', () => {
    const lines = { job: { task: 'bikes', seed: 1, variant: 'lines', sets: [] } } as const
    const [figure] = figureReports([
      outcome(1, [10, 40, 20, null, 1]),
      outcome(2, [14, 40, 24, 13, 1]),
      outcome(1, [16, 40], lines),
    ])
    expect(figure).toMatchObject({
      mixture: { mean: 12, min: 10, max: 14, values: [10, 14] },
      lines: { mean: 16 },
      networksAdd: 0.75,
      members: { persistence: 40, rls: 22, net: null },
      best: { name: 'rls', score: 22, ratio: 12 / 22 },
      crps: 2,
    })
    expect(figure!.coverage[0]!.overall).toBeCloseTo(0.85, 12)
    expect(figure!.coverage[0]!.worstWindow).toBeCloseTo(0.6, 12)
  })

  test('of a grid names the best beside the default', () => {
    const job = { task: 'bikes', seed: 1, variant: 'full', sets: ['model.hidden=64'] } as const
    const [grid] = gridReports([outcome(1, [10]), outcome(1, [9], { job })])
    expect(grid).toEqual({
      task: 'bikes',
      name: '1 ahead',
      score: 9,
      sets: ['model.hidden=64'],
      standard: 10,
    })
  })

  test('judges by the targets', () => {
    const taxi = scoreTarget('taxi', '1 ahead')!
    expect([0.031, 0.0328, 0.0329].map((value) => verdict(taxi, value))).toEqual([
      'beyond',
      'reached',
      'missed',
    ])
    // Better than persistence on a random walk is no merit.
    const exchange = scoreTarget('exchange', 'worst of 8 rates')!
    expect(verdict(exchange, 1.005, 0.995)).toBe('beyond')
    expect(verdict(exchange, 1.005, 0.98)).toBe('missed')
    expect(networksTarget('taxi', '1 ahead').reach.most).toBe(1.005)
    expect(networksTarget('taxi', '5 ahead').reach.most).toBe(0.99)
  })

  test('compares the cost of both portfolios in turn', async () => {
    const [data] = openTask('exchange', files.folder)
    const config = configOf(settingsOf('exchange'), sets, 1)
    // Each reading of the clock is a second later than the one before it.
    let seconds = 0
    const clock = { nowMs: () => 0, monotonicMs: () => 1000 * seconds++ }
    const { signal } = new AbortController()
    const cost = await measureCost(data!.records, config, { rounds: 2, clock, signal })
    expect(cost).toEqual({ full: 60, network: 60, times: 1, rounds: 2 })
    expect(seconds).toBe(2 * 2 * 3)
  })
})
