/**
 * Where everything of a network lies: filled in by the caller (`wasm-layout.ts`, field by field in
 * this order), read here. Addresses are bytes, strides are bytes, counts are counts.
 *
 * A network of symbols has no inputs and no linear read-out: each symbol has a row in a table of
 * what it feeds to the gates, and the read-out is a softmax over columns.
 *
 * Letters: H hidden, rounded up to whole panels of 8 columns (the rest of a row is zero and stays
 * zero); I inputs; O outputs; N pre-activations in a row; M rows of a group's windows.
 *
 * A row of pre-activations holds the gates one after another: rnn [h], lstm [i f g o], gru
 * [n r z c], so that what the input feeds (gru: n r z) are neighbours, and what h feeds (r z c).
 */

export const RNN: u32 = 0
export const GRU: u32 = 1
export const LSTM: u32 = 2

@unmanaged
export class Network {
  cell: u32
  /** H before rounding. */
  hidden: u32
  /** H in panels, the gates' columns in panels: all, fed by the input, fed by h. */
  hiddenPanels: u32
  gatePanels: u32
  inputPanels: u32
  recurrentPanels: u32
  /** First column, in bytes, that h feeds. */
  recurrentColumn: usize
  gateStride: usize
  hiddenStride: usize
  inputs: u32
  inputStride: usize
  outputs: u32
  outputPanels: u32
  outputStride: usize
  layers: u32
  /** The first of the layers' blocks, which lie one behind another. */
  firstLayer: usize
  /** Parameters, bytes; the moments and the gradient lie in the same order elsewhere. */
  parameters: usize
  parameterBytes: usize
  momentsShift: usize
  gradientShift: usize
  /** Read-out: biases (O) and weights on the input (I, O). */
  readoutBiases: usize
  readoutInput: usize
  /** Runs in a group, at most, and steps of their windows. */
  group: u32
  window: u32
  warmupMax: u32
  /** (group): warm-up and window steps of each run, by the caller; its first row in the tapes. */
  warmup: usize
  steps: usize
  firstRow: usize
  /** (group) each: numbers of the rows that take part in a step, now and one step earlier. */
  rowsNow: usize
  rowsBefore: usize
  runsNow: usize
  /** (group, warmupMax, I): inputs of the warm-up; (group, I): of a live step. */
  liveInputs: usize
  /** (group, N) and (group, O) of a live step. */
  liveGates: usize
  liveOutputs: usize
  /** (M, I), (M, O), (M, O), (M, O) bytes: inputs, targets, outputs then their deltas, masks. */
  windowInputs: usize
  targets: usize
  outputDeltas: usize
  mask: usize
  /** A row of zeros as wide as any, and one that is written and never read. */
  zeros: usize
  waste: usize
  /** (window) doubles: squared norms of what is handed back, by lag. */
  lags: usize
  huberDelta: f32
  normalise: u32
  /**
   * Of symbols: columns of the softmax in use; symbols of the warm-up (group, warmupMax) or of a
   * live step (group), and of the windows (M); bytes (columns), 1 where a symbol's row of the
   * tables has a gradient.
   */
  columns: u32
  liveSymbols: usize
  windowSymbols: usize
  touched: usize
  /** (O) of symbols: second moments of the columns' errors. */
  outputMoments: usize
  losses: f64
  lossSum: f64
}

@unmanaged
export class Layer {
  /** Width of the input, K, and where the rows of a window's inputs begin. */
  inputs: u32
  windowInputs: usize
  inputStride: usize
  /** Biases (N), gains (N), weights on the input (K, ·) and on h (H, ·), read-out of h (H, O). */
  biases: usize
  gains: usize
  inputWeights: usize
  recurrentWeights: usize
  readoutWeights: usize
  /** Their transposes, for the way back; none of the first layer's inputs. */
  inputTransposed: usize
  recurrentTransposed: usize
  readoutTransposed: usize
  /** (M, N): pre-activations, then activations, then ∂L / ∂ pre-activations. */
  gates: usize
  /** (M, N), normalised: pre-activations ÷ their root mean square; ∂L / ∂ of those before it. */
  normed: usize
  rawDeltas: usize
  /** (M, N / H) normalised: 1 ÷ root mean square of each gate. */
  inverses: usize
  /** (M, H): h before and after each step, c before, tanh of c after. */
  before: usize
  after: usize
  cells: usize
  squashed: usize
  /** (M, H): ∂L / ∂h after each step; (group, H): ∂L / ∂c handed back. */
  hiddenDeltas: usize
  cellDeltas: usize
  /** (group, H): the live state. */
  liveHidden: usize
  liveCells: usize
  /** Of symbols: (columns, ·) what each symbol feeds to the gates; 0 for none. */
  table: usize
}
