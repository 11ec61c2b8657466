import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { benchAgainstReference } from '../../src/bench/reference.ts'
import { systemBenchClock } from '../../src/bench/rounds.ts'
import { command } from '../../src/cli/bench.ts'
import { testIo } from '../unit/cli/replay-support.ts'

const tiny = [
  ['--cells', 'rnn,lstm', '--hidden', '4', '--rows', '1,2', '--window', '4', '--least-ms', '1'],
  ['--sequences', '1,3', '--records', '80', '--rounds', '1'],
].flat()

async function rows(...args: string[]): Promise<Record<string, unknown>[]> {
  const io = testIo({})
  expect(await command.run([...tiny, '--json', ...args], io)).toBe(0)
  expect(io.stderr.text).toBe('')
  return JSON.parse(io.stdout.text)
}

const number = expect.any(Number)
const taxi = { data: 'nyc_taxi', inputs: 0, horizons: [1, 5], seasons: [48, 336] }
const waves = { data: 'synthetic', inputs: 16, horizons: [1], seasons: [] }
const update = { cell: 'rnn', hidden: 4, inputs: 8, rows: 1, window: 4, microseconds: number }

/** Every figure is there, and none is zero, negative or absent. */
function expectFigures(all: readonly Record<string, unknown>[]): void {
  for (const { inputs, ...row } of all) {
    for (const value of Object.values(row)) {
      if (typeof value === 'number') expect(value).toBeGreaterThan(0)
    }
  }
}

describe.each(['wasm', 'reference'])('bench --json with the %s kernel', (kernel) => {
  test('prints one array of updates and replays with the documented names', async () => {
    const all = await rows('--kernel', kernel)
    expect(all.map(({ bench }) => bench)).toEqual([
      ...Array.from({ length: 4 }, () => 'update'),
      ...Array.from({ length: 4 }, () => 'replay'),
      ...Array.from({ length: 5 }, () => 'block'),
    ])
    expect(all[0]).toEqual({
      bench: 'update',
      kernel,
      ...update,
      gigaflops: number,
      ceilingShare: number,
    })
    const replay = {
      bench: 'replay',
      kernel,
      recordsPerSecond: number,
      bytesPerSequence: number,
      records: 80,
      heapBytesPer1000Records: number,
      heapGrowth: number,
    }
    expect(all[4]).toEqual({ ...replay, ...taxi, portfolio: 'network', sequences: 1 })
    expect(all[7]).toEqual({ ...replay, ...waves, portfolio: 'full', sequences: 3 })
    const block = { bench: 'block', kernel, microseconds: number, singleMicroseconds: number }
    const times = { times: number, portfolio: 'full', sequences: 3 }
    expect(all[8]).toEqual({ ...block, ...waves, ...times, portfolio: 'network', inputs: 0 })
    expect(all[12]).toEqual({ ...block, ...waves, ...times })
    expectFigures(all)
  })

  test('--only selects, in the order of the help', async () => {
    const [first, ...all] = await rows('--kernel', kernel, '--only', 'latency,reference,product')
    const shares = { microseconds: number, gigaflops: number, ceilingShare: number }
    const product = { bench: 'product', kernel, cell: 'rnn', hidden: 4, rows: 1, ...shares }
    expect(first).toEqual(product)
    expect(all.splice(0, 3).every(({ bench }) => bench === 'product')).toBe(true)
    expect(all.map(({ bench }) => bench)).toEqual([
      ...Array.from({ length: 4 }, () => 'reference'),
      ...Array.from({ length: 8 }, () => 'latency'),
    ])
    const against = { referenceMicroseconds: number, times: number }
    expect(all[0]).toEqual({ bench: 'reference', kernel, ...update, ...against })
    const latency = { bench: 'latency', kernel, portfolio: 'network', sequences: 1, ...taxi }
    const times = { records: number, p50Microseconds: number, p99Microseconds: number }
    expect(all[4]).toEqual({ ...latency, boundary: false, ...times })
    expect(all[5]).toEqual({ ...latency, boundary: true, ...times })
    // Every record is timed once, with a boundary or without.
    expect(Number(all[4]?.records) + Number(all[5]?.records)).toBe(80)
    expectFigures(all)
  })
})

