import type { Clock } from '../../clock.ts'
import type { Scheduler } from '../scheduler.ts'

/** Something that works in slices on the main thread. */
export interface Sliced {
  /** Works until `deadlineMs` (monotonic) or until there is nothing to do; true = there is more. */
  runSlice(deadlineMs: number): boolean
}

/** The longest rest after a slice. */
const maxRestMs = 50

/**
 * Hands the main thread to one task for one slice in each turn of the event loop, round robin:
 * fetches, heartbeats and HTTP wait for one slice at most, however many tasks there are. A record
 * of a large model cannot be divided: after a slice that took much longer than its share the
 * network gets a tenth of it, or a transaction of some ten requests would wait for as many records.
 */
export class Turns {
  readonly #waiting: Sliced[] = []
  readonly #scheduler: Scheduler
  readonly #clock: Clock
  readonly #sliceMs: number
  #scheduled = false

  constructor(scheduler: Scheduler, clock: Clock, sliceMs = 10) {
    this.#scheduler = scheduler
    this.#clock = clock
    this.#sliceMs = sliceMs
  }

  /** Asks for a slice; asking again before it has come changes nothing. */
  request(sliced: Sliced): void {
    if (!this.#waiting.includes(sliced)) this.#waiting.push(sliced)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return
    this.#scheduled = true
    this.#scheduler.immediate(() => {
      this.#scheduled = false
      const sliced = this.#waiting.shift()
      const beganMs = this.#clock.monotonicMs()
      if (sliced?.runSlice(beganMs + this.#sliceMs)) this.#waiting.push(sliced)
      this.#rest(this.#clock.monotonicMs() - beganMs)
    })
  }

  #rest(tookMs: number): void {
    if (tookMs < 2 * this.#sliceMs) {
      this.#schedule()
      return
    }
    this.#scheduled = true
    this.#scheduler.after(Math.min(maxRestMs, tookMs / 10), () => {
      this.#scheduled = false
      this.#schedule()
    })
  }
}
