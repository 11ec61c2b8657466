import { HeadraceError } from '../errors.ts'
import type { Changelog, Positions, Sink } from '../task/ports.ts'
import type { Scheduler } from '../task/scheduler.ts'
import type { MemoryGroup } from './memory-group.ts'
import type { MemoryLog } from './memory-log.ts'
import { MemorySink } from './memory-sink.ts'
import { MemorySource } from './memory-source.ts'

export interface MemoryPortsOptions {
  readonly log: MemoryLog
  readonly group: MemoryGroup
  readonly scheduler: Scheduler
  /**
   * Runs before each request and after the answer of a transaction; may wait, throw, or never come
   * back. Default: the next turn of the event loop.
   */
  step?(name: string, partition: number | null): Promise<void>
  readonly maxBatchRecords?: number
  readonly heartbeatIntervalMs?: number
}

/** The four ports of one process on a `MemoryLog`. */
export interface MemoryPorts {
  readonly source: MemorySource
  readonly sink: Sink
  readonly changelog: Changelog
  readonly positions: Positions
}

export function memoryPorts(options: MemoryPortsOptions): MemoryPorts {
  const { log, group, scheduler, maxBatchRecords = 500, heartbeatIntervalMs = 1_000 } = options
  const nextTurn = (): Promise<void> => new Promise((resolve) => scheduler.immediate(resolve))
  const step = (name: string, partition: number | null): Promise<void> =>
    options.step?.(name, partition) ?? nextTurn()
  return {
    source: new MemorySource({
      log,
      group,
      scheduler,
      step: (name) => step(name, null),
      maxBatchRecords,
      heartbeatIntervalMs,
    }),
    sink: new MemorySink(log, step),
    changelog: {
      async read(partition, until, visit) {
        await step('read changelog', partition)
        const changelog = log.log('changelog', partition)
        const { records, nextOffset } = changelog.fetch(changelog.start, Number.POSITIVE_INFINITY)
        if (nextOffset <= until) {
          const message = `The changelog of partition ${partition} does not reach offset ${until}.`
          throw new HeadraceError('HEADRACE_KAFKA_FENCED', message)
        }
        for (const { offset, key, value } of records) {
          if (key !== null) visit({ offset, key, value })
        }
      },
    },
    positions: positionsOf(log, step),
  }
}

function positionsOf(
  log: MemoryLog,
  step: (name: string, partition: number | null) => Promise<void>,
): Positions {
  return {
    async inputRange(partition) {
      await step('input range', partition)
      const { start, stableEnd } = log.log('input', partition)
      return { start, end: stableEnd }
    },
    async inputOffsetAt(partition, timeMs) {
      await step('input offset at', partition)
      const { stableEnd } = log.log('input', partition)
      const later = log.records('input', partition).find((record) => record.timestampMs >= timeMs)
      return later?.offset ?? stableEnd
    },
    async groupOffset(partition) {
      await step('group offset', partition)
      return log.groupOffset(partition)
    },
    async hasPredictions(partition) {
      await step('has predictions', partition)
      return log.records('predictions', partition).length > 0
    },
  }
}
