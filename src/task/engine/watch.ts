import type { StreamModel, StreamOutcome } from './engine.ts'
import type { WatchChoice, WatchedPoints } from './messages.ts'

/** Points of one message: more than a screen has columns for a second of them helps nobody. */
export const pointsMax = 200

/** Numbers of a point before its bounds: record count, event time, observed, predicted. */
export const pointHead = 4

/**
 * Looks at one target of one sequence at one horizon while records go by, and keeps what came and
 * what had been predicted for it. It reads what the model has said and changes nothing. Of many
 * points between two messages every second, fourth, … is kept, and the newest.
 */
export class Watch {
  readonly #choice: WatchChoice
  readonly #id: number
  #sequence: string | null
  /** Record count up to which the points are known already. */
  #after: number
  /** Bounds of a point, and all its numbers; known with the first record. */
  #bounds = 0
  #width = 0
  /** (pointsMax, width); the row behind the last that is kept holds the newest point. */
  #rows = new Float64Array(0)
  #next = new Float64Array(0)
  #kept = 0
  #seen = 0
  /** Every so many-th point is kept, a power of two. */
  #stride = 1
  #isReset = false

  constructor(id: number, choice: WatchChoice) {
    this.#id = id
    this.#choice = choice
    this.#sequence = choice.sequence
    this.#after = choice.after ?? 0
  }

  /**
   * Where the watch begins: the past as the model remembers it, without predictions; null where
   * whoever watches has it all.
   */
  begin({ view }: StreamModel): WatchedPoints | null {
    const { target, horizon, after } = this.#choice
    const sequence = this.#sequence ?? view.mostRecent()
    this.#sequence = sequence
    const past =
      sequence === null ? null : (view.past?.(sequence, target, horizon, pointsMax) ?? null)
    if (past !== null && after !== null && past.lastUsed <= after) return null
    // Without a sequence the first record will bring one: its points begin from nothing.
    this.#isReset = sequence === null
    this.#after = 0
    const head = { watch: this.#id, sequence, isReset: true, skipped: 0 }
    if (past === null) return { ...head, points: new Float64Array(0), next: null }
    const { values, timesMs, lastUsed, steps, forMs, mean, bounds } = past
    const width = pointHead + bounds.length
    const points = new Float64Array(values.length * width).fill(Number.NaN)
    for (let i = 0; i < values.length; i++) {
      const lag = values.length - 1 - i
      // The state does not tell at which records the earlier ones came: evenly, it is taken.
      points[i * width] = lastUsed - Math.round((lag * lastUsed) / steps)
      points[i * width + 1] = timesMs[i] as number
      points[i * width + 2] = values[i] as number
    }
    return { ...head, points, next: Float64Array.of(forMs, mean, ...bounds) }
  }

  /** Looks at a record that has been taken in; true: there is a point now where there was none. */
  add(outcome: StreamOutcome): boolean {
    const { failure, forecast } = outcome
    if (failure !== null) return false
    this.#sequence ??= forecast.sequence
    if (forecast.sequence !== this.#sequence || forecast.records <= this.#after) return false
    if (this.#width === 0) this.#allocate(forecast.bounds.length / forecast.means.length)
    this.#write(outcome)
    if (this.#seen % this.#stride === 0) this.#keep()
    this.#seen++
    return this.#seen === 1
  }

  #write({ forecast, scored }: StreamOutcome): void {
    const { target, horizon } = this.#choice
    const slot = horizon * forecast.observed.length + target
    const isScored = scored.present[slot] === 1
    const rows = this.#rows
    const at = this.#kept * this.#width
    rows[at] = forecast.records
    rows[at + 1] = forecast.timeMs ?? Number.NaN
    rows[at + 2] = scored.observed[target] as number
    rows[at + 3] = isScored ? (scored.mixture[slot] as number) : Number.NaN
    const next = this.#next
    next[0] = forecast.forMs[horizon] as number
    next[1] = forecast.means[slot] as number
    const from = slot * this.#bounds
    for (let i = 0; i < this.#bounds; i++) {
      rows[at + pointHead + i] = isScored ? (scored.bounds[from + i] as number) : Number.NaN
      next[2 + i] = forecast.bounds[from + i] as number
    }
  }

  /** What came since the last call. */
  take(): WatchedPoints {
    const isNewestKept = this.#seen - 1 === (this.#kept - 1) * this.#stride
    const count = isNewestKept ? this.#kept : this.#kept + 1
    const taken: WatchedPoints = {
      watch: this.#id,
      sequence: this.#sequence,
      isReset: this.#isReset,
      skipped: this.#seen - count,
      points: this.#rows.slice(0, count * this.#width),
      next: this.#next.slice(),
    }
    this.#isReset = false
    this.#kept = 0
    this.#seen = 0
    this.#stride = 1
    return taken
  }

  #allocate(bounds: number): void {
    this.#bounds = bounds
    this.#width = pointHead + bounds
    this.#rows = new Float64Array(pointsMax * this.#width)
    this.#next = new Float64Array(2 + bounds)
  }

  /** The newest row stays; where that leaves no room for another, every other one goes. */
  #keep(): void {
    this.#kept++
    if (this.#kept < pointsMax) return
    this.#stride *= 2
    this.#kept = pointsMax / 2
    for (let row = 1; row < this.#kept; row++) this.#moveRow(2 * row, row)
    // It was an odd one, and still is the newest.
    this.#moveRow(pointsMax - 1, this.#kept)
  }

  #moveRow(from: number, to: number): void {
    const width = this.#width
    this.#rows.copyWithin(to * width, from * width, (from + 1) * width)
  }
}
