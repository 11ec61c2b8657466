import { describe, expect, test } from 'vitest'
import { bitsOf, decisionsFor, NetworkCoder } from '../../../../src/model/symbols/coder.ts'
import { Random } from '../../../../src/random.ts'

const core = new Float64Array(0)

function someDistribution(seed: number, symbols: number): Float64Array {
  const random = new Random(seed)
  const weights = Float64Array.from({ length: symbols }, () => random.uniform() ** 2)
  const sum = weights.reduce((a, b) => a + b)
  return weights.map((weight) => weight / sum)
}

/** P(symbol) as the decisions give it, and what the coder says that it cost. */
function codeOf(distribution: Float64Array, symbol: number): { p: number; bits: number } {
  const coder = new NetworkCoder(distribution.length)
  coder.begin(core, [distribution])
  let p = 1
  for (let i = decisionsFor(distribution.length) - 1; i >= 0; i--) {
    const one = coder.probability()
    expect(one).toBeGreaterThanOrEqual(1)
    expect(one).toBeLessThanOrEqual(65_535)
    const bit = ((symbol >>> i) & 1) as 0 | 1
    p *= (bit === 1 ? one : 65_536 - one) / 65_536
    coder.decide(bit)
  }
  return { p, bits: coder.end() }
}

test('so many decisions tell so many symbols', () => {
  expect([2, 3, 4, 5, 256, 257, 65_536].map(decisionsFor)).toEqual([1, 2, 2, 3, 8, 9, 16])
})

test('bits are −log₂, and finite', () => {
  for (const p of [1, 0.5, 0.3, 1e-9]) expect(bitsOf(p)).toBeCloseTo(-Math.log2(p), 12)
  expect(bitsOf(0)).toBe(1024)
})

describe.each([2, 3, 7, 256])('the distribution of a network over %i symbols', (symbols) => {
  const distribution = someDistribution(symbols, symbols)

  test('is what its decisions make, to within their precision', () => {
    let sum = 0
    for (let symbol = 0; symbol < symbols; symbol++) {
      const { p, bits } = codeOf(distribution, symbol)
      sum += p
      expect(bits).toBeCloseTo(-Math.log2(p), 9)
      expect(Math.abs(p - distribution[symbol]!)).toBeLessThan(1e-3 * distribution[symbol]! + 3e-5)
    }
    expect(sum).toBeGreaterThan(0.999)
    expect(sum).toBeLessThanOrEqual(1 + 1e-12)
  })

  test('has its most likely symbols told first', () => {
    const next = { count: 0, symbols: new Int32Array(5), probabilities: new Float64Array(5) }
    new NetworkCoder(symbols).top(core, [distribution], 5, next)
    const expected = [...distribution].map((p, symbol) => ({ p, symbol }))
    expected.sort((a, b) => b.p - a.p || a.symbol - b.symbol)
    const count = Math.min(5, symbols)
    expect(next.count).toBe(count)
    expect([...next.symbols].slice(0, count)).toEqual(
      expected.slice(0, count).map(({ symbol }) => symbol),
    )
    expect([...next.probabilities].slice(0, count)).toEqual(
      expected.slice(0, count).map(({ p }) => p),
    )
  })
})

test('certainty costs next to nothing, and what was impossible is still coded', () => {
  const sure = new Float64Array(256)
  sure[65] = 1
  expect(codeOf(sure, 65).bits).toBeLessThan(1e-3)
  expect(codeOf(sure, 66).bits).toBeLessThan(8 * 16 + 1)
})
