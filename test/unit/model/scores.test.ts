import { expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import { configOf, Driver } from './support/driver.ts'

test('the scoreboard is every member’s prequential error over all records, by brute force', () => {
  const driver = new Driver(
    configOf({
      task: { targets: ['a', 'b'], horizons: [1, 3], seasons: [5] },
      model: { hidden: 3, learningRates: [1e-3] },
    }),
  )
  const { model } = driver
  const { scored, memberNames } = model
  const names = [...memberNames, 'mixture']
  const errors = new Map<string, number[]>()
  const observed = new Map<string, number[]>()
  const mixtures = new Map<string, number[]>()
  const random = new Random(5)
  for (let t = 0; t < 1500; t++) {
    const values = [random.normal(), random.uniform() < 0.2 ? null : 10 + random.normal()]
    driver.step({ values })
    for (let slot = 0; slot < 4; slot++) {
      if (scored.present[slot] === 0) continue
      names.forEach((name, i) => {
        const forecast =
          i === memberNames.length
            ? scored.mixture[slot]!
            : scored.members[slot * memberNames.length + i]!
        if (Number.isNaN(forecast)) return
        const key = `${slot} ${name}`
        const value = values[slot % 2]!
        errors.set(key, [...(errors.get(key) ?? []), Math.abs(forecast - value)])
        const mixed = Math.abs(scored.mixture[slot]! - value)
        mixtures.set(key, [...(mixtures.get(key) ?? []), mixed])
        observed.set(key, [...(observed.get(key) ?? []), Math.abs(value)])
      })
    }
  }
  const rows = model.scores.summary()
  expect(rows.length).toBe(4 * names.length)
  rows.forEach((row, at) => {
    const slot = Math.floor(at / names.length)
    const member = names[at % names.length]!
    expect(row).toMatchObject({ target: 'ab'[slot % 2], horizon: slot < 2 ? 1 : 3, member })
    const list = errors.get(`${slot} ${member}`) ?? []
    expect(row.count).toBe(list.length)
    if (list.length === 0) {
      expect([row.mae, row.wmape, row.fadingMae]).toEqual([NaN, NaN, NaN])
      return
    }
    const sum = list.reduce((total, error) => total + error, 0)
    const size = observed.get(`${slot} ${member}`)!.reduce((total, value) => total + value, 0)
    expect(row.mae).toBeCloseTo(sum / list.length, 9)
    expect(row.wmape).toBeCloseTo(sum / size, 9)
    const fading = (values: readonly number[]) =>
      values.reduce((mean, value, n) => mean + Math.max(1 / (n + 1), 1e-3) * (value - mean), 0)
    expect(row.fadingMae).toBeCloseTo(fading(list), 9)
    // The mixture over the same rows, for naive forecasts and lines.
    const isBaseline = /^(persistence|seasonal|usual|rls)/.test(member)
    if (isBaseline) {
      expect(row.fadingMixtureMae).toBeCloseTo(fading(mixtures.get(`${slot} ${member}`) ?? []), 9)
    } else {
      expect(row.fadingMixtureMae).toBeNaN()
    }
  })
})
