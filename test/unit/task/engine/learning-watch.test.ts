import { expect, test } from 'vitest'
import { Random } from '../../../../src/random.ts'
import { LearningWatch } from '../../../../src/task/engine/learning-watch.ts'
import { configOf, Driver } from '../../model/support/driver.ts'

function open(portfolio: 'full' | 'network' = 'full', sequences = {}) {
  const model = { hidden: 3, window: 4, updateEvery: 2, learningRates: [1e-3, 1e-2], portfolio }
  const task = { targets: ['y'], horizons: [1, 3], seasons: [6], intervals: [0.8] }
  const driver = new Driver(configOf({ model, task, sequences }))
  const watch = new LearningWatch(driver.model)
  const drive = (from: number, to: number, keys = 2) => {
    for (let i = from; i < to; i++) {
      const value = Math.sin(i / 4) + (i % 6) + (i % 53 === 0 ? 100 : 0)
      driver.step({ sequence: `s${i % keys}`, timeMs: i * 1_000, values: [value] })
      watch.add(driver.model.scored, driver.model.forecast)
    }
  }
  return { driver, watch, drive }
}

test('the skill is against the best of each kind on the scoreboard, over the rows it has', () => {
  const { driver, watch, drive } = open()
  drive(0, 500)
  const { errors, slots } = watch.report()
  expect(errors).toEqual(driver.model.scores.summary())
  const [slot] = slots
  const skill = (member: string) => {
    const rows = driver.model.scores.summary()
    const found = rows.find((row) => row.horizon === 1 && row.member === member)!
    return 1 - found.fadingMixtureMae / found.fadingMae
  }
  expect(slot!.skill.persistence).toBe(skill('persistence'))
  expect(slot!.skill.seasonal).toBe(skill('seasonal:6'))
  expect(slot!.skill.rls).toBe(Math.min(skill('rls:linear'), skill('rls:log')))
  expect(slot!.fadingMeanAbsolute).toBeGreaterThan(0)
  expect(slot!.intervals[0]).toMatchObject({ level: 0.8 })
  expect(slot!.intervals[0]!.coverage).toBeGreaterThan(0.5)
})

test('a lone network is compared with the naive forecasts of the same records', () => {
  const { watch, drive } = open('network')
  drive(0, 500)
  const [slot] = watch.report().slots
  expect(slot!.skill.persistence).toBeLessThan(1)
  expect(Number.isFinite(slot!.skill.persistence + slot!.skill.seasonal)).toBe(true)
  expect(slot!.skill.rls).toBeNaN()
})

test('counts are told once, and what a replay did is not told at all', () => {
  const { driver, watch, drive } = open('full', { max: 3, keep: 5 })
  drive(0, 300, 10)
  watch.skip()
  expect(watch.report()).toMatchObject({ evictions: { window: 0, sequence: 0 } })
  const before = driver.model.health.networks().map(({ clippedUpdates }) => clippedUpdates)
  const { windows, sequences } = { ...driver.model.health.evicted }
  drive(300, 600, 10)
  const { evictions, networks } = watch.report()
  const now = driver.model.health
  expect(evictions.window).toBe(now.evicted.windows - windows)
  expect(evictions.sequence).toBe(now.evicted.sequences - sequences)
  expect(evictions.window).toBeGreaterThan(0)
  expect(networks.map(({ clippedUpdates }) => clippedUpdates)).toEqual(
    now.networks().map(({ clippedUpdates }, i) => clippedUpdates - before[i]!),
  )
  expect(watch.report().networks.every(({ clippedUpdates }) => clippedUpdates === 0)).toBe(true)
})

test('the first report asks for an update to be measured, the next one has it', () => {
  const { watch, drive } = open()
  drive(0, 100)
  expect(watch.report().networks[0]!.updateSize).toBeNaN()
  drive(100, 200)
  expect(watch.report().networks[0]!.updateSize).toBeGreaterThan(0)
})

test('each drift is told once, with the sequence and record at which it was seen', () => {
  const { watch, driver } = open()
  const random = new Random(1)
  let seen = 0
  for (let i = 0; i < 2_000; i++) {
    driver.step({ sequence: 's', values: [(i < 1_000 ? 1 : 4) * random.normal()] })
    const { scored, forecast } = driver.model
    watch.add(scored, forecast)
    if (seen === 0 && forecast.drifts[0] === 1) seen = forecast.records
  }
  expect(seen).toBeGreaterThan(1_000)
  const { drifts } = watch.report()
  expect(drifts[0]).toEqual({ target: 'y', horizon: 1, sequence: 's', records: seen })
  expect(watch.report().drifts).toEqual([])
})

test('each roll-back is told once, with the rate it led to, and none of a replay', () => {
  const model = { learningRates: [1], portfolio: 'network' as const }
  const driver = new Driver(configOf({ model }))
  const watch = new LearningWatch(driver.model)
  const random = new Random(1)
  const drive = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      driver.step({ values: [10 * Math.sin(i / 4) + random.normal()] })
      watch.add(driver.model.scored, driver.model.forecast)
    }
    return driver.model.health.networks()[0]!
  }
  const first = drive(0, 300).rollbacks
  expect(first).toBeGreaterThan(0)
  watch.skip()
  expect(watch.report().rollbacks).toEqual([])
  const { network, learningRate, rollbacks } = drive(300, 1_500)
  const count = rollbacks - first
  expect(count).toBeGreaterThan(0)
  expect(watch.report().rollbacks).toEqual([{ network, learningRate, count, records: 1_500 }])
  expect(watch.report().rollbacks).toEqual([])
})

test('seasons that are found are told once, and what a replay found is known already', () => {
  const driver = new Driver(configOf({ task: { targets: ['y'], seasons: 'auto' } }))
  const [watch, replayed] = [new LearningWatch(driver.model), new LearningWatch(driver.model)]
  const random = new Random(1)
  expect(watch.report()).toMatchObject({ seasons: [0, 0], seasonChanges: [] })
  for (let i = 0; i < 400; i++) {
    driver.step({ values: [10 * Math.sin((2 * Math.PI * i) / 12) + random.normal()] })
  }
  replayed.skip()
  const change = { seasons: [12], before: [], records: 400 }
  expect(watch.report()).toMatchObject({ seasons: [12, 0], seasonChanges: [change] })
  expect(watch.report().seasonChanges).toEqual([])
  expect(replayed.report()).toMatchObject({ seasons: [12, 0], seasonChanges: [] })
})
