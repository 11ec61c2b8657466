import type { Kernel } from '../kernels/kernel.ts'
import type { ObservedUpdates } from '../rnn/index.ts'
import type { Sequence, SequenceTable } from './sequence.ts'
import type { SequenceWindows } from './state.ts'
import { norm } from './witness.ts'

/** Sequences that stand for all where a mean over all would cost too much. */
const SEQUENCES_MAX = 32
/** A unit of a bounded cell beyond this hardly passes on a gradient: 1 − h² is below a tenth. */
const SATURATED = 0.95

/** How one network fares. */
export interface NetworkHealth {
  readonly network: string
  /** 0 where the network does not learn. */
  readonly learningRate: number
  /** ‖gradient‖₂ of the newest update before clipping; NaN before one. */
  readonly gradientNorm: number
  /** ‖weights‖₂ */
  readonly weightNorm: number
  /** ‖change‖₂ ÷ ‖weights‖₂ of the newest measured update; NaN before one. */
  readonly updateSize: number
  /** Share of hidden units beyond ±0.95 among the sequences used last; NaN without a sequence. */
  readonly saturatedUnits: number
  /** Updates since the model was made that were clipped, and that were dropped as not finite. */
  readonly clippedUpdates: number
  readonly refusedUpdates: number
  /** How often the guard has put its weights back, since the first record. */
  readonly rollbacks: number
}

/** A network whose health is told, with the place of its state among those of all networks. */
export interface WatchedNetwork {
  readonly name: string
  readonly statesAt: number
  readonly hiddenSize: number
  readonly network: {
    readonly learningRate: number
    readonly updatesObserved: Readonly<ObservedUpdates>
    readonly parameters: Float32Array
    /** Where there is none, `updateSize` stays unknown. */
    measureNext?(): void
  }
}

/** The parts of any kind of model that are looked at. */
export interface LearningParts {
  readonly table: SequenceTable
  readonly windows: SequenceWindows
  readonly learning: { readonly evicted: { readonly windows: number; readonly sequences: number } }
  /** null: nobody puts weights back. */
  readonly guard: { rollbacks(network: number): number } | null
  readonly networks: readonly WatchedNetwork[]
  readonly kernel: Pick<Kernel, 'arenaBytes'>
  readonly learn: boolean
  /** Brings host memory of sequences up to date, where their states are elsewhere. */
  readonly resident?: { pull(sequences: readonly Sequence[]): void } | null
}

/** How a model's learning fares, for those who watch: reads, and changes nothing of the state. */
export class LearningHealth<P extends LearningParts = LearningParts> {
  protected readonly parts: P

  constructor(parts: P) {
    this.parts = parts
  }

  /** Sequences that hold a window. */
  get windows(): number {
    return this.parts.table.windowed.size
  }

  /** Memory of what live sequences hold, in bytes. */
  get sequenceBytes(): number {
    const { table, windows } = this.parts
    return table.live * table.bytesPerSequence + table.windowed.size * windows.byteLength
  }

  /** What the kernel has laid out to work in, copies of what the sequences share included. */
  get kernelBytes(): number {
    return this.parts.kernel.arenaBytes
  }

  /** What the bounds on sequences took since the model was made. */
  get evicted(): { readonly windows: number; readonly sequences: number } {
    return this.parts.learning.evicted
  }

  /** The next update of every network is measured, for `updateSize`. */
  measureNext(): void {
    for (const { network } of this.parts.networks) network.measureNext?.()
  }

  networks(): NetworkHealth[] {
    const { networks, guard, learn, resident } = this.parts
    const recent: Sequence[] = []
    if (resident) this.eachRecent((sequence) => recent.push(sequence))
    resident?.pull(recent)
    return networks.map((member, j) => {
      const { network } = member
      const { gradientNorm, size, clipped, refused } = network.updatesObserved
      return {
        network: member.name,
        learningRate: learn ? network.learningRate : 0,
        gradientNorm,
        weightNorm: norm(network.parameters),
        updateSize: size,
        saturatedUnits: this.saturatedUnits(member),
        clippedUpdates: clipped,
        refusedUpdates: refused,
        rollbacks: guard?.rollbacks(j) ?? 0,
      }
    })
  }

  /** The sequences used last, the newest first. */
  protected eachRecent(visit: (sequence: Sequence) => void): void {
    const { used } = this.parts.table
    let sequence = used.last
    for (let i = 0; i < SEQUENCES_MAX && sequence !== null; i++) {
      if (sequence.steps > 0) visit(sequence)
      sequence = used.before(sequence)
    }
  }

  private saturatedUnits({ statesAt, hiddenSize }: WatchedNetwork): number {
    let units = 0
    let saturated = 0
    this.eachRecent(({ home, statesAt: own }) => {
      units += hiddenSize
      for (let i = 0; i < hiddenSize; i++) {
        if (Math.abs(home.float32[own + statesAt + i]!) > SATURATED) saturated++
      }
    })
    return units === 0 ? NaN : saturated / units
  }
}
