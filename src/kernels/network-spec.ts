import { assert } from '../assert.ts'

export type Cell = 'rnn' | 'gru' | 'lstm'

/** What every recurrent network is made of: H and L in the comments of this folder. */
export interface RecurrentSpec {
  readonly cell: Cell
  readonly hidden: number
  readonly layers: number
  /** Whether each gate's pre-activations are divided by their root mean square; absent: no. */
  readonly normalise?: boolean
}

/** The shape of one recurrent network: I and O in the comments of this folder. */
export interface NetworkSpec extends RecurrentSpec {
  readonly inputs: number
  readonly outputs: number
}

/** Where one layer's parameters lie. Its input is the layer below or, for the first, the input. */
export interface LayerLayout {
  /** Width of the layer's input: I for the first layer, H above. */
  readonly inputs: number
  /**
   * Offset of the weights (gates H, inputs + H): one row for each gate and unit, its columns the
   * layer's input and then the layer's own previous h. Gates: rnn h; gru r, z, n; lstm i, f, g, o.
   */
  readonly weightsAt: number
  /** Offset of the biases (biases H), in the order of the gates; gru: c, inside the reset, last. */
  readonly biasesAt: number
  /** Offset of the normalised gates' gains (biases H), in the order of the biases; −1 for none. */
  readonly gainsAt: number
}

/** Parameters in one flat array: layer after layer weights, biases, gains; then the read-out. */
export interface ParameterLayout {
  /** Rows of weights per unit: rnn 1, gru 3, lstm 4. */
  readonly gates: number
  /** Biases, hence pre-activations and their deltas, per unit: rnn 1, gru 4, lstm 4. */
  readonly biases: number
  readonly layers: readonly LayerLayout[]
  /** Offset of the read-out's weights (O, L H + I): columns are h of every layer, then x. */
  readonly readoutWeightsAt: number
  /** Offset of the read-out's biases (O). */
  readonly readoutBiasesAt: number
  readonly count: number
}

const GATES: Readonly<Record<Cell, number>> = { rnn: 1, gru: 3, lstm: 4 }
const BIASES: Readonly<Record<Cell, number>> = { rnn: 1, gru: 4, lstm: 4 }

/**
 * Floats of one sequence's state: h of every layer (L, H), bottom first, and for an lstm behind it
 * c of every layer (L, H). So the first L H floats are always what the read-out sees.
 */
export function stateSize(spec: RecurrentSpec): number {
  return spec.layers * spec.hidden * (spec.cell === 'lstm' ? 2 : 1)
}

/** Width of what the read-out sees: h of every layer and the raw input, L H + I. */
export function featureSize(spec: NetworkSpec): number {
  return spec.layers * spec.hidden + spec.inputs
}

export function parameterCount(spec: NetworkSpec): number {
  return parameterLayout(spec).count
}

/** Named offsets into the flat parameter array. Throws an assertion on a shape without a unit. */
export function parameterLayout(spec: NetworkSpec): ParameterLayout {
  const { cell, inputs, hidden, outputs } = spec
  assert(
    [inputs, hidden, spec.layers, outputs].every((n) => Number.isInteger(n) && n > 0),
    'inputs, hidden, layers and outputs of a network are positive integers',
  )
  const { layers, count: at } = layerLayouts(spec, inputs)
  const readoutBiasesAt = at + outputs * featureSize(spec)
  const count = readoutBiasesAt + outputs
  const gates = GATES[cell]
  const biases = BIASES[cell]
  return { gates, biases, layers, readoutWeightsAt: at, readoutBiasesAt, count }
}

/** The layers one behind another, the first with `inputs` inputs; how many parameters they have. */
function layerLayouts(
  spec: RecurrentSpec,
  inputs: number,
): { layers: LayerLayout[]; count: number } {
  const { cell, hidden, normalise } = spec
  const layers: LayerLayout[] = []
  let at = 0
  for (let l = 0; l < spec.layers; l++) {
    const width = l === 0 ? inputs : hidden
    const biasesAt = at + GATES[cell] * hidden * (width + hidden)
    const gainsAt = normalise === true ? biasesAt + BIASES[cell] * hidden : -1
    layers.push({ inputs: width, weightsAt: at, biasesAt, gainsAt })
    at = (normalise === true ? gainsAt : biasesAt) + BIASES[cell] * hidden
  }
  return { layers, count: at }
}

/** The shape of a network that predicts the next symbol. */
export interface SymbolSpec extends RecurrentSpec {
  /** O: columns of the softmax, and rows of the tables: one for each symbol. */
  readonly columns: number
}

/**
 * Parameters of a network of symbols in one flat array: layer after layer weights, biases, gains;
 * then layer after layer what each symbol feeds to the gates; then the softmax's weights, biases.
 */
export interface SymbolLayout {
  readonly gates: number
  readonly biases: number
  /** The first layer has no inputs but the symbol. */
  readonly layers: readonly LayerLayout[]
  /** Where the first table lies. Those of all layers (L, O, gates H) are one behind another. */
  readonly tablesAt: number
  /** Offset of the softmax's weights (O, L H): columns are h of every layer. Its biases (O). */
  readonly outputWeightsAt: number
  readonly outputBiasesAt: number
  readonly count: number
}

/** Named offsets into the flat parameter array of a network of symbols. */
export function symbolLayout(spec: SymbolSpec): SymbolLayout {
  const { cell, hidden, columns } = spec
  assert(
    [hidden, spec.layers, columns].every((n) => Number.isInteger(n) && n > 0),
    'hidden, layers and columns of a network of symbols are positive integers',
  )
  const gates = GATES[cell]
  const { layers, count: tablesAt } = layerLayouts(spec, 0)
  const outputWeightsAt = tablesAt + spec.layers * columns * gates * hidden
  const outputBiasesAt = outputWeightsAt + columns * spec.layers * hidden
  const count = outputBiasesAt + columns
  return {
    gates,
    biases: BIASES[cell],
    layers,
    tablesAt,
    outputWeightsAt,
    outputBiasesAt,
    count,
  }
}
