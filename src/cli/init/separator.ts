import type { Sample } from './sample.ts'

/** What stands between the cells of lines that are read by their commas. */
export interface ForeignSeparator {
  readonly separator: string
  /** Whether numbers have a comma for their point, which the reading by commas cuts in two. */
  readonly hasDecimalCommas: boolean
}

const separators = [';', '\t', '|']
const maxLines = 100
/** Of the lines, or of a column's cells: the others may be mistakes. */
const mostShare = 0.9

const number = /^[+-]?\d+(?:,\d+)?(?:[eE][+-]?\d+)?$/

/**
 * The separator that most of the first lines hold equally often, the header too where there is one;
 * null for the comma. Where no numbers show a decimal comma it is a guess: text may hold it.
 */
export function foreignSeparator({ format, names, naming, rows }: Sample): ForeignSeparator | null {
  if (format !== 'csv') return null
  const utf8 = new TextDecoder()
  const lines = rows.slice(0, maxLines).map(({ value }) => utf8.decode(value).trim())
  const hasHeader = naming === 'header' || naming === 'renamed'
  for (const separator of separators) {
    if (hasHeader && !names.some((name) => name.includes(separator))) continue
    const cells = usualLines(lines.map((line) => line.split(separator)))
    const columns = cells[0]?.map((_, i) => cells.map((line) => plain(line[i] ?? ''))) ?? []
    if (columns.length < 2 || cells.length < mostShare * lines.length) continue
    const withCommas = columns.filter((column) => column.some((cell) => cell.includes(',')))
    const decimals = withCommas.filter(isNumeric)
    // A comma that stands in no number parts cells, unless the header says otherwise.
    const isCertain = decimals.length > 0 && (hasHeader || decimals.length === withCommas.length)
    return { separator, hasDecimalCommas: isCertain }
  }
  return null
}

/** The lines that have as many cells as most. */
function usualLines(lines: readonly (readonly string[])[]): (readonly string[])[] {
  const counts = new Map<number, number>()
  for (const { length } of lines) counts.set(length, (counts.get(length) ?? 0) + 1)
  const [usual] = [...counts].sort(([, a], [, b]) => b - a)
  return lines.filter(({ length }) => length === usual?.[0])
}

function plain(cell: string): string {
  return cell.trim().replace(/^"(.*)"$/, '$1')
}

function isNumeric(column: readonly string[]): boolean {
  const filled = column.filter((cell) => !/^(na|null|nan)?$/i.test(cell))
  return filled.filter((cell) => number.test(cell)).length >= mostShare * filled.length
}
