import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { demoFile, readDemoRecords } from '../../../../src/cli/demo-data.ts'
import { buildFacts, systemSurroundings } from '../../../../src/cli/surroundings.ts'
import { systemClock } from '../../../../src/clock.ts'
import { loadServiceConfig } from '../../../../src/config/load.ts'
import { MemoryGroup } from '../../../../src/log/memory-group.ts'
import { MemoryLog, type ProducedRecord } from '../../../../src/log/memory-log.ts'
import { memoryPorts } from '../../../../src/log/memory-ports.ts'
import { openEngines } from '../../../../src/task/engine/open.ts'
import { systemScheduler } from '../../../../src/task/scheduler.ts'
import { type Service, startService } from '../../../../src/task/service.ts'
import { type HttpServer, startHttp } from '../../../../src/telemetry/http.ts'
import { createLogger } from '../../../../src/telemetry/logger.ts'

const partitions = 2
const pollMs = 10
const readyMs = 30_000

export const token = 'sesame-open-sesame'

/** The demo's configuration, as `headrace run` would serve it, on an in-process log. */
export class RealService {
  readonly http: HttpServer
  readonly records = readDemoRecords()
  private readonly service: Service
  private readonly log: MemoryLog

  private constructor(service: Service, http: HttpServer, log: MemoryLog) {
    this.service = service
    this.http = http
    this.log = log
  }

  /** Starts it and waits until it is ready; `port` 0 takes a free one. */
  static async start(port = 0): Promise<RealService> {
    const { config } = loadServiceConfig({
      file: fileURLToPath(demoFile('taxi.yaml')),
      env: {},
      sets: [`http.port=${port}`, `http.token=${token}`],
    })
    const log = new MemoryLog({ partitions, clock: systemClock })
    const group = new MemoryGroup(partitions, systemScheduler)
    const logger = createLogger({ level: 'warn', stream: process.stderr, clock: systemClock })
    const surroundings = systemSurroundings(config)
    const service = startService({
      ...surroundings,
      createId: () => randomUUID(),
      config,
      ports: memoryPorts({ log, group, scheduler: systemScheduler }),
      logger,
      engines: openEngines(config, { clock: systemClock, scheduler: systemScheduler, logger }),
    })
    const http = await startHttp({
      ...config.http,
      version: buildFacts(config),
      readiness: () => service.readiness(),
      feed: () => service.page,
      metrics: surroundings.metrics,
      logger,
    })
    const deadlineMs = systemClock.monotonicMs() + readyMs
    while (!service.readiness().ready) {
      if (systemClock.monotonicMs() > deadlineMs) throw new Error('the service is not ready')
      await Promise.race([sleep(pollMs), service.done])
    }
    return new RealService(service, http, log)
  }

  send(partition: number, records: readonly ProducedRecord[]): void {
    this.log.produce(partition, records)
  }

  /** The committed predictions of a partition, one object for each record that was usable. */
  predictions(partition: number): Prediction[] {
    const topic = this.log.log('predictions', partition)
    const { records } = topic.fetch(topic.start, Number.MAX_SAFE_INTEGER)
    return records.map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString()) as Prediction)
  }

  async stop(): Promise<void> {
    await this.service.stop()
    await this.http.close()
  }
}

/** What of a published record these tests look at. */
export interface Prediction {
  readonly time: string
  readonly predictions: readonly { readonly horizon: number; readonly mean: number }[]
  readonly observed: Readonly<Record<string, { value: number; predicted: number | null }>>
}
