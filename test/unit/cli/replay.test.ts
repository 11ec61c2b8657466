import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from '../../../src/cli/replay.ts'
import type { ReplayReport } from '../../../src/cli/replay-report.ts'
import { testIo, waveCsv } from './replay-support.ts'

const small = ['--set', 'model.hidden=4', '--set', 'model.learningRates=[0.001]']
let folder = ''
let file = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headrace-test-'))
  file = join(folder, 'load.csv')
  writeFileSync(file, waveCsv(400))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function json(...args: string[]): Promise<ReplayReport> {
  const io = testIo({})
  expect(await command.run([file, '--target', 'load', ...small, '--json', ...args], io)).toBe(0)
  return JSON.parse(io.stdout.text) as ReplayReport
}

/** The names in an object, with its numbers and texts reduced to their types. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shape(item)]))
}

/** Two runs of the same thing differ in their times alone. */
function withoutTimes(report: ReplayReport): Partial<ReplayReport> {
  return { ...report, seconds: 0, recordsPerSecond: 0 }
}

describe('replay --json', () => {
  test('has the shape that docs/replay.md shows', async () => {
    const page = readFileSync(new URL('../../../docs/replay.md', import.meta.url), 'utf8')
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '') as ReplayReport
    const report = await json('--seasons', '24,48', '--score-from', '100')
    const real = shape(report) as ReplayReport
    const shown = shape(example) as ReplayReport
    const { members, ...score } = real.scores![0]!
    const { members: shownMembers, ...shownScore } = shown.scores![0]!
    expect({ ...real, scores: [] }).toEqual({ ...shown, scores: [] })
    expect(score).toEqual(shownScore)
    const member = shownMembers.persistence
    for (const name of Object.keys(members)) {
      // A line of one sequence's own says nothing where there is but one.
      const expected = name === 'rls:own' ? { count: 'number' } : member
      expect(members[name]).toEqual(expected)
    }
    expect(Object.keys(members)).toEqual(
      expect.arrayContaining([
        'persistence',
        'seasonal:24',
        'usual:48',
        'rls:linear',
        'rls:gated:24',
      ]),
    )
    expect(Object.keys(members)).toContain('network:no-carry')
  })

  test('with --seasons auto tells what was found, else nothing', async () => {
    const io = testIo({})
    const args = [file, '--target', 'load', ...small, '--json', '--seasons', 'auto']
    expect(await command.run(args, io)).toBe(0)
    const report = JSON.parse(io.stdout.text) as ReplayReport
    expect(report.seasons).toEqual([24])
    expect(io.stderr.text).toContain('seasons of 24 steps found')
    expect(await json('--seasons', '24')).not.toHaveProperty('seasons')
  })

  test('learns a wave: better than persistence, intervals near their levels', async () => {
    const report = await json('--seasons', '24', '--horizons', '3,1', '--score-from', '100')
    expect(report).toMatchObject({ records: 400, deadLetters: 0, sequences: 1, scoredFrom: 100 })
    expect(report.scores!.map(({ horizon, count }) => [horizon, count])).toEqual([
      [1, 300],
      [3, 300],
    ])
    for (const score of report.scores!) {
      expect(score.mase.persistence).toBeLessThan(0.5)
      expect(score.coverage['0.8']).toBeGreaterThan(0.65)
      expect(score.coverage['0.95']).toBeGreaterThan(score.coverage['0.8']!)
      expect(score.rmse! ** 2).toBeCloseTo(score.mse!, 6)
    }
    // Persistence scored as a member and as the denominator is the same number.
    const { mae, mase, members } = report.scores![0]!
    expect(mase.persistence).toBeCloseTo(mae! / members.persistence!.mae!, 10)
  })

  test('the same records give the same scores and the same state hash', async () => {
    expect(withoutTimes(await json())).toEqual(withoutTimes(await json()))
    expect((await json()).stateHash).not.toBe((await json('--limit', '399')).stateHash)
  })

  test('what cannot be computed is absent', async () => {
    const report = await json('--score-from', '400')
    expect(report.scores![0]).toMatchObject({ count: 0, mase: {}, coverage: {}, width: {} })
    for (const name of ['mae', 'wmape', 'mse', 'rmse', 'nll', 'crps']) {
      expect(report.scores![0]).not.toHaveProperty(name)
    }
    expect(report.scoredFrom).toBe(400)
    expect(report).not.toHaveProperty('scoredFromStep')
    expect((await json()).scores![0]?.mase).not.toHaveProperty('seasonal')
  })

  test('--limit, --score-from-step and keys', async () => {
    const keyed = join(folder, 'keyed.csv')
    const [, ...rows] = waveCsv(100).trim().split('\n')
    const lines = rows.flatMap((row) => [`${row},a`, `${row},b`])
    writeFileSync(keyed, `timestamp,load,place\n${lines.join('\n')}`)
    const io = testIo({})
    const args = ['--target', 'load', '--key', 'place', '--json', ...small]
    await command.run([keyed, ...args, '--limit', '150', '--score-from-step', '50'], io)
    const report = JSON.parse(io.stdout.text) as ReplayReport
    expect(report).toMatchObject({ records: 150, sequences: 2, scoredFrom: 0, scoredFromStep: 50 })
    expect(report.scores![0]?.count).toBe(50)
  })

  test('a row that cannot be used is a dead letter, is counted, and is reported', async () => {
    const broken = join(folder, 'broken.csv')
    const lines = waveCsv(60).split('\n')
    lines.splice(31, 0, '2024-01-02T00:00:00Z,n/a?')
    writeFileSync(broken, lines.join('\r\n'))
    const io = testIo({})
    await command.run([broken, '--target', 'load', '--json', ...small], io)
    expect(JSON.parse(io.stdout.text)).toMatchObject({ records: 61, deadLetters: 1 })
    expect(io.stderr.text).toContain('1 of 61 records cannot be used; the first is row 30:')
    expect(io.stderr.text).toContain('HEADRACE_RECORD_WRONG_TYPE')
  })

  test('several configurations make an array, also from the standard input', async () => {
    const paths = [4, 6].map((hidden) => {
      const path = join(folder, `hidden-${hidden}.yaml`)
      writeFileSync(path, `task:\n  targets: [load]\nmodel: {hidden: ${hidden}}\n`)
      return path
    })
    const configs = paths.flatMap((path) => ['--config', path])
    const io = testIo({ stdin: waveCsv(120) })
    expect(await command.run(['-', ...configs, '--json'], io)).toBe(0)
    const reports = JSON.parse(io.stdout.text) as ReplayReport[]
    expect(reports.map(({ records }) => records)).toEqual([120, 120])
    expect(reports[0]?.stateHash).not.toBe(reports[1]?.stateHash)
    const table = testIo({ stdin: waveCsv(120) })
    await command.run(['-', ...configs], table)
    expect(table.stdout.text).toContain('load, 1 ahead: wMAPE')
    for (const path of paths) expect(table.stdout.text).toContain(path)
  })

  test("the configuration's format is the input's, but its default is not", async () => {
    const path = join(folder, 'task-only.yaml')
    writeFileSync(path, 'task: {targets: [load]}\nmodel: {hidden: 4}\n')
    const csv = testIo({})
    expect(await command.run([file, '-c', path, '--json'], csv)).toBe(0)
    const lines = testIo({ stdin: '{"load": 1}\n{"load": 2}\n' })
    await command.run(['-', '-c', path, '--set', 'input.format=json', '--json'], lines)
    expect(JSON.parse(lines.stdout.text)).toMatchObject({ records: 2, deadLetters: 0 })
    const wrong = testIo({})
    await command.run([file, '-c', path, '--set', 'input.format=json', '--json'], wrong)
    expect(JSON.parse(wrong.stdout.text)).toMatchObject({ records: 401, deadLetters: 401 })
    expect(wrong.stderr.text).toContain('is the format right?')
  })
})

