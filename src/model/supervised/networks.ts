import type { SupervisedConfig } from '../../config/schema.ts'
import type { Kernel, LiveRows } from '../../kernels/kernel.ts'
import { Network, stateSize } from '../../rnn/index.ts'
import { learningRates, middleOf, NetworkMember, networkSpec } from '../networks.ts'
import type { Sequence } from '../sequence.ts'
import type { Case } from './case.ts'
import type { Shape } from './shape.ts'

/** Runs one update may hold before they are passed on to the networks. */
export const RUNS_MAX = 16
/** Places of all fields' names among the inputs, at most, and of one field's. */
const NAMES_WIDTH = 192
const NAMES_EACH = 32

/** What a kind of labels asks of the networks. */
export interface NetworkNeeds {
  /** Inputs of a step beside the record's own numbers. */
  readonly inputs: number
  /** O */
  readonly outputs: number
  readonly huberDelta: number
  readonly clipNorm: number
  /** Whether the middle one has a read-out by least squares. */
  readonly readOut: boolean
}

/**
 * The networks of a supervised task. Their input is what is dense (the record's numbers, what is
 * known of labels) and of each field a place for each name, or for a few names together: the
 * weights of that place are the name's embedding, learnt as all others. Of these only the numbers
 * of the names are kept.
 */
export class CaseNetworks {
  readonly list: readonly NetworkMember[]
  /** X: floats of a step's inputs as they are kept, dense ones and then names (F). */
  readonly kept: number
  /** I */
  readonly inputs: number
  /** S: of all networks together. */
  readonly states: number
  readonly outputs: number
  /** The network that stands for all. */
  readonly middle: NetworkMember | null
  /** What it would say had it forgotten everything, (O); null without diagnostics. */
  readonly fresh: Float64Array | null
  private readonly dense: number
  private readonly fields: number
  /** Places of one field's names. */
  private readonly width: number
  private readonly x: Float32Array
  private readonly live: LiveRows & { readonly states: Float32Array[] }
  /** States that a case began with, to be run again. */
  private readonly scratch: Float32Array

  constructor(
    config: SupervisedConfig,
    kernel: Kernel,
    shape: Shape,
    needs: NetworkNeeds,
    seeded: boolean,
  ) {
    const { model } = config
    const { fields } = shape
    this.dense = shape.dense + needs.inputs
    this.fields = fields
    this.kept = this.dense + fields
    const each = Math.floor(NAMES_WIDTH / Math.max(1, fields))
    this.width = Math.max(2, Math.min(NAMES_EACH, each))
    this.inputs = Math.max(1, this.dense + fields * this.width)
    this.outputs = needs.outputs
    const d = { ...shape.d, outputs: needs.outputs }
    const spec = networkSpec(model, this.inputs, d)
    const rates = learningRates(model)
    this.list = rates.map((learningRate, j) => {
      const network = new Network(
        spec,
        {
          learningRate,
          beta2: 0.999,
          epsilon: 1e-5,
          clipNorm: needs.clipNorm,
          huberDelta: needs.huberDelta,
          window: d.window,
          runsMax: RUNS_MAX,
          warmupMax: d.updateEvery,
          seed: seeded ? model.seed + j : null,
        },
        kernel,
      )
      const isMiddle = learningRate === middleOf(rates)
      const readouts = needs.readOut && isMiddle
      const name = `network:${learningRate.toExponential()}`
      const statesAt = j * stateSize(spec)
      const places = { statesAt, featuresAt: 0, readouts, rowsMax: 1 }
      return new NetworkMember(name, network, d, kernel, places)
    })
    const places = Array.from({ length: this.dense }, (_, i) => i)
    for (const member of this.list) if (member.readouts.length > 0) member.see(places)
    this.middle = middleOf(this.list) ?? null
    this.states = this.list.length * (this.list[0]?.stateSize ?? 0)
    this.x = new Float32Array(this.inputs)
    this.live = { inputs: this.x, states: [this.x], statesAt: new Int32Array(1) }
    this.scratch = new Float32Array(this.states)
    this.fresh = model.diagnostics && this.middle !== null ? new Float64Array(needs.outputs) : null
  }

  /** Writes the inputs (I) of a step, kept at `from[fromAt…]`, to `to[toAt…]`. */
  expand(from: Float32Array, fromAt: number, to: Float32Array, toAt: number): void {
    const { dense, fields, width } = this
    for (let i = 0; i < dense; i++) to[toAt + i] = from[fromAt + i]!
    const names = toAt + dense
    to.fill(0, names, names + fields * width)
    for (let f = 0; f < fields; f++) {
      const name = from[fromAt + dense + f]!
      if (name >= 0) to[names + f * width + (name % width)] = 1
    }
  }

  /** Advances the sequence's states by one step; the members' outputs hold what they say then. */
  advance({ home, statesAt }: Sequence, kept: Float32Array): void {
    this.run(kept, home.float32, statesAt, this.fresh)
  }

  /** Runs the step of a case again, from the states before it: outputs by the present weights. */
  again(past: Case, kept: Float32Array): void {
    const { scratch } = this
    const { statesAt } = past.layout
    for (let i = 0; i < scratch.length; i++) scratch[i] = past.float32[statesAt + i]!
    this.run(kept, scratch, 0, null)
  }

  /** Points the read-out of a member at the step run last; `member` must have one. */
  fillReadOut(member: NetworkMember): void {
    const states = this.live.states[0]!
    member.fillFeatures(0, states, this.live.statesAt[0]! + member.statesAt, this.x)
  }

  private run(
    kept: Float32Array,
    states: Float32Array,
    statesAt: number,
    fresh: Float64Array | null,
  ): void {
    const { live } = this
    this.expand(kept, 0, this.x, 0)
    live.states[0] = states
    live.statesAt[0] = statesAt
    for (const member of this.list) {
      member.advance(1, live, member === this.middle ? fresh : null)
    }
  }
}
