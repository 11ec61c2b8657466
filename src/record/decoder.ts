import { Buffer } from 'node:buffer'
import { HeadraceError } from '../errors.ts'
import { CsvReader } from './csv.ts'
import { describe, failure, quote } from './failure.ts'
import type { FieldReader } from './field-reader.ts'
import { JsonReader } from './json.ts'
import { maxKeyBytes, SequenceNames } from './sequence-names.ts'
import { maxTimeMs, parseEventTime, parsePlainTime } from './time.ts'
import type { DecodeFailure, FieldLayout, Sample } from './types.ts'
import { sampleSize } from './types.ts'

const maxMagnitude = 1e15

export interface DecoderOptions {
  readonly format: 'json' | 'csv'
  /** Names the cells of a CSV line; required with `csv`. */
  readonly columns?: readonly string[] | undefined
  /** The field that holds the event time; without it the record's timestamp is used. */
  readonly time?: string | undefined
  /** The field that names the sequence; without it the record's key is used. */
  readonly key?: string | undefined
  readonly fields: FieldLayout
}

/** Bytes → sample, by rules that depend on the record and the configuration alone. */
export interface Decoder {
  /** Filled by the last `decode` that returned null; its content is void after a failure. */
  readonly sample: Sample
  /** Returns null when the sample is filled, else why the record is a dead letter. Never throws. */
  decode(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): DecodeFailure | null
}

/**
 * Makes the decoder of one input. Throws `HeadraceError` where the named columns of a CSV input
 * lack a field that the configuration needs.
 */
export function createDecoder(options: DecoderOptions): Decoder {
  return new RecordDecoder(options)
}

/** The field that holds `known` at the target's time, `horizon` steps ahead. */
export function futureName(known: string, horizon: number): string {
  return `${known}+${horizon}`
}

/** The names of a sample's values, in their order. */
export function sampleNames(fields: FieldLayout): string[] {
  const future = fields.horizons.flatMap((horizon) =>
    fields.known.map((known) => futureName(known, horizon)),
  )
  return [...fields.targets, ...fields.inputs, ...fields.known, ...future]
}

/**
 * The fields of the configuration that are not among `names` and that nothing can stand in for: a
 * known field may lack its future or its present, not both.
 */
export function absentFields(
  { time, key, fields }: Pick<DecoderOptions, 'time' | 'key' | 'fields'>,
  names: readonly string[],
): string[] {
  const required = [...fields.targets, ...fields.inputs]
  if (time !== undefined) required.push(time)
  if (key !== undefined) required.push(key)
  const absent = required.filter((name) => !names.includes(name))
  for (const known of fields.known) {
    const forms = [known, ...fields.horizons.map((horizon) => futureName(known, horizon))]
    if (!forms.some((form) => names.includes(form))) absent.push(known)
  }
  return absent
}

class RecordDecoder implements Decoder {
  readonly sample: Sample
  readonly #reader: FieldReader
  readonly #valueNames: readonly string[]
  readonly #timeName: string | undefined
  readonly #keyName: string | undefined
  readonly #timeField: number
  readonly #keyField: number
  readonly #sequenceNames = new SequenceNames()

