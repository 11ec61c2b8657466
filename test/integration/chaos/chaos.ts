import { setTimeout as delay } from 'node:timers/promises'
import { Random } from '../../../src/random.ts'
import { until } from '../support/broker.ts'
import { type Fault, pauseMs, schedule } from './faults.ts'
import { World, type WorldOptions } from './world.ts'

const minAlive = 2
const faultsBetweenCalms = 8
const catchUpMs = 60_000
/** From where on a process counts as one that would never have ended. */
const endMs = 40_000

export interface ChaosOptions extends WorldOptions {
  readonly faults: number
  /** Committed input records at the end, at least. */
  readonly records: number
  log(line: string): void
}

/** What is left when all is healed and every process has ended. */
export interface Havoc {
  readonly world: World
  readonly befallen: readonly Fault[]
  /** Faults that nobody ran into: a trap at a request that did not come. */
  readonly missed: readonly Fault[]
}

/**
 * Runs the schedule of a seed against two to four processes, heals everything, and leaves a world
 * in which every record has been learnt and no process runs. The caller closes it.
 */
export async function wreakHavoc(options: ChaosOptions): Promise<Havoc> {
  const world = await World.open(options)
  try {
    return await rage(world, options)
  } catch (error) {
    await world.close(true)
    const where = `seed ${options.seed}, logs in ${world.folder}`
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error })
  }
}

async function rage(world: World, options: ChaosOptions): Promise<Havoc> {
  const { fleet, app } = world
  const random = new Random(options.seed)
  const faults = schedule(random, options.faults, app.topics)
  const pauses = faults.map(() => pauseMs(random))
  const befallen: Fault[] = []
  const missed: Fault[] = []
  for (let i = 0; i < minAlive; i++) fleet.start()
  await until('some input', () => world.upstream.committedRecords > 1_000)
  await caughtUp(world)
  for (const [index, fault] of faults.entries()) {
    while (fleet.alive.length < minAlive) fleet.start()
    const beganMs = performance.now()
    const isBefallen = await fault.befall(world)
    const tookMs = Math.round(performance.now() - beganMs)
    const outcome = isBefallen ? '' : ', did not take place'
    options.log(`${index + 1}. ${fault.kind}: ${fault.detail}${outcome} (${tookMs} ms)`)
    ;(isBefallen ? befallen : missed).push(fault)
    await delay(pauses[index])
    if ((index + 1) % faultsBetweenCalms === 0) await calm(world, options)
  }
  await heal(world, options)
  return { world, befallen, missed }
}

/** No fault, until everything that was produced before has been learnt. */
async function calm(world: World, { log }: ChaosOptions): Promise<void> {
  const beganMs = performance.now()
  await world.calm()
  while (world.fleet.alive.length < minAlive) world.fleet.start()
  await caughtUp(world)
  log(`calm, caught up after ${Math.round(performance.now() - beganMs)} ms`)
}

/** The rest of the input, all of it learnt, every process ended. */
async function heal(world: World, { records, log }: ChaosOptions): Promise<void> {
  const beganMs = performance.now()
  await world.calm()
  while (world.fleet.alive.length < minAlive) world.fleet.start()
  await world.upstream.finish(records)
  await world.inputSettled()
  await caughtUp(world)
  const late = delay(endMs).then(() => {
    throw new Error(`not all processes have ended ${endMs} ms after SIGTERM`)
  })
  await Promise.race([world.fleet.end(), late])
  log(`healed after ${Math.round(performance.now() - beganMs)} ms`)
}

/** Waits until the group has committed what is committed in the input by now. */
async function caughtUp({ app, oracles, reader }: World): Promise<void> {
  for (const oracle of oracles) await oracle.advance()
  let behind: string[] = []
  const isThere = async (): Promise<boolean> => {
    behind = []
    for (const [partition, { lastOffset }] of oracles.entries()) {
      const at = await reader.groupOffset(app.config.name, app.topics.input, partition)
      if ((at ?? 0n) <= lastOffset) behind.push(`partition ${partition} at ${at} of ${lastOffset}`)
    }
    return behind.length === 0
  }
  await until('the processes to catch up', isThere, catchUpMs).catch((error: Error) => {
    throw new Error(`${error.message}: ${behind.join('; ')}`)
  })
}
