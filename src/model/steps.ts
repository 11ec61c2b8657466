import type { Sample } from '../record/types.ts'
import type { Dimensions } from './dimensions.ts'
import type { Drift } from './drift.ts'
import type { Guard } from './guard.ts'
import type { Hash64 } from './hash.ts'
import type { History } from './history.ts'
import type { InputVector } from './inputs.ts'
import { ABSENT } from './layout.ts'
import type { Learning } from './learning.ts'
import { LiveStep } from './live-step.ts'
import type { Mixture } from './mixture.ts'
import type { NaiveForecasts } from './naive.ts'
import type { Portfolio } from './portfolio.ts'
import type { Profiles } from './profiles.ts'
import type { Resident } from './resident.ts'
import type { Residuals } from './residuals.ts'
import type { Scaler } from './scaler.ts'
import type { Scores } from './scores.ts'
import type { SeasonFinder } from './season-finder.ts'
import { HEADER, NO_WINDOW, type Sequence, type SequenceTable } from './sequence.ts'
import type { Windows } from './window.ts'

/** Bytes of a cache line. */
const LINE = 64
/** Elements of a core that are fetched at most: of what long seasons need, little is read. */
const FETCH_MAX = 512
/** Live sequences: fewer stay near the processor by themselves. */
const FETCH_LIVE_MIN = 64

/** The parts of a model through which a step goes. */
interface StepParts {
  readonly table: SequenceTable
  readonly history: History
  readonly naive: NaiveForecasts
  readonly profiles: Profiles
  readonly residuals: Residuals
  readonly inputs: InputVector
  readonly scaler: Scaler
  readonly windows: Windows
  readonly portfolio: Portfolio
  readonly mixture: Mixture
  readonly learning: Learning
  readonly scores: Scores
  readonly drift: Drift
  readonly guard: Guard
  /** null where states are in host memory. */
  readonly resident: Resident | null
  /** null where the seasons are named. */
  readonly finder: SeasonFinder | null
}

/**
 * The way of a usable record, in three phases. `begin` changes what is the sequence's own up to its
 * input vector, `forward` advances hidden states, `finish` does what must go in the order of the
 * log: least squares, which all sequences share, forecasts and the hash. The first two read nothing
 * that `finish` writes for another sequence, so steps of several sequences may begin, go forward
 * together, and finish one after the other, with the bits that each would have had by itself.
 */
export class Steps {
  /** Steps on their way, the first `count`; (rowsMax). */
  readonly live: readonly LiveStep[]
  /** The newest predictions of all members, (K, D, M). */
  readonly members: Float64Array
  private readonly d: Dimensions
  private readonly parts: StepParts
  private readonly memberWords: Uint32Array
  private readonly pair = new Float64Array(2)
  /** (K, D): how far targets usually move; (D): the units of a sequence's errors. */
  private readonly scales: Float64Array
  private readonly units: Float64Array
  /** How fast least squares forget at present; see `Drift.haste`. */
  private haste = 1
  private readonly found: (Sequence | undefined)[]
  private readonly fetched = new Float64Array(1)

  constructor(d: Dimensions, parts: StepParts) {
    const { names, inputs, rowsMax } = parts.portfolio
    const { size } = parts.inputs
    this.d = d
    this.parts = parts
    this.members = new Float64Array(d.slots * names.length)
    this.scales = new Float64Array(d.slots)
    this.units = new Float64Array(d.targets)
    this.memberWords = new Uint32Array(this.members.buffer)
    this.found = new Array(rowsMax).fill(undefined)
    this.live = Array.from(
      { length: rowsMax },
      (_, i) => new LiveStep(d, names.length, inputs.subarray(i * size, (i + 1) * size)),
    )
  }

