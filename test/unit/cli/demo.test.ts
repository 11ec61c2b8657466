import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openBoard } from '../../../src/cli/board.ts'
import { command } from '../../../src/cli/demo.ts'
import { demoFile, readDemoRecords } from '../../../src/cli/demo-data.ts'
import { feed } from '../../../src/cli/demo-feeder.ts'
import { openMemoryLog } from '../../../src/cli/demo-log.ts'
import { runDemo } from '../../../src/cli/demo-run.ts'
import { Screen } from '../../../src/cli/demo-screen.ts'
import { DemoTalk } from '../../../src/cli/demo-talk.ts'
import { plainLine, screenLines } from '../../../src/cli/demo-view.ts'
import { demos } from '../../../src/cli/demos.ts'
import { Rows } from '../../../src/cli/replay-run.ts'
import type { Clock } from '../../../src/clock.ts'
import { systemClock } from '../../../src/clock.ts'
import { loadServiceConfig } from '../../../src/config/load.ts'
import { openProcessor } from '../../../src/task/open-processor.ts'
import { Processor } from '../../../src/task/processor.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Sink, testIo } from './replay-support.ts'

const taxi = fileURLToPath(demoFile('taxi.yaml'))
const small = ['model.hidden=4', 'model.learningRates=[0.001]', 'http.port=0']

function config() {
  return loadServiceConfig({ file: taxi, env: {}, sets: small }).config
}

describe('what is shipped', () => {
  test.each(demos)('the records of $name fit its configuration and are scored', (demo) => {
    const file = fileURLToPath(demo.config)
    const { config } = loadServiceConfig({ file, env: {}, sets: ['model.hidden=4'] })
    expect(config.input.topic).toBe(`${config.name}.${demo.topic}`)
    const processor = openProcessor(config)
    const rows = new Rows(openBoard(config, processor.model.memberNames, {}))
    for (const { key, value } of demo.records(120)) rows.add(processor.process(key, value, 0))
    expect([rows.records, rows.deadLetters]).toEqual([120, 0])
    const { scores, symbols, labels } = rows.board.report()
    expect(scores?.[0]?.count ?? symbols?.count ?? labels?.count).toBeGreaterThan(40)
    expect(plainLine({ rows, total: 120, seconds: 1 })).toMatch(/wMAPE|bits per symbol|MAE/)
  })

  test('the series is whole, in order, in UTC', () => {
    const records = readDemoRecords()
    expect(records).toHaveLength(10_320)
    expect(records[0]?.key.toString()).toBe('nyc')
    expect(records[0]?.value.toString()).toBe(
      '{"timestamp":"2014-07-01T00:00:00Z","passengers":10844}',
    )
    const rows = records.map(({ value }) => JSON.parse(value.toString()))
    const times = rows.map(({ timestamp }) => Date.parse(timestamp))
    expect(times.every((time, i) => i === 0 || time === times[i - 1]! + 1_800_000)).toBe(true)
    expect(rows.every(({ passengers }) => Number.isInteger(passengers))).toBe(true)
    expect(readDemoRecords(7)).toHaveLength(7)
  })

  test('the configuration is the one of the documentation', () => {
    const { name, input, task } = config()
    expect([name, input.topic, input.time]).toEqual(['taxi', 'taxi.rides', 'timestamp'])
    expect(task).toMatchObject({
      targets: ['passengers'],
      horizons: [1, 5],
      seasons: [48, 336],
    })
  })

  test('every example configuration is valid', () => {
    const folder = fileURLToPath(new URL('../../../deploy/examples/', import.meta.url))
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
    expect(files.length).toBeGreaterThanOrEqual(3)
    const token = 'a-token-of-24-characters'
    const env = { KAFKA_USERNAME: 'u', KAFKA_PASSWORD: 'p', HEADRACE_HTTP_TOKEN: token }
    for (const name of files) {
      // One of them is for files, where no topic is named.
      const sets =
        name === 'one-series.yaml'
          ? ['input.topic=t', 'input.columns=[timestamp,load,temperature,holiday]']
          : []
      const { warnings } = loadServiceConfig({ file: `${folder}${name}`, env, sets })
      expect(warnings).toEqual([])
    }
  })
})

