import { describe, expect, test } from 'vitest'
import { command } from '../../src/cli/bench.ts'
import { syntheticRecords } from '../../src/cli/bench-replay.ts'
import { benchUpdates, median } from '../../src/cli/bench-update.ts'
import { testIo } from '../unit/cli/replay-support.ts'

const tiny = [
  ['--cells', 'rnn,lstm', '--hidden', '4', '--rows', '1,2', '--window', '4'],
  ['--sequences', '1,3', '--records', '60', '--rounds', '1'],
].flat()

async function rows(...args: string[]): Promise<Record<string, unknown>[]> {
  const io = testIo({})
  expect(await command.run([...tiny, '--json', ...args], io)).toBe(0)
  expect(io.stderr.text).toBe('')
  return JSON.parse(io.stdout.text)
}

describe('bench --json', () => {
  test('prints one array of rows with the documented names', async () => {
    const all = await rows()
    expect(all.map(({ bench }) => bench)).toEqual([
      ...Array.from({ length: 4 }, () => 'update'),
      ...Array.from({ length: 4 }, () => 'replay'),
    ])
    expect(all[0]).toEqual({
      bench: 'update',
      kernel: 'reference',
      cell: 'rnn',
      hidden: 4,
      inputs: 8,
      rows: 1,
      window: 4,
      microseconds: expect.any(Number),
      gigaflops: expect.any(Number),
      ceilingShare: expect.any(Number),
    })
    expect(all[4]).toEqual({
      bench: 'replay',
      kernel: 'reference',
      portfolio: 'network',
      sequences: 1,
      recordsPerSecond: expect.any(Number),
      bytesPerSequence: expect.any(Number),
    })
    for (const row of all) {
      for (const value of Object.values(row)) {
        if (typeof value === 'number') expect(value).toBeGreaterThan(0)
      }
    }
  })

  test('--only selects', async () => {
    expect((await rows('--only', 'replay')).every(({ bench }) => bench === 'replay')).toBe(true)
    expect((await rows('--only', 'update')).every(({ bench }) => bench === 'update')).toBe(true)
  })

  test('the table has a line a row', async () => {
    const io = testIo({})
    await command.run(tiny, io)
    const lines = io.stdout.text.trim().split('\n')
    expect(lines.filter((line) => /^(rnn|lstm|network|full) /.test(line))).toHaveLength(8)
  })

  test('an unknown bench is a usage error', async () => {
    const failed = command.run(['--only', 'speed'], testIo({}))
    await expect(failed).rejects.toThrow('--only takes update, replay')
  })
})

test('an update is counted as 6 × parameters × rows × window operations', () => {
  let ms = 0
  // Every look at the clock takes 100 ms, so a round is one update of that length.
  const clock = { nowMs: () => ms, monotonicMs: () => (ms += 100) }
  const [row] = benchUpdates([{ cell: 'rnn', hidden: 4, rows: 2, window: 3 }], 1, clock)
  const parameters = 4 * (8 + 4) + 4 + (4 + 8) + 1
  expect(row?.microseconds).toBe(100_000)
  expect(row?.gigaflops).toBeCloseTo((6 * parameters * 2 * 3) / 1e5 / 1000, 12)
})

test('synthetic records are the same every time, in turn over the sequences', () => {
  const first = syntheticRecords(6, 3).map(({ key, value }) => `${key} ${value}`)
  expect(syntheticRecords(6, 3).map(({ key, value }) => `${key} ${value}`)).toEqual(first)
  expect(first.map((record) => record.slice(0, 2))).toEqual(['s0', 's1', 's2', 's0', 's1', 's2'])
  expect(first[3]).toContain('2024-01-01T01:00:00.000Z')
})

test('the median is the middle, or the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
})
