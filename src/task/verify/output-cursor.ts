import type { Published } from './published.ts'

/** How far a look ahead goes, in records. */
const lookAheadMax = 10_000

/** Reads one output partition record by record, and tells of which input record each is. */
export class OutputCursor {
  /** Offset of the input record that a record says it is of; null for what is none of ours. */
  readonly sourceOf: (record: Published) => bigint | null
  #batches: AsyncIterator<readonly Published[]>
  readonly #late: (() => AsyncIterable<readonly Published[]>) | null
  #buffer: readonly Published[] = []
  #index = 0
  #isOver = false

  /** `late`: reads what has become visible behind the end of `batches`; may wait for it. */
  constructor(
    batches: AsyncIterable<readonly Published[]>,
    sourceOf: (record: Published) => bigint | null,
    late: (() => AsyncIterable<readonly Published[]>) | null = null,
  ) {
    this.#batches = batches[Symbol.asyncIterator]()
    this.sourceOf = sourceOf
    this.#late = late
  }

  /** The next record; undefined where it is still to be fetched, or there is none. */
  get head(): Published | undefined {
    return this.#buffer[this.#index]
  }

  /** Has the next record there; false at the end. */
  async fetch(): Promise<boolean> {
    while (this.head === undefined) {
      if (!(await this.#extend())) return false
    }
    return true
  }

  /**
   * The same for a record that must be there: the partitions of a transaction do not become visible
   * at one moment.
   */
  async fetchLate(): Promise<boolean> {
    if ((await this.fetch()) || this.#late === null) return this.head !== undefined
    this.#batches = this.#late()[Symbol.asyncIterator]()
    this.#isOver = false
    return this.fetch()
  }

  /** Goes on behind the head. */
  next(): void {
    this.#index++
  }

  /**
   * Passes what lies in front of the first record that is of an input record from `source` on, and
   * returns how many those were. A record that is none of ours is passed with them.
   */
  async seek(source: bigint): Promise<number> {
    for (let passed = 0; ; passed++) {
      if (!(await this.fetch())) return passed
      const { head } = this
      const found = head === undefined ? null : this.sourceOf(head)
      if (found !== null && found >= source) return passed
      this.next()
    }
  }

  /** Whether one of the records that come next is of input record `source`. */
  async isAhead(source: bigint): Promise<boolean> {
    for (let ahead = 0; ahead < lookAheadMax; ahead++) {
      while (this.#buffer[this.#index + ahead] === undefined) {
        if (!(await this.#extend())) return false
      }
      const record = this.#buffer[this.#index + ahead]
      if (record !== undefined && this.sourceOf(record) === source) return true
    }
    return false
  }

  /** Ends the reading before its end; not awaited, a silent broker would hold it up. */
  close(): void {
    this.#batches.return?.()?.then(undefined, () => {})
  }

  /** Another batch behind those that are there; `#index` keeps its place. */
  async #extend(): Promise<boolean> {
    if (this.#isOver) return false
    const next = await this.#batches.next()
    if (next.done === true) {
      this.#isOver = true
      return false
    }
    const rest = this.#buffer.slice(this.#index)
    this.#buffer = rest.length === 0 ? next.value : [...rest, ...next.value]
    this.#index = 0
    return true
  }
}