describe('feed', () => {
  /** Each look at the clock takes a millisecond. */
  function tickingClock(): Clock & { ms: number } {
    const clock = { ms: 0, nowMs: () => clock.ms, monotonicMs: () => clock.ms++ }
    return clock
  }

  test('sends all records in their order, never ahead of the speed', async () => {
    const clock = tickingClock()
    const records = readDemoRecords(2500)
    const sent: string[] = []
    let ahead = 0
    const count = await feed({
      records,
      speed: 100_000,
      clock,
      signal: new AbortController().signal,
      send: async (batch) => {
        sent.push(...batch.map(({ value }) => value.toString()))
        ahead = Math.max(ahead, sent.length - clock.ms * 100)
      },
    })
    expect(count).toBe(2500)
    expect(sent).toEqual(records.map(({ value }) => value.toString()))
    expect(ahead).toBeLessThanOrEqual(0)
  })

  test('ends at the signal', async () => {
    const controller = new AbortController()
    const count = await feed({
      records: readDemoRecords(1000),
      speed: 100_000,
      clock: tickingClock(),
      signal: controller.signal,
      send: async () => controller.abort(),
    })
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(1000)
  })
})

describe('Screen', () => {
  test('goes back over what it drew, cuts at the edges, keeps colour codes', () => {
    const out = new Sink(true)
    out.columns = 10
    out.rows = 5
    const screen = new Screen(out)
    screen.draw(['a'.repeat(30), '\u001b[33mbbbbbbbbbbbbbb\u001b[0m'])
    expect(out.text).toBe(`${'a'.repeat(9)}\n\u001b[33mbbbbbbbbb\u001b[0m\n`)
    out.text = ''
    screen.draw(Array.from({ length: 50 }, (_, i) => `line ${i}`))
    expect(out.text.startsWith('\r\u001b[2A\u001b[J')).toBe(true)
    expect(out.text.split('\n')).toHaveLength(5)
  })

  test('a narrowed terminal has wrapped the lines: it goes back further', () => {
    const out = new Sink(true)
    out.columns = 40
    const screen = new Screen(out)
    screen.draw(['x'.repeat(39), 'y'])
    out.text = ''
    out.columns = 20
    screen.draw(['z'])
    expect(out.text.startsWith('\r\u001b[3A\u001b[J')).toBe(true)
    out.text = ''
    screen.clear()
    screen.clear()
    expect(out.text).toBe('\r\u001b[1A\u001b[J')
  })
})

