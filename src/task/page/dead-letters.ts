import type { DeadLetterNote } from '../engine/messages.ts'

const recentMax = 20

/** One record that could not be used. */
export interface DeadLetterRow {
  readonly partition: number
  readonly offset: string
  readonly code: string
  readonly message: string
  /** The record's own timestamp. */
  readonly timeMs: number
}

/** How many dead letters there were since the start, and the newest that were told of. */
export class DeadLetters {
  total = 0
  readonly #recent: DeadLetterRow[] = []

  /** The newest first. */
  get recent(): readonly DeadLetterRow[] {
    return this.#recent
  }

  add(partition: number, note: DeadLetterNote): void {
    const { code, message, timestampMs: timeMs } = note
    const offset = `${note.offset}`
    // After a failed transaction the same records are refused once more.
    if (this.#recent.some((row) => row.partition === partition && row.offset === offset)) return
    this.#recent.unshift({ partition, offset, code, message, timeMs })
    if (this.#recent.length > recentMax) this.#recent.pop()
  }
}
