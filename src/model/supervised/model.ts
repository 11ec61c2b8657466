import type { SupervisedConfig } from '../../config/schema.ts'
import type { Kernel } from '../../kernels/kernel.ts'
import type { SupervisedForecast, SupervisedSample } from '../../record/types.ts'
import { parameterCount, stateSize } from '../../rnn/index.ts'
import { absorbRecord } from '../absorb-record.ts'
import { Guard } from '../guard.ts'
import { Hash64 } from '../hash.ts'
import { Layout } from '../layout.ts'
import { LearningHealth } from '../learning-health.ts'
import { learningRates, networkArrays } from '../networks.ts'
import type { PooledSquares } from '../rls.ts'
import { HEADER, type Sequence, SequenceTable } from '../sequence.ts'
import { SequenceView } from '../sequence-view.ts'
import { Snapshots } from '../snapshot/snapshots.ts'
import { hashArrays, type SharedArray, stateHash } from '../state.ts'
import { type Witness, witnessOf } from '../witness.ts'
import { Case, CaseLayout } from './case.ts'
import { ClassificationHead } from './classification.ts'
import { emptyForecast } from './forecast.ts'
import type { Head, HeadOptions } from './head.ts'
import { CaseInputs } from './inputs.ts'
import { COUNT, type LabelCounts } from './label-counts.ts'
import { CaseLearning } from './learning.ts'
import { CaseNetworks } from './networks.ts'
import { Pending } from './pending.ts'
import { RegressionHead } from './regression.ts'
import { emptyScored, type SupervisedScored } from './scored.ts'
import { LabelScores } from './scores.ts'
import { type Shape, shapeOf } from './shape.ts'
import { CaseSteps } from './steps.ts'
import { CaseWindows } from './windows.ts'

/** Records between two looks at the variances of least squares. */
const HOLD_EVERY = 1024

/**
 * The model of one partition of a `supervised` task, a pure function of its records (design §1).
 * Each record takes the same way: `absorb` its bytes, then `step` its sample or `skip` it. A record
 * with inputs is a step of its sequence and is predicted before its label is looked at. One with a
 * label for it may come later, with its id: it is scored by what was said then and learnt with what
 * was known then; only then do later predictions know of it.
 */
export class SupervisedModel {
  readonly kind = 'supervised'
  readonly memberNames: readonly string[]
  readonly shape: Shape
  readonly scores: LabelScores
  readonly snapshots: Snapshots
  /** What it holds of its sequences, for people. */
  readonly view: SequenceView
  /** How its learning fares, for those who watch. */
  readonly health: LearningHealth
  /** What the record stepped last predicts, and the labels that it has brought. */
  readonly forecast: SupervisedForecast
  readonly scored: SupervisedScored
  private readonly table: SequenceTable
  private readonly windows: CaseWindows
  private readonly inputs: CaseInputs
  private readonly head: Head
  private readonly networks: CaseNetworks
  private readonly pending: Pending
  private readonly guard: Guard
  private readonly learning: CaseLearning
  private readonly chain = new Hash64()
  /** What the model says goes into the chain hash where the same log gives the same bits. */
  private readonly said: Hash64
  private readonly kernel: Kernel
  /** Place in a core of the record count at which the sequence began. */
  private readonly bornAt: number
  private readonly byBorn = new Map<number, Sequence>()
  private readonly steps: CaseSteps
  /** All least squares, in a fixed order. */
  private readonly squares: readonly PooledSquares[]
  private count = 0

