import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../clock.ts'
import type { ServiceConfig } from '../config/schema.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { DemoRecord } from './demo-data.ts'
import { feed } from './demo-feeder.ts'
import type { DemoLog } from './demo-log.ts'
import { type DemoService, startDemoService } from './demo-service.ts'
import type { DemoTalk } from './demo-talk.ts'
import type { ReplayReport } from './replay-report.ts'
import { grouped } from './table.ts'

const POLL_MS = 20
/** Behind the last record sent: how long its prediction may take to be committed. */
const COMMIT_DEADLINE_MS = 30_000

export interface DemoOptions {
  readonly config: ServiceConfig
  readonly records: readonly DemoRecord[]
  readonly speed: number
  readonly log: DemoLog
  readonly logger: Logger
  readonly talk: DemoTalk
  /** Ctrl-C. */
  readonly signal: AbortSignal
  /** End when all is predicted and committed, else serve until the signal. */
  readonly isUntilEnd: boolean
}

export interface DemoResult {
  readonly report: ReplayReport
  /** Whether every record was sent, predicted and committed. */
  readonly isWhole: boolean
}

/** Feeds the series, serves it, and returns the scoreboard, from row 0. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { config, records, log, talk } = options
  const service = await startDemoService(config, log, options.logger)
  const hints = hintsFor(service, options)
  const { rows } = service
  const startMs = systemClock.monotonicMs()
  const seconds = () => Math.max(0, service.newestMs() - startMs) / 1000
  talk.begin(hints, () => ({ rows, total: records.length, seconds: seconds() }))
  // Ends the feeding also where the service has failed.
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  try {
    const isWhole = await Promise.race([service.failed, serveSeries(options, service, signal)])
    const report = reportOf(service, seconds())
    if (isWhole && !options.isUntilEnd && !signal.aborted) {
      talk.say('The series is through. Predictions and metrics stay there until Ctrl-C.')
      await Promise.race([service.failed, once(signal, 'abort')])
    }
    return { report, isWhole }
  } finally {
    ended.abort()
    await service.stop()
  }
}

/** Where page and metrics are and how a user reads the predictions. */
function hintsFor({ http }: DemoService, { config, log }: DemoOptions): string[] {
  const note = http.port === config.http.port ? '' : ` (port ${config.http.port} is taken)`
  const lines = [`live page    ${http.url}/${note}`, `metrics      ${http.url}/metrics`]
  const [first, ...others] = log.consumeCommands
  if (first === undefined) return [...lines, 'predictions  stay in this process: no Kafka']
  return [...lines, `predictions  ${first}`, ...others.map((line) => `         or  ${line}`)]
}

/** Whether all came through: sent, predicted, committed. False after Ctrl-C. */
async function serveSeries(
  options: DemoOptions,
  service: DemoService,
  signal: AbortSignal,
): Promise<boolean> {
  const { records, log, talk } = options
  const sent = await feed({
    records,
    speed: options.speed,
    clock: systemClock,
    signal,
    send: (batch) => log.send(batch),
  })
  if (sent < records.length) return false
  while (service.rows.records < records.length) {
    if (signal.aborted) return false
    await sleep(POLL_MS)
  }
  const deadlineMs = systemClock.monotonicMs() + COMMIT_DEADLINE_MS
  const end = BigInt(records.length)
  while (((await log.ports.positions.groupOffset(0)) ?? 0n) < end) {
    if (signal.aborted) return false
    if (systemClock.monotonicMs() > deadlineMs) {
      talk.say(`The last of ${grouped(records.length)} records are not committed.`)
      return false
    }
    await sleep(POLL_MS)
  }
  return true
}

function reportOf(service: DemoService, seconds: number): ReplayReport {
  const { rows } = service
  const facts = service.modelFacts()
  return {
    records: rows.records,
    deadLetters: rows.deadLetters,
    sequences: facts?.sequences ?? 0,
    seconds,
    ...(seconds > 0 ? { recordsPerSecond: rows.records / seconds } : {}),
    ...(facts === null ? {} : { stateHash: facts.stateHash }),
    scoredFrom: 0,
    ...rows.board.report(seconds),
  }
}
