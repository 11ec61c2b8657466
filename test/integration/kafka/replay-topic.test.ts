import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Message } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from '../../../src/cli/replay.ts'
import type { ReplayReport } from '../../../src/cli/replay-report.ts'
import { testIo } from '../../unit/cli/replay-support.ts'
import {
  brokers,
  createTopic,
  kafka,
  produce,
  produceTransaction,
  uniqueName,
  withAdmin,
} from '../support/broker.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headrace-replay-topic-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** JSON lines of two sequences; some are useless, some lack the target. */
function lines(count: number, seed = 0): string[] {
  return Array.from({ length: count }, (_, i) => {
    const at = new Date(1_600_000_000_000 + i * 60_000).toISOString()
    const station = `s${(i * 7 + seed) % 2}`
    const y = 50 + seed + 9 * Math.sin(i / 4) + ((i * 31) % 7)
    if (i % 23 === 9) return `{"at":"${at}","station":"${station}","y":`
    return JSON.stringify(i % 17 === 2 ? { at, station } : { at, station, y })
  })
}

function messages(values: readonly (string | null)[], partition = 0): Message[] {
  return values.map((value) => ({ partition, key: null, value }))
}

function configFile(topic: string, overrides: Readonly<Record<string, unknown>> = {}): string {
  const file = join(folder, `${uniqueName('config')}.yaml`)
  const config = {
    name: 'replayed',
    kafka: { brokers: brokers() },
    input: { topic, time: 'at', key: 'station' },
    task: { targets: ['y'], horizons: [1, 3], seasons: [7] },
    model: { hidden: 4, learningRates: [0.001], window: 8, updateEvery: 4 },
    ...overrides,
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

async function run(args: readonly string[], signal?: AbortSignal) {
  const io = testIo({ env: {}, ...(signal === undefined ? {} : { signal }) })
  const code = await command.run(args, io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

async function report(...args: string[]): Promise<ReplayReport> {
  const { code, out } = await run([...args, '--json'])
  expect(code).toBe(0)
  return JSON.parse(out) as ReplayReport
}

/** What must be equal for equal records, whatever they came from. */
function facts({ records, deadLetters, sequences, stateHash, scores }: ReplayReport) {
  return { records, deadLetters, sequences, stateHash, scores }
}

function readLines(path: string): Record<string, unknown>[] {
  const text = readFileSync(path, 'utf8').trimEnd()
  return text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** A file with the same rows. */
function rowsFile(values: readonly string[]): string {
  const path = join(folder, `${uniqueName('rows')}.jsonl`)
  writeFileSync(path, `${values.join('\n')}\n`)
  return path
}

describe('replay of a topic', () => {
  test('equals the replay of a file with the same rows, aborted records left out', async () => {
    const topic = uniqueName('in')
    await createTopic(topic)
    const values = lines(300)
    await produce(topic, messages(values.slice(0, 100)))
    await produceTransaction(topic, messages(lines(40, 5)), 'abort')
    await produceTransaction(topic, messages(values.slice(100, 200)), 'commit')
    await produce(topic, messages(values.slice(200)))
    await produceTransaction(topic, messages(lines(10, 5)), 'abort')
    const config = configFile(topic)
    const [fromTopic, fromFile] = [join(folder, 'topic.jsonl'), join(folder, 'file.jsonl')]
    const ofTopic = await report('-c', config, '--predictions', fromTopic)
    const ofFile = await report(rowsFile(values), '-c', config, '--predictions', fromFile)
    expect(facts(ofTopic)).toEqual(facts(ofFile))
    expect(ofTopic.deadLetters).toBeGreaterThan(10)
    // A hundred records, forty aborted ones and their marker, a hundred and theirs, and so on.
    const end = 100 + 41 + 101 + 100 + 11
    const { stateHash } = ofFile
    expect(ofTopic.partitions).toEqual([
      { partition: 0, from: 0, until: end, records: 300, stateHash },
    ])
    const shift = (row: number) => (row < 100 ? row : row < 200 ? row + 41 : row + 42)
    const expected = readLines(fromFile).map((line) => ({
      ...line,
      offset: shift(line.offset as number),
    }))
    expect(readLines(fromTopic)).toEqual(expected)
  })

  test('gives each partition a model of its own and pools the scores', async () => {
    const topic = uniqueName('in')
    await createTopic(topic, 3)
    const rows = [lines(200), lines(120, 3)]
    await produce(topic, [...messages(rows[0]!, 0), ...messages(rows[1]!, 2)])
    const config = configFile(topic)
    const predictions = join(folder, 'partitions.jsonl')
    const all = await report('-c', config, '--predictions', predictions)
    const [first, second] = await Promise.all(
      rows.map((values) => report(rowsFile(values), '-c', config)),
    )
    const empty = await report('-c', config, '--partition', '1')
    expect(all).not.toHaveProperty('stateHash')
    expect(
      all.partitions?.map(({ partition, records, stateHash }) => [partition, records, stateHash]),
    ).toEqual([
      [0, 200, first!.stateHash],
      [1, 0, empty.stateHash],
      [2, 120, second!.stateHash],
    ])
    expect(all).toMatchObject({ records: 320, sequences: 4 })
    expect(all.deadLetters).toBe(first!.deadLetters + second!.deadLetters)
    all.scores!.forEach((score, i) => {
      const [a, b] = [first!.scores![i]!, second!.scores![i]!]
      expect(score.count).toBe(a.count + b.count)
      const mean = (x: number, y: number) => (x * a.count + y * b.count) / score.count
      expect(score.mae).toBeCloseTo(mean(a.mae!, b.mae!), 10)
      expect(score.mse).toBeCloseTo(mean(a.mse!, b.mse!), 8)
      // Two sequences in each: s0 of one partition is not s0 of the other.
      const perSequence = (a.mase.perSequence! + b.mase.perSequence!) / 2
      expect(score.mase.perSequence).toBeCloseTo(perSequence, 10)
    })
    const written = readLines(predictions)
    expect(new Set(written.map(({ partition }) => partition))).toEqual(new Set([0, 2]))
    expect(Object.keys(written[0]!).slice(0, 2)).toEqual(['partition', 'offset'])

    const one = await report('-c', config, '--partition', '2,2', '--limit', '50')
    const limited = await report(rowsFile(rows[1]!), '-c', config, '--limit', '50')
    expect(facts(one)).toEqual(facts(limited))
    const two = await report('-c', config, '--partition', '2', '--partition', '0', '--limit', '60')
    expect(two.partitions?.map(({ partition, records }) => [partition, records])).toEqual([
      [0, 60],
      [2, 60],
    ])
    const { out } = await run(['-c', config])
    expect(out).toMatch(/partition +records +offsets from +until +state\n0 +200 +0 +200 +[0-9a-f]/)
  })

  test('reads between offsets and between times', async () => {
    const topic = uniqueName('in')
    await createTopic(topic)
    const values = lines(200)
    const timed = messages(values).map((message, i) => ({
      ...message,
      timestamp: String(1_600_000_000_000 + i * 60_000),
    }))
    await produce(topic, timed)
    const config = configFile(topic)
    const expected = facts(await report(rowsFile(values.slice(60, 150)), '-c', config))
    const byOffset = await report('-c', config, '--from', '60', '--until', '150')
    expect(facts(byOffset)).toEqual(expected)
    const time = (i: number) => new Date(1_600_000_000_000 + i * 60_000).toISOString()
    // Between two records: the first at or after it counts.
    const byTime = await report('-c', config, '--from', time(59.5), '--until', time(150))
    expect(facts(byTime)).toEqual(expected)
    expect(byTime.partitions).toMatchObject([{ from: 60, until: 150 }])

    const late = await report('-c', config, '--from', '2100-01-01T00:00Z')
    expect(late).toMatchObject({ records: 0, sequences: 0, deadLetters: 0 })
    expect(late.scores![0]).toMatchObject({ count: 0, mase: {} })
    expect((await report('-c', config, '--from', 'latest')).records).toBe(0)
    expect((await report('-c', config, '--until', '0')).records).toBe(0)
  })

  test('begins where retention has cut, and says so for what is gone', async () => {
    const topic = uniqueName('in')
    await createTopic(topic)
    const values = lines(120)
    await produce(topic, messages(values))
    await withAdmin(async (admin) => {
      // kafkajs deletes where it has looked before.
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '70' }] })
    })
    const config = configFile(topic)
    const whole = await report('-c', config)
    expect(facts(whole)).toEqual(facts(await report(rowsFile(values.slice(70)), '-c', config)))
    const refused = { code: 'HEADRACE_USAGE', exitCode: 2 }
    const holds = `partition 0 of topic ${topic} holds the offsets 70 to 119`
    for (const args of [
      ['--from', '69'],
      ['--until', '121'],
    ]) {
      const failing = run(['-c', config, ...args])
      await expect(failing).rejects.toMatchObject(refused)
      await expect(failing).rejects.toThrow(holds)
    }
  })

  test('ends in front of a transaction that is open', async () => {
    const topic = uniqueName('in')
    await createTopic(topic)
    await produce(topic, messages(lines(30)))
    const producer = kafka().producer({ transactionalId: uniqueName('open'), idempotent: true })
    await producer.connect()
    const transaction = await producer.transaction()
    try {
      await transaction.send({ topic, messages: messages(lines(5, 1)) })
      const { partitions } = await report('-c', configFile(topic))
      expect(partitions).toMatchObject([{ records: 30, until: 30 }])
    } finally {
      await transaction.abort()
      await producer.disconnect()
    }
  })

  test('leaves no trace: no group, no topic, no record', async () => {
    const topic = uniqueName('in')
    await createTopic(topic)
    await produce(topic, messages(lines(20)))
    const look = () =>
      withAdmin(async (admin) => ({
        groups: (await admin.listGroups()).groups.map(({ groupId }) => groupId).sort(),
        topics: (await admin.listTopics()).sort(),
        offsets: await admin.fetchTopicOffsets(topic),
      }))
    const before = await look()
    await report('-c', configFile(topic))
    expect(await look()).toEqual(before)
  })

  test('says what cannot be used by its offset, and that the topic is compacted', async () => {
    const topic = uniqueName('in')
    await createTopic(topic, 1, { 'cleanup.policy': 'compact' })
    const keyed = (value: string | null) => ({ partition: 0, key: 'k', value })
    await produce(topic, [keyed(lines(1)[0]!), keyed(null), keyed('{')])
    const { code, out, err } = await run(['-c', configFile(topic), '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ records: 3, deadLetters: 2 })
    expect(err).toContain(`warning: topic ${topic} is compacted`)
    expect(err).toContain('the first is partition 0, offset 1: HEADRACE_RECORD_NULL_VALUE')
  })

  test('puts several configurations side by side, over the same records', async () => {
    const topic = uniqueName('in')
    await createTopic(topic)
    await produce(topic, messages(lines(80)))
    const files = [4, 6].map((hidden) => configFile(topic, { model: { hidden } }))
    const args = files.flatMap((file) => ['-c', file])
    const { out } = await run([...args, '--json'])
    const reports = JSON.parse(out) as ReplayReport[]
    expect(reports.map(({ records }) => records)).toEqual([80, 80])
    expect(reports[0]?.stateHash).not.toBe(reports[1]?.stateHash)
  })

  test('an interrupted one prints what it has', async () => {
    const topic = uniqueName('in')
    await createTopic(topic, 2)
    await produce(topic, [...messages(lines(900)), ...messages(lines(900), 1)])
    const config = configFile(topic)
    const controller = new AbortController()
    const io = testIo({ env: {}, terminal: true, signal: controller.signal })
    // The bar shows up once records have been learnt.
    const write = io.stderr.write.bind(io.stderr)
    io.stderr.write = ((...args: Parameters<typeof write>) => {
      controller.abort()
      return write(...args)
    }) as typeof write
    expect(await command.run(['-c', config, '--json'], io)).toBe(0)
    const interrupted = JSON.parse(io.stdout.text) as ReplayReport
    expect(interrupted.records).toBeGreaterThan(0)
    expect(interrupted.records).toBeLessThan(900)
    expect(interrupted.partitions).toHaveLength(1)
    expect(io.stderr.text).toMatch(/interrupted after \d+ records/)

    const early = await run(['-c', config, '--json'], AbortSignal.abort())
    expect(JSON.parse(early.out)).toMatchObject({ records: 0, partitions: [] })
  })
})

describe('a topic that cannot be replayed', () => {
  test.each([
    [['--partition', '2'], 'HEADRACE_USAGE', /has no partition 2: it has partitions 0 to 1/],
    [['--from', '0'], 'HEADRACE_USAGE', /has 2 partitions, and an offset belongs to one/],
    [['--partition', '0', '--until', '1'], 'HEADRACE_USAGE', /holds no record, its end is 0/],
    [['--set', 'input.topic=never-there'], 'HEADRACE_KAFKA_TOPIC_MISSING', /never-there/],
    [['--set', 'kafka.brokers=127.0.0.1:1'], 'HEADRACE_KAFKA_UNREACHABLE', /127\.0\.0\.1:1/],
  ])('%j', async (args, code, message) => {
    const topic = uniqueName('in')
    await createTopic(topic, 2)
    const failing = run(['-c', configFile(topic), ...args])
    await expect(failing).rejects.toMatchObject({
      code,
      exitCode: code === 'HEADRACE_USAGE' ? 2 : 69,
    })
    await expect(failing).rejects.toThrow(message)
  })
})
