import type { Cell, LayerLayout, ParameterLayout, RecurrentSpec } from './network-spec.ts'

/**
 * A rectangle of a layer's weights and the pre-activations that it feeds. rnn and lstm are one
 * block; in a gru the reset gate stands between the n row's recurrent half and its input half.
 */
export interface WeightBlock {
  readonly row: number
  readonly rows: number
  readonly column: number
  readonly columns: number
  /** Where in a step's pre-activations, and deltas, the rows of this block go. */
  readonly gate: number
}

/** Everything that one layer remembers of a window of T steps, allocated once. */
export interface LayerTape {
  readonly cell: Cell
  /** Where the layer's parameters lie. */
  readonly layout: LayerLayout
  /** Where the layer's table of symbols (O, gates H) lies; −1 for none. */
  readonly tableAt: number
  /** (T): the symbol that goes in at each step, where there is a table. */
  readonly symbols: Int32Array
  /** In, H */
  readonly width: number
  readonly hidden: number
  /** Rows of weights, gates H: what a row of the table feeds, the first of the pre-activations. */
  readonly gateRows: number
  /** Pre-activations per unit: rnn 1, gru 4, lstm 4. */
  readonly biases: number
  /** (T + 1, In + H): row t is the layer's input at step t and its h after step t − 1. */
  readonly rows: Float64Array
  /**
   * (T, biases H): products, pre-activations, then activations, each in place of the one before; a
   * gru's c has no activation of its own and stays a pre-activation.
   */
  readonly gates: Float64Array
  /** (T + 1, H), lstm: row t is c after step t − 1. */
  readonly cells: Float64Array
  /** (T, H), lstm: tanh of c after step t. */
  readonly squashed: Float64Array
  /** (T, biases H): ∂L / ∂ pre-activations as the cell takes them, hence ∂L / ∂ biases. */
  readonly deltas: Float64Array
  /** (T, biases H): ∂L / ∂ the products behind them; `deltas` itself without a normaliser. */
  readonly productDeltas: Float64Array
  /** (T, biases H), normalised: the products over their root mean square, before gain and bias. */
  readonly normalised: Float64Array
  /** (T, biases), normalised: 1 / root mean square of each block. */
  readonly scales: Float64Array
  /** (H): ∂L / ∂h of the step in hand. */
  readonly hiddenDelta: Float64Array
  /** (In + H): ∂L / ∂ row of the step in hand: what the layer hands down, and back in time. */
  readonly rowDelta: Float64Array
  /** (H), lstm: ∂L / ∂c handed back in time. */
  readonly cellDelta: Float64Array
  readonly blocks: readonly WeightBlock[]
  /** The blocks without the columns of the raw input, whose gradient nobody needs. */
  readonly backwardBlocks: readonly WeightBlock[]
}

/** The tape of one of `layout`'s layers for a window of T = `window` steps. */
export function openTape(
  { cell, hidden }: RecurrentSpec,
  layout: Pick<ParameterLayout, 'gates' | 'biases' | 'layers'>,
  layer: LayerLayout,
  window: number,
  tableAt = -1,
): LayerTape {
  const width = layer.inputs
  const { gates, biases } = layout
  const cells = cell === 'lstm' ? hidden : 0
  const normalised = layer.gainsAt < 0 ? 0 : window * biases
  const blocks = weightBlocks(cell, gates, width, hidden)
  const isFirst = layer === layout.layers[0]
  const deltas = new Float64Array(window * biases * hidden)
  return {
    cell,
    layout: layer,
    tableAt,
    symbols: new Int32Array(tableAt < 0 ? 0 : window),
    width,
    hidden,
    gateRows: gates * hidden,
    biases,
    rows: new Float64Array((window + 1) * (width + hidden)),
    gates: new Float64Array(window * biases * hidden),
    cells: new Float64Array((window + 1) * cells),
    squashed: new Float64Array(window * cells),
    deltas,
    productDeltas: normalised === 0 ? deltas : new Float64Array(deltas.length),
    normalised: new Float64Array(normalised * hidden),
    scales: new Float64Array(normalised),
    hiddenDelta: new Float64Array(hidden),
    rowDelta: new Float64Array(width + hidden),
    cellDelta: new Float64Array(cells),
    blocks,
    backwardBlocks: isFirst ? withoutColumnsBefore(blocks, width) : blocks,
  }
}

function weightBlocks(cell: Cell, gates: number, width: number, hidden: number): WeightBlock[] {
  if (cell !== 'gru') {
    return [{ row: 0, rows: gates * hidden, column: 0, columns: width + hidden, gate: 0 }]
  }
  const n = 2 * hidden
  return [
    { row: 0, rows: n, column: 0, columns: width + hidden, gate: 0 },
    { row: n, rows: hidden, column: 0, columns: width, gate: n },
    { row: n, rows: hidden, column: width, columns: hidden, gate: n + hidden },
  ]
}

function withoutColumnsBefore(blocks: readonly WeightBlock[], first: number): WeightBlock[] {
  return blocks.flatMap((block) => {
    const column = Math.max(block.column, first)
    const columns = block.column + block.columns - column
    return columns > 0 ? [{ ...block, column, columns }] : []
  })
}
