import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../clock.ts'
import type { ServiceConfig } from '../../config/schema.ts'
import { HeadraceError } from '../../errors.ts'
import type { TaskLogger } from '../observe.ts'
import type { Scheduler } from '../scheduler.ts'
import type { OutputBounds } from './engine.ts'
import type { BareRequest, EngineLink, EngineListener, Engines } from './engines.ts'
import type { EngineReply, EngineRequest } from './messages.ts'

/** Threads beyond this many bring nothing: a process rarely has so many partitions. */
const workersMax = 32

/**
 * What a record leaves behind is dead by the next cut: with the default of 16 MB the collector
 * comes many times between two, and copies what still waits.
 */
const maxYoungGenerationSizeMb = 64

/** What a worker is started with. */
export interface WorkerData {
  readonly config: ServiceConfig
  readonly bounds: OutputBounds
  /** Whether the models tell how they learn. Default: they do. */
  readonly isWatched?: boolean
}

export interface WorkerEnginesOptions extends WorkerData {
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: TaskLogger
  /** Threads at most. */
  readonly count: number
}

/** Threads for `workers.count`: one core is left to the main thread. */
export function workerCount(configured: number | 'auto'): number {
  if (configured !== 'auto') return configured
  return Math.max(1, Math.min(workersMax, availableParallelism() - 1))
}

/** Models in worker threads, each pinned to the one that held the fewest when it was opened. */
export class WorkerEngines implements Engines {
  readonly #options: WorkerEnginesOptions
  readonly #threads: Thread[] = []
  #tasks = 0

  /** Starts the first thread at once: it is up by the time that the group has met. */
  constructor(options: WorkerEnginesOptions) {
    this.#options = options
    this.#spawn()
  }

  open(partition: number, listener: EngineListener): EngineLink {
    const task = this.#tasks++
    const thread = this.#pick()
    thread.open(task, partition, listener)
    return {
      send: (request: BareRequest, transfer?: ArrayBuffer[]) =>
        thread.send({ ...request, task } as EngineRequest, transfer),
      close: () => thread.close(task),
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()))
  }

  /** A new thread while there are fewer than there may be, else the one with the fewest tasks. */
  #pick(): Thread {
    const idle = this.#threads.find((thread) => thread.tasks === 0)
    if (idle !== undefined) return idle
    if (this.#threads.length < this.#options.count) return this.#spawn()
    return this.#threads.reduce((a, b) => (b.tasks < a.tasks ? b : a))
  }

  #spawn(): Thread {
    const thread: Thread = new Thread(this.#options, () => {
      const index = this.#threads.indexOf(thread)
      if (index >= 0) this.#threads.splice(index, 1)
    })
    this.#threads.push(thread)
    return thread
  }
}

/** What a task's engine owes. */
interface Due {
  /** Records handed over, and of those taken in. */
  sent: number
  taken: number
  /** It waits for a cut, which is not its fault. */
  isFull: boolean
  /** Other requests not yet answered. */
  answers: number
}

const nothingDue: Due = { sent: 0, taken: 0, isFull: false, answers: 0 }

/**
 * One worker. It answers every request but `settle`, `watch` and `close`; while answers that a task
 * needs are due and none has come for `workers.stallMs`, it is taken for stuck and ended. Its tasks
 * are lost with it, and no others.
 */
class Thread {
  readonly #worker: Worker
  readonly #options: WorkerEnginesOptions
  readonly #onGone: () => void
  readonly #listeners = new Map<number, EngineListener>()
  /** By task. */
  readonly #due = new Map<number, Due>()
  #aliveMs: number
  #cancelWatch: () => void = () => {}
  #isGone = false

