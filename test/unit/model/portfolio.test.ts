import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { Random } from '../../../src/random.ts'
import { configOf, Driver } from './support/driver.ts'
import { usualOf } from './support/pool.ts'

function driverOf(task: ConfigInput['task']): Driver {
  return new Driver(configOf({ task, model: { hidden: 4, learningRates: [1e-3, 3e-3] } }))
}

describe('the portfolio', () => {
  test('names every member in a fixed order', () => {
    const driver = driverOf({ targets: ['y'], seasons: [48, 336] })
    expect(driver.model.memberNames).toEqual([
      'persistence',
      'seasonal:48',
      'seasonal:336',
      'usual:48',
      'usual:336',
      'rls:linear',
      'rls:sqrt',
      'rls:log',
      'rls:fast',
      'rls:gated:48',
      'rls:gated:336',
      'rls:own',
      'network:1e-3',
      'network:1e-3:residual',
      'network:1e-3:rls',
      'network:3e-3',
      'network:3e-3:residual',
      'network:no-carry',
    ])
  })

  test('has a line across several targets, and one gated by known fields', () => {
    const driver = driverOf({ targets: ['y', 'z'], known: ['hour'], seasons: [4, 8, 16] })
    const lines = driver.model.memberNames.filter((name) => name.startsWith('rls:'))
    expect(lines.slice(3)).toEqual([
      'rls:fast',
      'rls:gated:4',
      'rls:gated:known',
      'rls:own',
      'rls:cross',
    ])
  })

  test('naive forecasts are what they say, missing values included', () => {
    const driver = driverOf({ targets: ['y'], horizons: [1, 7], seasons: [4] })
    const { model } = driver
    const random = new Random(6)
    const series = Array.from({ length: 60 }, () =>
      random.uniform() < 0.2 ? null : random.normal(),
    )
    const count = model.memberNames.length
    series.forEach((value, t) => {
      driver.step({ values: [value] })
      for (const [slot, horizon] of [1, 7].entries()) {
        if (model.scored.present[slot] === 0) continue
        const then = t - horizon
        const newest = series.slice(0, then + 1).findLast((earlier) => earlier !== null)
        expect(model.scored.members[slot * count]).toBe(newest)
        const back = Math.ceil(horizon / 4) * 4
        expect(model.scored.members[slot * count + 1]).toBe(series[t - back] ?? NaN)
        const usual = model.scored.members[slot * count + 2]!
        const expected = usualOf(series, 4, t, then)
        if (expected === null) expect(usual).toBeNaN()
        else expect(usual).toBeCloseTo(expected, 9)
        expect(model.scored.seasonal[slot]).toBe(series[t - back] ?? NaN)
        expect(model.scored.persistence[slot]).toBe(series[then] ?? NaN)
      }
    })
  })
})
