import { describe, expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import { configOf, Driver } from './support/driver.ts'

describe('gradient norm by lag', () => {
  const config = configOf({
    task: { targets: ['y'] },
    model: { hidden: 8, window: 6, updateEvery: 4, learningRates: [1e-3, 3e-3] },
  })

  test('is [] for an unknown sequence and before a first target has arrived', () => {
    const driver = new Driver(config)
    expect(driver.model.gradientNormByLag()).toEqual([])
    driver.step({ sequence: 'a', values: [1] })
    expect(driver.model.gradientNormByLag('a')).toEqual([])
    expect(driver.model.gradientNormByLag('b')).toEqual([])
  })

  test('tells for each network how far its newest loss reaches', () => {
    const driver = new Driver(config)
    const random = new Random(1)
    for (let i = 0; i < 300; i++) {
      driver.step({ sequence: i % 2 === 0 ? 'a' : 'b', values: [random.normal()] })
    }
    const norms = driver.model.gradientNormByLag()
    expect(norms.map(({ network }) => network)).toEqual(['network:1e-3', 'network:3e-3'])
    for (const { norms: list } of norms) {
      expect(list.length).toBe(6)
      for (const norm of list) expect(norm).toBeGreaterThan(0)
    }
    expect(driver.model.gradientNormByLag('b')).toEqual(norms)
    expect(driver.model.gradientNormByLag('a')).not.toEqual(norms)
  })

  test('is 0 beyond the age of a young sequence', () => {
    const driver = new Driver(config)
    for (let i = 0; i < 40; i++) driver.step({ sequence: 'old', values: [Math.sin(i)] })
    for (let i = 0; i < 4; i++) driver.step({ sequence: 'young', values: [Math.sin(i)] })
    const [first] = driver.model.gradientNormByLag()
    // Steps 0, 1 and 2 have their target: lags 0 to 2.
    expect([...first!.norms].map((norm) => norm > 0)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ])
  })
})
