import type {
  AdamStep,
  Kernel,
  LiveRows,
  NetworkKernel,
  Runs,
} from '../../../../src/kernels/kernel.ts'
import { type NetworkSpec, referenceKernel, stateSize } from '../../../../src/rnn/index.ts'

/** One live step of one network. */
export interface SeenStep {
  readonly inputs: Float32Array
  readonly stateBefore: Float32Array
}

/** One run of an update as the kernel got it. */
export interface SeenRun {
  readonly warmup: number
  readonly steps: number
  readonly state: Float32Array
  /** (steps, I) */
  readonly inputs: Float32Array
  /** (steps, O) */
  readonly targets: Float32Array
  readonly mask: Uint8Array
}

/** The reference kernel of one network, which tells what it was asked to do. */
export class SpyNetwork implements NetworkKernel {
  /** The newest live step. */
  seen: SeenStep | null = null
  /** The runs of the update being built. */
  runs: SeenRun[] = []
  /** Called as an update ends, with its runs. */
  onUpdate: (runs: readonly SeenRun[]) => void = () => {}
  readonly spec: NetworkSpec
  private readonly inner: NetworkKernel

  constructor(inner: NetworkKernel, spec: NetworkSpec) {
    this.inner = inner
    this.spec = spec
  }

  get parameters(): Float32Array {
    return this.inner.parameters
  }

  get secondMoments(): Float32Array {
    return this.inner.secondMoments
  }

  get gradient(): Float64Array {
    return this.inner.gradient
  }

  get lossSum(): number {
    return this.inner.lossSum
  }

  get losses(): number {
    return this.inner.losses
  }

  download(): void {
    this.inner.download()
  }

  upload(): void {
    this.inner.upload()
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
    this.seen = {
      inputs: inputs.slice(inputsAt, inputsAt + this.spec.inputs),
      stateBefore: states.slice(statesAt, statesAt + stateSize(this.spec)),
    }
    this.inner.forward(rows, inputs, inputsAt, states, statesAt, outputs, outputsAt)
  }

  forwardRows(
    rows: number,
    live: LiveRows,
    shift: number,
    outputs: Float64Array,
    fresh: Float64Array | null,
  ): void {
    const last = rows - 1
    const { inputs } = this.spec
    const from = live.statesAt[last]! + shift
    this.seen = {
      inputs: live.inputs.slice(last * inputs, (last + 1) * inputs),
      stateBefore: live.states[last]!.slice(from, from + stateSize(this.spec)),
    }
    this.inner.forwardRows(rows, live, shift, outputs, fresh)
  }

  accumulate(runs: Runs, states: Float32Array): void {
    const { inputs, outputs } = this.spec
    const size = stateSize(this.spec)
    for (let r = 0; r < runs.runs; r++) {
      const at = r * runs.stepsMax
      const steps = runs.steps[r]!
      this.runs.push({
        warmup: runs.warmup[r]!,
        steps,
        state: states.slice(r * size, (r + 1) * size),
        inputs: runs.inputs.slice(at * inputs, (at + steps) * inputs),
        targets: runs.targets.slice(at * outputs, (at + steps) * outputs),
        mask: runs.mask.slice(at * outputs, (at + steps) * outputs),
      })
    }
    this.inner.accumulate(runs, states)
  }

  gradientNorm(): number {
    return this.inner.gradientNorm()
  }

  adam(step: AdamStep): void {
    this.end()
    this.inner.adam(step)
  }

  clearGradient(): void {
    this.end()
    this.inner.clearGradient()
  }

  gradientNormByLag(runs: Runs, run: number, states: Float32Array, out: Float64Array): void {
    this.inner.gradientNormByLag(runs, run, states, out)
  }

  private end(): void {
    const { runs } = this
    this.runs = []
    this.onUpdate(runs)
  }
}

/** A kernel whose networks are spies, in the order in which they were opened. */
export function spyKernel(): { kernel: Kernel; networks: SpyNetwork[] } {
  const networks: SpyNetwork[] = []
  const kernel: Kernel = {
    ...referenceKernel,
    openNetwork(spec, limits) {
      const network = new SpyNetwork(referenceKernel.openNetwork(spec, limits), spec)
      networks.push(network)
      return network
    },
  }
  return { kernel, networks }
}
