import type { Kernel } from '../kernels/kernel.ts'
import { CALENDAR_SIZE } from './calendar.ts'
import { seasonCount } from './dimensions.ts'
import { ABSENT } from './layout.ts'
import type { FeatureParts, LineStep } from './line-features.ts'
import { PooledSquares } from './rls.ts'
import { clip, standard } from './scaler.ts'

const SHAPE = { forgetting: 0.9998, prior: 0.3 }
/** Features of one line at most: beyond, targets are seen by their newest value alone, or not. */
const FEATURES_MAX = 128
const RECENT_COUNT = 3
/** A forecast is held within this many standard deviations of the mean. */
const REACH = 10

/**
 * Vector autoregression: one line per horizon for all targets, on the newest values of all of them
 * and on what is usual (learning.md §4 D). One covariance serves all outputs.
 */
export class CrossLines {
  /** One per horizon; none with a single target, or too many. */
  readonly squares: readonly PooledSquares[]
  private readonly parts: FeatureParts
  /** Newest values, and seasons, that are seen of each target at present. */
  private recent = 1
  private tables = 0

  constructor(kernel: Kernel, parts: FeatureParts) {
    const { d, calendar } = parts
    this.parts = parts
    const any = hasCrossLines(d.targets, calendar)
    // Fewer seasons than the most may leave room for what the most would not.
    const counts = d.foundSeasons === null ? [d.seasons.length] : [0, 1, 2]
    const features = Math.max(...counts.map((count) => this.arrangeFor(count)))
    this.squares = any
      ? d.horizons.map(() => new PooledSquares(kernel, { features, outputs: d.targets, ...SHAPE }))
      : []
  }

  /** Looks how many seasons there are at present. */
  arrange(): void {
    const features = this.arrangeFor(seasonCount(this.parts.d))
    for (const { rls } of this.squares) rls.used = features
  }

  /** How many features there are with so many seasons, which are seen from now on. */
  private arrangeFor(seasons: number): number {
    const { d, calendar } = this.parts
    const extra = 1 + (calendar ? CALENDAR_SIZE : 0)
    const wide = RECENT_COUNT + 2 * seasons
    const isWide = extra + d.targets * wide <= FEATURES_MAX
    this.recent = isWide ? RECENT_COUNT : 1
    this.tables = isWide ? seasons : 0
    return extra + d.targets * (isWide ? wide : 1)
  }

  /** Points the line of horizon k at that step's features. */
  take(from: LineStep, k: number): void {
    const { d, history, profiles, calendar } = this.parts
    const { core, step, place } = from
    const { x } = this.squares[k]!.rls
    let at = 0
    x[at++] = 1
    const ahead = profiles.aheadPlace(step, k)
    for (let i = 0; i < d.targets; i++) {
      const mean = history.mean(core, 0, i, step)
      const scale = history.scale(core, 0, i, step)
      const images = history.imagesOf(0, i)
      for (let lag = 0; lag < this.recent; lag++) {
        x[at++] = standard(core[images + history.back(place, lag)]!, mean, scale)
      }
      const usual = profiles.usualPlace(step, i)
      for (let t = 0; t < this.tables; t++) {
        x[at++] = standard(core[ahead + i * profiles.tables + t]!, mean, scale)
        x[at++] = standard(core[usual + t]!, mean, scale)
      }
    }
    if (!calendar) return
    for (let j = 0; j < CALENDAR_SIZE; j++) x[at++] = from.calendar[k * CALENDAR_SIZE + j]!
  }

  /** The forecast of target i at the features last taken, in its units. */
  predict({ core, step }: LineStep, k: number, i: number): number {
    const { history } = this.parts
    if (!history.holds(core, 0, i)) return ABSENT
    const z = Math.max(-REACH, Math.min(this.squares[k]!.rls.predict(i), REACH))
    return history.mean(core, 0, i, step) + z * history.scale(core, 0, i, step)
  }

  /** Learns the targets (D) that are present among those of horizon k. */
  learn(from: LineStep, k: number, observed: Float64Array, present: Uint8Array): void {
    const { history, d } = this.parts
    const { rls } = this.squares[k]!
    this.take(from, k)
    for (let i = 0; i < d.targets; i++) {
      rls.present[i] = present[i]!
      if (present[i] === 0) continue
      const mean = history.mean(from.core, 0, i, from.step)
      rls.targets[i] = clip((observed[i]! - mean) / history.scale(from.core, 0, i, from.step))
    }
    rls.update()
  }
}

/** Whether lines across the targets make sense. */
export function hasCrossLines(targets: number, calendar: boolean): boolean {
  return targets > 1 && 1 + (calendar ? CALENDAR_SIZE : 0) + targets <= FEATURES_MAX
}
