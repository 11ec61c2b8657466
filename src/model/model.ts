import type { Config } from '../config/schema.ts'
import type { Kernel } from '../kernels/kernel.ts'
import type { Forecast, Sample } from '../record/types.ts'
import { parameterCount } from '../rnn/index.ts'
import { type Dimensions, dimensionsOf } from './dimensions.ts'
import { gradientNorms, type LagNorms } from './gradient-norms.ts'
import { Hash64 } from './hash.ts'
import { History } from './history.ts'
import { InputVector } from './inputs.ts'
import { maxLag } from './lags.ts'
import { ABSENT, Layout } from './layout.ts'
import { Learning, type UpdateSummary } from './learning.ts'
import { Mixture } from './mixture.ts'
import { buildNetworks, domainsOf, Portfolio } from './portfolio.ts'
import { Scaler } from './scaler.ts'
import type { Scored } from './scored.ts'
import { Scores } from './scores.ts'
import { HEADER, NO_WINDOW, type Sequence, SequenceTable } from './sequence.ts'
import { hashArrays, type SharedArray, stateHash } from './state.ts'
import { Windows } from './window.ts'

export interface ModelOptions {
  /** False: the networks begin with zero weights, at once; for a look at sizes alone. */
  readonly seeded?: boolean
}

/**
 * The model of one partition, a pure function of its records (design §1). Each record takes the
 * same way: `absorb` its bytes, then `step` its sample or `skip` it.
 */
export class Model {
  readonly memberNames: readonly string[]
  readonly dimensions: Dimensions
  readonly scores: Scores
  /** Filled by `step`. */
  readonly forecast: Forecast
  /** Filled by `step`. */
  readonly scored: Scored
  private readonly table: SequenceTable
  private readonly history: History
  private readonly inputs: InputVector
  private readonly scaler: Scaler
  private readonly windows: Windows
  private readonly portfolio: Portfolio
  private readonly mixture: Mixture
  private readonly learning: Learning
  private readonly chain = new Hash64()
  private readonly members: Float64Array
  private readonly memberWords: Uint32Array
  private readonly meanWords: Uint32Array
  private readonly pair = new Float64Array(2)
  /** This record's targets for which the horizon in hand has a forecast, (D); NaN = none. */
  private readonly arrived: Float64Array
  private count = 0

  /** `kernel` must be the one that the configuration names. */
  constructor(config: Config, kernel: Kernel, { seeded = true }: ModelOptions = {}) {
    const d = dimensionsOf(config)
    this.dimensions = d
    const core = new Layout()
    core.claim(HEADER.size)
    const domains = domainsOf(config.model.portfolio)
    this.scaler = new Scaler(core, domains.length * d.targets)
    this.history = new History(core, d, domains, maxLag(d, config.model.portfolio === 'full'))
    this.inputs = new InputVector(core, d, config.task.calendar)
    const networks = buildNetworks(config, d, kernel, this.inputs.size, seeded)
    const states = networks.length * networks[0]!.stateSize
    const features = networks.reduce(
      (sum, m) => (m.readouts.length > 0 ? sum + m.hiddenSize : sum),
      0,
    )
    this.windows = new Windows(d, this.inputs.packed, { states, features })
    this.portfolio = new Portfolio(config, d, kernel, {
      history: this.history,
      windows: this.windows,
      inputs: this.inputs,
      networks,
    })
    this.memberNames = this.portfolio.names
    this.mixture = new Mixture(core, d, this.memberNames.length, this.portfolio.mixed)
    this.table = new SequenceTable(core.size, states)
    this.learning = new Learning(config, d, this.table, this.windows, networks)
    this.scores = new Scores(d, this.memberNames)
    this.members = new Float64Array(d.slots * this.memberNames.length)
    this.memberWords = new Uint32Array(this.members.buffer)
    this.arrived = new Float64Array(d.targets)
    this.forecast = emptyForecast(d)
    this.meanWords = new Uint32Array(this.forecast.means.buffer)
    this.scored = emptyScored(d, this.memberNames.length)
  }

  /** Records taken in, dead letters included. */
  get records(): number {
    return this.count
  }

  /** Updates of the network weights. */
  get updates(): number {
    return this.learning.updates
  }

  get liveSequences(): number {
    return this.table.live
  }

  /** What the newest update did. */
  get lastUpdate(): Readonly<UpdateSummary> {
    return this.learning.newest
  }

  /** Memory of one sequence with its window: its state and what the engine needs to hold it. */
  get bytesPerSequence(): number {
    return this.table.bytesPerSequence + this.windows.byteLength
  }

  /** Bytes of everything that the sequences share. */
  get bytesShared(): number {
    return this.shared().reduce((sum, { array }) => sum + array.byteLength, 0)
  }

