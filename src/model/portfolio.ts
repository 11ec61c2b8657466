import type { ForecastConfig } from '../config/schema.ts'
import type { Kernel, LiveRows } from '../kernels/kernel.ts'
import { CALENDAR_SIZE, writeCalendar } from './calendar.ts'
import type { Categories } from './categories.ts'
import { CrossLines, hasCrossLines } from './cross-lines.ts'
import type { Dimensions } from './dimensions.ts'
import { type Domain, linear, logarithmic, squareRoot } from './domain.ts'
import type { History } from './history.ts'
import type { InputVector } from './inputs.ts'
import { ABSENT, type Layout } from './layout.ts'
import { emptyStep, type LineStep } from './line-features.ts'
import { lineNames, SlotLines } from './lines.ts'
import { type LiveStep, rowsMaxOf } from './live-step.ts'
import type { Mixture } from './mixture.ts'
import type { NaiveForecasts } from './naive.ts'
import { inUnits, middleOf, type NetworkMember, standardise } from './networks.ts'
import type { Profiles } from './profiles.ts'
import type { Residuals } from './residuals.ts'
import type { PooledSquares } from './rls.ts'
import type { Scored } from './scored.ts'
import type { Sequence } from './sequence.ts'
import { Suspension } from './suspension.ts'
import type { Windows } from './window.ts'

/** Domains a full portfolio keeps its history in; the first is the networks'. */
export function domainsOf(portfolio: 'full' | 'network'): readonly Domain[] {
  return portfolio === 'full' ? [linear, squareRoot, logarithmic] : [linear]
}

/** What the members of a prediction are made of. */
export interface PortfolioParts {
  readonly history: History
  readonly profiles: Profiles
  readonly categories: Categories
  readonly naive: NaiveForecasts
  readonly residuals: Residuals
  readonly windows: Windows
  readonly inputs: InputVector
  readonly networks: readonly NetworkMember[]
}

/**
 * All members of a prediction. Every one forecasts every slot at every step, in units of the
 * target; `names` is their order: naive forecasts and lines, networks. The first `mixed` take part
 * in the mixture.
 */
export class Portfolio {
  readonly names: readonly string[]
  readonly mixed: number
  /** Naive forecasts and lines: the first so many members; 0 in a lone network. */
  readonly baselines: number
  readonly networks: readonly NetworkMember[]
  /** Steps that go side by side at most. */
  readonly rowsMax: number
  /** One per slot; none in a lone network. */
  readonly lines: readonly SlotLines[]
  /** Input vectors of the steps on their way, (rowsMax, I): to be filled before `forward`. */
  readonly inputs: Float32Array
  /** The same with where their sequences' states begin. */
  private readonly live: LiveRows & { readonly states: Float32Array[] }
  /** All least-squares states that sequences share, in a fixed order. */
  readonly squares: readonly PooledSquares[]
  /** Which of the lines that sequences share rest. */
  readonly suspension: Suspension
  private readonly d: Dimensions
  private readonly parts: PortfolioParts
  private readonly weights: Float64Array
  private readonly full: boolean
  private readonly calendar: boolean
  /** Members of a slot that `SlotLines` and `CrossLines` write. */
  private readonly lineCount: number
  private readonly cross: CrossLines | null
  /** The first line among the members. */
  private readonly linesAt: number
  /** The network that stands for all, which the twin that forgets shares; null without it. */
  readonly twin: NetworkMember | null
  /** (rowsMax, O) */
  readonly twinOutputs: Float64Array
  /** The step whose forecasts learn, and the one that makes some. */
  private readonly past: LineStep
  private readonly now: LineStep
  /** Where the networks' forecasts start from, (D), and their units, (K, D). */
  private readonly origins: Float64Array
  private readonly scales: Float64Array
  private readonly targets: Float64Array
  private readonly present: Uint8Array
  /** Record count of the newest change of the seasons; part of the state where they are found. */
  readonly changedAt = new Float64Array(1)
  /** Several sequences share what they learn. */
  private shared = false

