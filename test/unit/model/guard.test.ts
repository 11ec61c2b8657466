import { describe, expect, test } from 'vitest'
import type { Model } from '../../../src/model/model.ts'
import { Random } from '../../../src/random.ts'
import { driverOf, SlotStore, snapshotTo } from './snapshot/support.ts'
import { arraysWithNaN, configOf, insideOf } from './support/driver.ts'

type Source = (i: number, random: Random) => number

const wave: Source = (i, random) => 10 * Math.sin(i / 4) + random.normal()

interface Errors {
  readonly mixture: number[]
  readonly naive: number[]
  readonly model: Model
  /** Records at which weights were put back. */
  readonly rollbacks: number[]
}

function rollbacksOf(model: Model): number {
  return model.health.networks().reduce((sum, { rollbacks }) => sum + rollbacks, 0)
}

function run(source: Source, count: number, model: object): Errors {
  const driver = driverOf(configOf({ model: { kernel: 'wasm', ...model } }))
  const random = new Random(1)
  const [mixture, naive, rollbacks] = [[] as number[], [] as number[], [] as number[]]
  let last = 0
  for (let i = 0; i < count; i++) {
    const value = source(i, random)
    driver.step({ values: [value] })
    const { scored, forecast } = driver.model
    expect(Number.isFinite(forecast.means[0])).toBe(true)
    mixture.push(Math.abs(scored.mixture[0]! - value))
    naive.push(Math.abs(scored.persistence[0]! - value))
    const now = rollbacksOf(driver.model)
    if (now > last) rollbacks.push(i)
    last = now
  }
  expect(arraysWithNaN(driver.model)).toEqual([])
  return { mixture, naive, model: driver.model, rollbacks }
}

function mean(values: readonly number[], from: number, to: number): number {
  return values.slice(from, to).reduce((sum, value) => sum + value) / (to - from)
}

describe.each(['full', 'network'] as const)(
  'a %s portfolio stays finite and recovers',
  (portfolio) => {
    const model = { portfolio }

    test('from one record of a million: 100 records later it is as good as without', () => {
      const hit = run((i, random) => (i === 1_500 ? 1e6 : wave(i, random)), 2_200, model)
      const plain = run(wave, 2_200, model)
      expect(mean(hit.mixture, 1_600, 2_200)).toBeLessThan(1.15 * mean(plain.mixture, 1_600, 2_200))
      expect(hit.rollbacks).toEqual([])
    })

    test('on a constant stream, also after noise: it says the constant', () => {
      const { mixture, rollbacks } = run(() => 42, 800, model)
      expect(mean(mixture, 1, 800)).toBeLessThan(1e-9)
      const later = run((i, random) => (i < 1_000 ? random.normal() : 3), 2_000, model)
      expect(mean(later.mixture, 1_500, 2_000)).toBeLessThan(0.05)
      expect([...rollbacks, ...later.rollbacks]).toEqual([])
    })

    test.each<[string, Source]>([
      ['by chance', (_, random) => (random.normal() > 0 ? 1 : 5)],
      ['in long turns', (i) => (Math.floor(i / 37) % 2 === 0 ? 1 : 5)],
    ])('on two values %s: it is no worse than naive', (_, source) => {
      const { mixture, naive, rollbacks } = run(source, 2_000, model)
      expect(mean(mixture, 500, 2_000)).toBeLessThan(1.15 * mean(naive, 500, 2_000))
      expect(rollbacks).toEqual([])
    })

    test('from a unit a thousand times as large: as good as naive 100 records later', () => {
      const source: Source = (i, random) =>
        (i < 1_500 ? 1 : 1_000) * (10 + 5 * Math.sin(i / 4) + random.normal())
      const { mixture, naive, rollbacks } = run(source, 3_000, model)
      expect(mean(mixture, 1_600, 1_800)).toBeLessThan(1.1 * mean(naive, 1_600, 1_800))
      expect(mean(mixture, 2_500, 3_000)).toBeLessThan(1.02 * mean(naive, 2_500, 3_000))
      expect(rollbacks).toEqual([])
    })
  },
)