  /**
   * Reads what steps over the first `count` samples will need of their sequences, so that it is
   * near the processor by then. Of hundreds of sequences it lies in far memory: here all lines are
   * waited for at once, later it would be one after the other.
   */
  fetch(samples: readonly Sample[], count: number): void {
    const { table, windows } = this.parts
    if (table.live < FETCH_LIVE_MIN) return
    const { stateSize } = table
    const { found } = this
    let sum = 0
    for (let i = 0; i < count; i++) {
      const sequence = table.byName.get(samples[i]!.sequence)
      found[i] = sequence
      if (sequence === undefined) continue
      const { core, home, statesAt } = sequence
      const { float32 } = home
      const size = Math.min(core.length, FETCH_MAX)
      for (let at = 0; at < size; at += LINE / 8) sum += core[at]!
      for (let at = 0; at < stateSize; at += LINE / 4) sum += float32[statesAt + at]!
    }
    // In a pass of its own: where a window is written follows from the step, which is there by now.
    for (let i = 0; i < count; i++) {
      const sequence = found[i]
      if (sequence === undefined || sequence.window === NO_WINDOW) continue
      sum += windows.fetch(sequence)
      found[i] = undefined
    }
    // Kept, or the compiler would see that nobody needs it.
    this.fetched[0] = sum
  }

  /** First phase of record `record` as step `i` of those on their way. */
  begin(i: number, sequence: Sequence, sample: Sample, record: number): void {
    const { history, profiles, residuals, inputs, windows } = this.parts
    const { portfolio, mixture, table, learning, scaler, drift, resident } = this.parts
    const { core } = sequence
    const step = this.live[i]!
    const t = core[HEADER.steps]!
    step.sequence = sequence
    step.step = t
    step.record = record
    if (t === 0) {
      history.begin(core)
      profiles.begin(core)
      portfolio.begin(core)
      mixture.begin(core)
      drift.begin(core)
      this.share(record)
    }
    core[HEADER.lastChanged] = record
    residuals.begin(core)
    this.score(step, sequence, sample)
    history.push(core, t, sample.timeMs, sample.values, scaler)
    profiles.push(core, t, sample.values, history)
    if (sequence.window === NO_WINDOW) {
      windows.open(sequence)
      table.windowed.append(sequence)
      resident?.begin(sequence)
    }
    windows.beginStep(sequence, t, record)
    if (resident === null) windows.keepStates(sequence, t)
    inputs.write(core, t, sample.values, history, step.x)
    windows.keepInputs(sequence, t, step.x)
    core[HEADER.steps] = t + 1
    learning.stepped(sequence)
    step.forecast.sequence = sample.sequence
    step.forecast.timeMs = sample.timeMs
  }

  /** Second phase of the first `count` steps. */
  forward(count: number): void {
    const { portfolio, resident } = this.parts
    if (resident === null) portfolio.forward(count, this.live)
    else resident.forward(count, this.live)
  }

  /** Last phase of step `i`, in the order of records; the chain hash takes it in. */
  finish(i: number, chain: Hash64): void {
    const { windows, portfolio, mixture, table, finder, resident } = this.parts
    const live = this.live[i]!
    const { step, scored, forecast } = live
    const sequence = live.sequence as Sequence
    const { core } = sequence
    finder?.push(core, scored.observed)
    this.watchErrors(live, sequence)
    for (let k = 0; k < this.d.horizons.length; k++) {
      const past = step - this.d.horizons[k]!
      if (windows.holds(sequence, past)) portfolio.learn(sequence, past, k, scored)
    }
    mixture.learnShared(core, step, scored)
    portfolio.predict(i, sequence, live, mixture, this.members)
    mixture.predict(core, step, this.members, forecast.means, forecast.bounds)
    portfolio.review(live.record, core, step, mixture)
    // Members, mixture and H_t: what the members say does not tell how they were weighed.
    chain.words(this.memberWords, 0, this.memberWords.length)
    chain.words(live.meanWords, 0, live.meanWords.length)
    // On a device a state stays there; what the members say was made of it.
    if (resident === null) chain.words(sequence.home.words, sequence.statesAt, table.stateSize)
    this.fillForecast(live, sequence)
    live.sequence = null
  }

