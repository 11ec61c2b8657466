import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dimensionsOf } from '../../../src/model/dimensions.ts'
import { linear, logarithmic } from '../../../src/model/domain.ts'
import { History } from '../../../src/model/history.ts'
import { maxLag } from '../../../src/model/lags.ts'
import { ABSENT, Layout } from '../../../src/model/layout.ts'
import { Scaler } from '../../../src/model/scaler.ts'
import { Random } from '../../../src/random.ts'
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

/** The clock's count of each step, as told when it came. */
function clocksOf(seconds: readonly (number | null)[]): number[] {
  const { history, core, push } = open([1])
  return seconds.map((second, t) => {
    push([1], second === null ? null : 1000 * second)
    return history.clockOf(core, t)
  })
}

function regular(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i)
}

describe('the clock', () => {
  test('counts the steps that are missing in a regular sequence', () => {
    const present = fc.array(fc.boolean(), { minLength: 1, maxLength: 200 })
    const property = fc.property(present, (more) => {
      // Gaps that are the rule, not the exception, are steps.
      const rows = [...regular(0, 12), ...more.flatMap((is, i) => (is ? [12 + i] : []))]
      const spacings = rows.map((row, i) => (i === 0 ? 1 : row - rows[i - 1]!))
      const isRule = (i: number) => spacings.slice(i - 8, i + 1).filter((d) => d > 1).length > 3
      fc.pre(!rows.some((_, i) => i >= 12 && isRule(i)))
      expect(clocksOf(rows)).toEqual(rows)
    })
    fc.assert(property)
  })

  test('tells of each of the steps up to the longest horizon ago', () => {
    const { history, core, push } = open([1, 5])
    const rows = [...regular(0, 12), 15, 16, 20]
    for (const row of rows) push([1], 1000 * row)
    const last = rows.length - 1
    for (let back = 0; back <= 5; back++) {
      expect(history.clockOf(core, last - back)).toBe(rows[last - back])
    }
  })

  test('bears spacings that differ by up to a twentieth, and gaps among them', () => {
    const random = new Random(4)
    const jitter = (size: number) => size * (2 * random.uniform() - 1)
    const rows = regular(0, 2000).filter((i) => i < 12 || random.uniform() > 0.04)
    // A spacing of 1 is one of 0.976 to 1.024.
    expect(clocksOf(rows.map((row) => row + jitter(0.012)))).toEqual(rows)
    // One of 0.952 to 1.048 may be counted wrong, but that does not last.
    const clocks = clocksOf(rows.map((row) => row + jitter(0.024)))
    const right = rows.filter((row, i) => clocks[i] === row)
    expect(right.length / rows.length).toBeGreaterThan(0.99)
    expect(clocks.at(-1)).toBe(rows.at(-1))
  })

  test('counts own steps without event time, among irregular times and before a step', () => {
    const own = regular(0, 300)
    expect(clocksOf(own.map(() => null))).toEqual(own)
    expect(clocksOf([0, 100])).toEqual([0, 1])
    const random = new Random(5)
    let at = 0
    const irregular = own.map(() => (at -= Math.log(random.uniform())))
    expect(clocksOf(irregular)).toEqual(own)
  })

  test('takes a step between two others, or twice at the same time, for a step of its own', () => {
    const rows = [...regular(0, 12), 11.4, 12, 12, 13]
    expect(clocksOf(rows)).toEqual(regular(0, 16))
  })

  test('is not led astray by one step that is late', () => {
    const rows = [...regular(0, 12), 12.4, 13, 14]
    expect(clocksOf(rows)).toEqual(regular(0, 15))
  })

  test('goes on by the time after an irregular patch', () => {
    const patch = [11.3, 12.2, 13.9, 14.6, 16.1, 17.8, 18.2, 19.5]
    const after = regular(21, 40)
    const clocks = clocksOf([...regular(0, 12), ...patch, ...after])
    expect(clocks.slice(12, 20)).toEqual(regular(12, 8))
    // Most of the nine newest spacings have to be regular again.
    expect(clocks.slice(-30)).toEqual(after.slice(-30))
    expect([...clocks].sort((a, b) => a - b)).toEqual(clocks)
  })

  test('after a patch of more steps than time counts on from there, gaps included', () => {
    const random = new Random(6)
    const patch = Array.from({ length: 50 }, () => 11 + random.uniform()).sort((a, b) => a - b)
    const after = [...regular(12, 20), ...regular(40, 5)]
    const clocks = clocksOf([...regular(0, 12), ...patch, ...after])
    const first = 12 + patch.length
    expect(clocks.slice(first, first + 20)).toEqual(regular(first, 20))
    expect(clocks.slice(first + 20)).toEqual(regular(first + 28, 5))
  })

  test('follows a step that has become another', () => {
    const slower = Array.from({ length: 30 }, (_, i) => 21 + 10 * i)
    const clocks = clocksOf([...regular(0, 12), ...slower])
    for (let i = 1; i <= 10; i++) expect(clocks.at(-i)! - clocks.at(-i - 1)!).toBe(1)
    const faster = Array.from({ length: 30 }, (_, i) => 11 + (i + 1) / 10)
    expect(clocksOf([...regular(0, 12), ...faster])).toEqual(regular(0, 42))
  })

  test.each([1e6 - 1, 1e6])('counts a gap of %d steps', (gap) => {
    const rows = [...regular(0, 12), ...regular(11 + gap, 5)]
    expect(clocksOf(rows)).toEqual(rows)
  })

  test('makes one step of a longer gap, and counts those after it', () => {
    const far = 2e6
    const rows = [...regular(0, 12), ...regular(far, 12), ...regular(far + 20, 3)]
    expect(clocksOf(rows)).toEqual([...regular(0, 24), ...regular(32, 3)])
  })

  test.each([
    ['was ahead for once', [1000]],
    ['was set back for good', regular(-1000, 12)],
  ])('counts gaps again after the time %s', (_, astray) => {
    const first = astray.length === 1 ? 12 : astray.at(-1)! + 1
    const rows = [...regular(0, 12), ...astray, ...regular(first, 12), ...regular(first + 20, 3)]
    const clocks = clocksOf(rows)
    expect(clocks.slice(-12).map((clock, i) => clock - clocks.at(-12 + i - 1)!)).toEqual([
      ...Array(9).fill(1),
      9,
      1,
      1,
    ])
  })

  test('does not go back with the time, and counts on once that has caught up', () => {
    const rows = [...regular(0, 12), 8, 11, 12, 13, ...regular(18, 3)]
    const clocks = clocksOf(rows)
    expect(clocks.slice(0, 16)).toEqual(regular(0, 16))
    expect(clocks.slice(16)).toEqual(regular(20, 3))
  })

  test('takes one more with every step, whatever the times', () => {
    const time = fc.option(fc.oneof(fc.integer({ min: -50, max: 50 }), fc.integer()))
    const property = fc.property(fc.array(time, { maxLength: 60 }), (times) => {
      const clocks = clocksOf(times)
      clocks.forEach((clock, t) => {
        expect(Number.isInteger(clock)).toBe(true)
        if (t > 0) expect(clock).toBeGreaterThan(clocks[t - 1]!)
      })
    })
    fc.assert(property)
  })
})

describe('lateness', () => {
  test('is the logarithm of a step over the usual one', () => {
    const { history, core, push } = open([2])
    const last = (t: number, second: number | null) => {
      push([1], second === null ? null : 1000 * second)
      return history.lateness(core, t)
    }
    for (let t = 0; t < 9; t++) expect(last(t, t)).toBe(0)
    expect(last(9, 11)).toBeCloseTo(Math.log(3), 12)
    expect(last(10, 11.5)).toBeCloseTo(Math.log(0.5), 12)
    // As long ago as the step before is remembered.
    expect(history.lateness(core, 9)).toBeCloseTo(Math.log(3), 12)
    expect(last(11, 11.5)).toBe(0)
    expect(last(12, 11)).toBe(0)
    expect(last(13, null)).toBe(0)
    expect(last(14, 15)).toBe(0)
    expect(last(15, 1e9)).toBe(8)
    expect(last(16, 1e9 + 1e-5)).toBe(-8)
  })

  test('is 0 without event time', () => {
    const { history, core, push } = open([1])
    for (let t = 0; t < 5; t++) {
      push([1])
      expect(history.lateness(core, t)).toBe(0)
    }
  })
})
