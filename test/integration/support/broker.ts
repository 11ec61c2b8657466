import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Admin,
  type Consumer,
  type EachMessagePayload,
  type ITopicConfig,
  Kafka,
  logLevel,
  type Message,
  Partitioners,
} from 'kafkajs'
import { inject } from 'vitest'
import { createAndAwait } from '../../../src/kafka/topics.ts'

const defaultDeadlineMs = 30_000

/** A record as a reader of committed records sees it. */
export interface ReadRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** host:port of the shared broker. */
export function brokers(): string[] {
  return [...inject('brokers')]
}

/** A name that no other test and no other run has: tests share one broker. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`
}

/** An unpatched kafkajs client: what the outside world sees of us. */
export function kafka(addresses: string[] = brokers()): Kafka {
  return new Kafka({
    clientId: 'headrace-test',
    brokers: addresses,
    logLevel: logLevel.NOTHING,
    // A fresh broker's coordinators load their topics for a while at first use.
    retry: { initialRetryTime: 100, retries: 10 },
  })
}

/** Runs `use` with a connected admin client. */
export async function withAdmin<T>(
  use: (admin: Admin) => Promise<T>,
  addresses: string[] = brokers(),
): Promise<T> {
  const admin = kafka(addresses).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

/**
 * Creates a topic and waits for its leaders. `config` holds topic properties, such as
 * `{ 'max.message.bytes': '8388608' }` where records beyond the usual 1 MB are due.
 */
export async function createTopic(
  topic: string,
  partitions = 1,
  config: Readonly<Record<string, string>> = {},
): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  const entry: ITopicConfig = { topic, numPartitions: partitions, configEntries }
  await withAdmin((admin) => createAndAwait(admin, [entry]))
}

export async function deleteTopics(topics: string[]): Promise<void> {
  await withAdmin((admin) => admin.deleteTopics({ topics }))
}

/** Produces messages in order, in sends of at most 1,000. Name `partition` in the messages. */
export async function produce(topic: string, messages: readonly Message[]): Promise<void> {
  const producer = kafka().producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  try {
    for (let from = 0; from < messages.length; from += 1_000) {
      await producer.send({ topic, messages: messages.slice(from, from + 1_000) })
    }
  } finally {
    await producer.disconnect()
  }
}

/**
 * Produces messages in one transaction that is committed or aborted: what an upstream
 * transactional producer leaves in a log.
 */
export async function produceTransaction(
  topic: string,
  messages: readonly Message[],
  outcome: 'commit' | 'abort',
): Promise<void> {
  const producer = kafka().producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    transactionalId: uniqueName('upstream'),
    maxInFlightRequests: 1,
    idempotent: true,
  })
  await producer.connect()
  try {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [...messages] })
    await transaction[outcome]()
  } finally {
    await producer.disconnect()
  }
}

/**
 * Reads committed records from the start of `topic` until `enough` says so, in the order of
 * arrival. Fails at the deadline, saying how many there were.
 */
export async function readUntil(
  topic: string,
  enough: (records: readonly ReadRecord[]) => boolean,
  deadlineMs = defaultDeadlineMs,
): Promise<ReadRecord[]> {
  const records: ReadRecord[] = []
  await reading(
    topic,
    (record) => records.push(record),
    () => enough(records),
    deadlineMs,
  )
  return records
}

/** Reads `count` committed records from the start of `topic`. */
export async function readCount(
  topic: string,
  count: number,
  deadlineMs = defaultDeadlineMs,
): Promise<ReadRecord[]> {
  return await readUntil(topic, (records) => records.length >= count, deadlineMs)
}

/**
 * Reads every committed record that `topic` holds at the time of the call. A transaction that
 * stays open before its end makes this fail at the deadline.
 */
export async function readToEnd(
  topic: string,
  deadlineMs = defaultDeadlineMs,
): Promise<ReadRecord[]> {
  const offsets = await withAdmin((admin) => admin.fetchTopicOffsets(topic))
  const open = new Map<number, bigint>()
  for (const { partition, low, high } of offsets) {
    if (BigInt(high) > BigInt(low)) open.set(partition, BigInt(high))
  }
  const records: ReadRecord[] = []
  const done = (): boolean => open.size === 0
  const onPosition = (partition: number, position: bigint): void => {
    const end = open.get(partition)
    if (end !== undefined && position >= end) open.delete(partition)
  }
  await reading(topic, (record) => records.push(record), done, deadlineMs, onPosition)
  return records
}

/** Polls `condition` until it holds; fails at the deadline with what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = defaultDeadlineMs,
): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await delay(20)
  }
}

async function reading(
  topic: string,
  visit: (record: ReadRecord) => void,
  done: () => boolean,
  deadlineMs: number,
  onPosition: (partition: number, position: bigint) => void = () => {},
): Promise<void> {
  if (done()) return
  const groupId = uniqueName('reader')
  const consumer: Consumer = kafka().consumer({
    groupId,
    readUncommitted: false,
    maxWaitTimeInMs: 100,
  })
  let count = 0
  const lastOffsets = new Map<number, bigint>()
  let crash: Error | null = null
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    // After a retriable error the consumer starts itself anew, from the beginning of the topic.
    if (!payload.restart) crash = payload.error
  })
  // Comes for batches of markers and aborted records too, which no handler ever sees.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    onPosition(payload.partition, BigInt(payload.lastOffset) + 1n)
  })
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async (payload) => {
        const record = toRecord(payload)
        if (record.offset <= (lastOffsets.get(record.partition) ?? -1n)) return
        lastOffsets.set(record.partition, record.offset)
        count++
        visit(record)
      },
    })
    await until(
      'the awaited records',
      () => {
        if (crash !== null) throw crash
        return done()
      },
      deadlineMs,
    ).catch((error: Error) => {
      throw new Error(`${topic}: ${error.message} (${count} committed records read)`)
    })
  } finally {
    await consumer.disconnect()
  }
  await withAdmin((admin) => admin.deleteGroups([groupId]))
}

function toRecord({ topic, partition, message }: EachMessagePayload): ReadRecord {
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [
    name,
    String(value),
  ])
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key?.toString() ?? null,
    value: message.value?.toString() ?? null,
    headers: Object.fromEntries(headers),
  }
}
