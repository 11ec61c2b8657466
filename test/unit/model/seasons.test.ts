import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { Random } from '../../../src/random.ts'
import { Processor } from '../../../src/task/processor.ts'
import { driverOf, SlotStore, snapshotTo } from './snapshot/support.ts'
import { configOf, type Driver, insideOf } from './support/driver.ts'

const small = { hidden: 4, window: 4, updateEvery: 3, learningRates: [1e-3] }

function configWith(seasons: 'auto' | number[], more: Partial<ConfigInput> = {}) {
  const own = { targets: ['y'], horizons: [1, 3], calendar: false, ...more.task, seasons }
  const task = own as ConfigInput['task']
  return configOf({ ...more, task, model: { kernel: 'wasm', ...small, ...more.model } })
}

/** A season of as many steps as `periodAt` says, its third harmonic, and noise. */
function streamOf(
  count: number,
  seed: number,
  periodAt: (t: number) => number,
  third = 2,
): number[] {
  const random = new Random(seed)
  return Array.from({ length: count }, (_, t) => {
    const turn = (2 * Math.PI * t) / periodAt(t)
    return 20 + 5 * Math.sin(turn) + third * Math.cos(3 * turn) + random.normal()
  })
}

/** Mean absolute error of the mixture, one and three ahead, over the steps from `from` on. */
function errorsOf(driver: Driver, values: readonly number[], from: number): [number, number] {
  const sums: [number, number] = [0, 0]
  const said: number[][] = []
  for (const [t, value] of values.entries()) {
    if (t >= from) {
      sums[0] += Math.abs(value - said[t - 1]![0]!)
      sums[1] += Math.abs(value - said[t - 3]![1]!)
    }
    driver.step({ values: [value] })
    said.push(driver.means)
  }
  return [sums[0] / (values.length - from), sums[1] / (values.length - from)]
}

/** Feeds one sequence; [record, seasons] for each change. */
function feed(driver: Driver, values: readonly number[]): [number, string][] {
  const changes: [number, string][] = []
  let before = driver.model.seasonsNow.join()
  for (const value of values) {
    driver.step({ values: [value] })
    const now = driver.model.seasonsNow.join()
    if (now !== before) changes.push([driver.model.records, now])
    before = now
  }
  return changes
}

function maeOf({ model }: Driver, member: string): number {
  const row = model.scores.summary().find((s) => s.member === member && s.horizon === 1)
  return row?.fadingMae ?? NaN
}

/** What a member said last of the first slot. */
function newestOf({ model }: Driver, member: string): number {
  return insideOf(model).steps.members[model.memberNames.indexOf(member)]!
}

/** How many features each of the least squares has in use. */
function featuresOf({ model }: Driver): number[] {
  const { portfolio } = model as unknown as {
    portfolio: { squares: readonly { rls: { used: number } }[] }
  }
  return portfolio.squares.map(({ rls }) => rls.used)
}

