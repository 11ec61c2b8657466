import { log } from '../../kernels/transcendental.ts'
import type { NextSymbols } from '../../record/types.ts'

/** One half, in the units of a decision's probability. */
const ONE = 65_536
const LN2 = log(2)

/** A symbol as binary decisions, most significant bit first, and what learns from them. */
export interface SymbolCoder {
  /** Members of its own, beside the networks. */
  readonly memberNames: readonly string[]
  /** What the newest symbol would have cost each of them alone, in bits. */
  readonly memberBits: Float64Array
  /** The contexts of a sequence start empty. */
  reset(core: Float64Array): void
  /** Opens the next symbol of a sequence; `networks`: each one's distribution over all symbols. */
  begin(core: Float64Array, networks: readonly Float64Array[]): void
  /** P(the next decision is 1) of 65,536: 1 … 65,535. */
  probability(): number
  decide(bit: 0 | 1): void
  /** After the last decision: what the symbol has cost, in bits. */
  end(core: Float64Array): number
  /** The `count` most likely next symbols: a look, nothing changes. */
  top(core: Float64Array, networks: readonly Float64Array[], count: number, next: NextSymbols): void
}

/** Decisions it takes to tell one of so many symbols. */
export function decisionsFor(symbols: number): number {
  return 32 - Math.clz32(symbols - 1)
}

/** −log₂ p, at most 1,024: p may be as small as a double gets. */
export function bitsOf(p: number): number {
  return Math.min(1024, -log(Math.max(p, Number.MIN_VALUE)) / LN2)
}

/** Codes by the distribution of one network, as it is: nothing beside it learns. */
export class NetworkCoder implements SymbolCoder {
  readonly memberNames: readonly string[] = []
  readonly memberBits = new Float64Array(0)
  private readonly decisions: number
  private distribution: Float64Array = new Float64Array(0)
  /** First symbol of the branch that has been decided for, and the symbols of half of it. */
  private first = 0
  private half = 0
  /** Of the next decision; 0 = not computed yet. */
  private one = 0
  private bits = 0

  constructor(symbols: number) {
    this.decisions = decisionsFor(symbols)
  }

  reset(): void {}

  begin(_: Float64Array, [distribution]: readonly Float64Array[]): void {
    if (distribution !== undefined) this.distribution = distribution
    this.first = 0
    this.half = (1 << this.decisions) >>> 1
    this.one = 0
    this.bits = 0
  }

  probability(): number {
    if (this.one > 0) return this.one
    const middle = this.first + this.half
    const zeros = this.sum(this.first, middle)
    const ones = this.sum(middle, middle + this.half)
    const share = zeros + ones > 0 ? ones / (zeros + ones) : 0.5
    this.one = Math.max(1, Math.min(Math.round(ONE * share), ONE - 1))
    return this.one
  }

  decide(bit: 0 | 1): void {
    const one = this.probability()
    this.bits += bitsOf((bit === 1 ? one : ONE - one) / ONE)
    if (bit === 1) this.first += this.half
    this.half >>= 1
    this.one = 0
  }

  end(): number {
    return this.bits
  }

  top(
    _: Float64Array,
    [distribution]: readonly Float64Array[],
    count: number,
    next: NextSymbols,
  ): void {
    next.count = 0
    if (distribution === undefined) return
    const most = Math.min(count, distribution.length)
    for (let symbol = 0; symbol < distribution.length && most > 0; symbol++) {
      const p = distribution[symbol]!
      if (next.count === most && p <= next.probabilities[most - 1]!) continue
      let at = next.count === most ? most - 1 : next.count++
      for (; at > 0 && p > next.probabilities[at - 1]!; at--) {
        next.symbols[at] = next.symbols[at - 1]!
        next.probabilities[at] = next.probabilities[at - 1]!
      }
      next.symbols[at] = symbol
      next.probabilities[at] = p
    }
  }

  private sum(from: number, until: number): number {
    const { distribution } = this
    const end = Math.min(until, distribution.length)
    let sum = 0
    for (let symbol = from; symbol < end; symbol++) sum += distribution[symbol]!
    return sum
  }
}
