import { expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import {
  featureSize,
  parameterCount,
  parameterLayout,
  stateSize,
} from '../../../src/kernels/network-spec.ts'
import { describeBuild, SPECS } from './fixtures.ts'

test.each(SPECS.map((s) => [describeBuild(s), s] as const))(
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
      expect(layer.gainsAt).toBe(spec.normalise ? at : -1)
      if (spec.normalise) at += layout.biases * hidden
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

test('a normalised network has a gain beside every bias, and is else laid out as without', () => {
  const spec = { cell: 'gru', inputs: 20, hidden: 32, layers: 1, outputs: 3 } as const
  const plain = parameterLayout(spec)
  const normalised = parameterLayout({ ...spec, normalise: true })
  expect(parameterLayout({ ...spec, normalise: false })).toEqual(plain)
  expect(normalised.count).toBe(plain.count + 4 * 32)
  expect(normalised.layers[0]).toEqual({ ...plain.layers[0], gainsAt: plain.readoutWeightsAt })
  expect(stateSize({ ...spec, normalise: true })).toBe(stateSize(spec))
})

test('a network without units is refused', () => {
  const spec = { cell: 'gru', inputs: 1, hidden: 0, layers: 1, outputs: 1 } as const
  expect(() => parameterLayout(spec)).toThrow(AssertionError)
})
