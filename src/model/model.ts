import { assert } from '../assert.ts'
import type { ForecastConfig } from '../config/schema.ts'
import type { Kernel } from '../kernels/kernel.ts'
import type { Forecast, Sample } from '../record/types.ts'
import { parameterCount } from '../rnn/index.ts'
import { absorbRecord } from './absorb-record.ts'
import type { UpdateSummary } from './block-learning.ts'
import { buildNetworks } from './build-networks.ts'
import { Categories } from './categories.ts'
import { type Dimensions, dimensionsOf } from './dimensions.ts'
import { Drift } from './drift.ts'
import { gradientNorms, type LagNorms } from './gradient-norms.ts'
import { Guard } from './guard.ts'
import { Hash64 } from './hash.ts'
import { ModelHealth } from './health.ts'
import { History } from './history.ts'
import { InputVector } from './inputs.ts'
import { maxLag } from './lags.ts'
import { ABSENT, Layout } from './layout.ts'
import { Learning } from './learning.ts'
import type { LiveStep } from './live-step.ts'
import { Mixture } from './mixture.ts'
import { NaiveForecasts } from './naive.ts'
import { networkArrays } from './networks.ts'
import { domainsOf, Portfolio } from './portfolio.ts'
import { Profiles } from './profiles.ts'
import { Resident } from './resident.ts'
import { Residuals } from './residuals.ts'
import { Scaler } from './scaler.ts'
import type { Scored } from './scored.ts'
import { Scores } from './scores.ts'
import { SeasonFinder } from './season-finder.ts'
import { FoundSeasons } from './seasons.ts'
import { HEADER, SequenceTable } from './sequence.ts'
import { Snapshots } from './snapshot/snapshots.ts'
import { hashArrays, type SharedArray, stateHash } from './state.ts'
import { absentToNaN, Steps } from './steps.ts'
import { ModelView } from './view.ts'
import { Windows } from './window.ts'
import { type Witness, witnessOf } from './witness.ts'

export interface ModelOptions {
  /** False: the networks begin with zero weights, at once; for a look at sizes alone. */
  readonly seeded?: boolean
}

/**
 * The model of one partition, a pure function of its records (design §1). Each record takes the
 * same way: `absorb` its bytes, then `step` its sample or `skip` it.
 */
export class Model {
  readonly kind = 'forecast'
  readonly memberNames: readonly string[]
  readonly dimensions: Dimensions
  readonly scores: Scores
  readonly snapshots: Snapshots
  /** What it holds of its sequences, for people. */
  readonly view: ModelView
  /** How its learning fares, for those who watch. */
  readonly health: ModelHealth
  private readonly table: SequenceTable
  private readonly windows: Windows
  private readonly categories: Categories
  private readonly portfolio: Portfolio
  private readonly mixture: Mixture
  private readonly drift: Drift
  private readonly guard: Guard
  private readonly learning: Learning
  /** null where the configuration names the seasons. */
  private readonly seasons: FoundSeasons | null
  /** null where states are in host memory. */
  private readonly resident: Resident | null
  private readonly chain = new Hash64()
  /** What the model says goes into the chain hash where the same log gives the same bits. */
  private readonly said: Hash64
  private readonly kernel: Kernel
  private readonly steps: Steps
  private count = 0
  /** The step that was finished last. */
  private newest: LiveStep
  /** Steps that have begun and are not finished, and the first of them. */
  private begun = 0
  private next = 0

