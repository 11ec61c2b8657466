import type { NextSymbols } from '../../../record/types.ts'
import type { Layout } from '../../layout.ts'
import type { SharedArray } from '../../state.ts'
import type { PageTable } from '../pages.ts'
import { type ContextOptions, DecisionInputs, depthOf } from './decision-inputs.ts'
import { FinalMaps } from './final-maps.ts'
import { LikeliestSymbols } from './likeliest.ts'
import { bitsOf, COST, LEVELS } from './logistic.ts'

export type { ContextOptions } from './decision-inputs.ts'

const SHARES = 65_536

/**
 * What has followed the newest symbols of a sequence before, learnt as a code of its symbols by
 * context mixing: a symbol is a row of binary decisions, its most significant bit first, each is
 * predicted by many contexts and a match, their logits, and those of networks, are mixed by weights
 * that small contexts choose, and what comes out is calibrated. All of it learns at every decision.
 *
 * For each symbol: `begin`, then `probability` and `decide` for each decision, then `end`.
 */
export class ContextMixer {
  /** Contexts, 'match', and a name for each network. */
  readonly memberNames: readonly string[]
  readonly pages: PageTable
  /** Cost of the symbol in bits if each member had coded it alone, in the order of the names. */
  readonly memberBits: Float64Array
  /** Binary decisions of a symbol. */
  readonly decisions: number
  private readonly symbols: number
  private readonly inputs: DecisionInputs
  private readonly maps: FinalMaps
  private readonly likeliest: LikeliestSymbols
  private node = 1
  private decided = 0
  /** Probability of a one out of 65,536; 0 where no symbol has one. */
  private share = 0
  /** Probability of the decisions so far. */
  private readonly product = new Float64Array(1)
  private readonly oneAt = (node: number, decided: number): number => {
    this.node = node
    this.decided = decided
    this.inputs.look(node, decided)
    this.predict()
    return this.share / SHARES
  }

  /** Claims the part of a sequence in `core`, a layout of `Float64Array`s. */
  constructor(core: Layout, options: ContextOptions) {
    this.symbols = options.symbols
    this.decisions = depthOf(options.symbols)
    this.inputs = new DecisionInputs(core, options)
    this.maps = new FinalMaps(this.inputs.tables)
    this.pages = this.inputs.tables.pages
    this.memberNames = this.inputs.memberNames
    this.memberBits = new Float64Array(this.memberNames.length)
    this.likeliest = new LikeliestSymbols(this.decisions)
  }

  /** All of the state that lies neither in `pages` nor in the sequences. */
  sharedArrays(): SharedArray[] {
    return this.inputs.sharedArrays()
  }

  /** To be called for a new sequence and behind the end of one: what came before is forgotten. */
  reset(core: Float64Array): void {
    this.inputs.reset(core)
  }

  /**
   * Opens the next symbol of the sequence. `networks`: a distribution over all symbols from each
   * network, (V); null where one has none.
   */
  begin(core: Float64Array, networks: readonly (Float64Array | null)[]): void {
    this.inputs.read(core, networks)
    this.memberBits.fill(0)
    this.product[0] = 1
    this.node = 1
    this.decided = 0
    this.inputs.claim(1, 0)
    this.predict()
  }

  /**
   * Probability that the next decision is a one, out of 65,536: 1 … 65,535, and 0 where it can only
   * be a zero, since no symbol of the alphabet has a one there.
   */
  probability(): number {
    return this.share
  }

  /** The decision as it was: everything learns from it. One that was certain teaches nothing. */
  decide(bit: 0 | 1): void {
    if (this.share > 0) {
      const share = bit === 1 ? this.share : SHARES - this.share
      this.product[0] = (this.product[0]! * share) / SHARES
      this.addMemberBits(bit)
      this.inputs.learn(bit)
      this.maps.learn(bit)
    }
    this.node = 2 * this.node + bit
    this.decided++
    if (this.decided === this.decisions) return
    this.inputs.claim(this.node, this.decided)
    this.predict()
  }

  /** Closes the symbol, which is part of the sequence now. Its cost in bits under the mixture. */
  end(core: Float64Array): number {
    this.inputs.push(core, this.node - (1 << this.decisions))
    return bitsOf(this.product[0]!)
  }

  /**
   * The k likeliest next symbols of a sequence as they would be coded now; changes no state. Not to
   * be called between `begin` and `end`.
   */
  top(
    core: Float64Array,
    networks: readonly (Float64Array | null)[],
    k: number,
    next: NextSymbols,
  ): void {
    this.inputs.read(core, networks)
    this.likeliest.search(this.oneAt, k, next)
  }

  private predict(): void {
    const { node, decided, inputs } = this
    const firstWithOne = ((2 * node + 1) << (this.decisions - decided - 1)) - (1 << this.decisions)
    if (firstWithOne >= this.symbols) {
      this.share = 0
      return
    }
    inputs.mix()
    const { logit, last, beforeLast } = inputs
    this.share = this.maps.shareOf(logit, node, last, beforeLast, SHARES)
  }

  private addMemberBits(bit: number): void {
    const { memberBits } = this
    const { memberOnes } = this.inputs
    for (let i = 0; i < memberBits.length; i++) {
      const p = bit === 1 ? memberOnes[i]! : 1 - memberOnes[i]!
      memberBits[i] = memberBits[i]! + COST[Math.min(LEVELS - 1, Math.trunc(p * LEVELS))]!
    }
  }
}
