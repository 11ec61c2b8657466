import type { Arena } from './arena.ts'
import type { RecurrentSpec } from './network-spec.ts'
import type { WasmLayout } from './wasm-layout.ts'

/** The rows of the live state, which the module advances: sequences' states go in and out. */
export class LiveStates {
  private readonly arena: Arena
  private readonly spec: RecurrentSpec
  private readonly layout: WasmLayout
  /** Where c begins in a sequence's state, behind h of every layer; 0 for cells without one. */
  private readonly cellsAt: number

  constructor(arena: Arena, spec: RecurrentSpec, layout: WasmLayout) {
    this.arena = arena
    this.spec = spec
    this.layout = layout
    this.cellsAt = spec.cell === 'lstm' ? spec.layers * spec.hidden : 0
  }

  /** Zeros → row of the live state. */
  clear(row: number): void {
    const { spec, cellsAt, arena, layout } = this
    const memory = arena.float32
    const shift = row * layout.network.hiddenStride
    const width = 8 * layout.network.hiddenPanels
    for (let l = 0; l < spec.layers; l++) {
      const { liveHidden, liveCells } = layout.layers[l]!
      const h = (liveHidden + shift) / 4
      for (let i = 0; i < width; i++) memory[h + i] = 0
      if (cellsAt === 0) continue
      const c = (liveCells + shift) / 4
      for (let i = 0; i < width; i++) memory[c + i] = 0
    }
  }

  /** (S) of one sequence → row of the live state. */
  load(row: number, states: Float32Array, at: number): void {
    const { spec, cellsAt, arena, layout } = this
    const { hidden } = spec
    const memory = arena.float32
    const shift = row * layout.network.hiddenStride
    const width = 8 * layout.network.hiddenPanels
    for (let l = 0; l < spec.layers; l++) {
      const { liveHidden, liveCells } = layout.layers[l]!
      const h = (liveHidden + shift) / 4
      // A NaN that was once here has spread over the whole row.
      for (let i = hidden; i < width; i++) memory[h + i] = 0
      const from = at + l * hidden
      for (let i = 0; i < hidden; i++) memory[h + i] = states[from + i]!
      if (cellsAt === 0) continue
      const c = (liveCells + shift) / 4
      for (let i = hidden; i < width; i++) memory[c + i] = 0
      for (let i = 0; i < hidden; i++) memory[c + i] = states[from + cellsAt + i]!
    }
  }

  /** Row of the live state → (S) of one sequence. */
  store(row: number, states: Float32Array, at: number): void {
    const { spec, cellsAt, arena, layout } = this
    const { hidden } = spec
    const memory = arena.float32
    const shift = row * layout.network.hiddenStride
    for (let l = 0; l < spec.layers; l++) {
      const { liveHidden, liveCells } = layout.layers[l]!
      const h = (liveHidden + shift) / 4
      const to = at + l * hidden
      for (let i = 0; i < hidden; i++) states[to + i] = memory[h + i]!
      if (cellsAt === 0) continue
      const c = (liveCells + shift) / 4
      for (let i = 0; i < hidden; i++) states[to + cellsAt + i] = memory[c + i]!
    }
  }
}
