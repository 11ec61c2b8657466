import { Buffer } from 'node:buffer'
import { describe, failure, fieldText } from './failure.ts'
import type { FieldReader } from './field-reader.ts'
import { plainName } from './plain-name.ts'
import { readPlainNumber } from './plain-number.ts'
import { SequenceNames } from './sequence-names.ts'
import type { DecodeFailure } from './types.ts'

/** A longer name makes a record a dead letter, in bytes of UTF-8: models keep names. */
const maxNameBytes = 1024

/**
 * Fields whose values are names: categories, classes, symbols, identifiers. A number is its
 * shortest decimal, a boolean `true` or `false`; missing, null and the empty text are no name.
 * Known short names cost no allocation.
 */
export class NameFields {
  readonly #reader: FieldReader
  /** Names of all fields of the reader, for messages. */
  readonly #fields: readonly string[]
  readonly #known = new SequenceNames()
  readonly #number = new Float64Array(1)

  constructor(reader: FieldReader, fields: readonly string[]) {
    this.#reader = reader
    this.#fields = fields
  }

  /**
   * The name in a field of the value that the reader has taken in, by `plainName`: `1` and `1.0`
   * are one. null = missing; a failure where it is no name.
   */
  name(field: number, value: Uint8Array): string | null | DecodeFailure {
    const start = this.#reader.textStart(field)
    if (start >= 0) {
      const end = this.#reader.textEnd(field)
      const numberEnd = readPlainNumber(value, start, this.#number, 0)
      if (numberEnd === end) return String((this.#number[0] as number) + 0)
    }
    const text = this.text(field, value)
    return typeof text === 'string' ? plainName(text) : text
  }

  /** The same but for text, which stays as it is: `1` and `1.0` are two. */
  text(field: number, value: Uint8Array): string | null | DecodeFailure {
    const start = this.#reader.textStart(field)
    if (start >= 0) {
      const end = this.#reader.textEnd(field)
      if (end === start) return null
      if (end - start > maxNameBytes) return this.#tooLong(field, end - start)
      return this.#known.of(value, start, end)
    }
    const text = this.anyText(field)
    if (typeof text !== 'string') return text
    const bytes = text.length * 3 <= maxNameBytes ? 0 : Buffer.byteLength(text)
    return bytes > maxNameBytes ? this.#tooLong(field, bytes) : text
  }

  /** The same, of any length. */
  anyText(field: number): string | null | DecodeFailure {
    const label = this.#reader.label(field)
    if (label === undefined || label === null || label === '') return null
    // Half a surrogate pair has no bytes of its own: two such names would be one in a snapshot.
    if (typeof label === 'string') return label.toWellFormed()
    if (typeof label === 'boolean') return label ? 'true' : 'false'
    const name = fieldText(this.#fields[field] as string)
    if (typeof label !== 'number') {
      return failure(
        'HEADRACE_RECORD_WRONG_TYPE',
        `${name} must be text, a number or a boolean; it is ${describe(label)}.`,
      )
    }
    if (Number.isFinite(label)) return String(label)
    return failure('HEADRACE_RECORD_NOT_FINITE', `${name} is not finite.`)
  }

  #tooLong(field: number, bytes: number): DecodeFailure {
    return failure(
      'HEADRACE_RECORD_NAME_TOO_LONG',
      `${fieldText(this.#fields[field] as string)} is a name of ${bytes} bytes; ` +
        `at most ${maxNameBytes} are allowed.`,
    )
  }
}
