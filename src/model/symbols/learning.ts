import type { SymbolsConfig } from '../../config/schema.ts'
import { SymbolBatch, type SymbolNetwork } from '../../rnn/index.ts'
import { BlockLearning, type Run, sortRuns } from '../block-learning.ts'
import type { Hash64 } from '../hash.ts'
import { HEADER, type Sequence, type SequenceTable } from '../sequence.ts'
import type { SymbolDimensions } from './dimensions.ts'
import type { SymbolFields } from './fields.ts'
import type { SymbolWindows, WrittenRun } from './windows.ts'

/** Runs one update may hold before they are passed on to the networks. */
export const RUNS_MAX = 16

/** A run with its place in the window. */
interface PlacedRun extends Run {
  readonly place: WrittenRun
}

/** A network with the place of its state among those of all networks. */
export interface PlacedNetwork {
  readonly name: string
  readonly network: SymbolNetwork
  readonly statesAt: number
  /** Hidden units of all its layers; its state begins with them. */
  readonly hiddenSize: number
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
export class SymbolLearning extends BlockLearning<SymbolWindows> {
  private readonly parts: LearningParts
  private readonly learn: boolean
  private readonly runs: PlacedRun[] = []
  private readonly batch: SymbolBatch
  private readonly starts: readonly Float32Array[]

  constructor(config: SymbolsConfig, d: SymbolDimensions, parts: LearningParts) {
    const { networks, table, windows } = parts
    const { updateEvery } = d
    super({ updateEvery, block: config.model.block, limits: config.sequences }, table, windows)
    this.parts = parts
    this.learn = config.model.learn && networks.length > 0
    this.batch = new SymbolBatch({ runsMax: RUNS_MAX, stepsMax: d.stateEvery + d.window })
    this.starts = networks.map(({ network }) => new Float32Array(RUNS_MAX * network.stateSize))
  }

  /** A life of the sequence has ended: what is left of it is learnt at the next boundary. */
  lifeEnded(sequence: Sequence): void {
    if (sequence.core[HEADER.learnable] === 0) return
    sequence.core[this.parts.fields.ended] = 1
    this.join(sequence)
  }

  /**
   * Ends the block at step `count`, in record `record`: learns, sheds and evicts. The chain hash
   * takes it in.
   */
  endBlock(count: number, record: number, chain: Hash64): void {
    this.gather(count)
    if (this.runCount > 0) this.update(chain)
    this.end(count, record)
  }

  protected override isReady(sequence: Sequence): boolean {
    return super.isReady(sequence) || sequence.core[this.parts.fields.ended] === 1
  }

  private gather(count: number): void {
    this.collect(count)
    if (!this.learn) return
    for (let i = 0; i < this.readyCount; i++) this.gatherRuns(this.ready[i] as Sequence)
    sortRuns(this.runs, this.runCount)
  }

  private gatherRuns(sequence: Sequence): void {
    const { windows } = this.parts
    let newest = windows.newestUnlearnt(sequence, sequence.steps)
    while (newest >= 0) {
      const run = this.runs[this.runCount] ?? this.makeRun(sequence)
      run.sequence = sequence
      run.newest = newest
      run.takenAt = windows.countOf(sequence, newest)
      windows.placeRun(sequence, newest, run.place)
      this.runCount++
      newest = windows.newestUnlearnt(sequence, run.place.oldest - 1)
    }
  }

  private makeRun(sequence: Sequence): PlacedRun {
    const place = { start: 0, fromZero: false, oldest: 0 }
    const run = { sequence, newest: 0, takenAt: 0, place }
    this.runs.push(run)
    return run
  }

  private update(chain: Hash64): void {
    const { runs, batch } = this
    const { networks } = this.parts
    for (let from = 0; from < this.runCount; from += RUNS_MAX) {
      const to = Math.min(this.runCount, from + RUNS_MAX)
      batch.clear()
      for (let i = from; i < to; i++) this.writeRun(runs[i] as PlacedRun)
      for (let j = 0; j < networks.length; j++) {
        networks[j]!.network.accumulate(batch, this.starts[j]!)
      }
    }
    let applied = false
    for (let j = 0; j < networks.length; j++) {
      const report = networks[j]!.network.finishUpdate()
      this.report(report, j === 0, chain)
      applied ||= report.applied
    }
    if (applied) this.counters[3]! += 1
  }

  private writeRun({ sequence, newest, place }: PlacedRun): void {
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

  protected override joined(sequence: Sequence, record: number): void {
    const { fields } = this.parts
    super.joined(sequence, record)
    sequence.core[fields.learntTo] = Math.max(0, sequence.steps - 1)
    sequence.core[fields.ended] = 0
  }
}