  /** `kernel` must be the one that the configuration names. */
  constructor(config: ForecastConfig, kernel: Kernel, { seeded = true }: ModelOptions = {}) {
    const d = dimensionsOf(config)
    this.dimensions = d
    this.kernel = kernel
    this.said = kernel.device === 'gpu' ? new Hash64() : this.chain
    const core = new Layout()
    core.claim(HEADER.size)
    const domains = domainsOf(config.model.portfolio)
    const scaler = new Scaler(core, domains.length * d.targets)
    const full = config.model.portfolio === 'full'
    const history = new History(core, d, domains, maxLag(d, full))
    const categories = new Categories(d, full)
    const profiles = new Profiles(core, d, categories, full)
    const residuals = new Residuals(core, d, history, domains)
    const naive = new NaiveForecasts(d, history, profiles)
    const past = full ? { profiles, residuals } : null
    const inputs = new InputVector(core, d, config.task.calendar, past)
    const networks = buildNetworks(config, d, kernel, inputs.size, seeded)
    const states = networks.length * (networks[0]?.stateSize ?? 0)
    const readOut = networks.filter(({ readouts }) => readouts.length > 0)
    const features = readOut.reduce((sum, { hiddenSize }) => sum + hiddenSize, 0)
    this.windows = new Windows(d, inputs.packed, { states, features })
    this.categories = categories
    this.portfolio = new Portfolio(core, config, d, kernel, {
      history,
      profiles,
      categories,
      naive,
      residuals,
      windows: this.windows,
      inputs,
      networks,
    })
    this.memberNames = this.portfolio.names
    const { mixed, baselines, inputs: rows, rowsMax, twin, twinOutputs } = this.portfolio
    this.mixture = new Mixture(core, d, this.memberNames.length, mixed, baselines)
    this.drift = new Drift(core, d)
    this.guard = new Guard(d, networks, this.memberNames)
    const finder = d.foundSeasons === null ? null : new SeasonFinder(core, d.targets)
    this.table = new SequenceTable(core.size, states)
    this.resident = Resident.open(kernel, d, {
      ...{ table: this.table, windows: this.windows, networks, twin, twinOutputs },
      ...{ inputs: rows, rowsMax, slots: config.sequences.max },
    })
    this.learning = new Learning(config, d, {
      ...{ table: this.table, windows: this.windows, networks },
      ...{ drift: this.drift, guard: this.guard, resident: this.resident },
    })
    this.scores = new Scores(d, this.memberNames)
    const { table, windows, portfolio, mixture, learning, scores, drift, guard, resident } = this
    const own = { table, windows, portfolio, mixture, learning, scores, drift, guard, resident }
    const ofSteps = { history, naive, profiles, residuals, inputs, scaler, finder }
    this.steps = new Steps(d, { ...own, ...ofSteps })
    const { foundSeasons } = d
    this.seasons =
      finder === null || foundSeasons === null
        ? null
        : new FoundSeasons(finder, foundSeasons, { table, portfolio, mixture, history, profiles })
    this.newest = this.steps.live[0]!
    this.health = new ModelHealth(d, { ...own, networks, kernel, learn: config.model.learn })
    this.view = new ModelView(d, { ...own, history, networks })
    this.snapshots = this.openSnapshots()
  }

  /** What the step that was finished last predicts. */
  get forecast(): Forecast {
    return this.newest.forecast
  }

  /** What the step that was finished last brought for earlier predictions. */
  get scored(): Scored {
    return this.newest.scored
  }

  /** Records taken in, dead letters included. */
  get records(): number {
    return this.count
  }

  /** Samples for which `expect` and `beginSteps` have room. */
  get rowsMax(): number {
    return this.portfolio.rowsMax
  }

  /** Updates of the network weights. */
  get updates(): number {
    return this.learning.updates
  }

  get liveSequences(): number {
    return this.table.live
  }

  /** Periods in steps that are named, or have been found so far. */
  get seasonsNow(): readonly number[] {
    return this.dimensions.seasons.filter((season) => season > 0)
  }

  /** What the newest update did. */
  get lastUpdate(): Readonly<UpdateSummary> {
    return this.learning.newest
  }

  /** Memory of one sequence with its window: its state and what the engine needs to hold it. */
  get bytesPerSequence(): number {
    return this.table.bytesPerSequence + this.windows.byteLength
  }

  /** Of one sequence's memory what is on a device too; 0 where there is none. */
  get bytesOnDevice(): number {
    return this.resident?.bytesPerSequence ?? 0
  }

  /** Bytes of everything that the sequences share. */
  get bytesShared(): number {
    return this.shared().reduce((sum, { array }) => sum + array.byteLength, 0)
  }

  /** Takes a record's key, value and event time into the chain hash. */
  absorb(key: Uint8Array | null, value: Uint8Array | null, timeMs: number | null): void {
    absorbRecord(this.chain, key, value, timeMs)
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
    assert(this.begun === this.next, 'steps that have begun are finished first')
    const record = this.count + 1
    this.steps.begin(0, this.table.use(sample.sequence, record), sample, record)
    this.steps.forward(1)
    this.finish(0, true)
  }

  /** Tells which samples come next, so that their sequences' memory may be fetched by then. */
  expect(samples: readonly Sample[], count: number): void {
    this.steps.fetch(samples, count)
  }

