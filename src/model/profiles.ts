import type { Categories } from './categories.ts'
import type { Dimensions } from './dimensions.ts'
import type { History } from './history.ts'
import { seasonalLag } from './lags.ts'
import { ABSENT, type Layout } from './layout.ts'
import { ringIndex } from './ring.ts'

/** Weight of the newest value at a phase, once there have been some: a memory of ten seasons. */
const RATE_MIN = 0.1
/** Newest steps of which lines are told what was usual. */
export const USUAL_COUNT = 4

/**
 * What is usual for a target, as exponentially weighted means: per phase of each season, of the
 * sequence alone, and per cell of the categories, of all sequences together in each one's own
 * units. One value a season ago is noisy; the mean over ten of them is what a seasonal moving
 * average of an ARMA model says. A *table* is a season or one of the categories'.
 *
 * Of each own step is kept what was usual for it before its value was known, (D, T), and what was
 * usual for each horizon's target, (K, D, T), with the phase of its widest category, as long as a
 * forecast made there may still learn.
 */
export class Profiles {
  /** T: tables per target. */
  readonly tables: number
  private readonly d: Dimensions
  private readonly used: boolean
  private readonly categories: Categories
  private readonly phases: readonly number[]
  private readonly usualSteps: number
  /** (D): what `seasonsChanged` works on. */
  private readonly values: Float64Array
  private readonly usualAt: number
  private readonly aheadAt: readonly number[]
  /** The own step at which the tables of found seasons began. */
  private readonly sinceAt: number

  /** Not `used`: it keeps and says nothing. */
  constructor(layout: Layout, d: Dimensions, categories: Categories, used: boolean) {
    this.d = d
    this.used = used
    this.values = new Float64Array(d.targets)
    this.categories = categories
    const seasons = used ? d.seasonsMax : []
    this.tables = seasons.length + categories.tables
    this.phases = seasons.map((season) => layout.claim(d.targets * season))
    const isFound = d.foundSeasons !== null
    const first = seasons.length > 1 ? seasons[0]! : 0
    const lags = d.horizons.map((k) => (isFound ? first : seasonalLag(first, k)) + 2)
    this.usualSteps = d.maxHorizon + Math.max(USUAL_COUNT, ...(first > 0 ? lags : []))
    const size = d.targets * this.tables
    this.usualAt = layout.claim(this.usualSteps * size)
    this.aheadAt = d.horizons.map((horizon) => layout.claim((horizon + 1) * (size + 1)))
    this.sinceAt = layout.claim(d.foundSeasons === null ? 0 : 1)
  }

  begin(core: Float64Array): void {
    const { d, phases } = this
    for (let s = 0; s < phases.length; s++) {
      core.fill(ABSENT, phases[s]!, phases[s]! + d.targets * d.seasonsMax[s]!)
    }
    core.fill(ABSENT, this.usualAt, this.usualAt + this.usualSteps * d.targets * this.tables)
  }

  /** Takes in the fields of own step `t`, whose targets `history` has taken in already. */
  push(core: Float64Array, t: number, values: Float64Array, history: History): void {
    if (!this.used) return
    const { d, categories, tables, phases } = this
    const now = this.usualAt + ringIndex(t, this.usualSteps) * d.targets * tables
    this.pushSeasons(core, t, history.clockOf(core, t), values, now)
    if (categories.tables > 0) {
      categories.push(core, t, values, history, now + phases.length, tables)
    }
    for (let k = 0; k < d.horizons.length; k++) this.pushAhead(core, t, k, values, history)
  }

  private pushSeasons(
    core: Float64Array,
    t: number,
    clock: number,
    values: Float64Array,
    now: number,
  ): void {
    const { d, tables, phases } = this
    const since = d.foundSeasons === null ? 0 : core[this.sinceAt]!
    for (let s = 0; s < phases.length; s++) {
      const season = d.seasons[s]!
      if (season === 0) {
        for (let i = 0; i < d.targets; i++) core[now + i * tables + s] = ABSENT
        continue
      }
      const phase = ringIndex(clock, season)
      const rate = Math.max(RATE_MIN, 1 / (Math.floor((t - since) / season) + 1))
      for (let i = 0; i < d.targets; i++) {
        const place = phases[s]! + i * season + phase
        const usual = core[place]!
        core[now + i * tables + s] = usual
        const value = values[i]!
        if (Number.isNaN(value)) continue
        core[place] = usual === ABSENT ? value : usual + rate * (value - usual)
      }
    }
  }

  /**
   * The seasons have become others: fills their tables with what `history` still holds of the
   * sequence's first `steps` own steps, as if these had always been the seasons.
   */
  seasonsChanged(core: Float64Array, steps: number, history: History): void {
    if (!this.used) return
    const { d, phases, values } = this
    for (let s = 0; s < phases.length; s++) {
      core.fill(ABSENT, phases[s]!, phases[s]! + d.targets * d.seasonsMax[s]!)
    }
    const since = Math.max(0, steps - history.capacity)
    core[this.sinceAt] = since
    // As if no row were missing: how far back one is, is not kept.
    const first = steps === 0 ? 0 : history.clockOf(core, steps - 1) - (steps - 1)
    for (let t = since; t < steps; t++) {
      for (let i = 0; i < d.targets; i++) {
        const value = history.value(core, 0, i, t)
        values[i] = value === ABSENT ? NaN : value
      }
      this.pushSeasons(core, t, first + t, values, this.usualPlace(t, 0))
      for (let k = 0; k < d.horizons.length; k++) {
        this.aheadSeasons(core, first + t, k, this.aheadPlace(t, k))
      }
    }
  }

  private aheadSeasons(core: Float64Array, clock: number, k: number, to: number): void {
    const { d, tables, phases } = this
    for (let s = 0; s < phases.length; s++) {
      const season = d.seasons[s]!
      const phase = season === 0 ? 0 : ringIndex(clock + d.horizons[k]!, season)
      for (let i = 0; i < d.targets; i++) {
        const place = phases[s]! + i * season + phase
        core[to + i * tables + s] = season === 0 ? ABSENT : core[place]!
      }
    }
  }

  private pushAhead(
    core: Float64Array,
    t: number,
    k: number,
    values: Float64Array,
    history: History,
  ): void {
    const { d, categories, tables, phases } = this
    const to = this.aheadPlace(t, k)
    this.aheadSeasons(core, history.clockOf(core, t), k, to)
    core[to + d.targets * tables] = ABSENT
    if (categories.tables === 0) return
    categories.ahead(core, t, k, values, history, to + phases.length, tables)
    core[to + d.targets * tables] = categories.phaseAhead(values, k)
  }

  /** Place of what was usual for target d at own step `step` ≥ 0, (T), before it was known. */
  usualPlace(step: number, d: number): number {
    const ring = ringIndex(step, this.usualSteps)
    return this.usualAt + (ring * this.d.targets + d) * this.tables
  }

  /** Place of what was usual, at own step `step`, for the targets of the k-th horizon, (D, T). */
  aheadPlace(step: number, k: number): number {
    const ring = ringIndex(step, this.d.horizons[k]! + 1)
    return this.aheadAt[k]! + ring * (this.d.targets * this.tables + 1)
  }

  /**
   * Where the widest category of the k-th horizon's target stands among its values as known at own
   * step `step`, 0 ≤ phase < 1; ABSENT without one.
   */
  categoryPhase(core: Float64Array, step: number, k: number): number {
    return core[this.aheadPlace(step, k) + this.d.targets * this.tables]!
  }
}
