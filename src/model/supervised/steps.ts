import type { SupervisedForecast, SupervisedSample } from '../../record/types.ts'
import type { Guard } from '../guard.ts'
import type { Hash64 } from '../hash.ts'
import { ABSENT } from '../layout.ts'
import { HEADER, NO_WINDOW, type Sequence, type SequenceTable } from '../sequence.ts'
import { Case, type CaseLayout, ID_UNITS_MAX } from './case.ts'
import type { Head } from './head.ts'
import type { CaseInputs } from './inputs.ts'
import { COUNT } from './label-counts.ts'
import type { CaseLearning } from './learning.ts'
import type { CaseNetworks } from './networks.ts'
import type { Pending } from './pending.ts'
import type { SupervisedScored } from './scored.ts'
import type { LabelScores } from './scores.ts'
import type { Shape } from './shape.ts'
import type { CaseWindows } from './windows.ts'

/** The parts of a model through which a record goes. */
interface StepParts {
  readonly table: SequenceTable
  readonly windows: CaseWindows
  readonly inputs: CaseInputs
  readonly head: Head
  readonly networks: CaseNetworks
  readonly pending: Pending
  readonly learning: CaseLearning
  readonly guard: Guard
  readonly scores: LabelScores
  readonly forecast: SupervisedForecast
  readonly scored: SupervisedScored
  readonly chain: Hash64
  /** Place in a core of the record count at which the sequence began. */
  readonly bornAt: number
  /** Live sequences by that. */
  readonly byBorn: Map<number, Sequence>
  /** A sequence has begun. */
  readonly begun: () => void
}

/**
 * The way of a usable record. One whose id is that of a kept prediction, and that has a label, is a
 * label, whether or not it repeats inputs. Any other with inputs is a step of its sequence: it is
 * predicted, then its own label is looked at, if it has one. What is left are labels of nothing.
 */
export class CaseSteps {
  /** See COUNT; part of the state. */
  readonly counts = new Float64Array(COUNT.size)
  private readonly shape: Shape
  private readonly parts: StepParts
  /** The prediction in hand, and the one that a label has come for. */
  private readonly now: Case
  private readonly past: Case
  private readonly kept: Float32Array

  constructor(shape: Shape, layout: CaseLayout, parts: StepParts) {
    this.shape = shape
    this.parts = parts
    this.now = new Case(layout)
    this.past = new Case(layout)
    this.kept = new Float32Array(parts.networks.kept)
  }

  /** Predictions that have waited for too long at record `record` go. */
  expire(record: number): void {
    const { pending } = this.parts
    pending.record = record
    while (pending.oldestRecord <= record - this.shape.maxPending) {
      pending.leave(this.past)
      if (!this.past.isWhole) this.counts[COUNT.expired]! += 1
    }
  }

  /** Takes in a sample, which is record `record`. */
  take(sample: SupervisedSample, record: number): void {
    this.clear(sample)
    const id = this.idOf(sample)
    const number = id === null ? -1 : this.parts.pending.find(id)
    const brings = this.bringsLabel(sample)
    if (number >= 0 && brings) this.label(number, sample, record)
    else if (sample.hasInputs) this.predict(sample, id, record)
    else if (brings) this.tellUnmatched(sample)
  }

  /** Writes the inputs of a case as networks keep them, (X). */
  writeInputs(from: Case, kept: Float32Array): void {
    const { float64, layout } = from
    for (let i = 0; i < layout.dense; i++) kept[i] = float64[layout.denseAt + i]!
    this.parts.head.write(from, kept, layout.dense)
    const names = kept.length - layout.fields
    for (let f = 0; f < layout.fields; f++) kept[names + f] = float64[layout.fieldsAt + f]!
  }

  private clear(sample: SupervisedSample): void {
    const { forecast, scored } = this.parts
    forecast.sequence = sample.sequence
    forecast.timeMs = sample.timeMs
    forecast.id = sample.id
    forecast.isPrediction = false
    for (let d = 0; d < this.shape.targets; d++) forecast.observed[d]!.present = false
    scored.present.fill(0)
  }

  private idOf({ id }: SupervisedSample): string | null {
    if (id === null || id.length <= ID_UNITS_MAX) return id
    this.counts[COUNT.longIds]! += 1
    return null
  }

  private bringsLabel(sample: SupervisedSample): boolean {
    for (let d = 0; d < this.shape.targets; d++) if (this.parts.head.brings(sample, d)) return true
    return false
  }

