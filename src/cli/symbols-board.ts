import { assert } from '../assert.ts'
import type { StreamOutcome } from '../task/engine/engine.ts'
import { symbolsOf } from '../task/symbols-processor.ts'

/** Symbols of one entry of `bitsPerSymbolBy100k`. */
const STRETCH = 100_000

/** `symbols` of a report (docs/replay.md); what cannot be computed is absent. */
export interface SymbolsReport {
  /** Symbols scored. */
  count: number
  /** What an arithmetic coder would write for them, in bits. */
  bits: number
  bitsPerSymbol?: number
  symbolsPerSecond?: number
  /**
   * Mean of each 100,000 symbols scored, in their order: of whole records, so it may be of a few
   * more, and the last of fewer.
   */
  bitsPerSymbolBy100k: number[]
  members: Record<string, { bitsPerSymbol: number }>
}

/** Code lengths of one run of a `symbols` task: bits of the mixture and of each member. */
export class SymbolsBoard {
  readonly members: readonly string[]
  readonly #fromRow: number
  readonly #memberBits: Float64Array
  /** Bits and symbols of each stretch that has begun. */
  #stretches: { bits: number; count: number }[] = []
  /** All symbols, scored or not. */
  #taken = 0
  #bits = 0
  #count = 0

  constructor(members: readonly string[], fromRow: number) {
    this.members = members
    this.#fromRow = fromRow
    this.#memberBits = new Float64Array(members.length)
  }

  add(row: number, outcome: StreamOutcome): void {
    const { forecast, memberBits } = symbolsOf(outcome)
    const { bits, symbols } = forecast.observed
    this.#taken += symbols
    if (row < this.#fromRow || symbols === 0) return
    let last = this.#stretches.at(-1)
    if (last === undefined || last.count >= STRETCH) {
      last = { bits: 0, count: 0 }
      this.#stretches.push(last)
    }
    last.bits += bits
    last.count += symbols
    this.#bits += bits
    this.#count += symbols
    for (let m = 0; m < this.#memberBits.length; m++) {
      this.#memberBits[m] = (this.#memberBits[m] as number) + (memberBits[m] as number)
    }
  }

  pool(other: unknown): void {
    assert(other instanceof SymbolsBoard, 'boards of one configuration are pooled')
    this.#taken += other.#taken
    this.#bits += other.#bits
    this.#count += other.#count
    this.#stretches = [...this.#stretches, ...other.#stretches]
    for (let m = 0; m < this.#memberBits.length; m++) {
      this.#memberBits[m] = (this.#memberBits[m] as number) + (other.#memberBits[m] as number)
    }
  }

  report(seconds = 0): { symbols: SymbolsReport } {
    const count = this.#count
    const mean = (bits: number) => bits / count
    const members = this.members.map((name, m) => [
      name,
      { bitsPerSymbol: mean(this.#memberBits[m] as number) },
    ])
    return {
      symbols: {
        count,
        bits: this.#bits,
        ...(count > 0 ? { bitsPerSymbol: mean(this.#bits) } : {}),
        ...(seconds > 0 ? { symbolsPerSecond: this.#taken / seconds } : {}),
        bitsPerSymbolBy100k: this.#stretches.map((stretch) => stretch.bits / stretch.count),
        members: count > 0 ? Object.fromEntries(members) : {},
      },
    }
  }
}
