import type { Kernel } from '../../kernels/kernel.ts'
import type { SupervisedForecast, SupervisedSample } from '../../record/types.ts'
import type { WindowBatch } from '../../rnn/index.ts'
import { LEARNT } from '../density.ts'
import { ABSENT, Layout } from '../layout.ts'
import { Mixture } from '../mixture.ts'
import type { PooledSquares } from '../rls.ts'
import { clip } from '../scaler.ts'
import type { Scored } from '../scored.ts'
import type { SharedArray } from '../state.ts'
import type { Case } from './case.ts'
import { type Head, type HeadOptions, READ_OUT_MAX } from './head.ts'
import { DOMAINS, lineNames, TargetLines } from './lines.ts'
import { Moments } from './moments.ts'
import type { CaseNetworks, NetworkNeeds } from './networks.ts'
import { PastValues } from './past-values.ts'
import { LabelResiduals } from './residual.ts'
import type { SupervisedScored } from './scored.ts'
import type { Shape } from './shape.ts'

/** A network's prediction is held within this many standard deviations of the mean. */
const REACH = 10
/** Naive members before the seasonal ones: mean, last label, what is usual. */
const NAIVE = 3

/**
 * Labels that are numbers. Every member says a value; what they say together is one mixture for all
 * sequences, in units of each one, so that a sequence of few records has the weights that the
 * others have earned. Per target: naive members, lines, networks.
 */
export class RegressionHead implements Head {
  readonly names: readonly string[]
  readonly classNames = []
  readonly needs: NetworkNeeds
  readonly losses: number
  readonly past: number
  readonly said: number
  readonly squares: readonly PooledSquares[]
  readonly aims: Float64Array
  readonly watched: Scored
  readonly usual: Float64Array
  private readonly shape: Shape
  private readonly moments: Moments
  private readonly values: PastValues
  private readonly lines: readonly TargetLines[]
  private readonly mixture: Mixture
  private readonly residuals: LabelResiduals
  /** What the mixture knows, of all sequences. */
  private readonly pool: Float64Array
  private networks: CaseNetworks | null = null
  /** Naive members and lines. */
  private readonly baselines: number
  private readonly seasonal: number
  /** In units of the sequence: (D, M), (D), (D, L, 2). */
  private readonly members: Float64Array
  private readonly means: Float64Array
  private readonly bounds: Float64Array
  /** Predictions of `again`, (D). */
  private readonly anew: Float64Array
  private readonly line: Float64Array

  constructor(core: Layout, shape: Shape, kernel: Kernel, options: HeadOptions) {
    const { d, targets, full } = shape
    const { networkNames } = options
    this.shape = shape
    this.moments = new Moments(core, targets, DOMAINS)
    this.values = new PastValues(core, shape, this.moments, DOMAINS.length)
    const parts = { past: this.values, moments: this.moments, seed: options.seed }
    this.lines = full
      ? d.fields.targets.map((_, i) => new TargetLines(kernel, shape, parts, i))
      : []
    this.squares = this.lines.flatMap((line) => line.squares)
    const lines = full ? lineNames(shape) : []
    this.seasonal = full ? d.seasons.length : 0
    const naive = full
      ? ['mean', 'last', 'usual', ...d.seasons.map((season) => `seasonal:${season}`)]
      : []
    this.baselines = naive.length + lines.length
    const inputs = this.values.inputs
    const features = 1 + options.hidden + shape.dense + inputs
    const readOut = full && networkNames.length > 0 && features <= READ_OUT_MAX
    const nets = networkNames.flatMap((name, j) => {
      const reads = readOut && j === (networkNames.length - 1) >> 1 ? [`${name}:rls`] : []
      return full ? [name, `${name}:residual`, ...reads] : [name]
    })
    const mixed = [...naive, ...lines, ...nets]
    this.names = options.twin && networkNames.length > 0 ? [...mixed, 'network:no-carry'] : mixed
    this.line = new Float64Array(lines.length)
    const pool = new Layout()
    this.residuals = new LabelResiduals(pool, targets, this.moments)
    this.mixture = new Mixture(pool, d, this.names.length, mixed.length, this.baselines)
    this.pool = new Float64Array(pool.size)
    this.mixture.begin(this.pool)
    const outputs = targets * (full ? 2 : 1)
    this.needs = { inputs, outputs, huberDelta: 1, clipNorm: 1, readOut }
    this.losses = outputs
    this.aims = new Float64Array(outputs)
    this.past = this.values.size
    this.said = this.mixture.entries.size
    this.members = new Float64Array(targets * this.names.length)
    this.means = new Float64Array(targets)
    this.bounds = new Float64Array(targets * d.levels.length * 2)
    this.anew = new Float64Array(targets)
    this.usual = new Float64Array(targets).fill(1)
    this.watched = emptyWatched(shape, this.names.length)
  }

