import { type ByteWriter, Piece } from './byte-writer.ts'
import { civilDate, dayMs, formatTime, maxTimeMs } from './time.ts'

/** A power of two: so many days in turn never push each other out. */
const DAYS = 16
const ZERO = 48
/** Before all times. */
const NO_DAY = -0x8000_0000
const NULL = new Piece('null')

/**
 * Writes times as JSON strings, the text of `formatTime` in quotes, without allocating: it keeps
 * the texts of some days, and of such a text only the clock changes from one record to the next.
 */
export class TimeWriter {
  readonly #ms = new Float64Array(1)
  /** Days since the epoch of each text. */
  readonly #days = new Int32Array(DAYS).fill(NO_DAY)
  /** The time of day that each text has now, in milliseconds. */
  readonly #clocks = new Int32Array(DAYS).fill(-1)
  readonly #texts = Array.from({ length: DAYS }, () => new Piece('"0000-00-00T00:00:00.000Z"'))

  /**
   * `ms` since the epoch: a median step may have half a millisecond, so it is cut to a whole one.
   * null where there is none or it lies beyond all times.
   */
  write(out: ByteWriter, ms: number | null): void {
    this.#ms[0] = ms ?? Number.NaN
    this.writeFrom(out, this.#ms, 0)
  }

  /** The same for `values[index]`, which need not go to the heap on its way; NaN is none. */
  writeFrom(out: ByteWriter, values: Float64Array, index: number): void {
    const ms = Math.floor(values[index] as number)
    if (Math.abs(ms) <= maxTimeMs) {
      const days = Math.floor(ms / dayMs) | 0
      const clock = (ms - days * dayMs) | 0
      const text = this.#textOf(days, clock)
      if (text !== null) out.piece(text)
      else out.text(`"${formatTime(ms)}"`)
    } else {
      out.piece(NULL)
    }
  }

  /** null for a day whose year has a sign and two digits more. */
  #textOf(days: number, clock: number): Piece | null {
    const index = days & (DAYS - 1)
    const text = this.#texts[index] as Piece
    if (this.#days[index] !== days) {
      const date = civilDate(days)
      if (date < 0 || date >> 9 > 9999) return null
      this.#days[index] = days
      writeDate(text.bytes, date)
    }
    if (this.#clocks[index] !== clock) {
      this.#clocks[index] = clock
      writeClock(text.bytes, clock)
    }
    return text
  }
}

/** `date` is that of `civilDate`. */
function writeDate(text: Uint8Array, date: number): void {
  const year = date >> 9
  const century = (year / 100) | 0
  writePair(text, 1, century)
  writePair(text, 3, year - century * 100)
  writePair(text, 6, (date >> 5) & 15)
  writePair(text, 9, date & 31)
}

/** `clock`: milliseconds since midnight. */
function writeClock(text: Uint8Array, clock: number): void {
  const seconds = (clock / 1000) | 0
  const minutes = (seconds / 60) | 0
  const hours = (minutes / 60) | 0
  const tenths = (clock / 10) | 0
  writePair(text, 12, hours)
  writePair(text, 15, minutes - hours * 60)
  writePair(text, 18, seconds - minutes * 60)
  writePair(text, 21, tenths - seconds * 100)
  text[23] = ZERO + clock - tenths * 10
}

function writePair(text: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0
  text[at] = ZERO + tens
  text[at + 1] = ZERO + value - tens * 10
}
