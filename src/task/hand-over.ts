import type { EngineLink } from './engine/engines.ts'
import { packRecords } from './engine/packed-records.ts'
import type { RecordQueue } from './record-queue.ts'

/** One message to an engine, at most. */
const handOverMax = { records: 1_000, bytes: 262_144 } as const

/**
 * Moves records from a task's queue to its engine in messages of bounded size, so many ahead of the
 * engine that it never waits for the main thread, and no more.
 */
export class HandOver {
  readonly #queue: RecordQueue
  readonly #link: EngineLink
  readonly #aheadMax: number
  #sent = 0
  #done = 0
  #position: bigint

  /** `aheadMax`: records in messages that the engine has not taken in yet, at most. */
  constructor(queue: RecordQueue, link: EngineLink, aheadMax = 4 * handOverMax.records) {
    this.#queue = queue
    this.#link = link
    this.#aheadMax = aheadMax
    this.#position = queue.position
  }

  /** Records on their way to the model. */
  get ahead(): number {
    return this.#sent - this.#done
  }

  /** The engine has taken in so many since it began. */
  taken(records: number): void {
    this.#done = records
  }

  /** Sends what there is room for. */
  pump(): void {
    while (this.ahead < this.#aheadMax) {
      const records = this.#queue.take(handOverMax.records, handOverMax.bytes)
      const nextOffset = this.#queue.position
      // Markers alone move the position too: a commit must not point before them for ever.
      if (records.length === 0 && nextOffset === this.#position) return
      const packed = packRecords(records, { first: this.#sent, nextOffset })
      this.#sent += records.length
      this.#position = nextOffset
      this.#link.send({ type: 'records', records: packed }, [packed.buffer])
    }
  }
}
