import type { Kernel } from '../kernels/kernel.ts'
import { type Dimensions, namesOfSlot } from './dimensions.ts'
import type { Guard } from './guard.ts'
import type { Learning } from './learning.ts'
import type { Mixture } from './mixture.ts'
import type { NetworkMember } from './networks.ts'
import type { Portfolio } from './portfolio.ts'
import type { Sequence, SequenceTable } from './sequence.ts'
import type { Windows } from './window.ts'

/** Sequences that stand for all where a mean over all would cost too much. */
export const SEQUENCES_MAX = 32
/** A unit of a bounded cell beyond this hardly passes on a gradient: 1 − h² is below a tenth. */
export const SATURATED = 0.95

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

/** Weights of the mixed members in one slot, a mean over the sequences used last. */
export interface SlotWeights {
  readonly target: string
  readonly horizon: number
  readonly weights: readonly { readonly member: string; readonly weight: number }[]
}

/** The parts of a model that are looked at. */
export interface HealthParts {
  readonly table: SequenceTable
  readonly windows: Windows
  readonly portfolio: Portfolio
  readonly mixture: Mixture
  readonly learning: Learning
  readonly guard: Guard
  readonly networks: readonly NetworkMember[]
  readonly kernel: Pick<Kernel, 'arenaBytes'>
  readonly learn: boolean
}

/** How a model's learning fares, for those who watch: reads, and changes nothing of the state. */
export class ModelHealth {
  readonly dimensions: Dimensions
  private readonly parts: HealthParts
  private readonly one: Float64Array
  private readonly sum: Float64Array

  constructor(d: Dimensions, parts: HealthParts) {
    this.dimensions = d
    this.parts = parts
    this.one = new Float64Array(parts.portfolio.mixed)
    this.sum = new Float64Array(parts.portfolio.mixed)
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
    for (const { network } of this.parts.networks) network.measureNext()
  }

  networks(): NetworkHealth[] {
    return this.parts.networks.map((member, j) => {
      const { network } = member
      const { gradientNorm, size, clipped, refused } = network.updatesObserved
      return {
        network: member.name,
        learningRate: this.parts.learn ? network.learningRate : 0,
        gradientNorm,
        weightNorm: norm(network.parameters),
        updateSize: size,
        saturatedUnits: this.saturatedUnits(member),
        clippedUpdates: clipped,
        refusedUpdates: refused,
        rollbacks: this.parts.guard.rollbacks(j),
      }
    })
  }

  /** A row per slot; no weights where no sequence has a forecast. */
  slotWeights(): SlotWeights[] {
    const { dimensions } = this
    return Array.from({ length: dimensions.slots }, (_, slot) => ({
      ...namesOfSlot(dimensions, slot),
      weights: this.weightsOf(slot),
    }))
  }

  private weightsOf(slot: number): { member: string; weight: number }[] {
    const { mixture, portfolio } = this.parts
    const { one, sum } = this
    let count = 0
    sum.fill(0)
    this.eachRecent((sequence) => {
      if (!mixture.weightsOf(sequence.core, sequence.steps - 1, slot, one)) return
      count++
      for (let i = 0; i < sum.length; i++) sum[i]! += one[i]!
    })
    if (count === 0) return []
    const members = portfolio.names.slice(0, portfolio.mixed)
    return members.map((member, i) => ({ member, weight: sum[i]! / count }))
  }

  private saturatedUnits({ statesAt, hiddenSize }: NetworkMember): number {
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

  /** The sequences used last, the newest first. */
  private eachRecent(visit: (sequence: Sequence) => void): void {
    const { used } = this.parts.table
    let sequence = used.last
    for (let i = 0; i < SEQUENCES_MAX && sequence !== null; i++) {
      if (sequence.steps > 0) visit(sequence)
      sequence = used.before(sequence)
    }
  }
}

/** ‖values‖₂ */
export function norm(values: Float32Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
  return Math.sqrt(sum)
}
