import { setTimeout as delay } from 'node:timers/promises'
import { Partitioners } from 'kafkajs'
import { expect, onTestFinished, test } from 'vitest'
import { silentLogger } from '../../../src/kafka/logger.ts'
import { PartitionReader } from '../../../src/kafka/partition-reader.ts'
import { createTopics, withAdmin } from '../../../src/kafka/topics.ts'
import { deleteTopics, kafka, produce, until } from '../support/broker.ts'
import { canStartBroker, MortalBroker } from './mortal-broker.ts'
import { type App, appOn, createApp, expectedOf, learntUpTo, Run, rows } from './support.ts'

// A machine that reaches Kafka by another way cannot kill it; CI has to have both.
const testWithBroker = test.runIf(canStartBroker || process.env.CI !== undefined)

async function produceTo(app: App, messages: ReturnType<typeof rows>): Promise<void> {
  const producer = kafka([...app.config.kafka.brokers]).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  await producer.send({ topic: app.topics.input, messages })
  await producer.disconnect()
}

/** The values of all committed records, in their order. */
async function valuesOf(app: App, topic: string): Promise<(string | null)[]> {
  const reader = new PartitionReader(app.config.kafka, silentLogger)
  const values: (string | null)[] = []
  const end = await reader.offset(topic, 0, 'end')
  const start = await reader.offset(topic, 0, 'start')
  if (end > start) {
    await reader.read(topic, 0, start, ({ records, position }) => {
      for (const { value } of records) values.push(value === null ? null : value.toString())
      return position >= end
    })
  }
  await reader.close()
  return values
}

testWithBroker('a broker killed and started again costs time, and no output', async () => {
  const broker = await MortalBroker.start()
  onTestFinished(() => broker.stop())
  const app = appOn([broker.address], { commit: { intervalMs: 10 } })
  await withAdmin(app.config.kafka, (admin) =>
    createTopics(admin, app.config, { inputPartitions: 1 }),
  )
  await produceTo(app, rows(0, 1_000))
  const run = new Run(app.file)
  await learntUpTo(app, [150], run)
  await broker.kill()
  await delay(4_000)
  expect((await run.get('/readyz')).status).toBe(503)
  await broker.revive()
  await learntUpTo(app, [1_000], run)
  await produceTo(app, rows(1_000, 1_100))
  await learntUpTo(app, [1_100], run)
  expect((await run.get('/readyz')).status).toBe(200)
  expect((await run.terminate()).code).toBe(0)
  const expected = expectedOf(app, rows(0, 1_100))
  expect(await valuesOf(app, app.topics.predictions)).toEqual(expected.predictions)
  expect(await valuesOf(app, app.topics.deadLetters)).toEqual(expected.deadLetters)
})

test('without its input topic the process is unready, and says so rarely', async () => {
  const app = await createApp(1)
  await produce(app.topics.input, rows(0, 20))
  const run = new Run(app.file)
  await learntUpTo(app, [20], run)
  await deleteTopics([app.topics.input])
  await until('the process to be unready', async () => (await run.get('/readyz')).status === 503)
  expect((await run.get('/readyz')).body).toContain(app.topics.input)
  const before = run.stderr.length
  await delay(6_000)
  expect(run.stderr.length - before).toBeLessThan(6_000)
  const lines = run.events('kafka.restart')
  expect(lines.length).toBeLessThan(12)
  expect(lines[0]).toMatchObject({ code: 'HEADRACE_KAFKA_TOPIC_MISSING', attempt: 1 })
  expect((await run.get('/readyz')).status).toBe(503)
  expect((await run.terminate()).code).toBe(0)
})
