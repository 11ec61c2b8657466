import { describe, expect, test } from 'vitest'
import { HeadraceError } from '../../../../src/errors.ts'
import type { EngineListener, Engines } from '../../../../src/task/engine/engines.ts'
import { createOutputEncoder } from '../../../../src/task/engine/output-encoder.ts'
import type { PageChoice, PagePoints } from '../../../../src/task/page/viewing.ts'
import type { OutputRecord } from '../../../../src/task/ports.ts'
import { Processor } from '../../../../src/task/processor.ts'
import type { Service } from '../../../../src/task/service.ts'
import { type ProcessOptions, testConfig, World } from '../support/world.ts'

const config = testConfig({
  input: { topic: 'input', time: 'at' },
  task: { targets: ['y'], horizons: [1, 2] },
  model: { hidden: 2, window: 3, updateEvery: 2, learningRates: [1e-3], kernel: 'reference' },
})
const anything: PageChoice = { partition: null, sequence: null, target: 'y', horizon: 1 }
const real: ProcessOptions = {
  config,
  createProcessor: () => new Processor(config),
  createEncoder: (partition) => createOutputEncoder(config, partition),
}

/** Record i of two sequences; every tenth cannot be used. */
function record(i: number): OutputRecord {
  const y = i % 10 === 9 ? 'n/a' : 5 + Math.sin(i)
  const value = JSON.stringify({ at: 1_600_000_000_000 + 1_000 * i, y })
  return { key: Buffer.from(`key-${i % 2}`), value: Buffer.from(value) }
}

const records = (from: number, to: number): OutputRecord[] =>
  Array.from({ length: to - from }, (_, i) => record(from + i))

/** [records, observed, predicted] of the nearest horizon by a processor of its own. */
function expected(sequence: string, count: number): number[][] {
  const processor = new Processor(config)
  const rows: number[][] = []
  for (const { key, value } of records(0, count)) {
    const { failure, forecast, scored } = processor.process(key, value, 0)
    if (failure !== null || forecast.sequence !== sequence) continue
    const predicted = scored.present[0] === 1 ? (scored.mixture[0] as number) : Number.NaN
    rows.push([forecast.records, scored.observed[0] as number, predicted])
  }
  return rows
}

interface Page {
  readonly choices: PageChoice[]
  readonly told: PagePoints[]
  rows(): number[][]
  leave(): void
}

function open({ page }: Service, wanted = anything): Page {
  const choices: PageChoice[] = []
  const told: PagePoints[] = []
  const leave = page.watch(wanted, {
    onChoice: (choice) => void choices.push(choice),
    onPoints: (points) => void told.push(points),
  })
  const rows = () =>
    told.flatMap(({ points }) =>
      Array.from({ length: points.length / 8 }, (_, i) => {
        const [count = 0, , observed = 0, predicted = 0] = points.subarray(8 * i, 8 * i + 8)
        return [count, observed, predicted]
      }),
    )
  return { choices, told, rows, leave }
}

const committed = (world: World, count: number, partition = 0): Promise<void> =>
  world.time.until(`${count} records`, () => world.published(partition) >= count)

/** Engines that can be lost as if their thread had crashed. */
function mortal(): { wrap(engines: Engines): Engines; lose(): void } {
  let listener: EngineListener | null = null
  return {
    wrap: (engines) => ({
      open(partition, of) {
        listener = of
        return engines.open(partition, of)
      },
      close: () => engines.close(),
    }),
    lose: () => listener?.onLost(new HeadraceError('HEADRACE_TASK_WORKER_LOST', 'It crashed.')),
  }
}

