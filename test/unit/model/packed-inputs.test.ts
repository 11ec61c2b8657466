import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type InputGroups, PackedInputs } from '../../../src/model/packed-inputs.ts'

/** Just below the clip of 8. */
const LARGEST = 32767 / 4096

const size = fc.nat({ max: 4 })
const groupsArbitrary = fc.record({
  flagged: size,
  plain: size,
  flaggedAhead: size,
  plainRest: size,
})

/** Draws an input vector of these groups. */
function vectorOf(groups: InputGroups, draw: () => number): Float32Array {
  const { flagged, plain, flaggedAhead, plainRest } = groups
  const pairs = (count: number) =>
    Array.from({ length: count }, () => {
      const isMissing = draw() > 6
      return isMissing ? [0, 1] : [draw(), 0]
    })
  const singles = (count: number) => Array.from({ length: count }, draw)
  return Float32Array.from([
    ...pairs(flagged).flat(),
    ...singles(plain),
    ...pairs(flaggedAhead).flat(),
    ...singles(plainRest),
  ])
}

describe('PackedInputs', () => {
  test('gives back the rounded vector to the bit, next to others, by less than 1e−5', () => {
    const numbers = fc.double({ min: -8, max: 8, noNaN: true })
    const property = fc.property(groupsArbitrary, fc.gen(), (groups, g) => {
      const inputs = new PackedInputs(groups)
      const draw = () => g(() => numbers)
      const memory = {
        int16: new Int16Array(3 * inputs.size),
        bytes: new Uint8Array(3 * inputs.lowBytes),
      }
      const packed = [0, 1, 2].map((i) => {
        const x = vectorOf(groups, draw)
        const exact = x.slice()
        inputs.pack(x, memory, i * inputs.size, i * inputs.lowBytes)
        x.forEach((value, j) => {
          const bound = Math.max(-LARGEST, Math.min(exact[j]!, LARGEST))
          expect(Math.abs(value - bound)).toBeLessThanOrEqual(2 ** -17)
        })
        return x
      })
      packed.forEach((x, i) => {
        const out = new Float32Array(x.length + 2).fill(9)
        inputs.unpack(memory, i * inputs.size, i * inputs.lowBytes, out, 1)
        expect([...out]).toEqual([9, ...x, 9])
      })
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('tells what is missing from every value, the most extreme ones too', () => {
    const inputs = new PackedInputs({ flagged: 4, plain: 0, flaggedAhead: 0, plainRest: 0 })
    const memory = { int16: new Int16Array(4), bytes: new Uint8Array(2) }
    const x = Float32Array.of(-8, 0, 8, 0, 0, 1, -0, 0)
    inputs.pack(x, memory, 0, 0)
    expect([...x]).toEqual([-LARGEST, 0, LARGEST, 0, 0, 1, 0, 0])
  })
})
