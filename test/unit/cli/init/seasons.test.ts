import { describe, expect, test } from 'vitest'
import { findSeasons, likeness, prepareSeries } from '../../../../src/cli/init/seasons.ts'
import { gaussian, hourMs } from './support.ts'

const maxValues = 40_000

function found(values: readonly number[] | readonly number[][], stepMs: number | null = null) {
  const series = values.map((one) => (Array.isArray(one) ? one : [one]))
  const many = Array.isArray(values[0]) ? series : [values as number[]]
  const prepared = prepareSeries(
    many.map((one) => Float64Array.from(one)),
    maxValues,
  )
  return findSeasons(prepared, stepMs)
}

const kept = (findings: ReturnType<typeof found>) =>
  findings.filter(({ isKept }) => isKept).map(({ steps }) => steps)

const rows = (count: number, at: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => at(i))

const wave = (i: number, period: number) => Math.sin((2 * Math.PI * i) / period)

describe('without a calendar', () => {
  test.each([5, 7, 24, 37, 96])('a beat of %i steps is found below noise and a trend', (period) => {
    const g = gaussian(period)
    const values = rows(20 * period, (i) => 3 * wave(i, period) + i / period + g())
    expect(kept(found(values))).toEqual([period])
  })

  test('a sharp pattern of a week of days is found', () => {
    const g = gaussian(3)
    const values = rows(90, (i) => [0, 1, 1, 2, 1, 5, 6][i % 7]! + 0.5 * g())
    expect(kept(found(values))).toEqual([7])
  })

  test('a day that is not the same all week has a second season', () => {
    const g = gaussian(4)
    const values = rows(1500, (i) => wave(i, 24) * (Math.floor(i / 24) % 7 < 5 ? 1 : 0.3) + g() / 5)
    expect(kept(found(values))).toEqual([24, 168])
  })

  test('two humps a day do not make half a day a season', () => {
    const g = gaussian(5)
    const values = rows(600, (i) => wave(i, 24) + 1.2 * wave(i, 12) + 0.3 * g())
    expect(kept(found(values))).toEqual([24])
  })

  test('noise, a random walk and what reverts to its mean have none, but for a rare chance', () => {
    const walks = [0, 0.9, 1].map((memory) => {
      let mistaken = 0
      for (let seed = 0; seed < 60; seed++) {
        const g = gaussian(100 + seed)
        let value = 0
        const values = rows(300, () => {
          value = memory * value + g()
          return value
        })
        if (found(values).length > 0) mistaken++
      }
      return mistaken
    })
    expect(walks[0]).toBe(0)
    expect(walks[1]).toBeLessThanOrEqual(4)
    expect(walks[2]).toBeLessThanOrEqual(4)
  })

  test('too few rows, constant ones, missing ones: nothing', () => {
    expect(found([])).toEqual([])
    expect(found([1, 2, 1, 2, 1])).toEqual([])
    expect(found(rows(500, () => 7))).toEqual([])
    expect(found(rows(500, () => Number.NaN))).toEqual([])
  })

  test('many short sequences tell together what one would', () => {
    const sequences = rows(30, (s) => s).map((s) => {
      const g = gaussian(s)
      return rows(60, (i) => 10 * s + wave(i + s, 12) + 0.2 * g())
    })
    expect(kept(found(sequences))).toEqual([12])
  })

  test('gaps in the values do not hide it', () => {
    const g = gaussian(8)
    const values = rows(400, (i) => (i % 9 === 4 ? Number.NaN : wave(i, 20) + 0.2 * g()))
    expect(kept(found(values))).toEqual([20])
  })
})

describe('by the calendar', () => {
  test('a day and a week that are there are kept, with what they explain', () => {
    const values = rows(24 * 7 * 6, (i) => wave(i, 24) + 2 * wave(i, 168))
    const findings = found(values, hourMs)
    expect(kept(findings)).toEqual([24, 168])
    expect(findings[0]!.why).toMatch(/^24 steps \(a day\): the value a day earlier explains \d+ %/)
  })

  test('a day that is not there is not, and what else repeats is found', () => {
    const g = gaussian(9)
    const values = rows(2000, (i) => wave(i, 37) + 0.3 * g())
    const findings = found(values, hourMs)
    expect(kept(findings)).toEqual([37])
    expect(findings[0]).toMatchObject({ steps: 24, isKept: false })
    expect(findings[0]!.why).toContain('Not 24 steps (a day): the data do not repeat so')
  })

  test('a beat that goes into the day comes before it', () => {
    const g = gaussian(13)
    const values = rows(2000, (i) => wave(i, 6) + 0.2 * g())
    const findings = found(values, hourMs)
    expect(kept(findings)[0]).toBe(6)
    expect(findings[0]).toMatchObject({ span: null })
  })

  test('noise has neither', () => {
    expect(kept(found(rows(2000, gaussian(10)), hourMs))).toEqual([])
  })

  test('what a short sample cannot check is kept where it is cheap, and said', () => {
    const findings = found(rows(40, gaussian(11)), hourMs)
    expect(kept(findings)).toEqual([24, 168])
    expect(findings[0]!.why).toContain('40 rows of a sequence are too few to check it')
    const secondly = found(rows(40, gaussian(11)), 1000)
    expect(secondly.map(({ steps, isKept }) => [steps, isKept])).toEqual([
      [3600, false],
      [86_400, false],
    ])
  })

  test.each([
    [1000, [3600, 86_400]],
    [60_000, [1440, 10_080]],
    [1_800_000, [48, 336]],
    [24 * hourMs, [7]],
    [7 * 24 * hourMs, [52]],
    [31 * 24 * hourMs, [12]],
    [92 * 24 * hourMs, [4]],
    [7 * 60_000, [1440]],
    [1234.5, []],
  ])('steps of %f ms ask for %j', (stepMs, steps) => {
    expect(
      found(
        rows(10, (i) => i),
        stepMs,
      ).map((one) => one.steps),
    ).toEqual(steps)
  })
})

test('likeness is one for what repeats, whatever it drifts by, and small for a random walk', () => {
  const of = (values: number[], lag: number) =>
    likeness(prepareSeries([Float64Array.from(values)], maxValues), lag).correlation
  expect(
    of(
      rows(240, (i) => wave(i, 24) + i / 10),
      24,
    ),
  ).toBeCloseTo(1, 6)
  expect(
    of(
      rows(240, (i) => wave(i, 24)),
      12,
    ),
  ).toBeCloseTo(-1, 1)
  const g = gaussian(12)
  let value = 0
  expect(
    Math.abs(
      of(
        rows(3000, () => {
          value += g()
          return value
        }),
        24,
      ),
    ),
  ).toBeLessThan(0.2)
})
