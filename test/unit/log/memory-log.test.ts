import { expect, test } from 'vitest'
import { MemoryLog, type Role } from '../../../src/log/memory-log.ts'

const clock = { nowMs: () => 1_000 }
const fenced = expect.objectContaining({ code: 'HEADRACE_KAFKA_FENCED' })

function output(text: string) {
  return { key: null, value: Buffer.from(text) }
}

function values(log: MemoryLog, role: Role): string[] {
  return log.records(role, 0).map(({ value }) => `${Buffer.from(value ?? [])}`)
}

test('a transaction becomes visible in all its topics at once, with the group offset', () => {
  const log = new MemoryLog({ partitions: 1, clock })
  const producer = log.initProducer(0)
  expect(log.append(producer, 'predictions', [output('p'), output('q')])).toBe(0n)
  expect(log.append(producer, 'changelog', [output('c')])).toBe(0n)
  log.sendOffset(producer, 7n)
  expect([values(log, 'predictions'), values(log, 'changelog')]).toEqual([[], []])
  expect(log.groupOffset(0)).toBeNull()
  log.commit(producer)
  expect([values(log, 'predictions'), values(log, 'changelog')]).toEqual([['p', 'q'], ['c']])
  expect(log.groupOffset(0)).toBe(7n)
  // Each topic that was written to has its marker.
  expect(log.log('predictions', 0).end).toBe(3n)
  expect(log.log('deadLetters', 0).end).toBe(0n)
})

test('a second producer aborts the open transaction of the first and fences it', () => {
  const log = new MemoryLog({ partitions: 1, clock })
  const first = log.initProducer(0)
  log.append(first, 'predictions', [output('lost')])
  log.sendOffset(first, 7n)
  const second = log.initProducer(0)
  expect(() => log.append(first, 'predictions', [output('late')])).toThrow(fenced)
  expect(() => log.commit(first)).toThrow(fenced)
  log.append(second, 'predictions', [output('kept')])
  log.commit(second)
  expect(values(log, 'predictions')).toEqual(['kept'])
  expect(log.groupOffset(0)).toBeNull()
})

test('a transaction that times out is aborted and its producer fenced', () => {
  const log = new MemoryLog({ partitions: 1, clock })
  const producer = log.initProducer(0)
  log.timeOut(0)
  log.append(producer, 'predictions', [output('lost')])
  log.timeOut(0)
  expect(() => log.commit(producer)).toThrow(fenced)
  expect(values(log, 'predictions')).toEqual([])
})

test('partitions have transactional ids of their own', () => {
  const log = new MemoryLog({ partitions: 2, clock })
  const zero = log.initProducer(0)
  log.initProducer(1)
  log.append(zero, 'predictions', [output('p')])
  log.commit(zero)
  expect(values(log, 'predictions')).toEqual(['p'])
})

test('watchers hear of records and of ends of transactions, until they stop', () => {
  const log = new MemoryLog({ partitions: 1, clock })
  let changes = 0
  const unwatch = log.watch(() => changes++)
  log.produce(0, [output('a')])
  log.produceTransaction(0, [output('b')], 'aborted')
  expect(changes).toBe(2)
  unwatch()
  log.produce(0, [{ ...output('c'), timestampMs: 5 }])
  expect(changes).toBe(2)
  expect(log.records('input', 0).map(({ timestampMs }) => timestampMs)).toEqual([1_000, 5])
})

test('a transaction that has ended shows where its marker has come, the next one waits', () => {
  const due: (() => void)[] = []
  const log = new MemoryLog({ partitions: 1, clock, writeMarker: (write) => void due.push(write) })
  const producer = log.initProducer(0)
  log.append(producer, 'predictions', [output('p')])
  log.append(producer, 'changelog', [output('c')])
  log.sendOffset(producer, 7n)
  log.commit(producer)
  expect([values(log, 'predictions'), values(log, 'changelog')]).toEqual([[], []])
  expect(log.isEnding(producer)).toBe(true)
  expect(() => log.append(producer, 'predictions', [output('q')])).toThrow('has ended')
  due.shift()?.()
  expect([values(log, 'predictions'), values(log, 'changelog')]).toEqual([['p'], []])
  expect([log.groupOffset(0), log.isEnding(producer)]).toEqual([null, true])
  for (const write of due) write()
  expect([values(log, 'changelog'), log.groupOffset(0)]).toEqual([['c'], 7n])
  expect(log.isEnding(producer)).toBe(false)
  log.initProducer(0)
  expect(() => log.isEnding(producer)).toThrow(fenced)
})

test('what an administrator does to the group’s offset stands', () => {
  const log = new MemoryLog({ partitions: 1, clock })
  log.moveGroupOffset(0, 9n)
  expect(log.groupOffset(0)).toBe(9n)
  log.resetGroupOffset(0)
  expect(log.groupOffset(0)).toBeNull()
})
