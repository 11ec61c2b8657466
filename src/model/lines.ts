import type { Kernel } from '../kernels/kernel.ts'
import type { Categories } from './categories.ts'
import { seasonNames } from './dimensions.ts'
import { type Domain, logarithmic } from './domain.ts'
import { GATE_SIZE, Gate, gateSeasons } from './gates.ts'
import { nearLags } from './lags.ts'
import { ABSENT, type Layout } from './layout.ts'
import { type FeatureParts, LineFeatures, type LineStep } from './line-features.ts'
import { OwnLine } from './own-line.ts'
import { USUAL_COUNT } from './profiles.ts'
import { PooledSquares } from './rls.ts'
import { clip } from './scaler.ts'
import type { Suspension } from './suspension.ts'

/** A line's forecast is held within this many standard deviations of the mean. */
const REACH = 10

/** How fast each kind of line forgets, and how far it trusts itself at first. */
const PLAIN = { forgetting: 0.9995, prior: 10 }
const FAST = { forgetting: 0.998, prior: 10 }
const GATED = { forgetting: 0.9998, prior: 1 }

export interface LineParts extends FeatureParts {
  readonly kernel: Kernel
  readonly suspension: Suspension
  readonly categories: Categories
}

/** One straight line over some of the features of its slot. */
export class Line {
  readonly squares: PooledSquares
  private picks: Int32Array
  private readonly gate: Gate | null

  constructor(
    kernel: Kernel,
    picks: readonly number[],
    shape: { forgetting: number; prior: number },
    gate: Gate | null = null,
  ) {
    this.picks = Int32Array.from(picks)
    this.gate = gate
    const features = picks.length + (gate === null ? 0 : GATE_SIZE)
    this.squares = new PooledSquares(kernel, { features, outputs: 1, ...shape })
    this.squares.rls.present[0] = 1
  }

  /** Sees other features from now on, at most as many as at first. */
  see(picks: readonly number[]): void {
    this.picks = Int32Array.from(picks)
    this.squares.rls.used = picks.length + (this.gate === null ? 0 : GATE_SIZE)
  }

  /** Takes its features; false where it has none to go by. */
  take(from: LineStep, features: LineFeatures): boolean {
    const { picks } = this
    const { x } = this.squares.rls
    const { values } = features
    for (let i = 0; i < picks.length; i++) x[i] = values[picks[i]!]!
    return this.gate === null || this.gate.fill(from, features, x, picks.length)
  }

  /** The standardised forecast at the features last taken. */
  predict(): number {
    return Math.max(-REACH, Math.min(this.squares.rls.predict(0), REACH))
  }

  learn(z: number): void {
    const { rls } = this.squares
    rls.targets[0] = z
    rls.update()
  }
}

/**
 * All lines of one slot, learnt by recursive least squares: an AR(τ) of fixed window on seasonal
 * lags and on what is usual, in several domains, over all sequences in each one's own standardised
 * units. Those beyond the plain ones (a fast one, gated ones, one of each sequence's own) live in
 * the square-root domain while that holds: it is the best of the three on most counts.
 */
export class SlotLines {
  readonly features: LineFeatures
  private readonly parts: LineParts
  private readonly horizon: number
  private readonly target: number
  private readonly slot: number
  private readonly plain: readonly Line[]
  private readonly others: readonly Line[]
  private readonly own: OwnLine

  constructor(layout: Layout, parts: LineParts, horizon: number, target: number) {
    const { d, kernel, domains } = parts
    const features = new LineFeatures(parts, horizon, target)
    this.features = features
    this.parts = parts
    this.horizon = horizon
    this.target = target
    this.slot = horizon * d.targets + target
    const { plain, narrow, fast } = this.picks()
    this.plain = domains.map((domain) => {
      return new Line(kernel, domain === logarithmic ? narrow : plain, PLAIN)
    })
    this.others = [
      new Line(kernel, fast, FAST),
      ...gateSeasons(d).map((season) => {
        const gate = new Gate(d, season, horizon, parts)
        return new Line(kernel, narrow, GATED, gate)
      }),
    ]
    this.own = new OwnLine(layout, kernel, features, d, horizon)
  }

  /** Places of the features that each kind of line sees. */
  private picks(): { plain: number[]; narrow: number[]; fast: number[] } {
    const { features, horizon } = this
    const { d } = this.parts
    const rest = [...features.ofPast(), ...features.ofRest()]
    const near = [0, ...features.ofLags(nearLags(d, d.horizons[horizon]!))]
    const usual = features.ofUsual(USUAL_COUNT)
    return {
      plain: [0, ...features.ofLags(features.lags), ...usual, ...rest],
      narrow: [...near, ...usual, ...rest],
      fast: [...near, ...features.ofUsual(1), ...rest],
    }
  }

