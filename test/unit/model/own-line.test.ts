import { expect, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import { ownLags } from '../../../src/model/lags.ts'
import { LineFeatures } from '../../../src/model/line-features.ts'
import { OwnLine } from '../../../src/model/own-line.ts'
import { Random } from '../../../src/random.ts'
import { configOf, Driver } from './support/driver.ts'
import { DenseSquares, openPool } from './support/pool.ts'

test.each(['reference', 'wasm'] as const)(
  'each sequence’s own line is least squares on what the shared one leaves, %s kernel',
  (kernel) => {
    const pool = openPool({ horizons: [3], seasons: [5] }, openKernel(kernel))
    const features = new LineFeatures(pool, 0, 0)
    const own = new OwnLine(pool.layout, pool.kernel, features, pool.d, 0)
    const places = [0, ...features.ofLags(ownLags(pool.d, 3)), ...features.ofUsual(1)]
    const sequences = [0.5, -2].map((factor) => {
      const sequence = pool.sequence()
      own.begin(sequence.core)
      return { factor, sequence, squares: new DenseSquares(places.length + 1, 0.999, 0.03) }
    })
    const random = new Random(8)
    for (let i = 0; i < 400; i++) {
      const { factor, sequence, squares } = sequences[random.uint32() % 2]!
      sequence.push([random.uniform() < 0.1 ? null : random.normal()])
      const { core, newest } = sequence
      const mean = pool.history.mean(core, 0, 0, newest)
      features.fill(sequence.at(newest), 0, mean, pool.history.scale(core, 0, 0, newest))
      const z = random.normal()
      const x = [...places.map((place) => features.values[place]!), z]
      expect(own.predict(core, z)).toBeCloseTo(squares.predict(x), 9)
      const observed = z + factor * features.values[1]! + 0.1 * random.normal()
      own.learn(core, z, observed)
      squares.learn(x, observed - z)
    }
    // The weight of the newest value is what is particular to the sequence, shrunk a little.
    for (const { factor, squares } of sequences) {
      expect(squares.weights[1]! / factor).toBeGreaterThan(0.8)
      expect(squares.weights[1]! / factor).toBeLessThan(1.1)
    }
  },
)

/**
 * Mean errors of two lines over the second half of sequences that answer alike or apart, where both
 * forecast: the shared one may rest meanwhile.
 */
function errorsOf(factors: readonly number[]) {
  const driver = new Driver(
    configOf({
      task: { targets: ['y'], calendar: false },
      model: { hidden: 2, learningRates: [1e-3], diagnostics: false },
    }),
  )
  const { memberNames } = driver.model
  const random = new Random(9)
  const levels = factors.map(() => 0)
  const names = ['rls:linear', 'rls:own'] as const
  const sums = { 'rls:linear': 0, 'rls:own': 0 }
  let count = 0
  for (let t = 0; t < 3000; t++) {
    factors.forEach((factor, i) => {
      levels[i] = factor * levels[i]! + random.normal()
      driver.step({ sequence: `s${i}`, values: [levels[i]!] })
      if (t < 1500) return
      const { members } = driver.model.scored
      const [linear, own] = names.map((name) => members[memberNames.indexOf(name)]!)
      expect(Number.isFinite(own)).toBe(factors.length > 1)
      if (Number.isNaN(linear)) return
      count++
      sums['rls:linear'] += Math.abs(linear! - levels[i]!)
      sums['rls:own'] += Math.abs(own! - levels[i]!)
    })
  }
  expect(count).toBeGreaterThan(1000)
  return { 'rls:linear': sums['rls:linear'] / count, 'rls:own': sums['rls:own'] / count }
}

test('sequences that answer in their own ways are forecast by their own lines', () => {
  const apart = errorsOf([0.9, -0.9])
  // All that holds for both is y(t) = 0.81 y(t − 2) + noise, E|noise| = 1.07; of one's own 0.80.
  expect(apart['rls:own']).toBeLessThan(0.85)
  expect(apart['rls:linear']).toBeGreaterThan(1.05)
  const alike = errorsOf([0.9, 0.9])
  expect(alike['rls:own'] / alike['rls:linear']).toBeLessThan(1.02)
})

test('one sequence has none: what all share is its own', () => {
  expect(errorsOf([0.9])['rls:own']).toBeNaN()
})
