import { expect, test } from 'vitest'
import { type ErrorCode, HeadraceError } from '../../../src/errors.ts'
import { encodeFence } from '../../../src/task/commit-record.ts'
import type { ServiceMetrics, TaskMetrics } from '../../../src/task/observe.ts'
import { silentMetrics } from '../../../src/task/observe.ts'
import { input } from './support/feed.ts'
import { isOnce, testConfig, World } from './support/world.ts'

function outage(
  world: World,
  untilMs: () => number,
  code: ErrorCode = 'HEADRACE_KAFKA_UNREACHABLE',
) {
  return (_index: number, name: string): void => {
    if (isOnce(name)) return
    if (world.time.nowMs() < untilMs()) {
      throw new HeadraceError(code, `no answer to ${name}`)
    }
  }
}

test.each([
  'HEADRACE_KAFKA_UNREACHABLE',
  // What a broker says that has not yet caught up with what its cluster knows.
  'HEADRACE_KAFKA_TOPIC_MISSING',
] as const)('five minutes of %s in the middle of a transaction are lived through', async (code) => {
  const world = new World()
  world.log.produce(0, [input(0), input(1)])
  let endMs = 0
  const process = world.start({ atCall: outage(world, () => endMs, code) })
  await world.time.until('first outputs', () => world.published() === 2)
  endMs = world.time.nowMs() + 300_000
  world.log.produce(0, [input(2), input(3)])
  await world.time.until('the rest', () => world.published() === 4)
  expect(world.time.nowMs()).toBeGreaterThan(endMs)
  expect(process.lines.filter(({ event }) => event === 'task.running')).toHaveLength(1)
  await world.stop(process)
  await process.service.done
})

test('an outage of five minutes at a restore is lived through', async () => {
  const world = new World()
  world.log.produce(0, [input(0), input(1)])
  const endMs = world.time.nowMs() + 300_000
  const process = world.start({ atCall: outage(world, () => endMs) })
  await world.time.until('the outputs', () => world.published() === 2)
  await world.stop(process)
  await process.service.done
})

test('an outage that does not end is given up, with what failed last', async () => {
  const world = new World()
  world.log.produce(0, [input(0), input(1)])
  let endMs = 0
  const process = world.start({ atCall: outage(world, () => endMs) })
  await world.time.until('first outputs', () => world.published() === 2)
  endMs = Number.POSITIVE_INFINITY
  world.log.produce(0, [input(2)])
  let ended: unknown
  process.service.done.catch((error: unknown) => {
    ended = error
  })
  await world.time.until('the end', () => ended !== undefined)
  expect(ended).toMatchObject({ code: 'HEADRACE_TASK_GAVE_UP', exitCode: 1 })
  expect((ended as Error).message).toContain('no answer to heartbeat')
})

test('SIGTERM in an outage ends in its time, without a wait that is left over', async () => {
  const world = new World()
  world.log.produce(0, [input(0)])
  let endMs = 0
  const process = world.start({ atCall: outage(world, () => endMs) })
  await world.time.until('the output', () => world.published() === 1)
  endMs = Number.POSITIVE_INFINITY
  world.log.produce(0, [input(1)])
  await world.time.pass(60_000)
  const beganMs = world.time.nowMs()
  await world.stop(process)
  await process.service.done
  // The share of a commit in the 20 s that there are.
  expect(world.time.nowMs() - beganMs).toBeLessThan(12_500)
  // The outcome of the transaction is found out by the next process.
  const second = world.start()
  await world.time.until('the other output', () => world.published() === 2)
  await world.stop(second)
})

test('restores that lie far apart are not counted together', async () => {
  const world = new World()
  world.log.produce(0, [input(0)])
  const process = world.start()
  await world.time.until('the output', () => world.published() === 1)
  // An idle partition: no transaction of its own tells that it is well.
  for (let round = 0; round < 12; round++) {
    const foreign = world.log.initProducer(0)
    const marker = encodeFence({ bootId: `other-${round}`, fence: 0 })
    world.log.append(foreign, 'changelog', [marker])
    world.log.commit(foreign)
    process.source.assigned([0])
    await world.time.pass(5 * 60_000)
    expect(process.service.tasks().map(({ state }) => state)).toEqual(['RUNNING'])
  }
  expect(process.lines.filter(({ event }) => event === 'task.restarting')).toHaveLength(12)
  await world.stop(process)
})

