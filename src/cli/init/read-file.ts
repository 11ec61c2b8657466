import { basename } from 'node:path'
import { HeadraceError } from '../../errors.ts'
import { quote } from '../../record/failure.ts'
import { FileBytes, type FileInput } from '../file-bytes.ts'
import { FileRows, type RowFormat } from '../file-rows.ts'
import { jsonNames } from './json-names.ts'
import {
  faultOf,
  isHeader,
  madeUpNames,
  maxColumns,
  maxSampleBytes,
  mendedNames,
  rowsFor,
  type Sample,
  splitLine,
  usualCells,
} from './sample.ts'

/** How a user says what the format and the columns are. */
export interface SampleWishes {
  readonly format: RowFormat | undefined
  /** Names of the cells of a CSV line. */
  readonly columns: readonly string[] | undefined
}

/**
 * The first rows of a file or a stream, plain, gzip or zstd. Aborted, `signal` ends the input where
 * it stands, and what has come is looked at.
 * @throws HeadraceError HEADRACE_INPUT_UNREADABLE
 */
export async function readFileSample(
  input: FileInput,
  wishes: SampleWishes,
  signal: AbortSignal,
): Promise<Sample> {
  const bytes = await FileBytes.open(input)
  const close = () => bytes.close()
  signal.addEventListener('abort', close)
  try {
    if (signal.aborted) close()
    const rows = await FileRows.open(bytes, input.path, wishes.format)
    const [first] = await rows.peek(1)
    if (first === undefined) throw unreadable(bytes.name, 'it is empty')
    refuseForeign(bytes.name, first)
    const columns = rows.format === 'csv' ? (splitLine(first)?.length ?? 1) : 20
    if (columns > maxColumns) {
      throw unreadable(bytes.name, `a row has more than ${maxColumns} cells; one row is one step`)
    }
    const { values, isCut } = await peekRows(rows, rowsFor(columns))
    const named = rows.format === 'csv' ? csvNames(values, wishes.columns) : jsonHead(values)
    const taken = named.hasHeader ? values.slice(1) : values
    if (taken.length === 0) throw unreadable(bytes.name, 'it has a header row and no other')
    return {
      source: { kind: 'file', name: basename(bytes.name) },
      format: rows.format,
      rows: taken.map((value) => ({ value, key: null, timestampMs: null, partition: 0 })),
      names: named.names,
      naming: named.naming,
      unreachable: named.unreachable,
      headerFault: named.headerFault,
      isCut,
      remarks: named.remarks,
    }
  } finally {
    signal.removeEventListener('abort', close)
    bytes.close()
  }
}

interface Names {
  readonly names: readonly string[]
  readonly naming: Sample['naming']
  readonly unreachable: ReadonlySet<string>
  readonly headerFault: string | null
  readonly hasHeader: boolean
  readonly remarks: readonly string[]
}

async function peekRows(rows: FileRows, count: number) {
  let bytes = 0
  let seen = 0
  for (let wanted = 1; ; wanted = seen + 1) {
    const values = await rows.peek(wanted)
    const hasEnded = values.length < wanted
    for (; seen < values.length && seen < count && bytes <= maxSampleBytes; seen++) {
      bytes += values[seen]?.length ?? 0
    }
    if (hasEnded || seen >= count || bytes > maxSampleBytes) {
      return { values: values.slice(0, seen), isCut: !hasEnded || seen < values.length }
    }
  }
}

function jsonHead(values: readonly Uint8Array[]): Names {
  return {
    names: jsonNames(values),
    naming: null,
    unreachable: new Set(),
    headerFault: null,
    hasHeader: false,
    remarks: [],
  }
}

function csvNames(values: readonly Uint8Array[], given: readonly string[] | undefined): Names {
  const head = splitLine(values[0] as Uint8Array) ?? []
  const plain = { unreachable: new Set<string>(), headerFault: null, remarks: [] }
  if (given !== undefined) {
    const isWhole = head.length === given.length
    if (isWhole && head.every((cell, i) => cell.trim() === given[i])) {
      return { ...plain, names: given, naming: 'given', hasHeader: true }
    }
    const hasHeader = isWhole && isHeader(head, values.slice(1))
    const remark =
      'The header of the file has other names than --columns: headrace replay takes its line for ' +
      'a row, which becomes a dead letter.'
    const remarks = hasHeader ? [remark] : []
    return { ...plain, names: given, naming: 'given', hasHeader, remarks }
  }
  if (!isHeader(head, values.slice(1))) {
    const names = madeUpNames(usualCells(values))
    const remark =
      'The first row holds values: there is no header, and the columns are called column_1 to ' +
      `column_${names.length}. --columns a,b,… names them better.`
    return { ...plain, names, naming: 'made up', hasHeader: false, remarks: [remark] }
  }
  const { names, unreachable } = mendedNames(head)
  const headerFault = faultOf(head)
  if (headerFault === null) return { ...plain, names, naming: 'header', hasHeader: true }
  const remark =
    `In its first line ${headerFault}: such columns are left out, for a file is read by its ` +
    'header. --columns a,b,… names them.'
  const remarks = [remark]
  return { names, unreachable, headerFault, naming: 'renamed', hasHeader: true, remarks }
}

/** What other programs call JSON or CSV, and headrace cannot read. */
function refuseForeign(name: string, first: Uint8Array): void {
  const text = new TextDecoder().decode(first.subarray(0, 200))
  if (text.startsWith('[')) {
    const how = "one JSON object a line is read; jq -c '.[]' makes them of an array"
    throw unreadable(name, `it begins with ${quote(text.slice(0, 20))}: ${how}`)
  }
  if (/^\{\s*$/.test(text)) {
    throw unreadable(name, 'its first line is { alone: jq -c . makes one line of each object')
  }
  if (text.includes('\u0000')) throw unreadable(name, 'it is binary, not CSV or JSON lines')
}

function unreadable(name: string, reason: string): HeadraceError {
  return new HeadraceError('HEADRACE_INPUT_UNREADABLE', `${name} tells nothing: ${reason}.`)
}
