import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { MeteredPlan, Round } from '../bench/metrics-service.ts'
import { systemBenchClock } from '../bench/rounds.ts'
import { ServiceRecords } from '../bench/service/records.ts'
import { systemClock } from '../clock.ts'
import { loadServiceConfig } from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { MemoryGroup } from '../log/memory-group.ts'
import { MemoryLog, type ProducedRecord } from '../log/memory-log.ts'
import { memoryPorts } from '../log/memory-ports.ts'
import { Random } from '../random.ts'
import { openEngines } from '../task/engine/open.ts'
import { silentMetrics } from '../task/observe.ts'
import { systemScheduler } from '../task/scheduler.ts'
import { type Service, startService } from '../task/service.ts'
import { startHttp } from '../telemetry/http.ts'
import { createLogger } from '../telemetry/logger.ts'
import { buildFacts, systemSurroundings } from './surroundings.ts'

/** Made beforehand and sent again and again: to make a record costs as much as to learn from it. */
const madeRecords = 65_536
const tickMs = 5
/** Of the input, behind what is learnt; the rest goes between rounds, or the heap would grow. */
const keptRecords = 50_000n
const batchRecords = 500

/** The service of a bench in this process, on the in-process log, with worker threads. */
export interface BenchedService {
  /** Where it is scraped; null where nobody watches. */
  readonly url: string | null
  steady(recordsPerSecond: number, ms: number): Promise<Round>
  backlog(records: number): Promise<Round>
}

/** Starts it; with all metrics and HTTP as `headrace run` has them, or with neither. */
export async function startBenchedService(plan: MeteredPlan): Promise<BenchedService> {
  const config = configOf(plan)
  const { partitions, isWatched } = plan
  const log = new MemoryLog({ partitions, clock: systemClock })
  const logger = createLogger({ level: 'warn', stream: process.stderr, clock: systemClock })
  const group = new MemoryGroup(partitions, systemScheduler)
  const surroundings = isWatched ? systemSurroundings(config) : null
  const service = startService({
    clock: systemClock,
    scheduler: systemScheduler,
    random: new Random(1),
    createId: () => randomUUID(),
    metrics: surroundings?.metrics ?? silentMetrics,
    config,
    ports: memoryPorts({ log, group, scheduler: systemScheduler }),
    logger,
    engines: openEngines(config, {
      clock: systemClock,
      scheduler: systemScheduler,
      logger,
      isWatched,
    }),
  })
  const http =
    surroundings === null
      ? null
      : await startHttp({
          ...config.http,
          version: buildFacts(config),
          readiness: () => service.readiness(),
          feed: () => service.page,
          metrics: surroundings.metrics,
          logger,
        })
  await isReady(service)
  return new Feed(log, plan, http?.url ?? null)
}

/** The defaults, with a network of the usual size. */
function configOf({ kernel, portfolio }: MeteredPlan): ServiceConfig {
  const values = {
    name: 'bench',
    'input.topic': 'bench-input',
    'input.time': 'time',
    'input.key': 'key',
    'task.targets': ['y'],
    'task.inputs': ['x'],
    'task.horizons': [1, 5],
    'task.seasons': [24, 168],
    'model.portfolio': portfolio,
    'model.kernel': kernel,
    'http.port': 0,
  }
  const overrides = Object.entries(values).map(([path, value]) => ({
    path: path.split('.'),
    value,
    option: 'headrace bench',
  }))
  return loadServiceConfig({ env: {}, overrides }).config
}

async function isReady(service: Service): Promise<void> {
  while (!service.readiness().ready) await Promise.race([delay(tickMs), service.done])
}

/** Brings records to the log and waits until they are committed. */
class Feed implements BenchedService {
  readonly url: string | null
  readonly #log: MemoryLog
  readonly #partitions: number
  readonly #made: readonly ProducedRecord[]
  #next = 0

  constructor(log: MemoryLog, { partitions, sequences }: MeteredPlan, url: string | null) {
    this.#log = log
    this.#partitions = partitions
    this.url = url
    this.#made = new ServiceRecords(sequences).take(madeRecords).map(({ value }) => ({
      key: null,
      value: Buffer.from(value),
    }))
  }

  steady(recordsPerSecond: number, ms: number): Promise<Round> {
    const perSecond = recordsPerSecond / this.#partitions
    return this.#round(async (beganMs) => {
      let sent = 0
      for (let passedMs = 0; passedMs < ms; ) {
        await delay(tickMs)
        passedMs = Math.min(ms, systemClock.monotonicMs() - beganMs)
        const due = Math.floor((passedMs / 1_000) * perSecond)
        this.#send(due - sent)
        sent = due
      }
      return sent
    })
  }

  backlog(records: number): Promise<Round> {
    const each = Math.ceil(records / this.#partitions)
    return this.#round(async () => {
      for (let sent = 0; sent < each; sent += batchRecords) {
        this.#send(Math.min(batchRecords, each - sent))
      }
      return each
    })
  }

  /** `send` tells how many records it has sent to each partition. */
  async #round(send: (beganMs: number) => Promise<number>): Promise<Round> {
    this.#forget()
    const beganMs = systemBenchClock.monotonicMs()
    const beganProcessorMs = systemBenchClock.processorMs()
    const sent = await send(beganMs)
    while (!this.#isCommitted()) await delay(1)
    return {
      records: sent * this.#partitions,
      elapsedMs: systemBenchClock.monotonicMs() - beganMs,
      processorMs: systemBenchClock.processorMs() - beganProcessorMs,
    }
  }

  /** The next records, the same to every partition. */
  #send(count: number): void {
    if (count <= 0) return
    const from = this.#next % madeRecords
    this.#next += count
    const records = Array.from({ length: count }, (_, i) => this.#made[(from + i) % madeRecords])
    const defined = records.filter((record) => record !== undefined)
    for (let partition = 0; partition < this.#partitions; partition++) {
      this.#log.produce(partition, defined)
    }
  }

  #isCommitted(): boolean {
    for (let partition = 0; partition < this.#partitions; partition++) {
      const { end } = this.#log.log('input', partition)
      if ((this.#log.groupOffset(partition) ?? 0n) < end) return false
    }
    return true
  }

  /** What no restart will ever read. */
  #forget(): void {
    for (let partition = 0; partition < this.#partitions; partition++) {
      const input = this.#log.log('input', partition)
      if (input.end > keptRecords) input.truncate(input.end - keptRecords)
      for (const role of ['predictions', 'deadLetters', 'changelog'] as const) {
        const log = this.#log.log(role, partition)
        log.truncate(log.stableEnd)
      }
    }
  }
}
