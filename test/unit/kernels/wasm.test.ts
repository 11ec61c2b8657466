import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import type { NetworkKernel } from '../../../src/kernels/kernel.ts'
import { Random } from '../../../src/random.ts'
import type { NetworkSpec } from '../../../src/rnn/index.ts'
import { randomise, randomStates, relativeError } from './fixtures.ts'
import { anyShape, batchOf, bitsOf, type Shape, settle, shapeOf } from './shapes.ts'

/**
 * Against doubles. ε is 6e−8; a gate sums up to some hundred terms, a gradient some thousand, over
 * up to thirty steps in turn: 3e−6 is the most that was seen, and a wrong term costs 1e−2 and more.
 */
const ERROR = 1e-5
/** The normaliser of a narrow layer takes nearly equal numbers from each other. */
const NORMALISED_ERROR = 3e-5

function errorOf({ normalise }: NetworkSpec): number {
  return normalise === true ? NORMALISED_ERROR : ERROR
}

function openBoth({ spec, limits, seed }: Shape): { truth: NetworkKernel; wasm: NetworkKernel } {
  const truth = openKernel('reference').openNetwork(spec, limits)
  const wasm = openKernel('wasm').openNetwork(spec, limits)
  settle(spec, [truth, wasm], seed)
  return { truth, wasm }
}

/** Three live steps of `rows` rows, at offsets that are not 0. */
function checkForward(shape: Shape): void {
  const { spec, rows } = shape
  const { truth, wasm } = openBoth(shape)
  const random = new Random(shape.seed + 1)
  const expected = randomStates(spec, rows + 1, random)
  const states = expected.slice()
  const S = states.length / (rows + 1)
  const y = new Float64Array((rows + 1) * spec.outputs)
  const outputs = y.slice()
  for (let t = 0; t < 3; t++) {
    const x = randomise(new Float32Array((rows + 1) * spec.inputs), random)
    truth.forward(rows, x, spec.inputs, expected, S, y, spec.outputs)
    wasm.forward(rows, x, spec.inputs, states, S, outputs, spec.outputs)
    expect(relativeError(states, expected)).toBeLessThan(errorOf(spec))
    expect(relativeError(outputs, y)).toBeLessThan(errorOf(spec))
  }
  expect(bitsOf(states.subarray(0, S))).toEqual(bitsOf(expected.subarray(0, S)))
  expect(outputs.subarray(0, spec.outputs)).toEqual(new Float64Array(spec.outputs))
}

/** Losses, gradient and its norm; twice, so that the second comes on top of the first. */
function checkAccumulate(shape: Shape): void {
  const { spec, runs } = shape
  const { truth, wasm } = openBoth(shape)
  const random = new Random(shape.seed + 2)
  for (let i = 0; i < 2; i++) {
    const batch = batchOf(shape, random)
    const states = randomStates(spec, runs.length, random)
    const before = states.slice()
    truth.accumulate(batch, states)
    wasm.accumulate(batch, states)
    expect(states).toEqual(before)
    expect(wasm.losses).toBe(truth.losses)
    if (truth.losses === 0) continue
    expect(relativeError([wasm.lossSum], [truth.lossSum])).toBeLessThan(errorOf(spec))
    expect(relativeError(wasm.gradient, truth.gradient)).toBeLessThan(errorOf(spec))
    expect(relativeError([wasm.gradientNorm()], [truth.gradientNorm()])).toBeLessThan(errorOf(spec))
  }
  wasm.clearGradient()
  expect(wasm.gradient.every((g) => g === 0)).toBe(true)
  expect([wasm.losses, wasm.lossSum, wasm.gradientNorm()]).toEqual([0, 0, 0])
}

/** Norms by lag of every run; they leave the sums of the update alone. */
function checkByLag(shape: Shape): void {
  const { spec, runs, limits } = shape
  const { truth, wasm } = openBoth(shape)
  const random = new Random(shape.seed + 3)
  const batch = batchOf(shape, random)
  const states = randomStates(spec, runs.length, random)
  wasm.accumulate(batch, states)
  const sums = [wasm.losses, wasm.lossSum]
  const gradient = wasm.gradient.slice()
  const expected = new Float64Array(limits.window + 1).fill(7)
  const norms = expected.slice()
  for (let run = 0; run < runs.length; run++) {
    truth.gradientNormByLag(batch, run, states, expected)
    wasm.gradientNormByLag(batch, run, states, norms)
    // Far lags are small: each is held against itself, but where it is a difference of near ones.
    const floor = spec.normalise === true ? NORMALISED_ERROR * Math.max(...expected) : 0
    expected.forEach((norm, k) => {
      const error = Math.abs(norms[k]! - norm)
      expect(error, `lag ${k}`).toBeLessThanOrEqual(10 * errorOf(spec) * norm + floor)
    })
  }
  expect(wasm.gradient).toEqual(gradient)
  expect([wasm.losses, wasm.lossSum]).toEqual(sums)
}

