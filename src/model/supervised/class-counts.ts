import { ABSENT, type Layout } from '../layout.ts'
import type { SharedArray } from '../state.ts'
import { logOf } from './probabilities.ts'
import type { Shape } from './shape.ts'

/** Tables of names, at most: fields alone, then in pairs, in their order. */
const TABLES_MAX = 8
/** Floats of one table at most: of many classes fewer cells are told apart. */
const TABLE_FLOATS = 65_536
const CELLS_MAX = 1024
/** Names of either field of a pair up to which each pair has a number of its own. */
const EXACT = 32
/** What each label takes from the counts before it. */
const FADE = { slow: 5e-4, quick: 0.05, after: 2e-3, own: 0.01, cell: 5e-3, same: 5e-3 }
/** Labels that what all have in common counts as, beside counts of fewer. */
const PRIOR = 2
/** Weight of the newest label in the losses by which tables are told apart. */
const LOSS_RATE = 0.01
const LOSS_MAX = 6

/** Members that counts make, in their order. */
export const COUNTED = ['majority', 'recent', 'last', 'after', 'own', 'usual'] as const

/**
 * What counts alone tell of a class: how often it came at all, lately, after the label that came
 * last (as the same again, or as it follows), to this sequence, and with these names. Of C classes
 * the first `count` are known. Counts fade, so that each has a memory.
 */
export class ClassCounts {
  private readonly most: number
  /** Two fields each, or one and −1. */
  private readonly tables: readonly (readonly [number, number])[]
  private readonly cellCount: number
  /** (D, C) */
  private readonly slow: Float64Array
  private readonly quick: Float64Array
  /** (D, C, C) */
  private readonly after: Float32Array
  /** (D, tables, cells, C) */
  private readonly cells: Float32Array
  /** (D, tables): fading mean of each table's −ln p; then (D, [same, changed]). */
  private readonly losses: Float64Array
  private readonly same: Float64Array
  /** (D, C) in a core. */
  private readonly ownAt: number
  /** (tables, C): what each table said of the case in hand. */
  private readonly said: Float64Array

  constructor(core: Layout, { targets, fields, maxClasses }: Shape) {
    const C = maxClasses
    this.most = C
    const all = Array.from({ length: fields }, (_, f) => f)
    const pairs = all.flatMap((a) => all.slice(a + 1).map((b) => [a, b] as const))
    this.tables = [...all.map((a) => [a, -1] as const), ...pairs].slice(0, TABLES_MAX)
    this.cellCount = Math.max(1, Math.min(CELLS_MAX, Math.floor(TABLE_FLOATS / C)))
    this.slow = new Float64Array(targets * C)
    this.quick = new Float64Array(targets * C)
    this.after = new Float32Array(targets * C * C)
    this.cells = new Float32Array(targets * this.tables.length * this.cellCount * C)
    this.losses = new Float64Array(targets * this.tables.length)
    this.same = new Float64Array(targets * 2)
    this.ownAt = core.claim(targets * C)
    this.said = new Float64Array(this.tables.length * C)
  }

  arrays(): SharedArray[] {
    const { slow, quick, after, cells, losses, same } = this
    return Object.entries({ slow, quick, after, cells, losses, same }).map(([name, array]) => ({
      name: `counts/${name}`,
      array,
    }))
  }

  /**
   * Writes what each counted member says of target d to `out[at…]`, (members, C); `last` is the
   * class that came last, ABSENT before one; `fields[fieldsAt…]` are the numbers of the names.
   */
  look(
    core: Float64Array,
    d: number,
    count: number,
    last: number,
    fields: Float64Array,
    fieldsAt: number,
    out: Float64Array,
    at: number,
  ): void {
    const { most } = this
    const majority = at
    this.smooth(this.slow, d * most, count, null, 0, out, majority)
    this.smooth(this.quick, d * most, count, out, majority, out, at + most)
    this.sameAgain(d, count, last, out, majority, at + 2 * most)
    const row = (d * most + (last === ABSENT ? 0 : last)) * most
    const known = last === ABSENT ? 0 : count
    this.smooth(this.after, row, count, out, majority, out, at + 3 * most, known)
    this.smooth(core, this.ownAt + d * most, count, out, majority, out, at + 4 * most)
    const best = this.best(d)
    const cell = best < 0 ? -1 : this.cellOf(best, d, fields, fieldsAt)
    const from = Math.max(0, cell)
    this.smooth(this.cells, from, count, out, majority, out, at + 5 * most, cell < 0 ? 0 : count)
  }

