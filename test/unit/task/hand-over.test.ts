import { expect, test } from 'vitest'
import type { BareRequest, EngineLink } from '../../../src/task/engine/engines.ts'
import { unpackRecords } from '../../../src/task/engine/packed-records.ts'
import { HandOver } from '../../../src/task/hand-over.ts'
import type { InputRecord } from '../../../src/task/ports.ts'
import { RecordQueue } from '../../../src/task/record-queue.ts'

function record(offset: number, bytes = 10): InputRecord {
  return {
    offset: BigInt(offset),
    timestampMs: offset,
    key: Buffer.from('k'),
    value: Buffer.alloc(bytes),
  }
}

/** Offsets of `count` records from `from` on, with markers behind the last. */
function push(
  queue: RecordQueue,
  from: number,
  count: number,
  options = { bytes: 10, markers: 0 },
) {
  const records = Array.from({ length: count }, (_, i) => record(from + i, options.bytes))
  const nextOffset = BigInt(from + count + options.markers)
  queue.push({ partition: 0, records, nextOffset, endOffset: nextOffset })
}

function setUp(aheadMax?: number) {
  const messages: { first: number; count: number; nextOffset: bigint; buffer: ArrayBuffer }[] = []
  const transfers: (ArrayBuffer[] | undefined)[] = []
  const link: EngineLink = {
    send(request: BareRequest, transfer) {
      if (request.type !== 'records') throw new Error('only records are handed over')
      messages.push(request.records)
      transfers.push(transfer)
    },
    close() {},
  }
  const queue = new RecordQueue(0n)
  return { queue, handOver: new HandOver(queue, link, aheadMax), messages, transfers }
}

test('messages follow each other without a gap, and are given away', () => {
  const { queue, handOver, messages, transfers } = setUp()
  push(queue, 0, 5)
  handOver.pump()
  push(queue, 5, 3)
  handOver.pump()
  expect(messages.map(({ first, count, nextOffset }) => [first, count, nextOffset])).toEqual([
    [0, 5, 5n],
    [5, 3, 8n],
  ])
  expect(transfers).toEqual(messages.map(({ buffer }) => [buffer]))
  expect(messages.flatMap((m) => unpackRecords(m)).map(({ offset }) => offset)).toEqual(
    Array.from({ length: 8 }, (_, i) => BigInt(i)),
  )
  expect([handOver.ahead, queue.records]).toEqual([8, 0])
})

test('no more is on its way than the engine may be behind, to a message', () => {
  const { queue, handOver, messages } = setUp(1_500)
  push(queue, 0, 5_000)
  handOver.pump()
  expect(messages.map(({ count }) => count)).toEqual([1_000, 1_000])
  expect([handOver.ahead, queue.records]).toEqual([2_000, 3_000])
  handOver.taken(400)
  handOver.pump()
  expect(messages).toHaveLength(2)
  handOver.taken(501)
  handOver.pump()
  expect(messages.map(({ first }) => first)).toEqual([0, 1_000, 2_000])
  handOver.taken(3_000)
  handOver.pump()
  expect([handOver.ahead, queue.records]).toEqual([2_000, 0])
})

test('a message is bounded in bytes too, but holds at least one record', () => {
  const { queue, handOver, messages } = setUp()
  push(queue, 0, 6, { bytes: 100_000, markers: 0 })
  push(queue, 6, 1, { bytes: 3_000_000, markers: 0 })
  handOver.pump()
  expect(messages.map(({ count }) => count)).toEqual([3, 3, 1])
})

test('markers alone move the engine’s position, once', () => {
  const { queue, handOver, messages } = setUp()
  push(queue, 0, 1, { bytes: 1, markers: 2 })
  handOver.pump()
  push(queue, 3, 0, { bytes: 1, markers: 4 })
  handOver.pump()
  handOver.pump()
  expect(messages.map(({ count, nextOffset }) => [count, nextOffset])).toEqual([
    [1, 3n],
    [0, 7n],
  ])
  expect(handOver.ahead).toBe(1)
})
