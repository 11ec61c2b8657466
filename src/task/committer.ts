import { assert } from '../assert.ts'
import type { Clock } from '../clock.ts'
import { HeadraceError } from '../errors.ts'
import type { Random } from '../random.ts'
import { readTail } from './changelog-tail.ts'
import type { CommitRecord } from './commit-record.ts'
import type { Cut } from './engine/messages.ts'
import { isFenced, isFinal, tell } from './failure.ts'
import type { TaskLogger, TaskMetrics } from './observe.ts'
import type {
  Changelog,
  OutputRecord,
  OutputTransaction,
  PartitionWriter,
  Sink,
  Source,
} from './ports.ts'
import { bytesOf } from './record-bytes.ts'
import { backoffMs, type Scheduler } from './scheduler.ts'
import type { Manifest } from './snapshot-log.ts'
import { cutTransaction, fenceTransaction, nextCommit, type Origin } from './transaction.ts'

/** How often one transaction is sent again. */
const maxSends = 6
/** How often its outcome is asked for in a row: six minutes and more, for brokers to come back. */
const maxInquiries = 100

export interface CommitterOptions {
  readonly partition: number
  readonly bootId: string
  readonly intervalMs: number
  readonly sink: Sink
  readonly changelog: Changelog
  readonly source: Pick<Source, 'heartbeat'>
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  readonly logger: TaskLogger
  readonly metrics: TaskMetrics
  /** Whether something is there to be committed: outputs, or rows of a snapshot. */
  wantsCut(): boolean
  /** Cuts the stream where the engine stands. */
  cut(): Promise<{ readonly cut: Cut; readonly manifest: Manifest | null }>
  /** A transaction is known to be committed. */
  onCommitted(commit: CommitRecord): void
  /** The outcome of a transaction is unknown at this moment. */
  onDoubt(): void
  /** It cannot go on: the incarnation is over. Never called after `abandon`. */
  onFailed(error: Error): void
}

/**
 * The one writer of a partition's outputs: fences its predecessors, then runs one transaction each
 * interval, one at a time. Any error makes the outcome unknown: it then proves ownership by a
 * heartbeat, fences again with a new producer, and looks in the changelog whether the transaction
 * is there (kafka.md §3 steps 6 to 8). Outputs are kept until that is known.
 */
export class Committer {
  readonly #options: CommitterOptions
  #writer: PartitionWriter | null = null
  #fences = 0
  /** Offset of our first marker: whoever writes behind it under another boot id has taken over. */
  #sinceOffset: bigint | null = null
  #origin: Origin | null = null
  #last: CommitRecord | null = null
  #proofRequired = false
  #flight: Promise<void> | null = null
  #inDoubt = false
  #abandoned = false
  #lastBeganMs = 0
  #isArmed = false
  #cancelTimer: () => void = () => {}
  #wake: () => void = () => {}

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** Whether the outcome of a transaction is unknown at this moment. */
  get inDoubt(): boolean {
    return this.#inDoubt
  }

