import { type ByteWriter, Piece } from './byte-writer.ts'
import { JsonNames } from './json-names.ts'
import type { Head } from './record-head.ts'
import { TimeWriter } from './time-writer.ts'

const OFFSET = new Piece('"offset":')
const SEQUENCE = new Piece(',"sequence":')
const TIME = new Piece(',"time":')
const RECORDS = new Piece(',"model":{"records":')
const UPDATES = new Piece(',"updates":')

/** What every output record begins and ends with, but for its braces in front. */
export class OutputFrame {
  readonly #names = new JsonNames()
  readonly #times = new TimeWriter()
  readonly #tail: Piece

  /** `application`: its name, written into every record. */
  constructor(application: string) {
    this.#tail = new Piece(`,"application":${JSON.stringify(application)}}}`)
  }

  /** The time stays in its object: a double that is passed to a function may go to the heap. */
  head(out: ByteWriter, offset: bigint, of: Readonly<Head>): void {
    out.piece(OFFSET)
    out.offset(offset)
    out.piece(SEQUENCE)
    out.piece(this.#names.of(of.sequence))
    out.piece(TIME)
    this.#times.write(out, of.timeMs)
  }

  /** Behind a closed member. */
  tail(out: ByteWriter, records: number, updates: number): void {
    out.piece(RECORDS)
    out.integer(records)
    out.piece(UPDATES)
    out.integer(updates)
    out.piece(this.#tail)
  }
}
