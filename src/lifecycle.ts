import type { Clock } from './clock.ts'

/** Calls back once after a delay; the returned function cancels. */
export interface Timer {
  after(delayMs: number, callback: () => void): () => void
}

export interface ShutdownOptions {
  /** For all closers together (`shutdown.timeoutMs`). */
  readonly timeoutMs: number
  readonly timer: Timer
  readonly clock: Pick<Clock, 'monotonicMs'>
}

export interface ShutdownOutcome {
  /** What closers threw, in the order in which it happened. */
  readonly errors: readonly { readonly name: string; readonly error: unknown }[]
  /** Closers that had not come to an end at the deadline, in their order. */
  readonly unfinished: readonly string[]
  readonly durationMs: number
}

interface Closer {
  readonly name: string
  readonly close: () => void | Promise<void>
}

/**
 * Closes what was opened, the newest first, each once and one after the other, however often and
 * by whomever the shutdown is asked for. Past the deadline nothing is waited for any more: the
 * remaining closers are all started, so that one that only has to end a child process still does.
 */
export class Shutdown {
  readonly #options: ShutdownOptions
  readonly #closers: Closer[] = []
  #outcome: Promise<ShutdownOutcome> | undefined

  constructor(options: ShutdownOptions) {
    this.#options = options
  }

  /** Whether a shutdown has begun. */
  get begun(): boolean {
    return this.#outcome !== undefined
  }

  /**
   * Registers what is open now. Once a shutdown has begun it is too late to be closed in order:
   * `close` is called at once and its failure is the caller's.
   */
  async add(name: string, close: () => void | Promise<void>): Promise<void> {
    if (this.begun) await close()
    else this.#closers.push({ name, close })
  }

  /** Closes everything; never rejects. A second call gets the first one's outcome. */
  run(): Promise<ShutdownOutcome> {
    this.#outcome ??= this.#close()
    return this.#outcome
  }

  async #close(): Promise<ShutdownOutcome> {
    const { timeoutMs, timer, clock } = this.#options
    const beganMs = clock.monotonicMs()
    const errors: { name: string; error: unknown }[] = []
    const unfinished = new Set<string>()
    const deadline = Promise.withResolvers<'late'>()
    const cancel = timer.after(timeoutMs, () => deadline.resolve('late'))
    let late = false
    for (const { name, close } of this.#closers.toReversed()) {
      unfinished.add(name)
      const ended = attempt(close)
        .catch((error: unknown) => void errors.push({ name, error }))
        .then(() => void unfinished.delete(name))
      if (!late) late = (await Promise.race([ended, deadline.promise])) === 'late'
    }
    // Closers started past the deadline that had nothing to wait for have ended by the next turn.
    if (late) await new Promise((resolve) => setImmediate(resolve))
    cancel()
    const durationMs = clock.monotonicMs() - beganMs
    return { errors: [...errors], unfinished: [...unfinished], durationMs }
  }
}

/** A closer that throws at once fails like one that rejects. */
async function attempt(close: () => void | Promise<void>): Promise<void> {
  await close()
}
