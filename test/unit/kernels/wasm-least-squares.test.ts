import { describe, expect, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import type { LeastSquares, LeastSquaresOptions } from '../../../src/kernels/kernel.ts'
import { Random } from '../../../src/random.ts'
import { randomise } from './fixtures.ts'

const REFERENCE = openKernel('reference')

const OPTIONS: LeastSquaresOptions = {
  features: 7,
  outputs: 2,
  forgetting: 0.999,
  initialVariance: 10,
  traceCap: 1e6,
}

/** Fills features and targets with normal numbers; about a third of the outputs is absent. */
function fill(state: LeastSquares, random: Random): void {
  randomise(state.x, random)
  for (let d = 0; d < state.outputs; d++) {
    state.targets[d] = 3 * state.x[0]! + random.normal()
    state.present[d] = random.uniform() < 2 / 3 ? 1 : 0
  }
}

function copyInputs(from: LeastSquares, to: LeastSquares): void {
  to.x.set(from.x)
  to.targets.set(from.targets)
  to.present.set(from.present)
}

/** Largest difference in units of the largest element. */
function distance(a: Float64Array, b: Float64Array): number {
  let difference = 0
  let largest = Number.MIN_VALUE
  for (let i = 0; i < a.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!))
    largest = Math.max(largest, Math.abs(b[i]!))
  }
  return difference / largest
}

/** Learns `updates` random records. */
function train(state: LeastSquares, updates: number, seed: number): void {
  const random = new Random(seed)
  for (let n = 0; n < updates; n++) {
    fill(state, random)
    state.update()
  }
}

/** The whole state as bytes, so that −0 and NaN count too. */
function bits(state: LeastSquares): Uint8Array {
  const { weights, covariance } = state
  const both = Float64Array.of(...weights, ...covariance)
  return new Uint8Array(both.buffer)
}

describe('against the reference, within 1e−10 of the largest element', () => {
  const shapes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 18, 24, 33, 52, 56, 63, 128, 131]

  test.each(shapes)('%d features', (features) => {
    const wasm = openKernel('wasm')
    for (const outputs of [1, 3]) {
      for (const forgetting of [1, 0.98]) {
        const options = { ...OPTIONS, features, outputs, forgetting }
        const learnt = wasm.openLeastSquares(options)
        const truth = REFERENCE.openLeastSquares(options)
        const random = new Random(features)
        for (let n = 0; n < 300; n++) {
          fill(truth, random)
          copyInputs(truth, learnt)
          const before = truth.predict(outputs - 1)
          expect(Math.abs(learnt.predict(outputs - 1) - before)).toBeLessThan(
            1e-10 * (1 + Math.abs(before)),
          )
          expect(learnt.update()).toBe(truth.update())
        }
        expect(distance(learnt.weights, truth.weights)).toBeLessThan(1e-10)
        expect(distance(learnt.covariance, truth.covariance)).toBeLessThan(1e-10)
      }
    }
  })

  test('20,000 updates of 20 features, the rate of forgetting changed in between', () => {
    const options = { ...OPTIONS, features: 20 }
    const learnt = openKernel('wasm').openLeastSquares(options)
    const truth = REFERENCE.openLeastSquares(options)
    const random = new Random(11)
    for (let n = 0; n < 20_000; n++) {
      fill(truth, random)
      copyInputs(truth, learnt)
      learnt.forgetting = n < 10_000 ? 0.9995 : 0.99
      truth.forgetting = learnt.forgetting
      learnt.update()
      truth.update()
    }
    expect(distance(learnt.weights, truth.weights)).toBeLessThan(1e-10)
    expect(distance(learnt.covariance, truth.covariance)).toBeLessThan(1e-10)
  })

  test.each([1, 5, 8, 14])('the cap holds the covariance of %d features where it does', (p) => {
    // Only one feature ever moves, so that the others' variance would grow without end.
    const options = { ...OPTIONS, features: p, outputs: 1, forgetting: 0.9, traceCap: 30 }
    const learnt = openKernel('wasm').openLeastSquares(options)
    const truth = REFERENCE.openLeastSquares(options)
    for (const state of [learnt, truth]) {
      state.x[p - 1] = 1
      state.targets[0] = 2
      state.present[0] = 1
      for (let n = 0; n < 200; n++) expect(state.update()).toBe(true)
    }
    expect(distance(learnt.covariance, truth.covariance)).toBeLessThan(1e-10)
  })
})

