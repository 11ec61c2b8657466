import { openKernel } from '../../../src/kernels/index.ts'
import type { Kernel, KernelLimits, NetworkKernel, Runs } from '../../../src/kernels/kernel.ts'
import type { Random } from '../../../src/random.ts'
import {
  type Cell,
  Network,
  type NetworkOptions,
  type NetworkSpec,
  referenceKernel,
  stateSize,
  WindowBatch,
} from '../../../src/rnn/index.ts'
import { type Dual, PlainNetwork } from './plain-network.ts'

export const CELLS: readonly Cell[] = ['rnn', 'gru', 'lstm']
export const HUBER_DELTA = 0.8

/** A kernel and how near it comes to the truth: `relativeError` where nothing else is said. */
export interface KernelCase {
  readonly name: string
  readonly open: () => Kernel
  /** One live step: outputs and, beyond their rounding to single precision, carried states. */
  readonly step: { readonly outputs: number; readonly states: number }
  /** Losses and gradient of some windows. */
  readonly gradient: number
  /** The same through thirty steps. */
  readonly longGradient: number
  /** The same with starting states that were rounded to single precision. */
  readonly roundedStart: number
  /** ‖∂L_t/∂H_{t−k}‖₂, each on its own. */
  readonly byLag: number
  /**
   * Central differences over a step that is large against the kernel's rounding, which a step may
   * only be where the loss has no kink: hence the Huber loss's turn.
   */
  readonly differences: {
    readonly step: number
    readonly huberDelta: number
    readonly error: number
  }
}

/**
 * Single precision has an ε of 6e−8, and sums of some dozen terms through eight steps lose one
 * more decimal; differences lose what the step is smaller than the parameters.
 */
export const KERNELS: readonly KernelCase[] = [
  {
    name: 'reference',
    open: () => openKernel('reference'),
    step: { outputs: 1e-13, states: 0 },
    gradient: 1e-12,
    longGradient: 1e-11,
    roundedStart: 1e-6,
    byLag: 5e-6,
    differences: { step: 1e-4, huberDelta: HUBER_DELTA, error: 1e-6 },
  },
  {
    name: 'wasm',
    open: () => openKernel('wasm'),
    step: { outputs: 1e-5, states: 1e-6 },
    gradient: 5e-6,
    longGradient: 1e-5,
    roundedStart: 5e-6,
    byLag: 2e-5,
    differences: { step: 2 ** -6, huberDelta: 1e3, error: 1e-4 },
  },
]

/** A network with random parameters of this size, taken up. */
export function openRandom(
  kernel: Kernel,
  spec: NetworkSpec,
  limits: KernelLimits,
  random: Random,
  size = 0.5,
): NetworkKernel {
  const network = kernel.openNetwork(spec, limits)
  randomise(network.parameters, random, size)
  network.upload()
  return network
}

/** What a network is made of, apart from its widths. */
export type Build = Required<Pick<NetworkSpec, 'cell' | 'layers' | 'normalise'>>

/** Every cell at one and two layers, without and with normalised gates. */
export const BUILDS: readonly Build[] = [false, true].flatMap((normalise) =>
  CELLS.flatMap((cell) => [1, 2].map((layers) => ({ cell, layers, normalise }))),
)

/** Every build, and three layers; odd widths, so that no loop divides by four. */
export const SPECS: readonly NetworkSpec[] = [
  ...BUILDS,
  ...CELLS.map((cell) => ({ cell, layers: 3 })),
].map((build) => ({ ...build, inputs: 3, hidden: 5, outputs: 2 }))

/** A name for a test. */
export function describeBuild({ cell, layers, normalise }: Partial<Build>): string {
  return `${normalise ? 'normalised ' : ''}${cell} of ${layers}`
}

/** Fills an array with normal numbers, rounded to its precision. */
export function randomise<A extends Float32Array | Float64Array>(
  a: A,
  random: Random,
  scale = 1,
): A {
  for (let i = 0; i < a.length; i++) a[i] = scale * random.normal()
  return a
}

