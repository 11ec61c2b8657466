import type { Arena } from './arena.ts'
import type { KernelLimits } from './kernel.ts'
import {
  type LayerLayout,
  type NetworkSpec,
  parameterLayout,
  type SymbolSpec,
  symbolLayout,
} from './network-spec.ts'
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
  /**
   * (P): for each parameter of `ParameterLayout`, or of `SymbolLayout`, its place in floats behind
   * `parameters`.
   */
  readonly places: Int32Array
}

/** Lays a network out in `arena` and writes the blocks that describe it. */
export function layOut(arena: Arena, spec: NetworkSpec, limits: KernelLimits): WasmLayout {
  const { layers, ...rest } = parameterLayout(spec)
  return layOutShape(arena, { ...spec, ...rest, parts: layers, ofSymbols: false }, limits)
}

/** The same for a network of symbols. */
export function layOutSymbols(
  arena: Arena,
  spec: SymbolSpec,
  limits: Pick<KernelLimits, 'window' | 'runsMax' | 'warmupMax'>,
): WasmLayout {
  const { layers, outputWeightsAt, outputBiasesAt, ...rest } = symbolLayout(spec)
  const shape: Shape = {
    ...spec,
    ...rest,
    inputs: 0,
    outputs: spec.columns,
    parts: layers,
    readoutWeightsAt: outputWeightsAt,
    readoutBiasesAt: outputBiasesAt,
    ofSymbols: true,
  }
  return layOutShape(arena, shape, { ...limits, huberDelta: 0 })
}

/** What the plan needs to know of either kind of network. */
interface Shape extends NetworkSpec {
  readonly gates: number
  readonly parts: readonly LayerLayout[]
  readonly readoutWeightsAt: number
  readonly readoutBiasesAt: number
  readonly count: number
  /** With tables of symbols, and the read-out no part of what the optimiser goes through. */
  readonly ofSymbols: boolean
  readonly tablesAt?: number
}

function layOutShape(arena: Arena, shape: Shape, limits: KernelLimits): WasmLayout {
  const plan = new Plan(arena, shape, limits)
  const at = arena.allocate(NETWORK_BYTES)
  const firstLayer = arena.allocate(LAYER_BYTES * shape.layers)
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
  /** 0 for none. */
  readonly table: number
}

/** Where all parameters lie. */
interface Block {
  readonly layers: readonly LayerWeights[]
  readonly readoutBiases: number
  readonly readoutInput: number
  /** Ends of what the optimiser passes over, of what has a gradient, and of all. */
  readonly denseEnd: number
  readonly learntEnd: number
  readonly end: number
}

class Plan {
  private readonly arena: Arena
  private readonly spec: Shape
  private readonly limits: KernelLimits
  private readonly order: GateOrder
  /** H rounded up to whole panels. */
  private readonly hidden: number
  private readonly outputPanels: number
  private readonly group: number
  private readonly rows: number
  private readonly gateStride: number
  private readonly hiddenStride: number
  private readonly windowInputs: number
  private readonly block: number
  private readonly blocks: Block

  constructor(arena: Arena, spec: Shape, limits: KernelLimits) {
    this.arena = arena
    this.spec = spec
    this.limits = limits
    this.order = ORDERS[spec.cell]
    this.hidden = PANEL * panelsOf(spec.hidden)
    this.outputPanels = panelsOf(spec.outputs)
    this.group = Math.min(GROUP, limits.runsMax)
    this.rows = this.group * limits.window
    this.gateStride = tapeStride(this.order.blocks * this.hidden)
    this.hiddenStride = tapeStride(this.hidden)
    this.windowInputs = arena.allocate(4 * this.rows * spec.inputs)
    this.block = arena.allocate(this.parameterBlock(0).end)
    this.blocks = this.parameterBlock(this.block)
  }

