import type { SymbolsConfig } from '../../config/schema.ts'
import { SymbolBatch, type SymbolNetwork } from '../../rnn/index.ts'
import type { Hash64 } from '../hash.ts'
import { ABSENT } from '../layout.ts'
import type { UpdateSummary } from '../learning.ts'
import { HEADER, type Sequence, type SequenceTable } from '../sequence.ts'
import { BLOCK_MAX, type SymbolDimensions } from './dimensions.ts'
import type { SymbolFields } from './fields.ts'
import type { SymbolWindows, WrittenRun } from './windows.ts'

/** Runs one update may hold before they are passed on to the networks. */
export const RUNS_MAX = 16
/** A sequence whose oldest learnable step has waited for more blocks joins, however few it has. */
const PENDING_BLOCKS_MAX = 64

/** One run to be learnt: its newest step, and that one's number among all of the partition. */
interface Run {
  sequence: Sequence
  newest: number
  count: number
  readonly place: WrittenRun
}

/** A network with the place of its state among those of all networks. */
export interface PlacedNetwork {
  readonly name: string
  readonly network: SymbolNetwork
  readonly statesAt: number
}

interface LearningParts {
  readonly table: SequenceTable
  readonly windows: SymbolWindows
  readonly networks: readonly PlacedNetwork[]
  readonly fields: SymbolFields
}

/**
 * When the recurrent layers change, and what they learn then (design §1, rules 2 to 4, with steps
 * for records): at block boundaries, all sequences that have enough to tell in one batch, one
 * optimiser step.
 */
export class SymbolLearning {
  /** What the newest update did to the first network. */
  readonly newest: UpdateSummary = { loss: 0, gradientNorm: 0, clipped: false, applied: false }
  /** blockStart, blockSize, blockIndex, updates: counts of steps, blocks and updates; state. */
  readonly counters = new Float64Array(4)
  /** Windows and sequences that the bounds took since this object was made. */
  readonly evicted = { windows: 0, sequences: 0 }
  private readonly d: SymbolDimensions
  private readonly parts: LearningParts
  private readonly learn: boolean
  private readonly configured: number | 'auto'
  private readonly limits: { max: number; keep: number }
  /** Those that join at the next boundary, the first `readyCount`. */
  private readonly ready: Sequence[] = []
  private readyCount = 0
  /** The runs of the boundary in hand, the first `runCount`; the objects are used again. */
  private readonly runs: Run[] = []
  private runCount = 0
  private readonly batch: SymbolBatch
  private readonly starts: readonly Float32Array[]
  private due = false

  constructor(config: SymbolsConfig, d: SymbolDimensions, parts: LearningParts) {
    const { networks } = parts
    this.d = d
    this.parts = parts
    this.learn = config.model.learn && networks.length > 0
    this.configured = config.model.block
    this.limits = config.sequences
    this.batch = new SymbolBatch({ runsMax: RUNS_MAX, stepsMax: d.stateEvery + d.window })
    this.starts = networks.map(({ network }) => new Float32Array(RUNS_MAX * network.stateSize))
    this.counters[1] = this.blockSize()
  }

  get updates(): number {
    return this.counters[3]!
  }

  /** The state was written by a restore: finds again who joins at the next boundary. */
  restored(): void {
    const { table, fields } = this.parts
    const { pending } = table
    for (let s = pending.first; s !== null; s = pending.after(s)) {
      const isReady = s.core[HEADER.learnable]! >= this.d.updateEvery || s.core[fields.ended] === 1
      if (isReady) this.join(s)
    }
  }

