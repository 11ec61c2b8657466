import { CsvReader } from '../record/csv.ts'
import type { FieldReader } from '../record/field-reader.ts'
import { JsonReader } from '../record/json.ts'
import { parseEventTime } from '../record/time.ts'
import { FileBytes, type FileInput } from './file-bytes.ts'
import { readFields } from './file-fields.ts'
import { FileRows, type RowFormat } from './file-rows.ts'

/** Rows that are looked at. */
const ROWS = 2000
const DAY_MS = 86_400_000
const MAX_SEASON = 100_000

/** What the beginning of a file tells about its records. */
export interface FileLook {
  readonly format: RowFormat
  readonly names: readonly string[]
  /** The field of the event time. */
  readonly time: string | undefined
  /** Text that repeats: it may name the sequence. */
  readonly key: string | undefined
  /** Fields that hold numbers, or nothing, in every row. */
  readonly numeric: readonly string[]
  /** Median time between two rows of a sequence; null where there is no time. */
  readonly stepMs: number | null
  /** A day and a week in steps, where a step goes into them. */
  readonly seasons: readonly number[]
}

/** Looks at the first 2,000 rows. Throws `HeadraceError` where the file cannot be read. */
export async function lookAtFile(
  input: FileInput,
  format: RowFormat | undefined,
): Promise<FileLook> {
  const bytes = await FileBytes.open(input)
  try {
    const rows = await FileRows.open(bytes, input.path, format)
    const fields = { targets: [], inputs: [], known: [], horizons: [] }
    const { names, time } = await readFields(rows, bytes.name, {
      columns: undefined,
      time: undefined,
      key: undefined,
      fields,
    })
    const values = (await rows.peek(ROWS)).slice(0, ROWS)
    const reader = rows.format === 'csv' ? new CsvReader(names, names) : new JsonReader(names)
    return { format: rows.format, names, time, ...lookAtRows(reader, values, names, time) }
  } finally {
    bytes.close()
  }
}

type RowsLook = Pick<FileLook, 'key' | 'numeric' | 'stepMs' | 'seasons'>

function lookAtRows(
  reader: FieldReader,
  rows: readonly Uint8Array[],
  names: readonly string[],
  time: string | undefined,
): RowsLook {
  const usable = rows.filter((row) => reader.read(row) === null)
  const column = <T>(of: () => T): T[] =>
    usable.map((row) => {
      reader.read(row)
      return of()
    })
  const numeric = names.filter((name, i) => {
    const values = column(() => reader.number(i)).filter((value) => value != null)
    return name !== time && values.length > 0 && values.every(Number.isFinite)
  })
  const key = names.find((name, i) => {
    if (name === time || numeric.includes(name)) return false
    const labels = column(() => reader.label(i))
    const distinct = new Set(labels).size
    return labels.every((label) => typeof label === 'string') && isName(distinct, labels.length)
  })
  const at = (name: string | undefined) => (name === undefined ? -1 : names.indexOf(name))
  const [timeField, keyField] = [at(time), at(key)]
  if (timeField < 0) return { key, numeric, stepMs: null, seasons: [] }
  const events = column(() => ({
    timeMs: timeOf(reader.label(timeField)),
    sequence: keyField < 0 ? '' : reader.label(keyField),
  }))
  const stepMs = medianStep(events)
  return { key, numeric, stepMs, seasons: seasonsOf(stepMs) }
}

/** Labels that come again and again, and more than one of them. */
function isName(distinct: number, rows: number): boolean {
  return distinct >= 2 && distinct * 4 <= rows
}

function timeOf(label: unknown): number {
  return typeof label === 'number' ? label : parseEventTime(String(label))
}

function medianStep(events: readonly { timeMs: number; sequence: unknown }[]): number | null {
  const last = new Map<unknown, number>()
  const steps: number[] = []
  for (const { timeMs, sequence } of events) {
    const before = last.get(sequence)
    if (before !== undefined && timeMs > before) steps.push(timeMs - before)
    last.set(sequence, timeMs)
  }
  return steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? null
}

function seasonsOf(stepMs: number | null): number[] {
  if (stepMs === null) return []
  return [DAY_MS / stepMs, (7 * DAY_MS) / stepMs].filter(
    (season) => Number.isInteger(season) && season >= 2 && season <= MAX_SEASON,
  )
}