describe('a learning rate of 1', () => {
  const model = { learningRates: [1], portfolio: 'network' as const }

  test('leads astray, and is brought down until the network is held', () => {
    const { mixture, naive, rollbacks, model: end } = run(wave, 4_000, model)
    expect(rollbacks.length).toBeGreaterThan(0)
    expect(rollbacks[0]).toBeGreaterThan(200)
    expect(rollbacks[0]).toBeLessThan(300)
    const [{ learningRate } = { learningRate: 1 }] = end.health.networks()
    // A third for each, of which no more than a half of the rate before it comes back.
    expect(learningRate).toBeLessThanOrEqual(0.5 ** rollbacks.length)
    expect(learningRate).toBeGreaterThanOrEqual((1 / 3) ** rollbacks.length)
    expect(mean(mixture, 1_000, 4_000)).toBeLessThan(3 * mean(naive, 1_000, 4_000))
  })

  test('beside others costs the mixture nothing', () => {
    const wild = run(wave, 2_500, { learningRates: [1e-3, 1] })
    const tame = run(wave, 2_500, { learningRates: [1e-3] })
    expect(wild.rollbacks.length).toBeGreaterThan(0)
    expect(mean(wild.mixture, 500, 2_500)).toBeLessThan(1.05 * mean(tame.mixture, 500, 2_500))
    const [held, left] = wild.model.health.networks()
    expect([held?.rollbacks, held?.learningRate]).toEqual([0, 1e-3])
    expect(left!.learningRate).toBeLessThan(1)
  })

  test('is held alike after a restore between two roll-backs', () => {
    const config = configOf({ model: { kernel: 'wasm', ...model } })
    const [whole, random] = [driverOf(config), new Random(1)]
    const values = Array.from({ length: 1_200 }, (_, i) => wave(i, random))
    const store = new SlotStore()
    const cut = 400
    values.forEach((value, i) => {
      whole.step({ values: [value] })
      if (i + 1 === cut) snapshotTo(store, whole.model)
    })
    const restored = driverOf(config)
    store.restore(restored.model)
    const before = rollbacksOf(restored.model)
    for (const value of values.slice(cut)) restored.step({ values: [value] })
    expect(before).toBeGreaterThan(0)
    expect(rollbacksOf(restored.model)).toBeGreaterThan(before)
    expect(restored.model.stateHash()).toBe(whole.model.stateHash())
    expect(restored.model.chainHash()).toBe(whole.model.chainHash())
  })
})

describe('weights that are put back', () => {
  test('are those of a time when all was well, with their optimiser', () => {
    const driver = driverOf(configOf({ model: { kernel: 'wasm', learningRates: [1e-3] } }))
    const random = new Random(1)
    const { networks } = insideOf(driver.model).learning
    const { network } = networks[0]!
    // Far off, and too slow to come back by itself.
    for (let i = 0; i < 2_500; i++) driver.step({ values: [wave(i, random)] })
    const good = network.parameters.slice()
    const norm = Math.hypot(...good)
    network.parameters.fill(5)
    network.stateWritten()
    let count = 0
    for (let i = 2_500; rollbacksOf(driver.model) === 0; i++, count++) {
      if (count === 1_000) throw new Error('no roll-back')
      driver.step({ values: [wave(i, random)] })
    }
    expect(count).toBeGreaterThanOrEqual(200)
    expect(count).toBeLessThan(260)
    expect(network.learningRate).toBeCloseTo(1e-3 / 3, 12)
    // The copy is of record 2,000 or thereabouts.
    const apart = Math.hypot(...network.parameters.map((weight, i) => weight - good[i]!))
    expect(apart).toBeLessThan(0.2 * norm)
    // A twentieth for each 1,000 good records, up to a half.
    for (let i = 0; i < 3_100; i++) driver.step({ values: [wave(i, random)] })
    expect(network.learningRate / (1e-3 / 3)).toBeGreaterThan(1.05)
    expect(network.learningRate).toBeLessThanOrEqual(0.52e-3)
  })

  test('come back at once where a loss is not finite', () => {
    const driver = driverOf(configOf({ model: { kernel: 'wasm', learningRates: [1e-3] } }))
    const random = new Random(1)
    for (let i = 0; i < 100; i++) driver.step({ values: [wave(i, random)] })
    const { network } = insideOf(driver.model).learning.networks[0]!
    network.parameters.fill(3e38)
    network.stateWritten()
    for (let i = 100; i < 110; i++) driver.step({ values: [wave(i, random)] })
    expect(rollbacksOf(driver.model)).toBe(1)
    expect(network.parameters.every(Number.isFinite)).toBe(true)
    expect(Math.hypot(...network.parameters)).toBeLessThan(100)
    expect(arraysWithNaN(driver.model)).toEqual([])
  })
})
