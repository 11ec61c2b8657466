import { assert } from '../assert.ts'
import { HeadraceError } from '../errors.ts'
import { readTail } from './changelog-tail.ts'
import type { CommitRecord } from './commit-record.ts'
import { Committer } from './committer.ts'
import type { Cut, Progress } from './engine/messages.ts'
import { EngineSession } from './engine-session.ts'
import { toError } from './failure.ts'
import { HandOver } from './hand-over.ts'
import { tellLearning } from './learning-events.ts'
import type { InputBatch } from './ports.ts'
import { RecordQueue } from './record-queue.ts'
import { placeOf, planRestore, type RestorePlan } from './restore.ts'
import { RestoreReport } from './restore-report.ts'
import { RetentionWatch } from './retention-watch.ts'
import { loadSnapshot } from './snapshot-load.ts'
import type { Manifest } from './snapshot-log.ts'
import { Snapshotter } from './snapshotter.ts'
import { assertTransition, type TaskState } from './state.ts'
import type { TaskContext, TaskOptions } from './task-context.ts'
import { lagOf, TaskReport } from './task-report.ts'
import { tellPlan } from './tell-plan.ts'
import type { Origin } from './transaction.ts'

/**
 * One incarnation of the work on one input partition: its queue, its producer, its engine with the
 * model, its state machine (see state.ts). It ends by `closeClean` or `closeDirty`; after a failure
 * that is not bound to data the manager puts another incarnation in its place.
 */
export class StreamTask {
  readonly partition: number
  readonly #context: TaskContext
  readonly #options: TaskOptions
  readonly #committer: Committer
  readonly #bootId: string
  readonly #report: TaskReport
  #state: TaskState = 'CREATED'
  #error: Error | null = null
  #started: Promise<void> = Promise.resolve()
  #session: EngineSession | null = null
  #queue: RecordQueue | null = null
  #handOver: HandOver | null = null
  #snapshotter: Snapshotter | null = null
  #plan: RestorePlan | null = null
  #origin: Origin | null = null
  /** Records that the model has taken in. */
  #records = 0
  /** Outputs that wait for a cut. */
  #outputs = 0
  #isFull = false
  #paused = false
  #stopped = false
  #restore: RestoreReport | null = null
  #watch: RetentionWatch | null = null

