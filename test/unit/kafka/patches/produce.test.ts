import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c } from '../../../../src/kafka/patches/crc32c.ts'
import {
  createProduceRequest,
  type Encoded,
  groupMessages,
  type ProduceFields,
} from '../../../../src/kafka/patches/produce.ts'

// kafkajs as it comes: the oracle.
const require = createRequire(import.meta.url)
const plainRequest = require('kafkajs/src/protocol/requests/produce/v3/request') as (
  fields: ProduceFields,
) => { encode(): Promise<Encoded> }
const plainCrc = require('kafkajs/src/protocol/recordBatch/crc32C/crc32C') as (
  bytes: Buffer,
) => number
const plainGroup = require('kafkajs/src/producer/groupMessagesPerPartition') as (
  grouping: object,
) => object
const Long = require('kafkajs/src/utils/long') as { fromValue(value: string): object }

const nowMs = 1_790_000_000_000
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const field = fc.oneof(bytes, fc.constant(null), fc.string({ unit: 'binary' }))
const header = fc.oneof(bytes, fc.string({ unit: 'binary' }))
const headers = fc.dictionary(
  fc.string({ minLength: 1, unit: 'binary' }).filter((name) => name !== '__proto__'),
  fc.oneof(header, fc.array(header, { maxLength: 3 })),
  { maxKeys: 4 },
)
// A time is always given: kafkajs would take the clock's, twice.
const message = fc.record(
  { key: field, value: field, headers, timestamp: fc.constantFrom('1500000000000', `${nowMs}`) },
  { requiredKeys: ['key', 'value', 'timestamp'] },
)
const partition = fc.record({
  partition: fc.nat(1_000),
  firstSequence: fc.nat(2 ** 31 - 1),
  messages: fc.array(message, { minLength: 1, maxLength: 20 }),
})
const fields = fc.record({
  acks: fc.constantFrom(-1, 1),
  timeout: fc.nat(100_000),
  transactionalId: fc.option(fc.string({ minLength: 1, unit: 'binary' })),
  producerId: fc.nat().map((id) => Long.fromValue(`${id}`)),
  producerEpoch: fc.nat(32_767),
  topicData: fc.array(
    fc.record({ topic: fc.string(), partitions: fc.array(partition, { maxLength: 3 }) }),
    { maxLength: 3 },
  ),
})

test('a request has the bytes that kafkajs gives it', async () => {
  const request = createProduceRequest(plainRequest, () => nowMs)
  await fc.assert(
    fc.asyncProperty(fields, async (each) => {
      const expected = (await plainRequest(each).encode()).buffer
      const encoded = await request(each).encode()
      expect(encoded.buffer.equals(expected)).toBe(true)
      expect(encoded.size()).toBe(expected.length)
    }),
  )
})

test('messages without a time get the clock’s, all the same', async () => {
  const request = createProduceRequest(plainRequest, () => nowMs)
  const data = (messages: object[]): ProduceFields => ({
    acks: -1,
    timeout: 1,
    topicData: [{ topic: 't', partitions: [{ partition: 0, messages }] }],
  })
  const plain = [{ value: 'a' }, { key: 'k', value: Buffer.from('b') }, { value: null }]
  const timed = plain.map((each) => ({ ...each, timestamp: `${nowMs}` }))
  const encoded = await request(data(plain)).encode()
  expect(encoded.buffer).toEqual((await plainRequest(data(timed)).encode()).buffer)
})

test('compression is left to kafkajs', async () => {
  const request = createProduceRequest(plainRequest, () => nowMs)
  const messages = [{ value: 'a'.repeat(1_000), timestamp: `${nowMs}` }]
  const topicData = [{ topic: 't', partitions: [{ partition: 0, messages }] }]
  const gzip = { acks: -1, timeout: 1, compression: 1, topicData }
  expect((await request(gzip).encode()).size()).toBeLessThan(500)
})

test('the checksum is that of kafkajs, whatever the length and wherever the bytes lie', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(7), (array, from) => {
      const part = Buffer.from(array).subarray(from)
      expect(crc32c(part)).toBe(plainCrc(part))
    }),
  )
})

test('messages are grouped as kafkajs groups them, in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { maxLength: 50 }), (partitions) => {
      const messages = partitions.map((partition, index) => ({ partition, index }))
      const grouping = {
        topic: 't',
        partitionMetadata: [0],
        messages,
        partitioner: ({ message }: { message: { partition: number } }) => message.partition,
      }
      expect(groupMessages(grouping)).toEqual(plainGroup(grouping))
    }),
  )
  const nothing = { topic: 't', partitionMetadata: [], messages: [{}], partitioner: () => 0 }
  expect(groupMessages(nothing)).toEqual({})
})
