import { Buffer } from 'node:buffer'
import { HeadraceError } from '../errors.ts'

const comma = 44
const quoteMark = 34
const lineFeed = 10
const carriageReturn = 13

const maxRecordBytes = 64 * 1024 * 1024
/** A quoted cell that runs on for longer is taken for a stray quote. */
const maxQuotedBytes = 1024 * 1024

/**
 * Cuts a stream of bytes into records at line ends, for CSV only outside quotes. The bytes of a
 * record are those that a producer would send it as: no line end, nothing unquoted. It does not
 * judge a line, the decoder does; where quotes never close, or close in the middle of a cell, the
 * first line is a record of its own, so that a stray quote costs one line and not the whole rest.
 */
export class RecordSplitter {
  readonly #hasQuotes: boolean
  /** The bytes of the record that has begun. */
  #rest: Uint8Array = new Uint8Array(0)
  /** How far `#rest` has been searched for a line end. */
  #searched = 0
  /** Where the last line of `#rest` begins, and whether a quote is open there. */
  #lineStart = 0
  #isOpen = false

  constructor(format: 'csv' | 'json') {
    this.#hasQuotes = format === 'csv'
  }

  /**
   * Appends the records that end in this chunk to `records`; they share its memory. Blank lines are
   * passed over. Throws `HeadraceError` where a record has more than 64 MiB.
   */
  push(chunk: Uint8Array, records: Uint8Array[]): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const start = this.#cut(bytes, 0, records)
    this.#rest = bytes.subarray(start)
    this.#searched = this.#rest.length
    this.#lineStart -= start
    if (this.#rest.length > maxRecordBytes) {
      throw new HeadraceError(
        'HEADRACE_INPUT_UNREADABLE',
        `A line is longer than ${maxRecordBytes} bytes: are these CSV or JSON lines?`,
      )
    }
  }

  /** Appends what is left behind the last line end. */
  end(records: Uint8Array[]): void {
    let bytes = this.#rest
    for (;;) {
      const isWhole =
        !this.#hasQuotes || this.#scan(bytes, this.#lineStart, bytes.length) === 'closed'
      const lineEnd = isWhole ? -1 : bytes.indexOf(lineFeed)
      if (lineEnd < 0) break
      emit(bytes, 0, lineEnd, records)
      bytes = bytes.subarray(lineEnd + 1)
      this.#begin(0)
      const start = this.#cut(bytes, 0, records)
      bytes = bytes.subarray(start)
      this.#lineStart -= start
    }
    emit(bytes, 0, bytes.length, records)
    this.#rest = new Uint8Array(0)
    this.#begin(0)
  }

  /** Emits all records that end in `bytes` and returns where the next one begins. */
  #cut(bytes: Uint8Array, from: number, records: Uint8Array[]): number {
    let start = from
    let lineEnd = bytes.indexOf(lineFeed, this.#searched)
    while (lineEnd >= 0) {
      const state = this.#hasQuotes ? this.#scan(bytes, this.#lineStart, lineEnd) : 'closed'
      let end = lineEnd
      if (state === 'open' && lineEnd - start <= maxQuotedBytes) {
        this.#lineStart = lineEnd + 1
        this.#isOpen = true
      } else {
        if (state !== 'closed') end = bytes.indexOf(lineFeed, start)
        emit(bytes, start, end, records)
        start = end + 1
        this.#begin(start)
      }
      lineEnd = bytes.indexOf(lineFeed, end + 1)
    }
    this.#searched = bytes.length
    return start
  }

  #begin(start: number): void {
    this.#lineStart = start
    this.#searched = start
    this.#isOpen = false
  }

  /** How the quotes stand at the end of the line [start, end). */
  #scan(bytes: Uint8Array, start: number, end: number): 'closed' | 'open' | 'malformed' {
    let at = start
    let isOpen = this.#isOpen
    while (at < end || isOpen) {
      if (isOpen) {
        while (at < end && bytes[at] !== quoteMark) at++
        if (at >= end) return 'open'
        const next = bytes[at + 1]
        if (at + 1 < end && next === quoteMark) {
          at += 2
          continue
        }
        const isLast = at + 1 === end || (at + 2 === end && next === carriageReturn)
        if (!isLast && next !== comma) return 'malformed'
        isOpen = false
        at += 2
      } else if (bytes[at] === quoteMark) {
        isOpen = true
        at++
      } else {
        while (at < end && bytes[at] !== comma) at++
        at++
      }
    }
    return 'closed'
  }
}

function emit(bytes: Uint8Array, start: number, end: number, records: Uint8Array[]): void {
  const last = end > start && bytes[end - 1] === carriageReturn ? end - 1 : end
  for (let at = start; at < last; at++) {
    const c = bytes[at]
    if (c !== 32 && c !== 9 && c !== carriageReturn) {
      records.push(bytes.subarray(start, last))
      return
    }
  }
}
