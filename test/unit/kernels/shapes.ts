import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { KernelLimits, NetworkKernel, Runs } from '../../../src/kernels/kernel.ts'
import { Random } from '../../../src/random.ts'
import { type NetworkSpec, WindowBatch } from '../../../src/rnn/index.ts'
import { initialise } from '../../../src/rnn/initialise.ts'
import { CELLS, randomise } from './fixtures.ts'

/** One step of the optimiser, large enough to be seen. */
export const ADAM = {
  scale: 0.1,
  learningRate: 0.01,
  beta2: 0.99,
  correction: 0.5,
  epsilon: 1e-5,
  decay: 0,
}

/** Which losses of a run's window stand; `early` leaves its second half without any. */
const MASKS = ['all', 'some', 'none', 'early', 'last'] as const

interface RunShape {
  readonly warmup: number
  /** Steps through which the gradient flows. */
  readonly window: number
  readonly mask: (typeof MASKS)[number]
}

/** A network and what it is given. */
export interface Shape {
  readonly spec: NetworkSpec
  readonly limits: KernelLimits
  readonly runs: readonly RunShape[]
  /** Of a live step. */
  readonly rows: number
  readonly seed: number
}

const size = (max: number) => fc.integer({ min: 1, max })

/** Any shape, widths that are no multiples of four and empty windows included. */
export const anyShape: fc.Arbitrary<Shape> = fc
  .record({
    spec: fc.record({
      cell: fc.constantFrom(...CELLS),
      normalise: fc.boolean(),
      layers: size(3),
      inputs: size(24),
      hidden: size(41),
      outputs: fc.oneof(size(9), size(70)),
    }),
    window: size(20),
    warmupMax: fc.integer({ min: 0, max: 9 }),
    runs: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom(...MASKS)), {
      minLength: 1,
      maxLength: 40,
      size: 'max',
    }),
    rows: size(20),
    seed: fc.nat(),
  })
  .map(({ spec, window, warmupMax, runs, rows, seed }) => ({
    // Normalised, a layer of one or two is all but constant, and its gradient all but rounding.
    spec: { ...spec, hidden: spec.normalise ? spec.hidden + 3 : spec.hidden },
    limits: { window, warmupMax, runsMax: runs.length, huberDelta: 0.7 },
    runs: runs.map(([a, b, mask]) => ({
      warmup: a % (warmupMax + 1),
      // One in seventeen has nothing but a warm-up.
      window: b % 17 === 0 ? 0 : 1 + (b % window),
      mask,
    })),
    rows,
    seed,
  }))

/** A shape that was thought of: `runs` windows of up to `window` steps, some after a warm-up. */
export function shapeOf(
  spec: NetworkSpec,
  { runs, window = 6, rows = 7 }: { runs: number; window?: number; rows?: number },
): Shape {
  return {
    spec,
    limits: { window, warmupMax: 3, runsMax: runs, huberDelta: 0.7 },
    runs: Array.from({ length: runs }, (_, r) => ({
      warmup: r % 4,
      window: 1 + ((r + window - 1) % window),
      mask: 'some',
    })),
    rows,
    seed: 11,
  }
}

/** The runs of a shape with random numbers in them. */
export function batchOf({ spec, runs }: Shape, random: Random): WindowBatch {
  const { inputs, outputs } = spec
  const stepsMax = Math.max(...runs.map(({ warmup, window }) => warmup + window)) + 1
  const batch = new WindowBatch({ runsMax: runs.length, stepsMax, inputs, outputs })
  randomise(batch.inputs, random)
  randomise(batch.targets, random)
  for (const { warmup, window, mask } of runs) {
    const run = batch.add(warmup, warmup + window)
    for (let t = 0; t < window; t++) {
      for (let o = 0; o < outputs; o++) {
        const drawn = random.uniform() < 0.4
        const stands =
          mask === 'all' ||
          (mask === 'some' && drawn) ||
          (mask === 'early' && drawn && t < window / 2) ||
          (mask === 'last' && t === window - 1)
        batch.mask[batch.targetsAt(run, warmup + t) + o] = stands ? 1 : 0
      }
    }
  }
  return batch
}

/** Runs `from` … `to` − 1 of a batch, without a copy. */
export function cut(batch: Runs, spec: NetworkSpec, from: number, to: number): Runs {
  const { stepsMax } = batch
  const part = <A extends Float32Array | Uint8Array>(array: A, width: number) =>
    array.subarray(from * stepsMax * width, to * stepsMax * width) as A
  return {
    runs: to - from,
    stepsMax,
    warmup: batch.warmup.subarray(from, to),
    steps: batch.steps.subarray(from, to),
    inputs: part(batch.inputs, spec.inputs),
    targets: part(batch.targets, spec.outputs),
    mask: part(batch.mask, spec.outputs),
  }
}

/**
 * Parameters as they are somewhere on the way: those of a start with noise on all of them, which
 * keeps the state of a wide network from running away.
 */
export function settle(spec: NetworkSpec, networks: readonly NetworkKernel[], seed: number): void {
  const [first, ...others] = networks
  if (first === undefined) return
  const random = new Random(seed)
  initialise(spec, first.parameters, random)
  const noise = Math.min(0.1, 0.5 / Math.sqrt(spec.hidden))
  first.parameters.forEach((p, i) => {
    first.parameters[i] = p + noise * random.normal()
    first.secondMoments[i] = 0.1 * random.uniform()
  })
  first.upload()
  for (const network of others) {
    network.parameters.set(first.parameters)
    network.secondMoments.set(first.secondMoments)
    network.upload()
  }
}

/** The bits of numbers as one text, for comparisons that tell −0 from 0. */
export function bitsOf(...arrays: readonly (Float32Array | Float64Array)[]): string {
  const hash = createHash('sha256')
  for (const { buffer, byteOffset, byteLength } of arrays) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  }
  return hash.digest('hex')
}
