import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { Random } from '../../../src/random.ts'
import { arraysWithNaN, configOf, Driver, type Event } from './support/driver.ts'

const small = { hidden: 3, learningRates: [3e-3], updateEvery: 4 }

/** Feeds the events; every output must be finite or NaN, which is null, and no state NaN. */
function survive(options: Partial<ConfigInput>, events: Iterable<Event>): Driver {
  const driver = new Driver(configOf({ ...options, model: { ...small, ...options.model } }))
  const { forecast, scored } = driver.model
  for (const event of events) {
    driver.step(event)
    const outputs = [
      ...forecast.forMs,
      ...forecast.means,
      ...forecast.bounds,
      ...forecast.observed,
      ...forecast.predicted,
      ...forecast.surprise,
      ...scored.mixture,
      ...scored.members,
      ...scored.bounds,
      ...scored.scale,
    ]
    for (const output of outputs) expect(Math.abs(output)).not.toBe(Infinity)
  }
  expect(arraysWithNaN(driver.model)).toEqual([])
  return driver
}

function* series(count: number, value: (i: number) => number | null): Generator<Event> {
  for (let i = 0; i < count; i++) yield { timeMs: 60_000 * i, values: [value(i)] }
}

const random = new Random(1)

describe('no input brings a NaN into the state or an infinite number into an output', () => {
  test('values from end to end of what is admitted', () => {
    survive(
      {},
      series(400, (i) => (i % 2 === 0 ? 1e15 : -1e15)),
    )
    survive(
      {},
      series(400, () => (random.uniform() < 0.5 ? 1e15 : 1e-300)),
    )
    survive(
      {},
      series(400, (i) => (i === 200 ? 1e15 : 1)),
    )
    survive(
      {},
      series(400, (i) => (i === 0 ? -1e15 : Math.sin(i))),
    )
  })

  test('one wild value among small ones, at every moment of a short life', () => {
    for (let at = 0; at < 12; at++) {
      survive(
        {},
        series(40, (i) => (i === at ? 1e15 : 1e-12 * Math.sin(i))),
      )
    }
  })

  test('constants, and the first change after 10,000 equal values', () => {
    for (const constant of [0, 5, -1e15])
      survive(
        {},
        series(300, () => constant),
      )
    const last = 10_000
    survive(
      { task: { targets: ['y'], calendar: false }, model: { hidden: 1, diagnostics: false } },
      series(last + 300, (i) => (i < last ? 3 : i % 2 === 0 ? 1e15 : -1e15)),
    )
  })

  test('a target that is never there', () => {
    const driver = survive(
      {},
      series(200, () => null),
    )
    expect(driver.means).toEqual([NaN])
  })

  test('a target that is there once, or comes and goes', () => {
    const driver = survive(
      {},
      series(200, (i) => (i === 20 ? 7 : null)),
    )
    expect(Number.isFinite(driver.means[0])).toBe(true)
    survive(
      {},
      series(300, () => (random.uniform() < 0.6 ? null : random.normal())),
    )
  })

  test('5,000 keys with one record each', () => {
    function* keys(): Generator<Event> {
      for (let i = 0; i < 5000; i++) yield { sequence: `k${i}`, values: [i] }
    }
    const driver = survive({ sequences: { max: 100, keep: 1000 } }, keys())
    expect(driver.model.records).toBe(5000)
  })

  test('times that stand, run back, leap by ages, or are missing', () => {
    const times = [0, 0, 0, -5, 8.64e15, -8.64e15, 8.64e15, 1, 1, null, 2, null, null, 3]
    function* events(): Generator<Event> {
      for (let i = 0; i < 300; i++) {
        yield { timeMs: times[i % times.length]!, values: [Math.sin(i)] }
      }
    }
    survive({ task: { targets: ['y'], horizons: [1, 3] } }, events())
  })

  test('horizons far apart', () => {
    survive(
      { task: { targets: ['y'], horizons: [1, 336], seasons: [7] } },
      series(900, (i) => Math.sin(i / 7)),
    )
  })

  test('several targets, inputs and known fields, each with its gaps', () => {
    const gap = () => (random.uniform() < 0.3 ? null : 100 * random.normal())
    function* events(): Generator<Event> {
      for (let i = 0; i < 400; i++) {
        yield { sequence: i % 3 === 0 ? 'a' : 'b', values: Array.from({ length: 9 }, gap) }
      }
    }
    survive(
      { task: { targets: ['a', 'b', 'c'], inputs: ['i'], known: ['n'], horizons: [1, 2, 5] } },
      events(),
    )
  })

  for (const cell of ['rnn', 'gru', 'lstm'] as const) {
    test(`the largest learning rate on the worst of targets, ${cell}`, () => {
      survive(
        { model: { cell, learningRates: [1], updateEvery: 1, layers: 2 } },
        series(500, (i) => (i % 7 === 0 ? 1e15 : i % 3 === 0 ? -1 : random.normal())),
      )
    })
  }

  test('a usual error of next to nothing', () => {
    const values = [0, -1e15, 5e-324, 0, 1e15, 5e-324, 5e-324, -1e15]
    survive(
      { task: { targets: ['y'], horizons: [1, 2] } },
      series(values.length, (i) => values[i]!),
    )
  })

  test('anything else that fast-check thinks of', () => {
    const value = fc.option(
      fc.oneof(
        fc.double({ min: -1e15, max: 1e15, noNaN: true }),
        fc.constantFrom(0, 1, -1, 1e15, -1e15, 5e-324),
      ),
    )
    const event = fc.record({
      sequence: fc.constantFrom('a', 'b'),
      timeMs: fc.option(fc.integer({ min: -1e12, max: 1e12 })),
      values: fc.tuple(value, value, value, value, value),
    })
    const rows = { horizons: fc.constantFrom([1, 2], [1, 6]), seasons: fc.constantFrom([], [3]) }
    const task = fc.record(rows).map(({ horizons, seasons }) => ({
      targets: ['y'],
      inputs: ['i'],
      known: ['n'],
      horizons: [...horizons],
      seasons: [...seasons],
    }))
    const events = fc.array(event, { minLength: 1, maxLength: 80 })
    const property = fc.property(task, events, (options, list) => {
      survive({ task: options, model: { window: 4 }, sequences: { max: 1, keep: 2 } }, list)
    })
    fc.assert(property, { numRuns: 150 })
  })
})
