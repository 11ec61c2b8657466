import { assert } from '../assert.ts'
import type { Clock } from '../clock.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { HeadraceError } from '../errors.ts'
import type { Random } from '../random.ts'
import { readTail } from './changelog-tail.ts'
import type { CommitRecord } from './commit-record.ts'
import { Committer } from './committer.ts'
import {
  type Cut,
  Engine,
  type OutputBounds,
  type OutputEncoder,
  type StreamOutcome,
  type StreamProcessor,
} from './engine.ts'
import { toError } from './failure.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { TaskLogger, TaskMetrics } from './observe.ts'
import type { Changelog, InputBatch, InputRecord, Positions, Sink, Source } from './ports.ts'
import { type QueueBounds, RecordQueue } from './record-queue.ts'
import { ReplayGoal } from './replay-goal.ts'
import { placeOf, planRestore, type RestorePlan } from './restore.ts'
import type { Scheduler } from './scheduler.ts'
import { assertTransition, type TaskState } from './state.ts'
import { TaskReport } from './task-report.ts'
import type { Sliced, Turns } from './turns.ts'

/** All that is outside a process. */
export interface ServicePorts {
  readonly source: Source
  readonly sink: Sink
  readonly changelog: Changelog
  readonly positions: Positions
}

/** What all tasks of a process share. */
export interface TaskContext {
  readonly config: ServiceConfig
  readonly ports: ServicePorts
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  readonly turns: Turns
  readonly fingerprint: Fingerprint
  readonly numerics: number
  readonly queueBounds: QueueBounds
  readonly outputBounds: OutputBounds
  /** Makes the model of one partition, at record 0. */
  createProcessor(): StreamProcessor
  createEncoder(partition: number): OutputEncoder
  /** A random name for one incarnation of a task. */
  createId(): string
  /** Sees each record that is published, before its outputs are. */
  onOutcome?(partition: number, record: InputRecord, outcome: StreamOutcome): void
}

export interface TaskOptions {
  readonly partition: number
  readonly logger: TaskLogger
  readonly metrics: TaskMetrics
  onRunning(): void
  /** A transaction is known to be committed. */
  onCommitted(commit: CommitRecord): void
  /** The task is FAILED. */
  onFailed(error: Error): void
}

/**
 * One incarnation of the work on one input partition: its model, its queue, its producer, its state
 * machine (see state.ts). It ends by `closeClean` or `closeDirty`; after a failure that is not
 * bound to data the manager puts another incarnation in its place.
 */
export class StreamTask implements Sliced {
  readonly partition: number
  readonly #context: TaskContext
  readonly #options: TaskOptions
  readonly #committer: Committer
  readonly #bootId: string
  #state: TaskState = 'CREATED'
  #error: Error | null = null
  #started: Promise<void> = Promise.resolve()
  #queue: RecordQueue | null = null
  #engine: Engine | null = null
  #report: TaskReport | null = null
  #goal: ReplayGoal | null = null
  #startOffset = 0n
  #paused = false
  #stopped = false
  #restoreBeganMs = 0