  /** Spreads the forgetting of least squares over the live sequences, as at record `record`. */
  share(record: number): void {
    const { portfolio, table, drift } = this.parts
    this.haste = drift.haste(record)
    portfolio.share(table.live, this.haste)
  }

  /**
   * Drift and guard see the errors that the record has brought; where the response to a drift
   * begins or ends with it, least squares forget accordingly from this record on.
   */
  private watchErrors({ step, record, scored, forecast }: LiveStep, { core }: Sequence): void {
    const { drift, guard, history, table } = this.parts
    const { scales, units, d } = this
    for (let slot = 0; slot < d.slots; slot++) {
      if (scored.present[slot] === 0) continue
      const horizon = d.horizons[(slot - (slot % d.targets)) / d.targets]!
      scales[slot] = history.changeScale(core, slot, step - horizon)
    }
    const hasOwn = drift.hasSeat(core)
    for (let i = 0; i < d.targets; i++) units[i] = hasOwn ? scales[i]! : scored.scale[i]!
    drift.take(core, record, scored, units, table.live, forecast.drifts)
    guard.take(scored, scales)
    if (drift.haste(record) !== this.haste) this.share(record)
  }

  /** Scores what was predicted for now, and lets what the sequence has for itself learn from it. */
  private score(live: LiveStep, sequence: Sequence, sample: Sample): void {
    const { mixture, windows, portfolio, learning, scores, naive } = this.parts
    const { d, pair } = this
    const { scored, forecast, step: t } = live
    const { core } = sequence
    scored.step = t
    for (let slot = 0; slot < d.slots; slot++) scored.present[slot] = 0
    for (let i = 0; i < d.targets; i++) scored.observed[i] = sample.values[i]!
    this.fillPredicted(live, core)
    for (let k = 0; k < d.horizons.length; k++) {
      const step = t - d.horizons[k]!
      if (step < 0) continue
      let any = false
      for (let i = 0; i < d.targets; i++) {
        const observed = scored.observed[i]!
        const slot = k * d.targets + i
        if (Number.isNaN(observed) || mixture.published(core, step, slot) === ABSENT) continue
        any = true
        const surprise = mixture.arrive(core, step, slot, observed, scored)
        if (k === 0) forecast.surprise[i] = surprise
        naive.references(core, t, k, i, pair)
        scored.persistence[slot] = absentToNaN(pair[0]!)
        scored.seasonal[slot] = absentToNaN(pair[1]!)
      }
      if (!any) continue
      const held = windows.holds(sequence, step)
      const first = held && !windows.anyArrived(sequence, step)
      portfolio.arrive(sequence, step, k, scored, mixture)
      if (first) learning.becameLearnable(sequence, live.record)
    }
    scores.add(scored)
  }

  private fillPredicted({ forecast, scored, step: t }: LiveStep, core: Float64Array): void {
    const { mixture } = this.parts
    const step = t - this.d.horizons[0]!
    for (let i = 0; i < this.d.targets; i++) {
      const published = step < 0 ? ABSENT : mixture.published(core, step, i)
      forecast.observed[i] = scored.observed[i]!
      forecast.predicted[i] = absentToNaN(published)
      forecast.surprise[i] = NaN
    }
  }

  private fillForecast({ forecast, step, record }: LiveStep, { core }: Sequence): void {
    const { history } = this.parts
    const { horizons } = this.d
    forecast.records = record
    for (let i = 0; i < forecast.means.length; i++) {
      forecast.means[i] = absentToNaN(forecast.means[i]!)
    }
    for (let k = 0; k < horizons.length; k++) {
      forecast.forMs[k] = absentToNaN(history.timeAfter(core, step, horizons[k]!))
    }
  }
}

/** What the state holds as absent is not a number outside of it. */
export function absentToNaN(value: number): number {
  return value === ABSENT ? NaN : value
}