  constructor(
    layout: Layout,
    config: ForecastConfig,
    d: Dimensions,
    kernel: Kernel,
    parts: PortfolioParts,
  ) {
    const full = config.model.portfolio === 'full'
    const { calendar } = config.task
    const { inputs, networks } = parts
    this.d = d
    this.parts = parts
    this.networks = networks
    this.full = full
    this.calendar = calendar
    const domains = domainsOf(config.model.portfolio)
    const lines = full ? lineNames(domains, { d }) : []
    // All but each sequence's own.
    this.suspension = new Suspension(d.slots, Math.max(0, lines.length - 1))
    const lineParts = { ...parts, d, kernel, domains, calendar, suspension: this.suspension }
    this.lines = full
      ? d.horizons.flatMap((_, k) =>
          d.fields.targets.map((_, target) => new SlotLines(layout, lineParts, k, target)),
        )
      : []
    const crosses = full && hasCrossLines(d.targets, calendar)
    this.cross = crosses ? new CrossLines(kernel, lineParts) : null
    this.lineCount = lines.length
    this.squares = [
      ...this.lines.flatMap((line) => line.squares),
      ...(this.cross?.squares ?? []),
      ...networks.flatMap((member) => member.readouts),
    ]
    const baselines = full
      ? [...parts.naive.names, ...lines, ...(crosses ? ['rls:cross'] : [])]
      : []
    const mixed = [
      ...baselines,
      ...networks.flatMap(({ name, readouts }) =>
        full ? [name, `${name}:residual`, ...(readouts.length > 0 ? [`${name}:rls`] : [])] : [name],
      ),
    ]
    this.baselines = baselines.length
    this.mixed = mixed.length
    this.twin = (config.model.diagnostics ? middleOf(networks) : undefined) ?? null
    this.names = this.twin === null ? mixed : [...mixed, 'network:no-carry']
    this.rowsMax = rowsMaxOf(config, kernel)
    this.inputs = new Float32Array(this.rowsMax * inputs.size)
    this.live = {
      inputs: this.inputs,
      states: new Array<Float32Array>(this.rowsMax).fill(this.inputs),
      statesAt: new Int32Array(this.rowsMax),
    }
    this.twinOutputs = new Float64Array(this.rowsMax * d.outputs)
    this.past = emptyStep(d, inputs.size)
    this.now = emptyStep(d, 0)
    this.origins = new Float64Array(d.targets)
    this.scales = new Float64Array(d.slots)
    this.targets = new Float64Array(d.targets)
    this.present = new Uint8Array(d.targets)
    this.weights = new Float64Array(this.mixed)
    this.linesAt = parts.naive.names.length
  }

  begin(core: Float64Array): void {
    for (const line of this.lines) line.begin(core)
  }

  /** Looks where the present seasons are. */
  arrange(): void {
    const { parts } = this
    parts.naive.arrange()
    parts.inputs.arrange()
    const places = parts.inputs.places()
    for (const member of this.networks) member.see(places)
    for (const line of this.lines) line.arrange()
    this.cross?.arrange()
  }

  /**
   * The seasons have become others with record `record`: what is least squares begins anew, and no
   * line rests; networks go on, as they saw nothing where they see others now.
   */
  seasonsChanged(record: number): void {
    this.changedAt[0] = record
    for (const squares of this.squares) squares.restart()
    this.suspension.wake(record)
  }

  /** Advances every network over the first `rows` steps on their way, of as many sequences. */
  forward(rows: number, steps: readonly LiveStep[]): void {
    const { live, twin, twinOutputs } = this
    for (let row = 0; row < rows; row++) {
      const { home, statesAt } = steps[row]!.sequence as Sequence
      live.states[row] = home.float32
      live.statesAt[row] = statesAt
    }
    for (const member of this.networks) {
      member.advance(rows, live, member === twin ? twinOutputs : null)
    }
  }

