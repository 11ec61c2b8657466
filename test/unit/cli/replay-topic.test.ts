import { describe, expect, test } from 'vitest'
import { type TopicSelection, topicSelection } from '../../../src/cli/replay-topic-options.ts'
import { resolveRanges } from '../../../src/cli/replay-topic-range.ts'
import { TopicSource } from '../../../src/cli/replay-topic-source.ts'
import type { TopicRecord } from '../../../src/kafka/topic-reader.ts'

const usage = { code: 'HEADRACE_USAGE', exitCode: 2 }

describe('topicSelection', () => {
  test('by default everything that is there', () => {
    expect(topicSelection({})).toEqual({
      partitions: undefined,
      from: { kind: 'earliest' },
      until: { kind: 'latest' },
    })
  })

  test('partitions by list and repetition, each once, ascending', () => {
    expect(topicSelection({ partition: ['7,2', '0', '2'] }).partitions).toEqual([0, 2, 7])
  })

  test('digits are an offset, also beyond 2^53; all else a time, UTC without a zone', () => {
    const { from, until } = topicSelection({ from: '9007199254740993', until: '2024-07-01' })
    expect(from).toEqual({ kind: 'offset', offset: 9007199254740993n })
    expect(until).toEqual({ kind: 'time', timeMs: Date.UTC(2024, 6, 1) })
  })

  test.each([
    [{ partition: [''] }, /--partition needs a number/],
    [{ partition: ['1,x'] }, /--partition needs a whole number/],
    [{ from: 'yesterday' }, /--from needs earliest, latest, an offset or a time.*'yesterday'/],
    [{ until: '-5' }, /--until needs/],
    [{ from: '9', until: '8' }, /--until 8 lies before --from 9/],
    [{ from: '2024-07-02', until: '2024-07-01' }, /lies before/],
  ])('refuses %j', (values, message) => {
    expect(() => topicSelection(values)).toThrow(expect.objectContaining(usage))
    expect(() => topicSelection(values)).toThrow(message)
  })
})

/** A topic whose record at offset o has timestamp 1000 × o. */
function topicOf(ranges: readonly (readonly [bigint, bigint])[]) {
  return {
    topic: 'rides',
    partitions: async () => ranges.map((_, partition) => partition),
    range: async (partition: number) => {
      const [start, end] = ranges[partition]!
      return { start, end }
    },
    offsetAt: async (partition: number, timeMs: number) => {
      const [start, end] = ranges[partition]!
      const offset = BigInt(Math.ceil(timeMs / 1000))
      return offset < start ? start : offset > end ? end : offset
    },
  }
}

describe('resolveRanges', () => {
  const two = topicOf([
    [10n, 20n],
    [0n, 5n],
  ])
  const selection = (values: Partial<TopicSelection>): TopicSelection => ({
    ...topicSelection({}),
    ...values,
  })
  const offset = (value: bigint) => ({ kind: 'offset', offset: value }) as const
  const time = (timeMs: number) => ({ kind: 'time', timeMs }) as const

  test('all partitions, between times, may be empty', async () => {
    expect(await resolveRanges(two, selection({}))).toEqual([
      { partition: 0, from: 10n, until: 20n },
      { partition: 1, from: 0n, until: 5n },
    ])
    const between = selection({ from: time(3000), until: time(12_000) })
    expect(await resolveRanges(two, between)).toEqual([
      { partition: 0, from: 10n, until: 12n },
      { partition: 1, from: 3n, until: 5n },
    ])
    // An offset behind the time: nothing is between them.
    const crossed = selection({ partitions: [0], from: offset(15n), until: time(12_000) })
    expect(await resolveRanges(two, crossed)).toEqual([{ partition: 0, from: 15n, until: 15n }])
  })

  test('offsets of one partition, both ends of its range included', async () => {
    const all = selection({ partitions: [0], from: offset(10n), until: offset(20n) })
    expect(await resolveRanges(two, all)).toEqual([{ partition: 0, from: 10n, until: 20n }])
  })

  test.each([
    [{ partitions: [0], from: offset(9n) }, /holds the offsets 10 to 19, its end is 20/],
    [{ partitions: [0], until: offset(21n) }, /--until 21: partition 0 of topic rides holds/],
    [{ from: offset(10n) }, /2 partitions, and an offset belongs to one/],
    [{ partitions: [1, 2] }, /no partition 2: it has partitions 0 to 1/],
  ])('refuses %o', async (values, message) => {
    const failing = resolveRanges(two, selection(values))
    await expect(failing).rejects.toMatchObject(usage)
    await expect(failing).rejects.toThrow(message)
  })
})

describe('TopicSource', () => {
  const record = (offset: number): TopicRecord => ({
    offset: BigInt(offset),
    timestampMs: 0,
    key: null,
    value: null,
    headers: {},
  })
  const batches = [[100, 101, 105], [110], [111, 112, 149]].map((part) => part.map(record))
  const range = { partition: 0, from: 100n, until: 150n }
  const reader = {
    async *read() {
      yield* batches
    },
  }
  const signal = new AbortController().signal

  test('tells the offset of each row and how far it is', async () => {
    const source = new TopicSource(reader, range, { signal })
    const seen: bigint[] = []
    const fractions: number[] = []
    let row = 0
    for await (const batch of source) {
      for (const { offset } of batch) {
        seen.push(offset)
        expect(source.offsetOf(row)).toBe(offset)
        row++
        fractions.push(source.fractionDone(row))
      }
    }
    expect(seen).toEqual([100n, 101n, 105n, 110n, 111n, 112n, 149n])
    expect(fractions).toEqual([0.02, 0.04, 0.12, 0.22, 0.24, 0.26, 1])
  })

  test.each([1, 3, 4, 5, 7, 8])('stops after %i records', async (limit) => {
    const source = new TopicSource(reader, range, { signal, limit })
    let count = 0
    for await (const batch of source) count += batch.length
    expect(count).toBe(Math.min(limit, 7))
  })

  test('an interruption ends it also while the broker is silent', async () => {
    const controller = new AbortController()
    const silent = {
      async *read() {
        yield batches[0]!
        await new Promise(() => {})
      },
    }
    const source = new TopicSource(silent, range, { signal: controller.signal })
    let count = 0
    for await (const batch of source) {
      count += batch.length
      setImmediate(() => controller.abort())
    }
    expect(count).toBe(3)
  })

  test('a failure of the broker is its failure', async () => {
    const broken = {
      async *read(): AsyncGenerator<TopicRecord[]> {
        yield batches[0]!
        throw new Error('gone')
      },
    }
    const reading = async () => {
      for await (const batch of new TopicSource(broken, range, { signal })) {
        expect(batch).toHaveLength(3)
      }
    }
    await expect(reading()).rejects.toThrow('gone')
  })
})
