import { expect, test } from 'vitest'
import type { ServiceConfig } from '../../../src/config/schema.ts'
import { HeadraceError } from '../../../src/errors.ts'
import { encodeCommit } from '../../../src/task/commit-record.ts'
import { silentMetrics } from '../../../src/task/observe.ts'
import { FakeProcessor } from './support/fake-processor.ts'
import { input } from './support/feed.ts'
import { type Process, type ProcessOptions, testConfig, World } from './support/world.ts'

/** A world in which `count` records have been learnt and published, and nobody runs. */
async function learnt(count: number, config?: ServiceConfig): Promise<World> {
  const world = new World()
  world.log.produce(
    0,
    Array.from({ length: count }, (_, i) => input(i)),
  )
  const process = world.start(config === undefined ? {} : { config })
  await world.time.until('the outputs', () => world.published() === count)
  world.crash(process)
  return world
}

/** The error that ends a process which cannot go on with what it finds. */
async function failureOf(world: World, options: ProcessOptions = {}): Promise<HeadraceError> {
  const process = world.start(options)
  return endOf(world, process)
}

async function endOf(world: World, process: Process): Promise<HeadraceError> {
  let error: unknown
  process.service.done.catch((reason: unknown) => {
    error = reason
  })
  await world.time.until('the end', () => error !== undefined)
  expect(error).toBeInstanceOf(HeadraceError)
  return error as HeadraceError
}

test('a replay that leads to another chain hash is refused, and nothing published', async () => {
  const world = await learnt(30)
  const before = world.outputs()
  world.log.produce(0, [input(30)])
  const error = await failureOf(world, { createProcessor: () => new FakeProcessor('other') })
  expect(error).toMatchObject({ code: 'HEADRACE_TASK_HASH_MISMATCH', exitCode: 1 })
  expect(error.message).toContain("Partition 0 of topic 'input'")
  expect(error.message).toContain('after 30 records')
  expect(world.outputs()).toEqual(before)
})

test('an input that holds fewer records than were learnt is refused', async () => {
  const world = await learnt(30)
  const [commit] = world.commits().slice(-1)
  if (commit === undefined) throw new Error('there is a commit record')
  const producer = world.log.initProducer(0)
  world.log.append(producer, 'changelog', [encodeCommit({ ...commit, records: 31 })])
  world.log.commit(producer)
  const error = await failureOf(world)
  expect(error.code).toBe('HEADRACE_TASK_HASH_MISMATCH')
  expect(error.message).toContain('it holds 30 records, the commit record counts 31')
})

test('another configuration is refused with what has changed, exit code 78', async () => {
  const world = await learnt(10, testConfig({ model: { hidden: 8 } }))
  const config = testConfig({ model: { hidden: 16 }, task: { targets: ['y'], horizons: [1, 5] } })
  const error = await failureOf(world, { config })
  expect(error).toMatchObject({ code: 'HEADRACE_TASK_FINGERPRINT_FOREIGN', exitCode: 78 })
  expect(error.message).toContain('model.hidden: 8, now 16')
  expect(error.message).toContain('task.horizons: [1], now [1,5]')
  expect(error.message).toContain('new application name')
})

test('what does not decide predictions may change from one run to the next', async () => {
  const world = await learnt(10)
  world.log.produce(0, [input(10)])
  const process = world.start({
    config: testConfig({ commit: { intervalMs: 50 }, http: { port: 1 }, log: { level: 'debug' } }),
  })
  await world.time.until('the output', () => world.published() === 11)
  await world.stop(process)
})

test('another numerics version is refused with exit code 78', async () => {
  const world = await learnt(10)
  const error = await failureOf(world, { numerics: 77 })
  expect(error).toMatchObject({ code: 'HEADRACE_TASK_NUMERICS_FOREIGN', exitCode: 78 })
})

test('a commit record of a newer format is refused with exit code 78', async () => {
  const world = await learnt(10)
  const producer = world.log.initProducer(0)
  const value = Buffer.from(JSON.stringify({ format: 2, whatever: true }))
  world.log.append(producer, 'changelog', [{ key: Buffer.from('commit'), value }])
  world.log.commit(producer)
  const error = await failureOf(world)
  expect(error).toMatchObject({ code: 'HEADRACE_TASK_FORMAT_NEWER', exitCode: 78 })
})

