import { expect, test } from 'vitest'
import { MemoryGroup } from '../../../src/log/memory-group.ts'
import { MemoryLog } from '../../../src/log/memory-log.ts'
import { memoryPorts } from '../../../src/log/memory-ports.ts'
import type { InputBatch, Source } from '../../../src/task/ports.ts'
import { VirtualTime } from '../task/support/virtual-time.ts'

class Listener {
  heartbeats = 0
  assigned: number[][] = []
  batches: InputBatch[] = []
  failures: Error[] = []
  readonly #source: Source
  constructor(source: Source) {
    this.#source = source
  }
  onAssigned(partitions: readonly number[]): void {
    this.assigned.push([...partitions])
  }
  onBatch(batch: InputBatch): void {
    this.batches.push(batch)
  }
  onHeartbeat(): void {
    this.heartbeats++
  }

  onInterrupted(): void {
    throw new Error('the log is always there')
  }

  onFailed(error: Error, partition?: number): void {
    this.failures.push(error)
    expect(partition).toBe(0)
  }
  read(partition: number, offset: bigint): void {
    this.#source.seek(partition, offset)
    this.#source.resume(partition)
  }
  get offsets(): bigint[] {
    return this.batches.flatMap(({ records }) => records.map(({ offset }) => offset))
  }
}

function setUp(partitions: number) {
  const time = new VirtualTime()
  const log = new MemoryLog({ partitions, clock: time })
  const group = new MemoryGroup(partitions, time)
  const join = async () => {
    const { source } = memoryPorts({ log, group, scheduler: time, maxBatchRecords: 2 })
    const listener = new Listener(source)
    void source.start(listener)
    await time.until('the join', () => listener.assigned.length > 0)
    return { source, listener }
  }
  const produce = (partition: number, count: number) =>
    log.produce(
      partition,
      Array.from({ length: count }, () => ({ key: null, value: null })),
    )
  return { time, log, group, join, produce }
}

test('a new partition is paused until it is sought and resumed', async () => {
  const { time, join, produce } = setUp(1)
  produce(0, 5)
  const { listener } = await join()
  await time.pass(100)
  expect(listener.batches).toEqual([])
  listener.read(0, 1n)
  await time.until('the records', () => listener.offsets.length === 4)
  expect(listener.offsets).toEqual([1n, 2n, 3n, 4n])
  expect(listener.batches.map(({ nextOffset, endOffset }) => [nextOffset, endOffset])).toEqual([
    [3n, 5n],
    [5n, 5n],
  ])
})

test('pause holds back what comes, resume goes on where it stood', async () => {
  const { time, join, produce } = setUp(1)
  const { source, listener } = await join()
  listener.read(0, 0n)
  produce(0, 2)
  await time.until('two records', () => listener.offsets.length === 2)
  source.pause(0)
  produce(0, 2)
  await time.pass(100)
  expect(listener.offsets).toHaveLength(2)
  source.resume(0)
  await time.until('the rest', () => listener.offsets.length === 4)
})

test('members share the partitions, and a member that leaves gives its back', async () => {
  const { time, join } = setUp(3)
  const first = await join()
  const second = await join()
  await time.until('the rebalance', () => first.listener.assigned.length === 2)
  expect(first.listener.assigned).toEqual([
    [0, 1, 2],
    [0, 2],
  ])
  expect(second.listener.assigned).toEqual([[1]])
  void second.source.stop()
  await time.until('the rebalance', () => first.listener.assigned.length === 3)
  expect(first.listener.assigned.at(-1)).toEqual([0, 1, 2])
})

test('an expelled member learns it from a heartbeat that fails, and joins again', async () => {
  const { time, group, join } = setUp(1)
  const { source, listener } = await join()
  group.remove(source)
  let outcome = ''
  source.heartbeat().then(
    () => {
      outcome = 'fine'
    },
    () => {
      outcome = 'failed'
    },
  )
  await time.until('the answer', () => outcome !== '')
  expect(outcome).toBe('failed')
  await time.until('the new assignment', () => listener.assigned.length === 2)
  expect(group.has(source)).toBe(true)
})

test('a position before the log start fails its partition', async () => {
  const { time, log, join, produce } = setUp(1)
  produce(0, 5)
  const { listener } = await join()
  log.log('input', 0).truncate(3n)
  listener.read(0, 0n)
  await time.until('the failure', () => listener.failures.length > 0)
  expect(listener.failures[0]?.message).toContain('begins at offset 3')
})

test('a heartbeat succeeds only in the generation that the member was told of', async () => {
  const { time, group, join } = setUp(2)
  const first = await join()
  const ask = () => {
    const asked: { outcome?: unknown } = {}
    first.source.heartbeat().then(
      () => {
        asked.outcome = 'fine'
      },
      (error) => {
        asked.outcome = error
      },
    )
    return asked
  }
  const calm = ask()
  await time.until('the answer', () => calm.outcome !== undefined)
  expect(calm.outcome).toBe('fine')
  // Somebody has joined, and this member has not heard of it yet.
  const early = ask()
  group.rebalance()
  expect(group.isCurrent(first.source)).toBe(false)
  await time.until('the answer', () => early.outcome !== undefined)
  expect(early.outcome).toMatchObject({ code: 'HEADRACE_KAFKA_REBALANCED' })
  await time.until('the news', () => group.isCurrent(first.source))
  const late = ask()
  await time.until('the answer', () => late.outcome !== undefined)
  expect(late.outcome).toBe('fine')
})
