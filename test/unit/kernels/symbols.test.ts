import { describe, expect, test } from 'vitest'
import {
  type NetworkSpec,
  parameterLayout,
  type SymbolSpec,
  stateSize,
  symbolLayout,
} from '../../../src/kernels/network-spec.ts'
import { Random } from '../../../src/random.ts'
import { describeBuild, KERNELS, PlainNetwork, relativeError, valuesOf } from './fixtures.ts'
import {
  learntCount,
  openRandomSymbols,
  randomSymbolStates,
  randomSymbols,
  SYMBOL_SPECS,
} from './symbol-fixtures.ts'

const CASES = KERNELS.flatMap((kernel) =>
  SYMBOL_SPECS.map((spec) => [kernel.name, describeBuild(spec), kernel, spec] as const),
)
const RUNS = [
  [0, 8],
  [3, 9],
  [0, 1],
  [2, 7],
] as const

/** The network with one-hot inputs that a network of symbols is, but for its upper tables. */
function oneHot(spec: SymbolSpec, parameters: Float32Array): [NetworkSpec, Float64Array] {
  const { cell, hidden, layers, columns } = spec
  const shape = { ...spec, inputs: columns, outputs: columns }
  const to = parameterLayout(shape)
  const from = symbolLayout(spec)
  const plain = new Float64Array(to.count)
  const rows = from.gates * hidden
  for (let l = 0; l < layers; l++) {
    const own = from.layers[l]!
    const layer = to.layers[l]!
    const recurrent = own.inputs + hidden
    const width = layer.inputs + hidden
    for (let row = 0; row < rows; row++) {
      const end = layer.weightsAt + (row + 1) * width
      const weights = parameters.subarray(own.weightsAt + row * recurrent)
      plain.set(weights.subarray(0, recurrent), end - recurrent)
      if (l > 0) continue
      for (let o = 0; o < columns; o++) {
        plain[layer.weightsAt + row * width + o] = parameters[from.tablesAt + o * rows + row]!
      }
    }
    const vectors = (from.layers[l + 1]?.weightsAt ?? from.tablesAt) - own.biasesAt
    plain.set(parameters.subarray(own.biasesAt, own.biasesAt + vectors), layer.biasesAt)
  }
  const features = layers * hidden
  for (let o = 0; o < columns; o++) {
    const at = from.outputWeightsAt + o * features
    plain.set(
      parameters.subarray(at, at + features),
      to.readoutWeightsAt + o * (features + columns),
    )
  }
  plain.set(parameters.subarray(from.outputBiasesAt), to.readoutBiasesAt)
  return [{ ...shape, cell }, plain]
}

/** p ∝ e^y */
function softmax(y: readonly number[]): number[] {
  const powers = y.map((v) => Math.exp(v))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((v) => v / sum)
}

