import { expect, test } from 'vitest'
import { Random } from '../../src/random.ts'
import { createOutputEncoder } from '../../src/task/engine/output-encoder.ts'
import { Processor } from '../../src/task/processor.ts'
import { type Process, type ProcessOptions, World } from '../unit/task/support/world.ts'
import { Schedule } from './support/schedule.ts'
import { feed, partitions, pick, type Workload, workload } from './support/workload.ts'

/** A process that learns the workload, with snapshots after every few records. */
function options({ config: base }: Workload, intervalMs = 20): ProcessOptions {
  const config = { ...base, commit: { intervalMs }, snapshot: { maxReplayMs: 2 } }
  return {
    config,
    createProcessor: () => new Processor(config),
    createEncoder: (partition) => createOutputEncoder(config, partition),
  }
}

function expectTruth(world: World, { truths }: Workload, only = partitions): void {
  for (const [partition, { predictions, deadLetters, facts }] of truths.slice(0, only).entries()) {
    expect(world.outputs(partition)).toEqual({ predictions, deadLetters })
    const { records, chainHash, weightsHash } = world.commits(partition).at(-1) ?? {}
    const { stateHash: _, updates: __, ...expected } = facts.at(-1) ?? {}
    expect({ records, chainHash, weightsHash }).toEqual({ records: facts.length - 1, ...expected })
  }
}

test('a service without faults does what a bare pass over the log does', async () => {
  for (let number = 0; number < 16; number++) {
    const input = workload(number)
    const world = new World(partitions)
    feed(world, input)
    const process = world.start(options(input))
    await world.time.until('all outputs', () =>
      input.truths.every(({ facts }, p) => world.published(p) === facts.length - 1),
    )
    await world.stop(process)
    expectTruth(world, input)
    expect(process.lines.some(({ event }) => event === 'snapshot.sealed')).toBe(true)
  }
})

test('the same seed gives the same schedule', async () => {
  const input = workload(7)
  const [first, second] = [new Schedule(7, input), new Schedule(7, input)]
  await first.run()
  await second.run()
  expect(second.log).toEqual(first.log)
  expect(second.world.time.nowMs()).toBe(first.world.time.nowMs())
  expect(first.log.length).toBeGreaterThan(10)
})

/** The first partition of a workload alone, all of it there from the beginning. */
function oneWorld({ waves }: Workload): World {
  const world = new World()
  for (const { partition, kind, records } of waves) {
    if (partition !== 0) continue
    if (kind === 'plain') world.log.produce(0, records)
    else world.log.produceTransaction(0, records, kind)
  }
  return world
}

/** Dies right before it takes in record `record`. */
function dyingAt(input: Workload, record: number, random: Random): ProcessOptions {
  const mortal: { process?: Process } = {}
  const given = options(input, 1 + pick(random, 8))
  return {
    ...given,
    maxBatchRecords: 1 + pick(random, 6),
    // Few records to a transaction, so that there are many, and many snapshots.
    outputBounds: { maxRecords: 1 + pick(random, 4), maxBytes: 10_000 },
    createProcessor() {
      const processor = new Processor(input.config)
      const { processMany } = processor
      processor.processMany = (records, from, until, visit) => {
        if (processor.model.records + (until - from) > record) mortal.process?.kill()
        else processMany.call(processor, records, from, until, visit)
      }
      return processor
    },
    atCall: (_index, _name, process) => {
      mortal.process = process
    },
  }
}

test('killed at every record and restored each time, it goes on as if nothing was', async () => {
  const input = workload(3)
  const total = (input.truths[0]?.facts.length ?? 0) - 1
  const restored = new Set<unknown>()
  for (let record = 1; record <= total; record++) {
    const world = oneWorld(input)
    const first = world.start(dyingAt(input, record, new Random(record)))
    await world.time.until('its death or its end', () => {
      return first.isDead || world.published() === total
    })
    world.crash(first)
    const second = world.start(options(input))
    await world.time.until('all outputs', () => world.published() === total)
    await world.stop(second)
    expectTruth(world, input, 1)
    const running = second.lines.find(({ event }) => event === 'task.running')
    restored.add(running?.fields.snapshot)
  }
  // From snapshots of many cuts, and from none.
  expect(restored).toContain(null)
  expect(restored.size).toBeGreaterThan(5)
})

test('one life for each record: every process dies after one more than the last', async () => {
  const input = workload(9)
  const total = (input.truths[0]?.facts.length ?? 0) - 1
  const world = oneWorld(input)
  for (let record = 1; record < total; record++) {
    const process = world.start(dyingAt(input, record, new Random(record)))
    await world.time.until('its death', () => process.isDead)
    world.crash(process)
    if (record % 9 === 0) world.log.log('changelog', 0).compact()
  }
  const last = world.start(options(input))
  await world.time.until('all outputs', () => world.published() === total)
  await world.stop(last)
  expectTruth(world, input, 1)
})
