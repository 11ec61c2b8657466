import type { Cell } from './network-spec.ts'

/**
 * How the gates of a cell stand in a row of pre-activations, see `assembly/layout.ts`. Each list is
 * in the order of `ParameterLayout`, its numbers count blocks of H columns.
 */
export interface GateOrder {
  readonly code: number
  /** Blocks in a row. */
  readonly blocks: number
  /** Block of each gate among those that the input feeds, which come first in the row. */
  readonly input: readonly number[]
  /** Block of each gate among those that h feeds, and the block at which these begin. */
  readonly recurrent: readonly number[]
  readonly recurrentFrom: number
  /** Block of each bias. */
  readonly biases: readonly number[]
}

export const ORDERS: Readonly<Record<Cell, GateOrder>> = {
  rnn: { code: 0, blocks: 1, input: [0], recurrent: [0], recurrentFrom: 0, biases: [0] },
  gru: {
    code: 1,
    blocks: 4,
    input: [1, 2, 0],
    recurrent: [0, 1, 2],
    recurrentFrom: 1,
    biases: [1, 2, 0, 3],
  },
  lstm: {
    code: 2,
    blocks: 4,
    input: [0, 1, 2, 3],
    recurrent: [0, 1, 2, 3],
    recurrentFrom: 0,
    biases: [0, 1, 2, 3],
  },
}

/** Fields of `Network` in `assembly/layout.ts`, in its order; all take four bytes. */
export const NETWORK_FIELDS = [
  'cell',
  'hidden',
  'hiddenPanels',
  'gatePanels',
  'inputPanels',
  'recurrentPanels',
  'recurrentColumn',
  'gateStride',
  'hiddenStride',
  'inputs',
  'inputStride',
  'outputs',
  'outputPanels',
  'outputStride',
  'layers',
  'firstLayer',
  'parameters',
  'parameterBytes',
  'momentsShift',
  'gradientShift',
  'readoutBiases',
  'readoutInput',
  'group',
  'window',
  'warmupMax',
  'warmup',
  'steps',
  'firstRow',
  'rowsNow',
  'rowsBefore',
  'runsNow',
  'liveInputs',
  'liveGates',
  'liveOutputs',
  'windowInputs',
  'targets',
  'outputDeltas',
  'mask',
  'zeros',
  'waste',
  'lags',
  'huberDelta',
  'normalise',
  'columns',
  'liveSymbols',
  'windowSymbols',
  'touched',
  'outputMoments',
] as const

/** Fields of `Layer`, likewise. */
export const LAYER_FIELDS = [
  'inputs',
  'windowInputs',
  'inputStride',
  'biases',
  'gains',
  'inputWeights',
  'recurrentWeights',
  'readoutWeights',
  'inputTransposed',
  'recurrentTransposed',
  'readoutTransposed',
  'gates',
  'normed',
  'rawDeltas',
  'inverses',
  'before',
  'after',
  'cells',
  'squashed',
  'hiddenDeltas',
  'cellDeltas',
  'liveHidden',
  'liveCells',
  'table',
] as const

export type NetworkFields = Readonly<Record<(typeof NETWORK_FIELDS)[number], number>>
export type LayerFields = Readonly<Record<(typeof LAYER_FIELDS)[number], number>>

/** Bytes of the two blocks, for a comparison with what the module believes. */
export const NETWORK_BYTES = 8 * Math.ceil(NETWORK_FIELDS.length / 2) + 16
export const LAYER_BYTES = 4 * LAYER_FIELDS.length
