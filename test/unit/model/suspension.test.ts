import { describe, expect, test } from 'vitest'
import type { ConfigInput, ForecastConfig } from '../../../src/config/schema.ts'
import type { Model } from '../../../src/model/model.ts'
import { Suspension } from '../../../src/model/suspension.ts'
import { Random } from '../../../src/random.ts'
import { driverOf, SlotStore, snapshotTo } from './snapshot/support.ts'
import { configOf, type Driver } from './support/driver.ts'

const TRIAL = 4096
const REST = 16_384
/** A review comes up to so many records later. */
const REVIEW = 1024 + 64

/** What becomes of each line of one slot, record by record, whose weights `weightsAt` tells. */
function turnsOf(records: number, weightsAt: (record: number) => readonly number[]) {
  const lines = weightsAt(0).length
  const suspension = new Suspension(1, lines)
  const was = Array<boolean>(lines).fill(true)
  const turns = was.map((): number[] => [])
  for (let record = 1; record <= records; record++) {
    if (!suspension.isDue(record)) continue
    const weights = weightsAt(record).map((weight, i) => (suspension.isActive(0, i) ? weight : 0))
    suspension.observe(0, Float64Array.of(0.3, ...weights), 1)
    suspension.review(record)
    for (let i = 0; i < lines; i++) {
      if (suspension.isActive(0, i) === was[i]) continue
      was[i] = !was[i]
      turns[i]!.push(record)
    }
    expect(suspension.suspended).toBe(was.filter((active) => !active).length)
  }
  return turns
}

describe('a suspension', () => {
  test('lets a useless line rest after its trial, revives it, and tries it again', () => {
    const [useless, useful] = turnsOf(60_000, () => [0.001, 0.6])
    expect(useful).toEqual([])
    expect(useless!.length).toBe(5)
    useless!.forEach((record, i) => {
      const took = record - (useless![i - 1] ?? 0)
      const least = i % 2 === 0 ? TRIAL : REST
      expect(took).toBeGreaterThanOrEqual(least)
      expect(took).toBeLessThanOrEqual(least + REVIEW)
    })
  })

  test('never takes a line with weight, however little above a hundredth', () => {
    expect(turnsOf(60_000, () => [0.011, 0.0095])[0]).toEqual([])
    expect(turnsOf(60_000, () => [0.011, 0.0095])[1]).not.toEqual([])
    // Weight that comes and goes within the memory counts on average.
    expect(turnsOf(60_000, (record) => [record % 1024 < 256 ? 0.2 : 0])).toEqual([[]])
  })

  test('takes one that has lost its weight, leaves one that has earned some when revived', () => {
    const [lost, won] = turnsOf(60_000, (record) =>
      record < 30_000 ? [0.5, 0, 0.4] : [0, record < 40_000 ? 0 : 0.5, 0.4],
    )
    expect(lost![0]).toBeGreaterThan(30_000)
    expect(lost![0]).toBeLessThan(30_000 + 5 * REVIEW)
    expect(won!.length).toBe(4)
    expect(won![3]).toBeGreaterThan(40_000)
  })

  test('never takes the best line of a slot, little as it has earned', () => {
    const [, best] = turnsOf(60_000, () => [0.001, 0.002])
    expect(best).toEqual([])
  })

  test('tells slots and lines apart', () => {
    const suspension = new Suspension(2, 3)
    for (let record = 0; record < 6000; record += 16) {
      suspension.observe(0, Float64Array.of(0.5, 0.5, 0), 0)
      suspension.observe(1, Float64Array.of(0, 0.5, 0.5), 0)
      suspension.review(record)
    }
    const active = [0, 1].map((slot) => [0, 1, 2].map((line) => suspension.isActive(slot, line)))
    expect(active).toEqual([
      [true, true, false],
      [false, true, true],
    ])
    expect(suspension.suspended).toBe(2)
  })

  test('looks at every sequence alike, however many take turns', () => {
    const suspension = new Suspension(1, 1)
    for (let sequences = 1; sequences <= 64; sequences++) {
      const looks = Array<number>(sequences).fill(0)
      for (let record = 0; record < 1600 * sequences; record++) {
        if (suspension.isDue(record)) looks[record % sequences]! += 1
      }
      for (const count of looks) {
        expect(count).toBeGreaterThan(50)
        expect(count).toBeLessThan(200)
      }
    }
  })
})

