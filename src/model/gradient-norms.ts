import { WindowBatch } from '../rnn/index.ts'
import type { Dimensions } from './dimensions.ts'
import type { NetworkMember } from './networks.ts'
import type { Sequence } from './sequence.ts'
import type { Windows } from './window.ts'

/** How far back a network's newest loss reaches. */
export interface LagNorms {
  readonly network: string
  /** ‖∂L_t/∂H_{t−k}‖ for k = 0 … window − 1; 0 where the sequence is younger. */
  readonly norms: Float64Array
}

/** Runs the window that ends with the newest step whose target has arrived, without learning. */
export function gradientNorms(
  sequence: Sequence,
  d: Dimensions,
  windows: Windows,
  networks: readonly NetworkMember[],
): LagNorms[] {
  const newest = sequence.steps - 1 - d.horizons[0]!
  if (!windows.holds(sequence, newest) || newest < 0) return []
  const inputs = networks[0]?.network.spec.inputs
  if (inputs === undefined) return []
  const stepsMax = d.updateEvery + d.window
  const batch = new WindowBatch({ runsMax: 1, stepsMax, inputs, outputs: d.outputs })
  const start = windows.writeProbe(sequence, newest, batch)
  return networks.map(({ name, network, stateSize, statesAt }) => {
    const from = windows.checkpointOf(sequence, start) + statesAt
    const states = windows.memoryOf(sequence).float32.slice(from, from + stateSize)
    const norms = new Float64Array(d.window)
    network.gradientNormByLag(batch, 0, states, norms)
    return { network: name, norms }
  })
}