describe('a page', () => {
  test('sees each point once, over the loss of a worker and a restart of the task', async () => {
    const world = new World()
    const engines = mortal()
    const { service } = world.start({ ...real, wrapEngines: engines.wrap })
    world.log.produce(0, records(0, 1))
    await committed(world, 1)
    const page = open(service, { ...anything, partition: 0, sequence: 'key-0' })
    await world.time.pass(300)
    for (let from = 1; from < 91; from += 30) {
      world.log.produce(0, records(from, from + 30))
      await committed(world, from + 30)
      await world.time.pass(300)
      engines.lose()
      await world.time.until('the restart', () => service.tasks()[0]?.state !== 'RUNNING')
      await world.time.until('the task again', () => service.readiness().ready)
    }
    expect(page.told.map(({ isReset }) => isReset).indexOf(true, 1)).toBe(-1)
    const [first, ...rest] = expected('key-0', 91)
    expect(page.rows()).toEqual([[1, first?.[1], Number.NaN], ...rest])
  })

  test('begins anew when its partition comes back from another process', async () => {
    const world = new World(2)
    const { service } = world.start(real)
    for (const partition of [0, 1]) world.log.produce(partition, records(0, 20))
    for (const partition of [0, 1]) await committed(world, 20, partition)
    const pages = [0, 1].map((partition) =>
      open(service, { ...anything, partition, sequence: 'key-0' }),
    )
    const other = world.start(real)
    await world.time.until('a rebalance', () => other.service.readiness().ready)
    const gone = other.service.tasks()[0]?.partition as 0 | 1
    for (const partition of [0, 1]) world.log.produce(partition, records(20, 40))
    for (const partition of [0, 1]) await committed(world, 40, partition)
    await world.stop(other)
    await world.time.until('it back', () => service.tasks().length === 2)
    await world.time.until('both tasks', () => service.readiness().ready)
    await world.time.pass(300)
    const resets = pages.map(({ told }) => told.filter(({ isReset }) => isReset).length)
    expect(resets).toEqual(gone === 0 ? [2, 1] : [1, 2])
    expect(pages[gone]?.rows().at(-1)?.slice(0, 2)).toEqual(
      expected('key-0', 40).at(-1)?.slice(0, 2),
    )
  })

  test('without a choice sees the sequence used last, where a record came last', async () => {
    const world = new World(2)
    const { service } = world.start(real)
    const page = open(service)
    await world.time.until('both tasks', () => service.readiness().ready)
    service.page.tick()
    await world.time.pass(300)
    expect(page.choices.at(-1)).toMatchObject({ partition: 0, sequence: null })
    world.log.produce(1, records(0, 6))
    await committed(world, 6, 1)
    service.page.tick()
    await world.time.pass(300)
    expect(page.choices.at(-1)).toEqual({ ...anything, partition: 1, sequence: 'key-1' })
    // From then on it is faithful to it.
    world.log.produce(0, records(0, 6))
    await committed(world, 6, 0)
    service.page.tick()
    await world.time.pass(300)
    expect(page.choices.at(-1)).toMatchObject({ partition: 1, sequence: 'key-1' })
  })

  test('that has gone hears nothing more, and its engine does not watch', async () => {
    const world = new World()
    const { service } = world.start(real)
    world.log.produce(0, records(0, 6))
    await committed(world, 6)
    const page = open(service)
    await world.time.pass(300)
    const told = page.told.length
    page.leave()
    world.log.produce(0, records(6, 30))
    await committed(world, 30)
    await world.time.pass(600)
    expect(page.told).toHaveLength(told)
  })

  test('changes no bit of what is published', async () => {
    const outputs = async (isWatched: boolean): Promise<string> => {
      const world = new World()
      const { service } = world.start(real)
      const page = isWatched ? open(service) : null
      for (let from = 0; from < 120; from += 20) {
        world.log.produce(0, records(from, from + 20))
        await committed(world, from + 20)
        if (isWatched) void service.page.search('key', 10)
        service.page.status(anything)
        await world.time.pass(300)
      }
      if (page !== null) expect(page.rows().length).toBeGreaterThan(40)
      return world.commits(0).at(-1)?.chainHash ?? ''
    }
    expect(await outputs(true)).toBe(await outputs(false))
  })
})

