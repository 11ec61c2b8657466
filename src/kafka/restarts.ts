import { randomInt } from 'node:crypto'

/** With the waits between them six minutes and more: as long as a task waits for an outage. */
const maxInARow = 48
const firstWaitMs = 100
const maxWaitMs = 10_000
/** Whoever has been in the group for so long had come back: what fails then is another matter. */
const steadyMs = 60_000

/** How often, and after what wait, a consumer that has crashed starts anew. */
export class Restarts {
  #inARow = 0
  #joinedAtMs: number | null = null

  /** The group has been joined; monotonic time. */
  joined(nowMs: number): void {
    this.#joinedAtMs = nowMs
  }

  /** A crash: which one in a row it is, from 1, and what to wait; null when it was the last one. */
  next(nowMs: number): { attempt: number; waitMs: number } | null {
    if (this.#joinedAtMs !== null && nowMs - this.#joinedAtMs >= steadyMs) this.#inARow = 0
    this.#joinedAtMs = null
    if (this.#inARow === maxInARow) return null
    const fullMs = Math.min(maxWaitMs, firstWaitMs * 2 ** this.#inARow)
    this.#inARow++
    // Processes that failed together do not come back together.
    return { attempt: this.#inARow, waitMs: randomInt(fullMs / 2, fullMs + 1) }
  }
}
