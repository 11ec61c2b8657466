import { assert } from '../assert.ts'
import type { Clock } from '../clock.ts'
import type { Seal } from '../model/snapshot/snapshots.ts'
import type { Cut, CutRequest } from './engine/messages.ts'
import type { TaskLogger, TaskMetrics } from './observe.ts'
import { bytesOf } from './record-bytes.ts'
import type { Manifest } from './snapshot-log.ts'
import type { Origin } from './transaction.ts'

/** Rows of a snapshot in one transaction, at most. */
const sliceBytesMax = 2_000_000
/** The share of a commit interval that a slice may take of the engine's time. */
const sliceShare = 0.25

export interface SnapshotterOptions {
  readonly maxReplayMs: number
  readonly intervalMs: number
  readonly clock: Clock
  readonly logger: TaskLogger
  readonly metrics: TaskMetrics
  /** Tells the engine how the snapshot in progress ended. */
  settle(outcome: 'sealed' | 'abandoned'): void
}

/** What a cut was where a snapshot began. */
type SnapshotCut = Pick<Cut, 'nextOffset' | 'records' | 'updates' | 'chainHash'>

/**
 * Decides when a snapshot is due, spreads its rows over commits, and writes its manifest (design
 * §2):
 *
 *     idle ──▶ writing ──▶ sealing ──▶ idle
 *                │ a transaction in doubt
 *                └──────▶ idle
 *
 * Sealing: the manifest is in a transaction whose outcome is not known yet. If it turns out to be
 * there, the snapshot is sealed, whatever happened on the way.
 */
export class Snapshotter {
  readonly #options: SnapshotterOptions
  #state: 'idle' | 'writing' | 'sealing' = 'idle'
  #cut: SnapshotCut | null = null
  #manifest: Manifest | null = null
  #sealed: Manifest | null
  #bytes = 0
  #beganMs = 0
  /** The engine's working time at the cut of the last sealed snapshot, and of the one in hand. */
  #sealedWorkMs = 0
  #cutWorkMs = 0
  #workMs = 0
  /** Not null: the last one before the end, which must be sealed by then; monotonic. */
  #deadlineMs: number | null = null
  #finalMs = 0
  /** The one in hand was begun after `finish`. */
  #isLast = false
  #isOver = false
  #isNearStart = false

  /** `sealed`: the snapshot that was restored; null for none. */
  constructor(options: SnapshotterOptions, sealed: Manifest | null) {
    this.#options = options
    this.#sealed = sealed
  }

  /** The newest sealed snapshot; null before the first. */
  get sealed(): Manifest | null {
    return this.#sealed
  }

  get isWriting(): boolean {
    return this.#state === 'writing'
  }

  /** Whether a cut is wanted for the snapshot's sake alone, be there outputs or not. */
  get wantsCut(): boolean {
    return this.#state === 'writing' || (this.#state === 'idle' && this.#isDue)
  }

  /** Time that a replay of what came since the last sealed cut would take, in ms. */
  get replayMs(): number {
    return this.#workMs - this.#sealedWorkMs
  }

  /** The engine has worked for so long since it began. */
  worked(workMs: number): void {
    this.#workMs = workMs
  }

  /** Records since the newest sealed cut are about to expire: write another one. */
  nearStart(): void {
    this.#isNearStart = true
  }

  /**
   * From now on one more snapshot is due if anything has come since the last one, in slices as
   * large as may be. It is given up as soon as it is seen not to be sealed by `deadlineMs`
   * (monotonic). An engine goes on with what it was handed, and no other snapshot follows for that.
   */
  finish(deadlineMs: number): void {
    this.#deadlineMs = deadlineMs
    this.#finalMs = this.#options.clock.monotonicMs()
  }

  /** What the next cut is to do for the snapshot. */
  request(): CutRequest {
    const isLast = this.#deadlineMs !== null
    const maxMs = isLast ? Number.POSITIVE_INFINITY : sliceShare * this.#options.intervalMs
    const bounds = { maxBytes: sliceBytesMax, maxMs }
    if (this.#state === 'writing') return { snapshot: 'go-on', ...bounds }
    if (this.#state === 'sealing' || !this.#isDue) return { snapshot: 'none', ...bounds }
    return { snapshot: 'begin', ...bounds }
  }

  /** Takes in an answered cut; the manifest to write with it where its rows were the last. */
  answered(request: CutRequest, cut: Cut, origin: Origin): Manifest | null {
    if (request.snapshot === 'none') return null
    if (request.snapshot === 'begin') this.#begin(cut)
    for (const row of cut.rows) this.#bytes += bytesOf(row)
    if (cut.seal === null) {
      this.#giveUpIfLate(cut)
      return null
    }
    this.#state = 'sealing'
    this.#manifest = this.#seal(cut.seal, origin)
    return this.#manifest
  }

  /** The transaction of the last cut is known to be committed. */
  committed(): void {
    if (this.#state !== 'sealing') return
    assert(this.#manifest !== null, 'a snapshot that is sealed has a manifest')
    const { clock, logger, metrics } = this.#options
    this.#state = 'idle'
    this.#sealed = this.#manifest
    this.#manifest = null
    this.#sealedWorkMs = this.#cutWorkMs
    this.#isNearStart = false
    this.#isOver = this.#isLast
    this.#options.settle('sealed')
    const { number, slot, records, sequences, bytes } = this.#sealed
    const durationMs = clock.monotonicMs() - this.#beganMs
    metrics.snapshot(durationMs, bytes)
    logger.debug('snapshot.sealed', { number, slot, records, sequences, bytes, durationMs })
  }

  /** The outcome of a transaction is unknown: what is not yet sealed by it is given up. */
  doubted(): void {
    if (this.#state !== 'writing') return
    this.#state = 'idle'
    this.#options.settle('abandoned')
    this.#options.metrics.snapshotAbandoned()
    this.#options.logger.debug('snapshot.abandoned', { records: this.#cut?.records })
  }

  get #isDue(): boolean {
    if (this.#isOver || this.#workMs <= this.#sealedWorkMs) return false
    if (this.#deadlineMs !== null || this.#isNearStart) return true
    return this.replayMs >= this.#options.maxReplayMs
  }

  /** The last snapshot, judged by how much of it is done. */
  #giveUpIfLate({ snapshot }: Cut): void {
    if (this.#deadlineMs === null || snapshot === null) return
    const share = Math.max(1, snapshot.done) / Math.max(1, snapshot.total)
    const elapsedMs = this.#options.clock.monotonicMs() - this.#finalMs
    if (this.#finalMs + elapsedMs / share <= this.#deadlineMs) return
    this.#isOver = true
    this.doubted()
  }

  #begin({ nextOffset, records, updates, chainHash }: Cut): void {
    this.#state = 'writing'
    this.#isLast = this.#deadlineMs !== null
    this.#cut = { nextOffset, records, updates, chainHash }
    this.#cutWorkMs = this.#workMs
    this.#bytes = 0
    this.#beganMs = this.#options.clock.monotonicMs()
  }

  #seal(seal: Seal, origin: Origin): Manifest {
    const cut = this.#cut
    assert(cut !== null && cut.records === seal.records, 'a seal tells of the cut it was begun at')
    const { nextOffset, updates, chainHash } = cut
    const { startOffset, fingerprint, numerics, bootId, gaps } = origin
    const place = { nextOffset, startOffset, chainHash, updates, bytes: this.#bytes }
    return { ...seal, ...place, fingerprint, numerics, bootId, gaps }
  }
}
