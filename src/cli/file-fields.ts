import { nearestName } from '../config/nearest.ts'
import { HeadraceError } from '../errors.ts'
import { CsvLine } from '../record/csv.ts'
import type { DecoderOptions } from '../record/decoder.ts'
import { futureName } from '../record/decoder.ts'
import { quote } from '../record/failure.ts'
import { absentColumns } from '../record/needed-fields.ts'
import { neededFields, type TaskFields } from '../record/task-decoder.ts'
import { maxTimeMs, parseEventTime } from '../record/time.ts'
import type { FieldLayout } from '../record/types.ts'
import type { FileRows } from './file-rows.ts'

type Wanted = Pick<DecoderOptions<TaskFields>, 'columns' | 'time' | 'key' | 'fields'>

/** What the beginning of a file tells about its fields. */
export interface FileFields {
  /** The names that were seen, in order: all of a CSV file, those of a JSON file's first rows. */
  readonly names: readonly string[]
  /** The field of the event time: the configured one, else the one that was found. */
  readonly time: string | undefined
}

/** How many rows of a JSON file may tell which fields there are. */
const maxSeenRows = 100
/** From so many JSON rows without it on, a field counts as misspelt and not as missing. */
const minSeenRows = 10
const maxHeaderCells = 100_000
const maxNamesShown = 50
const timeNames = ['time', 'timestamp', 'date', 'datetime']
/** A smaller number (before 1973) in a column called time counts something else. */
const minFoundEpochMs = 1e11

/**
 * Reads the header of a CSV file, where it has one, and finds the event time. Throws
 * `HeadraceError` where a field that the configuration needs is not there, naming those that are.
 */
export async function readFields(
  rows: FileRows,
  fileName: string,
  wanted: Wanted,
): Promise<FileFields> {
  return rows.format === 'csv'
    ? await csvFields(rows, fileName, wanted)
    : await jsonFields(rows, fileName, wanted)
}

/** The known fields of which a file holds only the plain column. */
export function unfilledNames(names: readonly string[], fields: FieldLayout): string[] {
  return fields.known.filter(
    (known) =>
      names.includes(known) &&
      !fields.horizons.some((horizon) => names.includes(futureName(known, horizon))),
  )
}

/** The field that joins labels: a file whose rows have theirs may lack it. */
function idOf({ fields }: Wanted): string | undefined {
  return fields.kind === 'supervised' ? fields.id : undefined
}

async function csvFields(rows: FileRows, fileName: string, wanted: Wanted): Promise<FileFields> {
  const [first] = await rows.peek(1)
  const header = first && splitRow(first)
  const { columns } = wanted
  let names = columns
  if (names === undefined) {
    if (!header) {
      const reason = first ? 'is no line of CSV' : 'is missing: the input is empty'
      throw new HeadraceError(
        'HEADRACE_INPUT_UNREADABLE',
        `${fileName} cannot be read: the header row ${reason}.`,
      )
    }
    names = header.map((name) => name.trim())
  }
  const needs = neededFields(wanted.fields, wanted)
  const absent = absentColumns(needs, names).filter((name) => name !== idOf(wanted))
  if (absent.length > 0) throw missing(fileName, absent, names, header)
  const repeated = [...needs.columns, ...needs.oneOf.flat()].find(
    (name) => names.indexOf(name) !== names.lastIndexOf(name),
  )
  if (repeated !== undefined) {
    throw new HeadraceError(
      'HEADRACE_INPUT_COLUMNS',
      `${fileName} has more than one column ${quote(repeated)}: which one is meant?`,
    )
  }
  const isHeader = header?.every((cell, i) => cell.trim() === names[i]) ?? false
  if (isHeader && header?.length === names.length) rows.dropFirst()
  if (wanted.time !== undefined) return { names, time: wanted.time }
  const [data] = await rows.peek(1)
  const cells = data ? (splitRow(data) ?? []) : []
  return { names, time: foundTime(names, (name) => cells[names.indexOf(name)]) }
}

async function jsonFields(rows: FileRows, fileName: string, wanted: Wanted): Promise<FileFields> {
  const seen = (await rows.peek(1)).slice(0, maxSeenRows).map(parseRow)
  const objects = seen.filter((object) => object !== null)
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))]
  // Inputs may come later or seldom; what names a row, or is predicted from it, may not.
  const { columns, seldom } = neededFields(wanted.fields, wanted)
  const absent = columns.filter(
    (name) => !seldom.includes(name) && !names.includes(name) && name !== idOf(wanted),
  )
  if (absent.length > 0 && objects.length >= minSeenRows) {
    throw missing(fileName, absent, names, undefined)
  }
  if (wanted.time !== undefined) return { names, time: wanted.time }
  const [first] = objects
  const time = first && foundTime(Object.keys(first), (name) => first[name])
  return { names, time }
}

function foundTime(
  names: readonly string[],
  valueAt: (name: string) => unknown,
): string | undefined {
  return names.find((name) => timeNames.includes(name.toLowerCase()) && isTime(valueAt(name)))
}

function isTime(value: unknown): boolean {
  if (typeof value === 'string' && !/^\s*[+-]?\d*\s*$/.test(value)) {
    return !Number.isNaN(parseEventTime(value))
  }
  const epochMs = typeof value === 'string' ? parseEventTime(value) : value
  if (typeof epochMs !== 'number') return false
  return Math.abs(epochMs) >= minFoundEpochMs && Math.abs(epochMs) <= maxTimeMs
}

/** Cells of a row, null where it is no line of CSV. */
function splitRow(row: Uint8Array): string[] | null {
  const line = new CsvLine(maxHeaderCells)
  if (line.split(new TextDecoder().decode(row)) !== null) return null
  return Array.from({ length: Math.min(line.count, maxHeaderCells) }, (_, i) => line.cell(i))
}

function parseRow(row: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(row))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : null
  } catch {
    // The decoder says later what is wrong with this row.
    return null
  }
}

function missing(
  fileName: string,
  absent: readonly string[],
  names: readonly string[],
  header: readonly string[] | null | undefined,
): HeadraceError {
  const parts = absent.map((name) => {
    const near = nearestName(
      name,
      names.filter((candidate) => candidate.length <= 64),
    )
    return `no field ${quote(name)}${near === undefined ? '' : ` (did you mean ${quote(near)}?)`}`
  })
  const shown = names.slice(0, maxNamesShown).map(quote).join(', ')
  const more = names.length > maxNamesShown ? `, … (${names.length} in all)` : ''
  const isData = header?.some((cell) => cell.trim() !== '' && Number.isFinite(Number(cell)))
  const hint = isData ? ' The first row looks like data: name the columns by input.columns.' : ''
  return new HeadraceError(
    'HEADRACE_INPUT_COLUMNS',
    `${fileName} has ${parts.join(', ')}; its fields are ${shown}${more}.${hint}`,
  )
}
