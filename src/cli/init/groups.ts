import type { Table } from './table.ts'

/** To which of `count` groups each row belongs. */
export interface Groups {
  readonly ids: Int32Array
  readonly count: number
}

/** Rows of one partition with one label are a group; rows without a label share one. */
export function groupRows(table: Table, labelAt: (row: number) => string | null): Groups {
  const known = new Map<string, number>()
  const ids = Int32Array.from(table.rows, ({ partition }, row) => {
    const label = labelAt(row)
    const name = label === null ? `${partition}` : `${partition} ${label}`
    const id = known.get(name) ?? known.size
    known.set(name, id)
    return id
  })
  return { ids, count: known.size }
}

/** The rows of each group, in their order. */
export function rowsOfGroups({ ids, count }: Groups): number[][] {
  const rows: number[][] = Array.from({ length: count }, () => [])
  ids.forEach((id, row) => {
    rows[id]?.push(row)
  })
  return rows
}

/** Visits each row with a predecessor in its group. */
export function eachStep(groups: Groups, visit: (row: number, before: number) => void): void {
  const last = new Int32Array(groups.count).fill(-1)
  groups.ids.forEach((id, row) => {
    const before = last[id] ?? -1
    if (before >= 0) visit(row, before)
    last[id] = row
  })
}

/** Mean change of a value from one row of a group to the next; NaN without such rows. */
export function meanChange(values: Float64Array, groups: Groups): number {
  let sum = 0
  let count = 0
  eachStep(groups, (row, before) => {
    const change = Math.abs((values[row] as number) - (values[before] as number))
    if (Number.isNaN(change)) return
    sum += change
    count++
  })
  return sum / count
}
