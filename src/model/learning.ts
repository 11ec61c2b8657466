import type { ForecastConfig } from '../config/schema.ts'
import { WindowBatch } from '../rnn/index.ts'
import { RUNS_MAX } from './build-networks.ts'
import type { Dimensions } from './dimensions.ts'
import type { Drift } from './drift.ts'
import type { Guard } from './guard.ts'
import type { Hash64 } from './hash.ts'
import { ABSENT } from './layout.ts'
import { middleOf, type NetworkMember } from './networks.ts'
import { HEADER, NO_WINDOW, type Sequence, type SequenceTable } from './sequence.ts'
import type { Windows } from './window.ts'

/**
 * A sequence whose oldest learnable step has waited for more blocks than this joins, however few it
 * has, but not before it has had the time to be seen as often as the others: where hundreds take
 * turns, 64 short blocks are less than one turn, and every step would bring a run of its own.
 */
const PENDING_BLOCKS_MAX = 64
/** Rows that fill the processor's vector units; larger blocks only mean fewer updates. */
const AUTO_BLOCK_MAX = 8

/** What the newest update did to the network with the middle learning rate. */
export interface UpdateSummary {
  loss: number
  gradientNorm: number
  clipped: boolean
  applied: boolean
}

/** One run to be learnt: the newest step of it and the record count of that step. */
interface Run {
  sequence: Sequence
  newest: number
  record: number
}

/** The parts of a model that learn at boundaries, or change there. */
interface LearningParts {
  readonly table: SequenceTable
  readonly windows: Windows
  readonly networks: readonly NetworkMember[]
  readonly drift: Drift
  readonly guard: Guard
}

/**
 * When the network weights change, and what they learn then (design §1, rules 2 to 4): at block
 * boundaries, all sequences that have enough to tell in one batch, one optimiser step.
 */
export class Learning {
  readonly newest: UpdateSummary = { loss: 0, gradientNorm: 0, clipped: false, applied: false }
  private readonly d: Dimensions
  private readonly learn: boolean
  private readonly configured: number | 'auto'
  private readonly table: SequenceTable
  private readonly windows: Windows
  private readonly networks: readonly NetworkMember[]
  private readonly drift: Drift
  private readonly guard: Guard
  private readonly limits: { max: number; keep: number }
  /** blockStart, blockSize, blockIndex, updates: record counts and counts, part of the state. */
  readonly counters = new Float64Array(4)
  /** Those that join at the next boundary, the first `readyCount`. */
  private readonly ready: Sequence[] = []
  private readyCount = 0
  /** The runs of the boundary in hand, the first `runCount`; the objects are used again. */
  private readonly runs: Run[] = []
  private runCount = 0
  private readonly batch: WindowBatch
  private readonly starts: readonly Float32Array[]
  private due = false
  /** Windows and sequences that the bounds took since this object was made; for those who watch. */
  readonly evicted = { windows: 0, sequences: 0 }

  constructor(config: ForecastConfig, d: Dimensions, parts: LearningParts) {
    const { table, windows, networks } = parts
    this.d = d
    this.learn = config.model.learn && networks.length > 0
    this.configured = config.model.block
    this.table = table
    this.windows = windows
    this.networks = networks
    this.drift = parts.drift
    this.guard = parts.guard
    this.limits = config.sequences
    const { inputs, outputs } = networks[0]?.network.spec ?? { inputs: 1, outputs: d.outputs }
    const stepsMax = d.updateEvery + d.window
    this.batch = new WindowBatch({ runsMax: RUNS_MAX, stepsMax, inputs, outputs })
    this.starts = networks.map((member) => new Float32Array(RUNS_MAX * member.stateSize))
    this.counters[1] = this.blockSize()
  }

  get updates(): number {
    return this.counters[3]!
  }

