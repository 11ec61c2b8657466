import { assert } from '../assert.ts'
import { CsvReader } from './csv.ts'
import type { FieldReader } from './field-reader.ts'
import { JsonReader } from './json.ts'
import { checkColumns, type NeededFields } from './needed-fields.ts'

/** The form of a record's value. */
export interface ValueFormat {
  readonly format: 'json' | 'csv' | 'bytes'
  /** Names the cells of a CSV line; required with `csv`. */
  readonly columns?: readonly string[] | undefined
}

/**
 * Opens the reader of one format for the fields `names`. Throws `HeadraceError` where the columns
 * of a CSV input lack a field that is needed.
 */
export function openReader(
  { format, columns }: ValueFormat,
  names: readonly string[],
  needs: NeededFields,
): FieldReader {
  assert(format !== 'bytes', 'a value of bytes has no fields')
  if (format === 'json') return new JsonReader(names)
  checkColumns(columns, needs)
  return new CsvReader(columns, names)
}
