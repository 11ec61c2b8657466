import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instantiate } from '../../../src/kernels/module.ts'
import { Random } from '../../../src/random.ts'
import { randomise } from './fixtures.ts'
import { bitsOf } from './shapes.ts'

const PANEL = 8
/** Floats in a cache line; a panel takes an odd number of them. */
const LINE = 16

interface Case {
  readonly rows: number
  readonly depth: number
  readonly panels: number
  /** Whether rows are named, in another order, or counted. */
  readonly named: boolean
  /** Whether all begin with one row, or with what is there. */
  readonly begun: boolean
  readonly seed: number
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  rows: fc.integer({ min: 1, max: 13 }),
  // A product is cut at a depth of 384.
  depth: fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom(383, 384, 385, 767, 768, 769, 1000),
  ),
  panels: fc.integer({ min: 1, max: 9 }),
  named: fc.boolean(),
  begun: fc.boolean(),
  seed: fc.nat(),
})

/**
 * One product in rows of a tape with room between them. Returns the tape of results, and the same
 * with every sum carried out in single precision, in the order of the depth.
 */
function multiply({ rows, depth, panels, named, begun, seed }: Case) {
  const { exports, arena } = instantiate()
  const random = new Random(seed)
  const columns = PANEL * panels
  const panel = LINE * (Math.ceil((PANEL * depth) / LINE) | 1)
  const [aStride, cStride] = [depth + 3, columns + 8]
  const tape = rows + 2
  const place = (count: number) => {
    const at = arena.allocate(4 * count)
    randomise(arena.float32.subarray(at / 4, at / 4 + count), random)
    return at
  }
  const a = place(tape * aStride)
  const weights = place(panels * panel)
  const from = place(columns)
  const c = place(tape * cStride)
  const index = arena.allocate(4 * rows)
  const rowAt = (i: number) => (named ? rows + 1 - i : i)
  for (let i = 0; i < rows; i++) arena.int32[index / 4 + i] = rowAt(i)
  const view = (at: number, count: number) => arena.float32.subarray(at / 4, at / 4 + count)
  const result = view(c, tape * cStride)
  const expected = result.slice()
  const [left, right, start] = [
    view(a, tape * aStride),
    view(weights, panels * panel),
    view(from, columns),
  ]
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = rowAt(i) * cStride + j
      let sum = begun ? start[j]! : expected[at]!
      for (let k = 0; k < depth; k++) {
        const weight = right[Math.floor(j / PANEL) * panel + PANEL * k + (j % PANEL)]!
        sum = Math.fround(sum + Math.fround(left[rowAt(i) * aStride + k]! * weight))
      }
      expected[at] = sum
    }
  }
  const [names, first] = [named ? index : 0, begun ? from : 0]
  exports.product(rows, names, a, 4 * aStride, depth, weights, panels, first, c, 4 * cStride)
  return { result, expected }
}

// The order of a sum is part of the promise: each is the one over the depth, rounded term by term.
test('a product has the bits of its definition in any tiles and touches nothing else', () => {
  const any = fc.property(anyCase, (shape) => {
    const { result, expected } = multiply(shape)
    expect(bitsOf(result)).toBe(bitsOf(expected))
  })
  fc.assert(any, { seed: 43, numRuns: 150 })
})
