import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { Random } from '../../../src/random.ts'
import {
  type Network,
  type NetworkOptions,
  type NetworkSpec,
  parameterCount,
  stateSize,
  WindowBatch,
} from '../../../src/rnn/index.ts'
import {
  BUILDS,
  describeBuild,
  KERNELS,
  openNetwork,
  randomBatch,
  randomise,
  randomStates,
} from '../kernels/fixtures.ts'

const spec = { cell: 'gru', inputs: 3, hidden: 6, layers: 2, outputs: 2 } as const

/** The whole state, bit by bit. */
function bitsOf(network: Network): Uint32Array[] {
  const { parameters, secondMoments, scalars } = network.stateArrays()
  return [parameters, secondMoments, scalars].map((a) => new Uint32Array(a.slice().buffer))
}

/** `updates` updates on random runs that depend on the update's number alone. */
function train(network: Network, updates: number, from = 0): void {
  for (let u = from; u < from + updates; u++) {
    const random = new Random(100 + u)
    const batch = randomBatch(
      network.spec,
      [
        [2, 9],
        [0, 8],
        [3, 5],
      ],
      random,
    )
    network.accumulate(batch, randomStates(network.spec, 3, random))
    network.finishUpdate()
  }
}

const twoLayers = BUILDS.filter(({ layers }) => layers === 2)

const CASES = KERNELS.flatMap(({ name, open }) =>
  twoLayers.map((build) => [name, describeBuild(build), open, build] as const),
)

describe.each(CASES)('%s: %s', (_kernel, _build, kernel, build) => {
  const shape: NetworkSpec = { ...spec, ...build }

  test('predicts 0 before the first update, whatever comes in', () => {
    const network = openNetwork(shape, {}, kernel())
    const random = new Random(2)
    const states = randomStates(shape, 4, random)
    const before = states.slice()
    const outputs = new Float64Array(8).fill(9)
    network.forward(4, randomise(new Float32Array(12), random, 5), 0, states, 0, outputs, 0)
    expect(outputs.every((y) => y === 0)).toBe(true)
    expect(states).not.toEqual(before)
  })

  test('learns a repeated sequence to nearly no loss, carrying its state', () => {
    // 0 is followed by 0, −1, ½ and −½ alike: without memory no loss is below 0.15.
    const pattern = [1, 0, 0, -1, 0, 0.5, 0, -0.5]
    const one: NetworkSpec = { ...build, inputs: 1, hidden: 16, layers: 1, outputs: 1 }
    const window = 16
    const network = openNetwork(one, { window, learningRate: 3e-3, seed: 6 }, kernel())
    const batch = new WindowBatch({ runsMax: 1, stepsMax: window, inputs: 1, outputs: 1 })
    const state = new Float32Array(stateSize(one))
    const start = state.slice()
    const output = new Float64Array(1)
    let loss = 0
    for (let n = 0; n < 1500; n++) {
      start.set(state)
      batch.clear()
      batch.add(0, window)
      batch.mask.fill(1)
      loss = 0
      for (let t = 0; t < window; t++) {
        batch.inputs[t] = pattern[t % pattern.length]!
        batch.targets[t] = pattern[(t + 1) % pattern.length]!
        network.forward(1, batch.inputs, t, state, 0, output, 0)
        loss += (output[0]! - batch.targets[t]!) ** 2 / window
      }
      network.accumulate(batch, start)
      network.finishUpdate()
      if (n === 0) expect(loss).toBeGreaterThan(0.2)
      network.learningRate = 3e-3 * Math.max(0.05, 1 - n / 1500)
    }
    expect(loss).toBeLessThan(1e-6)
  })

  test('a second network with the same seed and runs has the same bits', () => {
    const a = openNetwork(shape, {}, kernel())
    const b = openNetwork(shape, {}, kernel())
    train(a, 20)
    train(b, 20)
    expect(bitsOf(a)).toEqual(bitsOf(b))
    const c = openNetwork(shape, { seed: 2 }, kernel())
    train(c, 20)
    expect(bitsOf(c)).not.toEqual(bitsOf(a))
  })

  test('stateArrays is the whole state: a restored network goes on with the same bits', () => {
    const a = openNetwork(shape, {}, kernel())
    train(a, 7)
    a.learningRate = 4e-4
    const b = openNetwork(shape, { seed: 99 }, kernel())
    const [from, to] = [a.stateArrays(), b.stateArrays()]
    to.parameters.set(from.parameters)
    to.secondMoments.set(from.secondMoments)
    to.scalars.set(from.scalars)
    b.stateWritten()
    train(a, 5, 7)
    train(b, 5, 7)
    expect(bitsOf(b)).toEqual(bitsOf(a))
    expect([b.updates, b.learningRate]).toEqual([12, 4e-4])
  })
})

