import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../../src/clock.ts'
import type { EngineLink } from '../../../../src/task/engine/engines.ts'
import type { EngineReply, EngineStart } from '../../../../src/task/engine/messages.ts'
import { packRecords } from '../../../../src/task/engine/packed-records.ts'
import { WorkerEngines, workerCount } from '../../../../src/task/engine/worker-engines.ts'
import type { TaskLogger } from '../../../../src/task/observe.ts'
import { Processor } from '../../../../src/task/processor.ts'
import { testConfig } from '../support/world.ts'

/** The threads that were started, to be able to harm them. */
const threads = vi.hoisted(() => [] as Worker[])
vi.mock('node:worker_threads', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:worker_threads')>()
  class WatchedWorker extends original.Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args)
      threads.push(this)
    }
  }
  return { ...original, Worker: WatchedWorker }
})

const deadlineMs = 30_000
const config = testConfig({
  task: { targets: ['y'] },
  model: { hidden: 2, window: 3, updateEvery: 2, kernel: 'reference', portfolio: 'network' },
})
const start: EngineStart = {
  position: 0n,
  snapshot: null,
  slotNames: [[], []],
  commit: null,
  hasGap: false,
  isOtherDevice: false,
  place: 'here',
}
const cut = { snapshot: 'none', maxBytes: 1_000, maxMs: 1_000 } as const
const silent: TaskLogger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

let nowMs = 0
let timers: { atMs: number; run: () => void }[] = []
let engines: WorkerEngines

/** Time that the test lets pass: nobody is stuck because the machine is slow. */
function advance(byMs: number): void {
  nowMs += byMs
  const due = timers.filter(({ atMs }) => atMs <= nowMs)
  timers = timers.filter(({ atMs }) => atMs > nowMs)
  for (const { run } of due) run()
}

function after(delayMs: number, run: () => void): () => void {
  const timer = { atMs: nowMs + delayMs, run }
  timers.push(timer)
  return () => {
    timers = timers.filter((each) => each !== timer)
  }
}

function create(count: number): WorkerEngines {
  return new WorkerEngines({
    config,
    bounds: { maxRecords: 1_000, maxBytes: 1_000_000 },
    count,
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    scheduler: { immediate: (run) => void setImmediate(run), after },
    logger: silent,
  })
}

interface Opened {
  readonly link: EngineLink
  readonly replies: EngineReply[]
  readonly losses: Error[]
}

function open(partition: number): Opened {
  const replies: EngineReply[] = []
  const losses: Error[] = []
  const link = engines.open(partition, {
    onReply: (reply) => void replies.push(reply),
    onLost: (error) => void losses.push(error),
  })
  return { link, replies, losses }
}

function send({ link }: Opened, from: number, count: number): void {
  const records = Array.from({ length: count }, (_, i) => ({
    offset: BigInt(from + i),
    timestampMs: from + i,
    key: null,
    value: Buffer.from(`{"y":${from + i}}`),
  }))
  const packed = packRecords(records, { first: from, nextOffset: BigInt(from + count) })
  link.send({ type: 'records', records: packed }, [packed.buffer])
}

