import type { FoundSequences } from '../../model/view.ts'
import type { Scheduler } from '../scheduler.ts'
import type { EngineView } from './engine-view.ts'

/** Searches that wait for the one under way. */
const waitingMax = 8
/** A model may be at a record or an update that takes seconds. */
const answerMs = 3_000

const nothing: FoundSequences = { names: [], isCut: true }

export interface SequenceList {
  readonly sequences: readonly { readonly partition: number; readonly sequence: string }[]
  /** There are more. */
  readonly isCut: boolean
}

/** Asks engines for sequences by name, one search after the other and one engine at a time. */
export class SequenceSearch {
  readonly #scheduler: Scheduler
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #searches = 0
  #pending: {
    readonly search: number
    readonly engine: EngineView
    readonly resolve: (found: FoundSequences) => void
  } | null = null

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /**
   * The sequences of all engines whose name holds `text`, `limit` at most, those used last first;
   * null where too many searches wait already.
   */
  async run(
    engines: () => readonly EngineView[],
    text: string,
    limit: number,
  ): Promise<SequenceList | null> {
    if (this.#waiting === waitingMax) return null
    this.#waiting++
    const found = this.#last.then(() => this.#ask(engines(), text, limit))
    this.#last = found.finally(() => this.#waiting--)
    return await found
  }

  /** An engine has answered. */
  answered(engine: EngineView, search: number, found: FoundSequences): void {
    const pending = this.#pending
    if (pending?.engine === engine && pending.search === search) pending.resolve(found)
  }

  /** An engine is gone: no answer will come. */
  closed(engine: EngineView): void {
    if (this.#pending?.engine === engine) this.#pending.resolve(nothing)
  }

  async #ask(engines: readonly EngineView[], text: string, limit: number): Promise<SequenceList> {
    const found: [EngineView, FoundSequences][] = []
    for (const engine of engines) found.push([engine, await this.#askOne(engine, text, limit)])
    const sequences: { partition: number; sequence: string }[] = []
    // Record counts of partitions do not compare: the newest of each, then the second newest, …
    for (let rank = 0; rank < limit; rank++) {
      for (const [{ partition }, { names }] of found) {
        const sequence = names[rank]
        if (sequence !== undefined) sequences.push({ partition, sequence })
      }
    }
    const isCut = sequences.length > limit || found.some(([, each]) => each.isCut)
    return { sequences: sequences.slice(0, limit), isCut }
  }

  async #askOne(engine: EngineView, text: string, limit: number): Promise<FoundSequences> {
    if (engine.isClosed) return nothing
    const { promise, resolve } = Promise.withResolvers<FoundSequences>()
    const search = this.#searches++
    this.#pending = { search, engine, resolve }
    const cancel = this.#scheduler.after(answerMs, () => resolve(nothing))
    engine.link.send({ type: 'search', search, text, limit })
    const found = await promise
    cancel()
    this.#pending = null
    return found
  }
}
