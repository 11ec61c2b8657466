import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../../src/random.ts'
import { until } from '../support/broker.ts'
import { partitions, sessionTimeoutMs, transactionTimeoutMs } from './app.ts'
import { type CrashPoint, crashPoints } from './crash-points.ts'
import { apis } from './frames.ts'
import type { Member } from './member.ts'
import { truncate } from './truncation.ts'
import type { World } from './world.ts'

const trapDeadlineMs = 12_000
const maxAlive = 4
const commitWithOutputs = { api: apis.endTxn, withOffsets: true, spring: () => {} }

/** One thing that goes wrong, with all its figures drawn beforehand. */
export interface Fault {
  readonly kind: string
  readonly detail: string
  /** Resolves with whether it took place. */
  befall(world: World): Promise<boolean>
}

type Maker = (random: Random) => Fault

/** How often each kind comes in a deck; beside them come all crash points. */
const makers: readonly (readonly [times: number, make: Maker])[] = [
  [2, kill],
  [2, freeze],
  [2, cutOff],
  [2, storm],
  [2, brokerDeath],
  [2, reset],
  [2, stall],
  [1, slowness],
  [2, lostReply],
  [1, lostRequest],
  [2, truncation],
]

/**
 * The schedule of a seed: decks of all faults in another order each, half of the crash points in
 * every deck.
 */
export function schedule(random: Random, count: number, topics: World['app']['topics']): Fault[] {
  const faults: Fault[] = []
  let points: CrashPoint[] = []
  while (faults.length < count) {
    if (points.length === 0) points = shuffled(random, crashPoints(topics))
    const half = points.splice(0, Math.ceil(crashPoints(topics).length / 2))
    const others = makers.flatMap(([times, make]) =>
      Array.from({ length: times }, () => make(random)),
    )
    faults.push(...shuffled(random, [...others, ...half.map((point) => crash(random, point))]))
  }
  return faults.slice(0, count)
}

/** The lengths of the pauses between faults come from the same seed. */
export function pauseMs(random: Random): number {
  return Math.round(200 + random.uniform() * 800)
}

function kill(random: Random): Fault {
  const chance = random.uniform()
  return {
    kind: 'kill -9',
    detail: 'at random',
    async befall({ fleet }) {
      const member = fleet.pick(chance)
      if (member !== undefined) fleet.kill(member)
      return member !== undefined
    },
  }
}

function crash(random: Random, point: CrashPoint): Fault {
  const chance = random.uniform()
  return {
    kind: 'kill -9 at a point',
    detail: `${point.side} ${point.name}`,
    async befall(world) {
      const { fleet, proxy } = world
      // What freezes or stalls a process may end it before it comes to the point.
      if (point.at !== 'run') await world.calm()
      const victim = point.at === 'stop' ? await runningMember(fleet, chance) : undefined
      const client = point.at === 'start' ? fleet.start().name : victim?.name
      const spring = (name: string): void => fleet.killByName(name)
      const sprung = trap(proxy, { ...point, client, spring })
      if (victim !== undefined) await fleet.terminate(victim)
      return await sprung
    },
  }
}

function freeze(random: Random): Fault {
  const chance = random.uniform()
  const forMs = Math.round(sessionTimeoutMs + 500 + random.uniform() * 3_000)
  return {
    kind: 'SIGSTOP, SIGCONT',
    detail: `${forMs} ms`,
    async befall(world) {
      const member = world.fleet.pick(chance)
      if (member === undefined) return false
      await world.fleet.freeze(member)
      world.behind(delay(forMs).then(() => world.fleet.thaw(member)))
      return true
    },
  }
}

function cutOff(random: Random): Fault {
  const chance = random.uniform()
  const forMs = Math.round(sessionTimeoutMs + 500 + random.uniform() * 3_000)
  return {
    kind: 'one process cut off',
    detail: `${forMs} ms`,
    async befall(world) {
      const member = world.fleet.pick(chance)
      if (member === undefined) return false
      world.behind(delay(forMs).then(world.proxy.stall(member.name)))
      return true
    },
  }
}