describe('replay --predictions', () => {
  test('writes one record of the documented form for each usable row', async () => {
    const path = join(folder, 'out.jsonl')
    const report = await json('--predictions', path, '--limit', '50', '--horizons', '1,2')
    const records = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(records).toHaveLength(50)
    expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(records[49]).toMatchObject({
      sequence: '',
      time: '2024-01-03T01:00:00.000Z',
      predictions: [
        { target: 'load', horizon: 1, for: '2024-01-03T02:00:00.000Z' },
        { target: 'load', horizon: 2, for: '2024-01-03T03:00:00.000Z' },
      ],
      model: { records: 50, application: 'headrace' },
    })
    // The scores are those of the published numbers.
    const errors = records
      .slice(0, -1)
      .map(({ predictions }, i) => [predictions[0].mean, records[i + 1].observed.load.value])
      .map(([mean, value]) => (mean === null ? null : Math.abs(value - mean)))
      .filter((error) => error !== null)
    expect(errors).toHaveLength(report.scores![0]!.count)
    const mae = errors.reduce((sum, error) => sum + error, 0) / errors.length
    // Nine digits are written: none of the means is off by more than half a unit of the ninth.
    const largest = Math.max(...records.map(({ predictions }) => Math.abs(predictions[0].mean)))
    expect(Math.abs((report.scores![0]?.mae ?? Number.NaN) - mae)).toBeLessThan(5e-9 * largest)
  })

  test('says so where the file cannot be written', async () => {
    const path = join(folder, 'missing', 'out.jsonl')
    await expect(json('--predictions', path)).rejects.toMatchObject({
      code: 'HEADRACE_OUTPUT_UNWRITABLE',
      message: expect.stringContaining(path),
    })
  })
})

