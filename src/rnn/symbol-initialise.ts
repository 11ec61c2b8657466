import { type SymbolSpec, symbolLayout } from '../kernels/network-spec.ts'
import type { Random } from '../random.ts'
import { initialiseLayers } from './initialise.ts'
import type { SymbolTuning } from './symbol-tuning.ts'

/**
 * Fills `parameters` for a start: the layers as in every network, what symbols feed to the gates
 * normal with standard deviation `tableScale`, a gru's biases of z `keepBias`, the softmax zero.
 */
export function initialiseSymbols(
  spec: SymbolSpec,
  parameters: Float32Array,
  random: Random,
  { tableScale, keepBias }: Pick<SymbolTuning, 'tableScale' | 'keepBias'>,
): void {
  const layout = symbolLayout(spec)
  parameters.fill(0)
  initialiseLayers(spec, layout, parameters, random)
  const { hidden } = spec
  for (const { biasesAt } of spec.cell === 'gru' ? layout.layers : []) {
    parameters.fill(keepBias, biasesAt + hidden, biasesAt + 2 * hidden)
  }
  for (let i = layout.tablesAt; i < layout.outputWeightsAt; i++) {
    parameters[i] = tableScale * random.normal()
  }
}
