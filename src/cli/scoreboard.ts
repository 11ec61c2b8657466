import { assert } from '../assert.ts'
import type { Scored } from '../model/scored.ts'
import { DensityScore } from './density-score.ts'

/** What is scored: names and sizes, fixed for a run. */
export interface ScoreboardLayout {
  readonly targets: readonly string[]
  readonly horizons: readonly number[]
  readonly levels: readonly number[]
  readonly members: readonly string[]
  /** Whether the configuration names a season: what `mase.perSequence` divides by. */
  readonly seasonal: boolean
  /** First row that counts; 0 for all. */
  readonly fromRow: number
  /** First own step of a sequence that counts; 0 for all. */
  readonly fromStep: number
}

/** What became of a record that was scored. */
interface ScoredRecord {
  readonly forecast: { readonly sequence: string }
  readonly scored: Scored
}

export interface MemberScore {
  /** Present where the member predicted fewer of the scored rows than the mixture did. */
  count?: number
  mae?: number
  wmape?: number
  mse?: number
}

/** One element of `scores` (docs/replay.md). What cannot be computed is absent. */
export interface TargetScore {
  target: string
  horizon: number
  count: number
  mae?: number
  wmape?: number
  mse?: number
  rmse?: number
  nll?: number
  crps?: number
  mase: { persistence?: number; seasonal?: number; perSequence?: number }
  coverage: Record<string, number>
  width: Record<string, number>
  members: Record<string, MemberScore>
}

// Sums of a slot: rows, |e|, e², |y|; then |e| and the naive forecast's |e| over the rows that have
// one; then rows with a density, their negative log likelihood and CRPS.
const COUNT = 0
const ABSOLUTE = 1
const SQUARED = 2
const OBSERVED = 3
const PERSISTENCE_OWN = 4
const PERSISTENCE = 5
const SEASONAL_OWN = 6
const SEASONAL = 7
const SCALED = 8
const NLL = 9
const CRPS = 10
const SUMS = 11
const MEMBER_SUMS = 4
const LEVEL_SUMS = 3

/**
 * Cumulative prequential scores of one run: every prediction at the row of its target. Slots are
 * k × D + d as in `Scored`. Adding a row allocates nothing but at a sequence's first one.
 */
export class Scoreboard {
  readonly layout: ScoreboardLayout
  readonly #slots: number
  /** (K × D, SUMS) */
  readonly #sums: Float64Array
  /** rows, |e|, e², |y| of each member, (K × D, M, MEMBER_SUMS) */
  readonly #members: Float64Array
  /** rows, rows inside, width of each interval, (K × D, L, LEVEL_SUMS) */
  readonly #levels: Float64Array
  readonly #density = new DensityScore()
  readonly #sequences = new Map<string, number>()
  /** Those of pooled boards included. */
  #sequenceCount = 0
  /** |e| and the naive |e| of each sequence over the rows that have one, (sequences, K × D, 2) */
  #bySequence: Float64Array

  constructor(layout: ScoreboardLayout) {
    this.layout = layout
    this.#slots = layout.horizons.length * layout.targets.length
    this.#sums = new Float64Array(this.#slots * SUMS)
    this.#members = new Float64Array(this.#slots * layout.members.length * MEMBER_SUMS)
    this.#levels = new Float64Array(this.#slots * layout.levels.length * LEVEL_SUMS)
    this.#bySequence = new Float64Array(this.#slots * 2)
  }

  get members(): readonly string[] {
    return this.layout.members
  }

  /** Takes in what was scored at `row`, the 0-based number of the record, dead letters counted. */
  add(row: number, { forecast, scored }: ScoredRecord): void {
    const { sequence } = forecast
    if (row < this.layout.fromRow || scored.step < this.layout.fromStep) return
    const D = this.layout.targets.length
    let own = -1
    for (let slot = 0; slot < this.#slots; slot++) {
      if (scored.present[slot] !== 1) continue
      if (own < 0) own = this.#sequence(sequence)
      const y = scored.observed[slot % D] as number
      this.#addMixture(slot, y, scored)
      this.#addNaive(slot, y, scored, own)
      this.#addMembers(slot, y, scored)
      this.#addLevels(slot, y, scored)
    }
  }