  /**
   * Writes each member's forecasts to `out` (K, D, M), made at own step `step`, which has gone
   * forward as row `row` of the steps on their way and has the input vector x. `mixture` tells what
   * the lines say together.
   */
  predict(
    row: number,
    sequence: Sequence,
    { step, x }: LiveStep,
    mixture: Mixture,
    out: Float64Array,
  ): void {
    const { now } = this
    const { core } = sequence
    now.x = x
    this.pointAt(now, core, step)
    this.fillUnits(core, step)
    if (this.full) this.rememberHidden(sequence, step)
    for (let k = 0; k < this.d.horizons.length; k++) {
      if (this.full) this.fillCalendar(now, k)
      if (this.full) this.pointReadOuts(sequence, k)
      this.cross?.take(now, k)
      for (let d = 0; d < this.d.targets; d++) {
        const at = (k * this.d.targets + d) * this.names.length
        if (this.full) this.predictLines(k, d, out, at)
        const base = mixture.mixLines(core, step, k * this.d.targets + d, out, at)
        this.predictNetworks(row, k, d, base, out, at + this.baselines)
      }
    }
  }

  /** Naive forecasts and lines of horizon k and target d, in the order of `names`. */
  private predictLines(k: number, d: number, out: Float64Array, at: number): void {
    const { now, parts } = this
    const slot = k * this.d.targets + d
    let i = parts.naive.predict(now, k, d, out, at)
    this.lines[slot]!.predict(now, this.shared, out, i)
    i += this.lineCount
    if (this.cross !== null) out[i] = this.cross.predict(now, k, d)
  }

  /** The networks' forecasts of horizon k and target d, in the order of `names`. */
  private predictNetworks(
    row: number,
    k: number,
    d: number,
    base: number,
    out: Float64Array,
    at: number,
  ): void {
    const { d: dims, full, now } = this
    const { residuals } = this.parts
    const slot = k * dims.targets + d
    const origin = this.origins[d]!
    const scale = this.scales[slot]!
    const output = row * dims.outputs + slot
    let i = at
    for (const member of this.networks) {
      out[i++] = inUnits(member.outputs[output]!, origin, scale)
      if (!full) continue
      out[i++] = residuals.inUnits(now.core, slot, base, member.outputs[output + dims.slots]!)
      if (member.readouts.length > 0) out[i++] = inUnits(member.readOut(k, d), origin, scale)
    }
    if (this.twin !== null) out[i] = inUnits(this.twinOutputs[output]!, origin, scale)
  }

  /**
   * Targets of horizon k, those present in `scored`, have arrived for own step `step`: what the
   * lines have left of them is learnt, and while the window holds the step, the networks' losses
   * wait there for a boundary.
   */
  arrive(sequence: Sequence, step: number, k: number, scored: Scored, mixture: Mixture): void {
    const { d: dims, full } = this
    const { windows, residuals } = this.parts
    const { core } = sequence
    const held = windows.holds(sequence, step)
    for (let d = 0; d < dims.targets; d++) {
      const slot = k * dims.targets + d
      if (scored.present[slot] === 0) continue
      const value = scored.observed[d]!
      if (held) {
        windows.arrive(sequence, step, slot, this.standardised(core, step, slot, d, value))
      }
      if (!full) continue
      const base = mixture.linesOf(core, step, slot)
      if (held && base !== ABSENT) {
        const left = residuals.standardise(core, slot, base, value)
        windows.arrive(sequence, step, dims.slots + slot, left)
      }
      residuals.learn(core, slot, base, value)
    }
  }

