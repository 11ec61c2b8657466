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

  add(partition: number, { offset, code, message, timestampMs }: DeadLetterNote): void {
    this.#recent.unshift({ partition, offset: `${offset}`, code, message, timeMs: timestampMs })
    if (this.#recent.length > recentMax) this.#recent.pop()
  }
}
