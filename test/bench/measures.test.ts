import { describe, expect, test } from 'vitest'
import { HeapCounter } from '../../src/bench/allocations.ts'
import { openProduct } from '../../src/bench/plain-product.ts'
import { type BenchRun, measureInRounds, microsecondsEach } from '../../src/bench/rounds.ts'
import { median, medianInterval, quantile } from '../../src/bench/statistics.ts'
import { syntheticInputs, syntheticLines } from '../../src/bench/synthetic.ts'
import { benchUpdates } from '../../src/bench/update.ts'

/** Every look at the clock takes 100 ms. */
function slowClock(): BenchRun {
  let ms = 0
  let processorMs = 0
  const clock = { monotonicMs: () => (ms += 100), processorMs: () => (processorMs += 100) }
  return { clock, signal: new AbortController().signal, rounds: 2, leastMs: 20 }
}

test('an update is counted as 6 × parameters × rows × window operations', async () => {
  const cases = [{ cell: 'rnn', hidden: 4, rows: 2, window: 3 }] as const
  const [row] = await benchUpdates('reference', cases, slowClock())
  const parameters = 4 * (8 + 4) + 4 + (4 + 8) + 1
  expect(row?.microseconds).toBe(100_000)
  expect(row?.gigaflops).toBeCloseTo((6 * parameters * 2 * 3) / 1e5 / 1000, 12)
  // With this clock each product takes 100 ms too, so the largest is the ceiling.
  expect(row?.ceilingShare).toBeCloseTo((6 * parameters * 2 * 3) / (2 * 64 * 128 * 128), 12)
})

describe('measureInRounds', () => {
  test('runs every case once a round and drops the round that warms up', async () => {
    const order: string[] = []
    const fractions: number[] = []
    const measure = (name: string) => () => order.push(name)
    const run = { ...slowClock(), onProgress: (fraction: number) => fractions.push(fraction) }
    expect(await measureInRounds([measure('a'), measure('b')], run)).toEqual([
      [3, 5],
      [4, 6],
    ])
    expect(order.join('')).toBe('ababab')
    expect(fractions.at(-1)).toBe(1)
  })

  test('throws the reason of the signal before the next measurement', async () => {
    const controller = new AbortController()
    const run = { ...slowClock(), signal: controller.signal }
    let measured = 0
    const measure = () => {
      measured++
      controller.abort(new Error('enough'))
    }
    await expect(measureInRounds([measure, measure], run)).rejects.toThrow('enough')
    expect(measured).toBe(1)
  })
})

describe('microsecondsEach', () => {
  let ms = 0
  let heldUpMs = 0
  const clock = { monotonicMs: () => ms, processorMs: () => ms - heldUpMs }
  const run = { ...slowClock(), clock, leastMs: 20 }

  test('goes on for as long as it is asked to and divides by the calls', () => {
    const calls = { long: 0, short: 0 }
    const startMs = ms
    const long = () => {
      calls.long++
      ms += 3
    }
    expect(microsecondsEach(long, run)).toBe(3000)
    expect(ms - startMs).toBe(21)
    const short = () => {
      calls.short++
      ms += 0.125
    }
    expect(microsecondsEach(short, run)).toBe(125)
    expect(calls.long).toBe(7)
    expect(calls.short * 0.125).toBeCloseTo(20, 0)
  })

  test('is not moved by what the process was held up for', () => {
    const heldUp = () => {
      ms += 10
      heldUpMs += 7
    }
    expect(microsecondsEach(heldUp, run)).toBe(3000)
  })

  test('is not moved by a stretch that took longer than the others', () => {
    let calls = 0
    const sometimesSlow = () => {
      ms += ++calls % 4 === 0 ? 9 : 1
    }
    expect(microsecondsEach(sometimesSlow, run)).toBe(1000)
  })

  test('measures what is shorter than the time it is asked for at least once', () => {
    const short = () => {
      ms += 0.0625
    }
    expect(microsecondsEach(short, { ...run, leastMs: 0.5 })).toBe(62.5)
  })
})

test.each([
  [8, 64, 64],
  [5, 17, 24],
  [1, 3, 8],
  [3, 4, 12],
])('the plain products of the kernels agree at %i × %i × %i', (rows, depth, columns) => {
  const results = Object.values(openProduct).map((open) => {
    const product = open(rows, depth, columns)
    product.run()
    product.run()
    return [...product.result()]
  })
  const [first = [], ...others] = results
  expect(first.some((value) => Math.abs(value) > 0.1)).toBe(true)
  for (const other of others) {
    expect(other).toHaveLength(rows * columns)
    other.forEach((value, i) => {
      expect(Math.abs(value - (first[i] ?? Number.NaN))).toBeLessThan(1e-4)
    })
  }
})

test('HeapCounter counts what was collected meanwhile', () => {
  const bytes = 16 + 8 * 100
  const count = 200_000
  let kept: unknown[] = []
  const counter = new HeapCounter()
  // 160 MB, many times what the young generation holds: collections in between are certain.
  for (let i = 0; i < count; i++) kept = new Array(100).fill(i)
  const taken = counter.stop()
  expect(kept).toHaveLength(100)
  expect(taken / (bytes * count)).toBeGreaterThan(0.9)
  expect(taken / (bytes * count)).toBeLessThan(1.2)
})

test('HeapCounter counts less than a byte each of a million steps that allocate nothing', () => {
  const values = new Float64Array(1000)
  const counter = new HeapCounter()
  for (let i = 0; i < 1e6; i++) values[i % 1000] = i
  expect(Math.abs(counter.stop())).toBeLessThan(1e6)
})

test('the median is the middle, or the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(median([])).toBeNaN()
})

test('a quantile is the smallest value that so many do not exceed', () => {
  const sorted = Float64Array.from({ length: 200 }, (_, i) => i + 1)
  expect(quantile(sorted, 0.5)).toBe(100)
  expect(quantile(sorted, 0.99)).toBe(198)
  expect(quantile(sorted, 1)).toBe(200)
  expect(quantile(Float64Array.of(7), 0.01)).toBe(7)
  expect(quantile(new Float64Array(0), 0.5)).toBeNaN()
})

test('synthetic lines are the same every time, in turn over the sequences', () => {
  const text = (count: number) => syntheticLines(count, 3).join('')
  expect(text(2500)).toBe(text(2500))
  const lines = text(2500).trimEnd().split('\n')
  expect(lines).toHaveLength(2500)
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(records.slice(0, 4).map(({ key }) => key)).toEqual(['s0', 's1', 's2', 's0'])
  expect(Object.keys(records[0] ?? {})).toHaveLength(2 + syntheticInputs)
  expect(new Set(lines).size).toBe(2500)
})

describe('medianInterval', () => {
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => count - i)

  // Tables of the sign test: the largest rank whose tail is at most 2.5 %.
  test.each([
    [6, [1, 6]],
    [8, [1, 8]],
    [9, [2, 8]],
    [12, [3, 10]],
    [20, [6, 15]],
  ])('of %i values lies between those of rank %j', (count, bounds) => {
    expect(medianInterval(upTo(count))).toEqual(bounds)
  })

  test('of too few values is everything', () => {
    expect(medianInterval(upTo(5))).toEqual([-Infinity, Infinity])
    expect(medianInterval([])).toEqual([-Infinity, Infinity])
  })
})
