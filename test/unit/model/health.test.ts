import { describe, expect, test } from 'vitest'
import { ABSENT } from '../../../src/model/layout.ts'
import { HEADER } from '../../../src/model/sequence.ts'
import { Random } from '../../../src/random.ts'
import { configOf, Driver, insideOf } from './support/driver.ts'

const small = { hidden: 3, window: 4, updateEvery: 2, learningRates: [1e-3, 1e-2] }
const horizons = [1, 2]

function open(model: object = {}, sequences = {}): Driver {
  return new Driver(
    configOf({
      model: { ...small, ...model },
      task: { targets: ['y'], horizons, seasons: [6] },
      sequences,
    }),
  )
}

/** A wave on `keys` sequences in turn. */
function drive(driver: Driver, from: number, to: number, keys = 3): void {
  for (let i = from; i < to; i++) {
    const value = 5 + Math.sin(i / 9) + (i % keys)
    driver.step({ sequence: `s${i % keys}`, timeMs: i * 1_000, values: [value] })
  }
}

describe('what is looked at changes nothing', () => {
  test('reports and measured updates leave every hash as it is', () => {
    const [watched, alone] = [open(), open()]
    for (let i = 0; i < 400; i += 20) {
      drive(watched, i, i + 20)
      drive(alone, i, i + 20)
      watched.model.health.measureNext()
      watched.model.health.networks()
      watched.model.health.slotWeights()
    }
    expect(watched.model.health.networks()[0]!.updateSize).toBeGreaterThan(0)
    expect(watched.model.chainHash()).toBe(alone.model.chainHash())
    expect(watched.model.stateHash()).toBe(alone.model.stateHash())
  })
})

describe('networks', () => {
  test('the measured size is how far one update moved the weights, and only when asked', () => {
    const driver = open()
    drive(driver, 0, 100)
    const { model } = driver
    const networks = () => insideOf(model).learning.networks
    expect(model.health.networks().map(({ updateSize }) => updateSize)).toEqual([NaN, NaN])
    model.health.measureNext()
    const before = networks().map(({ network }) => network.parameters.slice())
    const { updates } = model
    for (let i = 100; model.updates === updates; i++) drive(driver, i, i + 1)
    const rows = model.health.networks()
    expect(rows.map(({ network }) => network)).toEqual(['network:1e-3', 'network:1e-2'])
    rows.forEach((row, j) => {
      const after = networks()[j]!.network.parameters
      const change = Math.hypot(...after.map((weight, i) => weight - before[j]![i]!))
      expect(row.weightNorm).toBeCloseTo(Math.hypot(...after), 6)
      expect(row.updateSize).toBeCloseTo(change / Math.hypot(...after), 9)
      expect(row.gradientNorm).toBeGreaterThan(0)
    })
    const sizes = rows.map(({ updateSize }) => updateSize)
    drive(driver, 200, 300)
    expect(model.health.networks().map(({ updateSize }) => updateSize)).toEqual(sizes)
  })

  test('clipped updates are those above the clip norm', () => {
    const driver = open()
    let clipped = 0
    let { updates } = driver.model
    for (let i = 0; i < 600; i++) {
      // A jump now and then makes a gradient that is longer than 1.
      const value = i % 97 === 0 ? 500 : Math.sin(i / 9)
      driver.step({ sequence: 's', timeMs: i, values: [value] })
      const { lastUpdate } = driver.model
      if (driver.model.updates > updates && lastUpdate.clipped) clipped++
      updates = driver.model.updates
    }
    const [first] = driver.model.health.networks()
    expect(clipped).toBeGreaterThan(0)
    expect(clipped).toBeLessThan(updates)
    // The middle of two is the first, whose updates the model tells of.
    expect(first!.clippedUpdates).toBe(clipped)
    expect(first!.refusedUpdates).toBe(0)
  })

  test('a model that does not learn says so by its rate, and has no update', () => {
    const driver = open({ learn: false })
    drive(driver, 0, 100)
    const [first] = driver.model.health.networks()
    expect(first).toMatchObject({ learningRate: 0, gradientNorm: NaN, updateSize: NaN })
    expect(open().model.health.networks()[1]).toMatchObject({ learningRate: 1e-2 })
  })

  test('saturated units are those beyond 0.95, of all sequences used last', () => {
    const driver = open()
    const { model } = driver
    expect(model.health.networks()[0]!.saturatedUnits).toBeNaN()
    drive(driver, 0, 60, 2)
    expect(model.health.networks()[0]!.saturatedUnits).toBe(0)
    const sequence = insideOf(model).table.byName.get('s1')!
    sequence.home.float32.set([0.96, -0.99, 0.94], sequence.statesAt)
    expect(model.health.networks()[0]!.saturatedUnits).toBeCloseTo(2 / 6, 12)
    expect(model.health.networks()[1]!.saturatedUnits).toBe(0)
  })
})

describe('weights of the members', () => {
  test('sum to 1 and, for one sequence, mix the members into what is published next', () => {
    const driver = open()
    const { model } = driver
    // With so much noise no member is further off than the mixture lets it pull.
    const random = new Random(3)
    for (let i = 0; i < 300; i++) {
      const value = 2 + Math.sin(i / 5) + (i % 6) + 3 * random.uniform()
      driver.step({ sequence: 's', timeMs: i * 1_000, values: [value] })
    }
    const rows = model.health.slotWeights()
    expect(rows.map(({ target, horizon }) => [target, horizon])).toEqual([
      ['y', 1],
      ['y', 2],
    ])
    const { members } = insideOf(model).steps
    rows.forEach(({ weights }, slot) => {
      expect(weights.map(({ member }) => member)).toEqual(
        model.memberNames.filter((name) => name !== 'network:no-carry'),
      )
      expect(weights.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12)
      const mean = weights.reduce((sum, { weight, member }, i) => {
        const forecast = members[slot * model.memberNames.length + i]!
        // With one sequence the lines that all share are its own.
        if (member === 'rls:own') expect([weight, forecast]).toEqual([0, ABSENT])
        return weight > 0 ? sum + weight * forecast : sum
      }, 0)
      expect(mean).toBeCloseTo(model.forecast.means[slot]!, 9)
    })
  })

  test('of several sequences they are a mean; a lone network has all of it', () => {
    const driver = open()
    drive(driver, 0, 300, 40)
    for (const { weights } of driver.model.health.slotWeights()) {
      expect(weights.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12)
    }
    const lone = open({ portfolio: 'network' })
    expect(lone.model.health.slotWeights()[0]!.weights).toEqual([])
    drive(lone, 0, 30)
    expect(lone.model.health.slotWeights()[0]!.weights).toEqual([
      { member: 'network:1e-3', weight: 1 },
    ])
  })
})

test('counts what the bounds on sequences took, and what the rest holds', () => {
  const driver = open({}, { max: 4, keep: 6 })
  const { health } = driver.model
  drive(driver, 0, 3, 3)
  const { table, windows } = insideOf(driver.model)
  expect(health).toMatchObject({ windows: 3, evicted: { windows: 0, sequences: 0 } })
  const of = (live: number, windowed: number) =>
    live * table.bytesPerSequence + windowed * windows.byteLength
  expect(health.sequenceBytes).toBe(of(3, 3))
  drive(driver, 0, 10, 10)
  while (table.live > 6 || table.windowed.size > 4) driver.skip()
  expect(health).toMatchObject({ windows: 4, evicted: { windows: 6, sequences: 4 } })
  expect(health.sequenceBytes).toBe(of(6, 4))
  expect(table.byName.get('s9')!.core[HEADER.steps]).toBe(1)
})
