import { describe, expect, test } from 'vitest'
import { type LayerTape, openTape } from '../../../src/kernels/layer-tape.ts'
import { type NetworkSpec, parameterLayout } from '../../../src/kernels/network-spec.ts'
import {
  addGainGradients,
  normaliseBackward,
  normaliseForward,
} from '../../../src/kernels/normalise.ts'
import { Random } from '../../../src/random.ts'
import { CELLS, randomise } from './fixtures.ts'

const T = 3
const H = 6

/** A layer's tape with random products in step 1, and parameters with gain 1 and bias 0. */
function open(cell: NetworkSpec['cell'], random: Random) {
  const spec = { cell, inputs: 2, hidden: H, layers: 1, outputs: 1, normalise: true }
  const layout = parameterLayout(spec)
  const tape = openTape(spec, layout, layout.layers[0]!, T)
  const parameters = new Float32Array(layout.count)
  const { gainsAt } = tape.layout
  const pre = layout.biases * H
  parameters.fill(1, gainsAt, gainsAt + pre)
  const step = (a: Float64Array) => a.subarray(pre, 2 * pre)
  randomise(step(tape.gates), random)
  return { tape, parameters, pre, step, layout }
}

/** Σ_t δ_t · gates_t of step 1, from products that are put there anew. */
function along(tape: LayerTape, parameters: Float32Array, products: Float64Array): number {
  tape.gates.set(products, products.length)
  normaliseForward(tape, parameters, 1)
  return products.reduce(
    (sum, _, i) => sum + tape.deltas[products.length + i]! * tape.gates[products.length + i]!,
    0,
  )
}

describe.each(CELLS)('the normaliser of a %s', (cell) => {
  const random = new Random(61)

  test('gives every block the root mean square 1, whatever its size was', () => {
    const { tape, parameters, pre, step } = open(cell, random)
    const products = step(tape.gates).map((a, i) => a * 10 ** (Math.floor(i / H) + 1))
    step(tape.gates).set(products)
    normaliseForward(tape, parameters, 1)
    for (let block = 0; block < pre / H; block++) {
      const part = step(tape.gates).subarray(block * H, (block + 1) * H)
      const mean = part.reduce((sum, a) => sum + a * a, 0) / H
      expect(mean).toBeCloseTo(1, 5)
      part.forEach((a, i) => {
        expect(a * products[block * H + i]!).toBeGreaterThan(0)
      })
    }
    const once = step(tape.gates).slice()
    step(tape.gates).set(products.map((a) => a * 1000))
    normaliseForward(tape, parameters, 1)
    step(tape.gates).forEach((a, i) => {
      expect(a).toBeCloseTo(once[i]!, 5)
    })
  })

  test('leaves the bias alone where all products are zero, and has a gradient there', () => {
    const { tape, parameters, pre, step } = open(cell, random)
    const { biasesAt } = tape.layout
    randomise(parameters.subarray(biasesAt, biasesAt + pre), random)
    step(tape.gates).fill(0)
    normaliseForward(tape, parameters, 1)
    expect([...step(tape.gates)]).toEqual([...parameters.subarray(biasesAt, biasesAt + pre)])
    step(tape.deltas).fill(1)
    normaliseBackward(tape, parameters, 1)
    step(tape.productDeltas).forEach((d) => {
      expect(d).toBeCloseTo(1 / Math.sqrt(1e-5), 9)
    })
  })

  test('backward is the central difference over every product, and touches no other step', () => {
    const { tape, parameters, pre, step } = open(cell, random)
    const { gainsAt } = tape.layout
    randomise(parameters.subarray(gainsAt, gainsAt + pre), random)
    randomise(step(tape.deltas), random)
    const products = step(tape.gates).slice()
    along(tape, parameters, products)
    normaliseBackward(tape, parameters, 1)
    products.forEach((a, i) => {
      const up = along(tape, parameters, products.with(i, a + 1e-6))
      const down = along(tape, parameters, products.with(i, a - 1e-6))
      expect(step(tape.productDeltas)[i]!).toBeCloseTo((up - down) / 2e-6, 7)
    })
    expect(tape.productDeltas.every((d, i) => (d !== 0) === (i >= pre && i < 2 * pre))).toBe(true)
  })

  test('gradients of the gains are summed over the steps asked for, onto what was there', () => {
    const { tape, pre, layout } = open(cell, random)
    randomise(tape.deltas, random)
    randomise(tape.normalised, random)
    const gradient = randomise(new Float64Array(layout.count), random)
    const before = gradient.slice()
    addGainGradients(tape, gradient, 2)
    const { gainsAt } = tape.layout
    gradient.forEach((g, at) => {
      const i = at - gainsAt
      const isGain = i >= 0 && i < pre
      const sum = isGain
        ? tape.deltas[i]! * tape.normalised[i]! + tape.deltas[pre + i]! * tape.normalised[pre + i]!
        : 0
      expect(g).toBeCloseTo(before[at]! + sum, 12)
    })
  })
})
