import type { UpdateReport } from '../rnn/index.ts'
import type { Hash64 } from './hash.ts'
import { ABSENT } from './layout.ts'
import { HEADER, type Sequence, type SequenceTable } from './sequence.ts'
import type { SequenceWindows } from './state.ts'

/**
 * A sequence whose oldest learnable step has waited for more blocks than this joins, however few it
 * has, but not before it has had the time to be seen as often as the others: where hundreds take
 * turns, 64 short blocks are less than one turn, and every step would bring a run of its own.
 */
const PENDING_BLOCKS_MAX = 64
/** Rows that fill the processor's vector units; larger blocks only mean fewer updates. */
export const AUTO_BLOCK_MAX = 8

/** What decides when a block ends and who takes part, from a configuration. */
interface BlockSettings {
  readonly updateEvery: number
  readonly block: number | 'auto'
  /** How many sequences may hold a window, and how many there may be. */
  readonly limits: { readonly max: number; readonly keep: number }
  /** Numbers among the counters that are the owner's, behind the four of the blocks. */
  readonly furtherCounters?: number
}

/** What the newest update did to the network that stands for all. */
export interface UpdateSummary {
  loss: number
  gradientNorm: number
  clipped: boolean
  applied: boolean
}

/** One run to be learnt: its newest step, and that one's number among all of the partition. */
export interface Run {
  sequence: Sequence
  newest: number
  takenAt: number
}

/**
 * What learns at the ends of blocks (design §1, rules 2 to 4): when a block ends, who takes part in
 * its update, and what goes then as there are more sequences than the bounds allow. Times are
 * counts: of records, or of steps where a record has many.
 */
export abstract class BlockLearning<W extends SequenceWindows> {
  /** blockStart, blockSize, blockIndex, updates, then what the owner counts; part of the state. */
  readonly counters: Float64Array
  /** Windows and sequences that the bounds took since this object was made; for those who watch. */
  readonly evicted = { windows: 0, sequences: 0 }
  readonly newest: UpdateSummary = { loss: 0, gradientNorm: 0, clipped: false, applied: false }
  /** Those that join at the next boundary, the first `readyCount`. */
  protected readonly ready: Sequence[] = []
  protected readyCount = 0
  /** The runs of the boundary in hand, the first `runCount`; the objects are used again. */
  protected runCount = 0
  private due = false
  private readonly settings: BlockSettings
  protected readonly table: SequenceTable
  protected readonly windows: W
  private readonly gone: (sequence: Sequence) => void

  /** `gone` is told of a sequence right before the table forgets it. */
  constructor(
    settings: BlockSettings,
    table: SequenceTable,
    windows: W,
    gone: (sequence: Sequence) => void = () => {},
  ) {
    this.settings = settings
    this.table = table
    this.windows = windows
    this.gone = gone
    this.counters = new Float64Array(4 + (settings.furtherCounters ?? 0))
    this.counters[1] = this.size()
  }

  get updates(): number {
    return this.counters[3]!
  }

  /** The state was written by a restore: finds again who joins at the next boundary. */
  restored(): void {
    const { pending } = this.table
    for (let s = pending.first; s !== null; s = pending.after(s)) {
      if (this.isReady(s)) this.join(s)
    }
  }

  /** A loss of a step that had none before has arrived: the step has become learnable. */
  becameLearnable(sequence: Sequence, now: number): void {
    const { core } = sequence
    core[HEADER.learnable]! += 1
    if (core[HEADER.learnable] === 1) {
      core[HEADER.pendingSince] = now
      core[HEADER.pendingBlock] = this.counters[2]!
      this.table.pending.append(sequence)
    }
    if (core[HEADER.learnable]! >= this.settings.updateEvery) this.join(sequence)
  }

  /** A sequence has taken an own step: twice updateEvery of them without joining end the block. */
  stepped(sequence: Sequence): void {
    const { core } = sequence
    if (core[HEADER.steps]! - core[HEADER.joinedAt]! < 2 * this.settings.updateEvery) return
    this.due = true
    this.join(sequence)
  }

  /** The sequence takes part in the next boundary. */
  protected join(sequence: Sequence): void {
    if (sequence.ready) return
    sequence.ready = true
    this.ready[this.readyCount++] = sequence
  }

