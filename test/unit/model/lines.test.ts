import { describe, expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import { configOf, Driver } from './support/driver.ts'

/** Mean absolute error of a member over the second half of a series of `values`. */
function errorOf(driver: Driver, values: readonly number[], member: string, slot = 0): number {
  const { model } = driver
  const { memberNames } = model
  const i = memberNames.indexOf(member)
  expect(i).toBeGreaterThanOrEqual(0)
  let error = 0
  let count = 0
  values.forEach((value, t) => {
    driver.step({ values: [value] })
    if (t < values.length / 2 || model.scored.present[slot] === 0) return
    error += Math.abs(model.scored.members[slot * memberNames.length + i]! - value)
    count++
  })
  return error / count
}

function driverOf(horizons: number[], seasons: number[] = []): Driver {
  return new Driver(
    configOf({
      task: { targets: ['y'], horizons, seasons, calendar: false },
      model: { hidden: 2, diagnostics: false, learningRates: [1e-3] },
    }),
  )
}

describe('lines', () => {
  test('learn an autoregression down to its noise', () => {
    const random = new Random(2)
    const values = [0, 0]
    for (let t = 2; t < 3000; t++) {
      values.push(1.6 * values[t - 1]! - 0.8 * values[t - 2]! + random.normal())
    }
    // E|noise| = 0.798 for a normal one.
    const error = errorOf(driverOf([1]), values, 'rls:linear')
    expect(error).toBeGreaterThan(0.75)
    expect(error).toBeLessThan(0.85)
  })

  test('learn a seasonal pattern that no recent value tells, five steps ahead too', () => {
    const random = new Random(3)
    const pattern = Array.from({ length: 24 }, () => 10 * random.normal())
    const values = Array.from({ length: 2400 }, (_, t) => pattern[t % 24]! + 0.1 * random.normal())
    for (const slot of [0, 1]) {
      expect(errorOf(driverOf([1, 5], [24]), values, 'rls:linear', slot)).toBeLessThan(0.2)
    }
  })

  test('in the log domain learn what grows and shrinks by a rate', () => {
    const random = new Random(4)
    let level = 0
    const values = Array.from({ length: 3000 }, () => {
      level = 0.8 * level + 0.6 * random.normal()
      return Math.exp(4 + level)
    })
    const log = errorOf(driverOf([1]), values, 'rls:log')
    const linear = errorOf(driverOf([1]), values, 'rls:linear')
    expect(log).toBeLessThan(0.93 * linear)
  })

  test.each([
    ['rls:log', false],
    ['rls:sqrt', false],
    ['rls:linear', true],
    ['rls:fast', true],
    ['rls:gated:2', true],
  ])('from a negative value on: is there a forecast of %s? %s', (member, lasts) => {
    const driver = driverOf([1], [2])
    const { model } = driver
    const at = model.memberNames.indexOf(member)
    expect(at).toBeGreaterThan(0)
    const seen: boolean[] = []
    for (const value of [1, 2, 3, -1, 2, 3]) {
      driver.step({ values: [value] })
      seen.push(model.scored.present[0] === 1 && Number.isFinite(model.scored.members[at]))
    }
    expect(seen).toEqual([false, true, true, true, lasts, lasts])
  })

  test('that forget fast follow a change of the rule soon', () => {
    const random = new Random(5)
    let value = 0
    const values = Array.from({ length: 3200 }, (_, t) => {
      value = (t < 2600 ? 0.9 : -0.9) * value + random.normal()
      return value
    })
    const fast = errorOf(driverOf([1]), values, 'rls:fast')
    const plain = errorOf(driverOf([1]), values, 'rls:linear')
    expect(fast).toBeLessThan(0.95 * plain)
  })

  test('gated ones answer to the newest value by the hour', () => {
    const random = new Random(6)
    let value = 0
    const values = Array.from({ length: 4000 }, (_, t) => {
      value = (t % 8 < 4 ? 0.9 : -0.9) * value + random.normal()
      return value
    })
    const gated = errorOf(driverOf([1], [8]), values, 'rls:gated:8')
    const plain = errorOf(driverOf([1], [8]), values, 'rls:linear')
    expect(gated).toBeLessThan(0.85 * plain)
  })
})
