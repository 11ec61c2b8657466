import type { ForecastConfig } from '../config/schema.ts'
import type { Kernel } from '../kernels/kernel.ts'
import { Network, stateSize } from '../rnn/index.ts'
import type { Dimensions } from './dimensions.ts'
import { rowsMaxOf } from './live-step.ts'
import { learningRates, middleOf, NetworkMember, networkSpec } from './networks.ts'

/**
 * Features of a read-out by least squares at most: its covariance grows with their square, and
 * there is one for each horizon.
 */
const READ_OUT_MAX = 256

/** The networks of a configuration with their places in a sequence's state. */
export function buildNetworks(
  config: ForecastConfig,
  d: Dimensions,
  kernel: Kernel,
  inputSize: number,
  seeded: boolean,
): NetworkMember[] {
  const { model } = config
  const spec = networkSpec(model, inputSize, d)
  const rates = learningRates(model)
  const full = model.portfolio === 'full'
  return rates.map((learningRate, j) => {
    const isNarrow = 1 + spec.layers * spec.hidden + inputSize <= READ_OUT_MAX
    const readouts = full && isNarrow && learningRate === middleOf(rates)
    const network = new Network(
      spec,
      {
        learningRate,
        beta2: 0.999,
        epsilon: 1e-5,
        clipNorm: 1,
        huberDelta: 1,
        window: d.window,
        runsMax: kernel.runsMax(spec, d.updateEvery + d.window),
        warmupMax: d.updateEvery,
        seed: seeded ? model.seed + j : null,
      },
      kernel,
    )
    return new NetworkMember(`network:${learningRate.toExponential()}`, network, d, kernel, {
      statesAt: j * stateSize(spec),
      featuresAt: 0,
      readouts,
      rowsMax: rowsMaxOf(config, kernel),
    })
  })
}
