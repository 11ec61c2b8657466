import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * The outcome of `work`, or 'stopped' where it has none `graceMs` milliseconds after the signal.
 * What comes of it later is of no interest to anyone, a rejection included.
 */
export async function untilStopped<T>(
  work: Promise<T>,
  signal: AbortSignal,
  graceMs: number,
): Promise<T | 'stopped'> {
  const over = new AbortController()
  const stopped = async (): Promise<'stopped'> => {
    if (!signal.aborted) await once(signal, 'abort', { signal: over.signal })
    return await sleep(graceMs, 'stopped', { signal: over.signal })
  }
  try {
    return await Promise.race([work, stopped()])
  } finally {
    over.abort()
  }
}
