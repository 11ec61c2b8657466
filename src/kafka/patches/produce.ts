import { crc32c } from './crc32c.ts'

/** A header of a message, as kafkajs takes it: one value or several. */
type HeaderValue = Buffer | string | null | undefined

/** A message as kafkajs takes it. */
interface Message {
  readonly key?: Buffer | string | null | undefined
  readonly value?: Buffer | string | null | undefined
  readonly timestamp?: string | number | null | undefined
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[]>> | undefined
}

interface PartitionData {
  readonly partition: number
  readonly firstSequence?: number
  readonly messages: readonly Message[]
}

/** What kafkajs asks to be sent to one broker. */
export interface ProduceFields {
  readonly acks: number
  readonly timeout: number
  readonly transactionalId?: string | null | undefined
  /** A 64-bit number of kafkajs's own. */
  readonly producerId?: { toString(): string } | undefined
  readonly producerEpoch?: number | undefined
  readonly compression?: number | undefined
  readonly topicData: readonly {
    readonly topic: string
    readonly partitions: readonly PartitionData[]
  }[]
}

/** What kafkajs takes an encoder for. */
export interface Encoded {
  readonly buf: Buffer
  readonly buffer: Buffer
  size(): number
}

interface ProduceRequest {
  encode(): Promise<Encoded>
}

/** The header of a batch (record format v2) before its records, and of a partition before it. */
const batchHeaderBytes = 61
const partitionHeaderBytes = 8
/** Where in a batch the bytes behind the checksum begin. */
const checkedFrom = 21
const magic = 2
const transactionalBit = 16

/**
 * Produce requests (v3 and later) in one buffer of their very size. kafkajs's own takes seven times
 * as long: each record, header and number goes into a buffer of its own, and all of it is copied
 * and cleared once for each of seven layers. Requests with compression are left to `original`.
 */
export function createProduceRequest(
  original: (fields: ProduceFields) => ProduceRequest,
  nowMs: () => number,
): (fields: ProduceFields) => ProduceRequest {
  return (fields) => {
    const request = original(fields)
    if ((fields.compression ?? 0) !== 0) return request
    return { ...request, encode: async () => encodeProduce(fields, nowMs()) }
  }
}

function encodeProduce(fields: ProduceFields, nowMs: number): Encoded {
  const { acks, timeout, transactionalId = null, topicData } = fields
  const batches = topicData.map(({ partitions }) => partitions.map((data) => measure(data, nowMs)))
  let size = sizeOfString(transactionalId) + 2 + 4 + 4
  for (const [t, { topic }] of topicData.entries()) {
    size += sizeOfString(topic) + 4
    for (const batch of batches[t] ?? []) size += partitionHeaderBytes + batch.bytes
  }
  const buf = Buffer.allocUnsafe(size)
  let at = writeString(buf, 0, transactionalId)
  at = buf.writeInt16BE(acks, at)
  at = buf.writeInt32BE(timeout, at)
  at = buf.writeInt32BE(topicData.length, at)
  for (const [t, { topic }] of topicData.entries()) {
    const list = batches[t] ?? []
    at = writeString(buf, at, topic)
    at = buf.writeInt32BE(list.length, at)
    for (const batch of list) at = writeBatch(buf, at, batch, fields)
  }
  return { buf, buffer: buf, size: () => buf.length }
}

/** The messages of one partition, ready to be written. */
interface Batch {
  readonly data: PartitionData
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  /** Fields of the records as bytes, and the size of each record behind its length. */
  readonly records: readonly RecordBytes[]
  readonly bytes: number
}

interface RecordBytes {
  readonly timestampDelta: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Names and values in turn. */
  readonly headers: readonly (Buffer | null)[]
  readonly bodyBytes: number
}

const noHeaders: readonly (Buffer | null)[] = []

function measure(data: PartitionData, nowMs: number): Batch {
  const { messages } = data
  // As kafkajs has it: the first and the last of those given, in the order of their texts.
  const given = messages.flatMap(({ timestamp }) => timestamp ?? []).sort()
  const firstTimestamp = Number(given[0] ?? nowMs)
  const maxTimestamp = Number(given.at(-1) ?? nowMs)
  let bytes = batchHeaderBytes
  const records = messages.map((message, offsetDelta) => {
    const timestampDelta = Number(message.timestamp || nowMs) - firstTimestamp
    const record = recordBytes(message, timestampDelta, offsetDelta)
    bytes += sizeOf(record.bodyBytes) + record.bodyBytes
    return record
  })
  return { data, firstTimestamp, maxTimestamp, records, bytes }
}

function recordBytes(message: Message, timestampDelta: number, offsetDelta: number): RecordBytes {
  const key = toBytes(message.key)
  const value = toBytes(message.value)
  const headers = message.headers === undefined ? noHeaders : headerPieces(message.headers)
  let bodyBytes = 1 + sizeOf(timestampDelta) + sizeOf(offsetDelta)
  bodyBytes += sizeOfBytes(key) + sizeOfBytes(value) + sizeOf(headers.length / 2)
  for (const piece of headers) bodyBytes += sizeOfBytes(piece)
  return { timestampDelta, key, value, headers, bodyBytes }
}

