import { describe, expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import { initialise, parameterCount, parameterLayout } from '../../../src/rnn/index.ts'
import { BUILDS, describeBuild } from '../kernels/fixtures.ts'

const twoLayers = BUILDS.filter(({ layers }) => layers === 2)

describe.each(twoLayers.map((build) => [describeBuild(build), build] as const))(
  '%s',
  (_, build) => {
    const { cell } = build
    const spec = { ...build, inputs: 7, hidden: 16, outputs: 3 }
    const layout = parameterLayout(spec)
    const parameters = new Float32Array(parameterCount(spec)).fill(9)
    initialise(spec, parameters, new Random(4))

    test('every gate’s recurrent matrix is orthogonal', () => {
      for (const { inputs, weightsAt } of layout.layers) {
        for (let gate = 0; gate < layout.gates; gate++) {
          const row = (i: number) => {
            const at = weightsAt + (gate * 16 + i) * (inputs + 16) + inputs
            return parameters.subarray(at, at + 16)
          }
          for (let i = 0; i < 16; i++) {
            for (let k = 0; k <= i; k++) {
              const dot = row(i).reduce((sum, v, j) => sum + v * row(k)[j]!, 0)
              expect(Math.abs(dot - (i === k ? 1 : 0))).toBeLessThan(1e-6)
            }
          }
        }
      }
    })

    test('input weights have mean zero and variance 1 / fan-in', () => {
      for (const { inputs, weightsAt } of layout.layers) {
        const weights: number[] = []
        for (let r = 0; r < layout.gates * 16; r++) {
          const at = weightsAt + r * (inputs + 16)
          weights.push(...parameters.subarray(at, at + inputs))
        }
        const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length
        const variance = weights.reduce((sum, w) => sum + w * w, 0) / weights.length
        const expected = 1 / inputs
        // Four standard errors.
        expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(expected / weights.length))
        expect(Math.abs(variance / expected - 1)).toBeLessThan(4 * Math.sqrt(2 / weights.length))
      }
    })

    test('biases and read-out are zero but an lstm’s forget bias, which is 1', () => {
      for (const { biasesAt } of layout.layers) {
        const biases = parameters.subarray(biasesAt, biasesAt + layout.biases * 16)
        biases.forEach((b, i) => {
          expect(b).toBe(cell === 'lstm' && Math.floor(i / 16) === 1 ? 1 : 0)
        })
      }
      expect(parameters.subarray(layout.readoutWeightsAt).every((p) => p === 0)).toBe(true)
    })

    test('gains are 1, and everything else is as without them', () => {
      const plain = { ...spec, normalise: false }
      const other = new Float32Array(parameterCount(plain))
      initialise(plain, other, new Random(4))
      let gains = 0
      const rest = parameters.filter((p, i) => {
        const isGain = layout.layers.some(
          ({ gainsAt }) => gainsAt >= 0 && i >= gainsAt && i < gainsAt + layout.biases * 16,
        )
        if (isGain) gains++
        if (isGain) expect(p).toBe(1)
        return !isGain
      })
      expect(gains).toBe(build.normalise ? 2 * layout.biases * 16 : 0)
      expect(rest).toEqual(other)
    })

    test('the same seed gives the same bits, another seed others', () => {
      const again = new Float32Array(parameters.length)
      initialise(spec, again, new Random(4))
      expect(again).toEqual(parameters)
      initialise(spec, again, new Random(5))
      expect(again).not.toEqual(parameters)
    })
  },
)