  constructor(options: DecoderOptions) {
    const { format, columns, time, key, fields } = options
    this.sample = { sequence: '', timeMs: null, values: new Float64Array(sampleSize(fields)) }
    this.#valueNames = sampleNames(fields)
    this.#timeName = time
    this.#keyName = key
    this.#timeField = this.#valueNames.length
    this.#keyField = this.#timeField + 1
    const names = [...this.#valueNames, time ?? '', key ?? '']
    if (format === 'json') {
      this.#reader = new JsonReader(names)
    } else {
      checkColumns(columns, options)
      this.#reader = new CsvReader(columns, names)
    }
  }

  decode(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): DecodeFailure | null {
    if (key !== null && key.length > maxKeyBytes) return keyTooLong('The key', key.length)
    if (value === null) return failure('HEADRACE_RECORD_NULL_VALUE', 'The record has no value.')
    return (
      this.#reader.read(value) ??
      this.#readSequence(key, value) ??
      this.#readTime(timestampMs, value) ??
      this.#readValues()
    )
  }

  #readSequence(key: Uint8Array | null, value: Uint8Array): DecodeFailure | null {
    if (this.#keyName === undefined) {
      this.sample.sequence = key === null ? '' : this.#sequenceNames.of(key, 0, key.length)
      return null
    }
    const start = this.#reader.textStart(this.#keyField)
    const end = start < 0 ? start : this.#reader.textEnd(this.#keyField)
    if (start >= 0 && end - start <= maxKeyBytes) {
      this.sample.sequence = this.#sequenceNames.of(value, start, end)
      return null
    }
    const label = this.#reader.label(this.#keyField)
    if (typeof label === 'number' && !Number.isFinite(label)) {
      return failure('HEADRACE_RECORD_NOT_FINITE', `${field(this.#keyName)} is not finite.`)
    }
    if (typeof label !== 'string' && typeof label !== 'number') {
      const found = label === undefined ? 'missing' : describe(label)
      return failure(
        'HEADRACE_RECORD_KEY_MISSING',
        `${field(this.#keyName)} must name the sequence by a string or a number; it is ${found}.`,
      )
    }
    // Half a surrogate pair has no bytes of its own: two such names would be one in a snapshot.
    const name = typeof label === 'string' ? label.toWellFormed() : String(label)
    const keyBytes = name.length * 3 <= maxKeyBytes ? 0 : Buffer.byteLength(name)
    if (keyBytes > maxKeyBytes) return keyTooLong(field(this.#keyName), keyBytes)
    this.sample.sequence = name
    return null
  }

  #readTime(timestampMs: number | null, value: Uint8Array): DecodeFailure | null {
    if (this.#timeName === undefined) {
      // Kafka says −1 for a record without a timestamp.
      const isTime = timestampMs !== null && timestampMs >= 0 && timestampMs <= maxTimeMs
      this.sample.timeMs = isTime ? Math.floor(timestampMs) : null
      return null
    }
    const start = this.#reader.textStart(this.#timeField)
    if (start >= 0) {
      const plainMs = parsePlainTime(value, start, this.#reader.textEnd(this.#timeField))
      if (!Number.isNaN(plainMs)) {
        this.sample.timeMs = plainMs
        return null
      }
    }
    const label = this.#reader.label(this.#timeField)
    let timeMs = Number.NaN
    if (typeof label === 'string') timeMs = parseEventTime(label)
    else if (typeof label === 'number' && Math.abs(label) <= maxTimeMs) {
      timeMs = Math.floor(label) + 0
    }
    if (Number.isNaN(timeMs)) {
      const found = label === undefined ? 'missing' : describe(label)
      return failure(
        'HEADRACE_RECORD_TIME_INVALID',
        `${field(this.#timeName)} must be ISO 8601 or epoch milliseconds; it is ${found}.`,
      )
    }
    this.sample.timeMs = timeMs
    return null
  }

  #readValues(): DecodeFailure | null {
    const values = this.sample.values
    for (let i = 0; i < values.length; i++) {
      const value = this.#reader.number(i)
      if (value === undefined || value === null) {
        values[i] = Number.NaN
      } else if (typeof value !== 'number' || !(Math.abs(value) <= maxMagnitude)) {
        return unusable(this.#valueNames[i] as string, value)
      } else {
        // Adding zero turns −0 into 0: the two must not lead to different bits.
        values[i] = value + 0
      }
    }
    return null
  }
}

function checkColumns(
  columns: readonly string[] | undefined,
  options: DecoderOptions,
): asserts columns is readonly string[] {
  if (columns === undefined) {
    throw new HeadraceError(
      'HEADRACE_INPUT_COLUMNS',
      'input.format csv needs input.columns: the names of the cells of a line, in their order.',
    )
  }
  const absent = absentFields(options, columns)
  if (absent.length === 0) return
  const names = absent.map(quote).join(', ')
  throw new HeadraceError(
    'HEADRACE_INPUT_COLUMNS',
    `input.columns lacks ${names}; it has ${columns.map(quote).join(', ')}.`,
  )
}

function unusable(name: string, value: unknown): DecodeFailure {
  if (typeof value !== 'number') {
    return failure(
      'HEADRACE_RECORD_WRONG_TYPE',
      `${field(name)} must be a number; it is ${describe(value)}.`,
    )
  }
  if (!Number.isFinite(value)) {
    return failure('HEADRACE_RECORD_NOT_FINITE', `${field(name)} is not finite.`)
  }
  return failure('HEADRACE_RECORD_OUT_OF_RANGE', `${field(name)} is ${value}, beyond ± 1e15.`)
}

function keyTooLong(what: string, keyBytes: number): DecodeFailure {
  return failure(
    'HEADRACE_RECORD_KEY_TOO_LONG',
    `${what} is ${keyBytes} bytes long; at most ${maxKeyBytes} are allowed.`,
  )
}

function field(name: string): string {
  return `The field ${quote(name)}`
}
