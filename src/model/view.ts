import type { Dimensions } from './dimensions.ts'
import { type LayerGates, probeGates } from './gate-probe.ts'
import type { History } from './history.ts'
import { lineLags, maxLag, networkLags } from './lags.ts'
import { ABSENT } from './layout.ts'
import type { Mixture } from './mixture.ts'
import type { NetworkMember } from './networks.ts'
import type { Resident } from './resident.ts'
import { HEADER, type Sequence, type SequenceTable } from './sequence.ts'
import { type SequenceSummary, SequenceView, summaryOf } from './sequence-view.ts'
import { absentToNaN } from './steps.ts'
import type { Windows } from './window.ts'

export type { FoundSequences, SequenceOrder, SequenceSummary } from './sequence-view.ts'

export interface NetworkState {
  readonly network: string
  /** h of each layer, (L, H), the bottom first. */
  readonly hidden: readonly (readonly number[])[]
  /** c of each layer, (L, H), of an lstm; [] of others. */
  readonly cells: readonly (readonly number[])[]
  /**
   * Gates of the newest step, run again under the present weights from the last state that the
   * window holds; [] for a cell without gates and for a sequence without a window.
   */
  readonly gates: readonly LayerGates[]
}

/** The newest values of a target, in its own units, at the lags at which the model looks back. */
export interface TargetLags {
  readonly target: string
  /** NaN where there is none. */
  readonly values: readonly { readonly lag: number; readonly value: number }[]
}

export interface SequenceState extends SequenceSummary {
  /** Event time of the newest record; null without. */
  readonly timeMs: number | null
  readonly networks: readonly NetworkState[]
  readonly lags: readonly TargetLags[]
}

/** What came of one target in one sequence, and what is expected of it. */
export interface TargetPast {
  /** Own steps taken, and the record count of the newest. */
  readonly steps: number
  readonly lastUsed: number
  /** The newest values, (n), the oldest first; NaN = missing. */
  readonly values: Float64Array
  /**
   * Their event times in milliseconds, (n); NaN without. The newest ones are as they came, further
   * back than the longest horizon they are spaced by the sequence's median step.
   */
  readonly timesMs: Float64Array
  /** The forecast of the newest step: when its target is due, NaN = unknown. */
  readonly forMs: number
  /** NaN before there was one. */
  readonly mean: number
  /** lower and upper bound of each level, (L, 2); NaN before there were any. */
  readonly bounds: Float64Array
}

/** The parts of a model that can be looked at. */
export interface ViewedParts {
  readonly table: SequenceTable
  readonly windows: Windows
  readonly history: History
  readonly mixture: Mixture
  readonly networks: readonly NetworkMember[]
  /** null where states are in host memory. */
  readonly resident: Resident | null
  /** Lines look back too. */
  readonly portfolio: { readonly lines: { readonly length: number } }
}

/** What a model holds of its sequences, for people: changes nothing. */
export class ModelView extends SequenceView {
  private readonly d: Dimensions
  private readonly parts: ViewedParts

  constructor(d: Dimensions, parts: ViewedParts) {
    super(parts.table)
    this.d = d
    this.parts = parts
  }

  /** One sequence; null where it is not known. */
  sequence(name: string): SequenceState | null {
    const { table, networks, history } = this.parts
    const sequence = table.byName.get(name)
    if (sequence === undefined) return null
    const time = history.timeAfter(sequence.core, sequence.steps - 1, 0)
    this.parts.resident?.pull([sequence])
    return {
      ...summaryOf(sequence),
      timeMs: time === ABSENT ? null : time,
      networks: networks.map((member) => this.network(sequence, member)),
      lags: this.lags(sequence),
    }
  }

  /**
   * At most `limit` newest values of target `d`, as far back as the model itself looks, and its
   * forecast for the k-th horizon; null where the sequence is not known.
   */
  past(name: string, d: number, k: number, limit: number): TargetPast | null {
    const { table, history, mixture, portfolio } = this.parts
    const { horizons, targets, levels, slots, maxHorizon } = this.d
    const sequence = table.byName.get(name)
    if (sequence === undefined) return null
    const { core, steps } = sequence
    const newest = steps - 1
    const count = Math.min(limit, steps, maxLag(this.d, portfolio.lines.length > 0) + 1)
    const values = new Float64Array(count)
    const timesMs = new Float64Array(count)
    const stepMs = history.timeAfter(core, newest, 1) - history.timeAfter(core, newest, 0)
    let time = NaN
    for (let lag = 0; lag < count; lag++) {
      const step = newest - lag
      const exact = lag > maxHorizon ? ABSENT : history.timeAfter(core, step, 0)
      time = exact === ABSENT ? time - stepMs : exact
      timesMs[count - 1 - lag] = time
      values[count - 1 - lag] = absentToNaN(history.value(core, 0, d, step))
    }
    const means = new Float64Array(slots)
    const bounds = new Float64Array(slots * levels.length * 2)
    mixture.recall(core, newest, means, bounds)
    const slot = k * targets + d
    return {
      steps,
      lastUsed: core[HEADER.lastUsed]!,
      values,
      timesMs,
      forMs: absentToNaN(history.timeAfter(core, newest, horizons[k]!)),
      mean: absentToNaN(means[slot]!),
      bounds: bounds.slice(slot * levels.length * 2, (slot + 1) * levels.length * 2),
    }
  }

  private network(sequence: Sequence, member: NetworkMember): NetworkState {
    const { spec } = member.network
    const { hidden, layers } = spec
    const from = sequence.statesAt + member.statesAt
    const { float32 } = sequence.home
    const layer = (l: number) => [...float32.subarray(from + l * hidden, from + (l + 1) * hidden)]
    const numbers = Array.from({ length: layers }, (_, l) => l)
    return {
      network: member.name,
      hidden: numbers.map(layer),
      cells: spec.cell === 'lstm' ? numbers.map((l) => layer(layers + l)) : [],
      gates: this.gates(sequence, member),
    }
  }

  private gates(sequence: Sequence, { network, statesAt, stateSize }: NetworkMember): LayerGates[] {
    const { windows } = this.parts
    const newest = sequence.steps - 1
    if (!windows.holds(sequence, newest)) return []
    const { updateEvery } = this.d
    const { spec } = network
    const start = Math.floor(newest / updateEvery) * updateEvery
    const steps = newest - start + 1
    const inputs = new Float32Array(steps * spec.inputs)
    for (let step = start; step <= newest; step++) {
      windows.readInputs(sequence, step, inputs, (step - start) * spec.inputs)
    }
    const from = windows.checkpointOf(sequence, start) + statesAt
    const state = windows.memoryOf(sequence).float32.slice(from, from + stateSize)
    return probeGates(spec, network.parameters, inputs, steps, state)
  }

  private lags(sequence: Sequence): TargetLags[] {
    const { d } = this
    const { history, portfolio } = this.parts
    const used = portfolio.lines.length > 0 ? d.horizons.flatMap((k) => lineLags(d, k)) : [0]
    const lags = [...new Set([...used, ...networkLags(d)])].sort((a, b) => a - b)
    const newest = sequence.steps - 1
    return d.fields.targets.map((target, i) => ({
      target,
      values: lags.map((lag) => ({
        lag,
        value: absentToNaN(history.value(sequence.core, 0, i, newest - lag)),
      })),
    }))
  }
}
