import type { AdamStep, KernelLimits, LiveRows, NetworkKernel, Runs } from '../kernel.ts'
import { type NetworkSpec, stateSize } from '../network-spec.ts'
import type { Tensor, Tf } from './api.ts'
import { begunRows, inputsOf, lossesOf, planRuns, type TensorRuns } from './runs.ts'
import { TensorNetwork } from './tensor-network.ts'

/**
 * Rows go in powers of two from here on. So all that the library does element by element ends with
 * whole vectors, and a row has the same bits whoever goes beside it.
 */
const ROWS_MIN = 32

/** A network whose states and inputs are the caller's: they travel with every call. */
export class TensorflowNetwork implements NetworkKernel {
  readonly parameters: Float32Array
  readonly secondMoments: Float32Array
  losses = 0
  readonly onDevice: TensorNetwork
  private readonly tf: Tf
  private readonly spec: NetworkSpec
  private readonly stateSize: number
  /** Inputs and states of rows that go forward, as many as there ever were. */
  private inputs = new Float32Array(0)
  private states = new Float32Array(0)
  /** What the device says of all that was accumulated; null where it was not asked. */
  private sums: { loss: number; norm: number } | null = null

  constructor(tf: Tf, spec: NetworkSpec, { huberDelta }: KernelLimits) {
    this.tf = tf
    this.spec = spec
    this.stateSize = stateSize(spec)
    this.onDevice = new TensorNetwork(tf, spec, huberDelta)
    this.parameters = new Float32Array(this.onDevice.count)
    this.secondMoments = new Float32Array(this.onDevice.count)
  }

  download(): void {
    const { parameters, moments } = this.onDevice.read()
    this.parameters.set(parameters)
    this.secondMoments.set(moments)
  }

  upload(): void {
    this.onDevice.write(this.parameters, this.secondMoments)
  }

  get gradient(): Float64Array {
    return Float64Array.from(this.onDevice.readGradient())
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
    const { stateSize: size } = this
    const padded = this.makeRoom(rows)
    this.inputs.set(inputs.subarray(inputsAt, inputsAt + rows * this.spec.inputs))
    this.states.set(states.subarray(statesAt, statesAt + rows * size))
    const values = this.advance(padded, false)
    this.takeOutputs(values, 0, rows, outputs, outputsAt)
    const from = padded * this.spec.outputs
    for (let i = 0; i < rows * size; i++) states[statesAt + i] = values[from + i]!
  }

  forwardRows(
    rows: number,
    live: LiveRows,
    shift: number,
    outputs: Float64Array,
    fresh: Float64Array | null,
  ): void {
    const { stateSize: size, spec } = this
    const padded = this.makeRoom(rows)
    this.inputs.set(live.inputs.subarray(0, rows * spec.inputs))
    for (let row = 0; row < rows; row++) {
      const from = live.statesAt[row]! + shift
      const states = live.states[row] as Float32Array
      for (let i = 0; i < size; i++) this.states[row * size + i] = states[from + i]!
    }
    const values = this.advance(padded, fresh !== null)
    this.takeOutputs(values, 0, rows, outputs, 0)
    const after = padded * spec.outputs
    for (let row = 0; row < rows; row++) {
      const to = live.statesAt[row]! + shift
      const states = live.states[row] as Float32Array
      for (let i = 0; i < size; i++) states[to + i] = values[after + row * size + i]!
    }
    if (fresh !== null) this.takeOutputs(values, after + padded * size, rows, fresh, 0)
  }

  accumulate(runs: Runs, states: Float32Array): void {
    const { tf } = this
    tf.tidy(() => {
      const { tensors, starts, losses } = this.place(runs, states)
      if (losses === 0) return
      this.accumulateTensors(tensors, starts, losses)
    })
  }

  /** The same for runs that are on the device already, with as many losses. */
  accumulateTensors(runs: TensorRuns, states: Tensor, losses: number): void {
    this.onDevice.accumulate(runs, states)
    this.losses += losses
    this.sums = null
  }

  get lossSum(): number {
    return this.fetchSums().loss
  }

