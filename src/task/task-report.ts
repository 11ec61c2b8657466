import type { Progress } from './engine/messages.ts'
import type { TaskMetrics } from './observe.ts'
import type { RecordQueue } from './record-queue.ts'

/** Turns what an engine reports slice by slice into metrics. */
export class TaskReport {
  readonly #metrics: TaskMetrics
  #timestampMs = Number.NaN
  #eventTimeMs: number | null = null

  constructor(metrics: TaskMetrics) {
    this.#metrics = metrics
  }

  /** Where the task stands; also before its first record, which may be long in coming. */
  position(queue: RecordQueue, waiting: number): void {
    const metrics = this.#metrics
    const { highRecords } = queue.bounds
    metrics.queue(waiting, highRecords, Math.max(queue.fill, waiting / highRecords))
    metrics.position(lagOf(queue, waiting), this.#timestampMs, this.#eventTimeMs)
  }

  /** `waiting`: records that wait for the model, in the queue and on their way to the engine. */
  progress(progress: Progress, queue: RecordQueue, waiting: number): void {
    const metrics = this.#metrics
    this.#timestampMs = progress.timestampMs
    this.#eventTimeMs = progress.eventTimeMs
    this.position(queue, waiting)
    const { published } = progress
    if (published === null) return
    let records = published.predictions
    for (const [code, count] of published.failures) {
      metrics.deadLetters(code, count)
      records += count
    }
    metrics.records(records, published.inputBytes)
    metrics.updates(published.updates)
    metrics.step(published.sliceMs)
  }
}

/** Offsets between the position of the model and the end of the partition. */
export function lagOf(queue: RecordQueue, waiting: number): number {
  return Math.max(0, Number(queue.endOffset - queue.position) + waiting - queue.records)
}