  constructor(context: TaskContext, options: TaskOptions) {
    this.partition = options.partition
    this.#context = context
    this.#options = options
    this.#bootId = context.createId()
    this.#report = new TaskReport(options.metrics)
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
      wantsCut: () => this.#outputs > 0 || (this.#snapshotter?.wantsCut ?? false),
      cut: () => this.#cut(),
      onCommitted: (commit) => this.#committed(commit),
      onDoubt: () => this.#snapshotter?.doubted(),
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
    if (this.#plan === null) return null
    const from = this.#plan.manifest?.records ?? 0
    const total = (this.#plan.commit?.records ?? 0) - from
    return { done: Math.max(0, Math.min(this.#records - from, total)), total }
  }

  /** Whether the outcome of a transaction is unknown at this moment. */
  get inDoubt(): boolean {
    return this.#committer.inDoubt
  }

  /** Records that wait for the model. */
  get queuedRecords(): number {
    return (this.#queue?.records ?? 0) + (this.#handOver?.ahead ?? 0)
  }

  /** Offsets between the position of the model and the end of the partition; NaN before a plan. */
  get lagRecords(): number {
    return this.#queue === null ? Number.NaN : lagOf(this.#queue, this.queuedRecords)
  }

  /** Fences, reads the changelog, checks, and begins to replay. Failures go to `onFailed`. */
  start(): void {
    this.#started = this.#start().catch((error) => this.fail(toError(error)))
  }

  /** The group has met and left the partition with us: fetching goes on where we stand. */
  keep(): void {
    if (this.#queue === null || !this.#isAccepting) {
      this.#context.ports.source.pause(this.partition)
      return
    }
    this.#fetchOn(this.#queue)
    this.#committer.requireProof()
  }

  /** Takes a batch over; what a task cannot use any more is dropped. */
  offer(batch: InputBatch): void {
    if (this.#queue === null || !this.#isAccepting) return
    this.#queue.push(batch)
    this.#pump()
    const isHigh = this.queuedRecords >= this.#queue.bounds.highRecords
    if ((isHigh || this.#queue.isHigh) && !this.#paused) {
      this.#paused = true
      this.#context.ports.source.pause(this.partition)
    }
    this.#report.position(this.#queue, this.queuedRecords)
  }

  /** Something without which the task cannot go on has failed: FAILED, partition paused. */
  fail(error: Error): void {
    if (this.#state === 'CLOSED' || this.#state === 'FAILED') return
    this.#error = error
    this.#restore?.ended('failed')
    this.#stop()
    this.#context.ports.source.pause(this.partition)
    this.#transition('FAILED')
    void this.#committer.abandon()
    this.#options.onFailed(error)
  }

  /**
   * Ends after the records in hand: commits what came out, seals a last snapshot if that fits into
   * the time, and closes the producer. A task that is not RUNNING has nothing to commit and closes
   * dirty.
   */
  async closeClean(): Promise<void> {
    if (this.#state === 'RUNNING') {
      this.#stopped = true
      if (await this.#committer.flush()) await this.#sealLast()
    }
    await this.closeDirty()
  }

  /** Ends without a commit. Resolves when none of its calls is under way any more. */
  async closeDirty(): Promise<void> {
    this.#stop()
    if (this.#state !== 'CLOSED') {
      this.#transition('CLOSED')
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

  #stop(): void {
    this.#stopped = true
    this.#watch?.close()
    this.#session?.close()
  }

  async #start(): Promise<void> {
    const { ports, config, fingerprint, numerics } = this.#context
    const { acceptGap, allowDifferentDevice } = this.#context
    const { partition } = this
    const { topic, from } = config.input
    const { logger, metrics } = this.#options
    this.#restore = new RestoreReport(this.#context.clock, logger, metrics)
    this.#transition('FENCING')
    const markerOffset = await this.#committer.fence()
    if (this.#stopped) return
    this.#transition('RESTORING')
    const query = { partition, bootId: this.#bootId, markerOffset, sinceOffset: markerOffset }
    const isStopped = () => this.#stopped
    const tail = await readTail(ports.changelog, { ...query, isStopped })
    if (tail.fenced) {
      const message = `${placeOf({ topic, partition })} was taken over while it was restored.`
      throw new HeadraceError('HEADRACE_TASK_FENCED', message)
    }
    const asked = { partition, topic, from, fingerprint, numerics }
    const restore = { ...asked, acceptGap, allowDifferentDevice }
    const plan = await planRestore(restore, tail, ports.positions)
    if (this.#stopped) return
    tellPlan(plan, fingerprint.device, logger)
    const session = this.#open()
    const { manifest, commit, position, hasNewGap, isOtherDevice } = plan
    if (manifest !== null) {
      await loadSnapshot(ports.changelog, { partition, until: markerOffset, manifest }, session)
    }
    const other = manifest === null ? null : tail.slots[manifest.slot === 0 ? 1 : 0]
    const slotNames = tail.slots.map(({ names }) => [...names]) as [string[], string[]]
    const snapshot = manifest && { manifest, otherCut: other?.manifest?.records ?? null }
    const place = placeOf({ topic, partition })
    const queue = this.#begin(plan, session)
    const goal = { commit, hasGap: hasNewGap, isOtherDevice, place }
    const start = { position, snapshot, slotNames, ...goal }
    this.#records = await session.begin(start)
    // After a rebalance meanwhile some of it may be here, as much as there is room for.
    if (!this.#stopped) this.#fetchOn(queue)
  }

  #fetchOn(queue: RecordQueue): void {
    const { source } = this.#context.ports
    source.seek(this.partition, queue.fetchPosition)
    if (this.#paused) source.pause(this.partition)
    else source.resume(this.partition)
  }

  #open(): EngineSession {
    this.#session = new EngineSession(this.#context.engines, this.partition, {
      onArrived: (records, chainHash) => this.#arrived(records, chainHash),
      onProgress: (progress) => this.#progressed(progress),
      onLearning: (report) => tellLearning(this.#options, report),
      onFailed: (error) => this.fail(error),
    })
    return this.#session
  }

  /** Everything that stands before the first fetch; the queue that it goes to. */
  #begin(plan: RestorePlan, session: EngineSession): RecordQueue {
    const { config, clock, queueBounds, fingerprint, numerics } = this.#context
    const { logger, metrics } = this.#options
    this.#plan = plan
    const queue = new RecordQueue(plan.position, queueBounds, plan.endOffset)
    this.#queue = queue
    this.#handOver = new HandOver(queue, session.link)
    this.#snapshotter = new Snapshotter(
      {
        maxReplayMs: config.snapshot.maxReplayMs,
        intervalMs: config.commit.intervalMs,
        clock,
        logger,
        metrics,
        settle: (outcome) => session.settle(outcome),
      },
      plan.manifest,
    )
    this.#origin = {
      startOffset: plan.startOffset,
      fingerprint: fingerprint.hash,
      canonical: fingerprint.canonical,
      numerics,
      bootId: this.#bootId,
      gaps: plan.gaps,
    }
    this.#report.position(queue, 0)
    metrics.restore(0, (plan.commit?.records ?? 0) - (plan.manifest?.records ?? 0))
    return queue
  }

  /** RESTORING → RUNNING: the replay has reached its goal. */
  #arrived(records: number, chainHash: string): void {
    if (this.#stopped || this.#state !== 'RESTORING') return
    assert(this.#plan !== null && this.#origin !== null, 'a task that arrives has a plan')
    this.#records = records
    const restoreMs = Math.round(this.#restore?.ended('done') ?? 0)
    this.#transition('RUNNING')
    const { total } = this.progress ?? { total: 0 }
    this.#options.metrics.restore(total, total)
    this.#options.logger.info('task.running', {
      records,
      position: this.#plan.commit?.nextOffset ?? this.#plan.position,
      snapshot: this.#plan.manifest?.records ?? null,
      chainHash,
      restoreMs,
      bootId: this.#bootId,
    })
    this.#committer.begin(this.#plan.commit, this.#origin)
    this.#watch = this.#watchRetention(this.#plan)
    this.#options.onRunning()
  }

  #progressed(progress: Progress): void {
    const queue = this.#queue
    if (queue === null || this.#state === 'CLOSED' || this.#state === 'FAILED') return
    this.#records = progress.records
    this.#outputs += outputsOf(progress)
    this.#isFull = progress.isFull
    this.#handOver?.taken(progress.handedOver)
    this.#snapshotter?.worked(progress.workMs)
    this.#report.progress(progress, queue, this.queuedRecords)
    if (this.#state === 'RESTORING' && this.progress !== null)
      this.#restore?.progress(this.progress)
    if (this.#isFull) this.#committer.request()
    else this.#committer.nudge()
    this.#pump()
  }

  #pump(): void {
    if (this.#queue === null || !this.#isAccepting) return
    this.#handOver?.pump()
    const isLow = 4 * this.queuedRecords <= this.#queue.bounds.highRecords
    if (this.#paused && isLow && this.#queue.isLow) {
      this.#paused = false
      this.#context.ports.source.resume(this.partition)
    }
  }

  async #cut(): Promise<{ cut: Cut; manifest: Manifest | null }> {
    const session = this.#session
    const snapshotter = this.#snapshotter
    const origin = this.#origin
    assert(session !== null && snapshotter !== null && origin !== null, 'a running task is cut')
    const request = snapshotter.request()
    const cut = await session.cut(request)
    // The engine has told of all that it did before its answer.
    this.#isFull = false
    this.#outputs = 0
    return { cut, manifest: snapshotter.answered(request, cut, origin) }
  }

  #committed(commit: CommitRecord): void {
    this.#snapshotter?.committed()
    this.#options.metrics.replay(this.#snapshotter?.replayMs ?? Number.NaN)
    this.#options.onCommitted(commit)
    if (this.#isFull) this.#context.scheduler.immediate(() => this.#committer.request())
  }

  /** A last snapshot makes the next start quick; half of the time for the shutdown is its own. */
  async #sealLast(): Promise<void> {
    const { clock, config } = this.#context
    const snapshotter = this.#snapshotter
    if (snapshotter === null) return
    const deadlineMs = clock.monotonicMs() + config.shutdown.timeoutMs / 2
    snapshotter.finish(deadlineMs)
    while (snapshotter.wantsCut) {
      if (!(await this.#committer.flush())) return
    }
  }

  #watchRetention({ startOffset }: RestorePlan): RetentionWatch {
    const { scheduler, ports } = this.#context
    return new RetentionWatch({
      partition: this.partition,
      positions: ports.positions,
      scheduler,
      offsets: () => {
        const cut = this.#snapshotter?.sealed?.nextOffset ?? startOffset
        return { cut, position: this.#queue?.position ?? cut, start: startOffset }
      },
      onNear: () => {
        this.#snapshotter?.nearStart()
        this.#committer.nudge()
      },
      onUnknown: (error) => this.#options.logger.debug('task.log-start-unknown', { error }),
    })
  }

  #transition(to: TaskState): void {
    assertTransition(this.#state, to)
    this.#options.logger.debug('task.state', { from: this.#state, to })
    this.#state = to
    this.#options.metrics.state(to)
  }
}

function outputsOf({ published }: Progress): number {
  if (published === null) return 0
  return published.failures.reduce((sum, [, count]) => sum + count, published.predictions)
}
