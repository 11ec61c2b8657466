import type { Kernel } from '../../kernels/kernel.ts'
import type { Guard } from '../guard.ts'
import { type NetworkHealth, norm, SATURATED, SEQUENCES_MAX } from '../health.ts'
import type { NetworkMember } from '../networks.ts'
import type { SequenceTable } from '../sequence.ts'
import type { CaseLearning } from './learning.ts'
import type { CaseNetworks } from './networks.ts'
import type { CaseWindows } from './windows.ts'

interface HealthParts {
  readonly table: SequenceTable
  readonly windows: CaseWindows
  readonly networks: CaseNetworks
  readonly learning: CaseLearning
  readonly guard: Guard
  readonly kernel: Pick<Kernel, 'arenaBytes'>
  readonly learn: boolean
}

/** How the learning of a supervised task fares: reads, and changes nothing of the state. */
export class CaseHealth {
  private readonly parts: HealthParts

  constructor(parts: HealthParts) {
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

  /** The next update of every network is measured. */
  measureNext(): void {
    for (const { network } of this.parts.networks.list) network.measureNext()
  }

  networks(): NetworkHealth[] {
    const { networks, guard, learn } = this.parts
    return networks.list.map((member, j) => {
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
        rollbacks: guard.rollbacks(j),
      }
    })
  }

  private saturatedUnits({ statesAt, hiddenSize }: NetworkMember): number {
    let units = 0
    let saturated = 0
    let sequence = this.parts.table.used.last
    for (let i = 0; i < SEQUENCES_MAX && sequence !== null; i++) {
      const { home, statesAt: own } = sequence
      units += hiddenSize
      for (let j = 0; j < hiddenSize; j++) {
        if (Math.abs(home.float32[own + statesAt + j]!) > SATURATED) saturated++
      }
      sequence = this.parts.table.used.before(sequence)
    }
    return units === 0 ? NaN : saturated / units
  }
}
