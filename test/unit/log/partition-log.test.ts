import { expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { type LogTransaction, PartitionLog } from '../../../src/log/partition-log.ts'

function record(text: string) {
  return { timestampMs: 0, key: Buffer.from(text), value: Buffer.from(text), headers: {} }
}

function read(log: PartitionLog, offset = log.start, max = 100) {
  const { records, nextOffset, endOffset } = log.fetch(offset, max)
  return { keys: records.map(({ key }) => `${key}`), nextOffset, endOffset }
}

test('offsets count up, and a fetch stops at its size', () => {
  const log = new PartitionLog()
  for (const text of ['a', 'b', 'c']) log.append(record(text))
  expect(read(log, 0n, 2)).toEqual({ keys: ['a', 'b'], nextOffset: 2n, endOffset: 3n })
  expect(read(log, 2n)).toEqual({ keys: ['c'], nextOffset: 3n, endOffset: 3n })
  expect(read(log, 3n)).toEqual({ keys: [], nextOffset: 3n, endOffset: 3n })
})

test('read_committed sees nothing behind an open transaction, nor aborted, nor markers', () => {
  const log = new PartitionLog()
  const transaction: LogTransaction = { outcome: 'open' }
  log.append(record('before'))
  log.append(record('inside'), transaction)
  log.append(record('plain'))
  expect(read(log)).toEqual({ keys: ['before'], nextOffset: 1n, endOffset: 1n })
  transaction.outcome = 'aborted'
  log.append(record('marker'), null, true)
  expect(read(log)).toEqual({ keys: ['before', 'plain'], nextOffset: 4n, endOffset: 4n })
  const second: LogTransaction = { outcome: 'open' }
  log.append(record('again'), second)
  second.outcome = 'committed'
  log.append(record('marker'), null, true)
  expect(read(log, 3n)).toEqual({ keys: ['again'], nextOffset: 6n, endOffset: 6n })
})

test('a truncated log begins later, and what lies before cannot be fetched', () => {
  const log = new PartitionLog()
  for (const text of ['a', 'b', 'c']) log.append(record(text))
  log.truncate(2n)
  expect(log.start).toBe(2n)
  expect(read(log).keys).toEqual(['c'])
  expect(() => log.fetch(1n, 1)).toThrow(AssertionError)
})

test('compaction keeps the newest committed record of each key, at its offset', () => {
  const log = new PartitionLog()
  const aborted: LogTransaction = { outcome: 'aborted' }
  const open: LogTransaction = { outcome: 'open' }
  for (const text of ['a', 'b', 'a']) log.append(record(text))
  log.append(record('b'), aborted)
  log.append(record('marker'), null, true)
  log.append(record('a'), open)
  log.compact()
  expect(log.fetch(0n, 10).records.map(({ offset }) => offset)).toEqual([1n, 2n])
  open.outcome = 'committed'
  expect(log.fetch(0n, 10).records.map(({ offset }) => offset)).toEqual([1n, 2n, 5n])
})

test('compaction leaves alone what lies behind its end, and drops tombstones when told', () => {
  const log = new PartitionLog()
  for (const text of ['a', 'b', 'a', 'c', 'b']) log.append(record(text))
  log.append({ ...record('c'), value: null })
  const offsets = () => log.fetch(0n, 10).records.map(({ offset }) => offset)
  log.compact(3n)
  expect(offsets()).toEqual([1n, 2n, 3n, 4n, 5n])
  log.compact()
  expect(offsets()).toEqual([2n, 4n, 5n])
  log.compact(undefined, 'dropped')
  expect(offsets()).toEqual([2n, 4n])
  expect(log.fetch(0n, 10).nextOffset).toBe(6n)
})

test('a leader that lags shows less for a while, and loses nothing', () => {
  const log = new PartitionLog()
  for (const text of ['a', 'b', 'c']) log.append(record(text))
  log.lag(1n)
  expect(read(log)).toEqual({ keys: ['a'], nextOffset: 1n, endOffset: 1n })
  expect(read(log, 2n)).toEqual({ keys: [], nextOffset: 2n, endOffset: 1n })
  expect([log.stableEnd, log.end]).toEqual([3n, 3n])
  log.lag(null)
  expect(read(log).keys).toEqual(['a', 'b', 'c'])
})
