import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import type { NetworkKernel, Runs } from '../../../src/kernels/kernel.ts'
import { Random } from '../../../src/random.ts'
import { type NetworkSpec, stateSize } from '../../../src/rnn/index.ts'
import { describeBuild, randomise, randomStates, SPECS } from './fixtures.ts'
import { ADAM, batchOf, bitsOf, cut, type Shape, settle, shapeOf } from './shapes.ts'

const ROWS = 20
const RUNS = 37

/** Widths with whole panels, odd panels and halves in every product. */
const shapes = SPECS.filter(({ layers }) => layers < 3).map((spec, i) => {
  const widths = [
    { inputs: 3, hidden: 33, outputs: 9 },
    { inputs: 8, hidden: 16, outputs: 1 },
    { inputs: 5, hidden: 21, outputs: 34 },
  ][i % 3]
  return shapeOf({ ...spec, ...widths }, { runs: RUNS, window: 7, rows: ROWS })
})

/** Where a row of calls divides what goes together: strictly rising, the end last. */
function divisions(count: number): fc.Arbitrary<number[]> {
  return fc
    .array(fc.boolean(), { minLength: count - 1, maxLength: count - 1 })
    .map((ends) => [...ends.flatMap((end, i) => (end ? [i + 1] : [])), count])
}

function open(shape: Shape, kernel = openKernel('wasm')): NetworkKernel {
  const network = kernel.openNetwork(shape.spec, shape.limits)
  settle(shape.spec, [network], shape.seed)
  return network
}

/** Everything that a network says and keeps after two updates and some live steps. */
function story(network: NetworkKernel, shape: Shape): unknown {
  const { spec, runs } = shape
  const random = new Random(6)
  const said: unknown[] = []
  for (let u = 0; u < 3; u++) {
    const batch = batchOf(shape, random)
    const states = randomStates(spec, runs.length, random)
    network.accumulate(batch, states)
    const lags = new Float64Array(shape.limits.window)
    network.gradientNormByLag(batch, 3, states, lags)
    said.push(bitsOf(network.gradient, lags), network.losses)
    said.push(bitsOf(Float64Array.of(network.lossSum, network.gradientNorm())))
    if (u < 2) network.adam(ADAM)
    const outputs = new Float64Array(ROWS * spec.outputs)
    network.forward(ROWS, batch.inputs, 0, states, 0, outputs, 0)
    said.push(bitsOf(states, outputs))
  }
  network.download()
  return [said, bitsOf(network.parameters, network.secondMoments)]
}

/** Live steps of all rows in the calls that `ends` makes of them. */
function liveSteps(network: NetworkKernel, spec: NetworkSpec, ends: readonly number[]) {
  const random = new Random(7)
  const states = randomStates(spec, ROWS, random)
  const outputs = new Float64Array(ROWS * spec.outputs)
  const S = stateSize(spec)
  for (let t = 0; t < 2; t++) {
    const x = randomise(new Float32Array(ROWS * spec.inputs), random)
    let from = 0
    for (const to of ends) {
      const y = from * spec.outputs
      network.forward(to - from, x, from * spec.inputs, states, from * S, outputs, y)
      from = to
    }
  }
  return bitsOf(states, outputs)
}

/** The sums of an update whose runs came in the calls that `ends` makes of them. */
function sums(
  network: NetworkKernel,
  spec: NetworkSpec,
  { batch, states, ends }: { batch: Runs; states: Float32Array; ends: readonly number[] },
) {
  network.clearGradient()
  let from = 0
  for (const to of ends) {
    network.accumulate(cut(batch, spec, from, to), states.subarray(from * stateSize(spec)))
    from = to
  }
  return [network.losses, bitsOf(network.gradient, Float64Array.of(network.lossSum))]
}

describe.each(
  shapes.map((shape) => [`${describeBuild(shape.spec)}, H = ${shape.spec.hidden}`, shape] as const),
)('%s', (_name, shape) => {
  const { spec } = shape
  const network = open(shape)

  test('a row has its bits in whatever company', () => {
    const together = liveSteps(network, spec, [ROWS])
    const alone = Array.from({ length: ROWS }, (_, i) => i + 1)
    expect(liveSteps(network, spec, alone)).toEqual(together)
    const any = fc.property(divisions(ROWS), (ends) => {
      expect(liveSteps(network, spec, ends)).toEqual(together)
    })
    fc.assert(any, { seed: 41, numRuns: 25 })
  })

  test('a run has its bits in whatever company', () => {
    const random = new Random(9)
    const batch = batchOf(shape, random)
    const states = randomStates(spec, RUNS, random)
    const together = sums(network, spec, { batch, states, ends: [RUNS] })
    const alone = Array.from({ length: RUNS }, (_, i) => i + 1)
    expect(sums(network, spec, { batch, states, ends: alone })).toEqual(together)
    const any = fc.property(divisions(RUNS), (ends) => {
      expect(sums(network, spec, { batch, states, ends })).toEqual(together)
    })
    fc.assert(any, { seed: 42, numRuns: 15 })
  })

  test('a network has its bits in whatever arena, and however often it is opened', () => {
    const lone = story(open(shape), shape)
    expect(story(open(shape), shape)).toEqual(lone)
    const kernel = openKernel('wasm')
    open({ ...shape, spec: { ...spec, hidden: 13, cell: 'lstm' } }, kernel)
    const amidst = open(shape, kernel)
    open({ ...shape, spec: { ...spec, hidden: 300 } }, kernel)
    expect(story(amidst, shape)).toEqual(lone)
  })
})

test('networks of one arena leave each other alone, however their calls alternate', () => {
  const kernel = openKernel('wasm')
  const opened = shapes.slice(0, 4).map((shape) => ({ shape, network: open(shape, kernel) }))
  const random = new Random(10)
  const inputs = opened.map(({ shape }) => ({
    batch: batchOf(shape, random),
    states: randomStates(shape.spec, RUNS, random),
  }))
  const twins = opened.map(({ shape }) => open(shape))
  for (let round = 0; round < 3; round++) {
    const order = [0, 1, 2, 3].map((i) => (i * 3 + round) % 4)
    for (const i of order) opened[i]!.network.accumulate(inputs[i]!.batch, inputs[i]!.states)
    for (const i of order.reverse()) opened[i]!.network.adam(ADAM)
    twins.forEach((twin, i) => {
      twin.accumulate(inputs[i]!.batch, inputs[i]!.states)
      twin.adam(ADAM)
    })
  }
  opened.forEach(({ network }, i) => {
    const twin = twins[i]!
    network.download()
    twin.download()
    expect(bitsOf(network.parameters, network.secondMoments)).toEqual(
      bitsOf(twin.parameters, twin.secondMoments),
    )
  })
})
