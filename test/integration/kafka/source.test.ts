import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createKafka } from '../../../src/kafka/client.ts'
import { silentLogger } from '../../../src/kafka/logger.ts'
import type { KafkaSource } from '../../../src/kafka/source.ts'
import {
  createTopic,
  kafka,
  produce,
  produceTransaction,
  uniqueName,
  until,
  withAdmin,
} from '../support/broker.ts'
import { application, createApplication, Recorder, range, startSource } from './setup.ts'

const running: KafkaSource[] = []
afterEach(async () => {
  for (const source of running.splice(0)) await source.stop()
})

async function start(...args: Parameters<typeof startSource>) {
  const started = await startSource(...args)
  running.push(started.source)
  return started
}

function message(partition: number) {
  return (value: string) => ({ partition, key: 'k', value })
}

describe('a source', () => {
  test('delivers every record of every partition in order, with position and end', async () => {
    const app = await createApplication(2)
    await produce(app.topics.input, range(2500, 'a').map(message(0)))
    await produce(app.topics.input, range(1500, 'b').map(message(1)))
    const { recorder } = await start(app)
    await until('all records', () => recorder.values().length >= 4000)
    expect(recorder.values(0)).toEqual(range(2500, 'a'))
    expect(recorder.values(1)).toEqual(range(1500, 'b'))
    const last = recorder.batches.findLast(({ partition }) => partition === 0)
    expect(last).toMatchObject({ nextOffset: 2500n, endOffset: 2500n })
    expect(recorder.assignments).toEqual([[0, 1]])
  })

  test('copies: the bytes of two records share no buffer with another batch', async () => {
    const app = await createApplication(2)
    await produce(app.topics.input, [message(0)('a'), message(0)('b'), message(1)('c')])
    const { recorder } = await start(app)
    await until('all records', () => recorder.values().length === 3)
    const buffers = recorder.batches.map(({ records }) => records[0]?.value?.buffer)
    expect(new Set(buffers).size).toBe(buffers.length)
    const total = recorder.batches
      .flatMap(({ records }) => records)
      .reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0)
    expect(buffers.reduce((sum, buffer) => sum + (buffer?.byteLength ?? 0), 0)).toBe(total)
  })

  test('leaves out what interleaved upstream transactions have aborted', async () => {
    const app = await createApplication(1)
    const clients = [1, 2, 3].map((number) =>
      kafka().producer({
        transactionalId: uniqueName(`up${number}`),
        maxInFlightRequests: 1,
        createPartitioner: () => () => 0,
      }),
    )
    for (const client of clients) await client.connect()
    const expected: string[] = []
    for (let round = 0; round < 12; round++) {
      const open = await Promise.all(clients.map((client) => client.transaction()))
      const kept = (index: number): boolean => (round * 7 + index * 5) % 3 === 0
      for (let step = 0; step < 3; step++) {
        for (const [index, transaction] of open.entries()) {
          const value = `r${round}.${index}.${step}`
          // The key is that of an abort marker: only a control record may count as one.
          const key = Buffer.from([0, 0, 0, 0])
          await transaction.send({ topic: app.topics.input, messages: [{ key, value }] })
          if (kept(index)) expected.push(value)
        }
      }
      for (const [index, transaction] of open.entries()) {
        await (kept(index) ? transaction.commit() : transaction.abort())
      }
    }
    for (const client of clients) await client.disconnect()
    await produce(app.topics.input, [message(0)('end')])
    const { recorder } = await start(app)
    await until('the last record', () => recorder.values().includes('end'))
    expect(recorder.values()).toEqual([...expected, 'end'])
  })

  test('moves the position over a range in which everything was aborted', async () => {
    const app = await createApplication(1)
    await produceTransaction(app.topics.input, range(10).map(message(0)), 'abort')
    const { recorder } = await start(app)
    await until('the position behind the marker', () => recorder.positions.get(0) === 11n)
    expect(recorder.values()).toEqual([])
    expect(recorder.batches.at(-1)).toMatchObject({ records: [], endOffset: 11n })
  })

  test('keeps new partitions paused until they are sought and resumed', async () => {
    const app = await createApplication(2)
    await produce(app.topics.input, [...range(5, 'a').map(message(0)), ...range(5).map(message(1))])
    const { recorder } = await start(
      app,
      new Recorder((partition, self) => {
        if (partition === 1) self.begin(1, 3n)
      }),
    )
    await until('partition 1 from offset 3', () => recorder.values(1).length === 2)
    expect(recorder.values(1)).toEqual(['v3', 'v4'])
    expect(recorder.values(0)).toEqual([])
    recorder.begin(0)
    await until('partition 0', () => recorder.values(0).length === 5)
  })

  test('delivers nothing after a pause, and everything after the resume', async () => {
    const app = await createApplication(2)
    await produce(app.topics.input, range(1000).map(message(0)))
    const { source, recorder } = await start(app)
    await until('the first records', () => recorder.values(0).length > 0)
    source.pause(0)
    const before = recorder.values(0).length
    await produce(app.topics.input, range(1000, 'w').map(message(0)))
    for (const value of range(3, 'round')) {
      await produce(app.topics.input, [message(1)(value)])
      await until('a fetch of the other partition', () => recorder.values(1).includes(value))
    }
    expect(recorder.values(0)).toHaveLength(before)
    source.resume(0)
    await until('the rest', () => recorder.values(0).length >= 2000)
    expect(recorder.values(0)).toEqual([...range(1000), ...range(1000, 'w')])
  })

  test('goes back by a seek and drops what was fetched before it', async () => {
    const app = await createApplication(1)
    await produce(app.topics.input, range(300).map(message(0)))
    const { source, recorder } = await start(app)
    await until('all', () => recorder.values().length === 300)
    source.seek(0, 100n)
    await until('the last 200 again', () => recorder.values().length === 500)
    expect(recorder.values().slice(300)).toEqual(range(300).slice(100))
  })

  test('commits no offset by itself', async () => {
    const app = await createApplication(1)
    await produce(app.topics.input, range(3).map(message(0)))
    const { recorder } = await start(app)
    await until('all', () => recorder.values().length === 3)
    expect(await withAdmin((admin) => admin.fetchOffsets({ groupId: app.name }))).toEqual([])
  })

  test('takes a record of 5 MB where the topic allows it', async () => {
    const app = await createApplication(1)
    await withAdmin((admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: 2,
            name: app.topics.input,
            configEntries: [{ name: 'max.message.bytes', value: '8388608' }],
          },
        ],
      }),
    )
    const large = 'x'.repeat(5 * 1024 * 1024)
    await produce(app.topics.input, [message(0)('before')])
    await produce(app.topics.input, [message(0)(large)])
    await produce(app.topics.input, [message(0)('after')])
    const { recorder } = await start(app)
    await until('all three', () => recorder.values().length === 3)
    expect(recorder.values().map(({ length }) => length)).toEqual([6, large.length, 5])
  })

  test('reads gzip and zstd', async () => {
    const app = await createApplication(1)
    const client = createKafka(app.kafka, silentLogger).producer({})
    await client.connect()
    for (const compression of [1, 4]) {
      const messages = range(50, `c${compression}.`).map(message(0))
      await client.send({ topic: app.topics.input, compression, messages })
    }
    await client.disconnect()
    const { recorder } = await start(app)
    await until('all', () => recorder.values().length === 100)
    expect(recorder.values()).toEqual([...range(50, 'c1.'), ...range(50, 'c4.')])
  })

  test('fails a partition whose position the broker no longer has, reads the others', async () => {
    const app = await createApplication(2)
    await produce(app.topics.input, [...range(9).map(message(0)), ...range(9).map(message(1))])
    await withAdmin(async (admin) => {
      const topic = app.topics.input
      // Loads the metadata, without which kafkajs cannot delete.
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] })
    })
    const { recorder } = await start(app)
    await until('the failure', () => recorder.failures.length === 1)
    await until('the other partition', () => recorder.values(1).length === 9)
    expect(recorder.failures[0]).toMatchObject({
      partition: 0,
      error: { code: 'HEADRACE_KAFKA_OUT_OF_RANGE' },
    })
    expect(recorder.failures[0]?.error.message).toMatch(/Offset 0 of topic .*, partition 0/)
    expect(recorder.values(0)).toEqual([])
    expect(await withAdmin((admin) => admin.fetchOffsets({ groupId: app.name }))).toEqual([])
  })

  test('says nothing more once it has stopped', async () => {
    const app = await createApplication(1)
    await produce(app.topics.input, range(3).map(message(0)))
    const { source, recorder } = await start(app)
    await until('all', () => recorder.values().length === 3)
    await source.stop()
    const before = recorder.batches.length
    await produce(app.topics.input, range(3).map(message(0)))
    const group = await withAdmin((admin) => admin.describeGroups([app.name]))
    expect(group.groups[0]?.state).toBe('Empty')
    expect(recorder.batches.length).toBe(before)
    expect(recorder.failures).toEqual([])
    await expect(source.heartbeat()).rejects.toMatchObject({ code: 'HEADRACE_KAFKA_REBALANCED' })
  })

  test('an exception of its listener ends it instead of repeating the batch', async () => {
    const app = await createApplication(1)
    await produce(app.topics.input, range(3).map(message(0)))
    let calls = 0
    class Broken extends Recorder {
      override onBatch(): void {
        calls += 1
        throw new Error('a defect')
      }
    }
    const recorder = new Broken((partition, self) => self.begin(partition))
    await start(app, recorder)
    await until('the failure', () => recorder.failures.length === 1)
    expect(recorder.failures[0]?.error.message).toBe('a defect')
    expect(calls).toBe(1)
  })

  test.each([0, 1, 3, 10, 30, 60, 100])(
    'stopped after %i ms of its start it is gone',
    async (ms) => {
      const app = await createApplication(1)
      const source = app.source()
      const starting = source.start(new Recorder((partition, self) => self.begin(partition)))
      const outcome = starting.then(
        () => 'joined',
        () => 'stopped',
      )
      await delay(ms)
      const beganMs = performance.now()
      await source.stop()
      expect(['joined', 'stopped']).toContain(await outcome)
      expect(performance.now() - beganMs).toBeLessThan(2_000)
      // The group has no member that nobody heartbeats for.
      const members = async (): Promise<number> => {
        const { groups } = await withAdmin((admin) => admin.describeGroups([app.name]))
        return groups[0]?.members.length ?? 0
      }
      await until('the group to be empty', async () => (await members()) === 0, 2_000)
    },
  )

  test('a missing topic is an error that says so', async () => {
    const app = application()
    const source = app.source()
    await expect(source.start(new Recorder())).rejects.toMatchObject({
      code: 'HEADRACE_KAFKA_TOPIC_MISSING',
      exitCode: 69,
      message: expect.stringContaining(app.topics.input),
    })
  })
})