  /** Whether `now` ends a block. */
  boundary(now: number): boolean {
    return this.due || now - this.counters[0]! >= this.counters[1]!
  }

  /** Whether a sequence that waits to be learnt, has enough to tell. */
  protected isReady(sequence: Sequence): boolean {
    return sequence.core[HEADER.learnable]! >= this.settings.updateEvery
  }

  /** Whether the block that ends `now` finds nobody ready or overdue. */
  protected isIdle(now: number): boolean {
    const oldest = this.table.pending.first
    return this.readyCount === 0 && (oldest === null || !this.isOverdue(oldest, now))
  }

  /** Whether there are more windows or sequences than the bounds allow. */
  protected get isOver(): boolean {
    const { max, keep } = this.settings.limits
    return this.table.windowed.size > max || this.table.live > keep
  }

  /** Those who have waited for too long join, and those who lose their window now. */
  protected collect(now: number): void {
    const { pending, windowed } = this.table
    for (let s = pending.first; s !== null; s = pending.after(s)) {
      if (!this.isOverdue(s, now)) break
      this.join(s)
    }
    let leaving = windowed.first
    for (let i = windowed.size - this.settings.limits.max; i > 0 && leaving !== null; i--) {
      this.join(leaving)
      leaving = windowed.after(leaving)
    }
  }

  /** The block ends, in record `record`, when all who joined have been learnt: sheds and evicts. */
  protected end(now: number, record: number): void {
    for (let i = 0; i < this.readyCount; i++) this.joined(this.ready[i] as Sequence, record)
    this.readyCount = 0
    this.runCount = 0
    this.due = false
    this.release(record)
    this.counters[0] = now
    this.counters[1] = this.size()
    this.counters[2]! += 1
  }

  /** Takes the report of one network's update into the chain hash, and its figures to `newest`. */
  protected report(report: UpdateReport, isNewest: boolean, chain: Hash64): void {
    chain.float64(finite(report.loss))
    chain.float64(finite(report.gradientNorm))
    if (!isNewest) return
    this.newest.loss = report.loss
    this.newest.gradientNorm = report.gradientNorm
    this.newest.clipped = report.clipped
    this.newest.applied = report.applied
  }

  /** The `count` windows that were used least recently are about to go. */
  protected shedding(_count: number): void {}

  private size(): number {
    const { block, updateEvery } = this.settings
    if (block !== 'auto') return block
    return Math.max(1, Math.min(updateEvery * Math.max(1, this.table.live), AUTO_BLOCK_MAX))
  }

  /** Whether a sequence with losses to learn has waited for too long. */
  private isOverdue({ core }: Sequence, now: number): boolean {
    if (this.counters[2]! - core[HEADER.pendingBlock]! <= PENDING_BLOCKS_MAX) return false
    const turns = 2 * this.settings.updateEvery * this.table.live
    return now - core[HEADER.pendingSince]! > turns
  }

  protected joined(sequence: Sequence, record: number): void {
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
    const { table, windows } = this
    const { max, keep } = this.settings.limits
    if (table.windowed.size > max) this.shedding(table.windowed.size - max)
    while (table.windowed.size > max) {
      const sequence = table.windowed.first
      if (sequence === null) break
      table.touch(sequence)
      windows.close(sequence)
      sequence.core[HEADER.lastChanged] = record
      table.windowed.remove(sequence)
      this.evicted.windows++
    }
    while (table.live > keep) {
      const sequence = table.used.first
      if (sequence === null) break
      table.touch(sequence)
      windows.close(sequence)
      this.gone(sequence)
      table.remove(sequence)
      this.evicted.sequences++
    }
  }
}

/**
 * Puts the first `count` runs in the order in which their newest steps were taken, of which no two
 * are the same, in place: Shell's sort, as it needs no memory and runs come nearly in order.
 */
export function sortRuns(runs: Run[], count: number): void {
  for (let gap = count >> 1; gap > 0; gap >>= 1) {
    for (let i = gap; i < count; i++) {
      const run = runs[i] as Run
      let j = i
      for (; j >= gap && (runs[j - gap] as Run).takenAt > run.takenAt; j -= gap) {
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