  /** The state was written by a restore: finds again who joins at the next boundary. */
  restored(): void {
    const { pending } = this.table
    for (let s = pending.first; s !== null; s = pending.after(s)) {
      if (s.core[HEADER.learnable]! >= this.d.updateEvery) this.join(s)
    }
  }

  /** A loss of a step that had none before has arrived: the step has become learnable. */
  becameLearnable(sequence: Sequence, record: number): void {
    const { core } = sequence
    core[HEADER.learnable]! += 1
    if (core[HEADER.learnable] === 1) {
      core[HEADER.pendingSince] = record
      core[HEADER.pendingBlock] = this.counters[2]!
      this.table.pending.append(sequence)
    }
    if (core[HEADER.learnable]! >= this.d.updateEvery) this.join(sequence)
  }

  /** A sequence has taken an own step: twice updateEvery of them without joining end the block. */
  stepped(sequence: Sequence): void {
    const { core } = sequence
    if (core[HEADER.steps]! - core[HEADER.joinedAt]! < 2 * this.d.updateEvery) return
    this.due = true
    this.join(sequence)
  }

  /** Whether record `record` ends a block. */
  boundary(record: number): boolean {
    return this.due || record - this.counters[0]! >= this.counters[1]!
  }

  /**
   * Whether the block that ends at record `record` leaves all weights, the chain hash and every
   * window as they are: only counters move.
   */
  isQuiet(record: number): boolean {
    const { table, limits } = this
    if (table.windowed.size > limits.max || table.live > limits.keep) return false
    if (!this.learn) return true
    const oldest = table.pending.first
    return this.readyCount === 0 && (oldest === null || !this.isOverdue(oldest, record))
  }

  /** Ends the block at record `record`: learns, sheds and evicts. The chain hash takes it in. */
  endBlock(record: number, chain: Hash64): void {
    const leaving = this.leaving()
    this.gather(record, leaving)
    if (this.runCount > 0) this.update(record, chain)
    for (let i = 0; i < this.readyCount; i++) this.joined(this.ready[i] as Sequence, record)
    this.readyCount = 0
    this.runCount = 0
    this.due = false
    this.release(record)
    this.counters[0] = record
    this.counters[1] = this.blockSize()
    this.counters[2]! += 1
  }

  private blockSize(): number {
    if (this.configured !== 'auto') return this.configured
    const rows = this.d.updateEvery * Math.max(1, this.table.live)
    return Math.max(1, Math.min(rows, AUTO_BLOCK_MAX))
  }

  /** How many of the least recently used lose their window now, by the bounds on sequences. */
  private leaving(): number {
    return Math.max(0, this.table.windowed.size - this.limits.max)
  }

  private gather(record: number, leaving: number): void {
    const { table } = this
    for (let s = table.pending.first; s !== null; s = table.pending.after(s)) {
      if (!this.isOverdue(s, record)) break
      this.join(s)
    }
    let sequence = table.windowed.first
    for (let i = 0; i < leaving && sequence !== null; i++) {
      this.join(sequence)
      sequence = table.windowed.after(sequence)
    }
    if (!this.learn) return
    for (let i = 0; i < this.readyCount; i++) this.gatherRuns(this.ready[i] as Sequence)
    sortByRecord(this.runs, this.runCount)
  }

  /** Whether a sequence with losses to learn has waited for too long. */
  private isOverdue({ core }: Sequence, record: number): boolean {
    if (this.counters[2]! - core[HEADER.pendingBlock]! <= PENDING_BLOCKS_MAX) return false
    const turns = 2 * this.d.updateEvery * this.table.live
    return record - core[HEADER.pendingSince]! > turns
  }

  private gatherRuns(sequence: Sequence): void {
    if (sequence.window === NO_WINDOW) return
    let newest = this.windows.newestUnlearnt(sequence, sequence.steps - 1)
    while (newest >= 0) {
      const record = this.windows.recordOf(sequence, newest)
      const run = this.runs[this.runCount]
      if (run === undefined) {
        this.runs.push({ sequence, newest, record })
      } else {
        run.sequence = sequence
        run.newest = newest
        run.record = record
      }
      this.runCount++
      newest = this.windows.newestUnlearnt(sequence, newest - this.d.runLosses)
    }
  }