  arrays(): SharedArray[] {
    return [
      ...this.moments.arrays(),
      ...this.values.usual.arrays(),
      { name: 'mixture', array: this.pool },
      ...this.mixture.sharedArrays(),
    ]
  }

  begin(core: Float64Array): void {
    this.values.begin(core)
  }

  share(liveSequences: number): void {
    this.values.usual.share(liveSequences)
  }

  attach(networks: CaseNetworks): void {
    this.networks = networks
  }

  look(core: Float64Array, now: Case): void {
    this.values.look(core, now)
    const { float64, layout } = now
    for (let d = 0; d < this.shape.targets; d++) {
      float64[layout.saidAt + d * this.entrySize + 1] = this.values.history.last(core, d)
    }
  }

  write(from: Case, x: Float32Array, at: number): void {
    this.values.write(from, x, at)
  }

  predict(now: Case, forecast: SupervisedForecast): void {
    const { pool, mixture, shape } = this
    const { float64, layout } = now
    for (let d = 0; d < shape.targets; d++) {
      const last = float64[layout.saidAt + d * this.entrySize + 1]!
      if (this.baselines > 0) this.predictNaive(now, d, last)
    }
    this.mix(now)
    const { at, size } = mixture.entries
    for (let i = 0; i < size; i++) float64[layout.saidAt + i] = pool[at + i]!
    for (let d = 0; d < shape.targets; d++) this.publish(now, d, forecast)
  }

  again(past: Case): void {
    const { shape, names } = this
    for (let d = 0; d < shape.targets; d++) {
      const said = past.layout.saidAt + d * this.entrySize
      const naive = this.baselines > 0 ? NAIVE + this.seasonal : 0
      for (let i = 0; i < naive; i++) {
        this.members[d * names.length + i] = past.float64[said + i]!
      }
    }
    this.mix(past)
    for (let d = 0; d < shape.targets; d++)
      this.anew[d] = inUnits(this.means[d]!, this.unit(past, d))
  }

  restored(): void {
    // All that it has is in the state.
  }

  brings(sample: SupervisedSample, d: number): boolean {
    return !Number.isNaN(sample.values[d]!)
  }

  labelOf(sample: SupervisedSample, d: number): number {
    return sample.values[d]!
  }

  score(past: Case, d: number, label: number, scored: SupervisedScored, isLate: boolean): void {
    const { names } = this
    const unit = this.unit(past, d)
    const said = past.layout.saidAt + d * this.entrySize
    scored.present[d] = 1
    scored.records[d] = past.record
    scored.observed[d] = label
    scored.former[d] = past.isLabelled(d) ? past.labelOf(d) : NaN
    scored.mixture[d] = this.publishedOf(past, d)
    scored.atLabelTime[d] = isLate ? this.anew[d]! : scored.mixture[d]!
    for (let i = 0; i < names.length; i++) {
      scored.members[d * names.length + i] = inUnits(past.float64[said + i]!, unit)
    }
    scored.noChange[d] = this.baselines > 0 ? scored.members[d * names.length + 1]! : NaN
  }

  tell(past: Case | null, d: number, sample: SupervisedSample, forecast: SupervisedForecast): void {
    const told = forecast.observed[d]!
    told.value = sample.values[d]!
    told.predicted = past === null ? NaN : this.publishedOf(past, d)
  }

  learn(core: Float64Array | null, steps: number, past: Case, d: number, label: number): void {
    const { pool, mixture, shape, values, aims, watched } = this
    const { float64, layout } = past
    aims.fill(ABSENT)
    watched.present.fill(0)
    const unit = this.unit(past, d)
    const { at, size } = mixture.entries
    for (let i = 0; i < size; i++) pool[at + i] = float64[layout.saidAt + i]!
    const step = past.step - 1
    const value = label / unit
    if (this.isKnown(past, d)) {
      const mean = values.meanOf(past, d, 0)
      const scale = values.scaleOf(past, d, 0)
      const z = clip((label - mean) / scale)
      this.usual[d] = scale / unit
      aims[d] = z
      if (shape.full) {
        const base = mixture.linesOf(pool, step, d)
        if (base !== ABSENT) {
          aims[shape.targets + d] = this.residuals.standardise(pool, d, base, value)
        }
        this.residuals.learn(pool, d, base, value)
        this.learnReadOut(d, z)
      }
      if (mixture.published(pool, step, d) !== ABSENT) {
        watched.observed[d] = value
        watched.persistence[d] = mean / unit
        mixture.arrive(pool, step, d, value, watched)
        mixture.learnShared(pool, step + 1, watched)
      }
      this.lines[d]?.learn(past, label)
    }
    values.learn(core, steps, past, d, label)
  }

  correct(core: Float64Array | null, steps: number, past: Case, d: number, label: number): void {
    if (core !== null) this.values.history.correct(core, steps, past.step, d, label)
  }

