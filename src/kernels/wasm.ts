import { assert } from '../assert.ts'
import type { Arena } from './arena.ts'
import {
  type AdamStep,
  HOST_ROWS_MAX,
  HOST_RUNS_MAX,
  type Kernel,
  type KernelLimits,
  type LiveRows,
  type NetworkKernel,
  type Runs,
} from './kernel.ts'
import { instantiate, type KernelExports, type KernelModule } from './module.ts'
import { type NetworkSpec, stateSize } from './network-spec.ts'
import { LAYER_BYTES, NETWORK_BYTES } from './wasm-fields.ts'
import { layOut, type WasmLayout } from './wasm-layout.ts'
import { WasmLeastSquares } from './wasm-least-squares.ts'
import { LiveStates } from './wasm-states.ts'
import { WasmSymbolNetwork } from './wasm-symbols.ts'

/**
 * Single precision with SIMD in WebAssembly, without its relaxed part: the same bits on every
 * processor. All that one kernel opens lies in one arena.
 */
export function openWasmKernel(): Kernel {
  const module = instantiate()
  assert(
    module.exports.networkBytes() === NETWORK_BYTES && module.exports.layerBytes() === LAYER_BYTES,
    'kernel.wasm and its layout belong to the same version',
  )
  return {
    name: 'wasm',
    device: 'host',
    rowsMax: HOST_ROWS_MAX,
    get arenaBytes() {
      return module.arena.bytes
    },
    openNetwork: (spec, limits) => new WasmNetwork(module, spec, limits),
    openSymbolNetwork: (spec, limits) => new WasmSymbolNetwork(module, spec, limits),
    openLeastSquares: (options) => new WasmLeastSquares(module, options),
    runsMax: () => HOST_RUNS_MAX,
    openResident: () => null,
    close: () => {},
  }
}

class WasmNetwork implements NetworkKernel {
  readonly parameters: Float32Array
  readonly secondMoments: Float32Array
  private readonly spec: NetworkSpec
  private readonly layout: WasmLayout
  private readonly arena: Arena
  private readonly exports: KernelExports
  private readonly stateSize: number
  private readonly live: LiveStates
  /** Whether the transposed weights are those of an earlier update. */
  private stale = true

  constructor(module: KernelModule, spec: NetworkSpec, limits: KernelLimits) {
    this.spec = spec
    this.arena = module.arena
    this.exports = module.exports
    this.layout = layOut(module.arena, spec, limits)
    this.stateSize = stateSize(spec)
    this.live = new LiveStates(module.arena, spec, this.layout)
    this.parameters = new Float32Array(this.layout.places.length)
    this.secondMoments = new Float32Array(this.layout.places.length)
  }

  download(): void {
    const { parameters, momentsShift } = this.layout.network
    this.gather(this.parameters, parameters)
    this.gather(this.secondMoments, parameters + momentsShift)
  }

  upload(): void {
    const { places, network } = this.layout
    const { float32 } = this.arena
    const at = network.parameters / 4
    const moments = at + network.momentsShift / 4
    for (let i = 0; i < places.length; i++) {
      float32[at + places[i]!] = this.parameters[i]!
      float32[moments + places[i]!] = this.secondMoments[i]!
    }
    this.stale = true
  }

  get gradient(): Float64Array {
    const { parameters, gradientShift } = this.layout.network
    const gradient = new Float64Array(this.layout.places.length)
    this.gather(gradient, parameters + gradientShift)
    return gradient
  }

  private gather(to: Float32Array | Float64Array, address: number): void {
    const { places } = this.layout
    const { float32 } = this.arena
    for (let i = 0; i < places.length; i++) to[i] = float32[address / 4 + places[i]!]!
  }

  get losses(): number {
    return this.arena.float64[this.layout.lossesAt / 8]!
  }

  get lossSum(): number {
    return this.arena.float64[this.layout.lossesAt / 8 + 1]!
  }

  forward(
    rows: number,
    inputs: Float32Array,
    inputsAt: number,
    states: Float32Array,
    statesAt: number,
    outputs: Float64Array,
    outputsAt: number,
  ): void {
    const { inputs: width, outputs: size } = this.spec
    const { group } = this.layout.network
    for (let done = 0; done < rows; done += group) {
      const count = Math.min(rows - done, group)
      this.loadInputs(count, inputs, inputsAt + done * width)
      const from = statesAt + done * this.stateSize
      for (let row = 0; row < count; row++) {
        this.live.load(row, states, from + row * this.stateSize)
      }
      this.exports.step(this.layout.at, count)
      for (let row = 0; row < count; row++) {
        this.live.store(row, states, from + row * this.stateSize)
      }
      this.readOutputs(count, outputs, outputsAt + done * size)
    }
  }

  forwardRows(
    rows: number,
    { inputs, states, statesAt }: LiveRows,
    shift: number,
    outputs: Float64Array,
    fresh: Float64Array | null,
  ): void {
    const { inputs: width, outputs: size } = this.spec
    const { group } = this.layout.network
    for (let done = 0; done < rows; done += group) {
      const count = Math.min(rows - done, group)
      this.loadInputs(count, inputs, done * width)
      for (let row = 0; row < count; row++) {
        this.live.load(row, states[done + row]!, statesAt[done + row]! + shift)
      }
      this.exports.step(this.layout.at, count)
      for (let row = 0; row < count; row++) {
        this.live.store(row, states[done + row]!, statesAt[done + row]! + shift)
      }
      this.readOutputs(count, outputs, done * size)
      if (fresh === null) continue
      for (let row = 0; row < count; row++) this.live.clear(row)
      this.exports.step(this.layout.at, count)
      this.readOutputs(count, fresh, done * size)
    }
  }

