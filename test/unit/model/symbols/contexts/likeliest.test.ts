import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LikeliestSymbols } from '../../../../../src/model/symbols/contexts/likeliest.ts'
import { nextOf } from './support/coding.ts'

/** Probability of a one at a node of the tree over these leaves. */
function oneIn(leaves: readonly number[], depth: number) {
  const below = (node: number, decided: number): number => {
    const width = 2 ** (depth - decided)
    const from = node * width - leaves.length
    return leaves.slice(from, from + width).reduce((sum, p) => sum + p, 0)
  }
  return (node: number, decided: number): number => {
    const all = below(node, decided)
    return all > 0 ? below(2 * node + 1, decided + 1) / all : 0
  }
}

describe('LikeliestSymbols', () => {
  test('finds the largest of any distribution', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 16, maxLength: 16 })
    const search = new LikeliestSymbols(4)
    const property = fc.property(weights, fc.integer({ min: 1, max: 16 }), (drawn, k) => {
      const total = drawn.reduce((sum, w) => sum + w, 0)
      fc.pre(total > 0)
      const leaves = drawn.map((w) => w / total)
      const next = nextOf(16)
      search.search(oneIn(leaves, 4), k, next)
      const expected = leaves.filter((p) => p > 0).toSorted((a, b) => b - a)
      expect(next.count).toBe(Math.min(k, expected.length))
      for (let i = 0; i < next.count; i++) {
        expect(next.probabilities[i]).toBeCloseTo(expected[i]!, 12)
        expect(leaves[next.symbols[i]!]).toBeCloseTo(expected[i]!, 12)
      }
    })
    fc.assert(property)
  })

  test('asks for a bounded number of nodes where all symbols are alike', () => {
    let looks = 0
    const next = nextOf(5)
    new LikeliestSymbols(16).search(
      () => {
        looks++
        return 0.5
      },
      5,
      next,
    )
    expect(next.count).toBe(5)
    expect(new Set(next.symbols).size).toBe(5)
    for (const p of next.probabilities) expect(p).toBe(2 ** -16)
    expect(looks).toBeLessThan(1200)
  })
})
