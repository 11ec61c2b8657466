import { addLayerGradient, layerBackward, layerForward } from './layer.ts'
import { type LayerTape, openTape } from './layer-tape.ts'
import type { ParameterLayout, RecurrentSpec } from './network-spec.ts'

/** What the layers of a network and their places have in common. */
type Layers = Pick<ParameterLayout, 'gates' | 'biases' | 'layers'>

/** Where each layer's table of symbols lies, for networks that have them. */
export interface Tables {
  readonly tablesAt: number
  /** Rows of a table. */
  readonly columns: number
}

/**
 * The layers of one network over a window of T steps, one upon the other; the tape of the bottom
 * layer takes the input.
 *
 * Letters: H hidden, L layers, S state size.
 */
export class LayerStack {
  readonly tapes: readonly LayerTape[]
  private readonly hidden: number

  constructor(spec: RecurrentSpec, layout: Layers, window: number, tables?: Tables) {
    this.hidden = spec.hidden
    this.tapes = layout.layers.map((layer, l) => {
      const size = (tables?.columns ?? 0) * layout.gates * spec.hidden
      const tableAt = tables === undefined ? -1 : tables.tablesAt + l * size
      return openTape(spec, layout, layer, window, tableAt)
    })
  }

  /** (S) of one sequence → row 0 of the tapes. */
  loadState(states: Float32Array, at: number): void {
    const { hidden } = this
    const cellsAt = at + this.tapes.length * hidden
    for (let l = 0; l < this.tapes.length; l++) {
      const { rows, width, cells } = this.tapes[l]!
      const h = at + l * hidden
      const c = cellsAt + l * hidden
      for (let i = 0; i < hidden; i++) rows[width + i] = states[h + i]!
      if (cells.length > 0) for (let i = 0; i < hidden; i++) cells[i] = states[c + i]!
    }
  }

  /** Row 1 of the tapes → (S) of one sequence, rounded to single precision. */
  storeState(states: Float32Array, at: number): void {
    const { hidden } = this
    const cellsAt = at + this.tapes.length * hidden
    for (let l = 0; l < this.tapes.length; l++) {
      const { rows, width, cells } = this.tapes[l]!
      const h = at + l * hidden
      const c = cellsAt + l * hidden
      const next = width + hidden + width
      for (let i = 0; i < hidden; i++) states[h + i] = rows[next + i]!
      if (cells.length > 0) for (let i = 0; i < hidden; i++) states[c + i] = cells[hidden + i]!
    }
  }

  /** Makes the state after step 0 the state before it. */
  rewind(): void {
    const { hidden } = this
    for (const { rows, width, cells } of this.tapes) {
      const next = width + hidden + width
      for (let i = 0; i < hidden; i++) rows[width + i] = rows[next + i]!
      if (cells.length > 0) for (let i = 0; i < hidden; i++) cells[i] = cells[hidden + i]!
    }
  }

  /** Step t: row t of the tapes → row t + 1, and h of every layer into `features` (L H). */
  step(parameters: Float32Array, t: number, features: Float64Array, featuresAt: number): void {
    const { tapes, hidden } = this
    for (let l = 0; l < tapes.length; l++) {
      const tape = tapes[l]!
      const above = tapes[l + 1]
      layerForward(tape, parameters, t)
      const next = (t + 1) * (tape.width + hidden) + tape.width
      for (let i = 0; i < hidden; i++) {
        const h = tape.rows[next + i]!
        features[featuresAt + l * hidden + i] = h
        if (above !== undefined) above.rows[t * 2 * hidden + i] = h
      }
    }
  }

  clearDeltas(): void {
    for (const tape of this.tapes) {
      tape.rowDelta.fill(0)
      tape.cellDelta.fill(0)
    }
  }

  /**
   * Step t backwards: `rowDelta` and `cellDelta` hold what step t + 1 handed back, afterwards what
   * step t does. Row deltas towards the raw input stay zero.
   */
  stepBack(parameters: Float32Array, t: number, featureDelta: Float64Array): void {
    const { tapes, hidden } = this
    for (let l = tapes.length - 1; l >= 0; l--) {
      const tape = tapes[l]!
      const above = tapes[l + 1]
      const { hiddenDelta, rowDelta, width } = tape
      for (let i = 0; i < hidden; i++) {
        hiddenDelta[i] = rowDelta[width + i]! + featureDelta[l * hidden + i]!
      }
      if (above !== undefined) {
        for (let i = 0; i < hidden; i++) hiddenDelta[i] = hiddenDelta[i]! + above.rowDelta[i]!
      }
      layerBackward(tape, parameters, t)
    }
  }

  /** Adds every layer's gradient over the window's first `steps` steps. */
  addGradient(gradient: Float64Array, steps: number): void {
    for (const tape of this.tapes) addLayerGradient(tape, gradient, steps)
  }

  /** ‖∂L / ∂(state before the step in hand)‖₂. */
  handedBack(): number {
    let sum = 0
    for (const { rowDelta, cellDelta, width } of this.tapes) {
      for (let i = width; i < rowDelta.length; i++) sum += rowDelta[i]! * rowDelta[i]!
      for (let i = 0; i < cellDelta.length; i++) sum += cellDelta[i]! * cellDelta[i]!
    }
    return Math.sqrt(sum)
  }
}