describe.each(KERNELS)('an update of $name', ({ open }) => {
  const openSpec = (options: Partial<NetworkOptions> = {}) => openNetwork(spec, options, open())
  const random = new Random(51)
  const batch = randomBatch(
    spec,
    [
      [1, 8],
      [0, 6],
    ],
    random,
  )
  const states = randomStates(spec, 2, random)
  const losses = batch.mask
    .subarray(batch.targetsAt(0, 0), batch.targetsAt(1, 6))
    .reduce((sum, m) => sum + m, 0)

  test('is the same for one batch and for the same batch in two halves', () => {
    const together = openSpec()
    together.accumulate(batch, states)
    const whole = { ...together.finishUpdate() }
    const apart = openSpec()
    const half = new WindowBatch({ runsMax: 1, stepsMax: batch.stepsMax, inputs: 3, outputs: 2 })
    for (const run of [0, 1]) {
      half.clear()
      half.add(batch.warmup[run]!, batch.steps[run]!)
      const [x, y] = [batch.inputsAt(run, 0), batch.targetsAt(run, 0)]
      half.inputs.set(batch.inputs.subarray(x, x + half.inputs.length))
      half.targets.set(batch.targets.subarray(y, y + half.targets.length))
      half.mask.set(batch.mask.subarray(y, y + half.mask.length))
      apart.accumulate(half, states.subarray(run * stateSize(spec)))
    }
    expect({ ...apart.finishUpdate() }).toEqual(whole)
    expect(whole.losses).toBe(losses)
    expect(bitsOf(apart)).toEqual(bitsOf(together))
  })

  test('says its mean loss and the norm before clipping; clipping bounds the step', () => {
    const free = openSpec({ clipNorm: Infinity })
    free.accumulate(batch, states)
    const loose = { ...free.finishUpdate() }
    const tight = openSpec({ clipNorm: loose.gradientNorm / 10 })
    tight.accumulate(batch, states)
    const report = tight.finishUpdate()
    expect([loose.clipped, report.clipped]).toEqual([false, true])
    expect([report.loss, report.gradientNorm]).toEqual([loose.loss, loose.gradientNorm])
    const norm = (v: Float32Array) => Math.sqrt(v.reduce((sum, x) => sum + x, 0) / (1 - 0.999))
    expect(norm(free.secondMoments) / loose.gradientNorm).toBeCloseTo(1, 5)
    expect(norm(tight.secondMoments) / loose.gradientNorm).toBeCloseTo(0.1, 5)
    expect([free.updates, tight.updates]).toEqual([1, 1])
  })

  test.each([
    ['a NaN input', (b: WindowBatch) => b.inputs.fill(NaN)],
    ['an infinite target', (b: WindowBatch) => b.targets.fill(Infinity)],
    ['a NaN target', (b: WindowBatch) => b.targets.fill(NaN)],
  ])('%s is dropped whole, and the next update is as if it had not been', (_name, spoil) => {
    const network = openSpec()
    train(network, 3)
    const before = bitsOf(network)
    const bad = randomBatch(spec, [[0, 8]], new Random(5), 1)
    spoil(bad)
    network.accumulate(bad, states)
    network.accumulate(batch, states)
    expect(network.finishUpdate().applied).toBe(false)
    expect(bitsOf(network)).toEqual(before)
    const untouched = openSpec()
    train(untouched, 3)
    train(untouched, 2, 3)
    train(network, 2, 3)
    expect(bitsOf(network)).toEqual(bitsOf(untouched))
  })

  test('without a loss changes nothing', () => {
    const network = openSpec()
    train(network, 1)
    const before = bitsOf(network)
    const empty = randomBatch(spec, [[0, 8]], new Random(5))
    empty.mask.fill(0)
    network.accumulate(empty, states)
    const expected = { loss: 0, losses: 0, gradientNorm: 0, clipped: false, applied: false }
    expect(network.finishUpdate()).toEqual(expected)
    expect(bitsOf(network)).toEqual(before)
  })

  test('of runs beyond the network’s limits is a broken invariant', () => {
    const network = openSpec({ window: 4, warmupMax: 1 })
    const run = (warmup: number, steps: number) => randomBatch(spec, [[warmup, steps]], random)
    expect(() => network.accumulate(run(0, 5), states)).toThrow(AssertionError)
    expect(() => network.accumulate(run(2, 5), states)).toThrow(AssertionError)
    network.accumulate(run(1, 5), states)
    const few = openSpec({ runsMax: 1 })
    expect(() => few.accumulate(batch, states)).toThrow(AssertionError)
  })
})

test('a network has the parameters that its spec counts', () => {
  expect(openNetwork(spec).parameters.length).toBe(parameterCount(spec))
})
