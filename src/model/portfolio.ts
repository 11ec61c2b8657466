import type { Config } from '../config/schema.ts'
import type { Kernel, LeastSquares } from '../kernels/kernel.ts'
import { Network, stateSize } from '../rnn/index.ts'
import type { Dimensions } from './dimensions.ts'
import { type Domain, linear, logarithmic } from './domain.ts'
import type { History } from './history.ts'
import type { InputVector } from './inputs.ts'
import { seasonalLag } from './lags.ts'
import { ABSENT } from './layout.ts'
import { Line } from './lines.ts'
import {
  inUnits,
  learningRates,
  middleOf,
  NetworkMember,
  networkSpec,
  standardise,
} from './networks.ts'
import { shareForgetting } from './rls.ts'
import type { Sequence, WindowBuffer } from './sequence.ts'
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
        seed: model.seed + j,
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
  private readonly d: Dimensions
  private readonly history: History
  private readonly windows: Windows
  private readonly baselines: boolean
  private readonly diagnostics: boolean
  private readonly twinStates: Float32Array
  private readonly twinOutputs: Float64Array
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
    this.d = d
    this.history = parts.history
    this.windows = parts.windows
    this.networks = parts.networks
    this.baselines = full
    this.diagnostics = config.model.diagnostics
    const domains = full ? domainsOf('full') : []
    this.lines = d.horizons.flatMap((_, k) =>
      d.fields.targets.flatMap((_, target) =>
        domains.map(
          (domain, m) =>
            new Line(kernel, d, [m, domain], k, target, config.task.calendar, parts.inputs),
        ),
      ),
    )
    const baselines = full ? ['persistence', ...d.seasons.map((s) => `seasonal:${s}`)] : []
    const networks = parts.networks.flatMap((member) =>
      full ? [member.name, `${member.name}:rls`] : [member.name],
    )
    const mixed = [...baselines, ...domains.map((domain) => `rls:${domain.name}`), ...networks]
    this.mixed = mixed.length
    this.names = this.diagnostics ? [...mixed, 'network:no-carry'] : mixed
    this.twinStates = new Float32Array(parts.networks[0]!.stateSize)
    this.twinOutputs = new Float64Array(d.slots)
    this.targets = new Float64Array(d.targets)
    this.present = new Uint8Array(d.targets)
  }

  /**
   * Advances every network over own step `step`, whose input vector the window holds, and writes
   * each member's forecasts to `out` (K, D, M).
   */
  predict(sequence: Sequence, window: WindowBuffer, step: number, out: Float64Array): void {
    const { networks, windows, names } = this
    const inputsAt = windows.inputsOf(step)
    for (const member of networks) {
      member.advance(window.float32, inputsAt, sequence.states)
      if (member.readouts.length > 0) this.rememberHidden(sequence, window, step, member)
    }
    if (this.diagnostics) {
      this.twinStates.fill(0)
      const { network } = middleOf(networks)
      network.forward(1, window.float32, inputsAt, this.twinStates, 0, this.twinOutputs, 0)
    }
    const count = names.length
    for (let k = 0; k < this.d.horizons.length; k++) {
      for (let d = 0; d < this.d.targets; d++) {
        const slot = k * this.d.targets + d
        this.predictSlot(sequence.core, step, k, d, window, out, slot * count)
      }
    }
    this.predictReadOuts(sequence, window, step, out)
  }

  private predictSlot(
    core: Float64Array,
    step: number,
    k: number,
    d: number,
    window: WindowBuffer,
    out: Float64Array,
    at: number,
  ): void {
    const { history, d: dims } = this
    let i = at
    if (this.baselines) {
      out[i++] = history.newest(core, d)
      const horizon = dims.horizons[k]!
      for (const season of dims.seasons) {
        out[i++] = history.value(core, 0, d, step - seasonalLag(season, horizon))
      }
    }
    const slot = k * dims.targets + d
    const domains = this.lines.length / dims.slots
    for (let m = 0; m < domains; m++) {
      const line = this.lines[slot * domains + m]!
      const fields = this.windows.inputsOf(step)
      out[i++] = line.predict(core, history, step, window.float32, fields)
    }
    const origin = history.origin(core, d, step)
    const scale = history.changeScale(core, slot, step)
    for (const member of this.networks) {
      out[i] = inUnits(member.outputs[slot]!, origin, scale)
      i += member.readouts.length > 0 ? 2 : 1
    }
    if (this.diagnostics) out[i] = inUnits(this.twinOutputs[slot]!, origin, scale)
  }

  private predictReadOuts(
    sequence: Sequence,
    window: WindowBuffer,
    step: number,
    out: Float64Array,
  ): void {
    const { history, d: dims } = this
    const { core } = sequence
    let i = this.names.length - (this.diagnostics ? 1 : 0) - 2 * this.networks.length + 1
    for (const member of this.networks) {
      if (member.readouts.length === 0) return
      const hidden = this.windows.featuresOf(step) + member.featuresAt
      const inputsAt = this.windows.inputsOf(step)
      for (let k = 0; k < dims.horizons.length; k++) {
        member.fillFeatures(k, window.float32, hidden, window.float32, inputsAt)
      }
      for (let slot = 0; slot < dims.slots; slot++) {
        const d = slot % dims.targets
        const z = member.readOut((slot - d) / dims.targets, d)
        const origin = history.origin(core, d, step)
        const scale = history.changeScale(core, slot, step)
        out[slot * this.names.length + i] = inUnits(z, origin, scale)
      }
      i += 2
    }
  }

  /**
   * Targets (D, NaN = none) of horizon k have arrived for own step `step`, which the window still
   * holds: lines and least-squares read-outs learn them, the networks' losses wait for a boundary.
   */
  arrive(sequence: Sequence, step: number, k: number, observed: Float64Array): void {
    const { history, d: dims, windows, targets, present } = this
    const { core, window } = sequence
    if (window === null || !windows.holds(sequence, step)) return
    const inputsAt = windows.inputsOf(step)
    const domains = this.lines.length / dims.slots
    for (let d = 0; d < dims.targets; d++) {
      const value = observed[d]!
      present[d] = Number.isNaN(value) ? 0 : 1
      targets[d] = 0
      if (present[d] === 0) continue
      const slot = k * dims.targets + d
      for (let m = 0; m < domains; m++) {
        const line = this.lines[slot * domains + m]!
        line.learn(core, history, step, window.float32, inputsAt, value)
      }
      const origin = history.origin(core, d, step)
      targets[d] = standardise(value, origin, history.changeScale(core, slot, step))
      windows.arrive(window, step, slot, targets[d]!)
    }
    if (!present.includes(1)) return
    for (const member of this.networks) {
      if (member.readouts.length === 0) continue
      const hidden = windows.featuresOf(step) + member.featuresAt
      member.fillFeatures(k, window.float32, hidden, window.float32, inputsAt)
      member.learn(k, targets, present)
    }
  }

  /** All least-squares states, in a fixed order. */
  squares(): readonly LeastSquares[] {
    return [
      ...this.lines.map((line) => line.rls),
      ...this.networks.flatMap((member) => member.readouts),
    ]
  }

  /** Spreads the forgetting of what all sequences share over the live ones. */
  share(liveSequences: number): void {
    for (const rls of this.squares()) shareForgetting(rls, liveSequences)
  }

  /** Reference forecasts of slot (k, d) at own step `step`: y(t − k) and the seasonal one. */
  references(core: Float64Array, step: number, k: number, d: number, out: Float64Array): void {
    const { history, d: dims } = this
    const horizon = dims.horizons[k]!
    out[0] = history.value(core, 0, d, step - horizon)
    const season = dims.seasons[0]
    const back = season === undefined ? 0 : seasonalLag(season, horizon) + horizon
    out[1] = back === 0 ? ABSENT : history.value(core, 0, d, step - back)
  }

  private rememberHidden(
    sequence: Sequence,
    window: WindowBuffer,
    step: number,
    member: NetworkMember,
  ): void {
    const to = this.windows.featuresOf(step) + member.featuresAt
    for (let i = 0; i < member.hiddenSize; i++) {
      window.float32[to + i] = sequence.states[member.statesAt + i]!
    }
  }
}
