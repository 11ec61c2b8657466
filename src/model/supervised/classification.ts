import type { SupervisedForecast, SupervisedSample } from '../../record/types.ts'
import type { WindowBatch } from '../../rnn/index.ts'
import { LEARNT } from '../density.ts'
import { ABSENT, type Layout } from '../layout.ts'
import type { NetworkMember } from '../networks.ts'
import type { PooledSquares } from '../rls.ts'
import type { Scored } from '../scored.ts'
import type { SharedArray } from '../state.ts'
import type { Case } from './case.ts'
import { ClassCounts, COUNTED } from './class-counts.ts'
import { ClassMixture } from './class-mixture.ts'
import { Classes } from './classes.ts'
import { CrossEntropy, SQUARE_EVERYWHERE } from './cross-entropy.ts'
import type { Head, HeadOptions } from './head.ts'
import { LabelHistory } from './label-history.ts'
import { Logistic, type LogisticInput } from './logistic.ts'
import type { CaseNetworks, NetworkNeeds } from './networks.ts'
import { likeliest, logOf, softmax } from './probabilities.ts'
import type { SupervisedScored } from './scored.ts'
import type { Shape } from './shape.ts'

/** Classes that networks see one by one; later ones share their places. */
const SEEN_MAX = 16
/** Counted members that networks see: what came lately and what is usual. */
const SEEN_MEMBERS: readonly number[] = [COUNTED.indexOf('recent'), COUNTED.indexOf('usual')]
const RANDOM = 64
const LOGISTICS: readonly string[] = ['logistic', 'logistic:random']
/** The gradient of the cross-entropy is clipped later than that of standardised values. */
const CLIP_NORM = 4
/** Per target before what the history tells: classes known then, the class that came last. */
const KNOWN = 0
const LAST = 1
const HISTORY = 2

/**
 * Labels that are names of classes. Every member says a probability for each of the classes known
 * so far: counts, logistic regressions on the record's inputs and on what counts say, networks
 * that learn by cross-entropy.
 */
export class ClassificationHead implements Head {
  readonly names: readonly string[]
  readonly needs: NetworkNeeds
  readonly losses: number
  readonly past: number
  readonly said: number
  readonly squares: readonly PooledSquares[] = []
  readonly aims: Float64Array
  readonly watched: Scored
  readonly usual: Float64Array
  readonly classNames: readonly (readonly string[])[]
  private readonly classes: Classes
  private readonly shape: Shape
  private readonly most: number
  private readonly history: LabelHistory
  private readonly counts: ClassCounts
  private readonly logistics: readonly Logistic[]
  private readonly mixture: ClassMixture
  /**
   * Rows of what is said of a target, (rows, C): counts, the other members, candidates of the
   * mixture, all together.
   */
  private readonly rows: number
  /** The first row that is a member's. */
  private readonly membersAt: number
  /** Places of the candidates and of all together in `table`. */
  private readonly candidatesAt: number
  private readonly meanAt: number
  private readonly counted: number
  private readonly entropy: CrossEntropy
  private networks: CaseNetworks | null = null
  /** Places that networks see of the classes. */
  private readonly seen: number
  /** What is said of one target, (rows, C). */
  private readonly table: Float64Array
  /** Probabilities of `again`, (D, C). */
  private readonly anew: Float64Array
  private readonly input: { -readonly [K in keyof LogisticInput]: LogisticInput[K] }