  /** Takes a record's key, value and event time into the chain hash. */
  absorb(key: Uint8Array | null, value: Uint8Array | null, timeMs: number | null): void {
    const { chain } = this
    chain.word(key === null ? 0 : 1)
    if (key !== null) chain.bytes(key)
    chain.word(value === null ? 0 : 1)
    if (value !== null) chain.bytes(value)
    chain.float64(timeMs ?? ABSENT)
  }

  /** The same for an event that never was bytes: its name, event time and values stand for them. */
  absorbSample(sample: Sample): void {
    this.chain.text(sample.sequence)
    this.chain.float64(sample.timeMs ?? ABSENT)
    for (const value of sample.values) this.chain.float64(Number.isNaN(value) ? ABSENT : value)
  }

  /** A record that cannot be used: it counts, and may end a block, and no sequence changes. */
  skip(): void {
    this.count++
    this.endBlockIfDue()
  }

  /** One usable record; afterwards `forecast` and `scored` tell what it brought. */
  step(sample: Sample): void {
    const record = ++this.count
    const sequence = this.table.use(sample.sequence, record)
    const { core } = sequence
    const t = core[HEADER.steps]!
    if (t === 0) this.begin(core)
    core[HEADER.lastChanged] = record
    this.score(sequence, t, sample, record)
    this.history.push(core, t, sample.timeMs, sample.values, this.scaler)
    this.advance(sequence, t, sample, record)
    core[HEADER.steps] = t + 1
    this.hashStep(sequence)
    this.fillForecast(sequence, t, sample)
    this.learning.stepped(sequence)
    this.endBlockIfDue()
    this.forecast.updates = this.learning.updates
  }

  /**
   * Writes what the sequence's newest step predicted into `means` (K, D) and `bounds` (K, D, L, 2);
   * false, and nothing written, where the sequence is not known.
   */
  recall(name: string, means: Float64Array, bounds: Float64Array): boolean {
    const sequence = this.table.byName.get(name)
    if (sequence === undefined) return false
    this.mixture.recall(sequence.core, sequence.steps - 1, means, bounds)
    for (let i = 0; i < means.length; i++) means[i] = absentToNaN(means[i]!)
    return true
  }

  /** 64 bits over everything taken in and said so far, 16 hex digits. */
  chainHash(): string {
    return this.chain.hex()
  }

  /** 64 bits over the whole state, 16 hex digits; costs a pass over all of it. */
  stateHash(): string {
    return stateHash(this.table, this.windows, this.shared())
  }

  /** 64 bits over the networks' weights and optimisers, 16 hex digits. */
  weightsHash(): string {
    return hashArrays(this.networkArrays())
  }

  get networkCount(): number {
    return this.portfolio.networks.length
  }

  /** Parameters of all networks together. */
  get parameters(): number {
    return this.portfolio.networks.reduce((sum, m) => sum + parameterCount(m.network.spec), 0)
  }

  /**
   * ‖∂L_t/∂H_{t−k}‖ for k = 0 … window − 1 of each network at the newest loss of a sequence, by
   * default the most recently used; [] where there is none yet.
   */
  gradientNormByLag(name?: string): LagNorms[] {
    const sequence = name === undefined ? this.table.used.last : this.table.byName.get(name)
    if (sequence === null || sequence === undefined) return []
    return gradientNorms(sequence, this.dimensions, this.windows, this.portfolio.networks)
  }

  private begin(core: Float64Array): void {
    this.history.begin(core)
    this.mixture.begin(core)
    this.portfolio.share(this.table.live)
  }

  /** Scores what was predicted for now, then lets everything cheap learn from it. */
  private score(sequence: Sequence, t: number, sample: Sample, record: number): void {
    const { scored, dimensions: d, mixture, windows } = this
    const { core } = sequence
    scored.step = t
    for (let slot = 0; slot < d.slots; slot++) scored.present[slot] = 0
    for (let i = 0; i < d.targets; i++) scored.observed[i] = sample.values[i]!
    this.fillSurprise(core, t)
    for (let k = 0; k < d.horizons.length; k++) {
      const step = t - d.horizons[k]!
      if (step < 0) continue
      let any = false
      for (let i = 0; i < d.targets; i++) {
        const observed = scored.observed[i]!
        const slot = k * d.targets + i
        this.arrived[i] = NaN
        if (Number.isNaN(observed) || mixture.published(core, step, slot) === ABSENT) continue
        any = true
        this.arrived[i] = observed
        mixture.arrive(core, step, slot, observed, scored)
        this.portfolio.references(core, t, k, i, this.pair)
        scored.persistence[slot] = absentToNaN(this.pair[0]!)
        scored.seasonal[slot] = absentToNaN(this.pair[1]!)
      }
      if (!any || !windows.holds(sequence, step)) continue
      const first = !windows.anyArrived(sequence, step)
      this.portfolio.arrive(sequence, step, k, this.arrived)
      if (first) this.learning.becameLearnable(sequence, record)
    }
    this.scores.add(scored)
  }