  /** `kernel` must be the one that the configuration names. */
  constructor(
    config: SupervisedConfig,
    kernel: Kernel,
    { seeded = true }: { readonly seeded?: boolean } = {},
  ) {
    this.kernel = kernel
    this.said = kernel.device === 'gpu' ? new Hash64() : this.chain
    const shape = shapeOf(config)
    const core = new Layout()
    core.claim(HEADER.size)
    this.bornAt = core.claim(1)
    this.shape = shape
    this.inputs = new CaseInputs(shape)
    const head = headOf(core, shape, config, kernel)
    this.head = head
    this.memberNames = head.names
    this.networks = new CaseNetworks(config, kernel, shape, head.needs, seeded)
    head.attach(this.networks)
    this.squares = [...head.squares, ...this.networks.list.flatMap((member) => member.readouts)]
    const { states, kept } = this.networks
    this.table = new SequenceTable(core.size, states)
    this.windows = new CaseWindows(shape.d, { inputs: kept, states, losses: head.losses })
    const layout = new CaseLayout({
      targets: shape.targets,
      fields: shape.fields,
      dense: shape.dense,
      past: head.past,
      said: head.said,
      states,
    })
    this.pending = new Pending(layout, shape.maxPending)
    this.guard = new Guard(shape.d, this.networks.list, head.names)
    this.learning = new CaseLearning(config, shape, new Case(layout), {
      table: this.table,
      windows: this.windows,
      networks: this.networks,
      head,
      guard: this.guard,
      pending: this.pending,
      inputsOf: (from, to) => this.steps.writeInputs(from, to),
      gone: (sequence) => this.byBorn.delete(sequence.core[this.bornAt]!),
    })
    this.scores = new LabelScores(shape, head.names, config.task.type === 'classification')
    this.forecast = emptyForecast(shape, head.classNames)
    this.scored = emptyScored(shape.targets, head.names.length)
    const { table, windows, inputs, networks, pending, learning, guard, scores } = this
    const { forecast, scored, said: chain, bornAt, byBorn } = this
    this.steps = new CaseSteps(shape, layout, {
      ...{ table, windows, inputs, head, networks, pending, learning, guard, scores },
      ...{ forecast, scored, chain, bornAt, byBorn },
      begun: () => this.share(),
    })
    const state = {
      records: () => this.count,
      arrays: () => this.shared(),
      written: (arrays: readonly SharedArray[]) => this.restored(arrays),
    }
    this.snapshots = new Snapshots(table, windows, state, pending)
    this.view = new SequenceView(table)
    const { learn } = config.model
    const watched = { table, windows, networks: networks.list, learning, guard, kernel, learn }
    this.health = new LearningHealth(watched)
  }

  /** Records taken in, dead letters included. */
  get records(): number {
    return this.count
  }

  /** Updates of the network weights. */
  get updates(): number {
    return this.learning.updates
  }

  get networkCount(): number {
    return this.networks.list.length
  }

  /** Parameters of all networks together. */
  get parameters(): number {
    return this.networks.list.reduce((sum, { network }) => sum + parameterCount(network.spec), 0)
  }

  get liveSequences(): number {
    return this.table.live
  }

  /** Predictions that are kept for labels or corrections. */
  get pendingPredictions(): number {
    return this.pending.size
  }

  get labelCounts(): LabelCounts {
    const { counts } = this.steps
    return {
      labels: counts[COUNT.labels]!,
      corrected: counts[COUNT.corrected]!,
      unmatched: counts[COUNT.unmatched]!,
      expired: counts[COUNT.expired]!,
      replaced: counts[COUNT.replaced]!,
      longIds: counts[COUNT.longIds]!,
      dropped: this.learning.dropped,
    }
  }

  /** Memory of one sequence with its window. */
  get bytesPerSequence(): number {
    return this.table.bytesPerSequence + this.windows.byteLength
  }

  /** Bytes of everything that the sequences share, once all predictions that may wait do. */
  get bytesShared(): number {
    return this.shared().reduce((sum, { array }) => sum + array.byteLength, this.pending.byteLength)
  }

  /** Takes a record's key, value and event time into the chain hash. */
  absorb(key: Uint8Array | null, value: Uint8Array | null, timeMs: number | null): void {
    absorbRecord(this.chain, key, value, timeMs)
  }

