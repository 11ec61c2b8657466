import type { Dimensions } from './dimensions.ts'
import type { History } from './history.ts'
import { ABSENT } from './layout.ts'
import { clip } from './scaler.ts'

/** Records after which it is decided which known fields are categories. */
const DECIDED_AFTER = 512
/** Whole numbers from 0 up to this are the values of a category; 31 days, 24 hours, 53 weeks. */
const VALUE_MAX = 63
/** Tables at most, and cells of one. */
const TABLES_MAX = 12
const CELLS_MAX = 1024
/** Known fields that are tried in pairs, at most. */
const FIELDS_MAX = 6
/** Weight of the newest value in a cell, once there have been some. */
const RATE_MIN = 0.1

/**
 * Known fields whose values are a few whole numbers (an hour, a kind of day) tell more as names
 * than as sizes: tables of what is usual per value, and per pair of values, over all sequences in
 * each one's own standardised units. Which fields these are is decided once, from the first
 * records. All of it is shared state, changed only while steps begin, in the order of the log.
 */
export class Categories {
  /** Tables there is room for; those that are not in use say nothing. */
  readonly tables: number
  /** Records seen, tables in use, then per known field: largest value, or −1 once it is no name. */
  readonly fields: Float64Array
  /** Per table: first field, second field or −1, how many values either has (4). */
  readonly shapes: Float64Array
  /** (D, tables, CELLS_MAX, [mean, count]) */
  readonly cells: Float64Array
  private readonly d: Dimensions
  private sequences = 1

  /** Not `used`: there are none. */
  constructor(d: Dimensions, used: boolean) {
    const n = used ? d.known : 0
    this.d = d
    this.tables = Math.min(TABLES_MAX, n + (n * (n - 1)) / 2)
    this.fields = new Float64Array(n === 0 ? 0 : 2 + n)
    this.shapes = new Float64Array(4 * this.tables)
    this.cells = new Float64Array(d.targets * this.tables * CELLS_MAX * 2)
  }

  /** The arrays above, by name. */
  arrays(): { name: string; array: Float64Array }[] {
    if (this.tables === 0) return []
    const { fields, shapes, cells } = this
    return [
      { name: 'categories/fields', array: fields },
      { name: 'categories/shapes', array: shapes },
      { name: 'categories/cells', array: cells },
    ]
  }

  /** Spreads the memory of a cell over so many sequences. */
  share(liveSequences: number): void {
    this.sequences = Math.max(1, liveSequences)
  }

  /**
   * Where the widest category's value at the k-th horizon's target stands among all that have been
   * seen, 0 ≤ phase < 1; ABSENT where there is none.
   */
  phaseAhead(values: Float64Array, k: number): number {
    if (this.fields[1] === 0) return ABSENT
    const { targets, inputs, known } = this.d
    const field = this.shapes[0]!
    const value = values[targets + inputs + known + k * known + field]!
    const count = this.fields[2 + field]! + 1
    return isName(value) && value < count ? value / count : ABSENT
  }

  /** The table of the two widest categories together; of the widest alone, or 0, without one. */
  get finest(): number {
    for (let table = 0; table < this.fields[1]!; table++) {
      if (this.shapes[4 * table + 1]! >= 0) return table
    }
    return 0
  }

  /**
   * Takes in the fields of own step `t`: writes what was usual for target i to `core[to + i ×
   * stride…]`, one place a table, then learns its value.
   */
  push(
    core: Float64Array,
    t: number,
    values: Float64Array,
    history: History,
    to: number,
    stride: number,
  ): void {
    const { d } = this
    const from = d.targets + d.inputs
    this.look(values, from)
    this.write(core, t, values, from, history, to, stride)
    for (let i = 0; i < d.targets; i++) {
      const value = values[i]!
      if (Number.isNaN(value)) continue
      const mean = history.mean(core, 0, i, t)
      const z = clip((value - mean) / history.scale(core, 0, i, t))
      for (let table = 0; table < this.fields[1]!; table++) {
        const cell = this.cellOf(table, i, values, from)
        if (cell >= 0) this.learn(cell, z)
      }
    }
  }