test('equal inputs give equal bits, wherever in memory the state lies', () => {
  const wasm = openKernel('wasm')
  const first = wasm.openLeastSquares(OPTIONS)
  wasm.openLeastSquares({ ...OPTIONS, features: 3 })
  const second = wasm.openLeastSquares(OPTIONS)
  const other = openKernel('wasm').openLeastSquares(OPTIONS)
  for (const state of [first, second, other]) train(state, 500, 5)
  expect(bits(second)).toEqual(bits(first))
  expect(bits(other)).toEqual(bits(first))
})

test('weights and covariance are the whole state: a copy goes on to the bit', () => {
  const wasm = openKernel('wasm')
  const original = wasm.openLeastSquares(OPTIONS)
  train(original, 300, 6)
  const copy = wasm.openLeastSquares(OPTIONS)
  train(copy, 20, 7)
  copy.weights.set(original.weights)
  copy.covariance.set(original.covariance)
  train(original, 100, 8)
  train(copy, 100, 8)
  expect(bits(copy)).toEqual(bits(original))
})

test('several states keep their own content while the arena grows under them', () => {
  const wasm = openKernel('wasm')
  const states: LeastSquares[] = []
  const alone: Uint8Array[] = []
  for (let n = 0; n < 12; n++) {
    // The memory grows at almost every opening: a triangle of 150 rows takes 1.4 pages.
    const options = { ...OPTIONS, features: n % 2 === 0 ? 150 : 4, outputs: 1 + (n % 3) }
    const state = wasm.openLeastSquares(options)
    const single = openKernel('wasm').openLeastSquares(options)
    train(state, 20, n)
    train(single, 20, n)
    states.push(state)
    alone.push(bits(single))
  }
  expect(new Set(states.map(({ weights }) => weights.buffer)).size).toBe(1)
  expect(states.map(bits)).toEqual(alone)
})

test.each([
  ['features too large for a double', 1e200],
  ['NaN', NaN],
  ['Infinity', Infinity],
])('%s changes nothing, wherever among the features', (_name, bad) => {
  const wasm = openKernel('wasm')
  for (const features of [1, 2, 6, 7, 8]) {
    const state = wasm.openLeastSquares({ ...OPTIONS, features })
    train(state, 50, 9)
    const before = bits(state)
    for (let i = 0; i < features; i++) {
      randomise(state.x, new Random(i))
      state.x[i] = bad
      state.present.fill(1)
      expect(state.update()).toBe(false)
    }
    expect(bits(state)).toEqual(before)
  }
})

test('a denominator that is not positive changes nothing', () => {
  const state = openKernel('wasm').openLeastSquares(OPTIONS)
  state.covariance.fill(0)
  for (let i = 0; i < state.features; i++) state.covariance[(i * (i + 3)) / 2] = -1
  state.x.fill(1)
  const before = bits(state)
  expect(state.update()).toBe(false)
  expect(bits(state)).toEqual(before)
})

test('absent outputs keep their weights, present ones beside them learn', () => {
  const state = openKernel('wasm').openLeastSquares({ ...OPTIONS, outputs: 3 })
  const random = new Random(10)
  fill(state, random)
  state.present.set([0, 1, 0])
  expect(state.update()).toBe(true)
  const { weights, features } = state
  expect(weights.subarray(0, features).every((w) => w === 0)).toBe(true)
  expect(weights.subarray(features, 2 * features).every((w) => w !== 0)).toBe(true)
  expect(weights.subarray(2 * features).every((w) => w === 0)).toBe(true)
})

test.each(['wasm', 'reference'] as const)(
  '%s: with few of its features used it is one of few',
  (name) => {
    const options = { ...OPTIONS, traceCap: 20 }
    const many = openKernel(name).openLeastSquares({ ...options, features: 13 })
    const few = openKernel(name).openLeastSquares(options)
    many.used = 7
    const random = new Random(11)
    for (let n = 0; n < 300; n++) {
      fill(few, random)
      many.x.fill(NaN)
      copyInputs(few, many)
      expect(many.update()).toBe(few.update())
      for (let d = 0; d < few.outputs; d++) expect(many.predict(d)).toBe(few.predict(d))
    }
    expect(many.weights.slice(0, few.weights.length)).toEqual(few.weights)
    expect(many.covariance.slice(0, few.covariance.length)).toEqual(few.covariance)
  },
)
