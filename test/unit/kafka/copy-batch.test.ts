import { expect, test } from 'vitest'
import { copyBatch } from '../../../src/kafka/copy-batch.ts'
import type { FetchedBatch } from '../../../src/kafka/patches/batch.ts'
import type { FetchedRecord } from '../../../src/kafka/patches/decode.ts'

const fetchBuffer = Buffer.from('keyONEvalueTWO')

function record(offset: number, key: Buffer | null, value: Buffer | null): FetchedRecord {
  return {
    offset: String(offset),
    timestamp: String(1000 + offset),
    key,
    value,
    headers: {},
    isControlRecord: false,
    batchContext: {
      firstOffset: '0',
      lastOffsetDelta: 0,
      maxTimestamp: '0',
      producerId: '-1',
      inTransaction: false,
      isControlBatch: false,
    },
  }
}

function batch(messages: FetchedRecord[], lastOffset = 9): FetchedBatch {
  return {
    partition: 2,
    fetchedOffset: '5',
    lastStableOffset: '20',
    rawMessages: messages,
    messages,
    isEmpty: () => false,
    lastOffset: () => String(lastOffset),
  }
}

test('the copy has the same bytes in one buffer of its own, which may be given away', () => {
  const { batch: copy, failure } = copyBatch(
    batch([
      record(5, fetchBuffer.subarray(0, 3), fetchBuffer.subarray(6, 11)),
      record(7, null, Buffer.alloc(0)),
      record(8, fetchBuffer.subarray(3, 6), null),
    ]),
  )
  expect(failure).toBeUndefined()
  expect(copy).toMatchObject({ partition: 2, nextOffset: 10n, endOffset: 20n })
  const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString())
  expect(
    copy.records.map(({ offset, timestampMs, key, value }) => [
      offset,
      timestampMs,
      text(key),
      text(value),
    ]),
  ).toEqual([
    [5n, 1005, 'key', 'value'],
    [7n, 1007, null, ''],
    [8n, 1008, 'ONE', null],
  ])
  const buffer = copy.records[0]?.value?.buffer as ArrayBuffer
  expect(copy.records[2]?.key?.buffer).toBe(buffer)
  expect(buffer.byteLength).toBe(11)
  structuredClone(buffer, { transfer: [buffer] })
  expect(fetchBuffer.toString()).toBe('keyONEvalueTWO')
})

test('a batch without records moves the position', () => {
  expect(copyBatch(batch([], 12)).batch).toMatchObject({ records: [], nextOffset: 13n })
})

test('a failure ends the copy before the batch that cannot be decoded', () => {
  const failure = new Error('snappy')
  const broken = { ...record(9, null, null), failure }
  const copied = copyBatch(batch([record(6, null, null), broken]))
  expect(copied.failure).toBe(failure)
  expect(copied.batch).toMatchObject({ nextOffset: 7n })
  expect(copied.batch.records).toHaveLength(1)
  expect(copyBatch(batch([broken])).batch).toMatchObject({ records: [], nextOffset: 5n })
})