export function openNetwork(
  spec: NetworkSpec,
  options: Partial<NetworkOptions> = {},
  kernel: Kernel = referenceKernel,
): Network {
  const defaults: NetworkOptions = {
    learningRate: 1e-3,
    beta2: 0.999,
    epsilon: 1e-5,
    clipNorm: 1,
    huberDelta: HUBER_DELTA,
    window: 8,
    runsMax: 16,
    warmupMax: 8,
    seed: 1,
  }
  return new Network(spec, { ...defaults, ...options }, kernel)
}

/** Random runs of [warm-up, steps]; each loss stands with probability `density`. */
export function randomBatch(
  spec: NetworkSpec,
  runs: readonly (readonly [warmup: number, steps: number])[],
  random: Random,
  density = 0.4,
): WindowBatch {
  const stepsMax = Math.max(...runs.map(([, steps]) => steps)) + 1
  const { inputs, outputs } = spec
  const batch = new WindowBatch({ runsMax: runs.length, stepsMax, inputs, outputs })
  randomise(batch.inputs, random)
  randomise(batch.targets, random)
  for (const [warmup, steps] of runs) {
    const run = batch.add(warmup, steps)
    for (let step = warmup; step < steps; step++) {
      for (let o = 0; o < outputs; o++) {
        batch.mask[batch.targetsAt(run, step) + o] = random.uniform() < density ? 1 : 0
      }
    }
    // One loss at least, and the last steps without any: targets that have not arrived.
    batch.mask[batch.targetsAt(run, Math.max(warmup, steps - 2))] = 1
    if (steps - warmup > 1)
      batch.mask.fill(0, batch.targetsAt(run, steps - 1), batch.targetsAt(run, steps))
  }
  return batch
}

export function randomStates(spec: NetworkSpec, runs: number, random: Random): Float32Array {
  return randomise(new Float32Array(runs * stateSize(spec)), random, 0.5)
}

export function inputOf(spec: NetworkSpec, runs: Runs, run: number, step: number): Float32Array {
  const at = (run * runs.stepsMax + step) * spec.inputs
  return runs.inputs.subarray(at, at + spec.inputs)
}

/** Masked losses of a run's step, as duals. */
export function lossesOf(runs: Runs, run: number, step: number, outputs: readonly Dual[]): Dual[] {
  return outputs.flatMap((y, o) => {
    const at = (run * runs.stepsMax + step) * outputs.length + o
    return runs.mask[at] === 0 ? [] : [y.huber(runs.targets[at]!, HUBER_DELTA)]
  })
}

/** The values of a state with their derivatives cut off. */
export function valuesOf(state: readonly Dual[]): number[] {
  return state.map(({ value }) => value)
}

/** State after a run's warm-up, in double precision. */
export function warmedUp(
  network: PlainNetwork,
  runs: Runs,
  run: number,
  start: ArrayLike<number>,
): number[] {
  const state = network.startState(start)
  for (let s = 0; s < runs.warmup[run]!; s++)
    network.step(state, inputOf(network.spec, runs, run, s))
  return valuesOf(state)
}

/** All masked losses of a run's window, begun from a state that is held fixed. */
export function windowLosses(
  network: PlainNetwork,
  runs: Runs,
  run: number,
  fixed: ArrayLike<number>,
): Dual[] {
  const state = network.startState(fixed)
  const losses: Dual[] = []
  for (let s = runs.warmup[run]!; s < runs.steps[run]!; s++) {
    losses.push(...lossesOf(runs, run, s, network.step(state, inputOf(network.spec, runs, run, s))))
  }
  return losses
}

/** Sum of the duals' derivatives. */
export function slopeSum(duals: readonly Dual[], parameters: number): Float64Array {
  const sum = new Float64Array(parameters)
  for (const { slope } of duals) for (let i = 0; i < parameters; i++) sum[i] = sum[i]! + slope[i]!
  return sum
}

/** max |a − b| / max |b|, the error of a whole gradient against the truth b. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let error = 0
  let size = 0
  for (let i = 0; i < b.length; i++) {
    error = Math.max(error, Math.abs(a[i]! - b[i]!))
    size = Math.max(size, Math.abs(b[i]!))
  }
  return a.length === b.length ? error / size : Infinity
}

export { PlainNetwork }
