import { describe, expect, test } from 'vitest'
import { Layout } from '../../../../../src/model/layout.ts'
import { SHORTEST_MATCH, SymbolRing } from '../../../../../src/model/symbols/contexts/ring.ts'
import { PAGE_WORDS, PageTable } from '../../../../../src/model/symbols/pages.ts'

function open(bits: number) {
  const layout = new Layout()
  const headsAt = Math.ceil(2 ** (bits - 1) / PAGE_WORDS) * PAGE_WORDS
  const pages = new PageTable(headsAt + 2 ** (bits - 1))
  const ring = new SymbolRing(layout, pages, bits, 0, headsAt)
  const begin = () => {
    const core = new Float64Array(layout.size)
    ring.reset(core)
    return core
  }
  const push = (core: Float64Array, symbols: Iterable<number>) => {
    for (const symbol of symbols) {
      pages.record++
      ring.push(core, symbol)
    }
  }
  return { ring, begin, push, pages }
}

/** Numbers of which no six in a row come twice. */
const counting = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i)

describe('SymbolRing', () => {
  test('expects what followed the same symbols, and counts how many agree', () => {
    const { ring, begin, push } = open(12)
    const core = begin()
    push(core, counting(100, 60))
    expect(ring.expected(core)).toBe(-1)
    push(core, counting(110, SHORTEST_MATCH - 1))
    expect(ring.expected(core)).toBe(-1)
    push(core, [110 + SHORTEST_MATCH - 1])
    expect(ring.expected(core)).toBe(110 + SHORTEST_MATCH)
    expect(ring.matched(core)).toBe(SHORTEST_MATCH)
    push(core, [110 + SHORTEST_MATCH])
    expect(ring.matched(core)).toBe(SHORTEST_MATCH + 1)
    push(core, [7])
    expect(ring.expected(core)).toBe(-1)
  })

  test('keeps the symbols of a sequence side by side while others write too', () => {
    const { ring, begin, push } = open(12)
    const [one, two] = [begin(), begin()]
    for (let i = 0; i < 200; i++) {
      push(one, [1000 + i])
      push(two, [5000 + i])
    }
    const third = begin()
    push(third, counting(1040, SHORTEST_MATCH))
    let misses = 0
    for (const symbol of counting(1040 + SHORTEST_MATCH, 96)) {
      if (ring.expected(third) !== symbol) misses++
      push(third, [symbol])
    }
    // A match leads beyond the end of a run of 32 before it finds the next.
    expect(misses).toBeLessThanOrEqual(4)
  })

  test('forgets what the ring no longer holds, and what a sequence was in at its end', () => {
    const { ring, begin, push } = open(10)
    const core = begin()
    push(core, counting(1, 50))
    push(core, counting(2000, 1100))
    push(core, counting(10, SHORTEST_MATCH + 2))
    expect(ring.expected(core)).toBe(-1)
    push(core, counting(3060, SHORTEST_MATCH))
    expect(ring.expected(core)).toBe(3060 + SHORTEST_MATCH)
    ring.reset(core)
    expect(ring.expected(core)).toBe(-1)
  })

  test('a short sequence is found once it has ended', () => {
    const { ring, begin, push } = open(10)
    const other = begin()
    push(other, counting(3000, 100))
    const short = begin()
    push(short, counting(50, 12))
    ring.reset(short)
    push(short, counting(50, SHORTEST_MATCH))
    expect(ring.expected(short)).toBe(50 + SHORTEST_MATCH)
  })
})
