import { toError } from './failure.ts'
import type { Positions } from './ports.ts'
import type { Scheduler } from './scheduler.ts'

/** How often the start of the input is asked for: retention deletes whole segments. */
const everyMs = 30_000

export interface RetentionWatchOptions {
  readonly partition: number
  readonly positions: Positions
  readonly scheduler: Scheduler
  /** The input offset that a restore would begin at, and where the task stands. */
  offsets(): { readonly cut: bigint; readonly position: bigint; readonly start: bigint }
  /** The start of the input has come nearer to the cut than the cut is to the task. */
  onNear(): void
  /** It could not be asked for; it will be again. */
  onUnknown(error: Error): void
}

/** Sees to it that a snapshot lies behind the input's start before a restore needs what is gone. */
export class RetentionWatch {
  readonly #options: RetentionWatchOptions
  #cancel: () => void = () => {}
  #closed = false

  constructor(options: RetentionWatchOptions) {
    this.#options = options
    this.#plan()
  }

  close(): void {
    this.#closed = true
    this.#cancel()
  }

  #plan(): void {
    if (this.#closed) return
    this.#cancel = this.#options.scheduler.after(everyMs, () => void this.#look())
  }

  async #look(): Promise<void> {
    const { partition, positions, offsets, onNear, onUnknown } = this.#options
    try {
      const logStart = (await positions.inputRange(partition)).start
      const { cut, position, start } = offsets()
      // Before the first record has expired there is nothing to hurry for.
      const isNear = logStart > start && cut - logStart < position - cut
      if (isNear && !this.#closed) onNear()
    } catch (error) {
      if (!this.#closed) onUnknown(toError(error))
    }
    this.#plan()
  }
}