async function until(what: string, isDone: () => boolean): Promise<void> {
  const endMs = systemClock.monotonicMs() + deadlineMs
  while (!isDone()) {
    if (systemClock.monotonicMs() > endMs) throw new Error(`${what} did not come`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

function has({ replies }: Opened, type: EngineReply['type']): boolean {
  return replies.some((reply) => reply.type === type)
}

async function expectToWork(opened: Opened): Promise<void> {
  const before = opened.replies.length
  opened.link.send({ type: 'cut', request: cut })
  await until('the cut', () => opened.replies.slice(before).some(({ type }) => type === 'cut'))
}

beforeEach(() => {
  nowMs = 0
  timers = []
  threads.length = 0
})

afterEach(async () => {
  await engines.close()
})

test('a model in a thread computes the same bits, and buffers are given away', async () => {
  engines = create(1)
  const opened = open(0)
  opened.link.send({ type: 'begin', start })
  send(opened, 0, 30)
  await until('the records', () =>
    opened.replies.some((each) => each.type === 'progress' && each.progress.handedOver === 30),
  )
  await expectToWork(opened)
  const answer = opened.replies.findLast((each) => each.type === 'cut')
  const processor = new Processor(config)
  for (let i = 0; i < 30; i++) processor.process(null, Buffer.from(`{"y":${i}}`), i)
  expect(answer).toMatchObject({
    cut: {
      chainHash: processor.model.chainHash(),
      weightsHash: processor.model.weightsHash(),
      predictions: { count: 30 },
    },
  })
})

test('a thread that crashes takes its own tasks with it, and no others', async () => {
  engines = create(2)
  const [first, second, third] = [open(0), open(1), open(2)]
  expect(threads).toHaveLength(2)
  for (const opened of [first, second, third]) opened.link.send({ type: 'begin', start })
  await until('all', () => [first, second, third].every((opened) => has(opened, 'begun')))
  // What no request looks like ends the thread as a defect does.
  threads[0]?.postMessage(null)
  await until('the loss', () => first.losses.length + third.losses.length === 2)
  expect(second.losses).toEqual([])
  expect(first.losses).toMatchObject([{ code: 'HEADRACE_TASK_WORKER_LOST' }])
  expect(first.losses[0]?.message).toContain('crashed')
  await expectToWork(second)
  // The task is opened anew in a new thread.
  const again = open(0)
  expect(threads).toHaveLength(3)
  again.link.send({ type: 'begin', start })
  await until('the new one', () => has(again, 'begun'))
})

test('a thread that ends by itself is lost too', async () => {
  engines = create(1)
  const opened = open(0)
  await threads[0]?.terminate()
  await until('the loss', () => opened.losses.length === 1)
  expect(opened.losses[0]?.message).toContain('ended with code')
})

test('a thread with work that gives no sign for stallMs is ended, the others go on', async () => {
  engines = create(2)
  const { stallMs } = config.workers
  const [stuck, well, idle] = [open(0), open(1), open(2)]
  well.link.send({ type: 'begin', start })
  await until('the other', () => has(well, 'begun'))
  // Records before it has begun are never taken in: it owes an answer for ever.
  send(stuck, 0, 3)
  advance(stallMs - 1)
  await expectToWork(well)
  expect(stuck.losses).toEqual([])
  for (let i = 0; i < 10; i++) advance(stallMs / 8)
  expect(stuck.losses).toMatchObject([{ code: 'HEADRACE_TASK_WORKER_LOST' }])
  expect(stuck.losses[0]?.message).toContain('has not answered')
  expect(idle.losses).toHaveLength(1)
  expect(well.losses).toEqual([])
  await expectToWork(well)
})

test('a thread that is stuck behind the cut that a full engine waited for is ended', async () => {
  engines = create(1)
  const { stallMs } = config.workers
  const opened = open(0)
  opened.link.send({ type: 'begin', start })
  send(opened, 0, 1_001)
  await until('the engine to be full', () =>
    opened.replies.some((each) => each.type === 'progress' && each.progress.isFull),
  )
  // Nobody takes its outputs, as in an outage: that is not its fault.
  for (let i = 0; i < 30; i++) advance(stallMs / 8)
  expect(opened.losses).toEqual([])
  // What it says behind the cut is not heard, as if it said nothing.
  const [thread] = threads
  thread?.on('message', ({ type }: EngineReply) => {
    if (type === 'cut') thread.removeAllListeners('message')
  })
  await expectToWork(opened)
  for (let i = 0; i < 10; i++) advance(stallMs / 8)
  expect(opened.losses).toMatchObject([{ code: 'HEADRACE_TASK_WORKER_LOST' }])
})

test('time in which this thread itself stood still is not held against the others', async () => {
  engines = create(1)
  const opened = open(0)
  opened.link.send({ type: 'begin', start })
  // The answer is on its way, but the timer comes first: so it is after SIGSTOP and SIGCONT.
  advance(10 * config.workers.stallMs)
  expect(opened.losses).toEqual([])
  await until('the answer', () => has(opened, 'begun'))
  await expectToWork(opened)
})

test('a thread without work is silent for as long as it likes', async () => {
  engines = create(1)
  const opened = open(0)
  opened.link.send({ type: 'begin', start })
  send(opened, 0, 3)
  // On a busy machine they are taken in more than one turn: a cut may come before the last.
  await until('all records', () =>
    opened.replies.some((each) => each.type === 'progress' && each.progress.handedOver === 3),
  )
  await expectToWork(opened)
  for (let i = 0; i < 100; i++) advance(config.workers.stallMs)
  expect(opened.losses).toEqual([])
  // The time of waiting begins with the question.
  await expectToWork(opened)
  expect(opened.losses).toEqual([])
})

test('tasks go where the fewest are, and a closed one makes room', async () => {
  engines = create(2)
  const [first, , third] = [open(0), open(1), open(2)]
  first.link.close()
  third.link.close()
  open(3)
  expect(threads).toHaveLength(2)
  first.link.send({ type: 'begin', start })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(first.replies).toEqual([])
})

test('the end of all threads is no loss', async () => {
  engines = create(2)
  const opened = [open(0), open(1)]
  await engines.close()
  expect(opened.flatMap(({ losses }) => losses)).toEqual([])
  expect(timers).toEqual([])
})

test('threads are counted from the cores where nothing else is said', () => {
  expect(workerCount('auto')).toBeGreaterThanOrEqual(1)
  expect([workerCount(0), workerCount(7)]).toEqual([0, 7])
})
