import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { PartitionReader } from '../../../src/kafka/partition-reader.ts'
import { kafka, uniqueName, until, withAdmin } from '../support/broker.ts'
import { partitions, zeroKeyPartitions } from './app.ts'
import type { OutputBytes } from './output-line.ts'
import type { World } from './world.ts'

type Visit = (partition: number, output: OutputBytes) => Promise<void>

/** Reads every committed record of the outputs, each partition in its order. */
export interface OutputReader {
  readonly name: string
  /** The partitions whose records it gets right. */
  readonly partitions: readonly number[]
  read(world: World, topic: string, visit: Visit): Promise<void>
}

const everyPartition = Array.from({ length: partitions }, (_, partition) => partition)

/** An unpatched kafkajs, which int32 zeros as keys lead astray. */
export const kafkajsReader: OutputReader = {
  name: 'kafkajs',
  partitions: everyPartition.filter((partition) => partition >= zeroKeyPartitions),
  read: ({ broker }, topic, visit) => readByKafkajs(broker.address, topic, visit),
}

/** The reader of the service, its patches included. */
export const ownReader: OutputReader = {
  name: 'headrace',
  partitions: everyPartition,
  async read({ reader }, topic, visit) {
    for (const p of everyPartition) await readByOurs(reader, topic, p, (output) => visit(p, output))
  },
}

/** librdkafka. */
export const kcatReader: OutputReader = {
  name: 'kcat',
  partitions: everyPartition,
  async read({ broker: { address } }, topic, visit) {
    for (const p of everyPartition) {
      await readByKcat(address, topic, p, (output) => visit(p, output))
    }
  },
}

const deadlineMs = 120_000

/** Reads a topic read_committed to its end, by an unpatched kafkajs. */
async function readByKafkajs(address: string, topic: string, visit: Visit): Promise<void> {
  const offsets = await withAdmin((admin) => admin.fetchTopicOffsets(topic), [address])
  const open = new Map<number, bigint>()
  for (const { partition, low, high } of offsets) {
    if (BigInt(high) > BigInt(low)) open.set(partition, BigInt(high))
  }
  if (open.size === 0) return
  const groupId = uniqueName('chaos-reader')
  const consumer = kafka([address]).consumer({
    groupId,
    readUncommitted: false,
    maxWaitTimeInMs: 100,
  })
  // It begins anew after an error that may pass.
  const visited = new Map<number, bigint>()
  let failure: Error | null = null
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) failure = payload.error
  })
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    const end = open.get(payload.partition)
    if (end !== undefined && BigInt(payload.lastOffset) + 1n >= end) open.delete(payload.partition)
  })
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, heartbeat }) => {
        for (const { offset, key, value, headers } of batch.messages) {
          if (BigInt(offset) <= (visited.get(batch.partition) ?? -1n)) continue
          visited.set(batch.partition, BigInt(offset))
          await visit(batch.partition, { key, value, headers: headersOf(headers) })
        }
        await heartbeat()
      },
    })
    const isDone = (): boolean => {
      if (failure !== null) throw failure
      return open.size === 0
    }
    await until(`the end of ${topic}`, isDone, deadlineMs)
  } finally {
    await consumer.disconnect()
  }
}

/** Reads a partition read_committed to its end, by our own patched reader. */
async function readByOurs(
  reader: PartitionReader,
  topic: string,
  partition: number,
  visit: (output: OutputBytes) => Promise<void>,
): Promise<void> {
  const start = await reader.offset(topic, partition, 'start')
  const end = await reader.offset(topic, partition, 'end')
  if (start >= end) return
  const outputs: OutputBytes[] = []
  await reader.read(topic, partition, start, ({ records, position }) => {
    for (const { key, value, headers } of records) {
      outputs.push({ key, value, headers: headersOf(headers as Record<string, Buffer>) })
    }
    return position >= end
  })
  for (const output of outputs) await visit(output)
}

function headersOf(headers: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]),
  )
}

/** A record as kcat is told to print it: what has a length first, so that any byte may follow. */
const kcatFormat = '%K %S %h\\n%k%s\\n'

/**
 * Reads a partition read_committed to its end, by librdkafka. Of the headers only those without a
 * comma in their values can be told apart, and `headrace-commit`, which is the last one.
 */
async function readByKcat(
  address: string,
  topic: string,
  partition: number,
  visit: (output: OutputBytes) => Promise<void>,
): Promise<void> {
  const from = ['-C', '-b', address, '-t', topic, '-p', String(partition), '-o', 'beginning']
  const how = ['-e', '-q', '-X', 'isolation.level=read_committed', '-f', kcatFormat]
  const kcat = spawn('kcat', [...from, ...how], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = endOf(kcat, `${topic}/${partition}`)
  const timer = setTimeout(() => kcat.kill('SIGKILL'), deadlineMs)
  let rest = Buffer.alloc(0)
  for await (const piece of kcat.stdout) {
    rest = Buffer.concat([rest, piece as Buffer])
    for (let parsed = parseKcat(rest); parsed !== null; parsed = parseKcat(rest)) {
      await visit(parsed.output)
      rest = rest.subarray(parsed.bytes)
    }
  }
  await ended
  clearTimeout(timer)
  if (rest.length > 0) throw new Error(`kcat ended within a record of ${topic}/${partition}`)
}

async function endOf(kcat: ChildProcess, what: string): Promise<void> {
  let said = ''
  kcat.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = (await once(kcat, 'close')) as [number | null]
  if (code !== 0) throw new Error(`kcat of ${what} ended with ${code}: ${said}`)
}

/** The first record; null while it is not all there. */
function parseKcat(bytes: Buffer): { output: OutputBytes; bytes: number } | null {
  const lineEnd = bytes.indexOf('\n')
  if (lineEnd < 0) return null
  const [, keyText, valueText, headerText] =
    /^(-?\d+) (-?\d+) (.*)$/s.exec(bytes.toString('utf8', 0, lineEnd)) ?? []
  const [keyBytes, valueBytes] = [Number(keyText), Number(valueText)]
  const keyFrom = lineEnd + 1
  const valueFrom = keyFrom + Math.max(0, keyBytes)
  const end = valueFrom + Math.max(0, valueBytes)
  if (bytes.length < end + 1) return null
  const output = {
    key: keyBytes < 0 ? null : bytes.subarray(keyFrom, valueFrom),
    value: valueBytes < 0 ? null : bytes.subarray(valueFrom, end),
    headers: parseHeaders(headerText ?? ''),
  }
  return { output, bytes: end + 1 }
}

/** `name=value,name=value`: a comma begins another header only before a name of ours. */
function parseHeaders(text: string): Record<string, string> {
  const pairs = text === '' ? [] : text.split(/,(?=(?:headrace-[a-z0-9-]+|upstream)=)/)
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}
