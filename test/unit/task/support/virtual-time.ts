import { assert } from '../../../../src/assert.ts'
import type { Clock } from '../../../../src/clock.ts'
import type { Scheduler } from '../../../../src/task/scheduler.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/**
 * Time that passes only when nothing else can happen: turns of the event loop in the order in which
 * they were asked for, then the earliest timer. Each look at the clock takes 0.2 ms, so that work
 * in slices meets its deadline.
 */
export class VirtualTime implements Clock, Scheduler {
  #nowMs = 0
  #order = 0
  readonly #turns: (() => void)[] = []
  #timers: Timer[] = []

  nowMs(): number {
    return 1_700_000_000_000 + Math.floor(this.#nowMs)
  }

  monotonicMs(): number {
    this.#nowMs += 0.2
    return this.#nowMs
  }

  immediate(run: () => void): void {
    this.#turns.push(run)
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, order: this.#order++, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer)
    }
  }

  /** Lets things happen until `isDone`; fails after `limit` turns, naming what was waited for. */
  async until(what: string, isDone: () => boolean, limit = 50_000): Promise<void> {
    for (let turn = 0; turn < limit; turn++) {
      // All promises that can settle do so before the next turn.
      await new Promise((resolve) => setImmediate(resolve))
      if (isDone()) return
      this.#next(what)
    }
    assert(false, `${what} came within ${limit} turns`)
  }

  /** What runs now takes `tookMs`. */
  advance(tookMs: number): void {
    this.#nowMs += tookMs
  }

  /** Lets `delayMs` pass. */
  async pass(delayMs: number): Promise<void> {
    let isOver = false
    this.after(delayMs, () => {
      isOver = true
    })
    await this.until(`${delayMs} ms to pass`, () => isOver)
  }

  #next(what: string): void {
    const turn = this.#turns.shift()
    if (turn !== undefined) {
      turn()
      return
    }
    const [first] = this.#timers.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)
    assert(first !== undefined, `something is left to happen before ${what}`)
    this.#timers = this.#timers.filter((each) => each !== first)
    this.#nowMs = Math.max(this.#nowMs, first.atMs)
    first.run()
  }
}
