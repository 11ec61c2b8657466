import { describe, expect, test } from 'vitest'
import type { KernelLimits } from '../../../src/kernels/kernel.ts'
import { Random } from '../../../src/random.ts'
import { featureSize, parameterCount, stateSize } from '../../../src/rnn/index.ts'
import {
  describeBuild,
  HUBER_DELTA,
  KERNELS,
  openRandom,
  PlainNetwork,
  randomBatch,
  randomise,
  randomStates,
  relativeError,
  SPECS,
  slopeSum,
  valuesOf,
  warmedUp,
  windowLosses,
} from './fixtures.ts'

const LIMITS = { window: 8, runsMax: 16, warmupMax: 8, huberDelta: HUBER_DELTA }

const CASES = KERNELS.flatMap((kernel) =>
  SPECS.map((spec) => [kernel.name, describeBuild(spec), kernel, spec] as const),
)

describe.each(CASES)('%s: %s', (_kernel, _build, bounds, spec) => {
  const random = new Random(13)
  const S = stateSize(spec)
  const open = (limits: KernelLimits = LIMITS) =>
    openRandom(bounds.open(), spec, limits, new Random(5))

  test('live steps are those of the definition; the carried state is rounded, nothing else', () => {
    const kernel = open()
    const plain = new PlainNetwork(spec, kernel.parameters, false)
    const states = randomStates(spec, 1, random)
    const outputs = new Float64Array(spec.outputs)
    for (let t = 0; t < 12; t++) {
      const x = randomise(new Float32Array(spec.inputs), random)
      const truth = plain.startState(states)
      const y = plain.step(truth, x)
      kernel.forward(1, x, 0, states, 0, outputs, 0)
      expect(relativeError(outputs, valuesOf(y))).toBeLessThan(bounds.step.outputs)
      for (let i = 0; i < S; i++) {
        const expected = truth[i]!.value
        const error = Math.abs(states[i]! - expected)
        expect(error).toBeLessThanOrEqual(Math.abs(expected) * 2 ** -23 + bounds.step.states)
      }
    }
  })

  test('the gradient is the central difference of the loss, every parameter', () => {
    const { step, huberDelta, error } = bounds.differences
    const kernel = open({ ...LIMITS, huberDelta })
    const batch = randomBatch(
      spec,
      [
        [0, 8],
        [0, 5],
        [0, 1],
      ],
      random,
    )
    const states = randomStates(spec, 3, random)
    kernel.accumulate(batch, states)
    const gradient = kernel.gradient.slice()
    const lossAt = (i: number, value: number) => {
      kernel.parameters[i] = value
      kernel.upload()
      kernel.clearGradient()
      kernel.accumulate(batch, states)
      return kernel.lossSum
    }
    const differenceAt = (i: number, value: number, by: number) => {
      // The steps that a single-precision parameter can really take.
      const up = Math.fround(value + by)
      const down = Math.fround(value - by)
      return (lossAt(i, up) - lossAt(i, down)) / (up - down)
    }
    const differences = Float64Array.from(kernel.parameters.slice(), (value, i) => {
      // Of two steps, so that the error goes with the fourth power of the step.
      const difference = (4 * differenceAt(i, value, step) - differenceAt(i, value, 2 * step)) / 3
      kernel.parameters[i] = value
      return difference
    })
    expect(relativeError(gradient, differences)).toBeLessThan(error)
    expect(gradient.every((g) => g !== 0)).toBe(true)
  })

  test('no gradient flows into the warm-up, whose state is today’s weights’', () => {
    const kernel = open()
    const batch = randomBatch(
      spec,
      [
        [3, 8],
        [1, 9],
        [6, 7],
      ],
      random,
    )
    const states = randomStates(spec, 3, random)
    kernel.accumulate(batch, states)
    const plain = new PlainNetwork(spec, kernel.parameters, false)
    const dual = new PlainNetwork(spec, kernel.parameters, true)
    const fixed = [0, 1, 2].map((r) =>
      warmedUp(plain, batch, r, states.subarray(r * S, (r + 1) * S)),
    )
    const losses = fixed.flatMap((state, r) => windowLosses(dual, batch, r, state))
    const truth = slopeSum(losses, parameterCount(spec))
    expect(relativeError(kernel.gradient, truth)).toBeLessThan(bounds.gradient)
    expect(kernel.losses).toBe(losses.length)
    const loss = losses.reduce((sum, l) => sum + l.value, 0)
    expect(relativeError([kernel.lossSum], [loss])).toBeLessThan(bounds.gradient)

    const lossAt = (i: number, step: number) => {
      const moved = Float64Array.from(kernel.parameters)
      moved[i] = moved[i]! + step
      const network = new PlainNetwork(spec, moved, false)
      const all = fixed.flatMap((state, r) => windowLosses(network, batch, r, state))
      return all.reduce((sum, { value }) => sum + value, 0)
    }
    for (let i = 0; i < parameterCount(spec); i += 17) {
      const difference = (lossAt(i, 1e-4) - lossAt(i, -1e-4)) / 2e-4
      expect(Math.abs(truth[i]! - difference)).toBeLessThan(1e-6)
    }
  })

  test('rows together give the bits of row by row', () => {
    const kernel = open()
    const x = randomise(new Float32Array(5 * spec.inputs), random)
    const together = randomStates(spec, 5, random)
    const alone = together.slice()
    const outputs = new Float64Array(5 * spec.outputs)
    const each = new Float64Array(5 * spec.outputs)
    kernel.forward(5, x, 0, together, 0, outputs, 0)
    for (const r of [3, 0, 4, 1, 2]) {
      kernel.forward(1, x, r * spec.inputs, alone, r * S, each, r * spec.outputs)
    }
    expect(alone).toEqual(together)
    expect(each).toEqual(outputs)
  })

  test('runs together give the bits of run by run', () => {
    const shapes = [
      [2, 9],
      [0, 8],
      [0, 3],
      [4, 10],
    ] as const
    const batch = randomBatch(spec, shapes, random)
    const states = randomStates(spec, 4, random)
    const together = open()
    together.accumulate(batch, states)
    const single = open()
    shapes.forEach(([warmup, steps], r) => {
      const one = randomBatch(spec, [[warmup, steps]], random)
      const row = batch.stepsMax
      const copy = <A extends Float32Array | Uint8Array>(to: A, from: A, width: number) =>
        to.set(from.subarray(r * row * width, (r * row + steps) * width))
      copy(one.inputs, batch.inputs, spec.inputs)
      copy(one.targets, batch.targets, spec.outputs)
      copy(one.mask, batch.mask, spec.outputs)
      single.accumulate(one, states.subarray(r * S, (r + 1) * S))
    })
    expect(single.gradient).toEqual(together.gradient)
    expect([single.lossSum, single.losses]).toEqual([together.lossSum, together.losses])
  })

  test('starting states are left as they are, and live steps do not disturb a sum', () => {
    const kernel = open()
    const batch = randomBatch(spec, [[1, 6]], random)
    const states = randomStates(spec, 1, random)
    const before = states.slice()
    kernel.accumulate(batch, states)
    expect(states).toEqual(before)
    const { lossSum, losses } = kernel
    const sum = kernel.gradient.slice()
    kernel.forward(1, batch.inputs, 0, states, 0, new Float64Array(spec.outputs), 0)
    kernel.gradientNormByLag(batch, 0, before, new Float64Array(LIMITS.window))
    expect(kernel.gradient).toEqual(sum)
    expect([kernel.lossSum, kernel.losses]).toEqual([lossSum, losses])
  })
})

