import type { Cell, LayerLayout, ParameterLayout } from './network-spec.ts'

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
  /** In, H */
  readonly width: number
  readonly hidden: number
  /** (T + 1, In + H): row t is the layer's input at step t and its h after step t − 1. */
  readonly rows: Float64Array
  /** (T, biases H): pre-activations, then in place the activations; a gru's c stays as it is. */
  readonly gates: Float64Array
  /** (T + 1, H), lstm: row t is c after step t − 1. */
  readonly cells: Float64Array
  /** (T, H), lstm: tanh of c after step t. */
  readonly squashed: Float64Array
  /** (T, biases H): ∂L / ∂ pre-activations. */
  readonly deltas: Float64Array
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

export function openTape(
  cell: Cell,
  layout: ParameterLayout,
  layer: LayerLayout,
  hidden: number,
  window: number,
): LayerTape {
  const width = layer.inputs
  const cells = cell === 'lstm' ? hidden : 0
  const blocks = weightBlocks(cell, layout.gates, width, hidden)
  const isFirst = layer === layout.layers[0]
  return {
    width,
    hidden,
    rows: new Float64Array((window + 1) * (width + hidden)),
    gates: new Float64Array(window * layout.biases * hidden),
    cells: new Float64Array((window + 1) * cells),
    squashed: new Float64Array(window * cells),
    deltas: new Float64Array(window * layout.biases * hidden),
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
