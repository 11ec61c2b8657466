import type { Arena } from './arena.ts'
import type { KernelLimits } from './kernel.ts'
import { type NetworkSpec, type ParameterLayout, parameterLayout } from './network-spec.ts'
import { LINE_BYTES, matrixBytes, PANEL, panelPlace, panelsOf, ROW_BYTES } from './panels.ts'
import {
  type GateOrder,
  LAYER_BYTES,
  LAYER_FIELDS,
  type LayerFields,
  NETWORK_BYTES,
  NETWORK_FIELDS,
  type NetworkFields,
  ORDERS,
} from './wasm-fields.ts'

/** Runs that are learnt side by side: they fill the vector units and still fit the caches. */
const GROUP = 16

/** Where a network lies in its arena. Addresses are bytes. */
export interface WasmLayout {
  /** Address of the block that the module's functions take. */
  readonly at: number
  /** Address of the number of losses, a double, and behind it of their sum. */
  readonly lossesAt: number
  readonly network: NetworkFields
  readonly layers: readonly LayerFields[]
  /** (P): for each parameter of `ParameterLayout` its place in floats behind `parameters`. */
  readonly places: Int32Array
}

/** Lays a network out in `arena` and writes the blocks that describe it. */
export function layOut(arena: Arena, spec: NetworkSpec, limits: KernelLimits): WasmLayout {
  const plan = new Plan(arena, spec, limits)
  const at = arena.allocate(NETWORK_BYTES)
  const firstLayer = arena.allocate(LAYER_BYTES * spec.layers)
  const layers = plan.layers()
  const network = plan.network(firstLayer)
  NETWORK_FIELDS.forEach((field, i) => {
    arena.int32[at / 4 + i] = network[field]
  })
  arena.float32[at / 4 + NETWORK_FIELDS.indexOf('huberDelta')] = limits.huberDelta
  layers.forEach((layer, l) => {
    LAYER_FIELDS.forEach((field, i) => {
      arena.int32[(firstLayer + l * LAYER_BYTES) / 4 + i] = layer[field]
    })
  })
  return { at, lossesAt: at + NETWORK_BYTES - 16, network, layers, places: plan.places() }
}

/** Bytes of a row in a tape: an odd number of cache lines, so that columns spread over the sets. */
function tapeStride(floats: number): number {
  const lines = Math.ceil((4 * floats) / LINE_BYTES)
  return LINE_BYTES * (lines % 2 === 0 ? lines + 1 : lines)
}

/** Parameters of one layer and of the read-out of its h, by address. */
interface LayerWeights {
  readonly biases: number
  readonly gains: number
  readonly inputWeights: number
  readonly recurrentWeights: number
  readonly readoutWeights: number
}

class Plan {
  private readonly arena: Arena
  private readonly spec: NetworkSpec
  private readonly limits: KernelLimits
  private readonly order: GateOrder
  private readonly parameters: ParameterLayout
  /** H rounded up to whole panels. */
  private readonly hidden: number
  private readonly outputPanels: number
  private readonly group: number
  private readonly rows: number
  private readonly gateStride: number
  private readonly hiddenStride: number
  private readonly windowInputs: number
  private readonly block: number
  private readonly blockBytes: number
  private readonly weights: readonly LayerWeights[]
  private readonly readoutBiases: number
  private readonly readoutInput: number

  constructor(arena: Arena, spec: NetworkSpec, limits: KernelLimits) {
    this.arena = arena
    this.spec = spec
    this.limits = limits
    this.order = ORDERS[spec.cell]
    this.parameters = parameterLayout(spec)
    this.hidden = PANEL * panelsOf(spec.hidden)
    this.outputPanels = panelsOf(spec.outputs)
    this.group = Math.min(GROUP, limits.runsMax)
    this.rows = this.group * limits.window
    this.gateStride = tapeStride(this.order.blocks * this.hidden)
    this.hiddenStride = tapeStride(this.hidden)
    this.windowInputs = arena.allocate(4 * this.rows * spec.inputs)
    const sizes = this.parameterSizes()
    this.blockBytes = sizes.reduce((sum, size) => sum + size, 0)
    this.block = arena.allocate(this.blockBytes)
    let top = this.block
    const take = (): number => {
      const at = top
      top += sizes.shift() ?? 0
      return at
    }
    this.weights = Array.from({ length: spec.layers }, () => ({
      biases: take(),
      gains: take(),
      inputWeights: take(),
      recurrentWeights: take(),
      readoutWeights: take(),
    }))
    this.readoutBiases = take()
    this.readoutInput = take()
  }

  /** Bytes of every part of the parameters, in the order in which they lie. */
  private parameterSizes(): number[] {
    const { order, hidden, spec } = this
    const row = 4 * hidden * order.blocks
    const layers = this.parameters.layers.flatMap((_, l) => [
      row,
      spec.normalise === true ? row : 0,
      matrixBytes(this.depth(l), order.input.length * hidden),
      matrixBytes(hidden, order.recurrent.length * hidden),
      matrixBytes(hidden, spec.outputs),
    ])
    const biases = ROW_BYTES * this.outputPanels
    return [...layers, biases, matrixBytes(spec.inputs, spec.outputs)]
  }

  /** Rows of the weights on a layer's input. */
  private depth(l: number): number {
    return l === 0 ? this.spec.inputs : this.hidden
  }