  /** Writes what is usual for the k-th horizon's targets in the same way. */
  ahead(
    core: Float64Array,
    t: number,
    k: number,
    values: Float64Array,
    history: History,
    to: number,
    stride: number,
  ): void {
    const { targets, inputs, known } = this.d
    this.write(core, t, values, targets + inputs + known + k * known, history, to, stride)
  }

  private write(
    core: Float64Array,
    t: number,
    values: Float64Array,
    from: number,
    history: History,
    to: number,
    stride: number,
  ): void {
    const used = this.fields[1]!
    for (let i = 0; i < this.d.targets; i++) {
      const mean = history.mean(core, 0, i, t)
      const scale = history.scale(core, 0, i, t)
      const at = to + i * stride
      for (let table = 0; table < this.tables; table++) {
        const cell = table < used ? this.cellOf(table, i, values, from) : -1
        const known = cell >= 0 && this.cells[cell + 1]! > 0
        core[at + table] = known ? mean + this.cells[cell]! * scale : ABSENT
      }
    }
  }

  /** Place of the cell for the fields at `values[from…]`, or −1. */
  private cellOf(table: number, target: number, values: Float64Array, from: number): number {
    const { shapes } = this
    const a = values[from + shapes[4 * table]!]!
    if (!isName(a) || a >= shapes[4 * table + 2]!) return -1
    let index = a
    const second = shapes[4 * table + 1]!
    if (second >= 0) {
      const b = values[from + second]!
      const size = shapes[4 * table + 3]!
      if (!isName(b) || b >= size) return -1
      index = index * size + b
    }
    return ((target * this.tables + table) * CELLS_MAX + index) * 2
  }

  private learn(cell: number, z: number): void {
    const { cells } = this
    const count = cells[cell + 1]! + 1
    const rate = Math.max(1 / count, RATE_MIN / this.sequences)
    cells[cell + 1] = count
    cells[cell]! += rate * (z - cells[cell]!)
  }

  /** Looks at the first records' known fields, and decides when there have been enough. */
  private look(values: Float64Array, from: number): void {
    const { fields } = this
    const seen = fields[0]! + 1
    if (seen > DECIDED_AFTER) return
    fields[0] = seen
    for (let i = 0; i < this.d.known; i++) {
      const value = values[from + i]!
      const largest = fields[2 + i]!
      if (Number.isNaN(value) || largest < 0) continue
      fields[2 + i] = isName(value) ? Math.max(largest, value) : -1
    }
    if (seen === DECIDED_AFTER) this.decide()
  }

  /** Each category alone, the one with most values first, then in pairs, the widest first. */
  private decide(): void {
    const sizes = [...this.fields.subarray(2)].map((largest) => roomFor(largest))
    const chosen = sizes
      .map((size, field) => ({ size, field }))
      .filter(({ size }) => size > 1)
      .sort((a, b) => b.size - a.size || a.field - b.field)
      .slice(0, FIELDS_MAX)
    const pairs = chosen.flatMap((a, i) => chosen.slice(i + 1).map((b) => ({ a, b })))
    const fit = pairs.filter(({ a, b }) => a.size * b.size <= CELLS_MAX)
    const tables = [
      ...chosen.map((a) => [a.field, -1, a.size, 0]),
      ...fit.map(({ a, b }) => [a.field, b.field, a.size, b.size]),
    ].slice(0, this.tables)
    tables.forEach((shape, i) => {
      this.shapes.set(shape, 4 * i)
    })
    this.fields[1] = tables.length
  }
}

function isName(value: number): boolean {
  return value >= 0 && value <= VALUE_MAX && Math.floor(value) === value
}

/** Values that a field is given room for: a few may come that have not been seen yet. */
function roomFor(largest: number): number {
  if (largest < 1) return 0
  let room = 2
  while (room <= largest) room *= 2
  return room
}
