/**
 * Lines of a text table: the first column flush left, the others flush right, two spaces between.
 * A row may be shorter than the others.
 */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
    })
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** A number for people: about four significant digits, '–' where there is none. */
export function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 10000) return grouped(value)
  if (size >= 1000) return value.toFixed(0)
  if (size >= 100) return value.toFixed(1)
  if (size >= 10) return value.toFixed(2)
  if (size >= 0.001 || size === 0) return value.toFixed(4)
  return value.toExponential(2)
}

/** A whole number with commas between thousands, whatever the machine's language. */
export function grouped(value: number): string {
  const digits = Math.abs(value).toFixed(0)
  if (digits.includes('e')) return value.toExponential(3)
  const sign = value < 0 && digits !== '0' ? '-' : ''
  return sign + digits.replace(/\B(?=(\d{3})+$)/g, ',')
}
