import { expect } from 'vitest'
import type { Kernel, NetworkKernel } from '../../../src/kernels/kernel.ts'
import { Random } from '../../../src/random.ts'
import { type NetworkSpec, referenceKernel } from '../../../src/rnn/index.ts'
import { randomise, randomStates, relativeError } from './fixtures.ts'
import { batchOf, bitsOf, type Shape, settle, shapeOf } from './shapes.ts'

/** A kernel, and how far it may be from the truth; `normalisedError` with normalised gates. */
export interface Checked {
  /** Opens the kernel. */
  readonly open: () => Kernel
  readonly error: number
  readonly normalisedError: number
}

/** Everything that a kernel does, each on any shape, against the reference. */
export class AgainstReference {
  readonly checks: readonly (readonly [string, (shape: Shape) => void])[] = [
    ['live steps', (shape) => this.checkForward(shape)],
    ['losses, gradient and its norm', (shape) => this.checkAccumulate(shape)],
    ['norms by lag', (shape) => this.checkByLag(shape)],
    ['updates', (shape) => this.checkAdam(shape)],
    ['upload and download', (shape) => this.checkTransfer(shape)],
  ]
  private readonly options: Checked

  constructor(options: Checked) {
    this.options = options
  }

  /** The truth and the kernel with the same parameters. */
  openBoth({ spec, limits, seed }: Shape): { truth: NetworkKernel; tested: NetworkKernel } {
    const truth = referenceKernel.openNetwork(spec, limits)
    const tested = this.options.open().openNetwork(spec, limits)
    settle(spec, [truth, tested], seed)
    return { truth, tested }
  }

  /** Inputs so large that a gradient's squares overflow where they are not scaled. */
  checkLargeNorm(): void {
    const spec: NetworkSpec = { cell: 'gru', layers: 1, inputs: 3, hidden: 9, outputs: 2 }
    const shape = shapeOf(spec, { runs: 3 })
    const { truth, tested } = this.openBoth(shape)
    const batch = batchOf(shape, new Random(12))
    batch.inputs.forEach((x, i) => {
      batch.inputs[i] = 1e25 * x
    })
    const states = randomStates(spec, 3, new Random(13))
    truth.accumulate(batch, states)
    tested.accumulate(batch, states)
    expect(truth.gradientNorm()).toBeGreaterThan(1e25)
    const error = relativeError([tested.gradientNorm()], [truth.gradientNorm()])
    expect(error).toBeLessThan(this.options.error)
  }

  private errorOf({ normalise }: NetworkSpec): number {
    return normalise === true ? this.options.normalisedError : this.options.error
  }

  /** Three live steps of `rows` rows, at offsets that are not 0. */
  private checkForward(shape: Shape): void {
    const { spec, rows } = shape
    const { truth, tested } = this.openBoth(shape)
    const random = new Random(shape.seed + 1)
    const expected = randomStates(spec, rows + 1, random)
    const states = expected.slice()
    const S = states.length / (rows + 1)
    const y = new Float64Array((rows + 1) * spec.outputs)
    const outputs = y.slice()
    for (let t = 0; t < 3; t++) {
      const x = randomise(new Float32Array((rows + 1) * spec.inputs), random)
      truth.forward(rows, x, spec.inputs, expected, S, y, spec.outputs)
      tested.forward(rows, x, spec.inputs, states, S, outputs, spec.outputs)
      expect(relativeError(states, expected)).toBeLessThan(this.errorOf(spec))
      expect(relativeError(outputs, y)).toBeLessThan(this.errorOf(spec))
    }
    expect(bitsOf(states.subarray(0, S))).toEqual(bitsOf(expected.subarray(0, S)))
    expect(outputs.subarray(0, spec.outputs)).toEqual(new Float64Array(spec.outputs))
  }

  /** Losses, gradient and its norm; twice, so that the second comes on top of the first. */
  private checkAccumulate(shape: Shape): void {
    const { spec, runs } = shape
    const { truth, tested } = this.openBoth(shape)
    const random = new Random(shape.seed + 2)
    for (let i = 0; i < 2; i++) {
      const batch = batchOf(shape, random)
      const states = randomStates(spec, runs.length, random)
      const before = states.slice()
      truth.accumulate(batch, states)
      tested.accumulate(batch, states)
      expect(states).toEqual(before)
      expect(tested.losses).toBe(truth.losses)
      if (truth.losses === 0) continue
      expect(relativeError([tested.lossSum], [truth.lossSum])).toBeLessThan(this.errorOf(spec))
      expect(relativeError(tested.gradient, truth.gradient)).toBeLessThan(this.errorOf(spec))
      expect(relativeError([tested.gradientNorm()], [truth.gradientNorm()])).toBeLessThan(
        this.errorOf(spec),
      )
    }
    tested.clearGradient()
    expect(tested.gradient.every((g) => g === 0)).toBe(true)
    expect([tested.losses, tested.lossSum, tested.gradientNorm()]).toEqual([0, 0, 0])
  }