  constructor(core: Layout, shape: Shape, options: HeadOptions) {
    const { targets, full, d, maxClasses, dense, fields } = shape
    const { networkNames, seed } = options
    this.shape = shape
    this.most = maxClasses
    this.classes = new Classes(targets, maxClasses)
    this.classNames = this.classes.names
    this.history = new LabelHistory(core, shape)
    this.counts = new ClassCounts(core, shape)
    const sizes = { targets, classes: maxClasses, dense, fields, experts: COUNTED.length }
    this.logistics = full
      ? [0, RANDOM].map((random) => new Logistic({ ...sizes, random, seed, expertRate: 0.02 }))
      : []
    const mixed = [...(full ? [...COUNTED, ...LOGISTICS] : []), ...networkNames]
    const twin = options.twin && networkNames.length > 0
    this.names = twin ? [...mixed, 'network:no-carry'] : mixed
    this.counted = full ? COUNTED.length : 0
    this.membersAt = COUNTED.length - this.counted
    this.mixture = new ClassMixture(targets, maxClasses, mixed.length)
    this.candidatesAt = (this.membersAt + this.names.length) * maxClasses
    this.meanAt = this.candidatesAt + this.mixture.candidates * maxClasses
    this.rows = this.meanAt / maxClasses + 1
    this.seen = Math.min(SEEN_MAX, maxClasses)
    const each = this.seen * (1 + SEEN_MEMBERS.length + d.seasons.length)
    this.needs = {
      inputs: targets * each,
      outputs: targets * maxClasses,
      huberDelta: SQUARE_EVERYWHERE,
      clipNorm: CLIP_NORM,
      readOut: false,
    }
    this.losses = targets
    this.aims = new Float64Array(targets)
    this.past = targets * (HISTORY + this.history.size)
    // Single precision: two to a place.
    this.said = Math.ceil((targets * this.rows * maxClasses) / 2)
    this.table = new Float64Array(this.rows * maxClasses)
    this.anew = new Float64Array(targets * maxClasses)
    this.usual = new Float64Array(targets).fill(1)
    this.watched = emptyWatched(targets, this.names.length)
    this.entropy = new CrossEntropy(
      targets,
      maxClasses,
      { stepsMax: d.updateEvery + d.window, state: options.state },
      (target) => this.classes.count(target),
    )
    const { table } = this
    this.input = {
      dense: table,
      denseAt: 0,
      names: table,
      namesAt: 0,
      experts: table,
      expertsAt: 0,
    }
  }

  arrays(): SharedArray[] {
    return [
      ...this.classes.arrays(),
      ...this.counts.arrays(),
      ...this.logistics.flatMap((logistic, i) => logistic.arrays(LOGISTICS[i]!)),
      ...this.mixture.arrays(),
    ]
  }

  restored(): void {
    this.classes.restored()
  }

  begin(core: Float64Array): void {
    this.history.begin(core)
  }

  share(): void {
    // Counts are of all sequences, or of one.
  }

  attach(networks: CaseNetworks): void {
    this.networks = networks
  }

  look(core: Float64Array, now: Case): void {
    const { history, classes, counts, table, most } = this
    const { float64, layout } = now
    history.beginStep(core, now.step)
    for (let d = 0; d < this.shape.targets; d++) {
      const at = this.pastOf(now, d)
      const count = classes.count(d)
      const last = history.last(core, d)
      float64[at + KNOWN] = count
      float64[at + LAST] = last
      history.look(core, now.step, d, float64, at + HISTORY)
      table.fill(0)
      if (count > 0) counts.look(core, d, count, last, float64, layout.fieldsAt, table, 0)
      this.keep(now, d, 0, COUNTED.length * most)
    }
  }

  write(from: Case, x: Float32Array, at: number): void {
    const { seen, most, shape, history } = this
    const { float64, float32 } = from
    x.fill(0, at, at + this.needs.inputs)
    let to = at
    for (let d = 0; d < shape.targets; d++) {
      const past = this.pastOf(from, d)
      const said = this.saidOf(from, d)
      const count = float64[past + KNOWN]!
      const last = float64[past + LAST]!
      if (last !== ABSENT) x[to + (last % seen)] = 1
      to += seen
      for (const row of SEEN_MEMBERS) {
        for (let c = 0; c < count; c++) x[to + (c % seen)]! += float32[said + row * most + c]!
        to += seen
      }
      for (let s = 0; s < shape.d.seasons.length; s++) {
        const label = float64[past + HISTORY + history.seasonAt(s)]!
        if (label !== ABSENT) x[to + (label % seen)] = 1
        to += seen
      }
    }
  }