test('a process that is left with nothing but failed tasks ends', async () => {
  const world = new World(2)
  for (const partition of [0, 1]) world.log.produce(partition, [input(0), input(1)])
  const before = world.start()
  await world.time.until('the outputs', () => world.published(0) + world.published(1) === 4)
  world.crash(before)
  world.log.log('input', 0).truncate(1n)
  const process = world.start()
  await world.time.until('the failure', () => {
    return process.service.tasks()[0]?.state === 'FAILED'
  })
  await world.time.until('the other', () => process.service.tasks()[1]?.state === 'RUNNING')
  let ended: unknown
  process.service.done.catch((error: unknown) => {
    ended = error
  })
  // Another process takes the partition that runs.
  process.source.assigned([0])
  await world.time.until('the end', () => ended !== undefined)
  expect(ended).toMatchObject({ code: 'HEADRACE_TASK_INPUT_EXPIRED' })
})

/** Records what a task reports as its lag. */
function lagRecorder(): { metrics: ServiceMetrics; lags: number[] } {
  const lags: number[] = []
  const task = (): TaskMetrics => ({
    ...silentMetrics.task(0),
    position: (lagRecords) => lags.push(lagRecords),
  })
  return { metrics: { ...silentMetrics, task }, lags }
}

test('the lag is known from the start, also of an empty partition', async () => {
  const world = new World()
  const { metrics, lags } = lagRecorder()
  const process = world.start({ metrics })
  await world.time.until('the start', () => world.commits().length === 1)
  expect(lags.at(-1)).toBe(0)
  await world.stop(process)
})

test('the lag at the start is the whole backlog', async () => {
  const world = new World()
  world.log.produce(
    0,
    Array.from({ length: 300 }, (_, i) => input(i)),
  )
  const { metrics, lags } = lagRecorder()
  const process = world.start({ metrics })
  await world.time.until('the outputs', () => world.published() === 300)
  expect(lags[0]).toBe(300)
  expect(lags.at(-1)).toBe(0)
  await world.stop(process)
})

test('input.from far in the future begins at the end, before the epoch at the start', async () => {
  for (const [from, startOffset] of [
    ['2099-01-01T00:00:00Z', 3n],
    ['1930-01-01T00:00:00Z', 0n],
  ] as const) {
    const world = new World()
    world.log.produce(0, [input(0), input(1), input(2)])
    const process = world.start({ config: testConfig({ input: { topic: 'input', from } }) })
    await world.time.until('the first commit', () => world.commits().length > 0)
    expect(world.commits()[0]).toMatchObject({ startOffset })
    await world.stop(process)
  }
})

test('newest records that were aborted are passed, and a restart finds its place', async () => {
  const world = new World()
  world.log.produceTransaction(0, [input(0), input(1)], 'committed')
  world.log.produceTransaction(0, [input(-1), input(-2)], 'aborted')
  const first = world.start()
  await world.time.until('the outputs', () => world.published() === 2)
  await world.stop(first)
  world.log.produceTransaction(0, [input(-3)], 'aborted')
  const second = world.start()
  await world.time.until('to run', () => second.service.readiness().ready)
  world.log.produceTransaction(0, [input(2)], 'committed')
  await world.time.until('the output', () => world.published() === 3)
  await world.stop(second)
  expect(world.commits().at(-1)).toMatchObject({ records: 3, firstOffset: expect.anything() })
})

test('a source that is stopped before it has joined does not wait for the join', async () => {
  const world = new World()
  const process = world.start({
    atCall: (_index, name) => (name === 'join' ? new Promise(() => {}) : undefined),
  })
  await world.time.pass(10)
  await world.stop(process)
  await process.service.done
})
