import type { ForecastConfig } from '../config/schema.ts'
import { WindowBatch } from '../rnn/index.ts'
import { BlockLearning, type Run, sortRuns } from './block-learning.ts'
import type { Dimensions } from './dimensions.ts'
import type { Drift } from './drift.ts'
import type { Guard } from './guard.ts'
import type { Hash64 } from './hash.ts'
import { middleOf, type NetworkMember } from './networks.ts'
import type { Resident } from './resident.ts'
import { NO_WINDOW, type Sequence, type SequenceTable } from './sequence.ts'
import type { Windows } from './window.ts'

/** The parts of a model that learn at boundaries, or change there. */
interface LearningParts {
  readonly table: SequenceTable
  readonly windows: Windows
  readonly networks: readonly NetworkMember[]
  readonly drift: Drift
  readonly guard: Guard
  /** null where states and inputs are in host memory. */
  readonly resident: Resident | null
}

/**
 * When the network weights change, and what they learn then (design §1, rules 2 to 4): at block
 * boundaries, all sequences that have enough to tell in one batch, one optimiser step.
 */
export class Learning extends BlockLearning<Windows> {
  private readonly d: Dimensions
  private readonly learn: boolean
  private readonly networks: readonly NetworkMember[]
  private readonly guard: Guard
  private readonly resident: Resident | null
  private readonly runs: Run[] = []
  private readonly batch: WindowBatch
  /** Runs that go to the networks together. */
  private readonly runsMax: number
  private readonly starts: readonly Float32Array[]

  constructor(config: ForecastConfig, d: Dimensions, parts: LearningParts) {
    const { table, windows, networks, drift } = parts
    const { updateEvery } = d
    const settings = { updateEvery, block: config.model.block, limits: config.sequences }
    super(settings, table, windows, ({ core }) => drift.end(core))
    this.d = d
    this.learn = config.model.learn && networks.length > 0
    this.networks = networks
    this.guard = parts.guard
    this.resident = parts.resident
    this.runsMax = networks[0]?.network.options.runsMax ?? 1
    const { inputs, outputs } = networks[0]?.network.spec ?? { inputs: 1, outputs: d.outputs }
    const stepsMax = d.updateEvery + d.window
    const here = this.resident === null ? 1 : 0
    this.batch = new WindowBatch({
      runsMax: this.runsMax,
      stepsMax,
      inputs: here * inputs,
      outputs,
    })
    this.starts = networks.map(({ stateSize }) => new Float32Array(here * this.runsMax * stateSize))
  }

  /**
   * Whether the block that ends at record `record` leaves all weights, the chain hash and every
   * window as they are: only counters move.
   */
  isQuiet(record: number): boolean {
    if (this.isOver) return false
    return !this.learn || this.isIdle(record)
  }

  /** Ends the block at record `record`: learns, sheds and evicts. The chain hash takes it in. */
  endBlock(record: number, chain: Hash64): void {
    this.gather(record)
    if (this.runCount > 0) this.update(record, chain)
    this.end(record, record)
  }

  private gather(record: number): void {
    this.collect(record)
    if (!this.learn) return
    for (let i = 0; i < this.readyCount; i++) this.gatherRuns(this.ready[i] as Sequence)
    sortRuns(this.runs, this.runCount)
  }

  private gatherRuns(sequence: Sequence): void {
    if (sequence.window === NO_WINDOW) return
    let newest = this.windows.newestUnlearnt(sequence, sequence.steps - 1)
    while (newest >= 0) {
      const takenAt = this.windows.recordOf(sequence, newest)
      const run = this.runs[this.runCount]
      if (run === undefined) {
        this.runs.push({ sequence, newest, takenAt })
      } else {
        run.sequence = sequence
        run.newest = newest
        run.takenAt = takenAt
      }
      this.runCount++
      newest = this.windows.newestUnlearnt(sequence, newest - this.d.runLosses)
    }
  }

  private update(record: number, chain: Hash64): void {
    const { runs, batch, networks, resident } = this
    for (let from = 0; from < this.runCount; from += this.runsMax) {
      const to = Math.min(this.runCount, from + this.runsMax)
      batch.clear()
      for (let i = from; i < to; i++) this.writeRun(runs[i] as Run)
      resident?.accumulate(batch)
      for (let j = 0; j < networks.length && resident === null; j++) {
        networks[j]!.network.accumulate(batch, this.starts[j]!)
      }
    }
    const middle = middleOf(networks)
    let applied = false
    for (let j = 0; j < networks.length; j++) {
      const member = networks[j]!
      const report = member.network.finishUpdate()
      this.report(report, member === middle, chain)
      applied ||= report.applied
      this.guard.updated(j, record, report.applied || report.losses === 0)
    }
    if (applied) this.counters[3]! += 1
  }

  protected override shedding(count: number): void {
    const { resident } = this
    if (resident === null) return
    const { windowed } = this.table
    const leaving: Sequence[] = []
    for (let s = windowed.first; s !== null && leaving.length < count; s = windowed.after(s)) {
      leaving.push(s)
    }
    resident.pull(leaving)
  }

  private writeRun({ sequence, newest }: Run): void {
    const { windows, batch, networks, resident } = this
    this.table.touch(sequence)
    const start = windows.writeRun(sequence, newest, batch, resident === null)
    if (resident !== null) {
      resident.placeRun(batch.runs - 1, sequence, start)
      return
    }
    const states = windows.checkpointOf(sequence, start)
    const { float32 } = windows.memoryOf(sequence)
    for (let j = 0; j < networks.length; j++) {
      const { stateSize, statesAt } = networks[j]!
      const to = this.starts[j]!
      const row = (batch.runs - 1) * stateSize
      for (let i = 0; i < stateSize; i++) to[row + i] = float32[states + statesAt + i]!
    }
  }
}
