import type { SupervisedConfig } from '../../config/schema.ts'
import { WindowBatch } from '../../rnn/index.ts'
import { BlockLearning, type Run, sortRuns } from '../block-learning.ts'
import type { Guard } from '../guard.ts'
import type { Hash64 } from '../hash.ts'
import { ABSENT } from '../layout.ts'
import { NO_WINDOW, type Sequence, type SequenceTable } from '../sequence.ts'
import type { SharedArray } from '../state.ts'
import type { Case } from './case.ts'
import type { Head } from './head.ts'
import { type CaseNetworks, RUNS_MAX } from './networks.ts'
import type { Pending } from './pending.ts'
import type { Shape } from './shape.ts'
import type { CaseWindows } from './windows.ts'

/** Steps that have left their window are run alone: so many an update, and so many wait. */
const ALONE_MAX = 32
const QUEUE_MAX = 1024

/** The parts of a model that learn at boundaries. */
interface LearningParts {
  readonly table: SequenceTable
  readonly windows: CaseWindows
  readonly networks: CaseNetworks
  readonly head: Head
  readonly guard: Guard
  readonly pending: Pending
  /** Writes the inputs of a case as networks keep them, (X). */
  readonly inputsOf: (from: Case, kept: Float32Array) => void
  /** A sequence has gone. */
  readonly gone: (sequence: Sequence) => void
}

/**
 * When the network weights change, and what they learn then (design §1, rules 2 to 4): at block
 * boundaries. Labels of steps that their window still holds share runs as those of forecasts do.
 * For all others the step alone is run, from the state before it that its case has kept.
 */
export class CaseLearning extends BlockLearning<CaseWindows> {
  /** Ring of losses that wait: number of the case, then what each is to be, (QUEUE_MAX, 1 + L). */
  private readonly queue: Float64Array
  private readonly runLosses: number
  private readonly learn: boolean
  private readonly parts: LearningParts
  private readonly runs: Run[] = []
  private readonly batch: WindowBatch
  private readonly starts: readonly Float32Array[]
  private readonly past: Case
  private readonly kept: Float32Array

  constructor(config: SupervisedConfig, { d }: Shape, past: Case, parts: LearningParts) {
    const { networks, head } = parts
    const settings = {
      updateEvery: d.updateEvery,
      block: config.model.block,
      limits: config.sequences,
      // First and end of the queue, losses dropped.
      furtherCounters: 3,
    }
    super(settings, parts.table, parts.windows, parts.gone)
    this.parts = parts
    this.past = past
    this.runLosses = d.runLosses
    this.learn = config.model.learn && networks.list.length > 0
    const { inputs, outputs } = networks
    const stepsMax = d.updateEvery + d.window
    this.batch = new WindowBatch({ runsMax: RUNS_MAX, stepsMax, inputs, outputs })
    this.starts = networks.list.map(({ stateSize }) => new Float32Array(RUNS_MAX * stateSize))
    this.kept = new Float32Array(networks.kept)
    this.queue = new Float64Array(this.learn ? QUEUE_MAX * (1 + head.losses) : 0)
  }

  /** Losses that waited for an update in vain, as too many came at once or their case expired. */
  get dropped(): number {
    return this.counters[6]!
  }

  arrays(): SharedArray[] {
    return [
      { name: 'block', array: this.counters },
      { name: 'block/queue', array: this.queue },
    ]
  }

  /**
   * A label has come for own step `step` of a sequence, null where it is gone, or for the case of
   * that number, −1 where it is not kept: what the head aims at is learnt at a boundary.
   */
  arrive(sequence: Sequence | null, step: number, number: number, record: number): void {
    if (!this.learn) return
    const { head, windows } = this.parts
    const { aims } = head
    if (sequence !== null && windows.holds(sequence, step)) {
      const first = !windows.anyArrived(sequence, step)
      let any = false
      for (let i = 0; i < aims.length; i++) {
        if (aims[i] === ABSENT) continue
        windows.arrive(sequence, step, i, aims[i]!)
        any = true
      }
      if (any && first) this.becameLearnable(sequence, record)
      return
    }
    if (number < 0) return
    let any = false
    for (let i = 0; i < aims.length; i++) any ||= aims[i] !== ABSENT
    if (any) this.enqueue(number, aims)
  }

  /** Ends the block at record `record`: learns, sheds and evicts. The chain hash takes it in. */
  endBlock(record: number, chain: Hash64): void {
    this.gather(record)
    if (this.learn && (this.runCount > 0 || this.waiting > 0)) this.update(record, chain)
    this.end(record, record)
  }

  private get waiting(): number {
    return this.counters[5]! - this.counters[4]!
  }

