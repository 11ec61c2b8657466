import type { ConfigInput } from '../../../../src/config/schema.ts'
import type { Kernel } from '../../../../src/kernels/kernel.ts'
import { CALENDAR_SIZE } from '../../../../src/model/calendar.ts'
import { Categories } from '../../../../src/model/categories.ts'
import { type Dimensions, dimensionsOf } from '../../../../src/model/dimensions.ts'
import { linear, logarithmic, squareRoot } from '../../../../src/model/domain.ts'
import { History } from '../../../../src/model/history.ts'
import { InputVector } from '../../../../src/model/inputs.ts'
import { maxLag } from '../../../../src/model/lags.ts'
import { Layout } from '../../../../src/model/layout.ts'
import type { LineStep } from '../../../../src/model/line-features.ts'
import { type LineParts, lineNames } from '../../../../src/model/lines.ts'
import { Profiles } from '../../../../src/model/profiles.ts'
import { Residuals } from '../../../../src/model/residuals.ts'
import { Scaler } from '../../../../src/model/scaler.ts'
import { Suspension } from '../../../../src/model/suspension.ts'
import { sampleSize } from '../../../../src/record/types.ts'
import { referenceKernel } from '../../../../src/rnn/index.ts'
import { configOf } from './driver.ts'

export interface Pool extends LineParts {
  readonly layout: Layout
  readonly residuals: Residuals
  /** A new sequence; whatever claims places in its core has done so by then. */
  sequence(): PoolSequence
}

/** What lines look at, without lines and networks. */
export function openPool(
  task: Partial<ConfigInput['task']>,
  kernel: Kernel = referenceKernel,
): Pool {
  const d = dimensionsOf(configOf({ task: { targets: ['y'], ...task } }))
  const layout = new Layout()
  const domains = [linear, squareRoot, logarithmic]
  const scaler = new Scaler(layout, domains.length * d.targets)
  const history = new History(layout, d, domains, maxLag(d, true))
  const categories = new Categories(d, true)
  const profiles = new Profiles(layout, d, categories, true)
  const residuals = new Residuals(layout, d, history, domains)
  const inputs = new InputVector(layout, d, false, { profiles, residuals })
  const suspension = new Suspension(d.slots, lineNames(domains, { d }).length - 1)
  const seen = { d, history, categories, profiles, inputs, domains, calendar: false }
  const parts = { ...seen, kernel, suspension }
  const sequence = () => new PoolSequence(layout.size, parts, scaler)
  return { ...parts, layout, residuals, sequence }
}

/** One sequence that takes in its steps; it remembers them all, for slow computations. */
export class PoolSequence {
  readonly core: Float64Array
  readonly rows: Float64Array[] = []
  private readonly inputs: Float32Array[] = []
  private readonly parts: LineParts
  private readonly scaler: Scaler

  constructor(size: number, parts: LineParts, scaler: Scaler) {
    this.core = new Float64Array(size)
    this.parts = parts
    this.scaler = scaler
    parts.history.begin(this.core)
    parts.profiles.begin(this.core)
  }

  /** The newest own step. */
  get newest(): number {
    return this.rows.length - 1
  }

  /** Takes in targets, inputs, known now, known ahead; null or left out = missing. */
  push(values: readonly (number | null)[]): void {
    const { d, history, profiles, inputs } = this.parts
    const row = new Float64Array(sampleSize(d.fields)).fill(NaN)
    values.forEach((value, i) => {
      row[i] = value ?? NaN
    })
    const t = this.rows.push(row) - 1
    history.push(this.core, t, null, row, this.scaler)
    profiles.push(this.core, t, row, history)
    const x = new Float32Array(inputs.size)
    inputs.write(this.core, t, row, history, x)
    this.inputs.push(x)
  }

  /** What lines read of own step `step`. */
  at(step: number): LineStep {
    const { d, history } = this.parts
    const calendar = new Float64Array(d.horizons.length * CALENDAR_SIZE)
    const { core } = this
    return { core, step, place: history.placeOf(step), x: this.inputs[step]!, calendar }
  }

  /** Target i at own step `step`; null where it is missing or before the first. */
  value(step: number, i = 0): number | null {
    const value = this.rows[step]?.[i] ?? NaN
    return Number.isNaN(value) ? null : value
  }

  /** `value` in the moments of the target at own step `step`, clipped; 0 where there is none. */
  standard(value: number | null, step: number, i = 0, m = 0): number {
    if (value === null) return 0
    const { history, domains } = this.parts
    const image = domains[m]!.forward(value)
    const mean = history.mean(this.core, m, i, step)
    return Math.max(-8, Math.min(8, (image - mean) / history.scale(this.core, m, i, step)))
  }

  /** What is usual for target i at own step `target`, as known at own step `step`, per season. */
  usual(target: number, step: number, i = 0): (number | null)[] {
    const values = this.rows.map((_, at) => this.value(at, i))
    return this.parts.d.seasons.map((season) => usualOf(values, season, target, step))
  }
}

/**
 * What is usual at own step `target` for a season, as known at own step `step`: Σ w v over all
 * values of the phase, not as a recursion.
 */
export function usualOf(
  values: readonly (number | null)[],
  season: number,
  target: number,
  step: number,
): number | null {
  const past: { value: number; rate: number }[] = []
  for (let at = 0; at <= step; at++) {
    const value = values[at] ?? null
    if (at % season !== target % season || value === null) continue
    const rate = past.length === 0 ? 1 : Math.max(0.1, 1 / (Math.floor(at / season) + 1))
    past.push({ value, rate })
  }
  if (past.length === 0) return null
  let left = 1
  let sum = 0
  for (const { value, rate } of past.reverse()) {
    sum += left * rate * value
    left *= 1 - rate
  }
  return sum
}

/** Recursive least squares by the textbook, over whole matrices (Ljung & Söderström 1983). */
export class DenseSquares {
  readonly weights: number[]
  private covariance: number[][]
  private readonly forgetting: number

  constructor(size: number, forgetting: number, prior: number) {
    this.forgetting = forgetting
    this.weights = new Array<number>(size).fill(0)
    this.covariance = this.weights.map((_, i) => this.weights.map((_, j) => (i === j ? prior : 0)))
  }

  predict(x: readonly number[]): number {
    return x.reduce((sum, value, i) => sum + value * this.weights[i]!, 0)
  }

  /** Learns `target` at `x`; null where only the covariance is to learn. */
  learn(x: readonly number[], target: number | null): void {
    const { covariance, forgetting, weights } = this
    const px = covariance.map((row) => row.reduce((sum, p, j) => sum + p * x[j]!, 0))
    const below = forgetting + px.reduce((sum, value, i) => sum + value * x[i]!, 0)
    const error = target === null ? 0 : target - this.predict(x)
    for (let i = 0; i < weights.length; i++) weights[i]! += (px[i]! / below) * error
    this.covariance = covariance.map((row, i) =>
      row.map((p, j) => (p - (px[i]! * px[j]!) / below) / forgetting),
    )
  }
}

/** Dimensions of a task, for what needs no pool. */
export function dimensionsFor(task: Partial<ConfigInput['task']>): Dimensions {
  return dimensionsOf(configOf({ task: { targets: ['y'], ...task } }))
}
