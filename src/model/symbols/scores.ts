/** Weight of the newest symbol in the fading mean (learning.md §1). */
const FADING = 1e-3
/** Sums kept per member: symbols, their bits, fading bits per symbol. */
const SUMS = 3

/** One line of the scoreboard that the model itself keeps, over all symbols. */
export interface SymbolScore {
  /** A member's name, or 'mixture'. */
  readonly member: string
  readonly symbols: number
  /** −Σ log₂ P: the exact code length of all symbols. */
  readonly bits: number
  /** NaN before the first symbol. */
  readonly bitsPerSymbol: number
  /** Fading by 0.999 a symbol; NaN before the first. */
  readonly fadingBitsPerSymbol: number
}

/** What every symbol has cost every member, and last the mixture, for ever: part of the state. */
export class SymbolScores {
  readonly sums: Float64Array
  private readonly names: readonly string[]

  constructor(members: readonly string[]) {
    this.names = [...members, 'mixture']
    this.sums = new Float64Array(SUMS * this.names.length)
  }

  /** A symbol has cost member number `i`, or the mixture behind them, so many bits. */
  add(i: number, bits: number): void {
    const { sums } = this
    const at = SUMS * i
    const count = sums[at]! + 1
    sums[at] = count
    sums[at + 1]! += bits
    sums[at + 2]! += Math.max(1 / count, FADING) * (bits - sums[at + 2]!)
  }

  /** A row per member, the mixture last. */
  summary(): SymbolScore[] {
    return this.names.map((member, i) => {
      const symbols = this.sums[SUMS * i]!
      const bits = this.sums[SUMS * i + 1]!
      return {
        member,
        symbols,
        bits,
        bitsPerSymbol: bits / symbols,
        fadingBitsPerSymbol: symbols === 0 ? NaN : this.sums[SUMS * i + 2]!,
      }
    })
  }
}
