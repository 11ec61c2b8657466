import { expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import {
  featureSize,
  parameterCount,
  parameterLayout,
  stateSize,
} from '../../../src/kernels/network-spec.ts'
import { describeSpec, SPECS } from './fixtures.ts'

test.each(SPECS.map((s) => [describeSpec(s), s] as const))(
  'the parts of %s lie one behind the other without a gap',
  (_name, spec) => {
    const { hidden, outputs } = spec
    const layout = parameterLayout(spec)
    let at = 0
    layout.layers.forEach((layer, l) => {
      expect(layer.inputs).toBe(l === 0 ? spec.inputs : hidden)
      expect(layer.weightsAt).toBe(at)
      at += layout.gates * hidden * (layer.inputs + hidden)
      expect(layer.biasesAt).toBe(at)
      at += layout.biases * hidden
    })
    expect(layout.readoutWeightsAt).toBe(at)
    expect(layout.readoutBiasesAt).toBe(at + outputs * featureSize(spec))
    expect(layout.count).toBe(layout.readoutBiasesAt + outputs)
    expect(parameterCount(spec)).toBe(layout.count)
  },
)

test('sizes of an lstm of two layers', () => {
  const spec = { cell: 'lstm', inputs: 20, hidden: 32, layers: 2, outputs: 3 } as const
  expect(stateSize(spec)).toBe(128)
  expect(featureSize(spec)).toBe(84)
  expect(parameterCount(spec)).toBe(128 * 52 + 128 + (128 * 64 + 128) + 3 * 84 + 3)
})

test('a network without units is refused', () => {
  const spec = { cell: 'gru', inputs: 1, hidden: 0, layers: 1, outputs: 1 } as const
  expect(() => parameterLayout(spec)).toThrow(AssertionError)
})
