import { HeadraceError } from '../../../src/errors.ts'
import type { MemoryPorts } from '../../../src/log/memory-ports.ts'
import { Learning } from '../../../src/model/learning.ts'
import { HEADER, type Sequence } from '../../../src/model/sequence.ts'
import { Snapshots } from '../../../src/model/snapshot/snapshots.ts'
import { commitKey, fenceKey } from '../../../src/task/commit-record.ts'
import { Committer } from '../../../src/task/committer.ts'
import { Engine } from '../../../src/task/engine/engine.ts'
import type { EngineLink } from '../../../src/task/engine/engines.ts'
import { isFenced } from '../../../src/task/failure.ts'
import type { ChangelogRecord, OutputTransaction } from '../../../src/task/ports.ts'
import { parseRowKey } from '../../../src/task/snapshot-log.ts'
import type { World } from '../../unit/task/support/world.ts'
import type { Focus } from './faults.ts'
import type { Mutation } from './schedule.ts'
import { wrapCommits } from './wrappers.ts'

/** A defect that somebody could build in, and that the schedules must find. */
export interface Mutant {
  /** Puts it into each process. */
  readonly mutation?: Mutation
  /** Puts it into a class of the program; the returned function takes it out again. */
  patch?(): () => void
  /** Where it shows, if not everywhere. */
  readonly focus?: Focus
}

type Request = Parameters<EngineLink['send']>[0]

function withPorts(change: (ports: MemoryPorts, world: World) => MemoryPorts): Mutation {
  return (options, world) => ({
    ...options,
    wrapPorts: (ports) => change(options.wrapPorts?.(ports) ?? ports, world),
  })
}

function withRequests(change: (request: Request, partition: number) => Request): Mutation {
  return (options) => ({
    ...options,
    wrapEngines(engines) {
      const wrapped = options.wrapEngines?.(engines) ?? engines
      return {
        open(partition, listener) {
          const link = wrapped.open(partition, listener)
          return {
            send: (request, transfer) => link.send(change(request, partition), transfer),
            close: () => link.close(),
          }
        },
        close: () => wrapped.close(),
      }
    },
  })
}

/** Replaces one method; `private` ones are only so to the compiler. */
function patched(type: object, method: string, replacement: (...args: never[]) => unknown) {
  return () => {
    const prototype = (type as { prototype: Record<string, unknown> }).prototype
    const original = prototype[method]
    if (typeof original !== 'function') throw new Error(`there is no method ${method} any more`)
    prototype[method] = replacement
    return () => {
      prototype[method] = original
    }
  }
}

interface InnerLearning {
  readonly ready: readonly Sequence[]
  readonly runs: { readonly sequence: Sequence }[]
  readonly runCount: number
}

/** Runs in the order in which their sequences joined, which a restore does not bring back. */
function summedAsTheyCame(): () => void {
  const prototype = Learning.prototype as unknown as Record<'gather', (...args: never[]) => void>
  const { gather } = prototype
  prototype.gather = function (this: InnerLearning, ...args: never[]): void {
    gather.apply(this, args)
    const place = ({ sequence }: { sequence: Sequence }) => this.ready.indexOf(sequence)
    const runs = this.runs.splice(0, this.runCount).sort((a, b) => place(a) - place(b))
    this.runs.unshift(...runs)
  }
  return () => {
    prototype.gather = gather
  }
}

interface InnerSnapshots {
  readonly cuts: readonly [number, number]
  readonly lastSealed: 0 | 1 | null
  readonly slot: 0 | 1
  readonly slots: readonly { has(sequence: Sequence): boolean }[]
}

/** Copies rows' tombstones into the slot that the snapshot does not go to. */
function buriedTwice(transaction: OutputTransaction): OutputTransaction {
  const others = transaction.changelog.flatMap(({ key, value }) => {
    const text = `${Buffer.from(key ?? [])}`
    if (value !== null || key === null || parseRowKey(key) === null) return []
    return [{ key: Buffer.from(text.replace(/^./, text.startsWith('0') ? '1' : '0')), value }]
  })
  return { ...transaction, changelog: [...others, ...transaction.changelog] }
}

