import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configSchema } from '../../../src/config/schema.ts'
import { KafkaChangelog } from '../../../src/kafka/changelog.ts'
import { silentLogger } from '../../../src/kafka/logger.ts'
import { PartitionReader } from '../../../src/kafka/partition-reader.ts'
import { KafkaPositions } from '../../../src/kafka/positions.ts'
import type { ChangelogRecord } from '../../../src/task/ports.ts'
import {
  brokers,
  createTopic,
  kafka,
  produce,
  produceTransaction,
  uniqueName,
  until,
  withAdmin,
} from '../support/broker.ts'
import { type Application, createApplication, output, outputs, range, text } from './setup.ts'

let reader: PartitionReader
beforeAll(() => {
  const { kafka } = configSchema.parse({
    kafka: { brokers: brokers() },
    task: { targets: ['value'] },
  })
  reader = new PartitionReader(kafka, silentLogger)
})
afterAll(() => reader.close())

async function readChangelog(topic: string, partition: number, through: bigint): Promise<string[]> {
  const seen: string[] = []
  const visit = ({ offset, key, value }: ChangelogRecord): void => {
    seen.push(`${offset}:${text(key)}=${text(value)}`)
  }
  await new KafkaChangelog(reader, topic).read(partition, { until: through }, visit)
  return seen
}

function positions(app: Application): KafkaPositions {
  return new KafkaPositions(reader, app.topics, app.name)
}

describe('the changelog', () => {
  test('is read from its start, tombstones and the record asked for included', async () => {
    const app = await createApplication(2)
    const writer = await app.sink().open(1)
    const changelog = [output('a', '1'), output('b', '2'), output('a', null)]
    await writer.commit(outputs({ changelog }))
    const { changelogOffset } = await writer.commit(outputs({ changelog: [output('commit', 'c')] }))
    await writer.close()
    const seen = await readChangelog(app.topics.changelog, 1, changelogOffset ?? -1n)
    expect(seen).toEqual(['0:a=1', '1:b=2', '2:a=null', '4:commit=c'])
  })

  test('shows nothing of aborted transactions', async () => {
    const app = await createApplication()
    const topic = app.topics.changelog
    const message = (value: string) => ({ partition: 0, key: 'k', value })
    await produceTransaction(topic, [message('yes 1')], 'commit')
    await produceTransaction(topic, [message('no 1'), message('no 2')], 'abort')
    await produceTransaction(topic, [message('yes 2')], 'commit')
    await produceTransaction(topic, [message('no 3')], 'abort')
    const [end] = await withAdmin((admin) => admin.fetchTopicOffsets(topic))
    const seen = await readChangelog(topic, 0, BigInt(end?.high ?? 0) - 1n)
    expect(seen).toEqual(['0:k=yes 1', '5:k=yes 2'])
  })

  test('of several megabytes comes whole and in order', async () => {
    const app = await createApplication()
    const writer = await app.sink().open(0)
    const value = 'x'.repeat(300_000)
    let last = -1n
    for (const key of range(40, 'k')) {
      const { changelogOffset } = await writer.commit(outputs({ changelog: [output(key, value)] }))
      last = changelogOffset ?? last
    }
    await writer.close()
    const seen = await readChangelog(app.topics.changelog, 0, last)
    expect(seen.map((line) => line.split(/[:=]/)[1])).toEqual(range(40, 'k'))
  })

  test('is passed after compaction has removed the record asked for', async () => {
    const topic = uniqueName('compacted')
    await createTopic(topic, 1, {
      'cleanup.policy': 'compact',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.01',
      'max.compaction.lag.ms': '100',
      'delete.retention.ms': '0',
    })
    const message = (value: string) => ({ partition: 0, key: 'same', value })
    for (const value of range(5)) await produceTransaction(topic, [message(value)], 'commit')
    const removed = 2n
    await until(
      'compaction',
      async () => {
        // Each new record lets the broker roll the segment before it, which it then may clean.
        await produce(topic, [message('newest')])
        const seen = await readChangelog(topic, 0, removed)
        return !seen.some((line) => line.startsWith(`${removed}:`))
      },
      90_000,
    )
    const seen = await readChangelog(topic, 0, removed)
    expect(seen.at(-1)).toMatch(/:same=newest$/)
  })
})

describe('positions', () => {
  test('of the input: range, and the first offset at or after a time', async () => {
    const app = await createApplication(2)
    const at = (timestamp: number) => ({ partition: 1, value: 'v', timestamp: String(timestamp) })
    const base = 1_700_000_000_000
    await withAdmin((admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: 2,
            name: app.topics.input,
            configEntries: [{ name: 'retention.ms', value: '-1' }],
          },
        ],
      }),
    )
    await produce(app.topics.input, [at(base), at(base + 1000), at(base + 2000)])
    const facts = positions(app)
    expect(await facts.inputRange(1)).toEqual({ start: 0n, end: 3n })
    expect(await facts.inputRange(0)).toEqual({ start: 0n, end: 0n })
    expect(await facts.inputOffsetAt(1, base + 500)).toBe(1n)
    expect(await facts.inputOffsetAt(1, base + 1000)).toBe(1n)
    expect(await facts.inputOffsetAt(1, base + 5000)).toBe(3n)
    expect(await facts.inputOffsetAt(0, base)).toBe(0n)
    // To a broker −1 would mean the end, and other negative times nothing.
    for (const timeMs of [0, -1, -2, -1_000_000]) {
      expect(await facts.inputOffsetAt(1, timeMs)).toBe(0n)
    }
  })

  test('of the input: the end is that of read_committed', async () => {
    const app = await createApplication()
    const topic = app.topics.input
    await produce(topic, [{ partition: 0, value: 'v' }])
    const upstream = kafka().producer({
      transactionalId: uniqueName('upstream'),
      maxInFlightRequests: 1,
      createPartitioner: () => () => 0,
    })
    await upstream.connect()
    const transaction = await upstream.transaction()
    await transaction.send({ topic, messages: [{ value: 'open' }] })
    expect(await positions(app).inputRange(0)).toEqual({ start: 0n, end: 1n })
    await transaction.abort()
    await upstream.disconnect()
    // Two records and the marker.
    await until('the marker', async () => (await positions(app).inputRange(0)).end === 3n)
  })

  test('of the group: null where it never committed', async () => {
    const app = await createApplication(2)
    expect(await positions(app).groupOffset(0)).toBeNull()
    const writer = await app.sink().open(1)
    await writer.commit(outputs({ changelog: [output('commit', 'c')], nextOffset: 42n }))
    await writer.close()
    expect(await positions(app).groupOffset(0)).toBeNull()
    expect(await positions(app).groupOffset(1)).toBe(42n)
  })

  test('hasPredictions sees a committed record, not an aborted one or a marker', async () => {
    const app = await createApplication(2)
    const facts = positions(app)
    expect(await facts.hasPredictions(0)).toBe(false)
    const prediction = { partition: 0, key: 'k', value: 'p' }
    await produceTransaction(app.topics.predictions, [prediction], 'abort')
    expect(await facts.hasPredictions(0)).toBe(false)
    await produceTransaction(app.topics.predictions, [prediction], 'commit')
    expect(await facts.hasPredictions(0)).toBe(true)
    expect(await facts.hasPredictions(1)).toBe(false)
  })

  test('a partition that does not exist is an error that names it', async () => {
    const app = await createApplication()
    await expect(positions(app).inputRange(5)).rejects.toMatchObject({
      code: 'HEADRACE_KAFKA_TOPIC_MISSING',
      message: expect.stringContaining(`${app.topics.input} has no partition 5`),
    })
  })
})
