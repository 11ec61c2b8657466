import { describe, expect, test } from 'vitest'
import type { Arena } from '../../../src/kernels/arena.ts'
import { openKernel } from '../../../src/kernels/index.ts'
import type { NetworkKernel } from '../../../src/kernels/kernel.ts'
import type { WasmLayout } from '../../../src/kernels/wasm-layout.ts'
import { Random } from '../../../src/random.ts'
import { stateSize, type WindowBatch } from '../../../src/rnn/index.ts'
import { BUILDS, describeBuild, randomise, randomStates } from './fixtures.ts'
import { ADAM, batchOf, bitsOf, type Shape, settle, shapeOf } from './shapes.ts'

const RUNS = 18
const ROWS = 17

function open(shape: Shape): NetworkKernel {
  const network = openKernel('wasm').openNetwork(shape.spec, shape.limits)
  settle(shape.spec, [network], shape.seed)
  return network
}

/** Live steps, norms by lag and three updates, all of them healthy. */
function healthy(network: NetworkKernel, shape: Shape): unknown {
  const { spec } = shape
  const random = new Random(21)
  const said: unknown[] = []
  for (let u = 0; u < 3; u++) {
    const states = randomStates(spec, RUNS, random)
    const outputs = new Float64Array(ROWS * spec.outputs)
    const x = randomise(new Float32Array(ROWS * spec.inputs), random)
    network.forward(ROWS, x, 0, states, 0, outputs, 0)
    said.push(bitsOf(states, outputs))
    const batch = batchOf(shape, random)
    const lags = new Float64Array(shape.limits.window)
    for (let run = 0; run < 3; run++) {
      network.gradientNormByLag(batch, run, states, lags)
      said.push(bitsOf(lags))
    }
    network.accumulate(batch, states)
    said.push(network.losses, bitsOf(network.gradient, Float64Array.of(network.lossSum)))
    network.adam(ADAM)
  }
  network.download()
  return [said, bitsOf(network.parameters, network.secondMoments)]
}

interface Poison {
  readonly batch: WindowBatch
  readonly states: Float32Array
  readonly bad: number
}

/** What spoils every run: in the input of its window, of its warm-up, its state, its targets. */
const POISONS: readonly (readonly [string, (poison: Poison) => void])[] = [
  [
    'inputs of windows',
    ({ batch, bad }) => {
      for (let r = 0; r < RUNS; r++) batch.inputs[batch.inputsAt(r, batch.warmup[r]!)] = bad
    },
  ],
  [
    'inputs of warm-ups',
    ({ batch, bad }) => {
      for (let r = 0; r < RUNS; r++) {
        if (batch.warmup[r]! > 0) batch.inputs[batch.inputsAt(r, 0) + 1] = bad
      }
    },
  ],
  ['all inputs', ({ batch, bad }) => void batch.inputs.fill(bad)],
  ['starting states', ({ states, bad }) => void states.fill(bad)],
  ['targets', ({ batch, bad }) => void batch.targets.fill(bad)],
]

const shapes = BUILDS.map((build) =>
  // Three of eight columns of the last panel are no one's.
  shapeOf({ ...build, inputs: 3, hidden: 13, outputs: 2 }, { runs: RUNS, window: 6, rows: ROWS }),
)

describe.each(shapes.map((shape) => [describeBuild(shape.spec), shape] as const))(
  '%s',
  (_name, shape) => {
    const { spec } = shape
    const untouched = healthy(open(shape), shape)

    describe.each([NaN, Infinity, -Infinity, 3e38])('%f', (bad) => {
      test.each(POISONS)('in %s leaves no trace behind clearGradient', (_where, poison) => {
        const network = open(shape)
        const random = new Random(22)
        const batch = batchOf(shape, random)
        const states = randomStates(spec, RUNS, random)
        poison({ batch, states, bad })
        network.accumulate(batch, states)
        if (Number.isNaN(bad)) {
          expect(Number.isFinite(network.gradientNorm() + network.lossSum)).toBe(false)
        }
        network.gradientNormByLag(batch, 1, states, new Float64Array(shape.limits.window))
        network.clearGradient()
        expect([network.losses, network.lossSum, network.gradientNorm()]).toEqual([0, 0, 0])
        expect(healthy(network, shape)).toEqual(untouched)
      })

      test('in live steps stays in its own rows and calls', () => {
        const network = open(shape)
        const twin = open(shape)
        const random = new Random(23)
        const S = stateSize(spec)
        const states = randomStates(spec, ROWS, random)
        const x = randomise(new Float32Array(ROWS * spec.inputs), random)
        const expected = states.slice()
        const y = new Float64Array(ROWS * spec.outputs)
        const outputs = y.slice()
        twin.forward(ROWS, x, 0, expected, 0, y, 0)
        for (let row = 0; row < ROWS; row += 2) x[row * spec.inputs] = bad
        for (let row = 0; row < ROWS; row += 4) states[row * S + 2] = bad
        network.forward(ROWS, x, 0, states, 0, outputs, 0)
        for (let row = 1; row < ROWS; row += 2) {
          const own = (a: Float32Array) => a.slice(row * S, (row + 1) * S)
          const said = (a: Float64Array) => a.slice(row * spec.outputs, (row + 1) * spec.outputs)
          expect(bitsOf(own(states), said(outputs))).toEqual(bitsOf(own(expected), said(y)))
        }
        expect(healthy(network, shape)).toEqual(untouched)
      })
    })

    test('what rounds a width up to whole panels is zero after thousands of updates', () => {
      const network = open(shape)
      const { arena, layout } = network as unknown as { arena: Arena; layout: WasmLayout }
      const { parameters, parameterBytes, momentsShift, gradientShift } = layout.network
      const own = new Set(layout.places)
      expect(own.size).toBe(network.parameters.length)
      const strays = () =>
        [0, momentsShift, gradientShift].map((shift) => {
          const at = (parameters + shift) / 4
          const block = arena.float32.subarray(at, at + parameterBytes / 4)
          return block.findIndex((value, i) => !own.has(i) && value !== 0)
        })
      expect(own.size).toBeLessThan(parameterBytes / 4)
      const random = new Random(24)
      const batch = batchOf(shape, random)
      const states = randomStates(spec, RUNS, random)
      for (let u = 0; u < 2000; u++) {
        if (u % 500 === 499) {
          const spoilt = { batch: batchOf(shape, random), states: states.slice(), bad: NaN }
          for (const [, poison] of POISONS) poison(spoilt)
          network.accumulate(spoilt.batch, spoilt.states)
          network.clearGradient()
        }
        network.accumulate(batch, states)
        if (u % 500 === 0) expect(strays()).toEqual([-1, -1, -1])
        network.adam({ ...ADAM, scale: 1e-2 })
      }
      expect(strays()).toEqual([-1, -1, -1])
    })
  },
)