  gradientNorm(): number {
    return this.fetchSums().norm
  }

  adam(step: AdamStep): void {
    this.onDevice.adam(step)
    this.clearGradient()
  }

  clearGradient(): void {
    this.onDevice.clearGradient()
    this.losses = 0
    this.sums = null
  }

  gradientNormByLag(runs: Runs, run: number, states: Float32Array, out: Float64Array): void {
    const { tf, stateSize: size } = this
    out.fill(0)
    const steps = runs.steps[run]! - runs.warmup[run]!
    if (steps === 0) return
    const alone = oneOf(runs, run, this.spec)
    const norms = tf.tidy(() => {
      const start = states.subarray(run * size, (run + 1) * size)
      const { tensors, starts, losses } = this.place(alone, start, steps - 1)
      return losses === 0 ? null : this.onDevice.normsBack(tensors, starts)
    })
    if (norms === null) return
    for (let k = 0; k < steps; k++) out[k] = norms[k]!
  }

  dispose(): void {
    this.onDevice.dispose()
  }

  /** Room for rows that go forward; how many go in the end. */
  private makeRoom(rows: number): number {
    const padded = paddedRows(rows)
    if (this.inputs.length < padded * this.spec.inputs) {
      this.inputs = new Float32Array(padded * this.spec.inputs)
      this.states = new Float32Array(padded * this.stateSize)
    }
    return padded
  }

  /** Outputs (R, O), states (R, S) and, where asked for, fresh outputs (R, O) of the next step. */
  private advance(rows: number, withFresh: boolean): Float32Array {
    const { tf, spec, onDevice, stateSize: size } = this
    const all = tf.tidy(() => {
      const x = tf.tensor(this.inputs.subarray(0, rows * spec.inputs), [rows, spec.inputs])
      const before = tf.tensor(this.states.subarray(0, rows * size), [rows, size])
      const { outputs, states } = onDevice.step(x, before)
      const parts = [outputs, states]
      if (withFresh) parts.push(onDevice.step(x, tf.zeros([rows, size])).outputs)
      return tf.concat(
        parts.map((part) => tf.reshape(part, [-1])),
        0,
      )
    })
    const values = all.dataSync()
    all.dispose()
    return values
  }

  private takeOutputs(
    values: Float32Array,
    from: number,
    rows: number,
    to: Float64Array,
    at: number,
  ): void {
    for (let i = 0; i < rows * this.spec.outputs; i++) to[at + i] = values[from + i]!
  }

  /** Runs and their starts, from this process to the device; losses from step `from` on. */
  private place(runs: Runs, states: Float32Array, from = 0) {
    const { tf, spec, stateSize: size } = this
    const plan = planRuns(runs)
    const starts = new Float32Array(plan.rows * size)
    starts.set(states.subarray(0, runs.runs * size))
    const { targets, mask, losses } = lossesOf(tf, runs, plan, spec.outputs, from)
    const tensors: TensorRuns = {
      ...plan,
      inputs: inputsOf(tf, runs, plan, spec.inputs),
      begun: begunRows(tf, runs, plan),
      targets,
      mask,
    }
    return { tensors, starts: tf.tensor(starts, [plan.rows, size]), losses }
  }

  private fetchSums(): { loss: number; norm: number } {
    this.sums ??= this.onDevice.sums()
    return this.sums
  }
}

/** How many rows go forward where `rows` are asked for. */
export function paddedRows(rows: number): number {
  let padded = ROWS_MIN
  while (padded < rows) padded *= 2
  return padded
}

/** One run of several as the only one. */
function oneOf(runs: Runs, run: number, { inputs, outputs }: NetworkSpec): Runs {
  const at = run * runs.stepsMax
  const until = at + runs.stepsMax
  return {
    runs: 1,
    stepsMax: runs.stepsMax,
    warmup: runs.warmup.subarray(run, run + 1),
    steps: runs.steps.subarray(run, run + 1),
    inputs: runs.inputs.subarray(at * inputs, until * inputs),
    targets: runs.targets.subarray(at * outputs, until * outputs),
    mask: runs.mask.subarray(at * outputs, until * outputs),
  }
}
