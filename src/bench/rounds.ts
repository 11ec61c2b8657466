import { setImmediate as turn } from 'node:timers/promises'
import { type Clock, systemClock } from '../clock.ts'
import { median } from './statistics.ts'

/** Shorter than what a scheduler hands out, much longer than a look at the clock. */
const stretchMs = 0.5

/** Time on the wall, and what of it this process had the processor for. */
export interface BenchClock extends Pick<Clock, 'monotonicMs'> {
  /** User and system time of all threads together. */
  processorMs(): number
}

export const systemBenchClock: BenchClock = {
  monotonicMs: systemClock.monotonicMs,
  processorMs: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
}

/** How a bench runs, and who hears of it. */
export interface BenchRun {
  readonly clock: BenchClock
  /** Aborted: the bench throws the signal's reason at the next measurement. */
  readonly signal: AbortSignal
  /** Measurements of each case. */
  readonly rounds: number
  /** A measurement of an update goes on for at least this long. */
  readonly leastMs: number
  /** Share of the bench that is done. */
  onProgress?(fraction: number): void
}

/**
 * Measures every case once a round, so that a slow moment of the machine hits them alike, and
 * returns the measurements of each case, in order. A round before the first one warms up: what is
 * compiled late is compiled then.
 */
export async function measureInRounds<T>(
  cases: readonly (() => T | Promise<T>)[],
  run: BenchRun,
): Promise<T[][]> {
  const found = cases.map((): T[] => [])
  const total = cases.length * (run.rounds + 1)
  let done = 0
  for (let round = 0; round <= run.rounds; round++) {
    for (const [i, measure] of cases.entries()) {
      await breathe(run.signal)
      const value = await measure()
      if (round > 0) found[i]?.push(value)
      run.onProgress?.(++done / total)
    }
  }
  await breathe(run.signal)
  return found
}

/** Lets signals and the progress line in. Throws the reason of an aborted signal. */
export async function breathe(signal: AbortSignal): Promise<void> {
  await turn()
  signal.throwIfAborted()
}

/**
 * Microseconds of one call: the median over short stretches of calls that go on for `leastMs`
 * together. Of a stretch in which the machine did something else too, the process's own processor
 * time counts: on a busy machine a long call is held up more often than a short one.
 */
export function microsecondsEach(action: () => void, run: BenchRun): number {
  const { clock } = run
  const stretches: number[] = []
  let calls = 1
  let totalMs = 0
  while (totalMs < run.leastMs || stretches.length === 0) {
    const startMs = clock.monotonicMs()
    const startProcessorMs = clock.processorMs()
    for (let i = 0; i < calls; i++) action()
    const processorMs = clock.processorMs() - startProcessorMs
    const elapsedMs = clock.monotonicMs() - startMs
    totalMs += elapsedMs
    if (elapsedMs < stretchMs) calls *= 2
    else stretches.push((Math.min(elapsedMs, processorMs) * 1000) / calls)
  }
  return median(stretches)
}
