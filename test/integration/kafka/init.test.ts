import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Message } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from '../../../src/cli/init.ts'
import { command as replay } from '../../../src/cli/replay.ts'
import { command as validate } from '../../../src/cli/validate.ts'
import { loadServiceConfig } from '../../../src/config/load.ts'
import { testIo } from '../../unit/cli/replay-support.ts'
import {
  brokers,
  createTopic,
  produce,
  produceTransaction,
  uniqueName,
  withAdmin,
} from '../support/broker.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headrace-init-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const startMs = 1_700_000_000_000
const quarterMs = 900_000

/** A day of quarter hours, over and over, for two stations. */
function rides(steps: number): Message[] {
  return Array.from({ length: 2 * steps }, (_, i) => {
    const step = i >> 1
    const station = i % 2 === 0 ? 'jfk' : 'lga'
    const passengers = 500 + 300 * Math.sin((2 * Math.PI * step) / 96) + ((i * 37) % 23)
    const value = { seen: new Date(startMs + step * quarterMs).toISOString(), passengers }
    return { partition: i % 2, key: station, value: JSON.stringify(value) }
  })
}

async function init(...args: string[]) {
  const io = testIo({ env: { KAFKA_BROKERS: brokers().join(',') } })
  const code = await command.run(args, io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

/** `init` of a topic; what it writes must validate and replay. */
async function roundTrip(topic: string, ...args: string[]) {
  const output = join(folder, `${uniqueName('config')}.yaml`)
  const { code, out, err } = await init(topic, '--output', output, ...args)
  expect(code).toBe(0)
  expect(out).toBe('')
  const text = readFileSync(output, 'utf8')
  const loaded = loadServiceConfig({ file: output, env: {} }).config
  expect(loaded.kafka.brokers).toEqual(brokers())
  expect(await validate.run(['-c', output, '--offline'], testIo({}))).toBe(0)
  const io = testIo({})
  const small = ['--set', 'model.portfolio=network', '--set', 'model.hidden=4']
  await replay.run(['-c', output, '--json', '--limit', '300', ...small], io)
  return { config: loaded, text, err, report: JSON.parse(io.stdout.text) }
}

describe('headrace init of a topic', () => {
  test('JSON with keys: the record’s key, the field of the time, the season', async () => {
    const topic = uniqueName('rides')
    await createTopic(topic, 2)
    await produce(topic, rides(600))
    const { config, text, err, report } = await roundTrip(topic)
    expect(config).toMatchObject({
      name: topic,
      input: { topic, format: 'json', time: 'seen' },
      task: { targets: ['passengers'], seasons: [96, 672] },
    })
    expect(config.input.key).toBeUndefined()
    for (const words of [text, err]) {
      expect(words).toContain('name 2 sequences in 1,200 records: input.key is not needed.')
      expect(words).toContain('96 steps (a day): the value a day earlier explains')
    }
    expect(report).toMatchObject({ records: 600, deadLetters: 0, sequences: 2 })
  })

  test('CSV lines without names, beside aborted ones and a header that came along', async () => {
    const topic = uniqueName('csv')
    await createTopic(topic)
    const lines = Array.from(
      { length: 400 },
      (_, i) =>
        `${startMs + i * quarterMs},${(100 + 20 * Math.sin((i * Math.PI) / 12)).toFixed(2)}`,
    )
    const messages = (values: readonly string[]) =>
      values.map((value, i) => ({ partition: 0, value, timestamp: String(startMs + i) }))
    await produceTransaction(topic, messages(['{"not":"this"}', 'nor,this,one']), 'abort')
    await produce(topic, messages(lines))
    const plain = await roundTrip(topic)
    expect(plain.config).toMatchObject({
      input: { topic, format: 'csv', columns: ['column_1', 'column_2'], time: 'column_1' },
      task: { targets: ['column_2'], seasons: [24, 96, 672] },
    })
    expect(plain.err).toContain('--columns a,b,… names them better')
    const named = await roundTrip(topic, '--columns', 'at,load')
    expect(named.config).toMatchObject({ input: { time: 'at' }, task: { targets: ['load'] } })
    expect(named.report).toMatchObject({ records: 300, deadLetters: 0, sequences: 1 })

    const headed = uniqueName('headed')
    await createTopic(headed)
    await produce(headed, messages(['at,load', ...lines]))
    const { config, err, report } = await roundTrip(headed)
    expect(config.input.columns).toEqual(['at', 'load'])
    expect(err).toContain('include a header line: it becomes a dead letter')
    expect(report.deadLetters).toBe(1)
  })

  test('leaves no trace: no group, no topic', async () => {
    const topic = uniqueName('quiet')
    await createTopic(topic)
    await produce(
      topic,
      rides(30).map((message) => ({ ...message, partition: 0 })),
    )
    const state = () =>
      withAdmin(async (admin) => ({
        topics: (await admin.listTopics()).sort(),
        groups: (await admin.listGroups()).groups.map(({ groupId }) => groupId).sort(),
      }))
    const before = await state()
    const { out } = await init('--topic', topic, '--json')
    expect(JSON.parse(out)).toMatchObject({
      source: { kind: 'topic', name: topic, partitions: 1 },
      rows: 60,
      isCut: false,
      key: { by: 'record', sequences: 2 },
    })
    expect(await state()).toEqual(before)
  })

  test('says what is wrong with a topic', async () => {
    const [empty, binary, nulls, compacted] = ['empty', 'binary', 'nulls', 'compacted'].map(
      uniqueName,
    ) as [string, string, string, string]
    await createTopic(empty, 3)
    await createTopic(binary)
    await createTopic(nulls)
    await createTopic(compacted, 1, { 'cleanup.policy': 'compact' })
    const avro = Buffer.from([0, 0, 0, 0, 42, 0x02, 0x80, 0x99])
    await produce(
      binary,
      Array.from({ length: 5 }, () => ({ partition: 0, value: avro })),
    )
    await produce(nulls, [{ partition: 0, key: 'a', value: null }])
    await produce(
      compacted,
      rides(30).map((message) => ({ ...message, partition: 0 })),
    )
    const unreadable = { code: 'HEADRACE_INPUT_UNREADABLE', exitCode: 2 }
    for (const [topic, message] of [
      [empty, 'it holds no records yet'],
      [binary, 'as Avro or Protobuf with schema 42 of a registry are'],
      [nulls, 'it holds one record without a value'],
    ] as const) {
      const failing = init('--topic', topic)
      await expect(failing).rejects.toMatchObject(unreadable)
      await expect(failing).rejects.toThrow(message)
    }
    expect((await init('--topic', compacted)).err).toContain('The topic is compacted')
    const absent = uniqueName('absent')
    const missing = init(absent)
    await expect(missing).rejects.toMatchObject({
      code: 'HEADRACE_KAFKA_TOPIC_MISSING',
      exitCode: 69,
    })
    await expect(missing).rejects.toThrow(absent)
    await expect(init('--topic', absent, '--brokers', '127.0.0.1:1')).rejects.toMatchObject({
      code: 'HEADRACE_KAFKA_UNREACHABLE',
      exitCode: 69,
    })
  })
})
