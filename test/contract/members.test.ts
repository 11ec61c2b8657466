import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import { Random } from '../../src/random.ts'
import { configOf, Driver, type Event } from '../unit/model/support/driver.ts'

const horizons = [1, 4]

interface Portfolio {
  readonly options: Partial<ConfigInput>
  /** Its events at one value of the series, the scored one first. */
  events(value: number | null, i: number): Event[]
}

const alone = (value: number | null): Event[] => [{ values: [value] }]

const portfolios: Readonly<Record<string, Portfolio>> = {
  full: {
    options: {
      task: { targets: ['y'], horizons, seasons: [6, 12] },
      model: { hidden: 4, learningRates: [1e-3, 3e-3] },
    },
    events: alone,
  },
  'network alone': {
    options: {
      task: { targets: ['y'], horizons },
      model: { hidden: 4, learningRates: [1e-3], portfolio: 'network' },
    },
    events: alone,
  },
  lstm: {
    options: {
      task: { targets: ['y'], horizons, seasons: [6] },
      model: { hidden: 4, cell: 'lstm', learningRates: [3e-3] },
    },
    events: alone,
  },
  'two targets of two sequences': {
    options: {
      task: { targets: ['y', 'z'], known: ['hour'], horizons, seasons: [6] },
      model: { hidden: 4, learningRates: [3e-3] },
    },
    events: (value, i) => {
      const hours = [0, ...horizons].map((k) => (i + k) % 6)
      const half = value === null ? null : value / 2
      return [
        { sequence: 'a', values: [value, half, ...hours] },
        { sequence: 'b', values: [half, value, ...hours] },
      ]
    },
  },
}

/** Each member's scored forecasts of the first target over a series, horizon after horizon. */
function forecastsOf({ options, events }: Portfolio, series: readonly (number | null)[]) {
  const driver = new Driver(configOf(options))
  const { memberNames, scored, dimensions } = driver.model
  const count = memberNames.length
  const rows = series.map((value, i) => {
    const [first, ...others] = events(value, i)
    driver.step({ timeMs: 3_600_000 * i, ...first! })
    const { members, present } = driver.model.scored
    const row = horizons.map((_, k) => {
      const slot = k * dimensions.targets
      const forecasts = [...members.subarray(slot * count, (slot + 1) * count)]
      return forecasts.map((forecast) => (present[slot] === 1 ? forecast : null))
    })
    for (const event of others) driver.step({ timeMs: 3_600_000 * i, ...event })
    return row
  })
  expect(scored.members.length).toBe(dimensions.slots * count)
  return { memberNames, rows }
}

function noisy(seed: number, count: number, level = 0, scale = 1): number[] {
  const random = new Random(seed)
  return Array.from(
    { length: count },
    (_, i) => level + scale * (Math.sin(i / 2) + 0.3 * random.normal()),
  )
}

/** Lines in a domain of its own, which ends with the first negative value. */
function isBounded(name: string): boolean {
  return name === 'rls:log' || name === 'rls:sqrt'
}

for (const [portfolio, parts] of Object.entries(portfolios)) {
  const { memberNames } = forecastsOf(parts, [])
  const isLone = !memberNames.includes('persistence')
  const isOneSequence = parts.events === alone

  describe.each(memberNames)(`every member, ${portfolio}: %s`, (name) => {
    const at = memberNames.indexOf(name)
    const of = (series: readonly (number | null)[]) =>
      forecastsOf(parts, series).rows.map((row) => row.map((forecasts) => forecasts[at] ?? null))
    // With one sequence the lines that all share are its own.
    const isSilent = name === 'rls:own' && isOneSequence

    test('forecasts every value that it is scored on, once it has seen enough', () => {
      const rows = of(noisy(1, 60))
      for (const row of rows.slice(30)) {
        for (const forecast of row) {
          if (isBounded(name) || isSilent) expect(forecast).toBe(NaN)
          else if (name !== 'rls:gated:known') expect(Number.isFinite(forecast)).toBe(true)
        }
      }
    })

    test('knows nothing of the future', () => {
      const past = noisy(2, 50, 10)
      const rows = [noisy(3, 30, 10), noisy(4, 30, -500)].map((future) => of([...past, ...future]))
      for (const [k, horizon] of horizons.entries()) {
        // The forecast for row 50 + horizon − 1 was made at row 49.
        const made = rows.map((list) => list.slice(0, 50 + horizon).map((row) => row[k]))
        expect(made[0]).toEqual(made[1])
      }
    })

    /** Holds forecasts of a series against those of the same in another unit. */
    const compareUnits = (series: readonly number[]) => {
      const [one, scaled] = [of(series), of(series.map((y) => 1024 * y))]
      let compared = 0
      one.forEach((row, i) => {
        row.forEach((forecast, k) => {
          if (forecast === null || Number.isNaN(forecast)) return
          expect(scaled[i]![k]! / 1024).toBeCloseTo(forecast, 4)
          compared++
        })
      })
      return compared
    }

    // log(1 + y) knows a unit: 1. Networks read, and their second head learns, what all lines
    // together leave, its own among them. It ends with the first negative value, so a target that
    // has begun with one has no trace of it.
    const knowsUnit = name === 'rls:log' || (name.startsWith('network') && !isLone)

    test('goes with the unit of a target that may be negative', () => {
      const compared = compareUnits(noisy(5, 80, -3))
      if (isBounded(name) || isSilent || name === 'rls:gated:known') expect(compared).toBe(0)
      else expect(compared).toBeGreaterThan(100)
    })

    if (!knowsUnit) {
      test('goes with the unit of a target that turns negative, or never is', () => {
        for (const level of [0, 5]) {
          const compared = compareUnits(noisy(5, 80, level))
          if (!isSilent && name !== 'rls:gated:known') expect(compared).toBeGreaterThan(0)
        }
      })
    }

    test('bears gaps', () => {
      const random = new Random(6)
      const rows = of(noisy(7, 120, 5).map((y) => (random.uniform() < 0.3 ? null : y)))
      for (const row of rows.slice(40)) {
        for (const forecast of row) {
          if (forecast === null || name.startsWith('seasonal')) continue
          if (isSilent) expect(forecast).toBe(NaN)
          else if (name !== 'rls:gated:known') expect(Number.isFinite(forecast)).toBe(true)
        }
      }
    })
  })
}
