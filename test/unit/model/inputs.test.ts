import { describe, expect, test } from 'vitest'
import { CALENDAR_SIZE } from '../../../src/model/calendar.ts'
import { dimensionsOf } from '../../../src/model/dimensions.ts'
import { linear } from '../../../src/model/domain.ts'
import { History } from '../../../src/model/history.ts'
import { InputVector } from '../../../src/model/inputs.ts'
import { maxLag } from '../../../src/model/lags.ts'
import { Layout } from '../../../src/model/layout.ts'
import { Scaler } from '../../../src/model/scaler.ts'
import { configOf } from './support/driver.ts'
import { openPool } from './support/pool.ts'

function open(calendar = true) {
  const task = { targets: ['y'], inputs: ['i'], known: ['k'], horizons: [1, 5], seasons: [12] }
  const d = dimensionsOf(configOf({ task }))
  const layout = new Layout()
  const scaler = new Scaler(layout, 1)
  const history = new History(layout, d, [linear], maxLag(d, true))
  const inputs = new InputVector(layout, d, calendar, null)
  const core = new Float64Array(layout.size)
  history.begin(core)
  let t = 0
  /** y, i, k, k+1, k+5 */
  const write = (values: readonly (number | null)[], timeMs: number | null = null) => {
    const array = Float64Array.from(values, (value) => value ?? NaN)
    const out = new Float32Array(inputs.size)
    history.push(core, t, timeMs, array, scaler)
    inputs.write(core, t, array, history, out)
    t++
    return out
  }
  return { inputs, write }
}

describe('InputVector', () => {
  test('beside lines ends with what was and is usual, and what the newest values left', () => {
    const pool = openPool({ targets: ['y', 'z'], known: ['k'], horizons: [1, 5], seasons: [3] })
    const { d, profiles, residuals, inputs } = pool
    const sequence = pool.sequence()
    // Per target: the season and the field's table, now and for either horizon.
    const usualAt = inputs.size - 1 - d.targets - d.targets * 2 * 3
    for (let t = 0; t < 60; t++) {
      for (let slot = 0; slot < 2; slot++) residuals.learn(sequence.core, slot, t % 7, t % 5)
      sequence.push([t % 5, t % 11 === 0 ? null : -t, 0.5, 0.5, 0.5])
      const { x } = sequence.at(t)
      const left = [0, 1].map((i) => residuals.newestOf(sequence.core, i))
      expect([...x.subarray(inputs.size - 3)]).toEqual([...left.map(Math.fround), 0])
      const expected = [0, 1].flatMap((i) =>
        [sequence.usual(t, t - 1, i), ...d.horizons.map((k) => sequence.usual(t + k, t, i))].map(
          ([usual]) => sequence.standard(usual!, t, i),
        ),
      )
      expected.forEach((z, j) => {
        expect(x[usualAt + 2 * j]).toBeCloseTo(z, 5)
        expect(x[usualAt + 2 * j + 1]).toBe(0)
      })
    }
    expect(profiles.tables).toBe(2)
  })

  test('has a place for every field and flag, the calendar, seasonal lags and lateness', () => {
    // Lags around 11 and 7: 5 to 13.
    expect(open().inputs.size).toBe(2 + 2 + 1 + 4 + CALENDAR_SIZE + 9 + 1)
    expect(open(false).inputs.size).toBe(2 + 2 + 1 + 4 + 9 + 1)
  })

  test('imputes what is missing by the running mean, with a flag', () => {
    const { inputs, write } = open()
    for (let t = 0; t < 30; t++) write([t, 2 * t, t, t, t])
    const x = write([null, null, null, null, 40])
    expect([x[0], x[1]]).toEqual([0, 1])
    expect([x[inputs.inputAt(0)], x[inputs.inputAt(0) + 1]]).toEqual([0, 1])
    expect([x[inputs.aheadInputAt(0, 0)], x[inputs.aheadInputAt(0, 0) + 1]]).toEqual([0, 1])
    expect(x[inputs.aheadInputAt(1, 0) + 1]).toBe(0)
    const deviation = Math.sqrt((30 ** 2 - 1) / 12)
    expect(x[inputs.aheadInputAt(1, 0)]).toBeCloseTo((40 - 14.5) / deviation, 5)
  })

  test('shows targets and lags in the moments of now', () => {
    const { inputs, write } = open(false)
    let x = new Float32Array()
    for (let t = 0; t < 30; t++) x = write([t, 0, 0, 0, 0])
    const deviation = Math.sqrt((30 ** 2 - 1) / 12)
    expect([x[0], x[1]]).toEqual([Math.fround((29 - 14.5) / deviation), 0])
    const lags = [...x.subarray(inputs.size - 10, inputs.size - 1)]
    expect(lags).toHaveLength(9)
    lags.forEach((z, j) => {
      expect(z).toBeCloseTo((29 - (5 + j) - 14.5) / deviation, 5)
    })
  })

  test('clips a wild value', () => {
    const { write } = open()
    for (let t = 0; t < 200; t++) write([t % 2, 0, 0, 0, 0])
    expect(write([1e15, 0, 0, 0, 0])[0]).toBe(8)
  })

  test('ends with how late the step came: 0 for one in time, and without event time', () => {
    const { write } = open()
    const values = [1, 1, 1, 1, 1]
    const last = (timeMs: number | null) => write(values, timeMs).at(-1)
    for (let t = 0; t < 9; t++) expect(last(1000 * t)).toBe(0)
    expect(last(12_000)).toBe(Math.fround(Math.log(4)))
    expect(last(null)).toBe(0)
  })

  test('has zeros for the calendar without event time', () => {
    const { inputs, write } = open()
    const at = inputs.size - 10 - CALENDAR_SIZE
    const calendar = (x: Float32Array) => [...x.subarray(at, at + CALENDAR_SIZE)]
    expect(calendar(write([1, 1, 1, 1, 1]))).toEqual([0, 0, 0, 0, 0, 0])
    expect(calendar(write([1, 1, 1, 1, 1], 0))).toEqual([0, 1, 0, 1, 0, 1])
  })
})
