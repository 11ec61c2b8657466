import { assert } from '../../../../src/assert.ts'
import type { Clock } from '../../../../src/clock.ts'
import type { Scheduler } from '../../../../src/task/scheduler.ts'

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

/** Turns after which the real event loop gets one, for whoever watches the tests. */
const realTurnEvery = 2_000

/**
 * Time that passes only when nothing else can happen: turns of the event loop in the order in which
 * they were asked for, then the earliest timer. Each look at the clock takes 0.2 ms, so that work
 * in slices meets its deadline.
 */
export class VirtualTime implements Clock, Scheduler {
  #nowMs = 0
  #turns: (() => void)[] = []
  /** Next one in `#turns`. */
  #next = 0
  /** In the order in which they were asked for. */
  readonly #timers = new Set<Timer>()

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
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Lets things happen until `isDone`; fails after `limit` turns, naming what was waited for. */
  async until(what: string, isDone: () => boolean, limit = 50_000): Promise<void> {
    for (let turn = 0; turn < limit; turn++) {
      // All promises that can settle do so before the next turn: this runs when none is left.
      await new Promise<void>((resolve) => process.nextTick(resolve))
      if (turn % realTurnEvery === realTurnEvery - 1) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (isDone()) return
      this.#runNext(what)
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

  #runNext(what: string): void {
    const turn = this.#turns[this.#next]
    if (turn !== undefined) {
      this.#next++
      if (this.#next === this.#turns.length) {
        this.#turns = []
        this.#next = 0
      }
      turn()
      return
    }
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (first === undefined || timer.atMs < first.atMs) first = timer
    }
    assert(first !== undefined, `something is left to happen before ${what}`)
    this.#timers.delete(first)
    this.#nowMs = Math.max(this.#nowMs, first.atMs)
    first.run()
  }
}