  predict(now: Case, forecast: SupervisedForecast): void {
    const { most, classes, rows, table } = this
    for (let d = 0; d < this.shape.targets; d++) {
      const count = this.mix(now, d)
      this.keep(now, d, COUNTED.length * most, rows * most)
      for (let c = 0; c < most; c++) {
        const known = count > 0 && c < classes.count(d)
        forecast.probabilities[d * most + c] = known ? table[this.meanAt + c]! : NaN
      }
    }
  }

  again(past: Case): void {
    const { most, table, anew, meanAt } = this
    for (let d = 0; d < this.shape.targets; d++) {
      this.recall(past, d)
      this.mix(past, d)
      for (let c = 0; c < most; c++) anew[d * most + c] = table[meanAt + c]!
    }
  }

  brings(sample: SupervisedSample, d: number): boolean {
    return sample.classes[d] !== null && sample.classes[d] !== undefined
  }

  labelOf(sample: SupervisedSample, d: number): number {
    return this.classes.numberOf(d, sample.classes[d] as string)
  }

  score(past: Case, d: number, label: number, scored: SupervisedScored, isLate: boolean): void {
    const { names, most, table, meanAt, membersAt } = this
    const from = this.pastOf(past, d)
    const count = past.float64[from + KNOWN]!
    const last = past.float64[from + LAST]!
    const former = past.isLabelled(d) ? past.labelOf(d) : NaN
    this.recall(past, d)
    scored.present[d] = 1
    scored.records[d] = past.record
    scored.observed[d] = label
    scored.former[d] = former
    scored.mixture[d] = classOf(table, meanAt, count)
    scored.mixtureLoss[d] = lossOf(table, meanAt, label, count)
    scored.formerMixtureLoss[d] = lossOf(table, meanAt, former, count)
    for (let i = 0; i < names.length; i++) {
      const row = (membersAt + i) * most
      scored.members[d * names.length + i] = classOf(table, row, count)
      scored.memberLosses[d * names.length + i] = lossOf(table, row, label, count)
      scored.formerMemberLosses[d * names.length + i] = lossOf(table, row, former, count)
    }
    scored.atLabelTime[d] = isLate ? classOf(this.anew, d * most, count) : scored.mixture[d]!
    scored.atLabelTimeLoss[d] = isLate
      ? lossOf(this.anew, d * most, label, count)
      : scored.mixtureLoss[d]!
    scored.noChange[d] = last === ABSENT ? NaN : last
  }

  tell(past: Case | null, d: number, sample: SupervisedSample, forecast: SupervisedForecast): void {
    const told = forecast.observed[d]!
    const name = sample.classes[d] as string
    told.value = NaN
    told.class = name
    told.predicted = NaN
    told.predictedClass = null
    if (past === null) return
    const count = past.float64[this.pastOf(past, d) + KNOWN]!
    if (count === 0) return
    const mean = this.saidOf(past, d) + this.meanAt
    const label = this.classes.find(d, name)
    told.predicted = label >= 0 && label < count ? past.float32[mean + label]! : 0
    told.predictedClass = this.classes.names[d]![likeliest(past.float32, mean, count)] ?? null
  }

  learn(core: Float64Array | null, steps: number, past: Case, d: number, label: number): void {
    const { classes, table, most, aims, history, counts } = this
    const { float64, layout } = past
    const at = this.pastOf(past, d)
    const count = classes.count(d)
    const last = float64[at + LAST]!
    aims.fill(ABSENT)
    this.watched.present.fill(0)
    this.recall(past, d)
    if (float64[at + KNOWN]! > 0) {
      this.mixture.learn(d, count, table, this.membersAt * most, this.candidatesAt, label)
      this.point(past)
      for (const logistic of this.logistics) logistic.learn(d, count, this.input, label)
      this.watch(d, label)
    }
    counts.learn(core, d, count, last, float64, layout.fieldsAt, label)
    if (core !== null) history.arrive(core, steps, past.step, d, label, ABSENT, 1)
    aims[d] = label
  }

