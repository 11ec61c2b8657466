import { Buffer } from 'node:buffer'
import { describe, failure, fieldText } from './failure.ts'
import type { FieldReader } from './field-reader.ts'
import { maxKeyBytes, SequenceNames } from './sequence-names.ts'
import { maxTimeMs, parseEventTime, parsePlainTime } from './time.ts'
import type { DecodeFailure } from './types.ts'

/** What every decoded record begins with. */
export interface Head {
  sequence: string
  timeMs: number | null
}

/** How the names that a record is read by stand in the reader: those of the head at the end. */
export interface HeadFields {
  /** The field that holds the event time; without it the record's timestamp is used. */
  readonly time?: string | undefined
  /** The field that names the sequence; without it the record's key is used. */
  readonly key?: string | undefined
}

/** The names that a reader needs for the head, behind those of the fields of its task. */
export function headNames({ time, key }: HeadFields): string[] {
  return [time ?? '', key ?? '']
}

/**
 * Takes a record's value into the reader, and its sequence and event time into a sample: by the
 * same rules whatever the task.
 */
export class RecordHead {
  readonly #reader: FieldReader
  readonly #sample: Head
  readonly #timeName: string | undefined
  readonly #keyName: string | undefined
  readonly #timeField: number
  readonly #keyField: number
  readonly #sequenceNames = new SequenceNames()

  /** `before`: how many names the reader has in front of `headNames`. */
  constructor(reader: FieldReader, fields: HeadFields, before: number, sample: Head) {
    this.#reader = reader
    this.#sample = sample
    this.#timeName = fields.time
    this.#keyName = fields.key
    this.#timeField = before
    this.#keyField = before + 1
  }

  /** Returns null where sequence and time are filled in, else why the record is a dead letter. */
  read(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): DecodeFailure | null {
    return this.open(key, value) ?? this.readRest(key, value as Uint8Array, timestampMs, false)
  }

  /** The first half of `read`: takes the value into the reader. */
  open(key: Uint8Array | null, value: Uint8Array | null): DecodeFailure | null {
    if (key !== null && key.length > maxKeyBytes) return keyTooLong('The key', key.length)
    if (value === null) return failure('HEADRACE_RECORD_NULL_VALUE', 'The record has no value.')
    return this.#reader.read(value)
  }

  /** The second half. `isOptional`: fields of sequence and time may be missing. */
  readRest(
    key: Uint8Array | null,
    value: Uint8Array,
    timestampMs: number | null,
    isOptional: boolean,
  ): DecodeFailure | null {
    return (
      this.#readSequence(key, value, isOptional) ?? this.#readTime(timestampMs, value, isOptional)
    )
  }

  #readSequence(
    key: Uint8Array | null,
    value: Uint8Array,
    isOptional: boolean,
  ): DecodeFailure | null {
    if (this.#keyName === undefined) {
      this.#sample.sequence = key === null ? '' : this.#sequenceNames.of(key, 0, key.length)
      return null
    }
    const start = this.#reader.textStart(this.#keyField)
    const end = start < 0 ? start : this.#reader.textEnd(this.#keyField)
    if (start >= 0 && end - start <= maxKeyBytes) {
      this.#sample.sequence = this.#sequenceNames.of(value, start, end)
      return null
    }
    const label = this.#reader.label(this.#keyField)
    if (typeof label === 'number' && !Number.isFinite(label)) {
      return failure('HEADRACE_RECORD_NOT_FINITE', `${fieldText(this.#keyName)} is not finite.`)
    }
    if (isOptional && (label === undefined || label === null)) {
      this.#sample.sequence = ''
      return null
    }
    if (typeof label !== 'string' && typeof label !== 'number') {
      const found = label === undefined ? 'missing' : describe(label)
      return failure(
        'HEADRACE_RECORD_KEY_MISSING',
        `${fieldText(this.#keyName)} must name the sequence by a string or a number; ` +
          `it is ${found}.`,
      )
    }
    // Half a surrogate pair has no bytes of its own: two such names would be one in a snapshot.
    const name = typeof label === 'string' ? label.toWellFormed() : String(label)
    const keyBytes = name.length * 3 <= maxKeyBytes ? 0 : Buffer.byteLength(name)
    if (keyBytes > maxKeyBytes) return keyTooLong(fieldText(this.#keyName), keyBytes)
    this.#sample.sequence = name
    return null
  }

  #readTime(
    timestampMs: number | null,
    value: Uint8Array,
    isOptional: boolean,
  ): DecodeFailure | null {
    if (this.#timeName === undefined) {
      // Kafka says −1 for a record without a timestamp.
      const isTime = timestampMs !== null && timestampMs >= 0 && timestampMs <= maxTimeMs
      this.#sample.timeMs = isTime ? Math.floor(timestampMs) : null
      return null
    }
    const start = this.#reader.textStart(this.#timeField)
    if (start >= 0) {
      const plainMs = parsePlainTime(value, start, this.#reader.textEnd(this.#timeField))
      if (!Number.isNaN(plainMs)) {
        this.#sample.timeMs = plainMs
        return null
      }
    }
    const label = this.#reader.label(this.#timeField)
    if (isOptional && (label === undefined || label === null)) {
      this.#sample.timeMs = null
      return null
    }
    let timeMs = Number.NaN
    if (typeof label === 'string') timeMs = parseEventTime(label)
    else if (typeof label === 'number' && Math.abs(label) <= maxTimeMs) {
      timeMs = Math.floor(label) + 0
    }
    if (Number.isNaN(timeMs)) {
      const found = label === undefined ? 'missing' : describe(label)
      return failure(
        'HEADRACE_RECORD_TIME_INVALID',
        `${fieldText(this.#timeName)} must be ISO 8601 or epoch milliseconds; it is ${found}.`,
      )
    }
    this.#sample.timeMs = timeMs
    return null
  }
}

function keyTooLong(what: string, keyBytes: number): DecodeFailure {
  return failure(
    'HEADRACE_RECORD_KEY_TOO_LONG',
    `${what} is ${keyBytes} bytes long; at most ${maxKeyBytes} are allowed.`,
  )
}
