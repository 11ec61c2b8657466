import type { Random } from '../random.ts'

/** When things run, so that tests and the simulator can bring their own order and time. */
export interface Scheduler {
  /** Runs `run` in a later turn of the event loop: sockets and timers have had theirs before. */
  immediate(run: () => void): void
  /** Runs `run` after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void
}

export const systemScheduler: Scheduler = {
  immediate: (run) => void setImmediate(run),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Resolves after `delayMs`. */
export function sleep(scheduler: Scheduler, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    scheduler.after(delayMs, resolve)
  })
}

/**
 * How long to wait before attempt `attempt` (from 0): doubling from `firstMs` up to `maxMs`, each
 * shortened by up to a half at random, so that processes that failed together do not come together.
 */
export function backoffMs(attempt: number, firstMs: number, maxMs: number, random: Random): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30))
  return full * (1 - random.uniform() / 2)
}