  /**
   * A new producer and its first marker: from here on no predecessor can write. Resolves with its
   * offset.
   */
  async fence(): Promise<bigint> {
    const { partition, bootId, sink } = this.#options
    assert(this.#writer === null, 'a writer is spent before the next one is opened')
    const writer = await sink.open(partition)
    this.#writer = writer
    // A replaced incarnation must not end its successor's transactions.
    if (this.#abandoned) throw abandonedError()
    const marker = fenceTransaction({ bootId, fence: this.#fences++ })
    const { changelogOffset } = await writer.commit(marker)
    assert(changelogOffset !== null, 'a marker has an offset')
    this.#sinceOffset ??= changelogOffset
    return changelogOffset
  }

  /**
   * Begins the regular transactions; `last` is the commit record that memory continues, null for
   * none.
   */
  begin(last: CommitRecord | null, origin: Origin): void {
    assert(this.#writer !== null, 'the committer has fenced before it begins')
    this.#last = last
    this.#origin = origin
    this.#lastBeganMs = this.#options.clock.monotonicMs()
    if (this.#isNew) this.request()
    else this.nudge()
  }

  /** Something is there to be committed, or may be: it will be at the end of the interval. */
  nudge(): void {
    if (this.#origin === null || this.#flight !== null || this.#isArmed) return
    this.#arm()
  }

  /** Asks for a transaction now, not at the end of the interval. */
  request(): void {
    if (this.#origin === null || this.#abandoned || this.#flight !== null) return
    this.#disarm()
    const wantsCut = this.#isNew || this.#options.wantsCut()
    // Nothing to do: whoever has something nudges, and an idle partition costs nothing.
    if (!wantsCut && !this.#proofRequired) return
    this.#lastBeganMs = this.#options.clock.monotonicMs()
    this.#proofRequired = false
    this.#flight = this.#run(wantsCut).then(
      () => {
        this.#flight = null
        this.#arm()
      },
      (error: Error) => {
        this.#flight = null
        if (!this.#abandoned) this.#options.onFailed(error)
      },
    )
  }

  /**
   * The partition was kept over a rebalance: the next transaction to begin, an empty one if need
   * be, proves by succeeding that memory is current.
   */
  requireProof(): void {
    this.#proofRequired = true
    this.nudge()
  }

  /**
   * Commits what is there now, if anything is. Resolves also when that fails, after `onFailed`;
   * false where it is over.
   */
  async flush(): Promise<boolean> {
    while (this.#flight !== null && !this.#abandoned) await this.#flight
    if (!this.#abandoned) this.request()
    while (this.#flight !== null && !this.#abandoned) await this.#flight
    return !this.#abandoned
  }

  /** Stops at once; resolves when no call is under way any more and the writer is closed. */
  async abandon(): Promise<void> {
    this.#abandoned = true
    this.#doubt(false)
    this.#disarm()
    this.#wake()
    await this.#flight
    await this.#discardWriter()
  }

  /** Whether the changelog lacks what it must say be there outputs or not: a beginning, a gap. */
  get #isNew(): boolean {
    const gaps = this.#origin?.gaps.length ?? 0
    return this.#last === null || this.#last.gaps.length < gaps
  }

  #arm(): void {
    this.#disarm()
    if (this.#abandoned) return
    const { clock, scheduler, intervalMs } = this.#options
    const waitMs = Math.max(0, this.#lastBeganMs + intervalMs - clock.monotonicMs())
    this.#isArmed = true
    this.#cancelTimer = scheduler.after(waitMs, () => this.request())
  }

  #disarm(): void {
    this.#isArmed = false
    this.#cancelTimer()
  }

  async #run(wantsCut: boolean): Promise<void> {
    const { bootId } = this.#options
    assert(this.#origin !== null, 'a transaction has an origin')
    if (!wantsCut) {
      await this.#send(fenceTransaction({ bootId, fence: this.#fences++ }), null)
      return
    }
    const { cut, manifest } = await this.#options.cut()
    if (this.#abandoned) throw abandonedError()
    const commit = nextCommit(this.#last, cut, this.#origin)
    const isNewOrigin = this.#last?.fingerprint !== commit.fingerprint
    const transaction = cutTransaction(cut, manifest, commit, this.#origin, isNewOrigin)
    await this.#send(transaction, commit)
    this.#last = commit
    this.#options.metrics.predictions(cut.predictions.count)
    this.#options.metrics.committed(cut.firstTimestampMs, {
      predictions: cut.predictions.byteLength,
      'dead-letters': sumOfBytes(transaction.deadLetters),
      changelog: sumOfBytes(transaction.changelog),
    })
    this.#options.onCommitted(commit)
  }

  /**
   * Sends until the transaction is known to be there. `commit`: its commit record; null for a mere
   * marker.
   */
  async #send(transaction: OutputTransaction, commit: CommitRecord | null): Promise<void> {
    const { clock, metrics, logger } = this.#options
    for (let attempt = 1; ; attempt++) {
      const beganMs = clock.monotonicMs()
      try {
        assert(this.#writer !== null, 'a transaction has a writer')
        await this.#writer.commit(transaction)
        metrics.commit('committed', clock.monotonicMs() - beganMs)
        return
      } catch (error) {
        metrics.commit(isFenced(error) ? 'fenced' : 'failed', clock.monotonicMs() - beganMs)
        if (this.#abandoned || isFinal(error)) throw error
        logger.warn('commit.failed', { attempt, transaction: commit?.transaction, error })
        if (attempt === maxSends) throw gaveUp('A transaction', attempt, error)
      }
      this.#doubt(true)
      this.#options.onDoubt()
      const there = await this.#inquire(commit)
      this.#doubt(false)
      logger.info('commit.resolved', { attempt, transaction: commit?.transaction, there })
      if (there) return
    }
  }

  #doubt(isInDoubt: boolean): void {
    this.#inDoubt = isInDoubt
    this.#options.metrics.inDoubt(isInDoubt)
  }

  /** Finds out whether the transaction with this commit record is there; fences anew on the way. */
  async #inquire(commit: CommitRecord | null): Promise<boolean> {
    const { random, logger, source } = this.#options
    for (let attempt = 0; ; attempt++) {
      await this.#discardWriter()
      await this.#wait(backoffMs(attempt, 20, 5_000, random))
      if (this.#abandoned) throw abandonedError()
      try {
        // It began after the error: were the partition another's by now, it would fail, or the
        // assignment that comes with it would have closed this task.
        await source.heartbeat()
        if (this.#abandoned) throw abandonedError()
        return await this.#look(commit, await this.fence())
      } catch (error) {
        if (this.#abandoned || isFinal(error) || isTakenOver(error)) throw error
        logger.warn('commit.inquiry-failed', { attempt, ...tell(error) })
        if (attempt + 1 === maxInquiries) {
          throw gaveUp('Finding out about a transaction', attempt + 1, error)
        }
      }
    }
  }

  async #look(commit: CommitRecord | null, markerOffset: bigint): Promise<boolean> {
    const { partition, bootId, changelog } = this.#options
    assert(this.#sinceOffset !== null, 'there is a first marker')
    const sinceOffset = this.#sinceOffset
    // What lies before our first marker was read when the task was restored.
    const query = { partition, bootId, markerOffset, sinceOffset, from: sinceOffset }
    const tail = await readTail(changelog, query)
    if (tail.fenced) throw takenOver(partition)
    if (commit !== null && isSame(tail.commit, commit)) return true
    const isOurs = tail.commit === null || isSame(tail.commit, this.#last)
    if (!isOurs) throw takenOver(partition)
    return commit === null
  }

  /** Waits; `abandon` cuts it short. */
  async #wait(delayMs: number): Promise<void> {
    if (this.#abandoned) return
    await new Promise<void>((resolve) => {
      const cancel = this.#options.scheduler.after(delayMs, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
    this.#wake = () => {}
  }

  async #discardWriter(): Promise<void> {
    const writer = this.#writer
    this.#writer = null
    try {
      await writer?.close()
    } catch (error) {
      this.#options.logger.debug('commit.close-failed', { error })
    }
  }
}

function sumOfBytes(records: readonly OutputRecord[]): number {
  return records.reduce((sum, record) => sum + bytesOf(record), 0)
}

function isSame(a: CommitRecord | null, b: CommitRecord | null): boolean {
  return a?.transaction === b?.transaction && a?.bootId === b?.bootId
}

function takenOver(partition: number): HeadraceError {
  return new HeadraceError(
    'HEADRACE_TASK_FENCED',
    `Partition ${partition} was taken over by another process while a transaction was in doubt.`,
  )
}

function isTakenOver(error: unknown): boolean {
  return error instanceof HeadraceError && error.code === 'HEADRACE_TASK_FENCED'
}

function abandonedError(): HeadraceError {
  return new HeadraceError('HEADRACE_TASK_FENCED', 'The task was closed meanwhile.')
}

function gaveUp(what: string, attempts: number, cause: unknown): HeadraceError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new HeadraceError(
    'HEADRACE_TASK_GAVE_UP',
    `${what} failed ${attempts} times in a row, last: ${reason}`,
    { cause },
  )
}
