import { createRequire } from 'node:module'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { loadKafkajs } from '../../../../src/kafka/patches/apply.ts'
import { createBatchClass, type PartitionData } from '../../../../src/kafka/patches/batch.ts'
import {
  createDecodeMessages,
  type Decoder,
  type FetchedRecord,
} from '../../../../src/kafka/patches/decode.ts'

type DecodeMessages = (decoder: Decoder) => Promise<FetchedRecord[]>

// The corrected codecs come with it; the modules below are then those of the same instance.
loadKafkajs()
const require = createRequire(import.meta.url)
const DecoderClass = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder
const decodeMessages = createDecodeMessages({
  createDecoder: (bytes) => new DecoderClass(bytes),
  decodeBatch: require('kafkajs/src/protocol/recordBatch/v0/decoder'),
  decodeMessageSet: require('kafkajs/src/protocol/messageSet/decoder'),
})

interface BatchSpec {
  readonly base: number
  /** Offsets, relative to the base, of the records that are (still) there. */
  readonly deltas: readonly number[]
  readonly lastDelta: number
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd */
  readonly codec?: number
}

/** https://kafka.apache.org/documentation/#recordbatch */
function encodeBatch({ base, deltas, lastDelta, codec = 0 }: BatchSpec): Buffer {
  const plain = Buffer.concat(deltas.map(encodeRecord))
  const body = codec === 1 ? gzipSync(plain) : codec === 4 ? zstdCompressSync(plain) : plain
  const header = Buffer.alloc(61)
  header.writeBigInt64BE(BigInt(base), 0)
  header.writeInt32BE(61 - 12 + body.length, 8)
  header.writeInt8(2, 16)
  header.writeInt16BE(codec, 21)
  header.writeInt32BE(lastDelta, 23)
  header.writeBigInt64BE(1000n, 27)
  header.writeBigInt64BE(2000n, 35)
  header.writeBigInt64BE(-1n, 43)
  header.writeInt32BE(deltas.length, 57)
  return Buffer.concat([header, body])
}

function encodeRecord(delta: number): Buffer {
  const value = Buffer.from(`v${delta}`)
  const body = Buffer.concat([
    Buffer.from([0, 0]),
    varint(delta),
    varint(-1),
    varint(value.length),
    value,
    varint(0),
  ])
  return Buffer.concat([varint(body.length), body])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}

function fetchField(...batches: readonly Buffer[]): Decoder {
  const bytes = Buffer.concat(batches)
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return new DecoderClass(Buffer.concat([size, bytes]))
}

function offsets(records: readonly FetchedRecord[]): string[] {
  return records.map(({ offset, isControlRecord }) => (isControlRecord ? `(${offset})` : offset))
}

const whole = (base: number, count: number, codec = 0): Buffer =>
  encodeBatch({ base, deltas: [...Array(count).keys()], lastDelta: count - 1, codec })

describe('decodeMessages', () => {
  test('decodes whole batches as they are', async () => {
    const records = await decodeMessages(fetchField(whole(10, 2), whole(12, 1)))
    expect(offsets(records)).toEqual(['10', '11', '12'])
    expect(records.map(({ value }) => String(value))).toEqual(['v0', 'v1', 'v0'])
  })

  test('lets the position pass a batch that compaction has emptied or shortened', async () => {
    const empty = encodeBatch({ base: 10, deltas: [], lastDelta: 4 })
    const shortened = encodeBatch({ base: 15, deltas: [0, 2], lastDelta: 9 })
    const records = await decodeMessages(fetchField(empty, shortened))
    expect(offsets(records)).toEqual(['(14)', '15', '17', '(24)'])
  })

  test('kafkajs stands still at an emptied batch without the patch', async () => {
    const empty = encodeBatch({ base: 10, deltas: [], lastDelta: 4 })
    const unpatched = await unpatchedDecode()
    expect(await unpatched(fetchField(empty))).toEqual([])
  })

  test('takes a fetch of 200,000 records, at which spreading into push fails', async () => {
    const batch = whole(0, 200_000)
    const records = await decodeMessages(fetchField(batch))
    expect(records).toHaveLength(200_000)
    const unpatched = await unpatchedDecode()
    await expect(unpatched(fetchField(batch))).rejects.toThrow(RangeError)
  })

  test('stops before the part of a batch that a size limit has cut off', async () => {
    const cut = whole(12, 3).subarray(0, 65)
    expect(offsets(await decodeMessages(fetchField(whole(10, 2), cut)))).toEqual(['10', '11'])
  })

  test('reads gzip and zstd', async () => {
    const records = await decodeMessages(fetchField(whole(0, 2, 1), whole(2, 2, 4)))
    expect(offsets(records)).toEqual(['0', '1', '2', '3'])
    expect(records.every(({ failure }) => failure === undefined)).toBe(true)
  })

  test.each([
    [2, 'Snappy'],
    [3, 'LZ4'],
  ])('marks a batch of codec %i as unreadable behind the readable ones', async (codec, name) => {
    const records = await decodeMessages(fetchField(whole(0, 2), whole(2, 2, codec), whole(4, 2)))
    expect(offsets(records)).toEqual(['0', '1', '3'])
    expect(records[2]?.failure?.message).toContain(name)
  })

  test('marks a damaged batch instead of failing for all partitions', async () => {
    const damaged = whole(2, 2, 1)
    damaged.fill(0xff, 61)
    const records = await decodeMessages(fetchField(whole(0, 2), damaged))
    expect(offsets(records)).toEqual(['0', '1', '3'])
    expect(records[2]?.failure).toBeInstanceOf(Error)
  })
})

/** The module as it is shipped: the cache holds the corrected one. */
async function unpatchedDecode(): Promise<DecodeMessages> {
  const path = require.resolve('kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js')
  const patched = require.cache[path]
  delete require.cache[path]
  const original = require(path) as DecodeMessages
  require.cache[path] = patched
  return original
}

describe('Batch', () => {
  const Original = class {
    readonly partition: number
    readonly fetchedOffset: string
    readonly lastStableOffset: string = ''
    readonly rawMessages: readonly FetchedRecord[]
    readonly messages: readonly FetchedRecord[] = []
    constructor(_topic: string, fetchedOffset: string, data: PartitionData) {
      this.fetchedOffset = fetchedOffset
      this.partition = data.partition
      this.rawMessages = data.messages
    }
    isEmpty(): boolean {
      return this.messages.length === 0
    }
    lastOffset(): string {
      return '0'
    }
  }

  test('keeps the last stable offset, and is empty only where nothing was fetched', async () => {
    const Patched = createBatchClass(Original)
    const messages = await decodeMessages(
      fetchField(encodeBatch({ base: 0, deltas: [], lastDelta: 4 })),
    )
    const data = {
      partition: 3,
      highWatermark: '9',
      lastStableOffset: '7',
      abortedTransactions: null,
      messages,
    }
    const filtered = new Patched('rides', '0', data)
    expect(filtered.lastStableOffset).toBe('7')
    expect(filtered.messages).toHaveLength(0)
    expect(filtered.isEmpty()).toBe(false)
    expect(new Patched('rides', '0', { ...data, messages: [] }).isEmpty()).toBe(true)
  })

  test('is what kafkajs builds its batches from', () => {
    const ShippedBatch = require('kafkajs/src/consumer/batch.js')
    const batch = new ShippedBatch('rides', '5', {
      partition: 0,
      highWatermark: '9',
      lastStableOffset: '8',
      abortedTransactions: [],
      messages: [],
    })
    expect(batch.lastStableOffset).toBe('8')
  })
})
