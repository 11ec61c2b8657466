import { assert } from '../assert.ts'
import { type ErrorCode, HeadraceError } from '../errors.ts'
import { isDefect, isFinal, tell, toError } from './failure.ts'
import type { ServiceMetrics, TaskLogger } from './observe.ts'
import type { InputBatch, SourceListener } from './ports.ts'
import { backoffMs } from './scheduler.ts'
import type { TaskState } from './state.ts'
import { StreamTask } from './stream-task.ts'
import type { TaskContext } from './task-context.ts'

/** How often in a row a task is restored before it stays FAILED. */
const maxRestarts = 8
/** A task that has run for so long had come to its feet: what fails then is another matter. */
const steadyMs = 60_000
/** How often in a row a restart asks the group in vain: six minutes and more of an outage. */
const maxHeartbeats = 60

export interface TaskStatus {
  readonly partition: number
  readonly state: TaskState
  /** Records replayed of those to replay; null before that is known. */
  readonly progress: { readonly done: number; readonly total: number } | null
  /** Records fetched that wait for the model. */
  readonly queuedRecords: number
  /** Offsets between the position of the model and the end of the partition; NaN = not known. */
  readonly lagRecords: number
  readonly inDoubt: boolean
  readonly error: Error | null
}

export interface TaskManagerOptions {
  readonly logger: TaskLogger
  readonly metrics: ServiceMetrics
  /** The process ends as soon as one task has failed for good. */
  readonly failFast: boolean
  /** The process cannot go on. */
  onFatal(error: Error): void
}

/**
 * What a zombie may find although nothing is damaged: its successor has gone on meanwhile, and
 * slots, commit records and log starts with it. Found again after another fence it is true.
 */
const deceptive: ReadonlySet<string> = new Set<ErrorCode>([
  'HEADRACE_TASK_CHANGELOG_LOST',
  'HEADRACE_TASK_INPUT_EXPIRED',
  'HEADRACE_TASK_SNAPSHOT_INVALID',
  'HEADRACE_KAFKA_OUT_OF_RANGE',
])

/** A partition that we own: the task on it now, and how it fared. */
interface Slot {
  task: StreamTask
  /** Code with which the former incarnation ended that is to be confirmed; null for none. */
  suspicion: string | null
  /** Restarts since the last committed transaction, or since the task ran for a while. */
  restarts: number
  /** Monotonic; null while the task has not reached RUNNING. */
  runningSinceMs: number | null
  /** FAILED for good: no restart will come. */
  failure: Error | null
  cancelRestart: () => void
}

/** One task for each partition that the group has assigned to this process. */
export class TaskManager implements SourceListener {
  readonly #context: TaskContext
  readonly #options: TaskManagerOptions
  readonly #slots = new Map<number, Slot>()
  /** The end of the former incarnation of a partition: the next one must not begin before it. */
  readonly #endings = new Map<number, Promise<void>>()
  #joined = false
  /** Why the source is out of its group at this moment. */
  #interruption: Error | null = null
  /** When the group's coordinator last answered, monotonic; null where it never tells. */
  #heartbeatMs: number | null = null
  #stopping = false

  constructor(context: TaskContext, options: TaskManagerOptions) {
    this.#context = context
    this.#options = options
  }

