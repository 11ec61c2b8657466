import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SupervisedConfig } from '../../../../src/config/schema.ts'
import { arraysWithNaN, type Driver, driverOf, type Entry, supervised } from './support/driver.ts'

/** Feeds the records; every output must be finite or NaN, which is null, and no state NaN. */
function survive(config: SupervisedConfig, entries: Iterable<Entry>): Driver {
  const driver = driverOf(config)
  const { forecast, scored } = driver.model
  for (const entry of entries) {
    driver.step(entry)
    const outputs = [
      ...forecast.means,
      ...forecast.bounds,
      ...forecast.probabilities,
      ...forecast.observed.flatMap(({ value, predicted }) => [value, predicted]),
      ...scored.mixture,
      ...scored.atLabelTime,
      ...scored.members,
      ...scored.mixtureLoss,
      ...scored.memberLosses,
    ]
    for (const output of outputs) expect(Math.abs(output)).not.toBe(Infinity)
  }
  expect(arraysWithNaN(driver.model)).toEqual([])
  return driver
}

function* series(count: number, entry: (i: number) => Entry): Generator<Entry> {
  for (let i = 0; i < count; i++) {
    const made = entry(i)
    yield { ...made, id: `${i}` }
    // Some labels come once more, and late.
    if (i % 3 === 0 && i >= 20) yield { ...entry(i - 20), inputs: null, id: `${i - 20}` }
  }
}

const numbers = supervised({ categorical: ['c'], id: 'id', seasons: [7], calendar: true })

describe('no record brings a NaN into the state or an infinite number into an output', () => {
  test('labels and inputs from end to end of what is admitted', () => {
    for (const [a, b] of [
      [1e15, -1e15],
      [1e15, 1e-300],
      [0, 1e15],
      [-1e15, 1],
    ] as const) {
      survive(
        numbers,
        series(300, (i) => ({ inputs: [i % 3 === 0 ? a : b], values: [i % 2 === 0 ? a : b] })),
      )
    }
  })

  test('constants, then a change', () => {
    for (const constant of [0, 5, -1e15]) {
      const driver = survive(
        numbers,
        series(400, (i) => ({
          timeMs: 3_600_000 * i,
          inputs: [constant],
          values: [i < 300 ? constant : i],
        })),
      )
      // A thousandth of what it has moved by.
      const most = 1000 + 1e-3 * Math.abs(constant)
      expect(Math.abs(driver.model.forecast.means[0] as number)).toBeLessThan(most)
    }
  })

  test('one wild label among small ones, at every moment of a short life', () => {
    for (let at = 0; at < 12; at++) {
      survive(
        numbers,
        series(60, (i) => ({ inputs: [i], values: [i === at ? 1e15 : 1e-12 * (i % 5)] })),
      )
    }
  })

  test('missing inputs, names and times', () => {
    survive(
      numbers,
      series(300, (i) => ({
        ...(i % 4 === 0 ? {} : { timeMs: -1e13 * (i % 5) }),
        inputs: [i % 3 === 0 ? Number.NaN : i],
        categories: [i % 5 === 0 ? null : `${i}`],
        values: [i % 2 === 0 ? Number.NaN : i],
      })),
    )
  })

  test('one class only, none at all, and more than there is room for', () => {
    const classes = supervised({ id: 'id', type: 'classification', maxClasses: 3 })
    const name = (of: (i: number) => string | null) =>
      series(200, (i) => ({ inputs: [i], classes: [of(i)] }))
    const one = survive(
      classes,
      name(() => 'only'),
    )
    expect(one.model.forecast.probabilities[0]).toBe(1)
    const none = survive(
      classes,
      name(() => null),
    )
    expect(none.model.forecast.probabilities[0]).toBeNaN()
    const many = survive(
      classes,
      name((i) => `${i % 10}`),
    )
    expect(many.model.forecast.classes).toEqual([['0', '1', '(other)']])
    survive(
      classes,
      name((i) => 'long '.repeat(i)),
    )
  })

  test('whatever comes', () => {
    const value = fc.oneof(
      fc.double({ min: -1e15, max: 1e15 }),
      fc.constantFrom(0, 1, Number.NaN, 1e15, -1e15),
    )
    const entry = fc.record({
      sequence: fc.constantFrom('a', 'b'),
      id: fc.constantFrom('1', '2', '3', '4'),
      inputs: fc.oneof(fc.constant(null), fc.tuple(value)),
      categories: fc.tuple(fc.constantFrom('x', 'y', null)),
      values: fc.tuple(value),
      classes: fc.tuple(fc.constantFrom('p', 'q', 'r', null)),
    })
    const small = { categorical: ['c'], id: 'id', labels: { maxPending: 6 } }
    const configs = [
      supervised(small),
      supervised({ ...small, type: 'classification', maxClasses: 2 }),
      supervised(small, { model: { portfolio: 'network' } }),
      supervised({ ...small, type: 'classification' }, { model: { portfolio: 'network' } }),
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...configs),
        fc.array(entry, { maxLength: 60 }),
        (config, entries) => {
          survive(config, entries)
        },
      ),
      { numRuns: 60 },
    )
  })
})
