import { ABSENT, type Layout } from '../layout.ts'
import { ringIndex } from '../ring.ts'
import { clip } from '../scaler.ts'
import type { SharedArray } from '../state.ts'
import type { Shape } from './shape.ts'

/** Tables of names, at most: fields alone, then in pairs, in their order. */
const TABLES_MAX = 16
const CELLS = 1024
/** Names of either field of a pair up to which each pair has a cell of its own. */
const EXACT = 32
/** Per cell: labels seen, quick and slow mean. */
const PER_CELL = 3
/** Smallest weights of the newest label in the quick and the slow mean of a cell. */
const QUICK_RATE = 0.1
const SLOW_RATE = 0.02
/** The same for a phase of a season. */
const PHASE_RATE = 0.1
/** Weight of the newest label in the errors by which the tables are told apart. */
const ERROR_RATE = 0.005

/**
 * What is usual for a label: means by phase of each season, a sequence's own, and by the names that
 * the record's fields have, alone and in pairs, of all sequences in each one's standardised units.
 * Each of the latter twice, for what stands and for what moves.
 */
export class Usual {
  /** What `look` fills, of each target: (D, T), in units of the target; ABSENT = not known. */
  readonly size: number
  private readonly targets: number
  private readonly seasons: readonly number[]
  /** Where each season's phases stand in a core. */
  private readonly phases: readonly number[]
  /** Two fields each, or one and −1. */
  private readonly tables: readonly (readonly [number, number])[]
  /** (D, tables, CELLS, PER_CELL) */
  private readonly cells: Float64Array
  /** Fading mean of each one's errors over the scale, (D, T). */
  private readonly errors: Float64Array
  private sequences = 1

  constructor(core: Layout, { targets, fields, d }: Shape) {
    this.targets = targets
    this.seasons = d.seasons
    this.phases = d.seasons.map((season) => core.claim(targets * season))
    const all = Array.from({ length: fields }, (_, f) => f)
    const pairs = all.flatMap((a) => all.slice(a + 1).map((b) => [a, b] as const))
    const alone = all.map((a) => [a, -1] as const)
    this.tables = [...alone, ...pairs].slice(0, TABLES_MAX)
    this.cells = new Float64Array(targets * this.tables.length * CELLS * PER_CELL)
    this.size = d.seasons.length + 2 * this.tables.length
    this.errors = new Float64Array(targets * this.size)
  }

  arrays(): SharedArray[] {
    return [
      { name: 'usual/cells', array: this.cells },
      { name: 'usual/errors', array: this.errors },
    ]
  }

  begin(core: Float64Array): void {
    this.seasons.forEach((season, s) => {
      core.fill(ABSENT, this.phases[s]!, this.phases[s]! + this.targets * season)
    })
  }

  /** Spreads the memory of a cell over so many sequences. */
  share(liveSequences: number): void {
    this.sequences = Math.max(1, liveSequences)
  }

  /**
   * Writes what is usual for target d at own step `step` to `out[at…]`, (T); `fields[fieldsAt…]`
   * are the names' numbers (F), −1 where missing; mean and scale are the target's.
   */
  look(
    core: Float64Array,
    step: number,
    d: number,
    moments: { mean: number; scale: number },
    fields: Float64Array,
    fieldsAt: number,
    out: Float64Array,
    at: number,
  ): void {
    const { seasons, cells, tables } = this
    const { mean, scale } = moments
    let to = at
    for (let s = 0; s < seasons.length; s++) out[to++] = core[this.phaseOf(step, s, d)]!
    for (let t = 0; t < tables.length; t++) {
      const cell = this.cellOf(t, d, fields, fieldsAt)
      const known = cell >= 0 && cells[cell]! > 0
      out[to++] = known ? mean + cells[cell + 1]! * scale : ABSENT
      out[to++] = known ? mean + cells[cell + 2]! * scale : ABSENT
    }
  }

  /** Which of the values at `usual[at…]`, (T), has been nearest so far; −1 where none is there. */
  best(d: number, usual: Float64Array, at: number): number {
    let best = -1
    let least = Infinity
    for (let t = 0; t < this.size; t++) {
      const error = this.errors[d * this.size + t]!
      if (usual[at + t] === ABSENT || error >= least) continue
      least = error
      best = t
    }
    return best
  }

  /**
   * Learns the label of own step `step`; what `look` said of it lies at `usual[at…]`. `core` is
   * null where its sequence is gone.
   */
  learn(
    core: Float64Array | null,
    step: number,
    d: number,
    value: number,
    moments: { mean: number; scale: number },
    fields: Float64Array,
    fieldsAt: number,
    usual: Float64Array,
    at: number,
  ): void {
    const { mean, scale } = moments
    for (let t = 0; t < this.size; t++) {
      const was = usual[at + t]!
      const error = was === ABSENT ? 1 : Math.min(Math.abs(value - was) / scale, 4)
      this.errors[d * this.size + t]! += ERROR_RATE * (error - this.errors[d * this.size + t]!)
    }
    if (core !== null) {
      for (let s = 0; s < this.seasons.length; s++) {
        const place = this.phaseOf(step, s, d)
        const before = core[place]!
        const rate = Math.max(PHASE_RATE, 1 / (Math.floor(step / this.seasons[s]!) + 1))
        core[place] = before === ABSENT ? value : before + rate * (value - before)
      }
    }
    if (mean === ABSENT) return
    const z = clip((value - mean) / scale)
    for (let t = 0; t < this.tables.length; t++) {
      const cell = this.cellOf(t, d, fields, fieldsAt)
      if (cell >= 0) this.learnCell(cell, z)
    }
  }

  private learnCell(cell: number, z: number): void {
    const { cells, sequences } = this
    const count = cells[cell]! + 1
    const quick = Math.max(1 / count, QUICK_RATE / sequences)
    const slow = Math.max(1 / count, SLOW_RATE / sequences)
    cells[cell] = count
    cells[cell + 1]! += quick * (z - cells[cell + 1]!)
    cells[cell + 2]! += slow * (z - cells[cell + 2]!)
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
    return ((d * this.tables.length + table) * CELLS + index) * PER_CELL
  }

  private phaseOf(step: number, s: number, d: number): number {
    const season = this.seasons[s]!
    return this.phases[s]! + d * season + ringIndex(step, season)
  }
}
