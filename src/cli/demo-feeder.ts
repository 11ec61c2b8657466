import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { DemoRecord } from './demo-data.ts'

const TICK_MS = 20
const MAX_BATCH = 1000

export interface FeedOptions {
  readonly records: readonly DemoRecord[]
  /** Records per second. */
  readonly speed: number
  readonly clock: Clock
  readonly signal: AbortSignal
  send(records: readonly DemoRecord[]): Promise<void>
}

/**
 * Sends the records in order at the given speed: after t seconds, t × speed of them. A send that
 * takes longer delays those behind it, none is left out. Resolves with the number sent when all
 * are, or when the signal comes.
 */
export async function feed(options: FeedOptions): Promise<number> {
  const { records, speed, clock, signal } = options
  const startMs = clock.monotonicMs()
  let sent = 0
  while (sent < records.length && !signal.aborted) {
    const due = Math.floor(((clock.monotonicMs() - startMs) / 1000) * speed)
    const until = Math.min(records.length, sent + MAX_BATCH, due)
    if (until > sent) {
      await options.send(records.slice(sent, until))
      sent = until
    } else {
      await sleep(TICK_MS, undefined, { signal }).catch(() => {})
    }
  }
  return sent
}