describe('replay for people', () => {
  test('prints the members by wMAPE, the mixture first, and no control characters', async () => {
    const io = testIo({})
    await command.run([file, '--target', 'load', '--seasons', '24', ...small], io)
    const text = io.stdout.text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
    expect(text + io.stderr.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2801-\u28ff]/)
    expect(text).toContain('400 records, 0 dead letters, 1 sequence')
    const start = text.split('\n').findIndex((line) => line.startsWith('mixture'))
    const errors = text
      .split('\n')
      .slice(start + 1)
      .filter((line) => line.startsWith('  '))
      .map((line) => Number(line.trim().split(/\s+/)[1]))
    expect(errors.length).toBeGreaterThan(5)
    expect(errors).toEqual(errors.toSorted((a, b) => a - b))
    expect(text).toMatch(/intervals 80 %: \d/)
    expect(io.stderr.text).toBe('')
  })

  test('a terminal sees a progress bar, which goes away, and a plot', async () => {
    const io = testIo({ terminal: true })
    await command.run([file, '--target', 'load', ...small], io)
    expect(io.stderr.text).toContain('records/s')
    expect(io.stderr.text.endsWith('\r\u001b[K')).toBe(true)
    expect(io.stdout.text).toMatch(/[\u2801-\u28ff]{3}/)
    expect(io.stdout.text).toContain('predicted')
    for (const line of stripVTControlCharacters(io.stdout.text).split('\n')) {
      expect(line.length).toBeLessThan(100)
    }
    const plain = testIo({ terminal: true, env: { NO_COLOR: '1' } })
    await command.run([file, '--target', 'load', ...small], plain)
    expect(plain.stdout.text).not.toContain('\u001b')
  })

  test('an interrupted replay prints what it has and ends well', async () => {
    const controller = new AbortController()
    const io = testIo({ signal: controller.signal })
    const run = command.run([file, '--target', 'load', '--json', ...small], io)
    controller.abort()
    expect(await run).toBe(0)
    const report = JSON.parse(io.stdout.text) as ReplayReport
    expect(report.records).toBeLessThan(400)
    expect(report.scores!).toHaveLength(1)
    expect(io.stderr.text).toContain('interrupted')
  })
})

describe('a wrong command line', () => {
  test.each([
    [[], /FILE, - for the standard input, or --config FILE for the topic/],
    [['x.csv', '--target', 'a', '--partition', '0'], /--partition chooses from a topic/],
    [['x.csv', '--target', 'a', '--until', '9'], /--until chooses from a topic/],
    [['x.csv'], /--target NAME/],
    [['x.csv', '--taget', 'a'], /Did you mean --target\?/],
    [['x.csv', '--target', 'a', '--horizons', '0'], /--horizons/],
    [['x.csv', '--target', 'a', '--limit', 'many'], /--limit/],
    [['x.csv', '--target', 'a', '--format', 'xml'], /csv, jsonl or bytes/],
    [['x.csv', 'y.csv', '--target', 'a'], /one argument too many/],
  ])('%j', async (args, message) => {
    const failed = command.run(args, testIo({}))
    await expect(failed).rejects.toMatchObject({ code: 'HEADRACE_USAGE' })
    await expect(failed).rejects.toThrow(message)
  })

  test('--predictions onto a file that is read, by whatever name', async () => {
    const before = readFileSync(file, 'utf8')
    const link = join(folder, 'link.jsonl')
    symlinkSync(file, link)
    for (const path of [file, link, '-']) {
      await expect(
        command.run([file, '--target', 'load', '--predictions', path], testIo({})),
      ).rejects.toMatchObject({
        code: 'HEADRACE_USAGE',
      })
    }
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  test('--predictions with several configurations', async () => {
    const path = join(folder, 'task-only.yaml')
    writeFileSync(path, 'task: {targets: [load]}\n')
    const args = [file, '-c', path, '-c', path, '--predictions', join(folder, 'p')]
    await expect(command.run(args, testIo({}))).rejects.toThrow('--predictions takes one --config')
  })

  test('a missing file, a missing configuration and a missing column are told apart', async () => {
    const code = async (...args: string[]) =>
      command.run(args, testIo({})).then(
        () => null,
        (error: { code: string }) => error.code,
      )
    const absent = join(folder, 'absent')
    expect(await code(absent, '--target', 'load')).toBe('HEADRACE_INPUT_UNREADABLE')
    expect(await code(file, '-c', absent)).toBe('HEADRACE_CONFIG_UNREADABLE')
    expect(await code(file, '--target', 'lode')).toBe('HEADRACE_INPUT_COLUMNS')
  })
})
