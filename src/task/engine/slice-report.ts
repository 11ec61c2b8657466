import type { InputRecord } from '../ports.ts'
import type { Scheduler } from '../scheduler.ts'
import type { ModelScore, StreamModel, StreamOutcome } from './engine.ts'
import type { Progress, ScoresReport } from './messages.ts'

/** How often the scoreboard is told: it has many rows, and nobody scrapes faster. */
const scoresEveryMs = 1_000

/** Gathers what an engine does record by record, to be told slice by slice. */
export class SliceReport {
  readonly #model: StreamModel
  readonly #scheduler: Scheduler
  readonly #tellScores: (scores: ScoresReport) => void
  /** Whose gradient `lastUpdate` tells: the network of the middle learning rate. */
  readonly #network: string
  readonly #failures = new Map<string, number>()
  #predictions = 0
  #updates: number
  #timestampMs = Number.NaN
  #eventTimeMs: number | null = null
  #cancelScores: (() => void) | null = null
  #closed = false

  constructor(
    model: StreamModel,
    scheduler: Scheduler,
    tellScores: (scores: ScoresReport) => void,
  ) {
    this.#model = model
    this.#scheduler = scheduler
    this.#tellScores = tellScores
    this.#updates = model.updates
    const networks = model.memberNames.filter((name) => /^network(:[0-9.e+-]+)?$/.test(name))
    this.#network = networks[(networks.length - 1) >> 1] ?? 'network'
  }

  get timestampMs(): number {
    return this.#timestampMs
  }

  get eventTimeMs(): number | null {
    return this.#eventTimeMs
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
  replayed(record: InputRecord): void {
    this.#timestampMs = record.timestampMs
  }

  /**
   * The replay has come to its end: what it did is not reported as done by this process, but the
   * scoreboard stands, however long the next record is in coming.
   */
  arrived(): void {
    this.#updates = this.#model.updates
    this.#planScores()
  }

  /** What was published since the last call; null where nothing was. */
  take(sliceMs: number): Progress['published'] {
    if (this.#predictions === 0 && this.#failures.size === 0) return null
    const published = {
      predictions: this.#predictions,
      failures: [...this.#failures],
      updates: this.#model.updates - this.#updates,
      sliceMs,
    }
    this.#predictions = 0
    this.#failures.clear()
    this.#updates = this.#model.updates
    this.#planScores()
    return published
  }

  close(): void {
    this.#closed = true
    this.#cancelScores?.()
  }

  #planScores(): void {
    if (this.#cancelScores !== null || this.#closed) return
    this.#cancelScores = this.#scheduler.after(scoresEveryMs, () => {
      this.#cancelScores = null
      this.#tellScores(this.#scores())
    })
  }

  #scores(): ScoresReport {
    const { liveSequences, lastUpdate, scores } = this.#model
    const rows: readonly ModelScore[] = scores.summary()
    const gradientNorm = lastUpdate.applied ? lastUpdate.gradientNorm : Number.NaN
    return { liveSequences, network: this.#network, gradientNorm, rows }
  }
}
