import { HeadraceError } from '../errors.ts'
import type { Changelog, ChangelogRecord, Positions, Sink } from '../task/ports.ts'
import type { Scheduler } from '../task/scheduler.ts'
import type { MemoryGroup } from './memory-group.ts'
import type { MemoryLog } from './memory-log.ts'
import { type Carry, MemorySink } from './memory-sink.ts'
import { MemorySource } from './memory-source.ts'

export interface MemoryPortsOptions {
  readonly log: MemoryLog
  readonly group: MemoryGroup
  readonly scheduler: Scheduler
  /** What requests have to go through. Default: the next turn of the event loop. */
  readonly carry?: Carry
  readonly maxBatchRecords?: number
  /** Records of the changelog in one fetch. */
  readonly maxChangelogRecords?: number
  readonly heartbeatIntervalMs?: number
}

/** The four ports of one process on a `MemoryLog`. */
export interface MemoryPorts {
  readonly source: MemorySource
  readonly sink: Sink
  readonly changelog: Changelog
  readonly positions: Positions
}

/** How long a fetch waits for something new, and how often until the reader gives up. */
const fetchWaitMs = 5
const fetchesMax = 1_000

export function memoryPorts(options: MemoryPortsOptions): MemoryPorts {
  const { log, group, scheduler, maxBatchRecords = 500, heartbeatIntervalMs = 1_000 } = options
  const { carry = nextTurn(scheduler), maxChangelogRecords = Number.POSITIVE_INFINITY } = options
  return {
    source: new MemorySource({
      log,
      group,
      scheduler,
      carry,
      maxBatchRecords,
      heartbeatIntervalMs,
    }),
    sink: new MemorySink({ log, scheduler, carry }),
    changelog: {
      async read(partition, { from = 0n, until }, visit, pause = async () => {}) {
        const changelog = log.log('changelog', partition)
        const fetch = (position: bigint) => {
          const start = position > changelog.start ? position : changelog.start
          return changelog.fetch(start, maxChangelogRecords)
        }
        let position = from
        for (let waits = 0; position <= until; ) {
          const fetched = await carry('read changelog', partition, () => fetch(position))
          if (fetched.nextOffset <= position) {
            if (changelog.end <= until || waits++ === fetchesMax) throw stuck(partition, until)
            await new Promise<void>((resolve) => scheduler.after(fetchWaitMs, resolve))
            continue
          }
          position = fetched.nextOffset
          visitAll(fetched.records, visit)
          await pause()
        }
      },
    },
    positions: positionsOf(log, carry),
  }
}

function nextTurn(scheduler: Scheduler): Carry {
  return async (_name, _partition, apply) => {
    await new Promise<void>((resolve) => scheduler.immediate(resolve))
    return apply()
  }
}

function visitAll(
  records: readonly (Omit<ChangelogRecord, 'key'> & { key: Uint8Array | null })[],
  visit: (record: ChangelogRecord) => void,
): void {
  for (const { offset, key, value } of records) if (key !== null) visit({ offset, key, value })
}

function stuck(partition: number, until: bigint): HeadraceError {
  const message = `The changelog of partition ${partition} does not reach offset ${until}.`
  return new HeadraceError('HEADRACE_KAFKA_TIMEOUT', message)
}

function positionsOf(log: MemoryLog, carry: Carry): Positions {
  return {
    inputRange: (partition) =>
      carry('input range', partition, () => {
        const { start, stableEnd } = log.log('input', partition)
        return { start, end: stableEnd }
      }),
    inputOffsetAt: (partition, timeMs) =>
      carry('input offset at', partition, () => {
        const { stableEnd } = log.log('input', partition)
        const later = log.records('input', partition).find((r) => r.timestampMs >= timeMs)
        return later?.offset ?? stableEnd
      }),
    groupOffset: (partition) => carry('group offset', partition, () => log.groupOffset(partition)),
    hasPredictions: (partition) =>
      carry('has predictions', partition, () => log.records('predictions', partition).length > 0),
  }
}