test('a commit record that is none is refused', async () => {
  const world = await learnt(10)
  const producer = world.log.initProducer(0)
  world.log.append(producer, 'changelog', [{ key: Buffer.from('commit'), value: Buffer.of(0xff) }])
  world.log.commit(producer)
  expect((await failureOf(world)).code).toBe('HEADRACE_TASK_CHANGELOG_INVALID')
})

test('records that retention has deleted since the start are named', async () => {
  const world = await learnt(30)
  world.log.log('input', 0).truncate(12n)
  const error = await failureOf(world)
  expect(error).toMatchObject({ code: 'HEADRACE_TASK_INPUT_EXPIRED', exitCode: 1 })
  expect(error.message).toContain('records 0…11 are gone')
})

test('records deleted before the application began are not missed', async () => {
  const world = new World()
  world.log.produce(0, [input(0), input(1), input(2), input(3)])
  world.log.log('input', 0).truncate(2n)
  const first = world.start()
  await world.time.until('the outputs', () => world.published() === 2)
  await world.stop(first)
  world.log.produce(0, [input(4)])
  const second = world.start()
  await world.time.until('the outputs', () => world.published() === 3)
  await world.stop(second)
  expect(world.commits().at(-1)).toMatchObject({ startOffset: 2n, records: 3, nextOffset: 5n })
})

test('an input that ends before what was learnt is refused', async () => {
  const world = await learnt(30)
  const [commit] = world.commits().slice(-1)
  if (commit === undefined) throw new Error('there is a commit record')
  const producer = world.log.initProducer(0)
  world.log.append(producer, 'changelog', [encodeCommit({ ...commit, nextOffset: 31n })])
  world.log.commit(producer)
  const error = await failureOf(world)
  expect(error.code).toBe('HEADRACE_TASK_INPUT_TRUNCATED')
  expect(error.message).toContain('ends at offset 30')
})

test('a changelog without a commit record is lost when the group has an offset', async () => {
  const world = await learnt(30)
  world.log.log('changelog', 0).truncate(world.log.log('changelog', 0).end)
  const error = await failureOf(world)
  expect(error).toMatchObject({ code: 'HEADRACE_TASK_CHANGELOG_LOST', exitCode: 1 })
  expect(error.message).toContain('its consumer group stands at offset 30')
})

test('a changelog without a commit record is lost when predictions are there', async () => {
  const world = await learnt(30)
  world.log.resetGroupOffset(0)
  world.log.log('changelog', 0).truncate(world.log.log('changelog', 0).end)
  expect((await failureOf(world)).message).toContain('its prediction partition holds records')
})

test('markers and aborted outputs of a start that never committed do not count', async () => {
  const world = new World()
  world.log.produce(0, [input(0)])
  let ends = 0
  const first = world.start({
    // The marker is there; the first transaction, with a commit record and an output, is not.
    atCall: (_index, name, process) => {
      if (name === 'end' && ends++ === 1) process.kill()
    },
  })
  await world.time.until('its death', () => first.isDead)
  world.expel(first)
  const second = world.start()
  await world.time.until('the output', () => world.published() === 1)
  await world.stop(second)
})

test('a group offset that disagrees is ignored with a warning', async () => {
  const world = await learnt(30)
  const producer = world.log.initProducer(0)
  world.log.append(producer, 'changelog', [{ key: Buffer.from('other'), value: Buffer.from('x') }])
  world.log.sendOffset(producer, 7n)
  world.log.commit(producer)
  world.log.produce(0, [input(30)])
  const process = world.start()
  await world.time.until('the output', () => world.published() === 31)
  await world.stop(process)
  const warnings = process.lines.filter(({ event }) => event === 'task.group-offset-ignored')
  expect(warnings.map(({ fields }) => fields)).toEqual([
    { partition: 0, groupOffset: 7n, ours: 30n },
  ])
})

test('a compacted changelog restores the same', async () => {
  const world = await learnt(30)
  world.log.log('changelog', 0).compact()
  world.log.produce(0, [input(30)])
  const process = world.start()
  await world.time.until('the output', () => world.published() === 31)
  await world.stop(process)
  expect(world.commits().at(-1)?.records).toBe(31)
})

