import type { Scheduler } from '../scheduler.ts'
import { EngineServer, type EngineServerOptions } from './engine-server.ts'
import type { BareRequest, EngineLink, EngineListener, Engines } from './engines.ts'
import type { EngineReply, EngineRequest } from './messages.ts'

/** All models in this thread, behind the same messages as in a worker. */
export class LocalEngines implements Engines {
  readonly #scheduler: Scheduler
  readonly #server: EngineServer
  readonly #listeners = new Map<number, EngineListener>()
  #tasks = 0

  constructor(options: Omit<EngineServerOptions, 'reply'>) {
    this.#scheduler = options.scheduler
    this.#server = new EngineServer({ ...options, reply: (reply) => this.#deliver(reply) })
  }

  open(partition: number, listener: EngineListener): EngineLink {
    const task = this.#tasks++
    this.#listeners.set(task, listener)
    this.#post({ type: 'open', task, partition })
    return {
      send: (request: BareRequest) => this.#post({ ...request, task } as EngineRequest),
      close: () => {
        if (this.#listeners.delete(task)) this.#post({ type: 'close', task })
      },
    }
  }

  async close(): Promise<void> {
    this.#listeners.clear()
  }

  /** In a later turn, as a message between threads. */
  #post(request: EngineRequest): void {
    this.#scheduler.immediate(() => this.#server.handle(request))
  }

  #deliver(reply: EngineReply): void {
    this.#scheduler.immediate(() => this.#listeners.get(reply.task)?.onReply(reply))
  }
}
