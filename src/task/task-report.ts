import type { Clock } from '../clock.ts'
import type { StreamModel, StreamOutcome } from './engine.ts'
import type { TaskMetrics } from './observe.ts'
import type { InputRecord } from './ports.ts'
import type { RecordQueue } from './record-queue.ts'
import type { Scheduler } from './scheduler.ts'

/** How often the scoreboard goes to the metrics: it has many rows, and nobody scrapes faster. */
const scoresEveryMs = 1_000

export interface TaskReportOptions {
  readonly metrics: TaskMetrics
  readonly clock: Clock
  readonly scheduler: Scheduler
}

/** Gathers what a task does record by record and reports it slice by slice. */
export class TaskReport {
  readonly #options: TaskReportOptions
  readonly #model: StreamModel
  /** Whose gradient `lastUpdate` tells: the network of the middle learning rate. */
  readonly #network: string
  readonly #failures = new Map<string, number>()
  #predictions = 0
  #timestampMs = Number.NaN
  #eventTimeMs: number | null = null
  #updates: number
  #cancelScores: (() => void) | null = null
  #closed = false

  constructor(model: StreamModel, options: TaskReportOptions) {
    this.#options = options
    this.#model = model
    this.#updates = model.updates
    const networks = model.memberNames.filter((name) => /^network(:[0-9.e+-]+)?$/.test(name))
    this.#network = networks[(networks.length - 1) >> 1] ?? 'network'
  }

  /** A record has been taken in, and its output will be published. */
  add(record: InputRecord, { failure, forecast }: StreamOutcome): void {
    this.#timestampMs = record.timestampMs
    if (failure === null) {
      this.#predictions++
      this.#eventTimeMs = forecast.timeMs
    } else {
      this.#failures.set(failure.code, (this.#failures.get(failure.code) ?? 0) + 1)
    }
  }

  /** A record has been taken in once more. */
  replay(record: InputRecord): void {
    this.#timestampMs = record.timestampMs
  }

  /**
   * The replay has come to its end: what it did is not reported as done by this process, but the
   * scoreboard stands, however long the next record is in coming.
   */
  replayed(): void {
    this.#updates = this.#model.updates
    this.committed()
  }

  /** Where the task stands; also before its first record, which may be long in coming. */
  position(queue: RecordQueue): void {
    const { metrics } = this.#options
    metrics.queue(queue.records, queue.bounds.highRecords)
    const lagRecords = Number(queue.endOffset - queue.position)
    metrics.position(Math.max(0, lagRecords), this.#timestampMs, this.#eventTimeMs)
  }

  /** A slice has ended. */
  slice(beganMs: number, queue: RecordQueue): void {
    const { metrics, clock } = this.#options
    const nowMs = clock.monotonicMs()
    this.position(queue)
    let records = this.#predictions
    for (const [code, count] of this.#failures) {
      metrics.deadLetters(code, count)
      records += count
    }
    if (records === 0) return
    metrics.records(records)
    metrics.predictions(this.#predictions)
    metrics.updates(this.#model.updates - this.#updates)
    metrics.step(nowMs - beganMs)
    this.#updates = this.#model.updates
    this.#predictions = 0
    this.#failures.clear()
  }

  /** Something has changed for good: the scoreboard follows within a second. */
  committed(): void {
    if (this.#cancelScores !== null || this.#closed) return
    this.#cancelScores = this.#options.scheduler.after(scoresEveryMs, () => {
      this.#cancelScores = null
      this.#reportScores()
    })
  }

  /** The task is gone. */
  close(): void {
    this.#closed = true
    this.#cancelScores?.()
  }

  #reportScores(): void {
    const { metrics } = this.#options
    const { liveSequences, lastUpdate, scores } = this.#model
    metrics.sequences(liveSequences)
    if (lastUpdate.applied) metrics.gradientNorm(this.#network, lastUpdate.gradientNorm)
    metrics.errors(scores.summary().map((row) => ({ fadingWmape: Number.NaN, ...row })))
  }
}
