import type { Config } from '../config/schema.ts'
import type { Kernel, LeastSquares, LiveRows } from '../kernels/kernel.ts'
import { Network, stateSize } from '../rnn/index.ts'
import { CALENDAR_SIZE, writeCalendar } from './calendar.ts'
import type { Dimensions } from './dimensions.ts'
import { type Domain, linear, logarithmic } from './domain.ts'
import type { History } from './history.ts'
import type { InputVector } from './inputs.ts'
import { seasonalLag } from './lags.ts'
import { ABSENT } from './layout.ts'
import { Line, type LineStep } from './lines.ts'
import { type LiveStep, ROWS_MAX } from './live-step.ts'
import {
  inUnits,
  learningRates,
  middleOf,
  NetworkMember,
  networkSpec,
  standardise,
} from './networks.ts'
import { shareForgetting } from './rls.ts'
import type { Scored } from './scored.ts'
import type { Sequence } from './sequence.ts'
import type { Windows } from './window.ts'

/** Domains a full portfolio keeps its history in; the first is the networks'. */
export function domainsOf(portfolio: 'full' | 'network'): readonly Domain[] {
  return portfolio === 'full' ? [linear, logarithmic] : [linear]
}

/** Runs one update may hold before they are passed on to the networks. */
export const RUNS_MAX = 16

/** The networks of a configuration with their places in a sequence's state. */
export function buildNetworks(
  config: Config,
  d: Dimensions,
  kernel: Kernel,
  inputSize: number,
  seeded: boolean,
): NetworkMember[] {
  const { model } = config
  const spec = networkSpec(model, inputSize, d)
  const readouts = model.portfolio === 'full'
  return learningRates(model).map((learningRate, j) => {
    const network = new Network(
      spec,
      {
        learningRate,
        beta2: 0.999,
        epsilon: 1e-5,
        clipNorm: 1,
        huberDelta: 1,
        window: d.window,
        runsMax: RUNS_MAX,
        warmupMax: d.updateEvery,
        seed: seeded ? model.seed + j : null,
      },
      kernel,
    )
    return new NetworkMember(`network:${learningRate.toExponential()}`, network, d, kernel, {
      statesAt: j * stateSize(spec),
      featuresAt: readouts ? j * spec.layers * spec.hidden : 0,
      readouts,
    })
  })
}

/**
 * All members of a prediction. Every one forecasts every slot at every step, in units of the
 * target; `names` is their order. The first `mixed` take part in the mixture.
 */
export class Portfolio {
  readonly names: readonly string[]
  readonly mixed: number
  readonly networks: readonly NetworkMember[]
  readonly lines: readonly Line[]
  /** Input vectors of the steps on their way, (ROWS_MAX, I): to be filled before `forward`. */
  readonly inputs: Float32Array
  /** The same with where their sequences' states begin. */
  private readonly live: LiveRows & { readonly states: Float32Array[] }
  /** All least-squares states, in a fixed order. */
  readonly squares: readonly LeastSquares[]
  private readonly d: Dimensions
  private readonly history: History
  private readonly windows: Windows
  private readonly baselines: boolean
  private readonly readouts: boolean
  private readonly calendar: boolean
  /** Lines per slot: one in each domain. */
  private readonly domains: number
  private readonly seasonalLags: readonly Int32Array[]
  /** The network that stands for all, which the twin that forgets shares; null without it. */
  private readonly twin: NetworkMember | null
  /** (ROWS_MAX, K, D) */
  private readonly twinOutputs: Float64Array
  /** The step whose forecasts learn, and the one that makes some. */
  private readonly past: LineStep
  private readonly now: LineStep
  /** Where the networks' forecasts start from, (D), and their units, (K, D). */
  private readonly origins: Float64Array
  private readonly scales: Float64Array
  private readonly targets: Float64Array
  private readonly present: Uint8Array

