import { describe, expect, test } from 'vitest'
import { lineLags, seasonalLag } from '../../../src/model/lags.ts'
import { LineFeatures } from '../../../src/model/line-features.ts'
import { Random } from '../../../src/random.ts'
import { openPool } from './support/pool.ts'

const task = {
  targets: ['y', 'z'],
  inputs: ['i'],
  known: ['k'],
  horizons: [1, 9],
  seasons: [4, 7],
}

describe.each([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
])('LineFeatures of horizon %d and target %d', (k, target) => {
  test('are 1, lags, what is usual, fields at the target, in any domain, by brute force', () => {
    const { layout: _, ...pool } = openPool(task)
    const { d, history, profiles, inputs } = pool
    const features = new LineFeatures(pool, k, target)
    const sequence = pool.sequence()
    const random = new Random(5)
    const horizon = d.horizons[k]!
    expect(features.lags).toEqual(lineLags(d, horizon))
    for (let t = 0; t < 120; t++) {
      const value = () => (random.uniform() < 0.2 ? null : 9 + random.normal())
      // Fractions: the known field is no category, whose table stays silent.
      sequence.push([value(), value(), t / 7, t / 3, (t + 1) / 3, t % 5 === 0 ? null : t / 3])
      const newest = (t < horizon ? [t] : [t, t - horizon]).filter(
        (step) => history.newest(sequence.core, target) !== Infinity && step >= 0,
      )
      for (const step of newest) {
        for (let m = 0; m < 3; m++) {
          const mean = history.mean(sequence.core, m, target, step)
          const scale = history.scale(sequence.core, m, target, step)
          const from = sequence.at(step)
          features.fill(from, m, mean, scale)
          const z = (value: number | null) => sequence.standard(value, step, target, m)
          const tables = sequence
            .usual(step + horizon, step, target)
            .map((usual, table) => [
              z(usual),
              ...[0, 1, 2, 3].map((back) =>
                step < back ? 0 : z(sequence.usual(step - back, step - back - 1, target)[table]!),
              ),
            ])
          const rest = [from.x[inputs.inputAt(0)], from.x[inputs.aheadInputAt(k, 0)]]
          const lags = features.lags.map((lag) => z(sequence.value(step - lag, target)))
          // The longer season's word on the steps around the target's phase a short season ago.
          const past = [-1, 0, 1].map((off) => {
            const then = step - seasonalLag(4, horizon) - off
            return then < 0 ? 0 : z(sequence.usual(then, then - 1, target)[1]!)
          })
          const expected = [1, ...lags, ...tables.flat(), 0, 0, 0, 0, 0, ...past, ...rest]
          expect(features.values.length).toBe(expected.length)
          expected.forEach((value, i) => {
            expect(features.values[i]).toBeCloseTo(value!, 8)
          })
        }
      }
    }
    expect(profiles.tables).toBe(3)
  })

  test('are found by place', () => {
    const features = new LineFeatures(openPool(task), k, target)
    const { lags } = features
    expect(features.ofLags([lags[2]!, lags[0]!])).toEqual([3, 1])
    const usualAt = 1 + lags.length
    expect([0, 1, 2].map((table) => features.ofTable(table))).toEqual([
      usualAt,
      usualAt + 5,
      usualAt + 10,
    ])
    // Seasons are seen at that many of the newest steps, categories at the newest.
    const [first, second, third] = [usualAt, usualAt + 5, usualAt + 10]
    expect(features.ofUsual(1)).toEqual([first, first + 1, second, second + 1, third, third + 1])
    expect(features.ofUsual(4).length).toBe(5 + 5 + 2)
    expect(features.ofPast()).toEqual([usualAt + 15, usualAt + 16, usualAt + 17])
    expect(features.ofRest()).toEqual([usualAt + 18, usualAt + 19])
    expect(features.values.length).toBe(usualAt + 20)
  })
})

test.each<[string, number[], number]>([
  ['one season', [7], 1],
  ['a first season that ends with the horizon', [4, 7], 8],
])('with %s nothing is told of the season before', (_, seasons, horizon) => {
  const features = new LineFeatures(openPool({ seasons, horizons: [horizon] }), 0, 0)
  expect(features.ofPast()).toEqual([])
})
