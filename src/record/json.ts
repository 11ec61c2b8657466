import { failure, quote } from './failure.ts'
import type { FieldReader } from './field-reader.ts'
import { FlatObject, kinds } from './flat-object.ts'
import type { DecodeFailure } from './types.ts'

/**
 * JSON values: one object, of which the top level's fields are seen. Strict UTF-8, a byte order
 * mark is passed over; of a repeated name the last one counts.
 */
export class JsonReader implements FieldReader {
  readonly #names: readonly string[]
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })
  /** What the value is as long as it is of the commonest form; fields of one name share a place. */
  readonly #flat: FlatObject
  readonly #places: Int32Array
  #isFlat = false
  #value: Uint8Array = new Uint8Array(0)
  #object: Readonly<Record<string, unknown>> = {}

  constructor(names: readonly string[]) {
    this.#names = names
    const distinct = [...new Set(names)]
    this.#flat = new FlatObject(distinct)
    this.#places = Int32Array.from(names, (name) => distinct.indexOf(name))
  }

  read(value: Uint8Array): DecodeFailure | null {
    this.#value = value
    this.#isFlat = this.#flat.scan(value)
    return this.#isFlat ? null : this.#parse(value)
  }

  #parse(value: Uint8Array): DecodeFailure | null {
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
    const place = this.#places[field] as number
    if (this.#isFlat && this.#flat.kind[place] === kinds.number) return this.#flat.number[place]
    return this.label(field)
  }

  label(field: number): unknown {
    return this.#isFlat ? this.#flatLabel(this.#places[field] as number) : this.#label(field)
  }

  textStart(field: number): number {
    const place = this.#places[field] as number
    if (!this.#isFlat || this.#flat.kind[place] !== kinds.text) return -1
    return this.#flat.start[place] as number
  }

  textEnd(field: number): number {
    return this.#flat.end[this.#places[field] as number] as number
  }

  #flatLabel(place: number): unknown {
    const { kind, number, start, end } = this.#flat
    switch (kind[place]) {
      case kinds.number:
        return number[place]
      case kinds.text:
        return this.#utf8.decode(this.#value.subarray(start[place], end[place]))
      default:
        return kind[place] === kinds.missing ? null : undefined
    }
  }

  #label(field: number): unknown {
    const name = this.#names[field] as string
    const value = this.#object[name]
    // Prototypes hold functions and objects only: a number or a string is the object's own.
    if (typeof value === 'number' || typeof value === 'string' || value === undefined) return value
    return Object.hasOwn(this.#object, name) ? value : undefined
  }
}
