import type { Kernel, LiveRows } from '../kernels/kernel.ts'
import { type Network, type NetworkSpec, stateSize } from '../rnn/index.ts'
import type { Dimensions } from './dimensions.ts'
import { ABSENT } from './layout.ts'
import { PooledSquares } from './rls.ts'
import { clip } from './scaler.ts'
import type { SharedArray } from './state.ts'

/** A read-out's forgetting, and the variance of its weights at first in standardised units. */
const READ_OUT = { forgetting: 0.9995, prior: 1 }
/** A network's forecast is held within this many usual moves of the newest value. */
const REACH = 10

/**
 * One recurrent network of the portfolio: an Adam read-out, and per horizon one by least squares.
 */
export class NetworkMember {
  readonly name: string
  readonly network: Network
  readonly stateSize: number
  /** F: h of every layer. */
  readonly hiddenSize: number
  /** Offset of this network's state in a sequence's states. */
  readonly statesAt: number
  /** Offset of its hidden features among those remembered per step. */
  readonly featuresAt: number
  /**
   * One least-squares read-out per horizon over [1, H_t, x_t], D outputs; none in a lone network.
   */
  readonly readouts: readonly PooledSquares[]
  /** Standardised forecasts of the newest steps, (rows, O). */
  readonly outputs: Float64Array
  /** Places of x_t that read-outs see; null: all of them. */
  private picks: Int32Array | null = null

  constructor(
    name: string,
    network: Network,
    d: Dimensions,
    kernel: Kernel,
    places: { statesAt: number; featuresAt: number; readouts: boolean; rowsMax: number },
  ) {
    const { spec } = network
    this.name = name
    this.network = network
    this.stateSize = stateSize(spec)
    this.hiddenSize = spec.layers * spec.hidden
    this.statesAt = places.statesAt
    this.featuresAt = places.featuresAt
    const features = 1 + this.hiddenSize + spec.inputs
    this.readouts = places.readouts
      ? d.horizons.map(
          () => new PooledSquares(kernel, { features, outputs: d.targets, ...READ_OUT }),
        )
      : []
    this.outputs = new Float64Array(places.rowsMax * d.outputs)
  }

  /**
   * Advances H_t of the sequences whose states begin at the places of `live`; `outputs` holds the
   * forecasts afterwards, `fresh` those of a network that forgets, where it is not null.
   */
  advance(rows: number, live: LiveRows, fresh: Float64Array | null): void {
    this.network.forwardRows(rows, live, this.statesAt, this.outputs, fresh)
  }

  /** The read-outs see these places of x_t from now on. */
  see(places: readonly number[]): void {
    this.picks = Int32Array.from(places)
    for (const { rls } of this.readouts) rls.used = 1 + this.hiddenSize + places.length
  }

  /** Points read-out k at [1, H, x] of one step. */
  fillFeatures(k: number, hidden: Float32Array, hiddenAt: number, x: Float32Array): void {
    const features = this.readouts[k]!.rls.x
    const { hiddenSize } = this
    features[0] = 1
    for (let i = 0; i < hiddenSize; i++) features[1 + i] = hidden[hiddenAt + i]!
    const { picks } = this
    const rest = picks?.length ?? features.length - 1 - hiddenSize
    for (let i = 0; i < rest; i++) {
      features[1 + hiddenSize + i] = x[picks === null ? i : picks[i]!]!
    }
  }

  /** Standardised forecast of read-out k for target d at the features last filled. */
  readOut(k: number, d: number): number {
    return this.readouts[k]!.rls.predict(d)
  }

  /** Learns standardised targets (D) for horizon k at the features last filled. */
  learn(k: number, targets: Float64Array, present: Uint8Array): void {
    const readout = this.readouts[k]!.rls
    for (let d = 0; d < targets.length; d++) {
      readout.targets[d] = targets[d]!
      readout.present[d] = present[d]!
    }
    readout.update()
  }
}

/**
 * A network's forecast in units of the target. Networks say how far the target moves from its
 * newest value, in units of how far it usually moves: their read-out starts at zero, so each starts
 * as the naive forecast, and slow horizons count as much in the loss as lively ones.
 */
export function inUnits(z: number, origin: number, scale: number): number {
  return origin === ABSENT ? ABSENT : origin + Math.max(-REACH, Math.min(z, REACH)) * scale
}

/** What a network is to learn: the inverse, held within the clip. */
export function standardise(value: number, origin: number, scale: number): number {
  return clip((value - origin) / scale)
}

/** The shape of every network of a configuration over `inputs` inputs. */
export function networkSpec(
  model: { cell: NetworkSpec['cell']; hidden: number; layers: number; normalise: boolean },
  inputs: number,
  d: Dimensions,
): NetworkSpec {
  return {
    cell: model.cell,
    inputs,
    hidden: model.hidden,
    layers: model.layers,
    outputs: d.outputs,
    normalise: model.normalise,
  }
}

/** The networks' learning rates: all of them, or for a lone network the middle one. */
export function learningRates(model: {
  portfolio: 'full' | 'network'
  learningRates: readonly number[]
}): number[] {
  const rates = [...model.learningRates].sort((a, b) => a - b)
  return model.portfolio === 'full' ? rates : rates.filter((rate) => rate === middleOf(rates))
}

/** The middle of a list in order, the lower of two: the network that stands for all of them. */
export function middleOf<T>(list: readonly T[]): T | undefined {
  return list[(list.length - 1) >> 1]
}

/** Weights and optimisers of networks, each array with its name. */
export function networkArrays(networks: readonly NetworkMember[]): SharedArray[] {
  return networks.flatMap(({ name, network }) =>
    Object.entries(network.stateArrays()).map(([part, array]) => ({
      name: `${name}/${part}`,
      array,
    })),
  )
}