describe('task.seasons: auto', () => {
  test('finds a season, and is as good as a model that was told it', () => {
    const values = streamOf(2500, 1, () => 24)
    const found = driverOf(configWith('auto'))
    const [own, given, none] = [found, driverOf(configWith([24])), driverOf(configWith([]))].map(
      (driver) => errorsOf(driver, values, 800),
    )
    expect(found.model.seasonsNow).toEqual([24])
    for (const k of [0, 1]) {
      expect(own![k]! / given![k]!).toBeLessThan(1.02)
      expect(own![k]! / none![k]!).toBeLessThan(0.97)
    }
  })

  test('once found, everything is as if it had been told: features, and what is usual', () => {
    const values = streamOf(700, 2, () => 24)
    const [found, told] = [driverOf(configWith('auto')), driverOf(configWith([24]))]
    const changes = feed(found, values)
    feed(told, values)
    expect(changes).toHaveLength(1)
    // The values since the first one were still there: the tables are the same to the bit.
    expect(newestOf(found, 'usual:first')).toBe(newestOf(told, 'usual:24'))
    expect(newestOf(found, 'seasonal:first')).toBe(newestOf(told, 'seasonal:24'))
    for (const name of ['seasonal', 'usual', 'rls:gated']) {
      expect(newestOf(found, `${name}:second`)).toBe(Infinity)
    }
    const [own, given] = [found, told].map((driver) => new Set(featuresOf(driver)))
    for (const features of given!) expect(own).toContain(features)
  })

  test('follows a season that becomes another', () => {
    const at = 2000
    const values = streamOf(7000, 3, (t) => (t < at ? 24 : 30), 0)
    const driver = driverOf(configWith('auto'))
    const [own] = errorsOf(driver, values, 5000)
    // The values that are looked at reach back to before the change for long.
    expect(driver.model.seasonsNow).toContain(30)
    const [given] = errorsOf(driverOf(configWith([30])), values.slice(at), 5000 - at)
    expect(own / given).toBeLessThan(1.03)
    const before = driverOf(configWith('auto'))
    feed(before, values.slice(0, at))
    expect(before.model.seasonsNow).toEqual([24])
  }, 60_000)

  test.each([1, 2, 3])('finds none in noise, and says nothing by one, seed %i', (seed) => {
    const random = new Random(seed)
    const driver = driverOf(configWith('auto'))
    const told = driverOf(configWith([]))
    for (let t = 0; t < 3000; t++) {
      const values = [10 + random.normal()]
      driver.step({ values })
      told.step({ values })
    }
    expect(driver.model.seasonsNow).toEqual([])
    expect(maeOf(driver, 'usual:first')).toBeNaN()
    expect(maeOf(driver, 'mixture') / maeOf(told, 'mixture')).toBeLessThan(1.01)
  })

  test.each(['full', 'network'] as const)('%s: a restore around a change goes on alike', (kind) => {
    const config = configWith('auto', { model: { portfolio: kind } })
    const values = streamOf(1500, 4, () => 24)
    const whole = driverOf(config)
    const [[at] = [0]] = feed(whole, values)
    expect(at).toBeGreaterThan(0)
    for (const cut of [at - 20, at - 1, at, at + 1, at + 700]) {
      const head = driverOf(config)
      feed(head, values.slice(0, cut))
      const store = new SlotStore()
      snapshotTo(store, head.model)
      const restored = driverOf(config)
      store.restore(restored.model)
      expect(restored.model.seasonsNow).toEqual(head.model.seasonsNow)
      expect(restored.model.stateHash()).toBe(head.model.stateHash())
      feed(restored, values.slice(cut))
      expect(restored.model.stateHash()).toBe(whole.model.stateHash())
      expect(restored.model.chainHash()).toBe(whole.model.chainHash())
    }
  })

  test('a snapshot in progress while they change is the state at its cut', () => {
    const config = configWith('auto')
    const values = streamOf(600, 4, () => 24)
    const names = ['a', 'b', 'c', 'd', 'e']
    const driver = driverOf(config)
    const store = new SlotStore()
    let expected = ''
    let spanned = 0
    for (const value of values) {
      for (const [i, sequence] of names.entries()) {
        const { snapshots } = driver.model
        if (!snapshots.isInProgress) {
          expected = driver.model.stateHash()
          snapshots.begin()
        }
        const before = driver.model.seasonsNow.length
        driver.step({ sequence, values: [value * (1 + i)] })
        if (driver.model.seasonsNow.length !== before) spanned++
        store.write(
          snapshots.slot,
          snapshots.take(200, () => false),
        )
        if (!snapshots.isComplete) continue
        const seal = snapshots.seal()
        expect(seal.stateHash).toBe(expected)
        store.seals[seal.slot] = seal
        snapshots.sealed()
        const restored = driverOf(config)
        store.restore(restored.model)
        expect(restored.model.stateHash()).toBe(expected)
      }
    }
    expect(spanned).toBe(1)
  }, 60_000)

  test.each([
    ['networks that learn', {}],
    ['networks that do not', { learn: false }],
    ['no networks', { learningRates: [] }],
    ['a lone network', { portfolio: 'network' }],
  ] as const)(
    'many records at a time, with %s: the bits of one by one',
    (_, model) => {
      const config = configWith('auto', { model: { ...model } as ConfigInput['model'] })
      const [plain, many] = [new Processor(config), new Processor(config)]
      const random = new Random(5)
      const records = Array.from({ length: 6000 }, (_, i) => {
        const sequence = i % 20
        const t = Math.floor(i / 20)
        const y = (1 + sequence) * (10 + 5 * Math.sin((2 * Math.PI * t) / 12) + random.normal())
        const value = i % 97 === 0 ? '{' : JSON.stringify({ y })
        return {
          key: Buffer.from(`s${sequence}`),
          value: Buffer.from(value),
          timestampMs: 1000 * t,
        }
      })
      const changes = new Set<string>()
      for (let from = 0, n = 0; from < records.length; n++) {
        const until = Math.min(records.length, from + 1 + ((7 * n) % 64))
        many.processMany(records, from, until, () => undefined)
        for (const { key, value, timestampMs } of records.slice(from, until)) {
          plain.process(key, value, timestampMs)
        }
        expect(many.model.chainHash()).toBe(plain.model.chainHash())
        changes.add(many.model.seasonsNow.join())
        from = until
      }
      expect([...changes]).toEqual(['', '12'])
      expect(many.model.stateHash()).toBe(plain.model.stateHash())
    },
    60_000,
  )

  test('the networks’ inputs say nothing by a season that has not been found', () => {
    const driver = driverOf(configWith('auto'))
    const told = driverOf(configWith([]))
    for (const value of streamOf(80, 6, () => 24)) {
      driver.step({ values: [value] })
      told.step({ values: [value] })
    }
    expect(featuresOf(driver)).toEqual(expect.arrayContaining([...new Set(featuresOf(told))]))
  })
})
