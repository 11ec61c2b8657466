import { median } from '../../../src/bench/statistics.ts'
import { DensityScore } from '../../../src/cli/density-score.ts'
import { log } from '../../../src/kernels/transcendental.ts'
import type { Scored } from '../../../src/model/scored.ts'
import { counts, type Figure, type QualityData } from './data.ts'

/** Scored values in a row whose coverage must stand for itself. */
const slidingRows = 1_000

/** How often an interval held what came. */
export interface Coverage {
  readonly level: number
  /** Share of all values of a figure. */
  readonly overall: number
  /** The share of the slot that lies farthest from the level. */
  readonly farthest: number
  /** The share of the sliding window that lies farthest; null where there was none that long. */
  readonly worstWindow: number | null
  /** Mean, in the unit of the score. */
  readonly width: number
}

/** One number of a task and run, of the mixture and of each member. */
export interface FigureScores {
  readonly name: string
  readonly metric: string
  readonly rows: number
  /** Of each predictor; null where it did not predict every row that counts. */
  readonly scores: readonly (number | null)[]
  /** Medians over sequences of the mixture's; null where there is one sequence. */
  readonly median: number | null
  /** The same score slot by slot. */
  readonly parts: readonly { readonly name: string; readonly scores: readonly (number | null)[] }[]
  readonly coverage: readonly Coverage[]
  /** Mean, of the values in the unit of the score. */
  readonly nll: number | null
  readonly crps: number | null
}

interface Sliding {
  /** Whether the newest values were inside, a ring. */
  readonly inside: Uint8Array
  seen: number
  sum: number
  lowest: number
  highest: number
}

/**
 * Scores of one run: of the mixture, predictor 0, and of its P − 1 members, by sequence and slot.
 * G groups are sequences × slots.
 */
export class Tally {
  readonly #data: QualityData
  readonly #slots: number
  readonly #predictors: number
  /** Rows and losses of each predictor, (G, P). */
  readonly #rows: Int32Array
  readonly #losses: Float64Array
  readonly #levels: readonly number[]
  /** Intervals, hits and widths, (slots, L, 3). */
  readonly #intervals: Float64Array
  readonly #sliding: readonly Sliding[]
  #missed = 0
  /** Rows with a density, their NLL and CRPS, (slots, 3). */
  readonly #densityScore = new DensityScore()
  readonly #densities: Float64Array

