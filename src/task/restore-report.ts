import type { Clock } from '../clock.ts'
import type { TaskLogger, TaskMetrics } from './observe.ts'

/** How often a restore that takes long is logged. */
const toldEveryMs = 5_000

/** Tells of one restore: how far it is, and how it ended. */
export class RestoreReport {
  readonly #clock: Clock
  readonly #logger: TaskLogger
  readonly #metrics: TaskMetrics
  readonly #beganMs: number
  #toldMs: number
  #isOver = false

  constructor(clock: Clock, logger: TaskLogger, metrics: TaskMetrics) {
    this.#clock = clock
    this.#logger = logger
    this.#metrics = metrics
    this.#beganMs = clock.monotonicMs()
    this.#toldMs = this.#beganMs
  }

  /** Records replayed of those to replay. */
  progress({ done, total }: { readonly done: number; readonly total: number }): void {
    this.#metrics.restore(done, total)
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#toldMs < toldEveryMs) return
    this.#toldMs = nowMs
    this.#logger.info('task.restoring', { done, total })
  }

  /** Its duration in ms; only the first end counts. */
  ended(outcome: 'done' | 'failed'): number {
    const durationMs = this.#clock.monotonicMs() - this.#beganMs
    if (!this.#isOver) this.#metrics.restored(outcome, durationMs)
    this.#isOver = true
    return durationMs
  }
}
