import { systemClock } from '../clock.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { HeadraceError } from '../errors.ts'
import { defaultOutputBounds } from '../task/engine/engine.ts'
import { LocalEngines } from '../task/engine/local-engines.ts'
import { createOutputEncoder } from '../task/engine/output-encoder.ts'
import { openProcessor } from '../task/open-processor.ts'
import { type Service, startService } from '../task/service.ts'
import { type HttpServer, startHttp } from '../telemetry/http.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openBoard } from './board.ts'
import type { DemoLog } from './demo-log.ts'
import { Rows } from './replay-run.ts'
import { buildFacts, systemSurroundings } from './surroundings.ts'

/** The service of the demo, in this process, and what it has done so far. */
export interface DemoService {
  readonly rows: Rows
  readonly http: HttpServer
  /** When the newest record was predicted, by the monotonic clock; the start before the first. */
  newestMs(): number
  /** Rejects when the service cannot go on. */
  readonly failed: Promise<never>
  /** The model's state hash, sequences: known once a record has come. */
  modelFacts(): { stateHash: string; sequences: number } | null
  /** Commits, leaves the group, closes the port. */
  stop(): Promise<void>
}

/** Starts what `headrace run` would be, with an observer that keeps the scoreboard. */
export async function startDemoService(
  config: ServiceConfig,
  log: DemoLog,
  logger: Logger,
): Promise<DemoService> {
  const surroundings = systemSurroundings(config)
  let newest: ReturnType<typeof openProcessor> | null = null
  let newestMs = systemClock.monotonicMs()
  const rows = new Rows(openBoard(config, openProcessor(config).model.memberNames, {}))
  const service = startService({
    ...surroundings,
    config,
    ports: log.ports,
    logger,
    // In this thread: the screen shows what becomes of each record.
    engines: new LocalEngines({
      clock: surroundings.clock,
      scheduler: surroundings.scheduler,
      bounds: defaultOutputBounds,
      createProcessor() {
        newest = openProcessor(config)
        return newest
      },
      createEncoder: (partition) => createOutputEncoder(config, partition),
      onOutcome(_partition, record, outcome) {
        // After a failed transaction the same records come once more.
        if (Number(record.offset) < rows.records) return
        rows.add(outcome)
        newestMs = systemClock.monotonicMs()
      },
    }),
  })
  const http = await startServiceHttp(config, service, surroundings.metrics, logger).catch(
    async (error: unknown) => {
      await service.stop()
      throw error
    },
  )
  const failed = service.done.then(() => new Promise<never>(() => {}))
  failed.catch(() => {})
  return {
    rows,
    http,
    newestMs: () => newestMs,
    failed,
    modelFacts: () => {
      const model = newest?.model
      if (model === undefined) return null
      return { stateHash: model.stateHash(), sequences: model.liveSequences }
    },
    async stop() {
      await service.stop()
      await http.close()
    },
  }
}

/** On the configured port, or on a free one where that is taken. */
async function startServiceHttp(
  config: ServiceConfig,
  service: Service,
  metrics: Metrics,
  logger: Logger,
): Promise<HttpServer> {
  const { host, port, token } = config.http
  const version = buildFacts(config)
  const { page } = service
  const readiness = () => service.readiness()
  const options = { host, token, version, readiness, feed: () => page, metrics, logger }
  try {
    return await startHttp({ ...options, port })
  } catch (error) {
    const isTaken = error instanceof HeadraceError && error.code === 'HEADRACE_HTTP_PORT_IN_USE'
    if (!isTaken) throw error
    return await startHttp({ ...options, port: 0 })
  }
}
