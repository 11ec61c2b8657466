import type { SymbolsConfig } from '../../config/schema.ts'
import type { Kernel } from '../../kernels/kernel.ts'
import { type NetworkHealth, norm, SATURATED, SEQUENCES_MAX } from '../health.ts'
import type { SequenceTable } from '../sequence.ts'
import type { PlacedNetwork, SymbolLearning } from './learning.ts'
import type { SymbolWindows } from './windows.ts'

interface HealthParts {
  readonly table: SequenceTable
  readonly windows: SymbolWindows
  readonly networks: readonly PlacedNetwork[]
  readonly learning: SymbolLearning
  readonly kernel: Pick<Kernel, 'arenaBytes'>
  readonly config: SymbolsConfig
}

/** How the learning of a symbols task fares: reads, and changes nothing of the state. */
export class SymbolHealth {
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

  /** Networks of symbols measure no update: `updateSize` stays unknown. */
  measureNext(): void {}

  networks(): NetworkHealth[] {
    const { networks, config } = this.parts
    return networks.map((placed) => {
      const { network } = placed
      const { gradientNorm, size, clipped, refused } = network.updatesObserved
      return {
        network: placed.name,
        learningRate: config.model.learn ? network.learningRate : 0,
        gradientNorm,
        weightNorm: norm(network.stateArrays().parameters),
        updateSize: size,
        saturatedUnits: this.saturatedUnits(placed),
        clippedUpdates: clipped,
        refusedUpdates: refused,
        rollbacks: 0,
      }
    })
  }

  private saturatedUnits({ statesAt, network }: PlacedNetwork): number {
    const { table } = this.parts
    const hidden = network.spec.layers * network.spec.hidden
    let units = 0
    let saturated = 0
    let sequence = table.used.last
    for (let i = 0; i < SEQUENCES_MAX && sequence !== null; i++) {
      const { home, statesAt: own } = sequence
      units += hidden
      for (let j = 0; j < hidden; j++) {
        if (Math.abs(home.float32[own + statesAt + j]!) > SATURATED) saturated++
      }
      sequence = table.used.before(sequence)
    }
    return units === 0 ? NaN : saturated / units
  }
}
