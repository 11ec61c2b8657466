import { failure, quote } from './failure.ts'
import type { FieldReader } from './field-reader.ts'
import type { DecodeFailure } from './types.ts'

/**
 * JSON values: one object, of which the top level's fields are seen. Strict UTF-8, a byte order
 * mark is passed over; of a repeated name the last one counts.
 */
export class JsonReader implements FieldReader {
  readonly #names: readonly string[]
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })
  #object: Readonly<Record<string, unknown>> = {}

  constructor(names: readonly string[]) {
    this.#names = names
  }

  read(value: Uint8Array): DecodeFailure | null {
    let text: string
    try {
      text = this.#utf8.decode(value)
    } catch {
      return failure('HEADRACE_RECORD_UNDECODABLE', 'The value is not valid UTF-8.')
    }
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch (error) {
      // The engine quotes the text around the error: bound and escape it like the text itself.
      const reason = quote(error instanceof Error ? error.message : String(error))
      return failure('HEADRACE_RECORD_UNDECODABLE', `The value is not JSON: ${reason}.`)
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      const begin = quote(text.slice(0, 40))
      return failure(
        'HEADRACE_RECORD_NOT_AN_OBJECT',
        `The value is JSON but not an object; it begins with ${begin}.`,
      )
    }
    this.#object = parsed as Record<string, unknown>
    return null
  }

  number(field: number): unknown {
    return this.label(field)
  }

  label(field: number): unknown {
    const name = this.#names[field] as string
    const value = this.#object[name]
    // Prototypes hold functions and objects only: a number or a string is the object's own.
    if (typeof value === 'number' || typeof value === 'string' || value === undefined) return value
    return Object.hasOwn(this.#object, name) ? value : undefined
  }
}