  private enqueue(number: number, aims: Float64Array): void {
    const { counters, queue } = this
    if (this.waiting === QUEUE_MAX) {
      counters[4]! += 1
      counters[6]! += 1
    }
    const at = (counters[5]! % QUEUE_MAX) * (1 + aims.length)
    queue[at] = number
    for (let i = 0; i < aims.length; i++) queue[at + 1 + i] = aims[i]!
    counters[5]! += 1
  }

  private gather(record: number): void {
    this.collect(record)
    if (!this.learn) return
    for (let i = 0; i < this.readyCount; i++) this.gatherRuns(this.ready[i] as Sequence)
    sortRuns(this.runs, this.runCount)
  }

  private gatherRuns(sequence: Sequence): void {
    const { windows } = this.parts
    if (sequence.window === NO_WINDOW) return
    let newest = windows.newestUnlearnt(sequence, sequence.steps - 1)
    while (newest >= 0) {
      const takenAt = windows.recordOf(sequence, newest)
      const run = this.runs[this.runCount]
      if (run === undefined) {
        this.runs.push({ sequence, newest, takenAt })
      } else {
        run.sequence = sequence
        run.newest = newest
        run.takenAt = takenAt
      }
      this.runCount++
      newest = windows.newestUnlearnt(sequence, newest - this.runLosses)
    }
  }

  private update(record: number, chain: Hash64): void {
    const { networks, guard } = this.parts
    const { batch, runs } = this
    batch.clear()
    for (let i = 0; i < this.runCount; i++) {
      this.writeRun(runs[i] as Run)
      if (batch.runs === RUNS_MAX) this.accumulate()
    }
    for (let i = 0; i < ALONE_MAX && this.waiting > 0; i++) {
      this.writeAlone()
      if (batch.runs === RUNS_MAX) this.accumulate()
    }
    if (batch.runs > 0) this.accumulate()
    let applied = false
    for (let j = 0; j < networks.list.length; j++) {
      const member = networks.list[j]!
      const report = member.network.finishUpdate()
      this.report(report, member === networks.middle, chain)
      applied ||= report.applied
      guard.updated(j, record, report.applied || report.losses === 0)
    }
    if (applied) this.counters[3]! += 1
  }

  private accumulate(): void {
    const { networks, head } = this.parts
    const { batch, starts } = this
    for (let j = 0; j < networks.list.length; j++) {
      const member = networks.list[j]!
      head.prepare(member, batch, starts[j]!)
      member.network.accumulate(batch, starts[j]!)
    }
    batch.clear()
  }

  private writeRun({ sequence, newest }: Run): void {
    const { windows, table, networks } = this.parts
    table.touch(sequence)
    const start = windows.writeRun(sequence, newest, this.batch, this)
    const states = windows.checkpointOf(sequence, start)
    const { float32 } = windows.memoryOf(sequence)
    for (let j = 0; j < networks.list.length; j++) {
      const { stateSize, statesAt } = networks.list[j]!
      const to = this.starts[j]!
      const row = (this.batch.runs - 1) * stateSize
      for (let i = 0; i < stateSize; i++) to[row + i] = float32[states + statesAt + i]!
    }
  }

  /** The next of the queue as a run of one step. */
  private writeAlone(): void {
    const { counters, queue, batch, past, kept } = this
    const { pending, networks, head } = this.parts
    const size = 1 + head.losses
    const at = (counters[4]! % QUEUE_MAX) * size
    const number = queue[at]!
    counters[4]! += 1
    if (!pending.holds(number)) {
      counters[6]! += 1
      return
    }
    pending.read(number, past)
    this.parts.inputsOf(past, kept)
    const run = batch.add(0, 1)
    networks.expand(kept, 0, batch.inputs, batch.inputsAt(run, 0))
    const place = batch.targetsAt(run, 0)
    for (let i = 0; i < head.losses; i++) {
      const aim = queue[at + 1 + i]!
      if (aim !== ABSENT) head.aim(batch, place, i, aim)
    }
    const { statesAt } = past.layout
    for (let j = 0; j < networks.list.length; j++) {
      const member = networks.list[j]!
      const to = this.starts[j]!
      const from = statesAt + member.statesAt
      for (let i = 0; i < member.stateSize; i++) {
        to[run * member.stateSize + i] = past.float32[from + i]!
      }
    }
  }

  expand(from: Float32Array, fromAt: number, to: Float32Array, toAt: number): void {
    this.parts.networks.expand(from, fromAt, to, toAt)
  }

  aim(batch: WindowBatch, place: number, loss: number, label: number): void {
    this.parts.head.aim(batch, place, loss, label)
  }
}