  /** Looks where the present seasons are. */
  arrange(): void {
    this.features.arrange()
    const { plain, narrow, fast } = this.picks()
    this.plain.forEach((line, m) => {
      line.see(this.parts.domains[m] === logarithmic ? narrow : plain)
    })
    this.others.forEach((line, i) => {
      line.see(i === 0 ? fast : narrow)
    })
    this.own.arrange()
  }

  /** Least squares of all sequences, in a fixed order. */
  get squares(): PooledSquares[] {
    return [...this.plain, ...this.others].map((line) => line.squares)
  }

  begin(core: Float64Array): void {
    this.own.begin(core)
  }

  /** Writes what each line forecasts at that step to `out[at…]`, in units of the target. */
  predict(from: LineStep, shared: boolean, out: Float64Array, at: number): void {
    const { history, domains } = this.parts
    const { plain, others, features, target } = this
    const { core, step } = from
    const best = this.best(core)
    const last = at + plain.length + others.length
    out.fill(ABSENT, at, last + 1)
    for (let m = 0; m < domains.length; m++) {
      if (!history.holds(core, m, target) || !this.isAwake(m, best, shared)) continue
      const domain = domains[m]!
      const mean = history.mean(core, m, target, step)
      const scale = history.scale(core, m, target, step)
      features.fill(from, m, mean, scale)
      let z = 0
      if (this.isActive(m) || shared) {
        plain[m]!.take(from, features)
        z = plain[m]!.predict()
        if (this.isActive(m)) out[at + m] = domain.inverse(mean + z * scale)
      }
      if (m !== best) continue
      for (let i = 0; i < others.length; i++) {
        const line = others[i]!
        if (!this.isActive(plain.length + i) || !line.take(from, features)) continue
        out[at + plain.length + i] = domain.inverse(mean + line.predict() * scale)
      }
      if (!shared) continue
      const own = Math.max(-REACH, Math.min(z + this.own.predict(core, z), REACH))
      out[last] = domain.inverse(mean + own * scale)
    }
  }

  /** Learns `value`, which has arrived for the forecasts made at that step. */
  learn(from: LineStep, shared: boolean, value: number): void {
    const { history, domains } = this.parts
    const { plain, others, features, target } = this
    const { core, step } = from
    const best = this.best(core)
    for (let m = 0; m < domains.length; m++) {
      const domain = domains[m]!
      if (!history.holds(core, m, target) || (!domain.unbounded && value < 0)) continue
      if (!this.isAwake(m, best, shared)) continue
      const mean = history.mean(core, m, target, step)
      const scale = history.scale(core, m, target, step)
      features.fill(from, m, mean, scale)
      const z = clip((domain.forward(value) - mean) / scale)
      if (this.isActive(m) || shared) {
        plain[m]!.take(from, features)
        if (m === best && shared) this.own.learn(core, plain[m]!.predict(), z)
        plain[m]!.learn(z)
      }
      if (m !== best) continue
      for (let i = 0; i < others.length; i++) {
        const line = others[i]!
        if (this.isActive(plain.length + i) && line.take(from, features)) line.learn(z)
      }
    }
  }

  private isActive(line: number): boolean {
    return this.parts.suspension.isActive(this.slot, line)
  }

  /** Whether any line of domain `m` has work; what own lines build on always has. */
  private isAwake(m: number, best: number, shared: boolean): boolean {
    if (this.isActive(m) || (m === best && shared)) return true
    if (m !== best) return false
    for (let i = 0; i < this.others.length; i++)
      if (this.isActive(this.plain.length + i)) return true
    return false
  }

  /** The domain of the lines that have none of their own. */
  private best(core: Float64Array): number {
    return this.parts.domains.length > 1 && this.parts.history.holds(core, 1, this.target) ? 1 : 0
  }
}

/** Names of the lines of every slot, in their order. */
export function lineNames(domains: readonly Domain[], parts: Pick<LineParts, 'd'>): string[] {
  const { d } = parts
  return [
    ...domains.map((domain) => `rls:${domain.name}`),
    'rls:fast',
    ...gateSeasons(d).map(
      (season) => `rls:gated:${season === null ? 'known' : seasonNames(d)[season]}`,
    ),
    'rls:own',
  ]
}
