import type { DecodeFailure } from './types.ts'

/**
 * One format's view of a record's value: a file per format implements it, the decoder knows what
 * the fields mean. Fields are named at construction and asked for by index. Values of the commonest
 * form are looked at where they lie; no text is made of them unless `label` asks for it.
 */
export interface FieldReader {
  /** Takes in one value and keeps it for the questions below, until the next one. */
  read(value: Uint8Array): DecodeFailure | null
  /** A number; null or undefined where the field is missing; anything else where it is none. */
  number(field: number): unknown
  /** The field as it stands, for times and keys: text stays text. null or undefined = missing. */
  label(field: number): unknown
  /** Where in the value the field stands as ASCII text, −1 where only `label` can tell. */
  textStart(field: number): number
  /** Where that text ends. */
  textEnd(field: number): number
}
