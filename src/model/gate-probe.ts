import { layerForward } from '../kernels/layer.ts'
import { openTape } from '../kernels/layer-tape.ts'
import { type NetworkSpec, parameterLayout } from '../kernels/network-spec.ts'

/** What the gates of one layer let through at a step: one number a unit, H of them. */
export interface LayerGates {
  /** From 0, the bottom. */
  readonly layer: number
  readonly gates: Readonly<Record<string, readonly number[]>>
}

/** Names in the order in which a cell's activations lie; a gru's last block is no gate. */
const gateNames: Readonly<Record<NetworkSpec['cell'], readonly string[]>> = {
  rnn: [],
  gru: ['reset', 'update', 'candidate'],
  lstm: ['input', 'forget', 'candidate', 'output'],
}

/**
 * Runs `steps` steps over inputs (steps, I) from `state` (S), with the loops of the reference
 * kernel, and tells the gates of the last; [] for a cell without gates. `parameters` (P) lie as
 * `ParameterLayout` says.
 */
export function probeGates(
  spec: NetworkSpec,
  parameters: Float32Array,
  inputs: Float32Array,
  steps: number,
  state: Float32Array,
): LayerGates[] {
  const names = gateNames[spec.cell]
  if (names.length === 0) return []
  const { hidden, layers } = spec
  const layout = parameterLayout(spec)
  const tapes = layout.layers.map((layer) => openTape(spec, layout, layer, 1))
  tapes.forEach(({ rows, width, cells }, l) => {
    for (let i = 0; i < hidden; i++) rows[width + i] = state[l * hidden + i]!
    for (let i = 0; i < cells.length / 2; i++) cells[i] = state[(layers + l) * hidden + i]!
  })
  for (let step = 0; step < steps; step++) {
    tapes.forEach((tape, l) => {
      const { rows, width, cells } = tape
      const below = tapes[l - 1]
      const next = width + hidden + width
      // What the step before handed on.
      if (step > 0) {
        for (let i = 0; i < hidden; i++) rows[width + i] = rows[next + i]!
        for (let i = 0; i < cells.length / 2; i++) cells[i] = cells[hidden + i]!
      }
      for (let i = 0; i < width; i++) {
        rows[i] = below === undefined ? inputs[step * width + i]! : hiddenOf(below, hidden, i)
      }
      layerForward(tape, parameters, 0)
    })
  }
  return tapes.map(({ gates }, layer) => ({
    layer,
    gates: Object.fromEntries(
      names.map((name, g) => [name, [...gates.subarray(g * hidden, (g + 1) * hidden)]]),
    ),
  }))
}

/** h of unit `i` after the step that a tape holds. */
function hiddenOf(
  { rows, width }: { readonly rows: Float64Array; readonly width: number },
  hidden: number,
  i: number,
): number {
  return rows[width + hidden + width + i]!
}