  onAssigned(partitions: readonly number[]): void {
    this.#joined = true
    this.#interruption = null
    const owned = new Set(partitions)
    for (const [partition, slot] of this.#slots) {
      if (!owned.has(partition)) this.#drop(partition, slot)
    }
    for (const partition of partitions) {
      const slot = this.#slots.get(partition)
      if (slot !== undefined) slot.task.keep()
      else if (this.#stopping) this.#context.ports.source.pause(partition)
      else this.#add(partition, 0, null)
    }
    this.#options.metrics.rebalanced()
    if (this.#heartbeatMs !== null) this.onHeartbeat()
    this.#options.logger.info('group.assigned', { partitions: [...partitions] })
    // The ones that ran may just have gone to another process.
    this.#endWithoutHope()
  }

  onInterrupted(error: Error): void {
    this.#interruption = error
    this.#options.metrics.interrupted()
  }

  onHeartbeat(): void {
    this.#heartbeatMs = this.#context.clock.monotonicMs()
    this.#options.metrics.heartbeat()
  }

  onBatch(batch: InputBatch): void {
    this.#slots.get(batch.partition)?.task.offer(batch)
  }

  onFailed(error: Error, partition?: number): void {
    if (partition === undefined) this.#options.onFatal(error)
    else this.#slots.get(partition)?.task.fail(error)
  }

  /** Why the process is not ready; empty when all its tasks run. */
  reasons(): string[] {
    if (!this.#joined) return ['not yet a member of the consumer group']
    const tasks = this.status().flatMap((task) => {
      const reason = reasonOf(task)
      return reason === null ? [] : [`partition ${task.partition}: ${reason}`]
    })
    const group = this.#groupReason()
    return group === null ? tasks : [group, ...tasks]
  }

  #groupReason(): string | null {
    if (this.#interruption !== null) return `out of the group: ${this.#interruption.message}`
    const { clock, config } = this.#context
    const silentMs = this.#heartbeatMs === null ? 0 : clock.monotonicMs() - this.#heartbeatMs
    if (silentMs <= config.kafka.sessionTimeoutMs) return null
    return `the group's coordinator has not answered for ${Math.round(silentMs / 1_000)} s`
  }

  status(): TaskStatus[] {
    return [...this.#slots.values()]
      .map(({ task }) => ({
        partition: task.partition,
        state: task.state,
        progress: task.progress,
        queuedRecords: task.queuedRecords,
        lagRecords: task.lagRecords,
        inDoubt: task.inDoubt,
        error: task.error,
      }))
      .sort((a, b) => a.partition - b.partition)
  }

  /** Closes all tasks after their last commit. */
  async closeClean(): Promise<void> {
    this.#stopping = true
    for (const slot of this.#slots.values()) slot.cancelRestart()
    await Promise.all([...this.#slots.values()].map(({ task }) => task.closeClean()))
    await Promise.all(this.#endings.values())
  }

  /** Closes all tasks without a commit. */
  async closeDirty(): Promise<void> {
    this.#stopping = true
    for (const [partition, slot] of this.#slots) this.#drop(partition, slot)
    await Promise.all(this.#endings.values())
  }

  #add(partition: number, restarts: number, suspicion: string | null): void {
    const { ports } = this.#context
    const logger = this.#options.logger.child({ partition })
    ports.source.pause(partition)
    const task = new StreamTask(this.#context, {
      partition,
      logger,
      metrics: this.#options.metrics.task(partition),
      onRunning: () => {
        const slot = this.#slots.get(partition)
        if (slot?.task !== task) return
        slot.runningSinceMs = this.#context.clock.monotonicMs()
        slot.suspicion = null
      },
      onCommitted: () => {
        const slot = this.#slots.get(partition)
        if (slot?.task === task) slot.restarts = 0
      },
      onFailed: (error) => this.#taskFailed(task, error),
    })
    this.#slots.set(partition, {
      task,
      suspicion,
      restarts,
      runningSinceMs: null,
      failure: null,
      cancelRestart: () => {},
    })
    const before = this.#endings.get(partition) ?? Promise.resolve()
    void before.then(() => {
      if (this.#slots.get(partition)?.task === task && !this.#stopping) task.start()
    })
  }

  #drop(partition: number, slot: Slot): void {
    slot.cancelRestart()
    this.#slots.delete(partition)
    this.#end(partition, slot.task)
  }

  #end(partition: number, task: StreamTask): void {
    const before = this.#endings.get(partition)
    const ending = Promise.all([before, task.closeDirty()]).then(() => {
      if (this.#endings.get(partition) === ending) this.#endings.delete(partition)
    })
    this.#endings.set(partition, ending)
  }

  #taskFailed(task: StreamTask, error: Error): void {
    const { partition } = task
    const slot = this.#slots.get(partition)
    if (isDefect(error)) {
      this.#options.onFatal(error)
      return
    }
    if (slot?.task !== task || this.#stopping) return
    const { code } = error as Partial<HeadraceError>
    const isConfirmed = code === undefined || !deceptive.has(code) || slot.suspicion === code
    if (isFinal(error) && isConfirmed) {
      this.#settle(partition, slot, error)
      return
    }
    slot.suspicion = code ?? null
    this.#planRestart(partition, slot, error)
  }

  /**
   * The task stays FAILED; the process ends when no other is left, or at once where it is told to.
   */
  #settle(partition: number, slot: Slot, failure: Error): void {
    slot.failure = failure
    const code = (failure as Partial<HeadraceError>).code
    this.#options.logger.error('task.failed', { partition, code, error: failure }, failure.message)
    if (this.#options.failFast) this.#options.onFatal(worstOf(this.#failures()))
    else this.#endWithoutHope()
  }

  #endWithoutHope(): void {
    const failures = this.#failures()
    if (failures.length === 0 || failures.length < this.#slots.size || this.#stopping) return
    this.#options.onFatal(worstOf(failures))
  }

  #failures(): Error[] {
    return [...this.#slots.values()].flatMap(({ failure }) => failure ?? [])
  }

  #planRestart(partition: number, slot: Slot, error: Error): void {
    const { clock, random } = this.#context
    const { runningSinceMs } = slot
    if (runningSinceMs !== null && clock.monotonicMs() - runningSinceMs >= steadyMs) {
      slot.restarts = 0
    }
    if (slot.restarts === maxRestarts) {
      this.#settle(partition, slot, gaveUp(`It was restored ${maxRestarts} times in a row`, error))
      return
    }
    const waitMs = Math.round(backoffMs(slot.restarts, 200, 10_000, random))
    slot.restarts++
    const told = { partition, restarts: slot.restarts, waitMs, error }
    this.#options.logger.warn('task.restarting', told, error.message)
    this.#restartIn(partition, slot, waitMs, 0)
  }

  #restartIn(partition: number, slot: Slot, waitMs: number, attempt: number): void {
    const { scheduler } = this.#context
    slot.cancelRestart = scheduler.after(waitMs, () => void this.#restart(partition, slot, attempt))
  }

  /** `attempt`: how often the group has been asked in vain, which is no restore. */
  async #restart(partition: number, slot: Slot, attempt: number): Promise<void> {
    const isGone = (): boolean => this.#slots.get(partition) !== slot || this.#stopping
    try {
      // Ownership first: a zombie must not fence the owner.
      await this.#context.ports.source.heartbeat()
    } catch (thrown) {
      if (!isGone()) this.#waitForGroup(partition, slot, attempt + 1, toError(thrown))
      return
    }
    if (isGone()) return
    this.#end(partition, slot.task)
    this.#add(partition, slot.restarts, slot.suspicion)
  }

  #waitForGroup(partition: number, slot: Slot, attempt: number, error: Error): void {
    const { random } = this.#context
    if (isFinal(error)) {
      this.#settle(partition, slot, error)
    } else if (attempt === maxHeartbeats) {
      this.#settle(partition, slot, gaveUp(`The group was asked ${attempt} times in vain`, error))
    } else {
      const waitMs = Math.round(backoffMs(attempt, 200, 10_000, random))
      this.#options.logger.warn('task.restart-waits', {
        partition,
        attempt,
        waitMs,
        ...tell(error),
      })
      this.#restartIn(partition, slot, waitMs, attempt)
    }
  }
}

function gaveUp(what: string, cause: Error): HeadraceError {
  return new HeadraceError('HEADRACE_TASK_GAVE_UP', `${what}; last: ${cause.message}`, { cause })
}

function reasonOf(task: TaskStatus): string | null {
  if (task.error !== null) return `${task.state}: ${task.error.message}`
  if (task.state !== 'RUNNING') {
    const { progress } = task
    return progress === null ? task.state : `${task.state} ${progress.done} of ${progress.total}`
  }
  return task.inDoubt ? 'the outcome of a transaction is unknown' : null
}

/** The failure that decides the exit code: 78 only where each one is of that kind. */
function worstOf(failures: readonly Error[]): Error {
  const other = failures.find((error) => (error as Partial<HeadraceError>).exitCode !== 78)
  const worst = other ?? failures[0]
  assert(worst !== undefined, 'a process ends for a failure')
  return worst
}
