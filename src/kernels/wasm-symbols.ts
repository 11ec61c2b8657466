import type { Arena } from './arena.ts'
import type { AdamStep } from './kernel.ts'
import type { KernelExports, KernelModule } from './module.ts'
import { type SymbolSpec, stateSize, symbolLayout } from './network-spec.ts'
import { PANEL, panelsOf } from './panels.ts'
import type { OutputStep, SymbolLimits, SymbolNetworkKernel, SymbolRuns } from './symbol-kernel.ts'
import { NETWORK_FIELDS } from './wasm-fields.ts'
import { layOutSymbols, type WasmLayout } from './wasm-layout.ts'
import { LiveStates } from './wasm-states.ts'

const COLUMNS = NETWORK_FIELDS.indexOf('columns')
const OUTPUT_PANELS = NETWORK_FIELDS.indexOf('outputPanels')

/** A network of symbols in the arena of a module. */
export class WasmSymbolNetwork implements SymbolNetworkKernel {
  readonly parameters: Float32Array
  readonly secondMoments: Float32Array
  readonly outputMoments: Float32Array
  private readonly columns: number
  private readonly layout: WasmLayout
  private readonly arena: Arena
  private readonly exports: KernelExports
  private readonly stateSize: number
  private readonly live: LiveStates
  /** Bytes of one symbol's row of a table. */
  private readonly rowBytes: number
  /** Whether the transposed weights are those of an earlier update, or of an earlier symbol. */
  private stale = true
  private outputStale = true

  constructor(module: KernelModule, spec: SymbolSpec, limits: SymbolLimits) {
    this.columns = spec.columns
    this.arena = module.arena
    this.exports = module.exports
    this.layout = layOutSymbols(module.arena, spec, limits)
    this.stateSize = stateSize(spec)
    this.live = new LiveStates(module.arena, spec, this.layout)
    this.rowBytes = 4 * PANEL * this.layout.network.inputPanels
    this.parameters = new Float32Array(this.layout.places.length)
    this.secondMoments = new Float32Array(symbolLayout(spec).outputWeightsAt)
    this.outputMoments = new Float32Array(spec.columns)
  }

  get used(): number {
    return this.arena.int32[this.layout.at / 4 + COLUMNS]!
  }

  set used(columns: number) {
    this.arena.int32[this.layout.at / 4 + COLUMNS] = columns
    this.arena.int32[this.layout.at / 4 + OUTPUT_PANELS] = panelsOf(columns)
    this.outputStale = true
  }

  download(): void {
    const { parameters, momentsShift, outputMoments } = this.layout.network
    this.gather(this.parameters, parameters)
    this.gather(this.secondMoments, parameters + momentsShift)
    const { float32 } = this.arena
    for (let o = 0; o < this.columns; o++) this.outputMoments[o] = float32[outputMoments / 4 + o]!
  }

  upload(): void {
    const { places, network } = this.layout
    const { float32 } = this.arena
    const at = network.parameters / 4
    const moments = at + network.momentsShift / 4
    for (let i = 0; i < places.length; i++) float32[at + places[i]!] = this.parameters[i]!
    for (let i = 0; i < this.secondMoments.length; i++) {
      float32[moments + places[i]!] = this.secondMoments[i]!
    }
    float32.set(this.outputMoments, network.outputMoments / 4)
    this.stale = true
    this.outputStale = true
  }

  get gradient(): Float64Array {
    const { parameters, gradientShift } = this.layout.network
    const gradient = new Float64Array(this.secondMoments.length)
    this.gather(gradient, parameters + gradientShift)
    return gradient
  }

  private gather(to: Float32Array | Float64Array, address: number): void {
    const { places } = this.layout
    const { float32 } = this.arena
    for (let i = 0; i < to.length; i++) to[i] = float32[address / 4 + places[i]!]!
  }

  get losses(): number {
    return this.arena.float64[this.layout.lossesAt / 8]!
  }

  get lossSum(): number {
    return this.arena.float64[this.layout.lossesAt / 8 + 1]!
  }

  distribution(states: Float32Array, at: number, out: Float64Array): void {
    this.live.load(0, states, at)
    this.exports.symbolDistribution(this.layout.at)
    const { float32 } = this.arena
    const from = this.layout.network.liveOutputs / 4
    const { used } = this
    for (let o = 0; o < used; o++) out[o] = float32[from + o]!
  }

  learnOutput(
    states: Float32Array,
    at: number,
    distribution: Float64Array,
    symbol: number,
    { rate, gain, correction, epsilon }: OutputStep,
  ): void {
    this.live.load(0, states, at)
    const { float32 } = this.arena
    const to = this.layout.network.liveOutputs / 4
    const { used } = this
    for (let o = 0; o < used; o++) float32[to + o] = distribution[o]!
    float32[to + symbol] = distribution[symbol]! - 1
    for (let o = used; o % PANEL !== 0; o++) float32[to + o] = 0
    this.exports.symbolLearn(this.layout.at, rate, gain, correction, epsilon)
    this.outputStale = true
  }

