import { assert } from '../../assert.ts'
import type { Clock } from '../../clock.ts'
import type { Seal } from '../../model/snapshot/snapshots.ts'
import { toError } from '../failure.ts'
import type { LearningReport } from '../observe.ts'
import type { InputRecord, OutputRecord } from '../ports.ts'
import type { Scheduler } from '../scheduler.ts'
import { rowRecords } from '../snapshot-log.ts'
import {
  Engine,
  type OutcomeVisitor,
  type OutputBounds,
  type OutputEncoder,
  type StreamProcessor,
} from './engine.ts'
import type {
  Cut,
  CutRequest,
  EngineReply,
  EngineRequest,
  EngineStart,
  LoadedRow,
  WatchedPoints,
} from './messages.ts'
import { type PackedRecords, unpackRecords } from './packed-records.ts'
import { toPlain } from './plain-error.ts'
import { ReplayGoal } from './replay-goal.ts'
import { SliceReport } from './slice-report.ts'
import { SnapshotReader } from './snapshot-reader.ts'
import type { Sliced, Turns } from './turns.ts'
import { Watches } from './watches.ts'

/**
 * Records that go to the model in one call, and how long that should take: longer where many take
 * as long as one.
 */
const chunkMax = 256
const chunkMs = { short: 1, long: 4 } as const
const deviceMs = { short: 100, long: 250 } as const

export interface EngineTaskOptions {
  readonly task: number
  readonly processor: StreamProcessor
  readonly encoder: OutputEncoder
  readonly bounds: OutputBounds
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly turns: Turns
  /** Whether it tells how the model learns. Default: it does. */
  readonly isWatched?: boolean
  readonly onOutcome: OutcomeVisitor
  reply(reply: EngineReply, transfer?: ArrayBuffer[]): void
}

interface HandOver {
  readonly records: readonly InputRecord[]
  readonly nextOffset: bigint
}

/**
 * The model's half of one incarnation of a task: loads a snapshot, replays to its goal without
 * outputs, then takes in what is handed over and answers cuts. A failure is told once, and ends it.
 */
export class EngineTask implements Sliced {
  readonly #options: EngineTaskOptions
  #reader: SnapshotReader | null = null
  #engine: Engine | null = null
  #report: SliceReport | null = null
  #goal: ReplayGoal | null = null
  readonly #handOvers: HandOver[] = []
  /** Next record in the first hand-over. */
  #index = 0
  #position = 0n
  #received = 0
  #handedOver = 0
  /** A sign of life comes after each: the first tells how long a record takes. */
  #chunk = 1
  #workMs = 0
  #isReplaying = true
  #weights: { updates: number; hash: string } | null = null
  #ended = false

  readonly #watches: Watches