/** Two updates; the truth takes the gradients of the kernel, so that Adam alone is compared. */
function checkAdam(shape: Shape): void {
  const { spec, runs } = shape
  const { wasm } = openBoth(shape)
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
    wasm.accumulate(batchOf(shape, random), randomStates(spec, runs.length, random))
    wasm.download()
    const before = wasm.parameters.slice()
    const moments = wasm.secondMoments.slice()
    const gradient = wasm.gradient.slice()
    wasm.adam(step)
    wasm.download()
    const expected = gradient.map((sum, j) => 0.98 * moments[j]! + 0.02 * (0.3 * sum) ** 2)
    const moved = gradient.map(
      (sum, j) => 0.99 * before[j]! - (0.02 * 0.3 * sum) / (Math.sqrt(expected[j]! / 0.4) + 1e-3),
    )
    expect(relativeError(wasm.secondMoments, expected)).toBeLessThan(1e-6)
    // The step itself is at most 0.02 × √20: 1e−6 of the parameters is 1e−5 of it.
    expect(relativeError(wasm.parameters, moved)).toBeLessThan(1e-6)
    expect(wasm.gradient.every((g) => g === 0)).toBe(true)
    expect([wasm.losses, wasm.lossSum]).toEqual([0, 0])
  }
}

/** What goes up comes down with the same bits, and nothing is anyone else's place. */
function checkTransfer(shape: Shape): void {
  const { spec, limits } = shape
  const wasm = openKernel('wasm').openNetwork(spec, limits)
  const random = new Random(shape.seed + 5)
  const parameters = randomise(wasm.parameters, random).slice()
  const moments = randomise(wasm.secondMoments, random).slice()
  wasm.upload()
  wasm.parameters.fill(NaN)
  wasm.secondMoments.fill(NaN)
  wasm.download()
  expect(bitsOf(wasm.parameters, wasm.secondMoments)).toEqual(bitsOf(parameters, moments))
}

const CHECKS = [
  ['live steps', checkForward],
  ['losses, gradient and its norm', checkAccumulate],
  ['norms by lag', checkByLag],
  ['updates', checkAdam],
  ['upload and download', checkTransfer],
] as const

test.each(CHECKS)('%s are those of the reference on any shape', (_name, check) => {
  fc.assert(fc.property(anyShape, check), { seed: 40, numRuns: 40 })
})

// Beyond what a panel, a tile and the blocks of a product hold, which small shapes never fill.
const WIDE: readonly Shape[] = [
  shapeOf({ cell: 'gru', layers: 1, inputs: 8, hidden: 129, outputs: 70 }, { runs: 17, rows: 19 }),
  shapeOf(
    { cell: 'lstm', layers: 2, inputs: 37, hidden: 144, outputs: 1, normalise: true },
    { runs: 5 },
  ),
  shapeOf({ cell: 'rnn', layers: 3, inputs: 200, hidden: 151, outputs: 3 }, { runs: 5 }),
  shapeOf({ cell: 'rnn', layers: 2, inputs: 390, hidden: 400, outputs: 2 }, { runs: 3, rows: 5 }),
  shapeOf({ cell: 'gru', layers: 1, inputs: 1, hidden: 1, outputs: 1 }, { runs: 40, window: 20 }),
]

describe.each(WIDE.map((shape) => [JSON.stringify(shape.spec), shape] as const))(
  '%s',
  (_name, shape) => {
    test.each(CHECKS)('%s', (_check, check) => {
      check(shape)
    })
  },
)

test('the norm of a gradient is found where its squares are beyond single precision', () => {
  const spec: NetworkSpec = { cell: 'gru', layers: 1, inputs: 3, hidden: 9, outputs: 2 }
  const shape = shapeOf(spec, { runs: 3 })
  const { truth, wasm } = openBoth(shape)
  const batch = batchOf(shape, new Random(12))
  batch.inputs.forEach((x, i) => {
    batch.inputs[i] = 1e25 * x
  })
  const states = randomStates(spec, 3, new Random(13))
  truth.accumulate(batch, states)
  wasm.accumulate(batch, states)
  expect(truth.gradientNorm()).toBeGreaterThan(1e25)
  expect(relativeError([wasm.gradientNorm()], [truth.gradientNorm()])).toBeLessThan(ERROR)
})
