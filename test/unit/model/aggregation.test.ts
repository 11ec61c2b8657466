import { describe, expect, test } from 'vitest'
import { type Aggregator, Boa, combine, Hedge, MlPoly } from '../../../src/model/aggregation.ts'
import { ABSENT, Layout } from '../../../src/model/layout.ts'
import { Random } from '../../../src/random.ts'

const M = 4
const DISCOUNT = 0.95

/** Σ_s discount^(n − 1 − s) × value_s: what a discounted sum is, written out. */
function discounted(values: readonly number[]): number {
  const n = values.length
  return values.reduce((sum, value, s) => sum + DISCOUNT ** (n - 1 - s) * value, 0)
}

function normalised(raw: readonly number[]): number[] {
  const sum = raw.reduce((total, value) => total + value, 0)
  return raw.map((value) => 0.999 * (sum > 0 ? value / sum : 0.25) + 0.001 * 0.25)
}

function weightsOf(
  aggregator: Pick<Aggregator, 'weigh'>,
  core: Float64Array,
  slot: number,
  members = new Float64Array(M).fill(1),
): number[] {
  const out = new Float64Array(M)
  aggregator.weigh(core, slot, members, 0, out)
  return [...out]
}

/** Rounds of random regrets for slot 1 of two, with what brute force says after each. */
function run(
  open: (layout: Layout) => Aggregator,
  expectedOf: (history: readonly number[][]) => number[],
): void {
  const layout = new Layout()
  layout.claim(3)
  const aggregator = open(layout)
  const core = new Float64Array(layout.size)
  const random = new Random(4)
  const history: number[][] = Array.from({ length: M }, () => [])
  expect(weightsOf(aggregator, core, 1)).toEqual([0.25, 0.25, 0.25, 0.25])
  for (let round = 0; round < 200; round++) {
    const regrets = Float64Array.from({ length: M }, (_, i) => random.normal() + 0.2 * (i - 2))
    regrets.forEach((regret, i) => {
      history[i]!.push(regret)
    })
    aggregator.learn(core, 1, regrets)
    const expected = expectedOf(history)
    weightsOf(aggregator, core, 1).forEach((weight, i) => {
      expect(weight).toBeCloseTo(expected[i]!, 10)
    })
  }
  expect(weightsOf(aggregator, core, 0)).toEqual([0.25, 0.25, 0.25, 0.25])
}

describe('ML-Poly', () => {
  test('weighs by positive discounted regret over the sum of its squares', () => {
    run(
      (layout) => new MlPoly(layout, 2, M, DISCOUNT),
      (history) => {
        const raw = history.map(
          (regrets) =>
            Math.max(discounted(regrets), 0) / (1 + discounted(regrets.map((r) => r * r))),
        )
        return raw.some((value) => value > 0) ? normalised(raw) : [0.25, 0.25, 0.25, 0.25]
      },
    )
  })
})

describe('BOA', () => {
  test('weighs by rate × exp(rate × discounted second-order regret), each its own rate', () => {
    run(
      (layout) => new Boa(layout, 2, M, DISCOUNT),
      (history) => {
        const raw = history.map((regrets) => {
          const rateBefore = (n: number) => {
            const squares = regrets.slice(0, n).map((r) => r * r)
            return Math.min(0.5, Math.sqrt(Math.log(M) / (1 + discounted(squares))))
          }
          const surrogates = regrets.map((r, n) => r - rateBefore(n) * r * r)
          const rate = rateBefore(regrets.length)
          return rate * Math.exp(rate * discounted(surrogates))
        })
        return normalised(raw)
      },
    )
  })
})

describe('hedge', () => {
  test('weighs by the exponential of minus the discounted loss', () => {
    const layout = new Layout()
    const hedge = new Hedge(layout, 2, M, DISCOUNT, 0.5)
    const core = new Float64Array(layout.size)
    const random = new Random(5)
    const history: number[][] = Array.from({ length: M }, () => [])
    for (let round = 0; round < 200; round++) {
      const losses = Float64Array.from({ length: M }, () => 2 * random.uniform())
      losses.forEach((loss, i) => {
        history[i]!.push(loss)
      })
      hedge.learn(core, 1, losses)
      const raw = history.map((list) => Math.exp(-0.5 * discounted(list)))
      const sum = raw.reduce((total, value) => total + value, 0)
      weightsOf(hedge, core, 1).forEach((weight, i) => {
        expect(weight).toBeCloseTo(raw[i]! / sum, 10)
      })
    }
    expect(weightsOf(hedge, core, 0)).toEqual([0.25, 0.25, 0.25, 0.25])
  })

  test('gives an absent candidate nothing and the others all', () => {
    const layout = new Layout()
    const hedge = new Hedge(layout, 1, M, DISCOUNT, 0.5)
    const core = new Float64Array(layout.size)
    const weights = weightsOf(hedge, core, 0, Float64Array.of(1, ABSENT, 2, ABSENT))
    expect(weights).toEqual([0.5, 0, 0.5, 0])
    expect(weightsOf(hedge, core, 0, new Float64Array(M).fill(ABSENT))).toEqual([0, 0, 0, 0])
  })
})

describe('aggregators of many members', () => {
  for (const Kind of [MlPoly, Boa]) {
    const { name } = Kind
    const open = (layout: Layout) => new Kind(layout, 1, M, 0.995)

    test(`${name} finds the one member that is right`, () => {
      const layout = new Layout()
      const aggregator = open(layout)
      const core = new Float64Array(layout.size)
      for (let i = 0; i < 500; i++) {
        aggregator.learn(core, 0, Float64Array.of(-0.5, -0.2, 0.4, -1))
      }
      expect(weightsOf(aggregator, core, 0)[2]).toBeGreaterThan(0.95)
    })

    test(`${name} finds another member again when that becomes right`, () => {
      const layout = new Layout()
      const aggregator = open(layout)
      const core = new Float64Array(layout.size)
      for (let i = 0; i < 5000; i++) aggregator.learn(core, 0, Float64Array.of(1, -1, -1, -1))
      for (let i = 0; i < 1500; i++) aggregator.learn(core, 0, Float64Array.of(-1, 1, -1, -1))
      expect(weightsOf(aggregator, core, 0)[1]).toBeGreaterThan(0.9)
    })
  }

  test('the gradient trick finds the best combination where no single member is good', () => {
    const layout = new Layout()
    const aggregator = new MlPoly(layout, 1, 2, 0.999)
    const core = new Float64Array(layout.size)
    const random = new Random(6)
    const out = new Float64Array(2)
    let error = 0
    for (let i = 0; i < 4000; i++) {
      const truth = random.normal()
      const members = Float64Array.of(truth + 1, truth - 1)
      aggregator.weigh(core, 0, members, 0, out)
      const mixture = combine(out, members, 0, 2)
      if (i >= 2000) error += Math.abs(mixture - truth) / 2000
      const slope = Math.sign(mixture - truth)
      aggregator.learn(
        core,
        0,
        members.map((value) => slope * (mixture - value)),
      )
    }
    expect(error).toBeLessThan(0.15)
  })
})

test('combine is the weighted sum of those present, ABSENT without any', () => {
  const weights = Float64Array.of(0.5, 0, 0.5)
  expect(combine(weights, Float64Array.of(9, 2, ABSENT, 6), 1, 3)).toBe(4)
  expect(combine(weights, new Float64Array(4).fill(ABSENT), 1, 3)).toBe(ABSENT)
})
