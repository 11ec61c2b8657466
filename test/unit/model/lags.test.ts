import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AUTO_PERIOD_MAX, dimensionsOf } from '../../../src/model/dimensions.ts'
import {
  lineLags,
  maxLag,
  nearLags,
  networkLagRoom,
  networkLags,
  ownLags,
  seasonalLag,
} from '../../../src/model/lags.ts'
import { configOf } from './support/driver.ts'

function dimensions(horizons: number[], seasons: number[]) {
  return dimensionsOf(configOf({ task: { targets: ['y'], horizons, seasons } }))
}

describe('lags', () => {
  test('a seasonal lag leads to the newest value whole seasons before the target', () => {
    const property = fc.property(
      fc.integer({ min: 2, max: 400 }),
      fc.integer({ min: 1, max: 1000 }),
      (season, k) => {
        const lag = seasonalLag(season, k)
        expect((lag + k) % season).toBe(0)
        expect(lag).toBeGreaterThanOrEqual(0)
        expect(lag).toBeLessThan(season)
      },
    )
    fc.assert(property)
  })

  test('a line sees eight recent values and nine around the phase of each season', () => {
    const d = dimensions([5], [48])
    const around = [39, 40, 41, 42, 43, 44, 45, 46, 47]
    expect(lineLags(d, 5)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, ...around, 91])
    expect(lineLags(dimensions([1], []), 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test('the networks see five values around the phase of each season for every horizon', () => {
    expect(networkLags(dimensions([1, 5], [48]))).toEqual([41, 42, 43, 44, 45, 46, 47, 48, 49])
    expect(networkLags(dimensions([1, 5], []))).toEqual([])
  })

  test('lags ascend, stand once, and none is longer than what the history keeps', () => {
    const property = fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 }),
      fc.uniqueArray(fc.integer({ min: 2, max: 400 }), { maxLength: 3 }),
      (horizons, seasons) => {
        const d = dimensions(horizons, seasons)
        const lists = [networkLags(d), ...d.horizons.map((k) => lineLags(d, k))]
        for (const lags of lists) {
          expect(lags).toEqual([...new Set(lags)].sort((a, b) => a - b))
          for (const lag of lags) expect(lag).toBeGreaterThanOrEqual(0)
        }
        const seasonal = d.horizons.flatMap((k) => seasons.map((s) => seasonalLag(s, k)))
        expect(maxLag(d, true)).toBe(Math.max(...lists.flat(), ...seasonal))
        expect(maxLag(d, false)).toBe(Math.max(7, ...networkLags(d), ...seasonal))
      },
    )
    fc.assert(property)
  })

  test('with found seasons there is room for whatever is found', () => {
    const property = fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 5 }),
      fc.uniqueArray(fc.integer({ min: 2, max: AUTO_PERIOD_MAX }), { maxLength: 2 }),
      (horizons, found) => {
        const task = { targets: ['y'], horizons, seasons: 'auto' as const }
        const room = dimensionsOf(configOf({ task }))
        const d = dimensions(horizons, found)
        const countOf = (of: typeof d, k: number) =>
          [lineLags, nearLags, ownLags].map((lags) => lags(of, k).length)
        for (const k of d.horizons) {
          countOf(d, k).forEach((count, i) => {
            expect(count).toBeLessThanOrEqual(countOf(room, k)[i]!)
          })
        }
        expect(networkLags(d).length).toBeLessThanOrEqual(networkLagRoom(room))
        for (const lines of [true, false]) {
          expect(maxLag(d, lines)).toBeLessThanOrEqual(maxLag(room, lines))
        }
      },
    )
    fc.assert(property, {
      examples: [
        [
          [23, 24, 25],
          [24, 168],
        ],
        [
          [48, 49],
          [48, 336],
        ],
      ],
    })
  })
})