  constructor(data: QualityData, levels: readonly number[], members: number) {
    const { names, fields } = data.records
    this.#data = data
    this.#slots = fields.targets.length * fields.horizons.length
    this.#predictors = members + 1
    this.#levels = levels
    const cells = names.length * this.#slots * this.#predictors
    this.#rows = new Int32Array(cells)
    this.#losses = new Float64Array(cells)
    this.#intervals = new Float64Array(this.#slots * levels.length * 3)
    this.#densities = new Float64Array(this.#slots * 3)
    this.#sliding = Array.from({ length: this.#slots * levels.length }, () => ({
      inside: new Uint8Array(slidingRows),
      seen: 0,
      sum: 0,
      lowest: Number.POSITIVE_INFINITY,
      highest: Number.NEGATIVE_INFINITY,
    }))
  }

  /** Values that count and had not been predicted. */
  get missed(): number {
    return this.#missed
  }

  /** Takes in what was scored at a record. */
  add(row: number, scored: Scored): void {
    const { records, scoring, scales } = this.#data
    if (!counts(scoring, row, scored.step)) return
    const D = records.fields.targets.length
    for (let slot = 0; slot < this.#slots; slot++) {
      if (Number.isNaN(scored.observed[slot % D]!)) continue
      if (scored.present[slot] !== 1) {
        this.#missed++
        continue
      }
      const group = records.sequence[row]! * this.#slots + slot
      const scale = scales[group]!
      if (Number.isNaN(scale)) continue
      const y = scored.observed[slot % D]!
      this.#addLosses(group, slot, y, scored)
      this.#addIntervals(slot, y, scale, scored)
      if (!this.#densityScore.score(y - scored.mixture[slot]!, slot, scored)) continue
      this.#densities[slot * 3]!++
      this.#densities[slot * 3 + 1]! += this.#densityScore.nll - log(scale)
      this.#densities[slot * 3 + 2]! += this.#densityScore.crps / scale
    }
  }

  /** The figures, once the last record is in. */
  figures(): FigureScores[] {
    return this.#data.figures.map((figure) => {
      const groups = this.#groupsOf(figure.slots)
      const own = groups.map((group) => this.#score(group, 0)).filter((score) => score !== null)
      const { targets, horizons } = this.#data.settings
      const parts = figure.slots.map((slot) => ({
        name: horizons.length > 1 ? `slot ${slot}` : targets[slot]!,
        scores: this.#combined(this.#groupsOf([slot]), figure.combine),
      }))
      return {
        name: figure.name,
        metric: figure.metric,
        rows: groups.reduce((sum, group) => sum + this.#rows[group * this.#predictors]!, 0),
        scores: this.#combined(groups, figure.combine),
        median: groups.length > figure.slots.length ? median(own) : null,
        parts: figure.parts ? parts : [],
        coverage: this.#levels.map((level, l) => this.#coverage(figure, level, l)),
        nll: this.#density(figure, 1),
        crps: this.#density(figure, 2),
      }
    })
  }

  #addLosses(group: number, slot: number, y: number, scored: Scored): void {
    const P = this.#predictors
    const { power } = this.#data.scoring
    for (let p = 0; p < P; p++) {
      const made = p === 0 ? scored.mixture[slot]! : scored.members[slot * (P - 1) + p - 1]!
      const size = Math.abs(y - made)
      if (Number.isNaN(size)) continue
      this.#rows[group * P + p]!++
      this.#losses[group * P + p]! += power === 1 ? size : size * size
    }
  }

  #addIntervals(slot: number, y: number, scale: number, scored: Scored): void {
    const L = this.#levels.length
    for (let l = 0; l < L; l++) {
      const lower = scored.bounds[(slot * L + l) * 2]!
      const upper = scored.bounds[(slot * L + l) * 2 + 1]!
      if (Number.isNaN(upper - lower)) continue
      const isInside = y >= lower && y <= upper ? 1 : 0
      const at = (slot * L + l) * 3
      this.#intervals[at]!++
      this.#intervals[at + 1]! += isInside
      this.#intervals[at + 2]! += (upper - lower) / scale
      slide(this.#sliding[slot * L + l]!, isInside)
    }
  }

  /** Groups of some slots that count. */
  #groupsOf(slots: readonly number[]): number[] {
    const { records, scales } = this.#data
    return records.names
      .flatMap((_, sequence) => slots.map((slot) => sequence * this.#slots + slot))
      .filter(
        (group) => !Number.isNaN(scales[group]!) && this.#rows[group * this.#predictors] !== 0,
      )
  }

  #score(group: number, predictor: number): number | null {
    const P = this.#predictors
    const rows = this.#rows[group * P + predictor]!
    if (rows === 0 || rows < this.#rows[group * P]!) return null
    const scale = this.#data.scales[group]! ** this.#data.scoring.power
    return this.#losses[group * P + predictor]! / rows / scale
  }

  #combined(groups: readonly number[], combine: Figure['combine']): (number | null)[] {
    return Array.from({ length: this.#predictors }, (_, predictor) => {
      const scores = groups.map((group) => this.#score(group, predictor))
      const found = scores.filter((score) => score !== null)
      if (found.length === 0 || found.length < scores.length) return null
      return combine === 'max' ? Math.max(...found) : mean(found)
    })
  }

  #coverage({ slots }: Figure, level: number, l: number): Coverage {
    const L = this.#levels.length
    const sum = (field: number, of: readonly number[]) =>
      of.reduce((total, slot) => total + this.#intervals[(slot * L + l) * 3 + field]!, 0)
    const windows = slots
      .map((slot) => this.#sliding[slot * L + l]!)
      .filter(({ seen }) => seen >= slidingRows)
      .flatMap(({ lowest, highest }) => [lowest / slidingRows, highest / slidingRows])
    const shares = slots.map((slot) => sum(1, [slot]) / sum(0, [slot]))
    return {
      level,
      overall: sum(1, slots) / sum(0, slots),
      farthest: farthestFrom(level, shares) ?? Number.NaN,
      worstWindow: farthestFrom(level, windows) ?? null,
      width: sum(2, slots) / sum(0, slots),
    }
  }

  #density({ slots }: Figure, field: 1 | 2): number | null {
    const sum = (at: number) =>
      slots.reduce((total, slot) => total + this.#densities[slot * 3 + at]!, 0)
    return sum(0) > 0 ? sum(field) / sum(0) : null
  }
}

function slide(sliding: Sliding, isInside: number): void {
  const at = sliding.seen % slidingRows
  const isFull = sliding.seen >= slidingRows
  sliding.sum += isInside - (isFull ? sliding.inside[at]! : 0)
  sliding.inside[at] = isInside
  sliding.seen++
  if (sliding.seen < slidingRows) return
  sliding.lowest = Math.min(sliding.lowest, sliding.sum)
  sliding.highest = Math.max(sliding.highest, sliding.sum)
}

function farthestFrom(level: number, shares: readonly number[]): number | undefined {
  return shares.toSorted((a, b) => Math.abs(b - level) - Math.abs(a - level))[0]
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