  constructor(
    config: Config,
    d: Dimensions,
    kernel: Kernel,
    parts: {
      history: History
      windows: Windows
      inputs: InputVector
      networks: readonly NetworkMember[]
    },
  ) {
    const full = config.model.portfolio === 'full'
    const { calendar } = config.task
    const { history, inputs, networks } = parts
    this.d = d
    this.history = history
    this.windows = parts.windows
    this.networks = networks
    this.baselines = full
    this.readouts = full
    this.calendar = calendar
    const domains = full ? domainsOf('full') : []
    this.domains = domains.length
    this.lines = d.horizons.flatMap((_, k) =>
      d.fields.targets.flatMap((_, target) =>
        domains.map(
          (domain, m) => new Line(kernel, d, history, [m, domain], k, target, calendar, inputs),
        ),
      ),
    )
    this.squares = [
      ...this.lines.map((line) => line.rls),
      ...networks.flatMap((member) => member.readouts),
    ]
    const mixed = [
      ...(full ? ['persistence', ...d.seasons.map((s) => `seasonal:${s}`)] : []),
      ...domains.map((domain) => `rls:${domain.name}`),
      ...networks.flatMap(({ name }) => (full ? [name, `${name}:rls`] : [name])),
    ]
    this.mixed = mixed.length
    this.twin = config.model.diagnostics ? middleOf(networks) : null
    this.names = this.twin === null ? mixed : [...mixed, 'network:no-carry']
    this.seasonalLags = d.horizons.map((k) => Int32Array.from(d.seasons, (s) => seasonalLag(s, k)))
    this.inputs = new Float32Array(ROWS_MAX * inputs.size)
    this.live = {
      inputs: this.inputs,
      states: new Array<Float32Array>(ROWS_MAX).fill(this.inputs),
      statesAt: new Int32Array(ROWS_MAX),
    }
    this.twinOutputs = new Float64Array(ROWS_MAX * d.slots)
    this.past = emptyStep(d, inputs.size)
    this.now = emptyStep(d, 0)
    this.origins = new Float64Array(d.targets)
    this.scales = new Float64Array(d.slots)
    this.targets = new Float64Array(d.targets)
    this.present = new Uint8Array(d.targets)
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
   * forward as row `row` of the steps on their way and has the input vector x.
   */
  predict(row: number, sequence: Sequence, { step, x }: LiveStep, out: Float64Array): void {
    const { now } = this
    const { core } = sequence
    now.x = x
    this.pointAt(now, core, step)
    this.fillUnits(core, step)
    if (this.readouts) this.rememberHidden(sequence, step)
    for (let k = 0; k < this.d.horizons.length; k++) {
      if (this.domains > 0) this.fillCalendar(now, k)
      if (this.readouts) this.pointReadOuts(sequence, k)
      for (let d = 0; d < this.d.targets; d++) this.predictSlot(row, core, k, d, out)
    }
  }

  /** The forecasts of horizon k and target d in the order of `names`. */
  private predictSlot(
    row: number,
    core: Float64Array,
    k: number,
    d: number,
    out: Float64Array,
  ): void {
    const { history, d: dims, now } = this
    const slot = k * dims.targets + d
    let i = slot * this.names.length
    if (this.baselines) {
      out[i++] = history.newest(core, d)
      const lags = this.seasonalLags[k]!
      const images = history.imagesOf(0, d)
      for (let s = 0; s < lags.length; s++) {
        out[i++] = core[images + history.back(now.place, lags[s]!)]!
      }
    }
    for (let m = 0; m < this.domains; m++) {
      out[i++] = this.lines[slot * this.domains + m]!.predict(now)
    }
    const origin = this.origins[d]!
    const scale = this.scales[slot]!
    const output = row * dims.slots + slot
    for (const member of this.networks) {
      out[i++] = inUnits(member.outputs[output]!, origin, scale)
      if (this.readouts) out[i++] = inUnits(member.readOut(k, d), origin, scale)
    }
    if (this.twin !== null) out[i] = inUnits(this.twinOutputs[output]!, origin, scale)
  }

  /**
   * Targets of horizon k, those present in `scored`, have arrived for own step `step`, which the
   * window still holds: the networks' losses wait there for a boundary.
   */
  arrive(sequence: Sequence, step: number, k: number, { present, observed }: Scored): void {
    const { d: dims, windows } = this
    const { core } = sequence
    for (let d = 0; d < dims.targets; d++) {
      const slot = k * dims.targets + d
      if (present[slot] === 0) continue
      windows.arrive(sequence, step, slot, this.standardised(core, step, slot, d, observed[d]!))
    }
  }

  /**
   * Lines and least-squares read-outs learn what `arrive` was told, in the order of records. What
   * the sequence has taken in since, up to one own step, makes no difference: its rings still hold
   * all that a forecast of `step` was made of.
   */
  learn(sequence: Sequence, step: number, k: number, { present, observed }: Scored): void {
    if (this.squares.length === 0) return
    const { d: dims, windows, past, targets } = this
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
      for (let m = 0; m < this.domains; m++) {
        this.lines[slot * this.domains + m]!.learn(past, value)
      }
      targets[d] = this.standardised(core, step, slot, d, value)
    }
    const { float32 } = windows.memoryOf(sequence)
    const hidden = windows.featuresOf(sequence, step)
    for (const member of this.networks) {
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
    const origin = this.history.origin(core, d, step)
    return standardise(value, origin, this.history.changeScale(core, slot, step))
  }

  /** Spreads the forgetting of what all sequences share over the live ones. */
  share(liveSequences: number): void {
    for (const rls of this.squares) shareForgetting(rls, liveSequences)
  }

  /** Reference forecasts of slot (k, d) at own step `step`: y(t − k) and the seasonal one. */
  references(core: Float64Array, step: number, k: number, d: number, out: Float64Array): void {
    const { history, d: dims } = this
    const horizon = dims.horizons[k]!
    out[0] = history.value(core, 0, d, step - horizon)
    const lags = this.seasonalLags[k]!
    out[1] = lags.length === 0 ? ABSENT : history.value(core, 0, d, step - lags[0]! - horizon)
  }

  private pointAt(at: LineStep, core: Float64Array, step: number): void {
    at.core = core
    at.step = step
    at.place = this.history.placeOf(step)
  }

  private fillCalendar({ core, step, calendar }: LineStep, k: number): void {
    if (!this.calendar) return
    const targetMs = this.history.timeAfter(core, step, this.d.horizons[k]!)
    writeCalendar(targetMs, calendar, k * CALENDAR_SIZE)
  }

  private fillUnits(core: Float64Array, step: number): void {
    const { history, d } = this
    for (let i = 0; i < d.targets; i++) this.origins[i] = history.origin(core, i, step)
    for (let s = 0; s < d.slots; s++) this.scales[s] = history.changeScale(core, s, step)
  }

  private pointReadOuts({ home, statesAt }: Sequence, k: number): void {
    for (const member of this.networks) {
      member.fillFeatures(k, home.float32, statesAt + member.statesAt, this.now.x)
    }
  }

  private rememberHidden(sequence: Sequence, step: number): void {
    const { home, statesAt } = sequence
    const { float32 } = this.windows.memoryOf(sequence)
    const features = this.windows.featuresOf(sequence, step)
    for (const { hiddenSize, featuresAt, statesAt: own } of this.networks) {
      const to = features + featuresAt
      const from = statesAt + own
      for (let i = 0; i < hiddenSize; i++) float32[to + i] = home.float32[from + i]!
    }
  }
}

function emptyStep(d: Dimensions, inputs: number): LineStep {
  return {
    core: new Float64Array(0),
    step: 0,
    place: 0,
    x: new Float32Array(inputs),
    calendar: new Float64Array(d.horizons.length * CALENDAR_SIZE),
  }
}