describe('what it shows', () => {
  const terminal = { columns: 100, rows: 45, colour: true }
  const state = (count: number) => {
    const processor = new Processor(config())
    const rows = new Rows(openBoard(config(), processor.model.memberNames, {}))
    for (const { key, value } of readDemoRecords(count)) rows.add(processor.process(key, value, 0))
    return { rows, total: 10_320, seconds: 2 }
  }

  test('the block fits the terminal and holds members and coverage', () => {
    const lines = screenLines(state(500), terminal)
    const text = lines.join('\n')
    expect(lines.length).toBeLessThan(45)
    expect(text).toContain('500 records  250 records/s')
    expect(text).toMatch(/since the first record +1 ahead +5 ahead/)
    expect(text).toMatch(/mixture +0\.\d{4} +0\.\d{4}/)
    expect(text).toMatch(/seasonal:336 +0\.\d{4} +0\.\d{4}/)
    expect(text).toMatch(/inside the 80 % interval +\d/)
    expect(screenLines(state(500), { ...terminal, columns: 80, rows: 24 }).length).toBeLessThan(24)
    expect(text).toMatch(/[\u2801-\u28ff]{5}/)
    expect(screenLines(state(0), terminal).join('\n')).toContain('0 %')
    expect(text).toContain('\u001b[33m')
    const plain = screenLines(state(500), { ...terminal, colour: false }).join('\n')
    expect(plain).not.toContain('\u001b')
  })

  test('a plain line has no control characters', () => {
    const line = plainLine(state(500))
    expect(line).toMatch(/^500 of 10,320 records, 250 records\/s, wMAPE 1 ahead 0\.\d+ \(persi/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
    expect(line).not.toMatch(/[\u0000-\u001f]/)
    expect(plainLine(state(0))).toBe('0 of 10,320 records, 0 records/s')
  })
})

describe('runDemo on the in-process log', () => {
  const run = async (options: {
    terminal: boolean
    signal?: AbortSignal
    isUntilEnd?: boolean
  }) => {
    const signal = options.signal ?? new AbortController().signal
    const io = testIo({ terminal: options.terminal, signal })
    const talk = new DemoTalk(io, false)
    const log = openMemoryLog()
    const result = await runDemo({
      config: config(),
      records: readDemoRecords(400),
      speed: 5000,
      log,
      logger: createLogger({ level: 'warn', stream: talk.logStream, clock: systemClock }),
      talk,
      signal,
      isUntilEnd: options.isUntilEnd ?? true,
    })
    talk.end()
    return { result, io, committed: await log.ports.positions.groupOffset(0) }
  }

  test('predicts and commits the whole series; the scores are the model’s own', async () => {
    const { result, io, committed } = await run({ terminal: false })
    const { report, isWhole } = result
    expect([isWhole, committed]).toEqual([true, 400n])
    expect(report).toMatchObject({ records: 400, deadLetters: 0, sequences: 1, scoredFrom: 0 })
    const processor = new Processor(config())
    const rows = new Rows(openBoard(config(), processor.model.memberNames, {}))
    for (const { key, value } of readDemoRecords(400)) rows.add(processor.process(key, value, 0))
    expect(report.scores).toEqual(rows.board.report().scores)
    expect(report.stateHash).toBe(processor.model.stateHash())
    expect(io.stdout.text).toBe('')
    expect(io.stderr.text).toMatch(/metrics +http:\/\/127\.0\.0\.1:\d+\/metrics/)
    expect(io.stderr.text).toContain('400 of 400 records')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
    expect(io.stderr.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })

  test('goes on serving until the signal, with the metrics there', async () => {
    const controller = new AbortController()
    const io = testIo({ terminal: true, signal: controller.signal })
    const talk = new DemoTalk(io, false)
    const say = talk.say.bind(talk)
    talk.say = (line) => {
      say(line)
      if (!line.includes('until Ctrl-C')) return
      const [url = ''] = /http:\S+\/metrics/.exec(io.stderr.text) ?? []
      fetch(url).then(async (answer) => {
        io.stdout.text += await answer.text()
        controller.abort()
      })
    }
    const { isWhole } = await runDemo({
      config: config(),
      records: readDemoRecords(400),
      speed: 1000,
      log: openMemoryLog(),
      logger: createLogger({ level: 'warn', stream: talk.logStream, clock: systemClock }),
      talk,
      signal: controller.signal,
      isUntilEnd: false,
    })
    talk.end()
    expect(isWhole).toBe(true)
    expect(io.stdout.text).toMatch(/headrace_records_total\S* 400/)
    expect(io.stderr.text).toContain('until Ctrl-C')
  })

  test('Ctrl-C in the middle ends it with the scores so far', async () => {
    const controller = new AbortController()
    const running = run({ terminal: false, signal: controller.signal })
    controller.abort()
    const { result } = await running
    expect(result.isWhole).toBe(false)
    expect(result.report.records).toBeLessThan(400)
  })
})

test('a wrong option is a usage error with the nearest name', async () => {
  await expect(command.run(['--sped', '5'], testIo({}))).rejects.toThrow('--speed')
  await expect(command.run(['--speed', '0'], testIo({}))).rejects.toMatchObject({
    code: 'HEADRACE_USAGE',
  })
})
