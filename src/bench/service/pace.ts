import { setTimeout as delay } from 'node:timers/promises'
import type { Stage } from './stage.ts'

const tickMs = 1

export interface PaceOptions {
  readonly perSecond: number
  /** How many in all; without an end by default. */
  readonly total?: number
  /** Sends number `index`, from 0; the next ones do not wait for it. */
  send(index: number): Promise<void>
  onProgress?(fraction: number): void
}

/** Something that goes on at a steady rate. */
export interface Pace {
  /** Resolves when all has been sent and confirmed, or after `stop`. */
  readonly done: Promise<void>
  stop(): Promise<void>
}

/**
 * Sends one after another at a steady rate: after t seconds, t × `perSecond` of them. A send that
 * fails is told to the stage. Ends with the stage's signal.
 */
export function startPace(stage: Stage, options: PaceOptions): Pace {
  const { perSecond, total = Number.POSITIVE_INFINITY, send } = options
  const beganMs = stage.nowMs()
  let isStopped = false
  const pace = async (): Promise<void> => {
    const open = new Set<Promise<void>>()
    for (let sent = 0; sent < total && !isStopped && !stage.options.signal.aborted; ) {
      const due = Math.floor(((stage.nowMs() - beganMs) / 1000) * perSecond)
      for (const until = Math.min(total, due); sent < until; sent++) {
        const sending = send(sent)
          .catch((error: unknown) => stage.fail(error))
          .finally(() => open.delete(sending))
        open.add(sending)
      }
      options.onProgress?.(sent / total)
      await delay(tickMs)
    }
    await Promise.all(open)
  }
  const done = pace()
  const stop = stage.atEnd(async () => {
    isStopped = true
    await done
  })
  return { done, stop }
}