  /**
   * Begins a step for the first of `samples[from…until)` and all that can go beside it: of known
   * sequences, none of them twice, up to the end of a block that changes weights. Returns how many.
   * Each is to be finished in their order, by `absorb` and `finishStep`, before anything else.
   */
  beginSteps(samples: readonly Sample[], from: number, until: number): number {
    assert(this.begun === this.next, 'steps that have begun are finished first')
    const { table, steps, learning, count } = this
    const most = Math.min(until - from, this.rowsMax)
    let rows = 0
    for (let more = true; more && rows < most; rows++) {
      const sample = samples[from + rows]!
      const record = count + rows + 1
      let sequence = table.byName.get(sample.sequence)
      if (rows > 0) {
        if (sequence === undefined || sequence.core[HEADER.lastUsed]! > count) break
        table.useKnown(sequence, record)
      } else {
        more = sequence !== undefined
        sequence = table.use(sample.sequence, record)
      }
      steps.begin(rows, sequence, sample, record)
      if (!learning.boundary(record)) continue
      // What the steps beside it will have said by then may make a look at the seasons due.
      const looks = this.seasons?.mayLook(rows + 1) ?? false
      if (!looks && learning.isQuiet(record)) learning.endBlock(record, this.said)
      else more = false
    }
    steps.forward(rows)
    this.begun = rows
    this.next = 0
    return rows
  }

  /** Ends the next of the steps that have begun; `forecast` and `scored` tell what it brought. */
  finishStep(): void {
    assert(this.next < this.begun, 'a step has begun before it is finished')
    const i = this.next++
    this.finish(i, this.next === this.begun)
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
    this.resident?.sync()
    return stateHash(this.table, this.windows, this.shared())
  }

  /** 64 bits over the networks' weights and optimisers, 16 hex digits. */
  weightsHash(): string {
    return hashArrays(networkArrays(this.portfolio.networks))
  }

  /** Gives back what the kernel holds on a device; nothing else is to be called then. */
  close(): void {
    this.kernel.close()
  }

  /** For a restore on another device; undefined where the kernel has none. */
  witness(device = this.kernel.device): Witness | undefined {
    const { slots, levels } = this.dimensions
    const means = new Float64Array(slots)
    const newest = this.table.used.last
    if (newest !== null)
      this.recall(newest.name, means, new Float64Array(slots * levels.length * 2))
    return witnessOf(device, this.portfolio.networks, means)
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
    this.resident?.pull([sequence])
    return gradientNorms(sequence, this.dimensions, this.windows, this.portfolio.networks)
  }

  private finish(i: number, isLast: boolean): void {
    const { steps, learning } = this
    const step = steps.live[i]!
    this.newest = step
    this.count = step.record
    steps.finish(i, this.said)
    if (isLast) this.endBlockIfDue()
    step.forecast.updates = learning.updates
  }

  private endBlockIfDue(): void {
    if (!this.learning.boundary(this.count)) return
    const live = this.table.live
    this.learning.endBlock(this.count, this.said)
    if (this.table.live !== live) this.steps.share(this.count)
    this.seasons?.look(this.count, this.said)
  }

  /** A restore has filled the sequences and what `shared` returned: derives all else from them. */
  private restored(arrays: readonly SharedArray[]): void {
    const [count, chain] = [arrays[0]!.array, arrays[1]!.array]
    this.count = count[0]!
    this.chain.set(chain[0]!, chain[1]!)
    for (const { network } of this.portfolio.networks) network.stateWritten()
    this.seasons?.arrange()
    this.steps.share(this.count)
    this.learning.restored()
    this.resident?.restored()
  }

  private openSnapshots(): Snapshots {
    return new Snapshots(this.table, this.windows, {
      records: () => this.count,
      arrays: () => {
        assert(this.begun === this.next, 'a cut lies between two records')
        this.resident?.sync()
        return this.shared()
      },
      written: (arrays) => this.restored(arrays),
    })
  }

  private shared(): SharedArray[] {
    const { squares } = this.portfolio
    return [
      { name: 'count', array: new Float64Array([this.count]) },
      { name: 'chain', array: new Uint32Array([this.chain.high, this.chain.low]) },
      { name: 'block', array: this.learning.counters },
      { name: 'scores', array: this.scores.sums },
      ...this.categories.arrays(),
      { name: 'suspension', array: this.portfolio.suspension.state },
      { name: 'drift', array: this.drift.state },
      ...(this.seasons?.arrays() ?? []),
      ...this.guard.arrays(),
      ...squares.map(({ rls }, i) => ({ name: `rls/${i}/weights`, array: rls.weights })),
      ...squares.map(({ rls }, i) => ({ name: `rls/${i}/covariance`, array: rls.covariance })),
      ...this.mixture.sharedArrays(),
      ...networkArrays(this.portfolio.networks),
    ]
  }
}
