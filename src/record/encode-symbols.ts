import { ByteWriter, Piece } from './byte-writer.ts'
import { JsonNames } from './json-names.ts'
import { OutputFrame } from './output-frame.ts'
import type { SymbolsForecast } from './types.ts'

export interface SymbolsEncoderOptions {
  /** Name of the application, written into every record. */
  readonly application: string
  /**
   * The text of a symbol by its number in the alphabet, null for the one that stands for all that
   * are unknown. Without it symbols are bytes: numbers from 0 to 255.
   */
  readonly name?: ((symbol: number) => string | null) | undefined
}

const BRACE = new Piece('{')
const NEXT = new Piece(',"next":[')
const FIRST_SYMBOL = new Piece('{"symbol":')
const SYMBOL = new Piece('},{"symbol":')
const PROBABILITY = new Piece(',"probability":')
const NONE_OBSERVED = new Piece('],"observed":{"symbols":')
const OBSERVED = new Piece('}],"observed":{"symbols":')
const BITS = new Piece(',"bits":')
const SURPRISE = new Piece(',"surprise":')
const END = new Piece('}')
const NULL = new Piece('null')

/**
 * SymbolsForecast → the JSON of one output record (design §5): the symbols expected next, the most
 * likely first, and what those of this record have cost. A symbol is its text, a number from 0 to
 * 255 where symbols are bytes, or null for the unknown one. Probabilities, bits and surprise have
 * nine significant digits, and are null where they are not known. Known symbols and sequences on
 * known days are written without allocating.
 */
export class SymbolsEncoder {
  readonly #frame: OutputFrame
  readonly #name: ((symbol: number) => string | null) | null
  readonly #names = new JsonNames()
  /** Bits and surprise on their way: a double that is passed to a function may go to the heap. */
  readonly #observed = new Float64Array(2)
  readonly #own = new ByteWriter()

  constructor({ application, name }: SymbolsEncoderOptions) {
    this.#frame = new OutputFrame(application)
    this.#name = name ?? null
  }

  /** `offset` of the input record in its partition; its digits are written as a JSON number. */
  write(out: ByteWriter, offset: bigint, forecast: SymbolsForecast): void {
    out.piece(BRACE)
    this.writeMembers(out, offset, forecast)
  }

  /** The same but for the brace in front: for those who put members of their own there. */
  writeMembers(out: ByteWriter, offset: bigint, forecast: SymbolsForecast): void {
    const { next, observed } = forecast
    this.#frame.head(out, offset, forecast)
    out.piece(NEXT)
    for (let i = 0; i < next.count; i++) {
      out.piece(i === 0 ? FIRST_SYMBOL : SYMBOL)
      this.#writeSymbol(out, next.symbols[i] as number)
      out.piece(PROBABILITY)
      out.rounded(next.probabilities, i)
    }
    out.piece(next.count === 0 ? NONE_OBSERVED : OBSERVED)
    out.integer(observed.symbols)
    this.#observed[0] = observed.bits
    this.#observed[1] = observed.surprise
    out.piece(BITS)
    out.rounded(this.#observed, 0)
    out.piece(SURPRISE)
    out.rounded(this.#observed, 1)
    out.piece(END)
    this.#frame.tail(out, forecast.records, forecast.updates)
  }

  /** The record as a string, for the few that want one. */
  encode(offset: bigint, forecast: SymbolsForecast): string {
    this.#own.reset()
    this.write(this.#own, offset, forecast)
    return this.#own.view().toString()
  }

  #writeSymbol(out: ByteWriter, symbol: number): void {
    if (this.#name === null) {
      out.integer(symbol)
      return
    }
    const name = this.#name(symbol)
    out.piece(name === null ? NULL : this.#names.of(name))
  }
}