describe.each(KERNELS)('the read-out of $name', ({ open }) => {
  const spec = { cell: 'lstm', inputs: 3, hidden: 4, layers: 2, outputs: 2 } as const

  test('sees h of every layer and the raw inputs, in the order of the state', () => {
    const kernel = openRandom(open(), spec, LIMITS, new Random(3))
    const random = new Random(4)
    const states = randomStates(spec, 1, random)
    const x = randomise(new Float32Array(3), random)
    const outputs = new Float64Array(2)
    kernel.forward(1, x, 0, states, 0, outputs, 0)
    const features = [...states.subarray(0, 8), ...x]
    const weights = kernel.parameters.subarray(-2 * featureSize(spec) - 2)
    for (let o = 0; o < 2; o++) {
      const row = weights.subarray(o * features.length)
      const y = features.reduce((sum, f, j) => sum + f * row[j]!, weights.at(o - 2)!)
      expect(outputs[o]!).toBeCloseTo(y, 5)
    }
  })
})

describe.each(KERNELS)('one pass of Adam of $name', ({ open }) => {
  const spec = { cell: 'rnn', inputs: 2, hidden: 3, layers: 1, outputs: 1 } as const

  test('is Adam with β₁ = 0 on the scaled sum, and clears it', () => {
    const random = new Random(8)
    const kernel = open().openNetwork(spec, LIMITS)
    randomise(kernel.parameters, random, 0.5)
    kernel.secondMoments.fill(0.25)
    kernel.upload()
    const before = kernel.parameters.slice()
    kernel.accumulate(randomBatch(spec, [[0, 8]], random), randomStates(spec, 1, random))
    const gradient = kernel.gradient.slice()
    expect(kernel.gradientNorm()).toBeCloseTo(Math.hypot(...gradient), 5)
    const step = {
      scale: 0.5,
      learningRate: 0.01,
      beta2: 0.9,
      correction: 0.19,
      epsilon: 1e-5,
      decay: 2,
    }
    kernel.adam(step)
    kernel.download()
    before.forEach((p, i) => {
      const g = 0.5 * gradient[i]!
      const v = 0.9 * 0.25 + 0.1 * g * g
      expect(kernel.secondMoments[i]!).toBeCloseTo(v, 6)
      const moved = 0.98 * p - (0.01 * g) / (Math.sqrt(v / 0.19) + 1e-5)
      expect(kernel.parameters[i]!).toBeCloseTo(moved, 6)
    })
    expect(kernel.gradient.every((g) => g === 0)).toBe(true)
    expect([kernel.losses, kernel.lossSum]).toEqual([0, 0])
  })
})
