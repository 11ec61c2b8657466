import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { InputBatch } from '../../../src/task/ports.ts'
import { RecordQueue } from '../../../src/task/record-queue.ts'

/** The next record; null when none waits. */
function shift(queue: RecordQueue) {
  return queue.take(1, 1)[0] ?? null
}

function batch(offsets: readonly number[], nextOffset: number): InputBatch {
  const records = offsets.map((offset) => ({
    offset: BigInt(offset),
    timestampMs: 0,
    key: null,
    value: Buffer.alloc(10),
  }))
  return { partition: 0, records, nextOffset: BigInt(nextOffset), endOffset: 1_000n }
}

test('records come out in order, and the position passes the markers behind a batch', () => {
  const queue = new RecordQueue(0n)
  queue.push(batch([0, 1, 4], 7))
  queue.push(batch([], 9))
  queue.push(batch([9], 10))
  expect(queue.fetchPosition).toBe(10n)
  const seen: [bigint | undefined, bigint][] = []
  for (let record = shift(queue); record !== null; record = shift(queue)) {
    seen.push([record.offset, queue.position])
  }
  expect(seen).toEqual([
    [0n, 1n],
    [1n, 2n],
    [4n, 9n],
    [9n, 10n],
  ])
})

test('a batch of markers alone moves the position of an empty queue', () => {
  const queue = new RecordQueue(3n)
  queue.push(batch([], 8))
  expect(queue.position).toBe(8n)
  expect(queue.records).toBe(0)
})

test('what is delivered again is left out', () => {
  const queue = new RecordQueue(0n)
  queue.push(batch([0, 1, 2], 3))
  queue.push(batch([0, 1, 2], 3))
  queue.push(batch([1, 2, 3], 4))
  const offsets: bigint[] = []
  for (let record = shift(queue); record !== null; record = shift(queue)) {
    offsets.push(record.offset)
  }
  expect(offsets).toEqual([0n, 1n, 2n, 3n])
})

test('it is high by records or by bytes, and low a quarter below both', () => {
  const queue = new RecordQueue(0n, { highRecords: 4, highBytes: 70 })
  queue.push(batch([0, 1, 2], 3))
  expect([queue.isHigh, queue.isLow]).toEqual([false, false])
  queue.push(batch([3], 4))
  expect(queue.isHigh).toBe(true)
  for (let i = 0; i < 3; i++) shift(queue)
  expect([queue.records, queue.bytes]).toEqual([1, 10])
  expect(queue.isLow).toBe(true)
  const large = new RecordQueue(0n, { highRecords: 100, highBytes: 70 })
  large.push(batch([0, 1, 2, 3, 4, 5, 6], 7))
  expect(large.isHigh).toBe(true)
})

test('counts and positions agree with a plain list, whatever is pushed and taken', () => {
  const action = fc.oneof(
    fc.record({ gaps: fc.array(fc.nat(3), { maxLength: 5 }), tail: fc.nat(3) }),
    fc.constant('shift' as const),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const queue = new RecordQueue(0n)
      const list: bigint[] = []
      let end = 0
      for (const each of actions) {
        if (each === 'shift') {
          expect(shift(queue)?.offset).toBe(list.shift())
        } else {
          const offsets = each.gaps.map((gap) => {
            end += gap + 1
            return end - 1
          })
          end += each.tail
          queue.push(batch(offsets, end))
          list.push(...offsets.map(BigInt))
        }
        expect(queue.records).toBe(list.length)
        expect(queue.fetchPosition).toBe(BigInt(end))
        if (list.length === 0) expect([queue.position, queue.bytes]).toEqual([BigInt(end), 0])
      }
    }),
  )
})
