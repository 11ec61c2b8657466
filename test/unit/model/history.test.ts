import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dimensionsOf } from '../../../src/model/dimensions.ts'
import { linear, logarithmic } from '../../../src/model/domain.ts'
import { History } from '../../../src/model/history.ts'
import { maxLag } from '../../../src/model/lags.ts'
import { ABSENT, Layout } from '../../../src/model/layout.ts'
import { Scaler } from '../../../src/model/scaler.ts'
import { configOf } from './support/driver.ts'

function open(horizons: readonly number[], seasons: readonly number[] = [], targets = ['y']) {
  const d = dimensionsOf(
    configOf({ task: { targets, horizons: [...horizons], seasons: [...seasons] } }),
  )
  const layout = new Layout()
  const domains = [linear, logarithmic]
  const scaler = new Scaler(layout, domains.length * d.targets)
  const history = new History(layout, d, domains, maxLag(d, true))
  const core = new Float64Array(layout.size)
  history.begin(core)
  let t = 0
  const push = (values: readonly (number | null)[], timeMs: number | null = null) => {
    const array = Float64Array.from(values, (value) => value ?? NaN)
    history.push(core, t++, timeMs, array, scaler)
  }
  return { d, history, core, push }
}

describe('History', () => {
  test('holds every value, in either domain, as far back as a learner may ask for it', () => {
    const values = fc.array(fc.option(fc.integer({ min: 0, max: 1000 })), {
      minLength: 1,
      maxLength: 120,
    })
    const property = fc.property(
      fc.constantFrom([1], [1, 5], [7]),
      fc.constantFrom([], [6], [4, 9]),
      values,
      (horizons, seasons, series) => {
        const { d, history, core, push } = open(horizons, seasons)
        for (const value of series) push([value])
        const last = series.length - 1
        for (let back = 0; back <= maxLag(d, true) + d.maxHorizon; back++) {
          const value = series[last - back] ?? null
          const expected = value === null ? ABSENT : value
          expect(history.value(core, 0, 0, last - back)).toBe(expected)
          const image = history.value(core, 1, 0, last - back)
          expect(image).toBe(value === null ? ABSENT : logarithmic.forward(value))
        }
      },
    )
    fc.assert(property)
  })

  test('keeps the moments as they stood at each step, as far back as the longest horizon', () => {
    const { history, core, push } = open([1, 3])
    const means: number[] = []
    let sum = 0
    for (let t = 0; t < 20; t++) {
      push([t * t])
      sum += t * t
      means.push(sum / (t + 1))
      for (let back = 0; back <= Math.min(t, 3); back++) {
        expect(history.mean(core, 0, 0, t - back)).toBeCloseTo(means[t - back]!, 9)
      }
    }
  })

  test('a negative value ends the logarithm of its target for good, and only its own', () => {
    const { history, core, push } = open([1], [], ['a', 'b'])
    push([1, 1])
    expect(history.holds(core, 1, 0)).toBe(true)
    push([-1, 2])
    push([3, 3])
    expect(history.holds(core, 0, 0)).toBe(true)
    expect(history.holds(core, 1, 0)).toBe(false)
    expect(history.holds(core, 1, 1)).toBe(true)
    expect(history.value(core, 1, 0, 1)).toBe(ABSENT)
    expect(history.value(core, 1, 0, 2)).toBe(ABSENT)
    expect(history.value(core, 1, 1, 2)).toBe(logarithmic.forward(3))
  })

  test('no domain holds, and no forecast has an origin, before the first value', () => {
    const { history, core, push } = open([1])
    push([null])
    expect(history.holds(core, 0, 0)).toBe(false)
    expect(history.origin(core, 0, 0)).toBe(ABSENT)
    expect(history.newest(core, 0)).toBe(ABSENT)
    push([5])
    expect(history.holds(core, 0, 0)).toBe(true)
    expect(history.origin(core, 0, 1)).toBe(5)
  })

  test('a forecast starts from the newest value, from the mean where that is long ago', () => {
    const { history, core, push } = open([3])
    push([2])
    push([10])
    for (let t = 2; t < 20; t++) {
      push([null])
      // Values are kept for eight steps, and a step keeps its origin until its target arrives.
      for (let back = 0; back <= Math.min(3, t - 1); back++) {
        const step = t - back
        expect(history.origin(core, 0, step)).toBe(step < 9 ? 10 : 6)
      }
    }
    expect(history.newest(core, 0)).toBe(10)
  })

  test('the step is the median of the nine newest positive ones, whatever the order', () => {
    const { history, core, push } = open([2])
    const times = [0, 30, 60, 50, 50, 1000, 1030, 1061, 1090]
    for (const time of times) push([1], time)
    // Positive steps: 30, 30, 950, 30, 31, 29.
    const last = times.length - 1
    expect(history.timeAfter(core, last, 0)).toBe(1090)
    expect(history.timeAfter(core, last, 2)).toBe(1090 + 2 * 30)
    for (let i = 1; i <= 9; i++) push([1], 1090 + 7 * i)
    expect(history.timeAfter(core, last + 9, 2)).toBe(1090 + 63 + 14)
  })

  test('the median is that of all while there are few', () => {
    const deltas = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 40 })
    const property = fc.property(deltas, (list) => {
      const { history, core, push } = open([1])
      let time = 1000
      push([0], time)
      for (const delta of list) {
        time += delta
        push([0], time)
      }
      const newest = list.filter((delta) => delta > 0).slice(-9)
      const sorted = newest.sort((a, b) => a - b)
      const median = sorted[(sorted.length - 1) >> 1]
      const expected = median === undefined ? ABSENT : time + median
      expect(history.timeAfter(core, list.length, 1)).toBe(expected)
    })
    fc.assert(property)
  })

  test('there is no target time without event time or before a first step', () => {
    const { history, core, push } = open([1])
    push([1])
    expect(history.timeAfter(core, 0, 0)).toBe(ABSENT)
    push([1], 500)
    expect(history.timeAfter(core, 1, 0)).toBe(500)
    expect(history.timeAfter(core, 1, 1)).toBe(ABSENT)
    push([1], 500)
    expect(history.timeAfter(core, 2, 1)).toBe(ABSENT)
    push([1])
    expect(history.timeAfter(core, 3, 0)).toBe(ABSENT)
  })

  test('learns how far each target moves within each horizon', () => {
    const { history, core, push } = open([1, 2])
    const series = [0, 1, 4, 9, 16, 25]
    for (const value of series) push([value])
    const size = (list: number[]) =>
      Math.sqrt(list.reduce((sum, value) => sum + value * value, 0) / list.length)
    expect(history.changeScale(core, 0, 5)).toBeCloseTo(size([1, 3, 5, 7, 9]), 9)
    expect(history.changeScale(core, 1, 5)).toBeCloseTo(size([4, 8, 12, 16]), 9)
    expect(history.changeScale(core, 1, 4)).toBeCloseTo(size([4, 8, 12]), 9)
  })
})
