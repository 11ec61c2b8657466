import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Aggregator, Boa, combine, MlPoly } from '../../src/model/aggregation.ts'
import { ABSENT, Layout } from '../../src/model/layout.ts'

/** What every aggregator must do, whatever has happened to it: for `SLOTS` slots, `M` members. */
const SLOTS = 2
const M = 5

const aggregators: Readonly<Record<string, (layout: Layout) => Aggregator>> = {
  'ML-Poly, nothing forgotten': (layout) => new MlPoly(layout, SLOTS, M, 1),
  'ML-Poly': (layout) => new MlPoly(layout, SLOTS, M, 0.98),
  'BOA, nothing forgotten': (layout) => new Boa(layout, SLOTS, M, 1),
  BOA: (layout) => new Boa(layout, SLOTS, M, 0.98),
}

const regret = fc.oneof(
  fc.double({ min: -3, max: 3, noNaN: true }),
  fc.constantFrom(0, 1e3, -1e3, 5e-324),
)
const round = fc.tuple(regret, regret, regret, regret, regret)
const history = fc.array(round, { maxLength: 300 })
const value = fc.oneof(fc.double({ min: -1e15, max: 1e15, noNaN: true }), fc.constant(ABSENT))
const members = fc.tuple(value, value, value, value, value)

function learnt(open: (layout: Layout) => Aggregator, rounds: readonly (readonly number[])[]) {
  const layout = new Layout()
  layout.claim(2)
  const aggregator = open(layout)
  layout.claim(2)
  const core = new Float64Array(layout.size)
  for (const regrets of rounds) aggregator.learn(core, 1, Float64Array.from(regrets))
  const weigh = (list: readonly number[], slot = 1) => {
    const out = new Float64Array(M).fill(NaN)
    aggregator.weigh(core, slot, Float64Array.from([0, ...list]), 1, out)
    return out
  }
  return { aggregator, core, weigh }
}

for (const [name, open] of Object.entries(aggregators)) {
  describe(`aggregator: ${name}`, () => {
    test('weights are ≥ 0, sum to 1 over those present, and are 0 for those absent', () => {
      const property = fc.property(history, members, (rounds, list) => {
        const { weigh } = learnt(open, rounds)
        const weights = weigh(list)
        const present = list.filter((member) => member !== ABSENT).length
        list.forEach((member, i) => {
          if (member === ABSENT) expect(weights[i]).toBe(0)
          else expect(weights[i]).toBeGreaterThan(0)
        })
        const sum = weights.reduce((total, weight) => total + weight, 0)
        expect(sum).toBeCloseTo(present === 0 ? 0 : 1, 12)
      })
      fc.assert(property, { numRuns: 200 })
    })

    test('what it combines lies between the members', () => {
      const property = fc.property(history, members, (rounds, list) => {
        const values = Float64Array.from(list)
        const mixture = combine(learnt(open, rounds).weigh(list), values, 0, M)
        const present = list.filter((member) => member !== ABSENT)
        if (present.length === 0) {
          expect(mixture).toBe(ABSENT)
          return
        }
        const slack = 1e-300 + 1e-12 * Math.max(...present.map(Math.abs))
        expect(mixture).toBeGreaterThanOrEqual(Math.min(...present) - slack)
        expect(mixture).toBeLessThanOrEqual(Math.max(...present) + slack)
      })
      fc.assert(property, { numRuns: 200 })
    })

    test('its state stays finite, within its own places and its own slot', () => {
      const property = fc.property(history, (rounds) => {
        const { core, weigh } = learnt(open, rounds)
        for (const number of core) expect(Number.isFinite(number)).toBe(true)
        expect([...core.subarray(0, 2), ...core.subarray(-2)]).toEqual([0, 0, 0, 0])
        expect([...weigh([1, 2, 3, 4, 5], 0)]).toEqual([...learnt(open, []).weigh([1, 2, 3, 4, 5])])
      })
      fc.assert(property, { numRuns: 100 })
    })

    test('before it has learnt anything, all who are present weigh the same', () => {
      const { weigh } = learnt(open, [])
      for (const weight of weigh([1, 2, 3, 4, 5])) expect(weight).toBeCloseTo(0.2, 12)
      expect([...weigh([1, ABSENT, ABSENT, 4, ABSENT])]).toEqual([0.5, 0, 0, 0.5, 0])
    })

    test('weighing changes nothing', () => {
      const { core, weigh } = learnt(open, [[1, -1, 0.5, 0, 2]])
      const before = core.slice()
      weigh([1, 2, 3, 4, 5])
      expect(core).toEqual(before)
    })

    test('who is regretted more weighs more', () => {
      const { weigh } = learnt(
        open,
        Array.from({ length: 50 }, () => [0.4, 0.2, 0, -0.2, -0.4]),
      )
      const weights = [...weigh([1, 2, 3, 4, 5])]
      expect(weights[0]).toBeGreaterThan(weights[2]!)
      expect(weights[2]).toBeGreaterThanOrEqual(weights[4]!)
    })
  })
}