  correct(core: Float64Array | null, steps: number, past: Case, d: number, label: number): void {
    if (core !== null) this.history.correct(core, steps, past.step, d, label)
  }

  aim(batch: WindowBatch, place: number, loss: number, label: number): void {
    this.entropy.aim(batch, place, loss, label)
  }

  prepare(member: NetworkMember, batch: WindowBatch, states: Float32Array): void {
    this.entropy.prepare(member, batch, states)
  }

  /** Members beside the counts, and all together, of a case whose networks have run last. */
  private mix(from: Case, d: number): number {
    const { table, most, logistics, networks, membersAt, counted } = this
    const count = this.classes.count(d)
    this.recall(from, d)
    table.fill(0, COUNTED.length * most)
    if (count === 0 || from.float64[this.pastOf(from, d) + KNOWN] === 0) return 0
    this.point(from)
    let row = membersAt + counted
    for (const logistic of logistics) logistic.predict(d, count, this.input, table, row++ * most)
    if (networks !== null) {
      for (const { outputs } of networks.list) this.say(outputs, d, count, row++)
      if (networks.fresh !== null) this.say(networks.fresh, d, count, row)
    }
    this.mixture.mix(d, count, table, membersAt * most, this.candidatesAt)
    return count
  }

  private say(outputs: Float64Array, d: number, count: number, row: number): void {
    const { table, most } = this
    for (let c = 0; c < count; c++) table[row * most + c] = outputs[d * most + c]!
    softmax(table, row * most, count)
  }

  /** How networks fared beside the majority, for those who guard them. */
  private watch(d: number, label: number): void {
    const { watched, names, table, most } = this
    watched.present[d] = 1
    watched.observed[d] = 0
    watched.persistence[d] = -logOf(table[label]!)
    for (let i = 0; i < names.length; i++) {
      watched.members[d * names.length + i] = -logOf(table[(this.membersAt + i) * most + label]!)
    }
  }

  /** Points what logistic regressions read at a case. */
  private point({ float64, layout }: Case): void {
    const { input } = this
    input.dense = float64
    input.denseAt = layout.denseAt
    input.names = float64
    input.namesAt = layout.fieldsAt
  }

  /** Keeps `table[from…until)` in a case, as what is said of target d. */
  private keep(now: Case, d: number, from: number, until: number): void {
    const said = this.saidOf(now, d)
    for (let i = from; i < until; i++) now.float32[said + i] = this.table[i]!
  }

  /** Points `table` at what was said of target d. */
  private recall(past: Case, d: number): void {
    const { table } = this
    const said = this.saidOf(past, d)
    for (let i = 0; i < table.length; i++) table[i] = past.float32[said + i]!
  }

  private saidOf({ layout }: Case, d: number): number {
    return 2 * layout.saidAt + d * this.table.length
  }

  private pastOf({ layout }: Case, d: number): number {
    return layout.pastAt + d * (HISTORY + this.history.size)
  }
}

/** The most likely of the classes that were known; NaN where there were none. */
function classOf(p: Float64Array, at: number, count: number): number {
  return count === 0 ? NaN : likeliest(p, at, count)
}

/** −ln p of a label, which may not have been known; NaN where there is none, or no prediction. */
function lossOf(p: Float64Array, at: number, label: number, count: number): number {
  if (count === 0 || Number.isNaN(label)) return NaN
  return -logOf(p[at + label]!)
}

function emptyWatched(targets: number, members: number): Scored {
  const each = () => new Float64Array(targets)
  return {
    step: 0,
    present: new Uint8Array(targets),
    observed: each(),
    mixture: each(),
    members: new Float64Array(targets * members),
    bounds: new Float64Array(0),
    scale: each(),
    density: new Float64Array(targets * LEARNT),
    persistence: each(),
    seasonal: each(),
  }
}