  /** Norms by lag of every run; they leave the sums of the update alone. */
  private checkByLag(shape: Shape): void {
    const { spec, runs, limits } = shape
    const { truth, tested } = this.openBoth(shape)
    const random = new Random(shape.seed + 3)
    const batch = batchOf(shape, random)
    const states = randomStates(spec, runs.length, random)
    tested.accumulate(batch, states)
    const sums = [tested.losses, tested.lossSum]
    const gradient = tested.gradient.slice()
    const expected = new Float64Array(limits.window + 1).fill(7)
    const norms = expected.slice()
    for (let run = 0; run < runs.length; run++) {
      truth.gradientNormByLag(batch, run, states, expected)
      tested.gradientNormByLag(batch, run, states, norms)
      // Far lags are small: each is held against itself, but where it is a difference of near ones.
      const floor =
        spec.normalise === true ? this.options.normalisedError * Math.max(...expected) : 0
      expected.forEach((norm, k) => {
        const error = Math.abs(norms[k]! - norm)
        expect(error, `lag ${k}`).toBeLessThanOrEqual(10 * this.errorOf(spec) * norm + floor)
      })
    }
    expect(tested.gradient).toEqual(gradient)
    expect([tested.losses, tested.lossSum]).toEqual(sums)
  }

  /** Two updates; the truth takes the gradients of the kernel, so that Adam alone is compared. */
  private checkAdam(shape: Shape): void {
    const { spec, runs } = shape
    const { tested } = this.openBoth(shape)
    const random = new Random(shape.seed + 4)
    const step = {
      scale: 0.3,
      learningRate: 0.02,
      beta2: 0.98,
      correction: 0.4,
      epsilon: 1e-3,
      decay: 0.5,
    }
    for (let i = 0; i < 2; i++) {
      tested.accumulate(batchOf(shape, random), randomStates(spec, runs.length, random))
      tested.download()
      const before = tested.parameters.slice()
      const moments = tested.secondMoments.slice()
      const gradient = tested.gradient.slice()
      tested.adam(step)
      tested.download()
      const expected = gradient.map((sum, j) => 0.98 * moments[j]! + 0.02 * (0.3 * sum) ** 2)
      const moved = gradient.map(
        (sum, j) => 0.99 * before[j]! - (0.02 * 0.3 * sum) / (Math.sqrt(expected[j]! / 0.4) + 1e-3),
      )
      expect(relativeError(tested.secondMoments, expected)).toBeLessThan(1e-6)
      // The step itself is at most 0.02 × √20: 1e−6 of the parameters is 1e−5 of it.
      expect(relativeError(tested.parameters, moved)).toBeLessThan(1e-6)
      expect(tested.gradient.every((g) => g === 0)).toBe(true)
      expect([tested.losses, tested.lossSum]).toEqual([0, 0])
    }
  }

  /** What goes up comes down with the same bits, and nothing is anyone else's place. */
  private checkTransfer(shape: Shape): void {
    const { spec, limits } = shape
    const tested = this.options.open().openNetwork(spec, limits)
    const random = new Random(shape.seed + 5)
    const parameters = randomise(tested.parameters, random).slice()
    const moments = randomise(tested.secondMoments, random).slice()
    tested.upload()
    tested.parameters.fill(NaN)
    tested.secondMoments.fill(NaN)
    tested.download()
    expect(bitsOf(tested.parameters, tested.secondMoments)).toEqual(bitsOf(parameters, moments))
  }
}

/** Beyond what a panel, a tile and the blocks of a product hold, which small shapes never fill. */
export const WIDE: readonly Shape[] = [
  shapeOf({ cell: 'gru', layers: 1, inputs: 8, hidden: 129, outputs: 70 }, { runs: 17, rows: 19 }),
  shapeOf(
    { cell: 'lstm', layers: 2, inputs: 37, hidden: 144, outputs: 1, normalise: true },
    { runs: 5 },
  ),
  shapeOf({ cell: 'rnn', layers: 3, inputs: 200, hidden: 151, outputs: 3 }, { runs: 5 }),
  shapeOf({ cell: 'rnn', layers: 2, inputs: 390, hidden: 400, outputs: 2 }, { runs: 3, rows: 5 }),
  shapeOf({ cell: 'gru', layers: 1, inputs: 1, hidden: 1, outputs: 1 }, { runs: 40, window: 20 }),
]