describe.each(CASES)('%s: %s', (_kernel, _build, bounds, spec) => {
  const S = stateSize(spec)

  test('is the network with one-hot inputs, and its softmax', () => {
    const kernel = openRandomSymbols(bounds.open(), spec, new Random(5))
    const { tablesAt, outputWeightsAt } = symbolLayout(spec)
    const first = (outputWeightsAt - tablesAt) / spec.layers
    kernel.parameters.fill(0, tablesAt + first, outputWeightsAt)
    kernel.upload()
    const [shape, parameters] = oneHot(spec, kernel.parameters)
    const plain = new PlainNetwork(shape, parameters, false)
    const random = new Random(6)
    const states = randomSymbolStates(spec, 1, random)
    const out = new Float64Array(spec.columns)
    for (let t = 0; t < 8; t++) {
      const symbol = Math.floor(random.uniform() * spec.columns)
      const x = Float32Array.from({ length: spec.columns }, (_, o) => (o === symbol ? 1 : 0))
      const truth = plain.startState(states)
      const y = valuesOf(plain.step(truth, x))
      kernel.advance(states, 0, symbol)
      for (let i = 0; i < S; i++) {
        const expected = truth[i]!.value
        const error = Math.abs(states[i]! - expected)
        expect(error).toBeLessThanOrEqual(Math.abs(expected) * 2 ** -23 + bounds.step.states)
      }
      kernel.distribution(states, 0, out)
      expect(relativeError(out, softmax(y))).toBeLessThan(1e-5)
    }
  })

  test('the gradient is the central difference of the loss, every parameter', () => {
    const used = 9
    const { step, error } = bounds.differences
    const kernel = openRandomSymbols(bounds.open(), spec, new Random(7), used, 0.4)
    const random = new Random(8)
    const runs = [RUNS[0], [0, 5], RUNS[2]] as const
    const batch = randomSymbols(used, runs, random)
    const states = randomSymbolStates(spec, 3, random)
    kernel.accumulate(batch, states)
    const gradient = kernel.gradient.slice()
    expect(kernel.losses).toBe(batch.mask.reduce((a, b) => a + b, 0))
    const lossAt = (i: number, value: number) => {
      kernel.parameters[i] = value
      kernel.upload()
      kernel.clearGradient()
      kernel.accumulate(batch, states)
      return kernel.lossSum
    }
    const differenceAt = (i: number, value: number, by: number) => {
      const up = Math.fround(value + by)
      const down = Math.fround(value - by)
      return (lossAt(i, up) - lossAt(i, down)) / (up - down)
    }
    const values = kernel.parameters.slice(0, learntCount(spec))
    const differences = Float64Array.from(values, (value, i) => {
      const difference = (4 * differenceAt(i, value, step) - differenceAt(i, value, 2 * step)) / 3
      kernel.parameters[i] = value
      return difference
    })
    expect(relativeError(gradient, differences)).toBeLessThan(4 * error)
    // A row of the tables whose symbol did not go in has no gradient, all else has one.
    const { tablesAt, gates } = symbolLayout(spec)
    const size = gates * spec.hidden
    const seen = new Set<number>()
    runs.forEach(([, steps], r) => {
      // What comes behind a run's last loss is not run again.
      const last = batch.mask.lastIndexOf(1, batch.maskAt(r, steps) - 1) - batch.maskAt(r, 0)
      for (let s = 0; s <= last; s++) seen.add(batch.symbols[batch.symbolsAt(r, s)]!)
    })
    for (let i = 0; i < gradient.length; i++) {
      const column = i < tablesAt ? -1 : Math.floor((i - tablesAt) / size) % spec.columns
      expect(gradient[i] !== 0).toBe(column < 0 || seen.has(column))
    }
  })

  test('a warm-up is steps before the run, without a gradient', () => {
    const kernel = openRandomSymbols(bounds.open(), spec, new Random(9))
    const random = new Random(10)
    const batch = randomSymbols(spec.columns, [[3, 9]], random, 1)
    const states = randomSymbolStates(spec, 1, random)
    kernel.accumulate(batch, states)
    const gradient = kernel.gradient.slice()
    const { lossSum } = kernel
    kernel.clearGradient()
    for (let s = 0; s < 3; s++) kernel.advance(states, 0, batch.symbols[s]!)
    const rest = randomSymbols(spec.columns, [[0, 6]], random, 1)
    rest.symbols.set(batch.symbols.subarray(3, 10))
    kernel.accumulate(rest, states)
    expect(relativeError(kernel.gradient, gradient)).toBeLessThan(bounds.roundedStart)
    expect(relativeError([kernel.lossSum], [lossSum])).toBeLessThan(bounds.roundedStart)
  })

  test('runs together have the bits of each alone, and losses masked out teach nothing', () => {
    const together = openRandomSymbols(bounds.open(), spec, new Random(11))
    const apart = openRandomSymbols(bounds.open(), spec, new Random(11))
    const random = new Random(12)
    const runs = Array.from({ length: 37 }, (_, i) => [i % 4, (i % 4) + 1 + (i % 8)] as const)
    const all = randomSymbols(spec.columns, runs, random)
    const states = randomSymbolStates(spec, runs.length, random)
    together.accumulate(all, states)
    runs.forEach((run, r) => {
      const one = randomSymbols(spec.columns, [run], random)
      const symbols = all.symbolsAt(r, 0)
      one.symbols.set(all.symbols.subarray(symbols, symbols + run[1] + 1))
      const mask = all.maskAt(r, 0)
      one.mask.set(all.mask.subarray(mask, mask + run[1]))
      apart.accumulate(one, states.subarray(r * S, (r + 1) * S))
    })
    expect(together.gradient).toEqual(apart.gradient)
    expect(together.lossSum).toBe(apart.lossSum)
    expect(together.losses).toBe(apart.losses)
  })

  test('the optimiser leaves alone what had no gradient, and the softmax', () => {
    const kernel = openRandomSymbols(bounds.open(), spec, new Random(13))
    const random = new Random(14)
    const before = kernel.parameters.slice()
    kernel.accumulate(randomSymbols(4, [[0, 6]], random, 1), randomSymbolStates(spec, 1, random))
    const gradient = kernel.gradient.slice()
    const step = { scale: 1, learningRate: 0.01, beta2: 0.9, correction: 0.1, epsilon: 0, decay: 0 }
    kernel.adam(step)
    kernel.download()
    for (let i = 0; i < before.length; i++) {
      // The first step of Adam is the rate, whatever the size of the gradient.
      const moved = i < gradient.length && Math.abs(gradient[i]!) > 1e-12 ? 0.01 : 0
      const change = kernel.parameters[i]! - before[i]!
      expect(change + Math.sign(gradient[i] ?? 0) * moved).toBeCloseTo(0, 6)
    }
    expect(kernel.gradient.every((g) => g === 0)).toBe(true)
    expect([kernel.losses, kernel.lossSum]).toEqual([0, 0])
  })

  test('the softmax learns by its formula, in the columns in use alone', () => {
    const used = 6
    const kernel = openRandomSymbols(bounds.open(), spec, new Random(15), used)
    const random = new Random(16)
    for (let o = 0; o < used; o++) kernel.outputMoments[o] = random.uniform()
    kernel.upload()
    const before = kernel.parameters.slice()
    const moments = kernel.outputMoments.slice()
    const states = randomSymbolStates(spec, 1, random)
    const p = new Float64Array(spec.columns)
    kernel.distribution(states, 0, p)
    expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
    kernel.learnOutput(states, 0, p, 2, { rate: 0.1, gain: 0.3, correction: 0.7, epsilon: 0.01 })
    kernel.download()
    const { outputWeightsAt, outputBiasesAt } = symbolLayout(spec)
    const features = spec.layers * spec.hidden
    const expected = Float64Array.from(before)
    for (let o = 0; o < used; o++) {
      const error = p[o]! - (o === 2 ? 1 : 0)
      const v = moments[o]! + 0.3 * (error ** 2 - moments[o]!)
      expect(kernel.outputMoments[o]).toBeCloseTo(v, 6)
      const by = (0.1 * error) / (Math.sqrt(v / 0.7) + 0.01)
      for (let i = 0; i < features; i++)
        expected[outputWeightsAt + o * features + i]! -= by * states[i]!
      expected[outputBiasesAt + o]! -= by
    }
    for (let i = 0; i < before.length; i++) {
      expect(Math.abs(kernel.parameters[i]! - expected[i]!)).toBeLessThan(1e-6)
      const column = Math.floor((i - outputWeightsAt) / features)
      const learns =
        i >= outputBiasesAt ? i - outputBiasesAt < used : i >= outputWeightsAt && column < used
      if (!learns) expect(kernel.parameters[i]).toBe(before[i])
    }
  })
})

