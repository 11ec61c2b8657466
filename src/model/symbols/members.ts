import type { SymbolsConfig } from '../../config/schema.ts'
import type { Kernel } from '../../kernels/kernel.ts'
import type { NextSymbols } from '../../record/types.ts'
import type { Hash64 } from '../hash.ts'
import type { Layout } from '../layout.ts'
import type { Sequence } from '../sequence.ts'
import type { SharedArray } from '../state.ts'
import { bitsOf, NetworkCoder, type SymbolCoder } from './coder.ts'
import { ContextMixer } from './contexts/context-mixer.ts'
import type { SymbolDimensions } from './dimensions.ts'
import type { PlacedNetwork } from './learning.ts'
import { buildSymbolNetworks, networkArrays } from './networks.ts'
import type { PageTable } from './pages.ts'
import { SymbolScores } from './scores.ts'

/** Sizes that the members are made for. */
interface MemberSizes {
  readonly d: SymbolDimensions
  /** V */
  readonly symbols: number
  /** False: the networks begin with zero weights, at once. */
  readonly seeded: boolean
}

/**
 * What predicts symbols: the networks, and the contexts that mix their own members with them and
 * code; in a portfolio of the network alone its distribution codes as it is. Each is scored on
 * every symbol.
 */
export class SymbolMembers {
  /** Members of the contexts, then the networks. */
  readonly names: readonly string[]
  readonly networks: readonly PlacedNetwork[]
  readonly scores: SymbolScores
  /** Bits that the symbols of the newest record have cost each member and the mixture, (M + 1). */
  readonly recordBits: Float64Array
  readonly coder: SymbolCoder
  /** S: floats of all networks' states of a sequence. */
  readonly stateSize: number
  private readonly contexts: ContextMixer | null
  private readonly learn: boolean
  /** Members that are the contexts' own: the first of the coder's. */
  private readonly own: number
  /** P(next symbol) by each network, (V). */
  private readonly distributions: readonly Float64Array[]
  /** What `distributions` were computed for last, so that a look is not paid for twice. */
  private lookedAt: Sequence | null = null
  private lookedAfter = -1

  constructor(core: Layout, config: SymbolsConfig, kernel: Kernel, sizes: MemberSizes) {
    const { task, model } = config
    const { d, symbols, seeded } = sizes
    this.learn = model.learn
    this.networks = buildSymbolNetworks(config, d, kernel, symbols, seeded)
    this.stateSize = this.networks.reduce((sum, { network }) => sum + network.stateSize, 0)
    this.distributions = this.networks.map(() => new Float64Array(symbols))
    this.contexts =
      model.portfolio === 'network'
        ? null
        : new ContextMixer(core, {
            bits: task.contexts.bits,
            symbols,
            bytes: task.alphabet === 'bytes',
            networks: this.networks.length,
          })
    this.coder = this.contexts ?? new NetworkCoder(symbols)
    // The contexts tell of the networks too, last: here those have names and scores of their own.
    const { memberNames } = this.coder
    this.own = this.contexts === null ? 0 : memberNames.length - this.networks.length
    this.names = [...memberNames.slice(0, this.own), ...this.networks.map(({ name }) => name)]
    this.scores = new SymbolScores(this.names)
    this.recordBits = new Float64Array(this.names.length + 1)
  }

  /** null where there are no contexts. */
  get pages(): PageTable | null {
    return this.contexts?.pages ?? null
  }

  /** A sequence begins, or begins anew: from states of zeros and contexts without a past. */
  reset({ core, home, statesAt }: Sequence): void {
    home.float32.fill(0, statesAt, statesAt + this.stateSize)
    this.coder.reset(core)
    this.lookedAt = null
  }

  /** Opens the sequence's next symbol, before which the partition has taken `count` steps. */
  begin(sequence: Sequence, count: number): void {
    this.look(sequence, count)
    this.coder.begin(sequence.core, this.distributions)
  }

  /** The symbols that the sequence is expected to go on with: a look, nothing changes. */
  top(sequence: Sequence, count: number, most: number, next: NextSymbols): void {
    this.look(sequence, count)
    this.coder.top(sequence.core, this.distributions, most, next)
  }

  /**
   * All decisions for `symbol` are made: scores every member, and all that is cheap learns; the
   * sequence's states advance. The chain hash takes in every cost and the new states. Returns what
   * the symbol has cost, in bits.
   */
  end(sequence: Sequence, symbol: number, chain: Hash64): number {
    const { coder, networks, distributions, own } = this
    const bits = coder.end(sequence.core)
    for (let i = 0; i < own; i++) this.score(i, coder.memberBits[i]!, chain)
    for (let j = 0; j < networks.length; j++) {
      this.score(own + j, bitsOf(distributions[j]![symbol]!), chain)
    }
    this.score(own + networks.length, bits, chain)
    const { float32 } = sequence.home
    for (let j = 0; j < networks.length; j++) {
      const { network, statesAt } = networks[j]!
      const at = sequence.statesAt + statesAt
      if (this.learn) network.learnOutput(float32, at, distributions[j]!, symbol)
      network.advance(float32, at, symbol)
    }
    chain.words(sequence.home.words, sequence.statesAt, this.stateSize)
    return bits
  }

  /** What of the members is state and shared by all sequences, tables in pages not included. */
  arrays(): SharedArray[] {
    return [
      { name: 'scores', array: this.scores.sums },
      ...(this.contexts?.sharedArrays() ?? []),
      ...networkArrays(this.networks),
    ]
  }

  /** `arrays` were written by a restore. */
  restored(): void {
    for (const { network } of this.networks) network.stateWritten()
    this.lookedAt = null
  }

  /** Computes what the networks expect of the sequence's next symbol. */
  private look(sequence: Sequence, count: number): void {
    if (this.lookedAt === sequence && this.lookedAfter === count) return
    const { float32 } = sequence.home
    for (let j = 0; j < this.networks.length; j++) {
      const { network, statesAt } = this.networks[j]!
      network.distribution(float32, sequence.statesAt + statesAt, this.distributions[j]!)
    }
    this.lookedAt = sequence
    this.lookedAfter = count
  }

  private score(i: number, bits: number, chain: Hash64): void {
    this.scores.add(i, bits)
    this.recordBits[i]! += bits
    chain.float64(bits)
  }
}