function writeBatch(buf: Buffer, from: number, batch: Batch, fields: ProduceFields): number {
  const { data, records, bytes, firstTimestamp, maxTimestamp } = batch
  let at = buf.writeInt32BE(data.partition, from)
  at = buf.writeInt32BE(bytes, at)
  const begin = at
  at = buf.writeBigInt64BE(0n, at)
  at = buf.writeInt32BE(bytes - 12, at)
  at = buf.writeInt32BE(0, at)
  at = buf.writeInt8(magic, at)
  const checksumAt = at
  at = buf.writeInt16BE(fields.transactionalId ? transactionalBit : 0, at + 4)
  at = buf.writeInt32BE(records.length - 1, at)
  at = buf.writeBigInt64BE(BigInt(firstTimestamp), at)
  at = buf.writeBigInt64BE(BigInt(maxTimestamp), at)
  at = buf.writeBigInt64BE(BigInt(fields.producerId?.toString() ?? -1), at)
  at = buf.writeInt16BE(fields.producerEpoch ?? 0, at)
  at = buf.writeInt32BE(data.firstSequence ?? 0, at)
  at = buf.writeInt32BE(records.length, at)
  for (let i = 0; i < records.length; i++) at = writeRecord(buf, at, records[i] as RecordBytes, i)
  buf.writeUInt32BE(crc32c(buf.subarray(begin + checkedFrom, at)), checksumAt)
  return at
}

function writeRecord(buf: Buffer, from: number, record: RecordBytes, offsetDelta: number): number {
  const { timestampDelta, key, value, headers, bodyBytes } = record
  let at = write(buf, from, bodyBytes)
  // Attributes: none are in use.
  buf[at++] = 0
  at = write(buf, at, timestampDelta)
  at = write(buf, at, offsetDelta)
  at = writeBytes(buf, at, key)
  at = writeBytes(buf, at, value)
  at = write(buf, at, headers.length / 2)
  for (const piece of headers) at = writeBytes(buf, at, piece)
  return at
}

interface Grouping<M> {
  readonly topic: string
  readonly partitionMetadata: readonly unknown[]
  readonly messages: readonly M[]
  readonly partitioner: (choice: {
    topic: string
    partitionMetadata: readonly unknown[]
    message: M
  }) => number
}

/** A send's messages by partition. kafkajs's own copies the list once for each message. */
export function groupMessages<M>(grouping: Grouping<M>): Record<number, M[]> {
  const { topic, partitionMetadata, messages, partitioner } = grouping
  const groups: Record<number, M[]> = {}
  if (partitionMetadata.length === 0) return groups
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message })
    groups[partition] ??= []
    groups[partition].push(message)
  }
  return groups
}

/** Names and values in turn. */
function headerPieces(headers: NonNullable<Message['headers']>): (Buffer | null)[] {
  const pieces: (Buffer | null)[] = []
  for (const name of Object.keys(headers)) {
    const header = headers[name]
    for (const value of Array.isArray(header) ? header : [header]) {
      pieces.push(Buffer.from(name), toBytes(value as HeaderValue))
    }
  }
  return pieces
}

function toBytes(value: HeaderValue): Buffer | null {
  if (value === null || value === undefined) return null
  return Buffer.isBuffer(value) ? value : Buffer.from(String(value))
}

/** Bytes of a zigzag variable-length integer, a safe one. */
function sizeOf(value: number): number {
  let size = 1
  for (let rest = zigzag(value); rest >= 128; rest = Math.floor(rest / 128)) size++
  return size
}

function write(buf: Buffer, from: number, value: number): number {
  let at = from
  let rest = zigzag(value)
  for (; rest >= 128; rest = Math.floor(rest / 128)) buf[at++] = (rest % 128) | 128
  buf[at++] = rest
  return at
}

function zigzag(value: number): number {
  return value >= 0 ? 2 * value : -2 * value - 1
}

function sizeOfBytes(bytes: Buffer | null): number {
  return bytes === null ? 1 : sizeOf(bytes.length) + bytes.length
}

function writeBytes(buf: Buffer, from: number, bytes: Buffer | null): number {
  if (bytes === null) return write(buf, from, -1)
  const at = write(buf, from, bytes.length)
  buf.set(bytes, at)
  return at + bytes.length
}

function sizeOfString(text: string | null): number {
  return 2 + (text === null ? 0 : Buffer.byteLength(text))
}

function writeString(buf: Buffer, from: number, text: string | null): number {
  if (text === null) return buf.writeInt16BE(-1, from)
  const at = buf.writeInt16BE(Buffer.byteLength(text), from)
  return at + buf.write(text, at)
}
