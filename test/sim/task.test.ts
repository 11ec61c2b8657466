import { expect, test } from 'vitest'
import { Random } from '../../src/random.ts'
import { sleep } from '../../src/task/scheduler.ts'
import { feed } from '../unit/task/support/feed.ts'
import { type Process, World } from '../unit/task/support/world.ts'

/**
 * Schedules that are tried; one fails with its seed in the message, and runs again by that seed.
 */
const seeds = Array.from({ length: 80 }, (_, seed) => seed)
const partitions = 3
const waves = 8

function pick(random: Random, count: number): number {
  return Math.floor(random.uniform() * count)
}

/** What one process without faults publishes. */
async function oracle() {
  const world = new World(partitions)
  const total = feedAll(world)
  const process = world.start()
  await world.time.until('all outputs', () => publishedOf(world) === total)
  await world.stop(process)
  return resultOf(world)
}

function feedAll(world: World): number {
  let total = 0
  for (let partition = 0; partition < partitions; partition++) {
    total += feed(world, waves + partition, partition, 90 + 20 * partition)
  }
  return total
}

function publishedOf(world: World): number {
  let count = 0
  for (let partition = 0; partition < partitions; partition++) count += world.published(partition)
  return count
}

function resultOf(world: World) {
  return Array.from({ length: partitions }, (_, partition) => {
    const { records, chainHash } = world.commits(partition).at(-1) ?? {}
    return { ...world.outputs(partition), records, chainHash }
  })
}

/** A process whose calls are delayed, fail, never come back or are its last, at random. */
function startFaulty(world: World, random: Random, log: string[]): Process {
  return world.start({
    maxBatchRecords: 3 + pick(random, 20),
    // Small enough that partitions are paused and transactions cut off in the middle of it all.
    queueBounds: { highRecords: 8 + pick(random, 40), highBytes: 100 + pick(random, 2_000) },
    outputBounds: { maxRecords: 3 + pick(random, 30), maxBytes: 100 + pick(random, 2_000) },
    atCall: async (index, name, process) => {
      const chance = random.uniform()
      if (chance < 0.15) await sleep(world.time, random.uniform() * 60)
      else if (chance < 0.17) {
        // Longer than its session: the others go on without it, and it does not know.
        log.push(`stall at ${index} ${name}`)
        world.expel(process)
        await sleep(world.time, 500 + random.uniform() * 3_000)
      } else if (chance < 0.2 && name !== 'join' && name !== 'leave' && name !== 'close') {
        log.push(`failure at ${index} ${name}`)
        throw new Error(`no answer to ${name}`)
      } else if (chance < 0.203) {
        log.push(`death at ${index} ${name}`)
        process.kill()
        world.expel(process)
      }
    },
  })
}

/** Processes come, go, stall and die for a while; then calm, and one that goes on to the end. */
async function run(seed: number): Promise<{ result: ReturnType<typeof resultOf>; log: string[] }> {
  const random = new Random(seed)
  const world = new World(partitions)
  const total = feedAll(world)
  const log: string[] = []
  const processes: Process[] = []
  for (let round = 0; round < 8; round++) {
    const action = random.uniform()
    const alive = processes.filter((process) => !process.isDead)
    if (alive.length < 3 && (action < 0.6 || alive.length === 0)) {
      log.push('start')
      processes.push(startFaulty(world, random, log))
    } else if (action < 0.8) {
      log.push('stop')
      void alive[pick(random, alive.length)]?.service.stop()
    } else if (action < 0.9) {
      log.push('compact')
      for (let p = 0; p < partitions; p++) world.log.log('changelog', p).compact()
    } else if (action < 0.93) {
      log.push('group offset gone')
      world.log.resetGroupOffset(pick(random, partitions))
    } else {
      log.push('time out')
      world.log.timeOut(pick(random, partitions))
    }
    await world.time.pass(50 + random.uniform() * 400)
  }
  for (const process of processes) {
    process.kill()
    world.expel(process)
  }
  const last = world.start()
  await world.time.until('all outputs', () => publishedOf(world) >= total, 200_000)
  await world.stop(last)
  return { result: resultOf(world), log }
}

test('after any schedule of faults everything published equals one run without any', async () => {
  const expected = await oracle()
  const seen = new Set<string>()
  for (const seed of seeds) {
    const { result, log } = await run(seed)
    expect(result, `seed ${seed}: ${log.join(', ')}`).toEqual(expected)
    for (const line of log) seen.add(line.replace(/ \d+/, ''))
  }
  // The schedules must have met the protocol's steps, or they prove nothing.
  for (const fault of ['stall at end', 'failure at end', 'failure at reply', 'failure at init']) {
    expect([...seen]).toContain(fault)
  }
  expect([...seen].some((line) => line.startsWith('death at'))).toBe(true)
})

test('the same seed gives the same schedule', async () => {
  const [first, second] = [await run(7), await run(7)]
  expect(second.log).toEqual(first.log)
  expect(second.result).toEqual(first.result)
})
