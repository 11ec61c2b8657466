import type { LearningReport } from '../observe.ts'
import type { InputRecord } from '../ports.ts'
import { bytesOf } from '../record-bytes.ts'
import type { Scheduler } from '../scheduler.ts'
import type { StreamModel, StreamOutcome } from './engine.ts'
import { LearningWatch } from './learning-watch.ts'
import type { Progress } from './messages.ts'

/** How often it is told how the model learns: that has many rows, and nobody scrapes faster. */
const learningEveryMs = 1_000

/** Gathers what an engine does record by record, to be told slice by slice. */
export class SliceReport {
  readonly #model: StreamModel
  readonly #scheduler: Scheduler
  readonly #tellLearning: (report: LearningReport) => void
  readonly #learning: LearningWatch | null
  readonly #failures = new Map<string, number>()
  #predictions = 0
  #inputBytes = 0
  #updates: number
  #timestampMs = Number.NaN
  #eventTimeMs: number | null = null
  #cancelLearning: (() => void) | null = null
  #closed = false

  constructor(
    model: StreamModel,
    scheduler: Scheduler,
    tellLearning: (report: LearningReport) => void,
    isWatched = true,
  ) {
    this.#model = model
    this.#scheduler = scheduler
    this.#tellLearning = tellLearning
    this.#learning = isWatched ? new LearningWatch(model) : null
    this.#updates = model.updates
  }

  get timestampMs(): number {
    return this.#timestampMs
  }

  get eventTimeMs(): number | null {
    return this.#eventTimeMs
  }

  /** A record has been taken in, and its output will be published. */
  add(record: InputRecord, { failure, forecast, scored }: StreamOutcome): void {
    this.#timestampMs = record.timestampMs
    this.#inputBytes += bytesOf(record)
    if (failure === null) {
      this.#predictions++
      this.#eventTimeMs = forecast.timeMs
      this.#learning?.add(scored, forecast)
    } else {
      this.#failures.set(failure.code, (this.#failures.get(failure.code) ?? 0) + 1)
    }
  }

  /** A record has been taken in once more. */
  replayed(record: InputRecord): void {
    this.#timestampMs = record.timestampMs
  }

  /**
   * The replay has come to its end: what it did is not reported as done by this process, but the
   * scoreboard stands, however long the next record is in coming.
   */
  arrived(): void {
    this.#updates = this.#model.updates
    this.#learning?.skip()
    this.#planLearning()
  }

  /** What was published since the last call; null where nothing was. */
  take(sliceMs: number): Progress['published'] {
    if (this.#predictions === 0 && this.#failures.size === 0) return null
    const published = {
      predictions: this.#predictions,
      failures: [...this.#failures],
      updates: this.#model.updates - this.#updates,
      inputBytes: this.#inputBytes,
      sliceMs,
    }
    this.#predictions = 0
    this.#inputBytes = 0
    this.#failures.clear()
    this.#updates = this.#model.updates
    this.#planLearning()
    return published
  }

  close(): void {
    this.#closed = true
    this.#cancelLearning?.()
  }

  #planLearning(): void {
    const learning = this.#learning
    if (this.#cancelLearning !== null || this.#closed || learning === null) return
    this.#cancelLearning = this.#scheduler.after(learningEveryMs, () => {
      this.#cancelLearning = null
      this.#tellLearning(learning.report())
    })
  }
}