/** The first snapshot of an incarnation has its cut wherever the replay's first piece ends. */
function cutInTheReplay(): () => void {
  const prototype = Engine.prototype
  const { replay } = prototype
  prototype.replay = function (this: Engine, ...args: Parameters<Engine['replay']>): void {
    replay.apply(this, args)
    const { snapshots } = this.model
    if (snapshots.isInProgress) return
    snapshots.begin()
    snapshots.begin = () => Reflect.deleteProperty(snapshots, 'begin')
  }
  return () => {
    prototype.replay = replay
  }
}

/** What an incarnation saw of its changelog before it fenced. */
function readsBeforeFencing(ports: MemoryPorts, world: World): MemoryPorts {
  const seen = new Map<number, readonly ChangelogRecord[]>()
  return {
    ...ports,
    sink: {
      open(partition) {
        const records = world.log.records('changelog', partition)
        seen.set(
          partition,
          records.flatMap(({ offset, key, value }) => (key === null ? [] : { offset, key, value })),
        )
        return ports.sink.open(partition)
      },
    },
    changelog: {
      async read(partition, range, visit, pause) {
        const before = seen.get(partition) ?? []
        if (range.from === undefined) for (const record of before) visit(record)
        await ports.changelog.read(
          partition,
          range,
          (record) => {
            if (range.from !== undefined || fenceKey.equals(record.key)) visit(record)
          },
          pause,
        )
      },
    },
  }
}

/** Takes what is there for all that there is, and its own marker for granted. */
function readsWithoutWaiting(ports: MemoryPorts, world: World): MemoryPorts {
  const markers = new Map<number, ChangelogRecord>()
  const watched = wrapCommits(ports, async (writer, transaction, partition) => {
    const answer = await writer.commit(transaction)
    const [first] = transaction.changelog
    if (transaction.nextOffset === null && first?.key && answer.changelogOffset !== null) {
      markers.set(partition, { offset: answer.changelogOffset, key: first.key, value: first.value })
    }
    return answer
  })
  return {
    ...watched,
    changelog: {
      async read(partition, { from = 0n, until }, visit, pause) {
        const { records } = world.log.log('changelog', partition).fetch(from, 100_000)
        const marker = markers.get(partition)
        for (const { offset, key, value } of records) {
          if (key !== null) visit({ offset, key, value })
        }
        if (marker?.offset === until && !records.some(({ offset }) => offset === until)) {
          visit(marker)
        }
        await pause?.()
      },
    },
  }
}

const sealedIsAbandoned: Mutation = (options, world) => {
  const doubtful = new Set<number>()
  const ports = withPorts((inner) =>
    wrapCommits(inner, async (writer, transaction, partition) => {
      try {
        return await writer.commit(transaction)
      } catch (error) {
        doubtful.add(partition)
        throw error
      }
    }),
  )
  const requests = withRequests((request, partition) => {
    const isDoubtful = request.type === 'settle' && doubtful.delete(partition)
    if (request.type === 'cut') doubtful.delete(partition)
    return isDoubtful ? { type: 'settle', outcome: 'abandoned' } : request
  })
  return requests(ports(options, world), world)
}

/** Nothing tells that the application has run before. */
export const forgetsThatItRan: Mutation = withPorts((ports) => ({
  ...ports,
  positions: {
    ...ports.positions,
    groupOffset: async () => null,
    hasPredictions: async () => false,
  },
}))

