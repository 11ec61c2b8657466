import { expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { HeadraceError } from '../../../src/errors.ts'
import { FakeProcessor } from './support/fake-processor.ts'
import { feed, input } from './support/feed.ts'
import { type Process, World } from './support/world.ts'

/** Offsets of all outputs of a partition, each once for each time that it is there. */
function offsetsOf(world: World, partition = 0): number[] {
  const { predictions, deadLetters } = world.outputs(partition)
  return [...predictions, ...deadLetters]
    .map((line) => Number(/"(\d+) /.exec(line)?.[1] ?? /"offset":"(\d+)"/.exec(line)?.[1]))
    .toSorted((a, b) => a - b)
}

function expectEachOnce(world: World, partition = 0): void {
  const offsets = world.log.records('input', partition).map(({ offset }) => Number(offset))
  expect(offsetsOf(world, partition)).toEqual(offsets)
}

function events(process: Process, event: string) {
  return process.lines.filter((line) => line.event === event)
}

/** Fails the first call of this name after `after` of that name have passed. */
function failOnce(name: string, after: number, error: Error) {
  let seen = 0
  return (_index: number, called: string) => {
    if (called === name && seen++ === after) throw error
  }
}

test('a lost answer to a commit that is there is found out: nothing is sent twice', async () => {
  const world = new World()
  const total = feed(world, 4)
  const process = world.start({ atCall: failOnce('after end', 3, new Error('connection reset')) })
  await world.time.until('all outputs', () => world.published() >= total)
  await world.stop(process)
  expect(events(process, 'commit.failed')).toHaveLength(1)
  expect(events(process, 'commit.resolved').map(({ fields }) => fields.there)).toEqual([true])
  expectEachOnce(world)
})

test('a commit that is not there is sent again, the same bytes', async () => {
  const world = new World()
  const total = feed(world, 4)
  const process = world.start({ atCall: failOnce('end', 3, new Error('connection reset')) })
  await world.time.until('all outputs', () => world.published() >= total)
  await world.stop(process)
  expect(events(process, 'commit.resolved').map(({ fields }) => fields.there)).toEqual([false])
  expectEachOnce(world)
  expect(events(process, 'task.restarting')).toHaveLength(0)
})

test('a transaction that timed out is sent again by the owner, with its memory kept', async () => {
  const world = new World()
  const total = feed(world, 4)
  let ends = 0
  const process = world.start({
    atCall: (_index, name) => {
      if (name === 'end' && ends++ === 2) world.log.timeOut(0)
    },
  })
  await world.time.until('all outputs', () => world.published() >= total)
  await world.stop(process)
  const errors = events(process, 'commit.failed').map(({ fields }) => fields.error)
  expect(errors).toMatchObject([{ code: 'HEADRACE_KAFKA_FENCED' }])
  expect(events(process, 'task.running')).toHaveLength(1)
  expectEachOnce(world)
})

test('a second incarnation fences the first, which publishes nothing more', async () => {
  const world = new World()
  const total = feed(world, 6)
  const stall = Promise.withResolvers<void>()
  let ends = 0
  const zombie = world.start({
    // Stalled with a transaction open, as by SIGSTOP: only its own process does not know.
    atCall: (_index, name) => (name === 'end' && ends++ === 3 ? stall.promise : undefined),
  })
  await world.time.until('the stall', () => ends === 4)
  world.expel(zombie)
  const owner = world.start()
  await world.time.until('the owner to go on', () => world.published() > 24)
  const before = world.commits().at(-1)
  stall.resolve()
  await world.time.until('all outputs', () => world.published() >= total)
  await world.time.until('both to settle', () => {
    return world.group.members.length === 2 && zombie.service.tasks().length === 0
  })
  expectEachOnce(world)
  const after = world.commits().at(-1)
  expect(after?.bootId).toBe(before?.bootId)
  expect(owner.service.tasks().map(({ state }) => state)).toEqual(['RUNNING'])
  await world.stop(zombie)
  await world.stop(owner)
})

test('a task that lost its partition and got it back with stale memory starts anew', async () => {
  const world = new World()
  const total = feed(world, 8)
  const stall = Promise.withResolvers<void>()
  let ends = 0
  const first = world.start({
    atCall: (_index, name) => (name === 'end' && ends++ === 3 ? stall.promise : undefined),
  })
  await world.time.until('the stall', () => ends === 4)
  world.expel(first)
  const second = world.start()
  await world.time.until('the second to go on', () => world.published() > 24)
  await world.stop(second)
  // The first never heard that it was out: it joins again and keeps its task.
  world.group.join(first.source)
  stall.resolve()
  await world.time.until('all outputs', () => world.published() >= total)
  await world.stop(first)
  expectEachOnce(world)
  expect(events(first, 'task.restarting').length).toBeGreaterThan(0)
})

test('a partition kept over a rebalance proves by a transaction that it is current', async () => {
  const world = new World(2)
  world.log.produce(0, [input(0), input(1)])
  const first = world.start()
  await world.time.until('first outputs', () => world.published(0) === 2)
  await world.time.until('both tasks', () => world.commits(1).length === 1)
  const before = world.log.log('changelog', 0).end
  const second = world.start()
  await world.time.until('two owners', () => {
    return [first, second].every(({ service }) => service.tasks().length === 1)
  })
  await world.time.pass(300)
  // A marker and its transaction's end, and nothing else, since nothing else was to be said.
  expect(world.log.log('changelog', 0).end - before).toBe(2n)
  await world.stop(first)
  await world.stop(second)
})

test('while processes come and go, each record has one output', async () => {
  const world = new World(3)
  const total = feed(world, 10, 0) + feed(world, 8, 1) + feed(world, 0, 2)
  const published = () => world.published(0) + world.published(1)
  const first = world.start()
  await world.time.until('first outputs', () => published() > 20)
  const second = world.start()
  await world.time.until('more outputs', () => published() > 60)
  const third = world.start()
  await world.time.until('more outputs', () => published() > 110)
  await world.stop(first)
  await world.time.until('more outputs', () => published() > 150)
  second.kill()
  world.expel(second)
  await world.time.until('all outputs', () => published() >= total)
  await world.time.until('all tasks', () => world.commits(2).length > 0)
  await world.stop(third)
  for (const partition of [0, 1]) expectEachOnce(world, partition)
})

test('the queue never holds more than its high mark and one batch, and all is learnt', async () => {
  const world = new World()
  const process = world.start({
    queueBounds: { highRecords: 20, highBytes: 1_000_000 },
    outputBounds: { maxRecords: 15, maxBytes: 1_000_000 },
    maxBatchRecords: 7,
  })
  world.log.produce(
    0,
    Array.from({ length: 400 }, (_, i) => input(i)),
  )
  let highest = 0
  await world.time.until('all outputs', () => {
    for (const { queuedRecords } of process.service.tasks()) {
      highest = Math.max(highest, queuedRecords)
    }
    return world.log.groupOffset(0) === 400n
  })
  await world.stop(process)
  expectEachOnce(world)
  // Both bounds were met: the partition was paused, and no transaction was larger than it may be.
  expect(highest).toBeGreaterThanOrEqual(20)
  expect(highest).toBeLessThan(20 + 7)
  const sizes = world.commits().map(({ records }, i, all) => records - (all[i - 1]?.records ?? 0))
  expect(Math.max(...sizes)).toBe(15)
})

test('a task that gets no answers is given up after a bounded number of times', async () => {
  const world = new World()
  const process = world.start({
    atCall: (_index, name) => {
      if (name === 'read changelog') throw new Error('no answer')
    },
  })
  const outcome = process.service.done.catch((error: unknown) => error)
  let ended: unknown
  void outcome.then((error) => {
    ended = error
  })
  await world.time.until('the end', () => ended !== undefined)
  expect(ended).toBeInstanceOf(HeadraceError)
  expect((ended as HeadraceError).code).toBe('HEADRACE_TASK_GAVE_UP')
  expect((ended as HeadraceError).exitCode).toBe(1)
  expect(events(process, 'task.restarting')).toHaveLength(8)
})

test('a partition lost and got again waits for the end of its former incarnation', async () => {
  const world = new World()
  const total = feed(world, 6)
  const stall = Promise.withResolvers<void>()
  let ends = 0
  const process = world.start({
    atCall: (_index, name) => (name === 'end' && ends++ === 3 ? stall.promise : undefined),
  })
  await world.time.until('the stall', () => ends === 4)
  process.source.assigned([])
  process.source.assigned([0])
  await world.time.pass(1_000)
  const opened = () => process.calls.filter((name) => name === 'connect').length
  expect(opened()).toBe(1)
  expect(process.service.tasks().map(({ state }) => state)).toEqual(['CREATED'])
  stall.resolve()
  await world.time.until('all outputs', () => world.published() >= total)
  expect(opened()).toBe(2)
  await world.stop(process)
  expectEachOnce(world)
})

test('a partition that cannot be read any further fails, and the others go on', async () => {
  const world = new World(2)
  for (const partition of [0, 1]) world.log.produce(partition, [input(0), input(1)])
  const process = world.start()
  await world.time.until('the outputs', () => world.published(0) + world.published(1) === 4)
  world.log.produce(0, [input(2), input(3), input(4)])
  world.log.log('input', 0).truncate(4n)
  world.log.produce(1, [input(2)])
  await world.time.until('the other partition', () => world.published(1) === 3)
  const [first, second] = process.service.tasks()
  expect([first?.state, second?.state]).toEqual(['FAILED', 'RUNNING'])
  expect(first?.error).toMatchObject({ code: 'HEADRACE_KAFKA_OUT_OF_RANGE' })
  expect(world.published(0)).toBe(2)
  await world.stop(process)
})

test('a defect of the model ends the process with that defect', async () => {
  const world = new World()
  world.log.produce(0, [input(0), input(1)])
  const process = world.start({
    createProcessor: () =>
      new FakeProcessor('', (records) => {
        if (records === 1) throw new TypeError('a defect')
      }),
  })
  let ended: unknown
  process.service.done.catch((error: unknown) => {
    ended = error
  })
  await world.time.until('the end', () => ended !== undefined)
  expect(ended).toBeInstanceOf(AssertionError)
  expect((ended as Error).message).toBe('a defect')
  // What came before it may be published once more from the log, so nothing half done is.
  expect(world.published()).toBe(0)
})

test('a zombie that finds its successor’s traces takes nothing for lost', async () => {
  const world = new World()
  const total = feed(world, 4)
  const stall = Promise.withResolvers<void>()
  let reads = 0
  const zombie = world.start({
    // It has read a changelog without a commit record, and then asks what else there is.
    atCall: (_index, name) => {
      return name === 'after read changelog' && reads++ === 0 ? stall.promise : undefined
    },
  })
  await world.time.until('the stall', () => reads === 1)
  world.expel(zombie)
  const owner = world.start()
  await world.time.until('the owner to publish', () => world.published() > 0)
  stall.resolve()
  await world.time.until('all outputs', () => world.published() === total)
  await world.time.until('the zombie to join again', () => world.group.members.length === 2)
  await world.time.pass(1_000)
  expect(events(zombie, 'task.restarting').map(({ fields }) => fields.error)).toMatchObject([
    { code: 'HEADRACE_TASK_CHANGELOG_LOST' },
  ])
  expect(events(zombie, 'service.stopping')).toEqual([])
  await world.stop(owner)
  world.log.produce(0, [input(99)])
  await world.time.until('the zombie, alive, to go on', () => world.published() === total + 1)
  await world.stop(zombie)
  await zombie.service.done
})