  /**
   * Takes in the scores of a board with the same layout, as of another partition: its sequences are
   * others than the ones here, whatever their names.
   */
  pool(other: unknown): void {
    assert(
      other instanceof Scoreboard &&
        other.#sums.length === this.#sums.length &&
        other.#members.length === this.#members.length,
      'boards of one configuration are pooled',
    )
    addAll(this.#sums, other.#sums)
    addAll(this.#members, other.#members)
    addAll(this.#levels, other.#levels)
    const used = this.#sequenceCount * this.#slots * 2
    this.#sequenceCount += other.#sequenceCount
    this.#growSequences()
    const theirs = other.#bySequence.subarray(0, other.#sequenceCount * this.#slots * 2)
    this.#bySequence.set(theirs, used)
  }

  /** Rows scored so far at a slot. */
  count(slot: number): number {
    return this.#sums[slot * SUMS + COUNT] as number
  }

  report(): { scores: TargetScore[] } {
    return { scores: this.toJson() }
  }

  toJson(): TargetScore[] {
    const scores: TargetScore[] = []
    const D = this.layout.targets.length
    this.layout.targets.forEach((target, d) => {
      this.layout.horizons.forEach((horizon, k) => {
        scores.push(this.#score(target, horizon, k * D + d))
      })
    })
    return scores
  }

  #addMixture(slot: number, y: number, scored: Scored): void {
    const sums = this.#sums
    const at = slot * SUMS
    const error = y - (scored.mixture[slot] as number)
    add(sums, at + COUNT, 1)
    add(sums, at + ABSOLUTE, Math.abs(error))
    add(sums, at + SQUARED, error * error)
    add(sums, at + OBSERVED, Math.abs(y))
    if (this.#density.score(error, slot, scored)) {
      add(sums, at + SCALED, 1)
      add(sums, at + NLL, this.#density.nll)
      add(sums, at + CRPS, this.#density.crps)
    }
  }

  #addNaive(slot: number, y: number, scored: Scored, own: number): void {
    const at = slot * SUMS
    const error = Math.abs(y - (scored.mixture[slot] as number))
    const persistence = Math.abs(y - (scored.persistence[slot] as number))
    const seasonal = Math.abs(y - (scored.seasonal[slot] as number))
    if (!Number.isNaN(persistence)) {
      add(this.#sums, at + PERSISTENCE_OWN, error)
      add(this.#sums, at + PERSISTENCE, persistence)
    }
    if (!Number.isNaN(seasonal)) {
      add(this.#sums, at + SEASONAL_OWN, error)
      add(this.#sums, at + SEASONAL, seasonal)
    }
    const naive = this.layout.seasonal ? seasonal : persistence
    if (!Number.isNaN(naive)) {
      add(this.#bySequence, (own * this.#slots + slot) * 2, error)
      add(this.#bySequence, (own * this.#slots + slot) * 2 + 1, naive)
    }
  }

  #addMembers(slot: number, y: number, scored: Scored): void {
    const M = this.layout.members.length
    for (let m = 0; m < M; m++) {
      const error = y - (scored.members[slot * M + m] as number)
      if (Number.isNaN(error)) continue
      const at = (slot * M + m) * MEMBER_SUMS
      add(this.#members, at, 1)
      add(this.#members, at + 1, Math.abs(error))
      add(this.#members, at + 2, error * error)
      add(this.#members, at + 3, Math.abs(y))
    }
  }

  #addLevels(slot: number, y: number, scored: Scored): void {
    const L = this.layout.levels.length
    for (let l = 0; l < L; l++) {
      const lower = scored.bounds[(slot * L + l) * 2] as number
      const upper = scored.bounds[(slot * L + l) * 2 + 1] as number
      if (Number.isNaN(upper - lower)) continue
      const at = (slot * L + l) * LEVEL_SUMS
      add(this.#levels, at, 1)
      add(this.#levels, at + 1, y >= lower && y <= upper ? 1 : 0)
      add(this.#levels, at + 2, upper - lower)
    }
  }

  #sequence(name: string): number {
    let index = this.#sequences.get(name)
    if (index === undefined) {
      index = this.#sequenceCount++
      this.#sequences.set(name, index)
      this.#growSequences()
    }
    return index
  }

  #growSequences(): void {
    const size = this.#sequenceCount * this.#slots * 2
    if (size <= this.#bySequence.length) return
    const larger = new Float64Array(Math.max(size, this.#bySequence.length * 2))
    larger.set(this.#bySequence)
    this.#bySequence = larger
  }

  #score(target: string, horizon: number, slot: number): TargetScore {
    const { members, levels } = this.layout
    const sum = (field: number) => this.#sums[slot * SUMS + field] as number
    const count = sum(COUNT)
    const score: TargetScore = {
      target,
      horizon,
      count,
      ...ratio('mae', sum(ABSOLUTE), count),
      ...ratio('wmape', sum(ABSOLUTE), sum(OBSERVED)),
      ...ratio('mse', sum(SQUARED), count),
      ...(count > 0 ? { rmse: Math.sqrt(sum(SQUARED) / count) } : {}),
      ...ratio('nll', sum(NLL), sum(SCALED)),
      ...ratio('crps', sum(CRPS), sum(SCALED)),
      mase: {
        ...ratio('persistence', sum(PERSISTENCE_OWN), sum(PERSISTENCE)),
        ...ratio('seasonal', sum(SEASONAL_OWN), sum(SEASONAL)),
        ...this.#perSequence(slot),
      },
      coverage: {},
      width: {},
      members: {},
    }
    levels.forEach((level, l) => {
      const at = (slot * levels.length + l) * LEVEL_SUMS
      const rows = this.#levels[at] as number
      if (rows === 0) return
      score.coverage[level] = (this.#levels[at + 1] as number) / rows
      score.width[level] = (this.#levels[at + 2] as number) / rows
    })
    members.forEach((name, m) => {
      const at = (slot * members.length + m) * MEMBER_SUMS
      const [rows = 0, absolute = 0, squared = 0, observed = 0] = this.#members.subarray(at, at + 4)
      score.members[name] = {
        ...(rows < count ? { count: rows } : {}),
        ...ratio('mae', absolute, rows),
        ...ratio('wmape', absolute, observed),
        ...ratio('mse', squared, rows),
      }
    })
    return score
  }

  /** Mean of the sequences' own ratios, those without a denominator left out. */
  #perSequence(slot: number): { perSequence?: number } {
    let sum = 0
    let sequences = 0
    for (let i = 0; i < this.#sequenceCount; i++) {
      const at = (i * this.#slots + slot) * 2
      const naive = this.#bySequence[at + 1] as number
      if (!(naive > 0)) continue
      sum += (this.#bySequence[at] as number) / naive
      sequences++
    }
    return ratio('perSequence', sum, sequences)
  }
}

function add(sums: Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] as number) + value
}

function addAll(sums: Float64Array, others: Float64Array): void {
  for (let i = 0; i < sums.length; i++) add(sums, i, others[i] as number)
}

/** `{name: sum / divisor}`, or nothing where that is no number. */
function ratio<Name extends string>(
  name: Name,
  sum: number,
  divisor: number,
): { [N in Name]?: number } {
  const value = sum / divisor
  return divisor > 0 && Number.isFinite(value) ? ({ [name]: value } as Record<Name, number>) : {}
}