const PAIRS = SYMBOL_SPECS.map((spec, i) => {
  const width = [33, 16, 21][i % 3]!
  const wide = { ...spec, hidden: width, columns: 20 + 7 * (i % 3) }
  return [describeBuild(spec), wide] as const
})

test.each(PAIRS)('%s: updates of both kernels are the same within rounding', (_build, spec) => {
  const [truth, wasm] = KERNELS.map(({ open }) =>
    openRandomSymbols(open(), spec, new Random(17), 18, 0.3),
  )
  const random = new Random(18)
  const p = new Float64Array(spec.columns)
  for (let u = 0; u < 3; u++) {
    const batch = randomSymbols(18, RUNS, random)
    const states = randomSymbolStates(spec, RUNS.length, random)
    truth!.distribution(states, 0, p)
    for (const kernel of [truth!, wasm!]) {
      kernel.learnOutput(states, 0, p, u, { rate: 0.01, gain: 0.01, correction: 0.5, epsilon: 0.1 })
      kernel.accumulate(batch, states)
    }
    expect(relativeError(wasm!.gradient, truth!.gradient)).toBeLessThan(1e-4)
    expect(wasm!.gradientNorm() / truth!.gradientNorm()).toBeCloseTo(1, 5)
    expect(wasm!.lossSum / truth!.lossSum).toBeCloseTo(1, 5)
    const step = {
      scale: 0.1,
      learningRate: 0.01,
      beta2: 0.9,
      correction: 0.5,
      epsilon: 1e-2,
      decay: 0,
    }
    for (const kernel of [truth!, wasm!]) {
      kernel.adam(step)
      kernel.download()
    }
    expect(relativeError(wasm!.parameters, truth!.parameters)).toBeLessThan(1e-5)
    expect(relativeError(wasm!.secondMoments, truth!.secondMoments)).toBeLessThan(1e-3)
  }
})