  /** A record that cannot be used: it counts, and may end a block, and no sequence changes. */
  skip(): void {
    this.count++
    this.steps.expire(this.count)
    this.endBlockIfDue()
  }

  /** One usable record; afterwards `forecast` and `scored` tell what it brought. */
  step(sample: SupervisedSample): void {
    const { forecast, steps } = this
    this.count++
    steps.expire(this.count)
    steps.take(sample, this.count)
    if (this.count % HOLD_EVERY === 0) for (const squares of this.squares) squares.hold()
    this.endBlockIfDue()
    forecast.records = this.count
    forecast.updates = this.learning.updates
  }

  /** 64 bits over everything taken in and said so far, 16 hex digits. */
  chainHash(): string {
    return this.chain.hex()
  }

  /** 64 bits over the whole state, 16 hex digits; costs a pass over all of it. */
  stateHash(): string {
    return stateHash(this.table, this.windows, this.shared(), this.pending)
  }

  /** 64 bits over the networks' weights and optimisers, 16 hex digits. */
  weightsHash(): string {
    return hashArrays(networkArrays(this.networks.list))
  }

  /** Gives back what the kernel holds on a device; nothing else is to be called then. */
  close(): void {
    this.kernel.close()
  }

  /** For a restore on another device; undefined where the kernel has none. */
  witness(): Witness | undefined {
    return witnessOf(this.kernel.device, this.networks.list, new Float64Array(0))
  }

  private endBlockIfDue(): void {
    if (!this.learning.boundary(this.count)) return
    const live = this.table.live
    this.learning.endBlock(this.count, this.said)
    if (this.table.live !== live) this.share()
  }

  /**
   * Spreads forgetting over the sequences, by the root of their number: keys may be customers that
   * come twice, of which a hundred thousand are no reason to forget nothing.
   */
  private share(): void {
    const spread = Math.sqrt(this.table.live)
    for (const squares of this.squares) squares.share(spread, 1)
    this.head.share(spread)
  }

  /** A restore has filled the sequences and what `shared` returned: derives all else from them. */
  private restored(arrays: readonly SharedArray[]): void {
    const [count, chain] = [arrays[0]!.array, arrays[1]!.array]
    this.count = count[0]!
    this.chain.set(chain[0]!, chain[1]!)
    for (const { network } of this.networks.list) network.stateWritten()
    this.byBorn.clear()
    for (const sequence of this.table.byName.values()) {
      this.byBorn.set(sequence.core[this.bornAt]!, sequence)
    }
    this.pending.restored()
    this.head.restored()
    this.share()
    this.learning.restored()
  }

  private shared(): SharedArray[] {
    const { head, learning, scores, inputs, guard, squares } = this
    return [
      { name: 'count', array: new Float64Array([this.count]) },
      { name: 'chain', array: new Uint32Array([this.chain.high, this.chain.low]) },
      { name: 'labels', array: this.steps.counts },
      { name: 'pending', array: this.pending.counters },
      ...learning.arrays(),
      { name: 'scores', array: scores.sums },
      ...inputs.arrays(),
      ...head.arrays(),
      ...guard.arrays(),
      ...squares.map(({ rls }, i) => ({ name: `rls/${i}/weights`, array: rls.weights })),
      ...squares.map(({ rls }, i) => ({ name: `rls/${i}/covariance`, array: rls.covariance })),
      ...networkArrays(this.networks.list),
    ]
  }
}

/** What the type of labels asks for. */
function headOf(
  core: Layout,
  shape: Shape,
  { task, model }: SupervisedConfig,
  kernel: Kernel,
): Head {
  const options: HeadOptions = {
    seed: model.seed,
    networkNames: learningRates(model).map((rate) => `network:${rate.toExponential()}`),
    hidden: model.layers * model.hidden,
    state: stateSize(model),
    twin: model.diagnostics,
  }
  return task.type === 'classification'
    ? new ClassificationHead(core, shape, options)
    : new RegressionHead(core, shape, kernel, options)
}
