import { exp, log } from '../../kernels/transcendental.ts'
import type { Layout } from '../layout.ts'
import { SurpriseRank } from '../surprise.ts'

const LN2 = log(2)

/**
 * How unlikely a record was: the bits that its symbols cost in the mean, as the share of the
 * sequence's recent records that cost less. The mean probability of a symbol, 2^−bits, ranks
 * records as the bits do, and lies in [0, 1] as what `SurpriseRank` takes.
 */
export class RecordSurprise {
  private readonly ranks: SurpriseRank

  constructor(core: Layout) {
    this.ranks = new SurpriseRank(core, 1)
  }

  /** What all sequences share; state. */
  get shared(): Float64Array {
    return this.ranks.shared
  }

  /** A new sequence starts with what all sequences know. */
  begin(core: Float64Array): void {
    this.ranks.begin(core, 0)
  }

  /** Rank in [0, 1] of a record of `symbols` symbols, remembered; NaN where it has none. */
  rank(core: Float64Array, bits: number, symbols: number): number {
    if (symbols === 0) return NaN
    const probability = exp((-bits / symbols) * LN2)
    const rank = this.ranks.rank(core, 0, probability)
    this.ranks.learn(0, probability)
    return rank
  }
}
