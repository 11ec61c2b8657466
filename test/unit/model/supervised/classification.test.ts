import { describe, expect, test } from 'vitest'
import { Random } from '../../../../src/random.ts'
import { type Driver, driverOf, type Entry, mean, supervised } from './support/driver.ts'

const config = supervised({
  inputs: ['a', 'b'],
  categorical: ['hour'],
  id: 'id',
  type: 'classification',
  maxClasses: 4,
})

/**
 * Prices that are up or down, as an electricity market's: a level that lasts, a day's cycle, and
 * inputs that tell some of either.
 */
function market(seed: number, count: number): Entry[] {
  const random = new Random(seed)
  let level = 0
  return Array.from({ length: count }, (_, t) => {
    level = 0.93 * level + 0.37 * random.normal()
    const day = Math.sin((2 * Math.PI * t) / 48)
    const score = level + 0.8 * day + 0.15 * random.normal()
    return {
      inputs: [day + 0.3 * random.normal(), 0.5 * level + 0.7 * random.normal()],
      categories: [`${Math.floor((t % 48) / 2)}`],
      classes: [score > 0 ? 'UP' : 'DOWN'],
    }
  })
}

interface Quality {
  readonly accuracy: number
  readonly noChange: number
  readonly logLoss: number
  readonly members: Readonly<Record<string, number>>
}

/** Means over what is scored from record `from` on; labels come `delay` records late. */
function qualityOf(
  driver: Driver,
  entries: readonly Entry[],
  delay: number,
  from: number,
): Quality {
  const { model } = driver
  const right: number[] = []
  const same: number[] = []
  const losses: number[] = []
  const members: number[][] = model.memberNames.map(() => [])
  entries.forEach((entry, t) => {
    if (delay === 0) driver.step(entry)
    else driver.step({ ...entry, id: `${t}`, classes: [] })
    const late = entries[t - delay]
    if (delay > 0 && late !== undefined)
      driver.step({ id: `${t - delay}`, classes: late.classes ?? [] })
    const { scored } = model
    if (t < from || scored.present[0] === 0) return
    right.push(scored.mixture[0] === scored.observed[0] ? 1 : 0)
    same.push(scored.noChange[0] === scored.observed[0] ? 1 : 0)
    losses.push(scored.mixtureLoss[0] as number)
    members.forEach((list, i) => {
      list.push(scored.memberLosses[i] as number)
    })
  })
  const names = model.memberNames.map((name, i) => [name, mean(members[i] as number[])] as const)
  return {
    accuracy: mean(right),
    noChange: mean(same),
    logLoss: mean(losses),
    members: Object.fromEntries(names),
  }
}

describe('labels that last', () => {
  test('at once: no less often right than no change, and surer of it', () => {
    const { accuracy, noChange, logLoss, members } = qualityOf(
      driverOf(config),
      market(1, 4000),
      0,
      1500,
    )
    expect(noChange).toBeGreaterThan(0.83)
    expect(accuracy).toBeGreaterThan(noChange - 0.01)
    expect(logLoss).toBeLessThan(0.92 * (members.last as number))
    expect(logLoss).toBeLessThan(1.02 * Math.min(...Object.values(members)))
  })

  test('a day late: far more often right than no change', () => {
    const quality = qualityOf(driverOf(config), market(2, 4000), 48, 1500)
    expect(quality.noChange).toBeLessThan(0.65)
    expect(quality.accuracy).toBeGreaterThan(quality.noChange + 0.12)
    expect(quality.logLoss).toBeLessThan(0.8 * (quality.members.majority as number))
  })
})

describe('classes', () => {
  test('appear as they come, their probabilities sum to one, and the last is shared', () => {
    const driver = driverOf(config)
    const { forecast } = driver.model
    const random = new Random(3)
    for (let i = 0; i < 300; i++) {
      const among = i < 100 ? 2 : 6
      driver.step({ inputs: [random.normal(), 0], classes: [`class ${random.uint32() % among}`] })
      const known = forecast.classes[0]?.length as number
      expect(known).toBeLessThanOrEqual(i < 100 ? 2 : 4)
      if (i === 0) continue
      const sum = [...forecast.probabilities]
        .filter((p) => !Number.isNaN(p))
        .reduce((a, b) => a + b)
      expect(sum).toBeCloseTo(1, 12)
    }
    expect(forecast.classes[0]).toHaveLength(4)
    expect(forecast.classes[0]?.[3]).toBe('(other)')
    expect(forecast.observed[0]?.class).toMatch(/^class \d$/)
  })

  test('are told with what was predicted of them', () => {
    const driver = driverOf(config).feed(
      Array.from({ length: 40 }, (_, i) => ({
        inputs: [i % 2, 0],
        classes: [i % 2 === 0 ? 'even' : 'odd'],
      })),
    )
    driver.step({ inputs: [0, 0], classes: ['even'] })
    const [told] = driver.model.forecast.observed
    expect(told).toMatchObject({ class: 'even', predictedClass: 'even', delay: 0 })
    expect(told?.predicted).toBeGreaterThan(0.8)
    driver.step({ inputs: [0, 0], classes: ['never seen'] })
    const { predicted, predictedClass } = driver.model.forecast.observed[0] ?? {}
    expect({ predicted, predictedClass }).toEqual({ predicted: 0, predictedClass: 'even' })
    expect(driver.model.scored.mixtureLoss[0]).toBeCloseTo(-Math.log(1e-6), 9)
  })

  test('of unknown labels do not take a place', () => {
    const driver = driverOf(config).feed([{ id: 'nobody', classes: ['ghost'] }])
    expect(driver.model.forecast.observed[0]).toMatchObject({ class: 'ghost', delay: -1 })
    expect(driver.model.forecast.classes[0]).toEqual([])
  })

  test('that are corrected are scored in place of the first', () => {
    const before = Array.from({ length: 20 }, (_, i) => ({
      inputs: [i % 2, 0],
      classes: [i % 2 === 0 ? 'even' : 'odd'],
    }))
    const one = driverOf(config).feed([...before, { id: 'a', inputs: [0, 0] }])
    one.feed([
      { id: 'a', classes: ['odd'] },
      { id: 'a', classes: ['even'] },
    ])
    expect(one.model.forecast.observed[0]).toMatchObject({ corrected: true, class: 'even' })
    const clean = driverOf(config).feed([...before, { id: 'a', inputs: [0, 0] }])
    clean.step({ id: 'a', classes: ['even'] })
    const [corrected, expected] = [one, clean].map(({ model }) => model.scores.summary()[0])
    expect(corrected?.count).toBe(expected?.count)
    expect(corrected?.accuracy).toBe(expected?.accuracy)
    expect(corrected?.logLoss).toBeCloseTo(expected?.logLoss as number, 12)
  })
})
