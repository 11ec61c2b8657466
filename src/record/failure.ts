import type { DecodeFailure } from './types.ts'

const maxQuoted = 80

/** Makes the failure of one record; `message` must already be bounded in length. */
export function failure(code: DecodeFailure['code'], message: string): DecodeFailure {
  return { code, message }
}

/** Text of unknown length and content for a message: in quotes, escaped, cut at 80 characters. */
export function quote(text: string): string {
  if (text.length <= maxQuoted) return JSON.stringify(text)
  return `${JSON.stringify(text.slice(0, maxQuoted))}… (${text.length} characters)`
}

/** What kind of value this is, for a message: `the string "n/a"`, `an array`, `true`. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `the string ${quote(value)}`
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}

/** A field, for the beginning of a message. */
export function fieldText(name: string): string {
  return `The field ${quote(name)}`
}
