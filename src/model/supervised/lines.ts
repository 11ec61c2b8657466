import type { Kernel } from '../../kernels/kernel.ts'
import { tanh } from '../../kernels/transcendental.ts'
import { Random } from '../../random.ts'
import { type Domain, linear, logarithmic, squareRoot } from '../domain.ts'
import { ABSENT } from '../layout.ts'
import { PooledSquares } from '../rls.ts'
import { CLIP, clip } from '../scaler.ts'
import type { Case } from './case.ts'
import { LEVELS } from './label-history.ts'
import type { Moments } from './moments.ts'
import { ageOf, type PastValues } from './past-values.ts'
import type { Shape } from './shape.ts'

/** Domains that lines are learnt in; networks live in the first. */
export const DOMAINS: readonly Domain[] = [linear, squareRoot, logarithmic]
/** A forecast is held within this many standard deviations of the mean. */
const REACH = 10
/** Names of a field that gate a line; later ones share these. */
const GATE_NAMES = 24
/** Features that are multiplied by each name. */
const GATE_CORE = 5
/** Fields that gate a line of their own, the first ones. */
const GATES_MAX = 2
/** Random features, and of how many of the others they are made at most. */
const RANDOM = 64
const RANDOM_OF = 48
const SHAPES = {
  plain: { forgetting: 0.9995, prior: 0.3 },
  slow: { forgetting: 1, prior: 1 },
  fast: { forgetting: 0.99, prior: 0.3 },
  gated: { forgetting: 0.9997, prior: 0.1 },
  random: { forgetting: 0.9998, prior: 0.1 },
}

/** Names of the lines of every target, in their order. */
export function lineNames({ fieldNames }: Shape): string[] {
  return [
    ...DOMAINS.map((domain) => `rls:${domain.name}`),
    'rls:slow',
    'rls:fast',
    'rls:random',
    ...fieldNames.slice(0, GATES_MAX).map((name) => `rls:gated:${name}`),
  ]
}

/**
 * Lines of one target, by recursive least squares over all sequences, each in its standardised
 * units: on the record's inputs and on what was known of labels, in several domains and with
 * several forgetting factors. Those that have no domain of their own live in the square-root domain
 * while that holds.
 */
export class TargetLines {
  readonly squares: readonly PooledSquares[]
  private readonly past: PastValues
  private readonly moments: Moments
  private readonly target: number
  private readonly dense: number
  /** Features of the domain filled last, (P), and places of those that few lines see. */
  private readonly values: Float64Array
  private readonly narrow: Int32Array
  private readonly recentAt: number
  private readonly levelsAt: number
  private readonly bestAt: number
  private readonly gates: number
  /** (RANDOM, RANDOM_OF + 1) */
  private readonly directions: Float64Array

  constructor(
    kernel: Kernel,
    shape: Shape,
    parts: { past: PastValues; moments: Moments; seed: number },
    target: number,
  ) {
    const { past } = parts
    this.past = past
    this.moments = parts.moments
    this.target = target
    this.dense = shape.dense
    this.recentAt = 1 + shape.dense
    this.levelsAt = this.recentAt + past.levelsAt - past.historyAt
    this.bestAt = this.recentAt + past.bestAt - past.historyAt
    const size = this.bestAt + 1
    this.values = new Float64Array(size)
    this.narrow = Int32Array.from([
      ...Array.from({ length: this.recentAt + 2 }, (_, i) => i),
      ...Array.from({ length: LEVELS + 1 }, (_, i) => this.levelsAt + i),
      this.bestAt,
    ])
    this.gates = Math.min(GATES_MAX, shape.fields)
    this.directions = directions(parts.seed, target, Math.min(size, RANDOM_OF))
    const open = (features: number, shapeOf: { forgetting: number; prior: number }) =>
      new PooledSquares(kernel, { features, outputs: 1, ...shapeOf })
    const gated = size + GATE_NAMES * GATE_CORE
    this.squares = [
      ...DOMAINS.map(() => open(size, SHAPES.plain)),
      open(size, SHAPES.slow),
      open(this.narrow.length, SHAPES.fast),
      open(size + RANDOM, SHAPES.random),
      ...Array.from({ length: this.gates }, () => open(gated, SHAPES.gated)),
    ]
    for (const { rls } of this.squares) rls.present[0] = 1
  }