describe('bench', () => {
  test('the tables have a line a row, below the machine', async () => {
    const io = testIo({})
    const only = ['--only', 'update,product,replay,reference,latency']
    expect(await command.run([...tiny, ...only], io)).toBe(0)
    const lines = io.stdout.text.trim().split('\n')
    expect(lines[0]).toMatch(/cores, Node \d.*, headrace \d.*, kernel \w+$/)
    expect(lines.filter((line) => /^(rnn|lstm) /.test(line))).toHaveLength(12)
    expect(lines.filter((line) => /^(nyc_taxi|synthetic) /.test(line))).toHaveLength(17)
    expect(io.stdout.text).not.toContain('NaN')
  })

  test('shows on a terminal how far it is, and takes the line away', async () => {
    const io = testIo({ terminal: true })
    await command.run([...tiny, '--only', 'update', '--json'], io)
    expect(io.stderr.text.endsWith('100 %  update\r\u001b[K')).toBe(true)
    expect(JSON.parse(io.stdout.text)).toHaveLength(4)
  })

  test('memory has a row for each tenth of the way', async () => {
    const all = await rows('--only', 'memory')
    const row = { bench: 'memory', kernel: 'wasm', portfolio: 'network', sequences: 1000, ...waves }
    const records = Array.from({ length: 10 }, (_, i) => 8 * (i + 1))
    expect(all).toEqual(records.map((count) => ({ ...row, records: count, residentBytes: number })))
    expectFigures(all)
  })

  test('ends with 130 soon after Ctrl-C, with nothing on standard output', async () => {
    const controller = new AbortController()
    const io = testIo({ terminal: true, signal: controller.signal })
    const code = command.run(['--only', 'update', '--json', '--rounds', '1000000'], io)
    while (!io.stderr.text.includes('update')) await turn()
    controller.abort()
    expect(await code).toBe(130)
    expect(io.stdout.text).toBe('')
    expect(io.stderr.text).toContain('headrace: interrupted')
  })

  test('a signal is let in before each network is opened', async () => {
    const controller = new AbortController()
    const run = {
      clock: systemBenchClock,
      signal: controller.signal,
      rounds: 1,
      leastMs: 1,
    }
    const opened: number[] = []
    const each = (rows: number) => ({
      cell: 'gru' as const,
      hidden: 4,
      window: 2,
      get rows() {
        if (!opened.includes(rows)) opened.push(rows)
        controller.abort()
        return rows
      },
    })
    const found = benchAgainstReference('wasm', [each(1), each(2)], run)
    await expect(found).rejects.toThrow('aborted')
    expect(opened).toEqual([1])
  })

  test.each([
    [
      ['--only', 'speed'],
      '--only takes update, product, reference, replay, latency, memory, service, metrics, ' +
        "tensorflow, not 'speed'.",
    ],
    [
      ['--only', 'service', '--parts', 'kill,sleep'],
      '--parts takes backlog, restore, latency, kill, stall',
    ],
    [['--kernel', 'tensorflow'], '--only tensorflow measures that one'],
    [['--kernel', 'fast'], "--kernel takes wasm, reference, not 'fast'."],
    [['--cells', 'rnn,cnn'], "--cells takes rnn, gru, lstm, not 'cnn'."],
    [['--hidden', '32,1025'], "--hidden takes whole numbers up to 1024, not '1025'."],
    [['--rows', '1025'], "--rows takes whole numbers up to 1024, not '1025'."],
    [['--window', '10001'], "--window takes whole numbers up to 10000, not '10001'."],
    [
      ['--only', 'reference', '--hidden', '1024', '--rows', '1024', '--cells', 'lstm'],
      'An update of lstm with --hidden 1024, --rows 1024 and --window 16 is 416 billion operations',
    ],
    [['--hidden', ''], '--hidden needs at least one whole number.'],
    [['--rounds', '0'], '--rounds needs a whole number of at least 1'],
  ])('%j is a usage error', async (args, message) => {
    await expect(command.run(args, testIo({}))).rejects.toThrow(message)
    await expect(command.run(args, testIo({}))).rejects.toMatchObject({ exitCode: 2 })
  })
})