  constructor(options: EngineTaskOptions) {
    const { processor, clock, scheduler, task, reply } = options
    this.#options = options
    this.#watches = new Watches({
      model: processor.model,
      clock,
      scheduler,
      onPoints: (points) => reply({ type: 'points', task, points }, buffersOf(points)),
      onDeadLetter: (note) => reply({ type: 'refused', task, note }),
    })
  }

  /** Handles a request of this incarnation but `open` and `close`. */
  handle(request: EngineRequest): void {
    if (this.#ended) return
    try {
      if (request.type === 'load') this.#load(request.rows)
      else if (request.type === 'begin') this.#begin(request.start)
      else if (request.type === 'records') this.#take(request.records)
      else if (request.type === 'cut') this.#cut(request.request)
      else if (request.type === 'settle') this.#settle(request.outcome)
      else if (request.type === 'watch') this.#watches.set(request.watch, request.choice)
      else if (request.type === 'search') this.#search(request)
    } catch (error) {
      this.#fail(error)
    }
  }

  runSlice(deadlineMs: number): boolean {
    const engine = this.#engine
    if (this.#ended || engine === null) return false
    const beganMs = this.#options.clock.monotonicMs()
    try {
      this.#work(engine, deadlineMs)
    } catch (error) {
      this.#fail(error)
      return false
    }
    const endedMs = this.#options.clock.monotonicMs()
    this.#workMs += endedMs - beganMs
    this.#tellProgress(engine, endedMs - beganMs)
    return this.#handOvers.length > 0 && !engine.isFull
  }

  close(): void {
    this.#ended = true
    this.#report?.close()
    this.#watches.close()
    this.#options.processor.model.close?.()
  }

  #load(rows: readonly LoadedRow[]): void {
    this.#reader ??= new SnapshotReader(this.#options.processor.model.snapshots.loader())
    for (const { key, value } of rows) this.#reader.add(key, value)
    this.#options.reply({ type: 'loaded', task: this.#options.task })
  }

  #begin(start: EngineStart): void {
    assert(this.#engine === null, 'an engine begins once')
    const { processor, encoder, bounds, scheduler, task, reply } = this.#options
    const { position, snapshot, slotNames } = start
    const { snapshots } = processor.model
    if (snapshot === null) {
      // Of snapshots that never were sealed.
      for (const slot of [0, 1] as const) snapshots.remember(slot, slotNames[slot])
    } else {
      this.#reader ??= new SnapshotReader(snapshots.loader())
      this.#reader.finish(snapshot, slotNames)
      this.#reader = null
    }
    this.#position = position
    this.#goal = new ReplayGoal(start)
    this.#engine = new Engine(processor, encoder, position, bounds)
    const tell = (report: LearningReport): void => reply({ type: 'learning', task, report })
    const { isWatched } = this.#options
    this.#report = new SliceReport(processor.model, scheduler, tell, isWatched)
    reply({ type: 'begun', task, records: processor.model.records })
    this.#arrive(this.#engine)
  }

  #take(packed: PackedRecords): void {
    assert(packed.first === this.#received, 'hand-overs follow each other without a gap')
    this.#received += packed.count
    this.#handOvers.push({ records: unpackRecords(packed), nextOffset: packed.nextOffset })
    this.#options.turns.request(this)
  }

  #work(engine: Engine, deadlineMs: number): void {
    const { clock } = this.#options
    let nowMs = clock.monotonicMs()
    do {
      const [handOver] = this.#handOvers
      if (handOver === undefined || engine.isFull) break
      const beganMs = nowMs
      this.#step(engine, handOver)
      nowMs = clock.monotonicMs()
      const tookMs = nowMs - beganMs
      const { atOnce = 1 } = this.#options.processor
      const { short, long } = atOnce > 1 ? deviceMs : chunkMs
      const most = Math.max(chunkMax, atOnce)
      if (tookMs < short) this.#chunk = Math.min(most, 2 * this.#chunk)
      else if (tookMs > long) this.#chunk = Math.max(1, this.#chunk >> 1)
    } while (nowMs < deadlineMs)
  }

  /** The next few records of the first hand-over. */
  #step(engine: Engine, { records, nextOffset }: HandOver): void {
    const from = this.#index
    const room = this.#isReplaying ? (this.#goal?.room(engine.model) ?? 0) : engine.room
    const until = Math.min(records.length, from + Math.min(this.#chunk, Math.max(0, room)))
    if (until > from) {
      if (this.#isReplaying) {
        engine.replay(records, from, until)
        this.#report?.replayed(records[until - 1] as InputRecord)
      } else {
        engine.apply(
          records,
          from,
          until,
          this.#watches.isActive ? this.#visitWatched : this.#visit,
        )
      }
      this.#position = (records[until - 1] as InputRecord).offset + 1n
      this.#handedOver += until - from
      this.#index = until
    }
    if (this.#index === records.length) {
      this.#handOvers.shift()
      this.#index = 0
      this.#position = nextOffset
    }
    this.#arrive(engine)
  }

  readonly #visit: OutcomeVisitor = (record, outcome) => {
    this.#report?.add(record, outcome)
    if (outcome.failure !== null) this.#watches.refused(record, outcome.failure)
    this.#options.onOutcome(record, outcome)
  }

  readonly #visitWatched: OutcomeVisitor = (record, outcome) => {
    this.#visit(record, outcome)
    this.#watches.add(outcome)
  }

  /** Replaying → running, where the replay has reached its goal. */
  #arrive(engine: Engine): void {
    if (!this.#isReplaying || this.#goal === null) return
    const { model } = engine
    if (!this.#goal.isReached(model, this.#position)) return
    this.#isReplaying = false
    this.#report?.arrived()
    this.#watches.run()
    const { task, reply } = this.#options
    reply({ type: 'arrived', task, records: model.records, chainHash: model.chainHash() })
  }

  #cut(request: CutRequest): void {
    const engine = this.#engine
    assert(engine !== null && !this.#isReplaying, 'only a running engine is cut')
    const { model } = engine
    const outputs = engine.takeOutputs(this.#position)
    const { predictions } = outputs
    const cut: Cut = {
      ...outputs,
      nextOffset: this.#position,
      records: model.records,
      updates: model.updates,
      chainHash: model.chainHash(),
      weightsHash: this.#weightsHash(engine),
      witness: model.witness?.(),
      ...this.#snapshot(engine, request),
    }
    const transfer = [predictions.bytes.buffer, predictions.lengths.buffer]
    this.#options.reply({ type: 'cut', task: this.#options.task, cut }, transfer)
    if (this.#handOvers.length > 0) this.#options.turns.request(this)
  }

  /** Rows of the snapshot in progress, and its seal once they were the last. */
  #snapshot(
    engine: Engine,
    { snapshot, maxBytes, maxMs }: CutRequest,
  ): Pick<Cut, 'rows' | 'seal' | 'snapshot'> {
    const { snapshots } = engine.model
    if (snapshot === 'none') return { rows: [], seal: null, snapshot: null }
    const { clock } = this.#options
    const beganMs = clock.monotonicMs()
    if (snapshot === 'begin') snapshots.begin()
    const { slot } = snapshots
    const rows: OutputRecord[] = snapshots
      .take(maxBytes, () => clock.monotonicMs() - beganMs >= maxMs)
      .flatMap((row) => rowRecords(slot, row))
    const { done, total } = snapshots.progress
    const seal: Seal | null = snapshots.isComplete ? snapshots.seal() : null
    return { rows, seal, snapshot: { done, total } }
  }

  #search({ search, text, limit }: Extract<EngineRequest, { type: 'search' }>): void {
    const { processor, task, reply } = this.#options
    // While a snapshot is loaded, the model is not one yet.
    const found =
      this.#engine === null ? { names: [], isCut: false } : processor.model.view.search(text, limit)
    reply({ type: 'found', task, search, found })
  }

  #settle(outcome: 'sealed' | 'abandoned'): void {
    const snapshots = this.#engine?.model.snapshots
    if (outcome === 'sealed') snapshots?.sealed()
    else snapshots?.abandon()
  }

  /** Computed anew only after an update: wide networks have millions of weights. */
  #weightsHash({ model }: Engine): string {
    if (this.#weights?.updates !== model.updates) {
      this.#weights = { updates: model.updates, hash: model.weightsHash() }
    }
    return this.#weights.hash
  }

  #tellProgress(engine: Engine, sliceMs: number): void {
    const report = this.#report
    assert(report !== null, 'an engine that works has a report')
    this.#options.reply({
      type: 'progress',
      task: this.#options.task,
      progress: {
        records: engine.model.records,
        handedOver: this.#handedOver,
        position: this.#position,
        isFull: engine.isFull,
        workMs: this.#workMs,
        published: report.take(sliceMs),
        timestampMs: report.timestampMs,
        eventTimeMs: report.eventTimeMs,
      },
    })
  }

  #fail(thrown: unknown): void {
    this.close()
    this.#options.reply({
      type: 'failed',
      task: this.#options.task,
      error: toPlain(toError(thrown)),
    })
  }
}

/** The buffers of a message that are given away with it. */
function buffersOf({ points, next }: WatchedPoints): ArrayBuffer[] {
  return next === null ? [points.buffer] : [points.buffer, next.buffer]
}
