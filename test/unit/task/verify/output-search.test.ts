import fc from 'fast-check'
import { expect, test } from 'vitest'
import { searchOutput } from '../../../../src/task/verify/output-search.ts'
import { type Published, predictionSource } from '../../../../src/task/verify/published.ts'

/** A topic whose records are of these input offsets, with a hole in front of each. */
function topicOf(sources: readonly number[], start = 0) {
  const records = sources.map((source, i) => ({
    offset: BigInt(2 * i + 1),
    timestampMs: 0,
    key: null,
    value: Buffer.from(`{"offset":${source},"sequence":""}`),
    headers: {},
  }))
  let reads = 0
  return {
    range: { start: BigInt(start), end: BigInt(2 * sources.length + 1) },
    reads: () => reads,
    topics: {
      async *read(_topic: unknown, _partition: unknown, from: bigint, until: bigint) {
        reads++
        const wanted = records.filter(({ offset }) => offset >= from && offset < until)
        for (let i = 0; i < wanted.length; i += 3) yield wanted.slice(i, i + 3)
      },
    },
    firstOf: (goal: bigint): bigint =>
      records.find((record: Published) => (predictionSource(record) ?? -1n) >= goal)?.offset ??
      BigInt(2 * sources.length + 1),
  }
}

const place = { topic: 'predictions', partition: 0 } as const

test('nothing that is looked for lies in front of what is found, and little lies between', () => {
  return fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 60 }),
      fc.integer({ min: 0, max: 150 }),
      fc.integer({ min: 0, max: 10 }),
      async (steps, goal, start) => {
        let source = 0
        const topic = topicOf(
          steps.map((step) => (source += step)),
          Math.min(start, 2 * steps.length),
        )
        const sought = BigInt(goal)
        const { topics, range } = topic
        const found = await searchOutput(topics, place, range, sought, predictionSource, 4n)
        expect(found).toBeGreaterThanOrEqual(range.start)
        if (topic.firstOf(sought) >= range.start) {
          expect(found).toBeLessThanOrEqual(topic.firstOf(sought))
          expect(topic.firstOf(sought) - found).toBeLessThanOrEqual(6n)
        }
        expect(topic.reads()).toBeLessThan(9)
      },
    ),
  )
})

test('what is short is not searched', async () => {
  const topic = topicOf([1, 2, 3])
  const { topics, range } = topic
  expect(await searchOutput(topics, place, range, 3n, predictionSource)).toBe(0n)
  expect(topic.reads()).toBe(0)
})