  advance(states: Float32Array, at: number, symbol: number): void {
    this.live.load(0, states, at)
    this.arena.int32[this.layout.network.liveSymbols / 4] = symbol
    this.exports.symbolStep(this.layout.at)
    this.live.store(0, states, at)
  }

  accumulate(runs: SymbolRuns, states: Float32Array): void {
    this.refresh()
    const { group } = this.layout.network
    let row = 0
    let filled = 0
    for (let run = 0; run < runs.runs; run++) {
      const steps = learntSteps(runs, run)
      if (steps === 0) continue
      this.loadRun(runs, run, steps, filled++, row, states)
      row += steps
      if (filled < group) continue
      this.exports.symbolAccumulate(this.layout.at, filled)
      row = 0
      filled = 0
    }
    if (filled > 0) this.exports.symbolAccumulate(this.layout.at, filled)
  }

  private refresh(): void {
    if (this.stale) this.exports.transposeWeights(this.layout.at)
    if (this.outputStale) this.exports.transposeReadOut(this.layout.at)
    this.stale = false
    this.outputStale = false
  }

  /** Puts one run at `place` of the group, the `steps` rows of its window from `row` on. */
  private loadRun(
    runs: SymbolRuns,
    run: number,
    steps: number,
    place: number,
    row: number,
    states: Float32Array,
  ): void {
    const { network } = this.layout
    const { int32, uint8 } = this.arena
    const warmup = runs.warmup[run]!
    const first = run * (runs.stepsMax + 1)
    int32[network.warmup / 4 + place] = warmup
    int32[network.steps / 4 + place] = steps
    this.live.load(place, states, run * this.stateSize)
    const warm = network.liveSymbols / 4 + place * Math.max(1, network.warmupMax)
    for (let i = 0; i < warmup; i++) int32[warm + i] = runs.symbols[first + i]!
    const x = network.windowSymbols / 4 + row
    const targets = network.targets / 4 + row
    const from = first + warmup
    const losses = run * runs.stepsMax + warmup
    for (let i = 0; i < steps; i++) {
      int32[x + i] = runs.symbols[from + i]!
      int32[targets + i] = runs.symbols[from + i + 1]!
      uint8[network.mask + row + i] = runs.mask[losses + i]!
    }
  }

  gradientNorm(): number {
    const { parameters, gradientShift, parameterBytes } = this.layout.network
    const { exports, rowBytes } = this
    const dense = exports.gradientNorm(parameters + gradientShift, parameterBytes)
    let sum = dense * dense
    for (const { table } of this.layout.layers) {
      for (let o = 0; o < this.columns; o++) {
        if (!this.isTouched(o)) continue
        const norm = exports.gradientNorm(table + o * rowBytes + gradientShift, rowBytes)
        sum += norm * norm
      }
    }
    return Math.sqrt(sum)
  }

  private isTouched(column: number): boolean {
    return this.arena.uint8[this.layout.network.touched + column] === 1
  }

  adam(step: AdamStep): void {
    const { parameters, parameterBytes, touched } = this.layout.network
    this.pass(parameters, parameterBytes, step)
    for (const { table } of this.layout.layers) {
      for (let o = 0; o < this.columns; o++) {
        if (!this.isTouched(o)) continue
        this.pass(table + o * this.rowBytes, this.rowBytes, step)
      }
    }
    this.arena.uint8.fill(0, touched, touched + this.columns)
    this.stale = true
    this.setLosses(0, 0)
  }

  private pass(at: number, bytes: number, step: AdamStep): void {
    const { momentsShift, gradientShift } = this.layout.network
    const { scale, learningRate, beta2, correction, epsilon, decay } = step
    this.exports.adam(
      at,
      bytes,
      momentsShift,
      gradientShift,
      scale,
      learningRate,
      beta2,
      correction,
      epsilon,
      decay,
    )
  }

  clearGradient(): void {
    const { parameters, gradientShift, parameterBytes, touched } = this.layout.network
    const { float32 } = this.arena
    const at = (parameters + gradientShift) / 4
    float32.fill(0, at, at + parameterBytes / 4)
    for (const { table } of this.layout.layers) {
      const from = (table + gradientShift) / 4
      float32.fill(0, from, from + (this.columns * this.rowBytes) / 4)
    }
    this.arena.uint8.fill(0, touched, touched + this.columns)
    this.setLosses(0, 0)
  }

  private setLosses(losses: number, lossSum: number): void {
    this.arena.float64[this.layout.lossesAt / 8] = losses
    this.arena.float64[this.layout.lossesAt / 8 + 1] = lossSum
  }
}

/** Steps of a run's window up to its last loss: what comes behind has nothing to teach. */
function learntSteps(runs: SymbolRuns, run: number): number {
  const first = run * runs.stepsMax + runs.warmup[run]!
  let steps = runs.steps[run]! - runs.warmup[run]!
  while (steps > 0 && runs.mask[first + steps - 1] === 0) steps--
  return steps
}