function storm(random: Random): Fault {
  const steps = Array.from({ length: 5 }, () => ({
    isStart: random.uniform() < 0.5,
    chance: random.uniform(),
    waitMs: Math.round(random.uniform() * 500),
  }))
  return {
    kind: 'joins and leaves',
    detail: steps.map(({ isStart }) => (isStart ? 'start' : 'SIGTERM')).join(' '),
    async befall({ fleet }) {
      for (const { isStart, chance, waitMs } of steps) {
        const { length } = fleet.alive
        const member = fleet.pick(chance)
        if ((isStart && length < maxAlive) || length < 2 || member === undefined) fleet.start()
        else await fleet.terminate(member)
        await delay(waitMs)
      }
      return true
    },
  }
}

function brokerDeath(random: Random): Fault {
  const downMs = Math.round(random.uniform() * 2_000)
  return {
    kind: 'broker kill -9',
    detail: `${downMs} ms down`,
    async befall({ broker }) {
      await broker.kill()
      await delay(downMs)
      await broker.revive()
      return true
    },
  }
}

function reset(): Fault {
  return {
    kind: 'connections reset',
    detail: 'all',
    befall: async ({ proxy }) => proxy.reset() > 0,
  }
}

function stall(random: Random): Fault {
  const forMs = Math.round(500 + random.uniform() * (transactionTimeoutMs + 1_000))
  return {
    kind: 'connections stalled',
    detail: `${forMs} ms`,
    async befall(world) {
      world.behind(delay(forMs).then(world.proxy.stall()))
      return true
    },
  }
}

function slowness(random: Random): Fault {
  const frameMs = Math.round(10 + random.uniform() * 60)
  return {
    kind: 'connections slowed',
    detail: `${frameMs} ms a frame`,
    async befall(world) {
      world.proxy.delayMs = frameMs
      world.behind(
        delay(2_500).then(() => {
          world.proxy.delayMs = 0
        }),
      )
      return true
    },
  }
}

function lostReply(): Fault {
  return {
    kind: 'EndTxn reply lost',
    detail: 'committed, and nobody told',
    befall: ({ proxy }) => trap(proxy, { ...commitWithOutputs, side: 'after' }),
  }
}

function lostRequest(): Fault {
  return {
    kind: 'EndTxn lost',
    detail: 'the broker never sees it',
    befall: ({ proxy }) => trap(proxy, { ...commitWithOutputs, side: 'before' }),
  }
}

function truncation(random: Random): Fault {
  const partition = Math.floor(random.uniform() * partitions)
  return {
    kind: 'input truncated',
    detail: `partition ${partition}, up to its newest snapshot`,
    befall: (world) => truncate(world, partition),
  }
}

/** Waits for one that has something to end. */
async function runningMember(fleet: World['fleet'], chance: number): Promise<Member | undefined> {
  await until('a process that has learnt', () => fleet.pickRunning(chance) !== undefined)
  return fleet.pickRunning(chance)
}

/** Sets a trap and waits for it; false where nothing came by in time. */
async function trap(
  proxy: World['proxy'],
  parts: Parameters<World['proxy']['set']>[0],
): Promise<boolean> {
  const sprung = Promise.withResolvers<boolean>()
  const takeAway = proxy.set({
    ...parts,
    spring(client) {
      parts.spring(client)
      sprung.resolve(true)
    },
  })
  const late = new AbortController()
  const timeout = delay(trapDeadlineMs, false, { signal: late.signal }).catch(() => false)
  const outcome = await Promise.race([sprung.promise, timeout])
  late.abort()
  takeAway()
  return outcome
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1))
    ;[result[last], result[other]] = [result[other] as T, result[last] as T]
  }
  return result
}
