import { describe, expect, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import { probeGates } from '../../../src/model/gate-probe.ts'
import { Random } from '../../../src/random.ts'
import { Network, type NetworkSpec } from '../../../src/rnn/index.ts'

const steps = 5
const hidden = 4

function networkOf(cell: NetworkSpec['cell'], normalise: boolean) {
  const spec: NetworkSpec = { cell, inputs: 3, hidden, layers: 2, outputs: 1, normalise }
  const network = new Network(
    spec,
    {
      learningRate: 1e-3,
      beta2: 0.999,
      epsilon: 1e-5,
      clipNorm: 1,
      huberDelta: 1,
      window: 4,
      runsMax: 1,
      warmupMax: 4,
      seed: 7,
    },
    openKernel('wasm'),
  )
  const random = new Random(3)
  const inputs = Float32Array.from({ length: steps * 3 }, () => random.uniform() - 0.5)
  const begin = Float32Array.from({ length: network.stateSize }, () => random.uniform() - 0.5)
  return { spec, network, inputs, begin }
}

describe.each([false, true])('gates, normalised %s', (normalise) => {
  /** States before and after the last of `steps` steps, by the network itself. */
  function advance({ network, inputs, begin }: ReturnType<typeof networkOf>) {
    const after = begin.slice()
    let before = after.slice()
    const outputs = new Float64Array(1)
    for (let t = 0; t < steps; t++) {
      before = after.slice()
      network.forward(1, inputs, 3 * t, after, 0, outputs, 0)
    }
    return { before, after }
  }

  test("a gru's gates make the new state of the old one", () => {
    const made = networkOf('gru', normalise)
    const { before, after } = advance(made)
    const { spec, network, inputs, begin } = made
    const layers = probeGates(spec, network.parameters, inputs, steps, begin)
    expect(layers.map(({ layer }) => layer)).toEqual([0, 1])
    for (const { layer, gates } of layers) {
      expect(Object.keys(gates)).toEqual(['reset', 'update', 'candidate'])
      for (let i = 0; i < hidden; i++) {
        const [z, n] = [gates.update![i]!, gates.candidate![i]!]
        const h = (1 - z) * n + z * before[layer * hidden + i]!
        expect(h).toBeCloseTo(after[layer * hidden + i]!, 5)
        expect(gates.reset![i]! > 0 && gates.reset![i]! < 1).toBe(true)
      }
    }
  })

  test("an lstm's gates make the new cell of the old one", () => {
    const made = networkOf('lstm', normalise)
    const { before, after } = advance(made)
    const { spec, network, inputs, begin } = made
    const layers = probeGates(spec, network.parameters, inputs, steps, begin)
    for (const { layer, gates } of layers) {
      expect(Object.keys(gates)).toEqual(['input', 'forget', 'candidate', 'output'])
      for (let i = 0; i < hidden; i++) {
        const [input, forget] = [gates.input![i]!, gates.forget![i]!]
        const cell = (2 + layer) * hidden + i
        const c = forget * before[cell]! + input * gates.candidate![i]!
        expect(c).toBeCloseTo(after[cell]!, 5)
        const h = gates.output![i]! * Math.tanh(c)
        expect(h).toBeCloseTo(after[layer * hidden + i]!, 5)
      }
    }
  })
})

test('a cell without gates has none', () => {
  const { spec, network, inputs, begin } = networkOf('rnn', false)
  expect(probeGates(spec, network.parameters, inputs, steps, begin)).toEqual([])
})