  constructor(options: WorkerEnginesOptions, onGone: () => void) {
    this.#options = options
    this.#onGone = onGone
    const { config, bounds, isWatched = true } = options
    const workerData: WorkerData = { config, bounds, isWatched }
    this.#worker = new Worker(workerFile(), {
      workerData,
      name: 'headrace-model',
      resourceLimits: { maxYoungGenerationSizeMb },
    })
    this.#aliveMs = options.clock.monotonicMs()
    this.#worker.on('message', (reply: EngineReply) => this.#receive(reply))
    this.#worker.on('error', (error) => this.#lose('crashed', error))
    this.#worker.on('exit', (code) => this.#lose(`ended with code ${code}`))
    this.#watch()
  }

  get tasks(): number {
    return this.#listeners.size
  }

  open(task: number, partition: number, listener: EngineListener): void {
    this.#listeners.set(task, listener)
    this.#due.set(task, { ...nothingDue })
    this.send({ type: 'open', task, partition })
  }

  send(request: EngineRequest, transfer: ArrayBuffer[] = []): void {
    if (this.#isGone) return
    const due = this.#due.get(request.task)
    if (due !== undefined) {
      // Before that nothing was asked for: the time of waiting begins now.
      if (!this.#isDue) this.#aliveMs = this.#options.clock.monotonicMs()
      if (request.type === 'records') due.sent = request.records.first + request.records.count
      if (request.type === 'load' || request.type === 'begin' || request.type === 'cut') {
        due.answers++
      }
    }
    this.#worker.postMessage(request, transfer)
  }

  close(task: number): void {
    if (!this.#listeners.delete(task)) return
    this.#due.delete(task)
    this.send({ type: 'close', task })
  }

  async end(): Promise<void> {
    this.#isGone = true
    this.#cancelWatch()
    await this.#worker.terminate()
  }

  #receive(reply: EngineReply): void {
    this.#aliveMs = this.#options.clock.monotonicMs()
    const due = this.#due.get(reply.task)
    if (due !== undefined) {
      if (reply.type === 'loaded' || reply.type === 'begun' || reply.type === 'cut') due.answers--
      if (reply.type === 'cut') due.isFull = false
      if (reply.type === 'failed') this.#due.set(reply.task, { ...nothingDue })
      if (reply.type === 'progress') {
        due.taken = reply.progress.handedOver
        due.isFull = reply.progress.isFull
      }
    }
    this.#listeners.get(reply.task)?.onReply(reply)
  }

  get #isDue(): boolean {
    const owes = ({ sent, taken, isFull, answers }: Due): boolean =>
      answers > 0 || (!isFull && taken < sent)
    return [...this.#due.values()].some(owes)
  }

  #watch(): void {
    const { scheduler, clock, config } = this.#options
    const { stallMs } = config.workers
    const everyMs = Math.max(20, stallMs / 8)
    const dueMs = clock.monotonicMs() + everyMs
    this.#cancelWatch = scheduler.after(everyMs, () => {
      const nowMs = clock.monotonicMs()
      // This thread stood still itself, as after SIGSTOP: answers may wait for their turn.
      if (nowMs - dueMs > everyMs) this.#aliveMs = Math.min(nowMs, this.#aliveMs + nowMs - dueMs)
      const silentMs = nowMs - this.#aliveMs
      if (this.#isDue && silentMs >= stallMs) {
        this.#lose(`has not answered for ${Math.round(silentMs)} ms`)
        void this.#worker.terminate()
      } else {
        this.#watch()
      }
    })
  }

  #lose(how: string, cause?: unknown): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#cancelWatch()
    this.#onGone()
    const reason = cause instanceof Error ? `: ${cause.message}` : ''
    const message = `A worker thread ${how}${reason}; its tasks are restored.`
    this.#options.logger.warn('worker.lost', { tasks: this.tasks }, message)
    const error = new HeadraceError('HEADRACE_TASK_WORKER_LOST', message, { cause })
    const listeners = [...this.#listeners.values()]
    this.#listeners.clear()
    for (const listener of listeners) listener.onLost(error)
  }
}

/** The worker beside this file: TypeScript in a checkout, JavaScript in the package. */
function workerFile(): string {
  const name = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
  return fileURLToPath(new URL(name, import.meta.url))
}
