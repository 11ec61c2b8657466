import type { ServiceConfig } from '../../../../src/config/schema.ts'
import type { LogRecord } from '../../../../src/log/partition-log.ts'
import { NUMERICS_VERSION } from '../../../../src/model/version.ts'
import { createOutputEncoder } from '../../../../src/task/engine/output-encoder.ts'
import { fingerprint } from '../../../../src/task/fingerprint.ts'
import type { OutputRecord } from '../../../../src/task/ports.ts'
import { Processor } from '../../../../src/task/processor.ts'
import {
  type AuditOptions,
  type AuditReport,
  type AuditTopics,
  auditPartition,
} from '../../../../src/task/verify/audit.ts'
import { type Process, type ProcessOptions, testConfig, World } from '../support/world.ts'

/** A record without its place. */
export type Unplaced = Omit<LogRecord, 'offset'>

/** A small real model, with a snapshot after every few records. */
export const config: ServiceConfig = testConfig({
  task: { targets: ['y'], horizons: [1, 2], seasons: [5] },
  model: { hidden: 3, window: 4, updateEvery: 2, learningRates: [1e-3], kernel: 'reference' },
  snapshot: { maxReplayMs: 5 },
})

/** Three sequences; every 13th record is a dead letter. */
function input(index: number): OutputRecord {
  const y = 10 + 3 * Math.sin(index / 4) + (index % 7)
  const value = index % 13 === 6 ? '{"y":"n/a"}' : JSON.stringify({ y })
  return { key: Buffer.from(`k${index % 3}`), value: Buffer.from(value) }
}

/** `count` records in waves, with markers and aborted records between them. */
export function feed(world: World, from: number, count: number): void {
  for (let wave = 0; wave * 20 < count; wave++) {
    world.time.after(wave * 70, () => {
      const first = from + wave * 20
      const records = Array.from({ length: Math.min(20, from + count - first) }, (_, i) =>
        input(first + i),
      )
      if (wave % 3 === 1) {
        world.log.produceTransaction(0, records, 'committed')
        world.log.produceTransaction(0, [input(-1)], 'aborted')
      } else {
        world.log.produce(0, records)
      }
    })
  }
}

export function startService(
  world: World,
  own: ServiceConfig = config,
  options: ProcessOptions = {},
): Process {
  return world.start({
    ...options,
    config: own,
    createProcessor: () => new Processor(own),
    createEncoder: (partition) => createOutputEncoder(own, partition),
  })
}

/** Learns `count` records, with a crash after half of them. */
export async function publishedWorld(count = 200, own = config): Promise<World> {
  const world = new World()
  feed(world, 0, count)
  const first = startService(world, own)
  await world.time.until('half', () => world.published() >= count / 2)
  world.crash(first)
  const second = startService(world, own)
  await world.time.until('all outputs', () => world.published() >= count)
  await world.stop(second)
  await second.service.done
  return world
}

/** The topics of a world as a verification reads them. */
export function topicsOf({ log }: World): AuditTopics {
  const typed = (record: LogRecord) => ({ ...record })
  return {
    range: async (topic, partition) => {
      const { start, stableEnd } = log.log(topic, partition)
      return { start, end: stableEnd }
    },
    async *read(topic, partition, from, until) {
      const { start } = log.log(topic, partition)
      const records = log.log(topic, partition).fetch(from < start ? start : from, 1e9).records
      const wanted = records.filter(({ offset }) => offset < until).map(typed)
      for (let i = 0; i < wanted.length; i += 37) yield wanted.slice(i, i + 37)
    },
    changelog: {
      read: async (partition, { from = 0n, until }, visit) => {
        for (const record of log.records('changelog', partition)) {
          if (record.offset < from || record.offset > until) continue
          visit({ ...record, key: record.key ?? Buffer.of() })
        }
      },
    },
    groupOffset: async (partition) => log.groupOffset(partition),
  }
}

export function audit(world: World, options: Partial<AuditOptions> = {}): Promise<AuditReport> {
  return auditPartition({
    topics: topicsOf(world),
    partition: 0,
    topic: config.input.topic,
    fingerprint: fingerprint(config, NUMERICS_VERSION, 'host'),
    numerics: NUMERICS_VERSION,
    createProcessor: () => new Processor(config),
    encoder: createOutputEncoder(config, 0),
    state: null,
    from: null,
    until: null,
    signal: new AbortController().signal,
    pause: async () => {},
    wait: async () => {},
    onProgress: () => {},
    ...options,
  })
}

/** Topics of which one output partition holds other records. */
export function tampered(
  world: World,
  topic: 'predictions' | 'deadLetters',
  change: (records: Unplaced[]) => readonly Unplaced[],
): AuditTopics {
  const topics = topicsOf(world)
  const changed = change([...world.log.records(topic, 0)]).map((record, i) => ({
    ...record,
    offset: BigInt(i),
  }))
  return {
    ...topics,
    range: async (asked, partition) =>
      asked === topic ? { start: 0n, end: BigInt(changed.length) } : topics.range(asked, partition),
    read: (asked, partition, from, until) => {
      if (asked !== topic) return topics.read(asked, partition, from, until)
      return (async function* () {
        const wanted = changed.filter(({ offset }) => offset >= from && offset < until)
        if (wanted.length > 0) yield wanted
      })()
    },
  }
}
