import { failure, quote } from './failure.ts'
import type { FieldReader } from './field-reader.ts'
import { readPlainNumber } from './plain-number.ts'
import type { DecodeFailure } from './types.ts'

const comma = 44
const quoteMark = 34
const lineFeed = 10
const carriageReturn = 13

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const missing = /^(?:na|null)?$/i
const notFinite = /^[+-]?(?:nan|inf(?:inity)?)$/i

/**
 * Splits one line by RFC 4180: commas, quotes around a cell, doubled quotes inside, line ends only
 * inside quotes. One line end behind the line is passed over. Cells are cut out when asked for.
 */
export class CsvLine {
  /** Number of cells of the last line, those beyond `maxCells` included. */
  count = 0
  readonly #maxCells: number
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #isEscaped: boolean[] = []
  #text = ''

  /** Only the first `maxCells` cells of a line can be asked for: a bound for hostile lines. */
  constructor(maxCells: number) {
    this.#maxCells = maxCells
  }

  split(text: string): DecodeFailure | null {
    this.#text = text
    this.count = 0
    let end = text.length
    if (text.charCodeAt(end - 1) === lineFeed) end--
    if (text.charCodeAt(end - 1) === carriageReturn && end > 0) end--
    for (let at = 0; at <= end; ) {
      const isQuoted = text.charCodeAt(at) === quoteMark && at < end
      const cellEnd = isQuoted ? this.#quoted(at, end) : this.#plain(at, end)
      if (cellEnd < 0) return undecodable(text, at)
      at = cellEnd + 1
    }
    return null
  }

  /** The cell's text without its quotes. */
  cell(index: number): string {
    const text = this.#text.slice(this.#starts[index], this.#ends[index])
    return this.#isEscaped[index] ? text.replaceAll('""', '"') : text
  }

  /** The position of the comma or end behind the cell, −1 where the cell is malformed. */
  #plain(start: number, end: number): number {
    let at = start
    for (; at < end; at++) {
      const c = this.#text.charCodeAt(at)
      if (c === comma) break
      if (c === quoteMark || c === lineFeed || c === carriageReturn) return -1
    }
    this.#add(start, at, false)
    return at
  }

  #quoted(start: number, end: number): number {
    let isEscaped = false
    for (let at = start + 1; at < end; at++) {
      if (this.#text.charCodeAt(at) !== quoteMark) continue
      const isLast = at + 1 === end
      if (!isLast && this.#text.charCodeAt(at + 1) === quoteMark) {
        isEscaped = true
        at++
      } else if (isLast || this.#text.charCodeAt(at + 1) === comma) {
        this.#add(start + 1, at, isEscaped)
        return at + 1
      } else {
        return -1
      }
    }
    return -1
  }

  #add(start: number, end: number, isEscaped: boolean): void {
    const index = this.count++
    if (index >= this.#maxCells) return
    this.#starts[index] = start
    this.#ends[index] = end
    this.#isEscaped[index] = isEscaped
  }
}

/**
 * CSV values: one line, whose cells `columns` names; of a repeated name the first one counts. As a
 * number a cell that is empty, `NA` or `null` is missing; `NaN` and `inf` are not finite; blanks
 * around a number are passed over; anything else must be a decimal number from end to end.
 */
export class CsvReader implements FieldReader {
  readonly #columns: readonly string[]
  readonly #indexes: Int32Array
  readonly #line: CsvLine
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })
  /** Where the cells of a plain line stand in the value. */
  readonly #starts: Int32Array
  readonly #ends: Int32Array
  #value: Uint8Array = new Uint8Array(0)
  readonly #number = new Float64Array(1)
  #isPlain = false
  #isSplit = false

  constructor(columns: readonly string[], names: readonly string[]) {
    this.#columns = columns
    this.#indexes = Int32Array.from(names, (name) => columns.indexOf(name))
    this.#line = new CsvLine(columns.length)
    this.#starts = new Int32Array(columns.length)
    this.#ends = new Int32Array(columns.length)
  }

  read(value: Uint8Array): DecodeFailure | null {
    this.#value = value
    this.#isSplit = false
    this.#isPlain = this.#scan(value)
    return this.#isPlain ? null : this.#split()
  }

  number(field: number): unknown {
    const index = this.#indexes[field] as number
    if (index < 0) return undefined
    if (this.#isPlain) {
      const end = readPlainNumber(this.#value, this.#starts[index] as number, this.#number, 0)
      if (end === this.#ends[index]) return this.#number[0]
    }
    const cell = this.#cell(index).trim()
    if (decimal.test(cell)) return Number(cell)
    if (missing.test(cell)) return null
    return notFinite.test(cell) ? Number.NaN : cell
  }

  label(field: number): unknown {
    const index = this.#indexes[field] as number
    if (index < 0) return undefined
    const cell = this.#cell(index)
    return cell === '' ? null : cell
  }

  textStart(field: number): number {
    const index = this.#indexes[field] as number
    if (index < 0 || !this.#isPlain) return -1
    const start = this.#starts[index] as number
    return start === this.#ends[index] ? -1 : start
  }

  textEnd(field: number): number {
    return this.#ends[this.#indexes[field] as number] as number
  }

  #cell(index: number): string {
    // A plain line always splits.
    if (!this.#isSplit) this.#split()
    return this.#line.cell(index)
  }

  /** Finds the cells of a line of ASCII without quotes; false where it is not one, or not whole. */
  #scan(value: Uint8Array): boolean {
    let end = value.length
    if (value[end - 1] === lineFeed) end--
    if (value[end - 1] === carriageReturn) end--
    const expected = this.#columns.length
    let count = 0
    let start = 0
    for (let at = 0; at <= end; at++) {
      const c = at === end ? comma : (value[at] as number)
      if (c === comma) {
        if (count === expected) return false
        this.#starts[count] = start
        this.#ends[count++] = at
        start = at + 1
      } else if (c === quoteMark || c === lineFeed || c === carriageReturn || c >= 128) {
        return false
      }
    }
    return count === expected
  }

  #split(): DecodeFailure | null {
    this.#isSplit = true
    let text: string
    try {
      text = this.#utf8.decode(this.#value)
    } catch {
      return failure('HEADRACE_RECORD_UNDECODABLE', 'The value is not valid UTF-8.')
    }
    const failed = this.#line.split(text)
    if (failed !== null) return failed
    const expected = this.#columns.length
    if (this.#line.count === expected) return null
    return failure(
      'HEADRACE_RECORD_COLUMNS',
      `The line has ${this.#line.count} cells where ${expected} columns are named: ${quote(text)}.`,
    )
  }
}

function undecodable(text: string, at: number): DecodeFailure {
  const place = `in the cell at character ${at + 1}, ${quote(text.slice(at, at + 40))}`
  return failure(
    'HEADRACE_RECORD_UNDECODABLE',
    `The value is not one line of CSV: a quote or a line end is out of place ${place}.`,
  )
}