  aim(batch: WindowBatch, place: number, loss: number, label: number): void {
    batch.mask[place + loss] = 1
    batch.targets[place + loss] = label
  }

  prepare(): void {
    // Targets are what they are, whatever a network says.
  }

  private get entrySize(): number {
    return this.mixture.entries.size / this.shape.targets
  }

  /** Naive members of target d, `last` being the label that came last. */
  private predictNaive(now: Case, d: number, last: number): void {
    const { values, members, names } = this
    const { float64 } = now
    const past = values.of(now, d)
    const unit = this.unit(now, d)
    const mean = values.meanOf(now, d, 0)
    const known = this.isKnown(now, d)
    let to = d * names.length
    members[to++] = known ? mean / unit : ABSENT
    members[to++] = last === ABSENT ? ABSENT : last / unit
    const best = float64[past + values.bestAt]!
    members[to++] = best === ABSENT ? ABSENT : best / unit
    for (let s = 0; s < this.seasonal; s++) {
      const label = values.seasonalOf(now, d, s)
      members[to++] = label === ABSENT ? ABSENT : label / unit
    }
  }

  /** Lines, networks and mixture from a case; the naive members stand in `members`. */
  private mix(from: Case): void {
    const { shape, members, names, line, pool, mixture, lines } = this
    const step = from.step - 1
    for (let d = 0; d < shape.targets; d++) {
      const unit = this.unit(from, d)
      const at = d * names.length
      if (lines.length > 0) {
        lines[d]!.predict(from, line, 0)
        const to = at + NAIVE + this.seasonal
        for (let i = 0; i < line.length; i++) {
          members[to + i] = line[i] === ABSENT ? ABSENT : line[i]! / unit
        }
      }
      const base = mixture.mixLines(pool, step, d, members, at)
      this.predictNetworks(from, d, base, at + this.baselines)
    }
    mixture.predict(pool, step, members, this.means, this.bounds)
  }

  private predictNetworks(from: Case, d: number, base: number, at: number): void {
    const { networks, members, shape, values } = this
    if (networks === null) return
    const unit = this.unit(from, d)
    const centre = this.isKnown(from, d) ? values.meanOf(from, d, 0) / unit : ABSENT
    const scale = values.scaleOf(from, d, 0) / unit
    let to = at
    for (const member of networks.list) {
      members[to++] = around(centre, scale, member.outputs[d]!)
      if (!shape.full) continue
      const left = member.outputs[shape.targets + d]!
      members[to++] = this.residuals.inUnits(this.pool, d, base, left)
      if (member.readouts.length === 0) continue
      if (d === 0) networks.fillReadOut(member)
      members[to++] = around(centre, scale, member.readOut(0, d))
    }
    if (networks.fresh !== null) members[to] = around(centre, scale, networks.fresh[d]!)
  }

  private learnReadOut(d: number, z: number): void {
    const { networks } = this
    const middle = networks?.middle ?? null
    if (networks === null || middle === null || middle.readouts.length === 0) return
    networks.fillReadOut(middle)
    const { rls } = middle.readouts[0]!
    rls.present.fill(0)
    rls.present[d] = 1
    rls.targets[d] = z
    rls.update()
  }

  private publish(now: Case, d: number, forecast: SupervisedForecast): void {
    const unit = this.unit(now, d)
    const size = 2 * this.shape.d.levels.length
    forecast.means[d] = inUnits(this.means[d]!, unit)
    for (let i = d * size; i < (d + 1) * size; i++) {
      forecast.bounds[i] = this.bounds[i]! * unit
    }
  }

  /** What was published of a case. */
  private publishedOf(past: Case, d: number): number {
    const { float64, layout } = past
    const mean = float64[layout.saidAt + this.mixture.meanAt(d)]!
    return inUnits(mean, this.unit(past, d))
  }

  /** What values of target d are divided by in the mixture. */
  private unit(from: Case, d: number): number {
    return this.values.unitOf(from, d)
  }

  private isKnown(from: Case, d: number): boolean {
    return this.values.isKnown(from, d, 0)
  }
}

function inUnits(value: number, unit: number): number {
  return value === ABSENT ? NaN : value * unit
}

function around(centre: number, scale: number, z: number): number {
  return centre === ABSENT ? ABSENT : centre + scale * Math.max(-REACH, Math.min(z, REACH))
}

/** What the mixture fills for a forecast. */
function emptyWatched({ d, targets }: Shape, members: number): Scored {
  return {
    step: 0,
    present: new Uint8Array(targets),
    observed: new Float64Array(targets),
    mixture: new Float64Array(targets),
    members: new Float64Array(targets * members),
    bounds: new Float64Array(targets * d.levels.length * 2),
    scale: new Float64Array(targets),
    density: new Float64Array(targets * LEARNT),
    persistence: new Float64Array(targets),
    seasonal: new Float64Array(targets),
  }
}
