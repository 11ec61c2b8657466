import { assert } from '../assert.ts'
import { HeadraceError } from '../errors.ts'
import type { EngineLink, Engines } from './engine/engines.ts'
import type {
  Cut,
  CutRequest,
  EngineReply,
  EngineStart,
  LoadedRow,
  Progress,
} from './engine/messages.ts'
import { fromPlain } from './engine/plain-error.ts'
import type { LearningReport } from './observe.ts'

/** Messages with rows that may be on their way to the engine. */
const loadsMax = 4

export interface EngineSessionListener {
  /** The engine has reached the goal of its replay. */
  onArrived(records: number, chainHash: string): void
  onProgress(progress: Progress): void
  onLearning(report: LearningReport): void
  /** The engine is over. */
  onFailed(error: Error): void
}

/** A task's view of its engine: requests that are answered are promises. */
export class EngineSession {
  readonly link: EngineLink
  readonly #listener: EngineSessionListener
  #loads = 0
  #loaded: PromiseWithResolvers<void> | null = null
  #begun: PromiseWithResolvers<number> | null = null
  #cut: PromiseWithResolvers<Cut> | null = null
  #closed = false

  constructor(engines: Engines, partition: number, listener: EngineSessionListener) {
    this.#listener = listener
    this.link = engines.open(partition, {
      onReply: (reply) => this.#receive(reply),
      onLost: (error) => this.#fail(error),
    })
  }

  /** Sends rows of a snapshot; resolves when there is room for the next ones. */
  async load(rows: readonly LoadedRow[]): Promise<void> {
    this.#check()
    this.#loads++
    this.link.send({ type: 'load', rows })
    while (this.#loads >= loadsMax) {
      this.#loaded ??= Promise.withResolvers()
      await this.#loaded.promise
      this.#check()
    }
  }

  /** Ends the loading; resolves with the model's count of records once its hash is right. */
  begin(start: EngineStart): Promise<number> {
    this.#check()
    assert(this.#begun === null, 'an engine begins once')
    this.#begun = Promise.withResolvers()
    this.link.send({ type: 'begin', start })
    return this.#begun.promise
  }

  /** Cuts the stream where the engine stands. */
  cut(request: CutRequest): Promise<Cut> {
    this.#check()
    assert(this.#cut === null, 'one cut at a time')
    this.#cut = Promise.withResolvers()
    this.link.send({ type: 'cut', request })
    return this.#cut.promise
  }

  settle(outcome: 'sealed' | 'abandoned'): void {
    if (!this.#closed) this.link.send({ type: 'settle', outcome })
  }

  /** Whoever waits is told that the task was closed. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.link.close()
    this.#reject(closed())
  }

  #receive(reply: EngineReply): void {
    if (reply.type === 'progress') this.#listener.onProgress(reply.progress)
    else if (reply.type === 'learning') this.#listener.onLearning(reply.report)
    else if (reply.type === 'arrived') this.#listener.onArrived(reply.records, reply.chainHash)
    else if (reply.type === 'begun') this.#begun?.resolve(reply.records)
    else if (reply.type === 'failed') this.#fail(fromPlain(reply.error))
    else if (reply.type === 'loaded') {
      this.#loads--
      this.#loaded?.resolve()
      this.#loaded = null
    } else if (reply.type === 'cut') {
      const cut = this.#cut
      this.#cut = null
      cut?.resolve(reply.cut)
    }
  }

  #fail(error: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.link.close()
    this.#listener.onFailed(error)
    this.#reject(error)
  }

  #reject(error: Error): void {
    for (const waiting of [this.#loaded, this.#begun, this.#cut]) {
      // Nobody may be waiting any more.
      waiting?.promise.catch(() => {})
      waiting?.reject(error)
    }
    this.#cut = null
    this.#loaded = null
  }

  #check(): void {
    if (this.#closed) throw closed()
  }
}

function closed(): HeadraceError {
  return new HeadraceError('HEADRACE_TASK_FENCED', 'The task was closed meanwhile.')
}