describe('two sources of one group', () => {
  test('share the partitions, hand them over, and take them back', async () => {
    const app = await createApplication(4)
    const send = async (round: string): Promise<void> => {
      for (const partition of [0, 1, 2, 3]) {
        await produce(app.topics.input, range(10, `${round}.${partition}.`).map(message(partition)))
      }
    }
    await send('one')
    const first = await start(app)
    await until('all of round one', () => first.recorder.values().length === 40)

    const second = await start(app)
    await until('a share for both', () => {
      const shares = [first, second].map(({ recorder }) => recorder.assignments.at(-1)?.length)
      return shares[0] === 2 && shares[1] === 2
    })
    await first.source.heartbeat()
    await second.source.heartbeat()
    const kept = first.recorder.assignments.at(-1) ?? []
    const moved = second.recorder.assignments.at(-1) ?? []
    expect([...kept, ...moved].toSorted()).toEqual([0, 1, 2, 3])

    await send('two')
    await until('round two at both', () =>
      [first, second].every(({ recorder }) =>
        recorder.assignments
          .at(-1)
          ?.every((partition) => recorder.values(partition).includes(`two.${partition}.9`)),
      ),
    )
    // What was kept went on where it stood; what moved began anew, as this listener says.
    for (const partition of kept) {
      expect(first.recorder.values(partition)).toEqual([
        ...range(10, `one.${partition}.`),
        ...range(10, `two.${partition}.`),
      ])
    }
    for (const partition of moved) {
      expect(second.recorder.values(partition)).toHaveLength(20)
    }

    await second.source.stop()
    await until('all partitions back', () => first.recorder.assignments.at(-1)?.length === 4)
    await first.source.heartbeat()
    for (const partition of moved) {
      await until('their records', () => first.recorder.values(partition).length === 30)
    }
    expect([...first.recorder.failures, ...second.recorder.failures]).toEqual([])
  })

  test('a listener that forgets to seek what it keeps is caught', async () => {
    const app = await createApplication(2)
    class Forgetful extends Recorder {
      override onAssigned(partitions: readonly number[]): void {
        this.assignments.push([...partitions])
        if (this.assignments.length > 1) return
        for (const partition of partitions) this.begin(partition)
      }
    }
    const recorder = new Forgetful()
    await start(app, recorder)
    // It keeps one of the two partitions when another member comes.
    await start(app)
    await until('the failure', () => recorder.failures.length === 1)
    expect(recorder.failures[0]?.error.message).toMatch(/onAssigned seeks partition [01]/)
    expect(recorder.failures[0]?.partition).toBeUndefined()
  })

  test('the input may not be created by asking for it', async () => {
    const topic = uniqueName('exists')
    await createTopic(topic)
    const app = application()
    await app
      .source()
      .start(new Recorder())
      .catch(() => {})
    const topics = await withAdmin((admin) => admin.listTopics())
    expect(topics).toContain(topic)
    expect(topics).not.toContain(app.topics.input)
  })
})