  /** The target of one more step has arrived; `count`: steps of the partition. */
  becameLearnable(sequence: Sequence, count: number): void {
    const { core } = sequence
    core[HEADER.learnable]! += 1
    if (core[HEADER.learnable] === 1) {
      core[HEADER.pendingSince] = count
      core[HEADER.pendingBlock] = this.counters[2]!
      this.parts.table.pending.append(sequence)
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

  /** A life of the sequence has ended: what is left of it is learnt at the next boundary. */
  lifeEnded(sequence: Sequence): void {
    if (sequence.core[HEADER.learnable] === 0) return
    sequence.core[this.parts.fields.ended] = 1
    this.join(sequence)
  }

  /** Whether step `count` of the partition ends a block. */
  boundary(count: number): boolean {
    return this.due || count - this.counters[0]! >= this.counters[1]!
  }

  /**
   * Ends the block at step `count`, in record `record`: learns, sheds and evicts. The chain hash
   * takes it in.
   */
  endBlock(count: number, record: number, chain: Hash64): void {
    this.gather(count)
    if (this.runCount > 0) this.update(chain)
    for (let i = 0; i < this.readyCount; i++) this.joined(this.ready[i] as Sequence, record)
    this.readyCount = 0
    this.runCount = 0
    this.due = false
    this.release(record)
    this.counters[0] = count
    this.counters[1] = this.blockSize()
    this.counters[2]! += 1
  }

  private blockSize(): number {
    if (this.configured !== 'auto') return this.configured
    const rows = this.d.updateEvery * Math.max(1, this.parts.table.live)
    return Math.max(1, Math.min(rows, BLOCK_MAX))
  }

  private gather(count: number): void {
    const { pending, windowed } = this.parts.table
    for (let s = pending.first; s !== null; s = pending.after(s)) {
      if (!this.isOverdue(s, count)) break
      this.join(s)
    }
    let leaving = windowed.first
    for (let i = windowed.size - this.limits.max; i > 0 && leaving !== null; i--) {
      this.join(leaving)
      leaving = windowed.after(leaving)
    }
    if (!this.learn) return
    for (let i = 0; i < this.readyCount; i++) this.gatherRuns(this.ready[i] as Sequence)
    sortByCount(this.runs, this.runCount)
  }

  /** Whether a sequence with losses to learn has waited for too long; see `Learning`. */
  private isOverdue({ core }: Sequence, count: number): boolean {
    if (this.counters[2]! - core[HEADER.pendingBlock]! <= PENDING_BLOCKS_MAX) return false
    const turns = 2 * this.d.updateEvery * this.parts.table.live
    return count - core[HEADER.pendingSince]! > turns
  }

  private gatherRuns(sequence: Sequence): void {
    const { windows } = this.parts
    let newest = windows.newestUnlearnt(sequence, sequence.steps)
    while (newest >= 0) {
      const run = this.runs[this.runCount] ?? this.makeRun(sequence)
      run.sequence = sequence
      run.newest = newest
      run.count = windows.countOf(sequence, newest)
      windows.placeRun(sequence, newest, run.place)
      this.runCount++
      newest = windows.newestUnlearnt(sequence, run.place.oldest - 1)
    }
  }

  private makeRun(sequence: Sequence): Run {
    const place = { start: 0, fromZero: false, oldest: 0 }
    const run = { sequence, newest: 0, count: 0, place }
    this.runs.push(run)
    return run
  }

  /** The sequence takes part in the next boundary. */
  private join(sequence: Sequence): void {
    if (sequence.ready) return
    sequence.ready = true
    this.ready[this.readyCount++] = sequence
  }

  private update(chain: Hash64): void {
    const { runs, batch } = this
    const { networks } = this.parts
    for (let from = 0; from < this.runCount; from += RUNS_MAX) {
      const to = Math.min(this.runCount, from + RUNS_MAX)
      batch.clear()
      for (let i = from; i < to; i++) this.writeRun(runs[i] as Run)
      for (let j = 0; j < networks.length; j++) {
        networks[j]!.network.accumulate(batch, this.starts[j]!)
      }
    }
    let applied = false
    for (let j = 0; j < networks.length; j++) {
      const report = networks[j]!.network.finishUpdate()
      chain.float64(finite(report.loss))
      chain.float64(finite(report.gradientNorm))
      applied ||= report.applied
      if (j > 0) continue
      this.newest.loss = report.loss
      this.newest.gradientNorm = report.gradientNorm
      this.newest.clipped = report.clipped
      this.newest.applied = report.applied
    }
    if (applied) this.counters[3]! += 1
  }

  private writeRun({ sequence, newest, place }: Run): void {
    const { windows, networks } = this.parts
    const { batch } = this
    windows.writeRun(sequence, newest, place, batch)
    const states = place.fromZero ? 0 : windows.checkpointOf(sequence, place.start)
    const { float32 } = windows.memoryOf(sequence)
    for (let j = 0; j < networks.length; j++) {
      const { network, statesAt } = networks[j]!
      const { stateSize } = network
      const to = this.starts[j]!
      const row = (batch.runs - 1) * stateSize
      for (let i = 0; i < stateSize; i++) {
        to[row + i] = place.fromZero ? 0 : float32[states + statesAt + i]!
      }
    }
  }

  private joined(sequence: Sequence, record: number): void {
    const { table, fields } = this.parts
    const { core } = sequence
    table.touch(sequence)
    core[HEADER.joinedAt] = core[HEADER.steps]!
    core[HEADER.learnable] = 0
    core[HEADER.pendingSince] = 0
    core[HEADER.lastChanged] = record
    core[fields.learntTo] = Math.max(0, sequence.steps - 1)
    core[fields.ended] = 0
    sequence.ready = false
    if (table.pending.has(sequence)) table.pending.remove(sequence)
  }

  /** Windows above `max` and sequences above `keep` go, the least recently used first. */
  private release(record: number): void {
    const { table, windows } = this.parts
    const { limits } = this
    while (table.windowed.size > limits.max) {
      const sequence = table.windowed.first
      if (sequence === null) break
      table.touch(sequence)
      windows.close(sequence)
      sequence.core[HEADER.lastChanged] = record
      table.windowed.remove(sequence)
      this.evicted.windows++
    }
    while (table.live > limits.keep) {
      const sequence = table.used.first
      if (sequence === null) break
      table.touch(sequence)
      windows.close(sequence)
      table.remove(sequence)
      this.evicted.sequences++
    }
  }
}

/** Sorts the first `count` runs by their counts, of which no two are equal, in place. */
function sortByCount(runs: Run[], count: number): void {
  for (let gap = count >> 1; gap > 0; gap >>= 1) {
    for (let i = gap; i < count; i++) {
      const run = runs[i] as Run
      let j = i
      for (; j >= gap && (runs[j - gap] as Run).count > run.count; j -= gap) {
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
