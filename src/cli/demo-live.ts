import { assert } from '../assert.ts'
import type { Clock } from '../clock.ts'
import { formatTime } from '../record/time.ts'
import { type DemoRecord, readDemoValues } from './demo-data.ts'

const STEPS_PER_WEEK = 336
/** As many as the bundled series holds: behind the last of them a first one follows seamlessly. */
export const weeks = 30
const MAX_BATCH = 1000
/** A sleep is no shorter, so that a high speed goes out in batches, and no longer than a second. */
const MIN_SLEEP_MS = 20
const MAX_SLEEP_MS = 1000
/** What is due for longer is left out: the process was asleep, as good as not running. */
const MAX_BEHIND_MS = 60_000

/**
 * The bundled series as if it came in now, for ever: some sequences that take a step each at the
 * same time, each of them in a week of its own of the 30 whole weeks, which follow each other
 * round and round. A record depends on its step and sequence alone, and a step has its place in
 * time, so that a producer that ends and starts again goes on where the clock is.
 */
export class LiveSeries {
  readonly stepMs: number
  readonly #values: readonly number[]
  readonly #starts: readonly number[]
  readonly #keys: readonly Buffer[]

  /** `speed`: records per second of all sequences together, at most 1000 for each of them. */
  constructor(sequences: number, speed: number) {
    assert(sequences >= 1 && sequences <= weeks, 'each sequence has a week of its own')
    this.stepMs = (sequences * 1000) / speed
    assert(this.stepMs >= 1, 'the steps of a sequence have times of their own')
    this.#values = readDemoValues().slice(0, weeks * STEPS_PER_WEEK)
    const first = Array.from({ length: sequences }, (_, i) => Math.floor((i * weeks) / sequences))
    this.#starts = first.map((week) => week * STEPS_PER_WEEK)
    this.#keys = first.map((week) => Buffer.from(`week-${String(week).padStart(2, '0')}`))
  }

  get sequences(): number {
    return this.#keys.length
  }

  /** The newest step at a time in milliseconds since the epoch. */
  stepAt(ms: number): number {
    return Math.floor(ms / this.stepMs)
  }

  /** When a step is due, in milliseconds since the epoch. */
  timeOf(step: number): number {
    return Math.ceil(step * this.stepMs)
  }

  /** What all sequences say at a step. */
  recordsOf(step: number): DemoRecord[] {
    const timestamp = formatTime(this.timeOf(step))
    return this.#keys.map((key, i) => {
      const row = (step + (this.#starts[i] ?? 0)) % this.#values.length
      return {
        key,
        value: Buffer.from(JSON.stringify({ timestamp, passengers: this.#values[row] })),
      }
    })
  }
}

export interface LiveOptions {
  readonly series: LiveSeries
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Resolves after the delay, or when the signal comes. */
  wait(delayMs: number): Promise<void>
  /** Resolves with whether they are known to be there: they must be, but for the signal. */
  send(records: readonly DemoRecord[]): Promise<boolean>
}

/** Numbers of records. */
export interface LiveCount {
  readonly sent: number
  /** Of the last send, where the signal came before it was answered. */
  readonly inDoubt: number
}

/**
 * Sends each step when it is due, beginning with the next one, until the signal comes. A slow send
 * delays the steps behind it, none is left out but those that are due for more than a minute.
 */
export async function produceLive(options: LiveOptions): Promise<LiveCount> {
  const { series, clock, signal } = options
  const stepsMax = Math.max(1, Math.floor(MAX_BATCH / series.sequences))
  let next = series.stepAt(clock.nowMs()) + 1
  let sent = 0
  while (!signal.aborted) {
    const nowMs = clock.nowMs()
    next = Math.max(next, series.stepAt(nowMs - MAX_BEHIND_MS))
    const last = Math.min(series.stepAt(nowMs), next + stepsMax - 1)
    if (last < next) {
      const waitMs = Math.max(MIN_SLEEP_MS, Math.min(MAX_SLEEP_MS, series.timeOf(next) - nowMs))
      await options.wait(waitMs)
      continue
    }
    const records: DemoRecord[] = []
    for (; next <= last; next++) records.push(...series.recordsOf(next))
    const isKnown = await options.send(records)
    if (!isKnown) {
      assert(signal.aborted, 'what is sent is there, unless nobody waits for it')
      return { sent, inDoubt: records.length }
    }
    sent += records.length
  }
  return { sent, inDoubt: 0 }
}