test.each([
  ['latest', 4n],
  ['earliest', 0n],
  // Records 0 to 3 were produced at this second and the next ones.
  ['2020-01-01T00:00:02Z', 2n],
])('input.from %s is decided once, at the first start', async (from, startOffset) => {
  const world = new World()
  const beganMs = Date.parse('2020-01-01T00:00:00Z')
  const records = [0, 1, 2, 3].map((i) => ({ ...input(i), timestampMs: beganMs + i * 1_000 }))
  world.log.produce(0, records)
  const config = testConfig({ input: { topic: 'input', from } })
  const first = world.start({ config })
  await world.time.until('the first commit record', () => world.commits().length > 0)
  await world.stop(first)
  world.log.produce(0, [input(4)])
  const second = world.start({ config })
  await world.time.until('the outputs', () => world.published() === 5 - Number(startOffset))
  await world.stop(second)
  expect(world.commits().at(-1)).toMatchObject({ startOffset, records: 5 - Number(startOffset) })
})

test('one failed task leaves the others running; with fail-fast it ends the process', async () => {
  const world = new World(2)
  for (const partition of [0, 1]) world.log.produce(partition, [input(0), input(1), input(2)])
  const before = world.start()
  await world.time.until('the outputs', () => world.published(0) + world.published(1) === 6)
  world.crash(before)
  world.log.log('input', 0).truncate(1n)
  world.log.produce(1, [input(3)])

  const process = world.start()
  await world.time.until('the other partition to go on', () => world.published(1) === 4)
  await world.time.pass(1_000)
  expect(process.service.tasks().map(({ state }) => state)).toEqual(['FAILED', 'RUNNING'])
  const { ready, reasons } = process.service.readiness()
  expect(ready).toBe(false)
  expect(reasons).toHaveLength(1)
  expect(reasons[0]).toContain('partition 0: FAILED')
  expect(reasons[0]).toContain('records 0…0 are gone')
  await world.stop(process)
  await process.service.done

  const error = await failureOf(world, { failFast: true })
  expect(error.code).toBe('HEADRACE_TASK_INPUT_EXPIRED')
})

test('of failures for different reasons the one that is not 78 ends the process', async () => {
  const world = new World(2)
  const config = testConfig({ model: { hidden: 8 } })
  for (const partition of [0, 1]) world.log.produce(partition, [input(0), input(1), input(2)])
  const before = world.start({ config })
  await world.time.until('the outputs', () => world.published(0) + world.published(1) === 6)
  await world.stop(before)
  world.log.log('changelog', 1).truncate(world.log.log('changelog', 1).end)
  const error = await failureOf(world)
  expect(error).toMatchObject({ code: 'HEADRACE_TASK_CHANGELOG_LOST', exitCode: 1 })
})

test('a coordinator that falls silent makes the process unready, until it answers', async () => {
  const world = await learnt(3)
  const answer = Promise.withResolvers<void>()
  let isSilent = false
  let heartbeats = 0
  const interruptions = { count: 0 }
  const process = world.start({
    config: testConfig({ kafka: { sessionTimeoutMs: 8_000 } }),
    metrics: {
      ...silentMetrics,
      heartbeat: () => heartbeats++,
      interrupted: () => interruptions.count++,
    },
    atCall: (_index, name) => (isSilent && name === 'heartbeat' ? answer.promise : undefined),
  })
  const readiness = () => process.service.readiness()
  await world.time.until('readiness', () => readiness().ready)
  await world.time.pass(20_000)
  expect(readiness()).toEqual({ ready: true, reasons: [] })
  expect(heartbeats).toBeGreaterThan(10)
  isSilent = true
  await world.time.pass(12_000)
  expect(readiness()).toEqual({
    ready: false,
    reasons: [expect.stringMatching(/^the group's coordinator has not answered for 1[1-4] s$/)],
  })
  isSilent = false
  answer.resolve()
  await world.time.until('readiness', () => readiness().ready)
  expect(interruptions.count).toBe(0)
  await world.stop(process)
})

test('readiness tells why until all tasks run', async () => {
  const world = await learnt(30)
  const process = world.start({ maxBatchRecords: 3 })
  const seen = new Set<string>()
  await world.time.until('readiness', () => {
    const { ready, reasons } = process.service.readiness()
    for (const reason of reasons) seen.add(reason.replace(/\d+ of/, 'n of'))
    return ready
  })
  expect([...seen]).toEqual([
    'not yet a member of the consumer group',
    'partition 0: FENCING',
    'partition 0: RESTORING',
    'partition 0: RESTORING n of 30',
  ])
  await world.stop(process)
  expect(process.service.readiness()).toEqual({ ready: false, reasons: ['stopping'] })
})