export const mutants: Readonly<Record<string, Mutant>> = {
  'changed since the last seal, not since that of the slot': {
    patch: patched(
      Snapshots,
      'isDue',
      function (this: InnerSnapshots, sequence: Sequence): boolean {
        const changed = sequence.core[HEADER.lastChanged] as number
        const last = this.lastSealed === null ? -1 : this.cuts[this.lastSealed]
        return changed > last
      },
    ),
  },
  'a sequence is encoded when its turn comes, not before it changes': {
    patch: patched(Snapshots, 'changing', () => {}),
  },
  'a cut begun during the replay': { patch: cutInTheReplay },
  'tombstones in both slots': {
    mutation: withPorts((ports) =>
      wrapCommits(ports, (writer, transaction) => writer.commit(buriedTwice(transaction))),
    ),
    focus: { what: 'death', name: 'after end', chance: 0.01 },
  },
  'no tombstones': {
    mutation: withPorts((ports) =>
      wrapCommits(ports, (writer, transaction) => {
        const isKept = ({ value }: { value: unknown }) => value !== null
        return writer.commit({ ...transaction, changelog: transaction.changelog.filter(isKept) })
      }),
    ),
  },
  'rows summed in the order in which they came': { patch: summedAsTheyCame },
  'no proof after a rebalance': {
    patch: patched(Committer, 'requireProof', () => {}),
  },
  'a failed transaction is sent again without a look at the log': {
    mutation: withPorts((ports) =>
      wrapCommits(ports, async (writer, transaction, partition) => {
        try {
          return await writer.commit(transaction)
        } catch {
          const next = await ports.sink.open(partition)
          return await next.commit(transaction)
        }
      }),
    ),
  },
  'fencing after reading': { mutation: withPorts(readsBeforeFencing) },
  'no wait for the marker': { mutation: withPorts(readsWithoutWaiting) },
  'no heartbeat before fencing again': {
    mutation: withPorts((ports) => {
      const { source } = ports
      source.heartbeat = async () => {}
      return ports
    }),
  },
  'the group’s offset is trusted': {
    mutation: withPorts((ports, world) => {
      const { source } = ports
      const seek = source.seek.bind(source)
      source.seek = (partition, offset) =>
        seek(partition, world.log.groupOffset(partition) ?? offset)
      return ports
    }),
  },
  'kept partitions are not sought': {
    mutation: withPorts((ports) => {
      const { source } = ports
      const assigned = source.assigned.bind(source)
      const seek = source.seek.bind(source)
      source.assigned = (partitions) => {
        source.seek = () => {}
        assigned(partitions)
        source.seek = seek
      }
      return ports
    }),
  },
  'partitions that are no longer owned are kept': {
    mutation: withPorts((ports) => {
      const { source } = ports
      const start = source.start.bind(source)
      const owned = new Set<number>()
      source.start = (listener) =>
        start({
          onAssigned: (partitions) => {
            for (const partition of partitions) owned.add(partition)
            listener.onAssigned([...owned])
          },
          onBatch: (batch) => listener.onBatch(batch),
          onHeartbeat: () => listener.onHeartbeat(),
          onInterrupted: (error) => listener.onInterrupted(error),
          onFailed: (error, partition) => listener.onFailed(error, partition),
        })
      return ports
    }),
  },
  'a seal in doubt is taken for abandoned': {
    mutation: sealedIsAbandoned,
    focus: { what: 'failure', name: 'after end', chance: 0.15 },
  },
  'the replay ends by offset, not by count': {
    mutation: withRequests((request) =>
      request.type === 'begin' && request.start.commit !== null
        ? { ...request, start: { ...request.start, hasGap: true } }
        : request,
    ),
  },
  'the commit record in a transaction of its own': {
    mutation: withPorts((ports) =>
      wrapCommits(ports, async (writer, transaction) => {
        const hasCommit = transaction.changelog.some(({ key }) => key && commitKey.equals(key))
        if (!hasCommit || transaction.predictions.length === 0) return writer.commit(transaction)
        const { predictions, ...rest } = transaction
        const empty = { deadLetters: [], changelog: [], nextOffset: null }
        await writer.commit({ predictions, ...empty })
        return writer.commit({ ...rest, predictions: [] })
      }),
    ),
  },
  'an epoch that has moved is taken for another owner’s': {
    mutation: withPorts((ports) =>
      wrapCommits(ports, async (writer, transaction) => {
        try {
          return await writer.commit(transaction)
        } catch (error) {
          if (!isFenced(error)) throw error
          throw new HeadraceError('HEADRACE_KAFKA_REFUSED', 'The epoch has moved.')
        }
      }),
    ),
  },
}