  /**
   * Lines and least-squares read-outs learn what `arrive` was told, in the order of records. What
   * the sequence has taken in since, up to one own step, makes no difference: its rings still hold
   * all that a forecast of `step` was made of.
   */
  learn(sequence: Sequence, step: number, k: number, { present, observed }: Scored): void {
    if (this.squares.length === 0) return
    const { d: dims, past, targets } = this
    const { windows } = this.parts
    const { core } = sequence
    const first = k * dims.targets
    let any = false
    for (let d = 0; d < dims.targets; d++) if (present[first + d] === 1) any = true
    if (!any) return
    windows.readInputs(sequence, step, past.x, 0)
    this.pointAt(past, core, step)
    this.fillCalendar(past, k)
    for (let d = 0; d < dims.targets; d++) {
      const slot = first + d
      this.present[d] = present[slot]!
      targets[d] = 0
      if (present[slot] === 0) continue
      const value = observed[d]!
      if (this.full) this.lines[slot]!.learn(past, this.shared, value)
      targets[d] = this.standardised(core, step, slot, d, value)
    }
    this.cross?.learn(past, k, observed, this.present)
    // Read-outs would take what other seasons left in the kept inputs for what these mean now.
    if (windows.recordOf(sequence, step) <= this.changedAt[0]!) return
    const { float32 } = windows.memoryOf(sequence)
    const hidden = windows.featuresOf(sequence, step)
    for (const member of this.networks) {
      if (member.readouts.length === 0) continue
      member.fillFeatures(k, float32, hidden + member.featuresAt, past.x)
      member.learn(k, targets, this.present)
    }
  }

  /** What the networks are to learn of `value`, target d of a slot, at own step `step`. */
  private standardised(
    core: Float64Array,
    step: number,
    slot: number,
    d: number,
    value: number,
  ): number {
    const { history } = this.parts
    const origin = history.origin(core, d, step)
    return standardise(value, origin, history.changeScale(core, slot, step))
  }

  /**
   * Looks at what weight the lines have earned in the mixture made at own step `step`, now and
   * then, and lets those rest that earn none.
   */
  review(record: number, core: Float64Array, step: number, mixture: Mixture): void {
    const { suspension, weights } = this
    if (!suspension.isDue(record)) return
    for (let slot = 0; slot < this.d.slots; slot++) {
      if (!mixture.weightsOf(core, step, slot, weights)) continue
      suspension.observe(slot, weights, this.linesAt)
    }
    suspension.review(record)
    for (const squares of this.squares) squares.hold()
  }

  /**
   * Spreads the forgetting of what all sequences share over the live ones, `haste` times as fast as
   * usual.
   */
  share(liveSequences: number, haste: number): void {
    for (const squares of this.squares) squares.share(liveSequences, haste)
    this.parts.categories.share(liveSequences)
    this.shared = liveSequences > 1
  }

  private pointAt(at: LineStep, core: Float64Array, step: number): void {
    at.core = core
    at.step = step
    at.place = this.parts.history.placeOf(step)
  }

  private fillCalendar({ core, step, calendar }: LineStep, k: number): void {
    if (!this.calendar) return
    const targetMs = this.parts.history.timeAfter(core, step, this.d.horizons[k]!)
    writeCalendar(targetMs, calendar, k * CALENDAR_SIZE)
  }

  private fillUnits(core: Float64Array, step: number): void {
    const { d } = this
    const { history } = this.parts
    for (let i = 0; i < d.targets; i++) this.origins[i] = history.origin(core, i, step)
    for (let s = 0; s < d.slots; s++) this.scales[s] = history.changeScale(core, s, step)
  }

  private pointReadOuts({ home, statesAt }: Sequence, k: number): void {
    for (const member of this.networks) {
      if (member.readouts.length === 0) continue
      member.fillFeatures(k, home.float32, statesAt + member.statesAt, this.now.x)
    }
  }

  private rememberHidden(sequence: Sequence, step: number): void {
    const { home, statesAt } = sequence
    const { float32 } = this.parts.windows.memoryOf(sequence)
    const features = this.parts.windows.featuresOf(sequence, step)
    for (const { hiddenSize, featuresAt, statesAt: own, readouts } of this.networks) {
      if (readouts.length === 0) continue
      const to = features + featuresAt
      const from = statesAt + own
      for (let i = 0; i < hiddenSize; i++) float32[to + i] = home.float32[from + i]!
    }
  }
}