  /** Writes what each line says of a case to `out[at…]`, in units of the target. */
  predict(from: Case, out: Float64Array, at: number): void {
    const { squares } = this
    const best = this.bestDomain
    for (let i = 0; i < squares.length; i++) out[at + i] = ABSENT
    if (!this.moments.seen(this.target)) return
    for (let m = 0; m < DOMAINS.length; m++) {
      if (!this.isOpen(from, m)) continue
      this.fill(from, m)
      for (let i = 0; i < squares.length; i++) {
        if (i < DOMAINS.length ? i !== m : m !== best) continue
        if (!this.take(from, i)) continue
        const z = Math.max(-REACH, Math.min(squares[i]!.rls.predict(0), REACH))
        const mean = this.past.meanOf(from, this.target, m)
        const scale = this.past.scaleOf(from, this.target, m)
        out[at + i] = DOMAINS[m]!.inverse(mean + z * scale)
      }
    }
  }

  /** Learns the label of a case, as it was then. */
  learn(from: Case, value: number): void {
    const { squares } = this
    const best = this.bestDomain
    for (let m = 0; m < DOMAINS.length; m++) {
      const domain = DOMAINS[m]!
      if (!this.isOpen(from, m)) continue
      if (!domain.unbounded && value < 0) continue
      this.fill(from, m)
      const mean = this.past.meanOf(from, this.target, m)
      const scale = this.past.scaleOf(from, this.target, m)
      const z = clip((domain.forward(value) - mean) / scale)
      for (let i = 0; i < squares.length; i++) {
        if (i < DOMAINS.length ? i !== m : m !== best) continue
        if (!this.take(from, i)) continue
        const { rls } = squares[i]!
        rls.targets[0] = z
        rls.update()
      }
    }
  }

  /** Whether lines of domain `m` have something to say of a case. */
  private isOpen(from: Case, m: number): boolean {
    return this.past.isKnown(from, this.target, m) && this.moments.holds(this.target, m)
  }

  /** The domain of the lines that have none of their own. */
  private get bestDomain(): number {
    return this.moments.holds(this.target, 1) ? 1 : 0
  }

  /** Points line `i` at the features of the domain in hand; false where it has none to go by. */
  private take(from: Case, i: number): boolean {
    const { values, narrow } = this
    const { x } = this.squares[i]!.rls
    const kind = i - DOMAINS.length
    if (kind === 1) {
      for (let j = 0; j < narrow.length; j++) x[j] = values[narrow[j]!]!
      return true
    }
    for (let j = 0; j < values.length; j++) x[j] = values[j]!
    if (kind === 2) this.fillRandom(x)
    return kind <= 2 || this.fillGate(from, kind - 3, x)
  }

  private fillRandom(x: Float64Array): void {
    const { values, directions } = this
    const width = directions.length / RANDOM
    for (let r = 0; r < RANDOM; r++) {
      let sum = 0
      for (let j = 0; j < width; j++) sum += directions[r * width + j]! * values[j]!
      x[values.length + r] = tanh(sum)
    }
  }

  private fillGate(from: Case, gate: number, x: Float64Array): boolean {
    const { values } = this
    x.fill(0, values.length)
    const name = from.float64[from.layout.fieldsAt + gate]!
    if (name < 0) return false
    const at = values.length + (name % GATE_NAMES) * GATE_CORE
    x[at] = 1
    x[at + 1] = values[this.recentAt]!
    x[at + 2] = values[this.bestAt]!
    x[at + 3] = values[this.levelsAt]!
    x[at + 4] = values[this.levelsAt + 1]!
    return true
  }

  /** Fills `values` for domain `m`. */
  private fill(from: Case, m: number): void {
    const { past, values, target } = this
    const { float64, layout } = from
    const domain = DOMAINS[m]!
    const mean = past.meanOf(from, target, m)
    const scale = past.scaleOf(from, target, m)
    values[0] = 1
    for (let i = 0; i < this.dense; i++) values[1 + i] = float64[layout.denseAt + i]!
    const begin = past.of(from, target)
    const shift = this.recentAt - past.historyAt
    for (let i = past.historyAt; i <= past.bestAt; i++) {
      const kept = float64[begin + i]!
      values[i + shift] = imageOf(kept, domain, mean, scale)
    }
    for (let i = 0; i < LEVELS; i++) {
      values[this.levelsAt + i] = float64[begin + past.levelsAt + i]!
    }
    values[this.levelsAt + LEVELS] = ageOf(float64[begin + past.levelsAt + LEVELS]!)
  }
}

function imageOf(value: number, domain: Domain, mean: number, scale: number): number {
  if (value === ABSENT) return 0
  const image = domain.forward(domain.unbounded ? value : Math.max(0, value))
  return Math.max(-CLIP, Math.min((image - mean) / scale, CLIP))
}

/** Weights of the random features over the first `width` of the others. */
function directions(seed: number, target: number, width: number): Float64Array {
  const random = new Random(seed + 1_000_003 * (target + 1))
  const scale = 1 / Math.sqrt(Math.max(1, width / 4))
  return Float64Array.from({ length: RANDOM * width }, () => scale * random.normal())
}