  /** The sequence takes part in the next boundary. */
  private join(sequence: Sequence): void {
    if (sequence.ready) return
    sequence.ready = true
    this.ready[this.readyCount++] = sequence
  }

  private update(record: number, chain: Hash64): void {
    const { runs, batch, networks } = this
    for (let from = 0; from < this.runCount; from += RUNS_MAX) {
      const to = Math.min(this.runCount, from + RUNS_MAX)
      batch.clear()
      for (let i = from; i < to; i++) this.writeRun(runs[i] as Run)
      for (let j = 0; j < networks.length; j++) {
        networks[j]!.network.accumulate(batch, this.starts[j]!)
      }
    }
    const middle = middleOf(networks)
    let applied = false
    for (let j = 0; j < networks.length; j++) {
      const member = networks[j]!
      const report = member.network.finishUpdate()
      chain.float64(finite(report.loss))
      chain.float64(finite(report.gradientNorm))
      applied ||= report.applied
      if (member === middle) {
        this.newest.loss = report.loss
        this.newest.gradientNorm = report.gradientNorm
        this.newest.clipped = report.clipped
        this.newest.applied = report.applied
      }
      this.guard.updated(j, record, report.applied || report.losses === 0)
    }
    if (applied) this.counters[3]! += 1
  }

  private writeRun({ sequence, newest }: Run): void {
    const { windows, batch, networks } = this
    this.table.touch(sequence)
    const start = windows.writeRun(sequence, newest, batch)
    const states = windows.checkpointOf(sequence, start)
    const { float32 } = windows.memoryOf(sequence)
    for (let j = 0; j < networks.length; j++) {
      const { stateSize, statesAt } = networks[j]!
      const to = this.starts[j]!
      const row = (batch.runs - 1) * stateSize
      for (let i = 0; i < stateSize; i++) to[row + i] = float32[states + statesAt + i]!
    }
  }

  private joined(sequence: Sequence, record: number): void {
    const { core } = sequence
    this.table.touch(sequence)
    core[HEADER.joinedAt] = core[HEADER.steps]!
    core[HEADER.learnable] = 0
    core[HEADER.pendingSince] = 0
    core[HEADER.lastChanged] = record
    sequence.ready = false
    if (this.table.pending.has(sequence)) this.table.pending.remove(sequence)
  }

  /** Windows above `max` and sequences above `keep` go, the least recently used first. */
  private release(record: number): void {
    const { table, limits } = this
    while (table.windowed.size > limits.max) {
      const sequence = table.windowed.first
      if (sequence === null) break
      table.touch(sequence)
      this.windows.close(sequence)
      sequence.core[HEADER.lastChanged] = record
      table.windowed.remove(sequence)
      this.evicted.windows++
    }
    while (table.live > limits.keep) {
      const sequence = table.used.first
      if (sequence === null) break
      table.touch(sequence)
      this.windows.close(sequence)
      this.drift.end(sequence.core)
      table.remove(sequence)
      this.evicted.sequences++
    }
  }
}

/**
 * Puts the first `count` runs in the order of their record counts, of which no two are equal, in
 * place: Shell's sort, as it needs no memory and runs come nearly in order.
 */
function sortByRecord(runs: Run[], count: number): void {
  for (let gap = count >> 1; gap > 0; gap >>= 1) {
    for (let i = gap; i < count; i++) {
      const run = runs[i] as Run
      let j = i
      for (; j >= gap && (runs[j - gap] as Run).record > run.record; j -= gap) {
        runs[j] = runs[j - gap] as Run
      }
      runs[j] = run
    }
  }
}

/** The chain hash takes in bits, and those of NaN are not the same everywhere. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : ABSENT
}