describe('the status', () => {
  test('tells of tasks, rates, dead letters and the scoreboard of what is chosen', async () => {
    const world = new World()
    const { service } = world.start(real)
    const before = service.page.status(anything)
    expect(before).toMatchObject({ recordsPerSecond: Number.NaN, scores: [], skill: null })
    world.log.produce(0, records(0, 400))
    await committed(world, 400)
    service.page.tick()
    world.log.produce(0, records(400, 500))
    await committed(world, 500)
    await world.time.pass(1_500)
    service.page.tick()
    const status = service.page.status({ ...anything, partition: 0, horizon: 2 })
    expect(status.tasks).toMatchObject([
      { partition: 0, state: 'RUNNING', done: null, lagRecords: 0, queuedRecords: 0 },
    ])
    expect(status.tasks[0]).toMatchObject({ records: 500, sequences: 2, error: null })
    expect(status.tasks[0]?.updates).toBeGreaterThan(10)
    expect(status.recordsPerSecond).toBeGreaterThan(20)
    expect(status.recordsPerSecond).toBeLessThan(100)
    expect(status.deadLetters.total).toBe(50)
    expect(status.deadLetters.recent.length).toBeGreaterThan(0)
    expect(status.deadLetters.recent.length).toBeLessThanOrEqual(20)
    expect(status.deadLetters.recent[0]).toMatchObject({ partition: 0, code: expect.any(String) })
    expect(Number(status.deadLetters.recent[0]?.offset) % 10).toBe(9)
    const members = status.scores.map(({ member }) => member)
    expect(members[0]).toBe('mixture')
    expect(members).toContain('persistence')
    expect(members.at(-1)).toBe('network:no-carry')
    expect(status.scores.at(-1)?.weight).toBeNull()
    const weights = status.scores.map(({ weight }) => weight ?? 0)
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9)
    expect(status.coverage.map(({ level }) => level)).toEqual([0.8, 0.95])
    expect(status.skill?.persistence).toBeLessThan(1)
    // Another horizon has other errors.
    const nearer = service.page.status({ ...anything, partition: 0 })
    expect(nearer.scores[0]?.mae).not.toBe(status.scores[0]?.mae)
  })

  test('tells why a task has failed', async () => {
    const world = new World()
    const engines = mortal()
    const { service } = world.start({ ...real, wrapEngines: engines.wrap })
    await world.time.until('the task', () => service.readiness().ready)
    engines.lose()
    const { tasks } = service.page.status(anything)
    expect(tasks).toMatchObject([{ state: 'FAILED', error: 'It crashed.' }])
    expect(tasks[0]?.records).toBe(Number.NaN)
  })
})

describe('a search', () => {
  test('takes turns among partitions, and says when there is more', async () => {
    const world = new World(2)
    const { service } = world.start(real)
    for (const partition of [0, 1]) world.log.produce(partition, records(0, 6))
    for (const partition of [0, 1]) await committed(world, 6, partition)
    const found: unknown[] = []
    for (const limit of [9, 3]) {
      void service.page.search('KEY', limit).then((list) => found.push(list))
    }
    await world.time.until('the answers', () => found.length === 2)
    const all = [
      { partition: 0, sequence: 'key-1' },
      { partition: 1, sequence: 'key-1' },
      { partition: 0, sequence: 'key-0' },
      { partition: 1, sequence: 'key-0' },
    ]
    expect(found).toEqual([
      { sequences: all, isCut: false },
      { sequences: all.slice(0, 3), isCut: true },
    ])
  })

  test('ends where an engine goes or says nothing, and too many are refused', async () => {
    const world = new World()
    const engines = mortal()
    const { service } = world.start({ ...real, wrapEngines: engines.wrap })
    await world.time.until('the task', () => service.readiness().ready)
    const found: unknown[] = []
    for (let i = 0; i < 10; i++) void service.page.search('', 5).then((list) => found.push(list))
    await world.time.until('the refusals', () => found.length >= 2)
    expect(found.slice(0, 2)).toEqual([null, null])
    engines.lose()
    await world.time.until('all answers', () => found.length === 10)
    expect(found.at(-1)).toMatchObject({ sequences: [] })
  })
})