  layers(): LayerFields[] {
    const { arena, hidden, rows, group, gateStride, hiddenStride, order, spec } = this
    const lstm = spec.cell === 'lstm'
    const normalised = spec.normalise === true
    const tape = (stride: number, wanted = true) => arena.allocate(wanted ? rows * stride : 0)
    const transposed = (depth: number) => arena.allocate(matrixBytes(depth, hidden))
    let below = { windowInputs: this.windowInputs, inputStride: 4 * spec.inputs }
    return this.weights.map((own, l) => {
      const after = tape(hiddenStride)
      const layer: LayerFields = {
        inputs: this.depth(l),
        ...below,
        ...own,
        inputTransposed: transposed(l === 0 ? 0 : order.input.length * hidden),
        recurrentTransposed: transposed(order.recurrent.length * hidden),
        readoutTransposed: transposed(PANEL * this.outputPanels),
        gates: tape(gateStride),
        normed: tape(gateStride, normalised),
        rawDeltas: tape(gateStride, normalised),
        inverses: tape(16, normalised),
        before: tape(hiddenStride),
        after,
        cells: tape(hiddenStride, lstm),
        squashed: tape(hiddenStride, lstm),
        hiddenDeltas: tape(hiddenStride),
        cellDeltas: arena.allocate(group * hiddenStride),
        liveHidden: arena.allocate(group * hiddenStride),
        liveCells: arena.allocate(group * hiddenStride),
      }
      below = { windowInputs: after, inputStride: hiddenStride }
      return layer
    })
  }

  network(firstLayer: number): NetworkFields {
    const { arena, spec, limits, order, hidden, group, rows, outputPanels } = this
    const hiddenPanels = hidden / PANEL
    const outputStride = ROW_BYTES * outputPanels
    const perRun = () => arena.allocate(4 * group)
    const moments = arena.allocate(this.blockBytes)
    const gradient = arena.allocate(this.blockBytes)
    const widest = Math.max(this.gateStride, outputStride)
    return {
      cell: order.code,
      hidden: spec.hidden,
      hiddenPanels,
      gatePanels: hiddenPanels * order.blocks,
      inputPanels: hiddenPanels * order.input.length,
      recurrentPanels: hiddenPanels * order.recurrent.length,
      recurrentColumn: 4 * hidden * order.recurrentFrom,
      gateStride: this.gateStride,
      hiddenStride: this.hiddenStride,
      inputs: spec.inputs,
      inputStride: 4 * spec.inputs,
      outputs: spec.outputs,
      outputPanels,
      outputStride,
      layers: spec.layers,
      firstLayer,
      parameters: this.block,
      parameterBytes: this.blockBytes,
      momentsShift: moments - this.block,
      gradientShift: gradient - this.block,
      readoutBiases: this.readoutBiases,
      readoutInput: this.readoutInput,
      group,
      window: limits.window,
      warmupMax: limits.warmupMax,
      warmup: perRun(),
      steps: perRun(),
      firstRow: perRun(),
      rowsNow: perRun(),
      rowsBefore: perRun(),
      runsNow: perRun(),
      liveInputs: arena.allocate(4 * group * Math.max(1, limits.warmupMax) * spec.inputs),
      liveGates: arena.allocate(group * this.gateStride),
      liveOutputs: arena.allocate(group * outputStride),
      windowInputs: this.windowInputs,
      targets: arena.allocate(4 * rows * spec.outputs),
      outputDeltas: arena.allocate(rows * outputStride),
      mask: arena.allocate(rows * spec.outputs),
      zeros: arena.allocate(widest),
      waste: arena.allocate(widest),
      lags: arena.allocate(8 * limits.window),
      huberDelta: 0,
      normalise: spec.normalise === true ? 1 : 0,
    }
  }

  /** See `WasmLayout`. */
  places(): Int32Array {
    const { parameters, spec } = this
    const places = new Int32Array(parameters.count)
    const put = (parameter: number, address: number) => {
      places[parameter] = (address - this.block) / 4
    }
    for (let l = 0; l < spec.layers; l++) this.placeLayer(l, put)
    const size = (parameters.readoutBiasesAt - parameters.readoutWeightsAt) / spec.outputs
    for (let o = 0; o < spec.outputs; o++) {
      const row = parameters.readoutWeightsAt + o * size
      this.weights.forEach(({ readoutWeights }, l) => {
        for (let i = 0; i < spec.hidden; i++) {
          put(row + l * spec.hidden + i, panelPlace(readoutWeights, this.hidden, i, o))
        }
      })
      const x = row + spec.layers * spec.hidden
      for (let j = 0; j < spec.inputs; j++) {
        put(x + j, panelPlace(this.readoutInput, spec.inputs, j, o))
      }
      put(parameters.readoutBiasesAt + o, this.readoutBiases + 4 * o)
    }
    return places
  }

  private placeLayer(l: number, put: (parameter: number, address: number) => void): void {
    const { order, hidden, spec } = this
    const { inputs, weightsAt, biasesAt, gainsAt } = this.parameters.layers[l]!
    const own = this.weights[l]!
    const stride = inputs + spec.hidden
    for (let gate = 0; gate < order.input.length; gate++) {
      for (let i = 0; i < spec.hidden; i++) {
        const row = weightsAt + (gate * spec.hidden + i) * stride
        const x = order.input[gate]! * hidden + i
        const h = order.recurrent[gate]! * hidden + i
        for (let j = 0; j < inputs; j++) {
          put(row + j, panelPlace(own.inputWeights, this.depth(l), j, x))
        }
        for (let j = 0; j < spec.hidden; j++) {
          put(row + inputs + j, panelPlace(own.recurrentWeights, hidden, j, h))
        }
      }
    }
    order.biases.forEach((block, b) => {
      for (let i = 0; i < spec.hidden; i++) {
        const place = 4 * (block * hidden + i)
        put(biasesAt + b * spec.hidden + i, own.biases + place)
        if (gainsAt >= 0) put(gainsAt + b * spec.hidden + i, own.gains + place)
      }
    })
  }
}