  /** Learns a label; `last` and the names as at its prediction. */
  learn(
    core: Float64Array | null,
    d: number,
    count: number,
    last: number,
    fields: Float64Array,
    fieldsAt: number,
    label: number,
  ): void {
    const { most, tables, said } = this
    this.smooth(this.slow, d * most, count, null, 0, said, 0)
    for (let t = 0; t < tables.length; t++) {
      const cell = this.cellOf(t, d, fields, fieldsAt)
      if (cell < 0) continue
      const loss = this.lossOf(cell, count, label)
      const at = d * tables.length + t
      this.losses[at]! += LOSS_RATE * (loss - this.losses[at]!)
      add(this.cells, cell, count, label, FADE.cell)
    }
    if (last !== ABSENT) {
      add(this.after, (d * most + last) * most, count, label, FADE.after)
      const at = 2 * d
      this.same[at]! += FADE.same * ((last === label ? 1 : 0) - this.same[at]!)
      this.same[at + 1]! += FADE.same * (1 - this.same[at + 1]!)
    }
    add(this.slow, d * most, count, label, FADE.slow)
    add(this.quick, d * most, count, label, FADE.quick)
    if (core !== null) add(core, this.ownAt + d * most, count, label, FADE.own)
  }

  /** −ln p of a label by a cell, with the majority in `said`. */
  private lossOf(cell: number, count: number, label: number): number {
    let sum = 0
    for (let c = 0; c < count; c++) sum += this.cells[cell + c]!
    const p = (this.cells[cell + label]! + PRIOR * this.said[label]!) / (sum + PRIOR)
    return Math.min(LOSS_MAX, -logOf(p))
  }

  /** The table whose losses are least, the last of equals: pairs tell more. −1 without any. */
  private best(d: number): number {
    let best = -1
    const first = d * this.tables.length
    for (let t = 0; t < this.tables.length; t++) {
      if (best < 0 || this.losses[first + t]! <= this.losses[first + best]!) best = t
    }
    return best
  }

  /** The same class again as often as it was so, else by majority. */
  private sameAgain(
    d: number,
    count: number,
    last: number,
    out: Float64Array,
    majority: number,
    to: number,
  ): void {
    const weight = this.same[2 * d + 1]! + 1e-3
    const again = (this.same[2 * d]! + 0.5e-3) / weight
    for (let c = 0; c < count; c++) out[to + c] = out[majority + c]!
    if (last === ABSENT || count < 2) return
    const rest = (1 - again) / Math.max(1e-12, 1 - out[majority + last]!)
    for (let c = 0; c < count; c++) out[to + c]! *= rest
    out[to + last] = again
  }

  /**
   * Writes the shares of `from[fromAt…]` to `out[to…]`, with those at `prior[priorAt…]` as so many
   * labels beside them, or with half a label each. `known`: 0 where the counts do not count.
   */
  private smooth(
    from: Float64Array | Float32Array,
    fromAt: number,
    count: number,
    prior: Float64Array | null,
    priorAt: number,
    out: Float64Array,
    to: number,
    known = count,
  ): void {
    let sum = 0
    for (let c = 0; c < known; c++) sum += from[fromAt + c]!
    const weight = prior === null ? count / 2 : PRIOR
    for (let c = 0; c < count; c++) {
      const own = c < known ? from[fromAt + c]! : 0
      const beside = prior === null ? 0.5 : PRIOR * prior[priorAt + c]!
      out[to + c] = (own + beside) / (sum + weight)
    }
  }

  /** Place of the cell for the names given, or −1 where one is missing. */
  private cellOf(table: number, d: number, fields: Float64Array, fieldsAt: number): number {
    const [first, second] = this.tables[table]!
    const a = fields[fieldsAt + first]!
    if (a < 0) return -1
    let index = a
    if (second >= 0) {
      const b = fields[fieldsAt + second]!
      if (b < 0) return -1
      if (a < EXACT && b < EXACT) index = a * EXACT + b
      else index = Math.imul(a * 256 + b + 1, 0x9e3779b1) >>> 22
    }
    const cell = (d * this.tables.length + table) * this.cellCount + (index % this.cellCount)
    return cell * this.most
  }
}

/** Fades `count` counts at `to[at…]` and adds one label. */
function add(
  to: Float64Array | Float32Array,
  at: number,
  count: number,
  label: number,
  fade: number,
): void {
  for (let c = 0; c < count; c++) to[at + c]! *= 1 - fade
  to[at + label]! += 1
}
