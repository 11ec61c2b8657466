import { Buffer } from 'node:buffer'
import { assert } from '../assert.ts'
import type { Decoder, DecoderOptions } from './decoder.ts'
import { createDecoder, futureName } from './decoder.ts'

/** Rows that may wait for rows behind them: a key that comes no more would hold up all others. */
const maxWaitingRows = 100_000

const closingBrace = 125
const openingBrace = 123

interface Row {
  readonly value: Uint8Array
  /** null for a row that cannot be used. */
  readonly sequence: string | null
  /** (K, F), NaN until the following row has come. */
  readonly future: Float64Array
  isReady: boolean
}

/**
 * Writes `name+k` into the rows of a file in which known fields stand only as `name`: the value of
 * the k-th following usable row of the same sequence, as text at the end of the row, so that the
 * record is what a producer would have sent. Rows keep their order; one goes out once its longest
 * horizon is known, at the end of the input, or when 100,000 wait, then with the rest missing.
 */
export class KnownFill {
  /** Decodes the rows that come out. */
  readonly options: DecoderOptions
  readonly #plain: Decoder
  readonly #filled: Decoder
  readonly #horizons: readonly number[]
  readonly #maxHorizon: number
  /** Where the F fields to be filled stand in a sample. */
  readonly #indexes: readonly number[]
  /** (K, F) */
  readonly #names: readonly string[]
  readonly #waiting: Row[] = []
  #head = 0
  /** The rows of each sequence that are not ready, oldest first: at most `#maxHorizon`. */
  readonly #recent = new Map<string, Row[]>()

  /** `names`: the known fields to be filled, F of them. */
  constructor(options: DecoderOptions, names: readonly string[]) {
    const { fields, columns } = options
    this.#horizons = fields.horizons
    this.#maxHorizon = Math.max(...fields.horizons)
    const before = fields.targets.length + fields.inputs.length
    this.#indexes = names.map((name) => before + fields.known.indexOf(name))
    this.#names = fields.horizons.flatMap((k) => names.map((name) => futureName(name, k)))
    this.options = columns ? { ...options, columns: [...columns, ...this.#names] } : options
    this.#plain = createDecoder(options)
    this.#filled = createDecoder(this.options)
  }

  /** Takes a row in and appends the rows that are ready to `out`. */
  push(value: Uint8Array, out: Uint8Array[]): void {
    const isUsable = this.#plain.decode(null, value, null) === null
    const row: Row = {
      value,
      sequence: isUsable ? this.#plain.sample.sequence : null,
      future: new Float64Array(isUsable ? this.#names.length : 0).fill(Number.NaN),
      isReady: !isUsable,
    }
    this.#waiting.push(row)
    if (row.sequence !== null) this.#look(row, row.sequence)
    while (this.#head < this.#waiting.length) {
      const first = this.#waiting[this.#head] as Row
      if (!first.isReady && this.#waiting.length - this.#head <= maxWaitingRows) break
      this.#emit(out)
    }
  }

  /** Appends the rows that still wait. */
  end(out: Uint8Array[]): void {
    while (this.#head < this.#waiting.length) this.#emit(out)
  }

  /** Hands the row's known values back to the rows before it. */
  #look(row: Row, sequence: string): void {
    let recent = this.#recent.get(sequence)
    if (recent === undefined) {
      recent = []
      this.#recent.set(sequence, recent)
    }
    const { values } = this.#plain.sample
    const width = this.#indexes.length
    for (let k = 0; k < this.#horizons.length; k++) {
      const earlier = recent[recent.length - (this.#horizons[k] as number)]
      if (earlier === undefined) continue
      for (let f = 0; f < width; f++) {
        earlier.future[k * width + f] = values[this.#indexes[f] as number] as number
      }
    }
    recent.push(row)
    if (recent.length > this.#maxHorizon) (recent.shift() as Row).isReady = true
  }

  #emit(out: Uint8Array[]): void {
    const row = this.#waiting[this.#head++] as Row
    if (!row.isReady) this.#forget(row)
    out.push(row.sequence === null ? this.#unusable(row.value) : this.#append(row))
    // Given back in pieces: a shift per row would move all the others each time.
    if (this.#head > 4096 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
  }

  #forget(row: Row): void {
    const sequence = row.sequence as string
    const recent = this.#recent.get(sequence)
    assert(recent?.[0] === row, 'a waiting row is the oldest of its sequence')
    recent.shift()
    if (recent.length === 0) this.#recent.delete(sequence)
  }

  /** A row with as many cells too many as are filled in must not pass for a good one. */
  #unusable(value: Uint8Array): Uint8Array {
    if (this.#filled.decode(null, value, null) !== null) return value
    return Buffer.concat([value, Buffer.from(',')])
  }

  #append({ value, future }: Row): Uint8Array {
    if (this.options.format === 'csv') {
      let text = ''
      for (const known of future) text += Number.isNaN(known) ? ',' : `,${known}`
      return Buffer.concat([value, Buffer.from(text)])
    }
    const end = value.lastIndexOf(closingBrace)
    let before = end - 1
    while ((value[before] as number) <= 32) before--
    let separator = value[before] === openingBrace ? '' : ','
    let text = ''
    for (let i = 0; i < future.length; i++) {
      if (Number.isNaN(future[i])) continue
      text += `${separator}${JSON.stringify(this.#names[i])}:${future[i]}`
      separator = ','
    }
    return Buffer.concat([value.subarray(0, end), Buffer.from(`${text}}`)])
  }
}
