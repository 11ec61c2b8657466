import type { Clock } from '../../clock.ts'
import { toError } from '../failure.ts'
import type { InputRecord } from '../ports.ts'
import type { Scheduler } from '../scheduler.ts'
import type { OutputBounds, OutputEncoder, StreamOutcome, StreamProcessor } from './engine.ts'
import { EngineTask } from './engine-task.ts'
import type { EngineReply, EngineRequest } from './messages.ts'
import { toPlain } from './plain-error.ts'
import { Turns } from './turns.ts'

export interface EngineServerOptions {
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly bounds: OutputBounds
  /** Whether the models tell how they learn. Default: they do. */
  readonly isWatched?: boolean
  /** Makes the model of one partition, at record 0. */
  createProcessor(): StreamProcessor
  createEncoder(partition: number): OutputEncoder
  onOutcome?(partition: number, record: InputRecord, outcome: StreamOutcome): void
  reply(reply: EngineReply, transfer?: ArrayBuffer[]): void
}

/** The engines of one thread: each request goes to the task that it names, work round robin. */
export class EngineServer {
  readonly #options: EngineServerOptions
  readonly #turns: Turns
  readonly #tasks = new Map<number, EngineTask>()

  constructor(options: EngineServerOptions) {
    this.#options = options
    this.#turns = new Turns(options.scheduler, options.clock)
  }

  handle(request: EngineRequest): void {
    if (request.type === 'open') this.#open(request.task, request.partition)
    else if (request.type === 'close') this.#close(request.task)
    else this.#tasks.get(request.task)?.handle(request)
  }

  #open(task: number, partition: number): void {
    const { clock, scheduler, bounds, onOutcome, reply, isWatched = true } = this.#options
    try {
      const engine = new EngineTask({
        task,
        processor: this.#options.createProcessor(),
        encoder: this.#options.createEncoder(partition),
        bounds,
        clock,
        scheduler,
        turns: this.#turns,
        isWatched,
        onOutcome: (record, outcome) => onOutcome?.(partition, record, outcome),
        reply,
      })
      this.#tasks.set(task, engine)
    } catch (error) {
      reply({ type: 'failed', task, error: toPlain(toError(error)) })
    }
  }

  #close(task: number): void {
    this.#tasks.get(task)?.close()
    this.#tasks.delete(task)
  }
}
