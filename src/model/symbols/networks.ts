import type { SymbolsConfig } from '../../config/schema.ts'
import type { Kernel } from '../../kernels/kernel.ts'
import { SymbolNetwork } from '../../rnn/index.ts'
import type { SharedArray } from '../state.ts'
import type { SymbolDimensions } from './dimensions.ts'
import { type PlacedNetwork, RUNS_MAX } from './learning.ts'

/** One network for each learning rate; alone in its portfolio, that of the middle one. */
export function buildSymbolNetworks(
  { model }: SymbolsConfig,
  d: SymbolDimensions,
  kernel: Kernel,
  symbols: number,
  seeded: boolean,
): PlacedNetwork[] {
  const { learningRates: all, cell, hidden, layers, normalise } = model
  const middle = all[all.length >> 1]
  const rates = model.portfolio === 'full' || middle === undefined ? all : [middle]
  let statesAt = 0
  return rates.map((learningRate, j) => {
    const network = new SymbolNetwork(
      {
        cell,
        hidden,
        layers,
        normalise,
        symbols,
        learningRate,
        window: d.window,
        runsMax: RUNS_MAX,
        warmupMax: d.stateEvery,
        seed: seeded ? model.seed + j : null,
      },
      kernel,
    )
    const name = rates.length === 1 ? 'network' : `network:${learningRate.toExponential()}`
    const hiddenSize = network.spec.layers * network.spec.hidden
    const placed = { name, network, statesAt, hiddenSize }
    statesAt += network.stateSize
    return placed
  })
}

/** What of the networks is state. */
export function networkArrays(networks: readonly PlacedNetwork[]): SharedArray[] {
  return networks.flatMap(({ name, network }) =>
    Object.entries(network.stateArrays()).map(([part, array]) => ({
      name: `${name}/${part}`,
      array,
    })),
  )
}
