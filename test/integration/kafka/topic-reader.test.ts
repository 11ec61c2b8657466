import { describe, expect, test } from 'vitest'
import { openTopicReader, type TopicRecord } from '../../../src/kafka/topic-reader.ts'
import { createTopic, produce, uniqueName } from '../support/broker.ts'
import { application, range, text } from './setup.ts'

const { kafka } = application()

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

describe('openTopicReader', () => {
  test('reads several fetches in order, up to an offset in the middle of one', async () => {
    const topic = uniqueName('read')
    await createTopic(topic)
    // Twelve megabytes: a fetch brings four.
    const padding = 'x'.repeat(4_000)
    const values = range(3_000).map((value) => `${value} ${padding}`)
    for (let from = 0; from < values.length; from += 200) {
      const some = values.slice(from, from + 200)
      await produce(
        topic,
        some.map((value) => ({ partition: 0, value })),
      )
    }
    const reader = openTopicReader(kafka, topic)
    try {
      expect(await reader.partitions()).toEqual([0])
      expect(await reader.range(0)).toEqual({ start: 0n, end: 3_000n })
      const batches = await collect(reader.read(0, 7n, 2_995n))
      expect(batches.length).toBeGreaterThan(2)
      const records = batches.flat()
      expect(records.map(({ offset }) => offset)).toEqual(
        Array.from({ length: 2_988 }, (_, i) => BigInt(i + 7)),
      )
      expect(records.map(({ value }) => text(value))).toEqual(values.slice(7, 2_995))
      expect(await collect(reader.read(0, 5n, 5n))).toEqual([])
      // Leaving early leaves a fetch behind that nobody waits for.
      for await (const batch of reader.read(0, 0n, 3_000n)) {
        expect(batch.length).toBeLessThan(3_000)
        break
      }
    } finally {
      await reader.close()
    }
  })

  test('hands out headers, keys, null values and timestamps', async () => {
    const topic = uniqueName('read')
    await createTopic(topic, 2)
    await produce(topic, [
      { partition: 1, key: 'k', value: null, timestamp: '1600000000000', headers: { a: 'x' } },
      { partition: 1, value: 'v', timestamp: '1600000060000', headers: { b: ['1', '2'] } },
    ])
    const reader = openTopicReader(kafka, topic)
    try {
      const [first, second] = (await collect(reader.read(1, 0n, 2n))).flat() as [
        TopicRecord,
        TopicRecord,
      ]
      expect(first).toMatchObject({ offset: 0n, value: null, timestampMs: 1_600_000_000_000 })
      expect(text(first.key)).toBe('k')
      expect(text(first.headers.a as Uint8Array)).toBe('x')
      expect((second.headers.b as Uint8Array[]).map(text)).toEqual(['1', '2'])
      expect(await reader.offsetAt(1, 1_600_000_000_001)).toBe(1n)
      expect(await reader.offsetAt(1, 1_600_000_060_001)).toBe(2n)
      expect(await reader.offsetAt(1, -1)).toBe(0n)
      expect(await reader.offsetAt(0, 0)).toBe(0n)
    } finally {
      await reader.close()
    }
  })
})
