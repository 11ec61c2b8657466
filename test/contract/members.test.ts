import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import { Random } from '../../src/random.ts'
import { configOf, Driver } from '../unit/model/support/driver.ts'

const horizons = [1, 4]

const portfolios: Readonly<Record<string, Partial<ConfigInput>>> = {
  full: {
    task: { targets: ['y'], horizons, seasons: [6, 12] },
    model: { hidden: 4, learningRates: [1e-3, 3e-3] },
  },
  'network alone': {
    task: { targets: ['y'], horizons },
    model: { hidden: 4, learningRates: [1e-3], portfolio: 'network' },
  },
  lstm: {
    task: { targets: ['y'], horizons, seasons: [6] },
    model: { hidden: 4, cell: 'lstm', learningRates: [3e-3] },
  },
}

/** Each member's scored forecasts over a series, slot after slot. */
function forecastsOf(options: Partial<ConfigInput>, series: readonly (number | null)[]) {
  const driver = new Driver(configOf(options))
  const { memberNames, scored } = driver.model
  const rows = series.map((value, i) => {
    driver.step({ timeMs: 3_600_000 * i, values: [value] })
    return [...scored.members].map((forecast, at) => {
      const slot = Math.floor(at / memberNames.length)
      return scored.present[slot] === 1 ? forecast : null
    })
  })
  return { memberNames, rows }
}

function noisy(seed: number, count: number, level = 0, scale = 1): number[] {
  const random = new Random(seed)
  return Array.from(
    { length: count },
    (_, i) => level + scale * (Math.sin(i / 2) + 0.3 * random.normal()),
  )
}

for (const [portfolio, options] of Object.entries(portfolios)) {
  const { memberNames } = forecastsOf(options, [])

  describe.each(memberNames)(`every member, ${portfolio}: %s`, (name) => {
    const at = horizons.map((_, k) => k * memberNames.length + memberNames.indexOf(name))
    const of = (series: readonly (number | null)[]) =>
      forecastsOf(options, series).rows.map((row) => at.map((i) => row[i] ?? null))

    test('forecasts every value that it is scored on, once it has seen enough', () => {
      const rows = of(noisy(1, 60))
      for (const row of rows.slice(30)) {
        for (const forecast of row) {
          // A line in the log domain ends with the first negative value.
          if (name === 'rls:log') expect(forecast).toBe(NaN)
          else expect(Number.isFinite(forecast)).toBe(true)
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

    test('goes with the unit of the target', () => {
      if (name === 'rls:log') return
      const [one, scaled] = [of(noisy(5, 80)), of(noisy(5, 80).map((y) => 1024 * y))]
      one.forEach((row, i) => {
        row.forEach((forecast, k) => {
          if (forecast === null || Number.isNaN(forecast)) return
          expect(scaled[i]![k]! / 1024).toBeCloseTo(forecast, 4)
        })
      })
    })

    test('bears gaps', () => {
      const random = new Random(6)
      const rows = of(noisy(7, 120, 5).map((y) => (random.uniform() < 0.3 ? null : y)))
      for (const row of rows.slice(40)) {
        for (const forecast of row) {
          if (forecast !== null && !name.startsWith('seasonal')) {
            expect(Number.isFinite(forecast)).toBe(true)
          }
        }
      }
    })
  })
}
