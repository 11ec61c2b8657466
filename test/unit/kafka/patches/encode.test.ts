import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c, encodeRecord, groupMessages } from '../../../../src/kafka/patches/encode.ts'

// kafkajs as it comes: the oracle.
const require = createRequire(import.meta.url)
const plainRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (fields: object) => {
  buffer: Buffer
  size(): number
}
const plainCrc = require('kafkajs/src/protocol/recordBatch/crc32C/crc32C') as (
  bytes: Buffer,
) => number
const plainGroup = require('kafkajs/src/producer/groupMessagesPerPartition') as (
  grouping: object,
) => object

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const field = fc.oneof(bytes, fc.constant(null), fc.string({ unit: 'binary' }))
const header = fc.oneof(bytes, fc.string({ unit: 'binary' }))
const headers = fc.dictionary(
  fc.string({ minLength: 1, unit: 'binary' }).filter((name) => name !== '__proto__'),
  fc.oneof(header, fc.array(header, { maxLength: 3 })),
  { maxKeys: 4 },
)

test('a record has the bytes that kafkajs gives it', () => {
  fc.assert(
    fc.property(
      fc.record({
        key: field,
        value: field,
        headers,
        offsetDelta: fc.nat(2 ** 30),
        timestampDelta: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      }),
      (fields) => {
        const record = encodeRecord(fields)
        expect(record.buffer.equals(plainRecord(fields).buffer)).toBe(true)
        expect(record.size()).toBe(record.buffer.length)
      },
    ),
  )
})

test('what is left out is what kafkajs takes it for', () => {
  for (const fields of [{}, { value: Buffer.from('x') }, { key: undefined, value: '' }]) {
    expect(encodeRecord(fields).buffer).toEqual(plainRecord(fields).buffer)
  }
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