  /** A step of a sequence, and a prediction. */
  private predict(sample: SupervisedSample, id: string | null, record: number): void {
    const { head, networks, windows, table, chain, forecast, pending, learning } = this.parts
    const { now, kept } = this
    const sequence = this.sequenceOf(sample, record)
    const { core } = sequence
    const step = sequence.steps
    now.begin(record, step, core[this.parts.bornAt]!, id)
    this.parts.inputs.take(sample, now)
    head.look(core, now)
    this.keepStates(sequence)
    this.writeInputs(now, kept)
    windows.beginStep(sequence, step, record, kept)
    core[HEADER.steps] = step + 1
    learning.stepped(sequence)
    networks.advance(sequence, kept)
    forecast.isPrediction = true
    head.predict(now, forecast)
    chain.words(now.words, 2 * now.layout.saidAt, 2 * now.layout.said)
    chain.words(sequence.home.words, sequence.statesAt, table.stateSize)
    this.learnLabels(now, -1, sequence, sample, record)
    if (id === null) return
    if (pending.find(id) >= 0) this.counts[COUNT.replaced]! += 1
    pending.keep(now, id)
  }

  /** Labels for a prediction that was kept. */
  private label(number: number, sample: SupervisedSample, record: number): void {
    const { pending, head, networks, table, byBorn } = this.parts
    const { past, kept } = this
    pending.read(number, past)
    const sequence = byBorn.get(past.born) ?? null
    if (sequence !== null) {
      table.touch(sequence)
      sequence.core[HEADER.lastChanged] = record
    }
    this.writeInputs(past, kept)
    networks.again(past, kept)
    head.again(past)
    this.learnLabels(past, number, sequence, sample, record)
    pending.write(number, past)
  }

  /** Scores and learns the labels that a sample brings for a case; `number` −1: its own. */
  private learnLabels(
    of: Case,
    number: number,
    sequence: Sequence | null,
    sample: SupervisedSample,
    record: number,
  ): void {
    const { head, scored, scores, forecast, chain } = this.parts
    for (let d = 0; d < this.shape.targets; d++) {
      if (!head.brings(sample, d)) continue
      const told = forecast.observed[d]!
      told.present = true
      told.delay = record - of.record
      told.corrected = of.isLabelled(d)
      head.tell(of, d, sample, forecast)
      const label = head.labelOf(sample, d)
      // The same again corrects nothing.
      if (told.corrected && of.labelOf(d) === label) continue
      head.score(of, d, label, scored, number >= 0)
      if (told.corrected) this.correct(of, d, label, sequence)
      else this.learnLabel(of, d, label, number, sequence, record)
      of.label(d, label)
      const anew = scored.atLabelTime[d]!
      chain.float64(label)
      chain.float64(Number.isNaN(anew) ? ABSENT : anew)
    }
    scores.add(scored)
  }

  private learnLabel(
    of: Case,
    d: number,
    label: number,
    number: number,
    sequence: Sequence | null,
    record: number,
  ): void {
    const { head, learning, guard } = this.parts
    head.learn(sequence?.core ?? null, sequence?.steps ?? 0, of, d, label)
    learning.arrive(sequence, of.step, number, record)
    guard.take(head.watched, head.usual)
    this.counts[COUNT.labels]! += 1
  }

  /**
   * A second label is scored in place of the first, and is what later predictions see; it is not
   * learnt: what the first has taught cannot be taken back, and twice the weight is nobody's due.
   */
  private correct(of: Case, d: number, label: number, sequence: Sequence | null): void {
    const core = sequence?.core ?? null
    this.parts.head.correct(core, sequence?.steps ?? 0, of, d, label)
    this.counts[COUNT.corrected]! += 1
  }

  private tellUnmatched(sample: SupervisedSample): void {
    const { head, forecast } = this.parts
    this.counts[COUNT.unmatched]! += 1
    for (let d = 0; d < this.shape.targets; d++) {
      if (!head.brings(sample, d)) continue
      const told = forecast.observed[d]!
      told.present = true
      told.delay = -1
      told.corrected = false
      head.tell(null, d, sample, forecast)
    }
  }

  /** The sequence of a record with inputs, begun where it is new. */
  private sequenceOf(sample: SupervisedSample, record: number): Sequence {
    const { table, windows, head, byBorn, bornAt, begun } = this.parts
    const sequence = table.use(sample.sequence, record)
    const { core } = sequence
    if (core[bornAt] === 0) {
      core[bornAt] = record
      byBorn.set(record, sequence)
      head.begin(core)
      begun()
    }
    core[HEADER.lastChanged] = record
    if (sequence.window === NO_WINDOW) {
      windows.open(sequence)
      table.windowed.append(sequence)
    }
    return sequence
  }

  private keepStates({ home, statesAt }: Sequence): void {
    const { float32, layout } = this.now
    for (let i = 0; i < layout.states; i++) {
      float32[layout.statesAt + i] = home.float32[statesAt + i]!
    }
  }
}