  constructor(context: TaskContext, options: TaskOptions) {
    this.partition = options.partition
    this.#context = context
    this.#options = options
    this.#bootId = context.createId()
    const { config, ports, clock, scheduler, random } = context
    const { partition, logger, metrics } = options
    this.#committer = new Committer({
      partition,
      bootId: this.#bootId,
      intervalMs: config.commit.intervalMs,
      sink: ports.sink,
      changelog: ports.changelog,
      source: ports.source,
      clock,
      scheduler,
      random,
      logger,
      metrics,
      cut: (force) => this.#cut(force),
      onCommitted: (commit) => this.#committed(commit),
      onFailed: (error) => this.fail(error),
    })
    metrics.state('CREATED')
  }

  get state(): TaskState {
    return this.#state
  }

  /** Why the task is FAILED; null while it is not. */
  get error(): Error | null {
    return this.#error
  }

  /** Records replayed of those to replay, null before that is known. */
  get progress(): { readonly done: number; readonly total: number } | null {
    if (this.#engine === null) return null
    const done = this.#engine.model.records
    const total = this.#goal?.records ?? 0
    return { done: Math.min(done, total), total }
  }

  /** Whether the outcome of a transaction is unknown at this moment. */
  get inDoubt(): boolean {
    return this.#committer.inDoubt
  }

  /** Records that wait in the queue. */
  get queuedRecords(): number {
    return this.#queue?.records ?? 0
  }

  /** Fences, reads the changelog, checks, and begins to replay. Failures go to `onFailed`. */
  start(): void {
    this.#started = this.#start().catch((error) => this.fail(toError(error)))
  }

  /** The group has met and left the partition with us: fetching goes on where we stand. */
  keep(): void {
    const { source } = this.#context.ports
    if (this.#queue === null || !this.#isAccepting) {
      source.pause(this.partition)
      return
    }
    source.seek(this.partition, this.#queue.fetchPosition)
    if (this.#paused) source.pause(this.partition)
    else source.resume(this.partition)
    this.#committer.requireProof()
  }

  /** Takes a batch over; what a task cannot use any more is dropped. */
  offer(batch: InputBatch): void {
    if (this.#queue === null || !this.#isAccepting) return
    this.#queue.push(batch)
    if (this.#queue.isHigh && !this.#paused) {
      this.#paused = true
      this.#context.ports.source.pause(this.partition)
    }
    this.#context.turns.request(this)
  }

  /** Something without which the task cannot go on has failed: FAILED, partition paused. */
  fail(error: Error): void {
    if (this.#state === 'CLOSED' || this.#state === 'FAILED') return
    this.#error = error
    this.#stopped = true
    this.#context.ports.source.pause(this.partition)
    this.#transition('FAILED')
    void this.#committer.abandon()
    this.#options.onFailed(error)
  }

  runSlice(deadlineMs: number): boolean {
    const queue = this.#queue
    const engine = this.#engine
    if (queue === null || engine === null || !this.#isAccepting) return false
    const { metrics } = this.#options
    const beganMs = this.#context.clock.monotonicMs()
    try {
      this.#work(queue, engine, deadlineMs)
    } catch (error) {
      this.fail(toError(error))
      return false
    }
    this.#report?.slice(beganMs, queue)
    if (this.progress !== null) metrics.restore(this.progress.done, this.progress.total)
    if (this.#paused && queue.isLow) {
      this.#paused = false
      this.#context.ports.source.resume(this.partition)
    }
    if (engine.isFull) this.#committer.request()
    return queue.records > 0 && !engine.isFull
  }

  /**
   * Ends after the slice in hand: commits what came out and closes the producer. A task that is not
   * RUNNING has nothing to commit and closes dirty.
   */
  async closeClean(): Promise<void> {
    if (this.#state !== 'RUNNING') return this.closeDirty()
    this.#stopped = true
    await this.#committer.finish()
    await this.closeDirty()
  }

  /** Ends without a commit. Resolves when none of its calls is under way any more. */
  async closeDirty(): Promise<void> {
    this.#stopped = true
    if (this.#state !== 'CLOSED') {
      this.#transition('CLOSED')
      this.#report?.close()
      this.#options.metrics.close()
    }
    await this.#committer.abandon()
    await this.#started
    // A producer that came into being while it was being closed.
    await this.#committer.abandon()
  }

  get #isAccepting(): boolean {
    return !this.#stopped && (this.#state === 'RESTORING' || this.#state === 'RUNNING')
  }

  async #start(): Promise<void> {
    const { ports, config, fingerprint, numerics } = this.#context
    const { partition } = this
    const { topic, from } = config.input
    this.#transition('FENCING')
    const markerOffset = await this.#committer.fence()
    if (this.#stopped) return
    this.#transition('RESTORING')
    this.#restoreBeganMs = this.#context.clock.monotonicMs()
    const query = { partition, bootId: this.#bootId, markerOffset, sinceOffset: markerOffset }
    const tail = await readTail(ports.changelog, query)
    if (tail.fenced) {
      const message = `${placeOf({ topic, partition })} was taken over while it was restored.`
      throw new HeadraceError('HEADRACE_TASK_FENCED', message)
    }
    const restore = { partition, topic, from, fingerprint, numerics }
    const plan = await planRestore(restore, tail, ports.positions)
    if (this.#stopped) return
    if (plan.disagreeingGroupOffset !== null) {
      const offsets = { groupOffset: plan.disagreeingGroupOffset, ours: plan.commit?.nextOffset }
      this.#options.logger.warn('task.group-offset-ignored', offsets)
    }
    this.#begin(plan)
  }

  /** The model at record 0, and the first fetch. */
  #begin({ startOffset, endOffset, commit }: RestorePlan): void {
    const { config, clock, scheduler, ports, queueBounds, outputBounds } = this.#context
    const { partition } = this
    const { metrics } = this.#options
    const processor = this.#context.createProcessor()
    const encoder = this.#context.createEncoder(partition)
    this.#startOffset = startOffset
    this.#goal = new ReplayGoal(commit, placeOf({ topic: config.input.topic, partition }))
    this.#queue = new RecordQueue(startOffset, queueBounds, endOffset)
    this.#engine = new Engine(processor, encoder, startOffset, outputBounds)
    this.#report = new TaskReport(processor.model, { metrics, clock, scheduler })
    this.#report.position(this.#queue)
    metrics.restore(0, this.#goal.records)
    this.#arrive()
    ports.source.seek(partition, startOffset)
    ports.source.resume(partition)
  }

  /** RESTORING → RUNNING, where the replay has reached its goal. */
  #arrive(): void {
    const { clock, fingerprint, numerics } = this.#context
    if (this.#state !== 'RESTORING' || this.#goal === null) return
    assert(this.#engine !== null && this.#queue !== null, 'a task with a goal has a model')
    const { model } = this.#engine
    if (!this.#goal.isReached(model, this.#queue.position)) return
    this.#report?.replayed()
    this.#transition('RUNNING')
    const restoreMs = Math.round(clock.monotonicMs() - this.#restoreBeganMs)
    this.#options.logger.info('task.running', {
      records: model.records,
      position: this.#queue.position,
      chainHash: model.chainHash(),
      restoreMs,
      bootId: this.#bootId,
    })
    this.#committer.begin(this.#goal.commit, {
      startOffset: this.#startOffset,
      fingerprint: fingerprint.hash,
      canonical: fingerprint.canonical,
      numerics,
      bootId: this.#bootId,
    })
    this.#options.onRunning()
  }

  #work(queue: RecordQueue, engine: Engine, deadlineMs: number): void {
    const { clock } = this.#context
    while (!engine.isFull && !this.#stopped) {
      const record = queue.shift()
      if (record === null) break
      const isReplay = this.#state === 'RESTORING'
      const outcome = isReplay ? engine.replay(record) : engine.apply(record)
      if (isReplay) {
        this.#report?.replay(record)
        this.#arrive()
      } else {
        this.#report?.add(record, outcome)
        this.#context.onOutcome?.(this.partition, record, outcome)
      }
      if (clock.monotonicMs() >= deadlineMs) break
    }
    // Also where nothing but markers came.
    this.#arrive()
  }

  #cut(force: boolean): Cut | null {
    if (this.#engine === null || this.#queue === null) return null
    if (this.#engine.pending === 0 && !force) return null
    return this.#engine.cut(this.#queue.position)
  }

  #committed(commit: CommitRecord): void {
    this.#report?.committed()
    this.#options.onCommitted(commit)
    if (this.queuedRecords > 0 && this.#isAccepting) this.#context.turns.request(this)
  }

  #transition(to: TaskState): void {
    assertTransition(this.#state, to)
    this.#options.logger.debug('task.state', { from: this.#state, to })
    this.#state = to
    this.#options.metrics.state(to)
  }
}
