import { CsvLine } from '../../record/csv.ts'
import { quote } from '../../record/failure.ts'
import { parseEventTime } from '../../record/time.ts'
import type { RowFormat } from '../file-rows.ts'
import { counted } from './words.ts'

/** Rows that are looked at, at most, and their bytes. */
export const maxSampleRows = 20_000
export const maxSampleBytes = 16 * 1024 * 1024
/** Rows × columns: a bound for what is kept of a wide file. */
const maxSampleCells = 2_000_000
/** More columns are no records: a configuration would be longer than it may be. */
export const maxColumns = 4000

const headRows = 100

/** One record as it came; a file has neither keys nor timestamps. */
export interface SampleRow {
  readonly value: Uint8Array
  readonly key: Uint8Array | null
  readonly timestampMs: number | null
  readonly partition: number
}

export type SampleSource =
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'topic'; readonly name: string; readonly partitions: number }

/** The first records of an input, without the header of a file. */
export interface Sample {
  readonly source: SampleSource
  readonly format: RowFormat
  readonly rows: readonly SampleRow[]
  /** CSV: the columns in order, each name once; JSON: the fields in the order of their coming. */
  readonly names: readonly string[]
  /** Where the names of a CSV input are from; `renamed`: from a header that had to be mended. */
  readonly naming: 'header' | 'renamed' | 'given' | 'made up' | null
  /** Columns that cannot be named by the header of their file. */
  readonly unreachable: ReadonlySet<string>
  /** Why they cannot: 'the header names "v" twice'; null where each column can be named. */
  readonly headerFault: string | null
  /** Whether the input goes on behind the sample. */
  readonly isCut: boolean
  /** Complete sentences about the input as a whole. */
  readonly remarks: readonly string[]
}

/** How many rows to look at where each has so many cells. */
export function rowsFor(columns: number): number {
  return Math.max(headRows, Math.min(maxSampleRows, Math.floor(maxSampleCells / (columns + 1))))
}

/** The cells of a line, null where it is no line of CSV. */
export function splitLine(value: Uint8Array): string[] | null {
  const line = new CsvLine(maxColumns + 1)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(value)
  } catch {
    return null
  }
  if (line.split(text) !== null) return null
  return Array.from({ length: Math.min(line.count, maxColumns + 1) }, (_, i) => line.cell(i))
}

/** How many cells most of the first lines have; 0 where none is a line of CSV. */
export function usualCells(values: readonly Uint8Array[]): number {
  const counts = new Map<number, number>()
  for (const value of values.slice(0, headRows)) {
    const count = splitLine(value)?.length
    if (count !== undefined) counts.set(count, (counts.get(count) ?? 0) + 1)
  }
  const [best] = [...counts].sort(([a, m], [b, n]) => n - m || b - a)
  return best?.[0] ?? 0
}

/**
 * Whether a line names columns: a cell of it is a word where those of other lines hold values, or
 * no cell of it is a value. A value is a number or a time.
 */
export function isHeader(cells: readonly string[], others: readonly Uint8Array[]): boolean {
  const below = others.slice(0, headRows).map((value) => splitLine(value) ?? [])
  const isNaming = cells.some((cell, column) => {
    if (isBlank(cell) || isValue(cell)) return false
    const filled = below.map((line) => line[column] ?? '').filter((other) => !isBlank(other))
    return filled.length > 0 && filled.filter(isValue).length * 2 > filled.length
  })
  if (isNaming) return true
  return cells.some((cell) => !isBlank(cell)) && !cells.some(isValue)
}

function isBlank(cell: string): boolean {
  return /^\s*(na|null|[+-]?(nan|inf(inity)?))?\s*$/i.test(cell)
}

function isValue(cell: string): boolean {
  return isDecimal(cell) || !Number.isNaN(parseEventTime(cell))
}

function isDecimal(cell: string): boolean {
  return /\d/.test(cell) && Number.isFinite(Number(cell))
}

/** Names for columns that have none. */
export function madeUpNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `column_${i + 1}`)
}

/** Configurations keep some characters to themselves, and half a surrogate pair has no bytes. */
export function isWritable(name: string): boolean {
  return name.isWellFormed() && !/[\ue000-\ue07f]/.test(name)
}

const times = ['', '', 'twice', 'three times']
const maxFaultsShown = 3

/** What keeps a header from naming each of its columns, null where nothing does. */
export function faultOf(cells: readonly string[]): string | null {
  const counts = new Map<string, number>()
  for (const cell of cells) counts.set(cell.trim(), (counts.get(cell.trim()) ?? 0) + 1)
  const empty = counts.get('') ?? 0
  counts.delete('')
  const repeated = [...counts].filter(([, count]) => count > 1)
  const faults = repeated
    .slice(0, maxFaultsShown)
    .map(([name, count]) => `names ${quote(name)} ${times[count] ?? `${count} times`}`)
  const more = repeated.length - maxFaultsShown
  if (more > 0) faults.push(`names ${counted(more, 'other')} more than once`)
  if (empty > 0) faults.push(`leaves ${counted(empty, 'column')} without a name`)
  if ([...counts.keys()].some((name) => !isWritable(name))) {
    faults.push('has a name that no configuration can hold')
  }
  return faults.length === 0 ? null : `the header ${faults.join(', ')}`
}

/** A header with each name once and none empty, and which names are not those of one column. */
export function mendedNames(cells: readonly string[]): {
  readonly names: string[]
  readonly unreachable: ReadonlySet<string>
} {
  const plain = cells.map((cell) => cell.trim())
  const taken = new Set(plain)
  const unreachable = new Set<string>()
  const names = plain.map((name, i) => {
    const first = plain.indexOf(name)
    if (name !== '' && first === i && isWritable(name)) {
      if (plain.lastIndexOf(name) !== i) unreachable.add(name)
      return name
    }
    let mended = name === '' || !isWritable(name) ? `column_${i + 1}` : `${name}_${i + 1}`
    while (taken.has(mended)) mended = `${mended}_`
    taken.add(mended)
    unreachable.add(mended)
    return mended
  })
  return { names, unreachable }
}