const small = { hidden: 2, window: 4, updateEvery: 4, learningRates: [1e-3], diagnostics: false }

function configFor(model: ConfigInput['model'] = {}): ForecastConfig {
  return configOf({
    task: { targets: ['y'], calendar: false },
    model: { ...small, kernel: 'wasm', ...model },
  })
}

function suspensionOf(model: Model): Suspension {
  return (model as unknown as { portfolio: { suspension: Suspension } }).portfolio.suspension
}

/** Two waves and next to no noise: a straight line tells all of it, one that forgets fast less. */
function feeder(driver: Driver) {
  const random = new Random(4)
  let t = 0
  return () => {
    const waves = 500 * Math.sin(t / 3) + 100 * Math.sin(t / 7)
    driver.step({ values: [1000 + waves + 0.1 * random.normal()] })
    t++
  }
}

function presenceOf({ memberNames, scored }: Model): Record<string, boolean> {
  return Object.fromEntries(memberNames.map((name, i) => [name, !Number.isNaN(scored.members[i])]))
}

describe('a model', () => {
  test('has no forecast of a line that rests, and has one again when it is revived', () => {
    const driver = driverOf(configFor())
    const { model } = driver
    const suspension = suspensionOf(model)
    const lines = ['rls:linear', 'rls:sqrt', 'rls:log', 'rls:fast']
    const feed = feeder(driver)
    const turns: boolean[] = []
    let active = lines.map(() => true)
    let awake = active
    feed()
    for (let i = 0; i < 23_000; i++) {
      feed()
      // A review follows the forecast: what is scored now was forecast two reviews ago.
      const seen = presenceOf(model)
      expect(lines.map((name) => seen[name])).toEqual(active)
      if (active[3] !== turns.at(-1)) turns.push(active[3]!)
      active = lines.map((_, line) => awake[line]!)
      awake = lines.map((_, line) => suspension.isActive(0, line))
    }
    expect(turns).toEqual([true, false, true])
  })

  test('restored in the middle of a rest goes on to the same state', () => {
    const config = configFor()
    const whole = driverOf(config)
    const feed = feeder(whole)
    for (let i = 0; i < 8_000; i++) feed()
    const resting = suspensionOf(whole.model).suspended
    expect(resting).toBeGreaterThan(0)
    const store = new SlotStore()
    snapshotTo(store, whole.model)
    const restored = driverOf(config)
    store.restore(restored.model)
    expect(suspensionOf(restored.model).suspended).toBe(resting)
    expect(restored.model.stateHash()).toBe(whole.model.stateHash())
    const random = new Random(5)
    let isRevived = false
    for (let i = 0; i < 15_000; i++) {
      const values = [1000 + 500 * Math.sin(i / 3) + random.normal()]
      for (const driver of [whole, restored]) driver.step({ values })
      isRevived ||= suspensionOf(whole.model).suspended < resting
    }
    expect(isRevived).toBe(true)
    expect(restored.model.stateHash()).toBe(whole.model.stateHash())
    expect(restored.model.chainHash()).toBe(whole.model.chainHash())
  })

  test('of a lone network has no line that could rest', () => {
    const driver = driverOf(configFor({ portfolio: 'network' }))
    const suspension = suspensionOf(driver.model)
    const feed = feeder(driver)
    for (let i = 0; i < 6_000; i++) {
      feed()
      if (i > 0) expect(presenceOf(driver.model)['network:1e-3']).toBe(true)
      expect(suspension.isDue(i)).toBe(false)
    }
    expect(suspension.suspended).toBe(0)
    expect(suspension.state).toEqual(new Float64Array(1))
  })
})