  private loadInputs(rows: number, inputs: Float32Array, from: number): void {
    const memory = this.arena.float32
    const to = this.layout.network.liveInputs / 4
    const count = rows * this.spec.inputs
    for (let i = 0; i < count; i++) memory[to + i] = inputs[from + i]!
  }

  private readOutputs(rows: number, outputs: Float64Array, to: number): void {
    const { liveOutputs, outputStride } = this.layout.network
    const memory = this.arena.float32
    const { outputs: size } = this.spec
    for (let row = 0; row < rows; row++) {
      const from = (liveOutputs + row * outputStride) / 4
      for (let o = 0; o < size; o++) outputs[to + row * size + o] = memory[from + o]!
    }
  }

  accumulate(runs: Runs, states: Float32Array): void {
    this.refresh()
    const { group } = this.layout.network
    let row = 0
    let filled = 0
    for (let run = 0; run < runs.runs; run++) {
      const steps = this.learntSteps(runs, run)
      if (steps === 0) continue
      this.loadRun(runs, run, steps, filled++, row, states)
      row += steps
      if (filled < group) continue
      this.exports.accumulate(this.layout.at, filled)
      row = 0
      filled = 0
    }
    if (filled > 0) this.exports.accumulate(this.layout.at, filled)
  }

  private refresh(): void {
    if (this.stale) this.exports.transposeWeights(this.layout.at)
    this.stale = false
  }

  /** Steps of a run's window up to its last loss: what comes behind has nothing to teach. */
  private learntSteps(runs: Runs, run: number): number {
    const { outputs } = this.spec
    const first = (run * runs.stepsMax + runs.warmup[run]!) * outputs
    let last = (runs.steps[run]! - runs.warmup[run]!) * outputs - 1
    while (last >= 0 && runs.mask[first + last] === 0) last--
    return last < 0 ? 0 : Math.floor(last / outputs) + 1
  }

  /** Puts one run at `place` of the group, the `steps` rows of its window from `row` on. */
  private loadRun(
    runs: Runs,
    run: number,
    steps: number,
    place: number,
    row: number,
    states: Float32Array,
  ): void {
    const { inputs, outputs } = this.spec
    const { network } = this.layout
    const { float32, int32, uint8 } = this.arena
    const warmup = runs.warmup[run]!
    const first = run * runs.stepsMax
    int32[network.warmup / 4 + place] = warmup
    int32[network.steps / 4 + place] = steps
    this.live.load(place, states, run * this.stateSize)
    const warm = network.liveInputs / 4 + place * network.warmupMax * inputs
    for (let i = 0; i < warmup * inputs; i++) float32[warm + i] = runs.inputs[first * inputs + i]!
    const x = network.windowInputs / 4 + row * inputs
    const from = (first + warmup) * inputs
    for (let i = 0; i < steps * inputs; i++) float32[x + i] = runs.inputs[from + i]!
    const losses = (first + warmup) * outputs
    const targets = network.targets / 4 + row * outputs
    const mask = network.mask + row * outputs
    for (let i = 0; i < steps * outputs; i++) {
      float32[targets + i] = runs.targets[losses + i]!
      uint8[mask + i] = runs.mask[losses + i]!
    }
  }

  gradientNorm(): number {
    const { parameters, gradientShift, parameterBytes } = this.layout.network
    return this.exports.gradientNorm(parameters + gradientShift, parameterBytes)
  }

  adam({ scale, learningRate, beta2, correction, epsilon, decay }: AdamStep): void {
    const { parameters, parameterBytes, momentsShift, gradientShift } = this.layout.network
    this.exports.adam(
      parameters,
      parameterBytes,
      momentsShift,
      gradientShift,
      scale,
      learningRate,
      beta2,
      correction,
      epsilon,
      decay,
    )
    this.stale = true
    this.setLosses(0, 0)
  }

  clearGradient(): void {
    const { parameters, parameterBytes, gradientShift } = this.layout.network
    const at = (parameters + gradientShift) / 4
    this.arena.float32.fill(0, at, at + parameterBytes / 4)
    this.setLosses(0, 0)
  }

  private setLosses(losses: number, lossSum: number): void {
    this.arena.float64[this.layout.lossesAt / 8] = losses
    this.arena.float64[this.layout.lossesAt / 8 + 1] = lossSum
  }

  gradientNormByLag(runs: Runs, run: number, states: Float32Array, out: Float64Array): void {
    out.fill(0)
    const { outputs } = this.spec
    const { network, at } = this.layout
    const steps = runs.steps[run]! - runs.warmup[run]!
    if (steps === 0 || this.learntSteps(runs, run) < steps) return
    this.refresh()
    this.loadRun(runs, run, steps, 0, 0, states)
    this.arena.uint8.fill(0, network.mask, network.mask + (steps - 1) * outputs)
    // This looks only: the sums of the update being built are put back as they were.
    const { losses, lossSum } = this
    const from = (network.parameters + network.gradientShift) / 4
    const gradient = this.arena.float32.slice(from, from + network.parameterBytes / 4)
    this.exports.lagNorms(at)
    this.arena.float32.set(gradient, from)
    this.setLosses(losses, lossSum)
    for (let k = 0; k < steps; k++) out[k] = Math.sqrt(this.arena.float64[network.lags / 8 + k]!)
  }
}
