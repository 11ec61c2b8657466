import { HeadraceError } from '../../../src/errors.ts'
import type { MemoryPorts } from '../../../src/log/memory-ports.ts'
import type { EngineLink, EngineListener, Engines } from '../../../src/task/engine/engines.ts'
import type { PartitionWriter } from '../../../src/task/ports.ts'
import type { Scheduler } from '../../../src/task/scheduler.ts'

/** The ports of a process, but for the commits of its writers. */
export function wrapCommits(
  ports: MemoryPorts,
  commit: (
    writer: PartitionWriter,
    transaction: Parameters<PartitionWriter['commit']>[0],
    partition: number,
  ) => ReturnType<PartitionWriter['commit']>,
): MemoryPorts {
  return {
    ...ports,
    sink: {
      async open(partition) {
        const writer = await ports.sink.open(partition)
        return {
          commit: (transaction) => commit(writer, transaction, partition),
          close: () => writer.close(),
        }
      },
    },
  }
}

/** What passes between tasks and their engines. */
export interface EngineWatch {
  send(partition: number, request: Parameters<EngineLink['send']>[0]): EngineLinkRequest
  /** Whether the thread of this engine is lost now. */
  isLost(): boolean
}
type EngineLinkRequest = Parameters<EngineLink['send']>[0]

/** Engines as in two threads, which may be lost with all that they hold; messages are copied. */
export class FragileEngines implements Engines {
  readonly #engines: Engines
  readonly #watch: EngineWatch
  readonly #scheduler: Scheduler
  readonly #threads = [new Map<EngineLink, EngineListener>(), new Map<EngineLink, EngineListener>()]
  #opened = 0

  constructor(engines: Engines, watch: EngineWatch, scheduler: Scheduler) {
    this.#engines = engines
    this.#watch = watch
    this.#scheduler = scheduler
  }

  open(partition: number, listener: EngineListener): EngineLink {
    const thread = this.#threads[this.#opened++ % 2] as Map<EngineLink, EngineListener>
    const inner = this.#engines.open(partition, {
      onReply: (reply) => listener.onReply(structuredClone(reply)),
      onLost: (error) => listener.onLost(error),
    })
    const link: EngineLink = {
      send: (request, transfer = []) => {
        if (!thread.has(link)) return
        const watched = this.#watch.send(partition, request)
        if (this.#watch.isLost()) this.#lose(thread)
        else inner.send(structuredClone(watched, { transfer }))
      },
      close: () => {
        thread.delete(link)
        inner.close()
      },
    }
    thread.set(link, listener)
    return link
  }

  close(): Promise<void> {
    return this.#engines.close()
  }

  #lose(thread: Map<EngineLink, EngineListener>): void {
    const error = new HeadraceError('HEADRACE_TASK_WORKER_LOST', 'A worker thread crashed.')
    const lost = [...thread.keys()]
    for (const link of lost) {
      const listener = thread.get(link)
      link.close()
      this.#scheduler.immediate(() => listener?.onLost(error))
    }
  }
}