  private fillSurprise(core: Float64Array, t: number): void {
    const { forecast, scored, dimensions: d, mixture } = this
    const step = t - d.horizons[0]!
    for (let i = 0; i < d.targets; i++) {
      const observed = scored.observed[i]!
      const published = step < 0 ? ABSENT : mixture.published(core, step, i)
      const unit = mixture.rootMeanSquare(core, i)
      forecast.observed[i] = observed
      forecast.predicted[i] = absentToNaN(published)
      const known = published !== ABSENT && unit > 0
      forecast.surprise[i] = known ? Math.abs(observed - published) / unit : NaN
    }
  }

  /** Advances H_t over the sample and predicts every horizon. */
  private advance(sequence: Sequence, t: number, sample: Sample, record: number): void {
    const { windows, forecast, portfolio } = this
    if (sequence.window === NO_WINDOW) {
      windows.open(sequence)
      this.table.windowed.append(sequence)
    }
    windows.beginStep(sequence, t, record)
    const { core } = sequence
    this.inputs.write(core, t, sample.values, this.history, portfolio.x)
    windows.keepInputs(sequence, t, portfolio.x)
    portfolio.predict(sequence, t, this.members)
    this.mixture.predict(core, t, this.members, forecast.means, forecast.bounds)
  }

  /** Members, mixture and H_t: what the members say does not tell how they were weighed. */
  private hashStep(sequence: Sequence): void {
    this.chain.words(this.memberWords, 0, this.memberWords.length)
    this.chain.words(this.meanWords, 0, this.meanWords.length)
    this.chain.words(sequence.home.words, sequence.statesAt, this.table.stateSize)
  }

  private fillForecast(sequence: Sequence, t: number, sample: Sample): void {
    const { forecast, dimensions: d, history } = this
    forecast.sequence = sample.sequence
    forecast.timeMs = sample.timeMs
    forecast.records = this.count
    for (let i = 0; i < forecast.means.length; i++) {
      forecast.means[i] = absentToNaN(forecast.means[i]!)
    }
    for (let k = 0; k < d.horizons.length; k++) {
      forecast.forMs[k] = absentToNaN(history.timeAfter(sequence.core, t, d.horizons[k]!))
    }
  }

  private endBlockIfDue(): void {
    if (!this.learning.boundary(this.count)) return
    const live = this.table.live
    this.learning.endBlock(this.count, this.chain)
    if (this.table.live !== live) this.portfolio.share(this.table.live)
  }

  private networkArrays(): SharedArray[] {
    return this.portfolio.networks.flatMap(({ name, network }) =>
      Object.entries(network.stateArrays()).map(([part, array]) => ({
        name: `${name}/${part}`,
        array,
      })),
    )
  }

  private shared(): SharedArray[] {
    const { squares } = this.portfolio
    return [
      { name: 'count', array: new Float64Array([this.count]) },
      { name: 'chain', array: new Uint32Array([this.chain.high, this.chain.low]) },
      { name: 'block', array: this.learning.counters },
      { name: 'scores', array: this.scores.sums },
      ...squares.map((rls, i) => ({ name: `rls/${i}/weights`, array: rls.weights })),
      ...squares.map((rls, i) => ({ name: `rls/${i}/covariance`, array: rls.covariance })),
      ...this.networkArrays(),
    ]
  }
}

function absentToNaN(value: number): number {
  return value === ABSENT ? NaN : value
}

function emptyForecast(d: Dimensions): Forecast {
  return {
    sequence: '',
    timeMs: null,
    forMs: new Float64Array(d.horizons.length),
    means: new Float64Array(d.slots),
    bounds: new Float64Array(d.slots * d.levels.length * 2),
    observed: new Float64Array(d.targets),
    predicted: new Float64Array(d.targets),
    surprise: new Float64Array(d.targets),
    records: 0,
    updates: 0,
  }
}

function emptyScored(d: Dimensions, members: number): Scored {
  return {
    step: 0,
    present: new Uint8Array(d.slots),
    observed: new Float64Array(d.targets),
    mixture: new Float64Array(d.slots),
    members: new Float64Array(d.slots * members),
    bounds: new Float64Array(d.slots * d.levels.length * 2),
    scale: new Float64Array(d.slots),
    persistence: new Float64Array(d.slots),
    seasonal: new Float64Array(d.slots),
  }
}