  /**
   * The parts of the parameters in the order in which they lie, from `base` on. The softmax of
   * symbols lies apart, behind the tables, because it has its own way of learning.
   */
  private parameterBlock(base: number): Block {
    const { order, hidden, spec } = this
    const { ofSymbols } = spec
    let top = base
    const take = (bytes: number): number => {
      top += bytes
      return top - bytes
    }
    const row = 4 * hidden * order.blocks
    const takeReadout = () => take(matrixBytes(hidden, spec.outputs))
    const layers = spec.parts.map((_, l) => ({
      biases: take(row),
      gains: take(spec.normalise === true ? row : 0),
      inputWeights: take(matrixBytes(this.depth(l), order.input.length * hidden)),
      recurrentWeights: take(matrixBytes(hidden, order.recurrent.length * hidden)),
      readoutWeights: ofSymbols ? 0 : takeReadout(),
      table: 0,
    }))
    const denseEnd = top
    const rowOfTable = 4 * hidden * order.input.length
    if (ofSymbols) for (const layer of layers) layer.table = take(spec.outputs * rowOfTable)
    const learntEnd = top
    if (ofSymbols) for (const layer of layers) layer.readoutWeights = takeReadout()
    const readoutBiases = take(ROW_BYTES * this.outputPanels)
    const readoutInput = take(matrixBytes(spec.inputs, spec.outputs))
    const ends = ofSymbols ? { denseEnd, learntEnd } : { denseEnd: top, learntEnd: top }
    return { layers, readoutBiases, readoutInput, ...ends, end: top }
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
    return this.blocks.layers.map((own, l) => {
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
    const { readoutBiases, readoutInput, denseEnd, learntEnd } = this.blocks
    const moments = arena.allocate(learntEnd - this.block)
    const gradient = arena.allocate(learntEnd - this.block)
    const { ofSymbols } = spec
    const ofThem = (bytes: number) => arena.allocate(ofSymbols ? bytes : 0)
    const lossWidth = ofSymbols ? 1 : spec.outputs
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
      parameterBytes: denseEnd - this.block,
      momentsShift: moments - this.block,
      gradientShift: gradient - this.block,
      readoutBiases,
      readoutInput,
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
      targets: arena.allocate(4 * rows * lossWidth),
      outputDeltas: arena.allocate(rows * outputStride),
      mask: arena.allocate(rows * lossWidth),
      zeros: arena.allocate(widest),
      waste: arena.allocate(widest),
      lags: arena.allocate(8 * limits.window),
      huberDelta: 0,
      normalise: spec.normalise === true ? 1 : 0,
      columns: ofSymbols ? spec.outputs : 0,
      liveSymbols: ofThem(4 * group * Math.max(1, limits.warmupMax)),
      windowSymbols: ofThem(4 * rows),
      touched: ofThem(spec.outputs),
      outputMoments: ofThem(outputStride),
    }
  }

  /** See `WasmLayout`. */
  places(): Int32Array {
    const { spec, blocks } = this
    const { readoutWeightsAt, readoutBiasesAt } = spec
    const places = new Int32Array(spec.count)
    const put = (parameter: number, address: number) => {
      places[parameter] = (address - this.block) / 4
    }
    for (let l = 0; l < spec.layers; l++) this.placeLayer(l, put)
    if (spec.tablesAt !== undefined) this.placeTables(spec.tablesAt, put)
    const size = (readoutBiasesAt - readoutWeightsAt) / spec.outputs
    for (let o = 0; o < spec.outputs; o++) {
      const row = readoutWeightsAt + o * size
      blocks.layers.forEach(({ readoutWeights }, l) => {
        for (let i = 0; i < spec.hidden; i++) {
          put(row + l * spec.hidden + i, panelPlace(readoutWeights, this.hidden, i, o))
        }
      })
      const x = row + spec.layers * spec.hidden
      for (let j = 0; j < spec.inputs; j++) {
        put(x + j, panelPlace(blocks.readoutInput, spec.inputs, j, o))
      }
      put(readoutBiasesAt + o, blocks.readoutBiases + 4 * o)
    }
    return places
  }

  /** The rows of the tables, their gates in the order of the kernel's rows. */
  private placeTables(tablesAt: number, put: (parameter: number, address: number) => void): void {
    const { order, hidden, spec, blocks } = this
    let parameter = tablesAt
    for (const { table } of blocks.layers) {
      for (let o = 0; o < spec.outputs; o++) {
        for (const gate of order.input) {
          const at = table + 4 * hidden * (o * order.input.length + gate)
          for (let i = 0; i < spec.hidden; i++) put(parameter++, at + 4 * i)
        }
      }
    }
  }

  private placeLayer(l: number, put: (parameter: number, address: number) => void): void {
    const { order, hidden, spec } = this
    const { inputs, weightsAt, biasesAt, gainsAt } = spec.parts[l]!
    const own = this.blocks.layers[l]!
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
