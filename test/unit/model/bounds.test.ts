import { describe, expect, test } from 'vitest'
import { describeModel } from '../../../src/model/describe.ts'
import { NO_WINDOW, OBJECT_BYTES } from '../../../src/model/sequence.ts'
import { Random } from '../../../src/random.ts'
import { configOf, Driver, hashOf, insideOf, sequenceOf, statesOf } from './support/driver.ts'

const model = { hidden: 4, learningRates: [1e-3], updateEvery: 4, block: 4 }

function driverOf(max: number, keep: number): Driver {
  return new Driver(
    configOf({ task: { targets: ['y'], horizons: [1, 3] }, model, sequences: { max, keep } }),
  )
}

/** Names of the live sequences that have a window. */
function windowed({ model }: Driver): string[] {
  const { table } = insideOf(model)
  return [...table.byName.values()]
    .filter(({ window }) => window !== NO_WINDOW)
    .map(({ name }) => name)
    .sort()
}

function live({ model }: Driver): string[] {
  return [...insideOf(model).table.byName.keys()].sort()
}

describe('the state is bounded', () => {
  test('beyond sequences.max the least recently used shed their windows, at a boundary', () => {
    const driver = driverOf(2, 10)
    for (const sequence of ['a', 'b', 'c']) driver.step({ sequence, values: [1] })
    expect(windowed(driver)).toEqual(['a', 'b', 'c'])
    driver.step({ sequence: 'a', values: [1] })
    expect(windowed(driver)).toEqual(['a', 'c'])
    for (const sequence of ['d', 'a', 'd', 'a']) driver.step({ sequence, values: [1] })
    expect(windowed(driver)).toEqual(['a', 'd'])
    expect(live(driver)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('who has shed its window goes on from its own hidden state and history', () => {
    const shed = driverOf(1, 10)
    const kept = driverOf(10, 10)
    for (const driver of [shed, kept]) {
      for (let i = 0; i < 6; i++) driver.step({ sequence: 'a', values: [i] })
      for (let i = 0; i < 10; i++) driver.step({ sequence: 'b', values: [i] })
    }
    const a = sequenceOf(shed.model, 'a')
    expect(a.window).toBe(NO_WINDOW)
    expect(sequenceOf(kept.model, 'a').window).not.toBe(NO_WINDOW)
    expect(statesOf(shed.model, a).some((h) => h !== 0)).toBe(true)
    shed.step({ sequence: 'a', values: [6] })
    expect(a.window).not.toBe(NO_WINDOW)
    expect(a.steps).toBe(7)
    expect(shed.model.scored.present[0]).toBe(1)
    expect(shed.model.scored.members[0]).toBe(5)
  })

  test('beyond sequences.keep the least recently used go, and begin anew when they return', () => {
    const driver = driverOf(1, 2)
    for (const sequence of ['a', 'b', 'c', 'c']) driver.step({ sequence, values: [7] })
    expect(live(driver)).toEqual(['b', 'c'])
    expect(driver.model.liveSequences).toBe(2)
    driver.step({ sequence: 'a', values: [5] })
    const a = sequenceOf(driver.model, 'a')
    expect(a.steps).toBe(1)
    expect(driver.model.scored.present[0]).toBe(0)
    for (const mean of driver.means) expect(mean).toBeCloseTo(5, 9)
  })

  test('is bounded over many keys, all but the block in hand', () => {
    const driver = driverOf(5, 9)
    const random = new Random(1)
    for (let i = 0; i < 3000; i++) {
      driver.step({ sequence: `k${random.uint32() % 500}`, values: [random.normal()] })
      expect(driver.model.liveSequences).toBeLessThanOrEqual(9 + 4)
      expect(insideOf(driver.model).table.windowed.size).toBeLessThanOrEqual(5 + 4)
    }
  })

  test('nothing depends on the order of a Map', () => {
    const straight = driverOf(3, 6)
    const shuffled = driverOf(3, 6)
    const random = new Random(2)
    for (let i = 0; i < 800; i++) {
      const event = { sequence: `k${random.uint32() % 12}`, values: [random.normal()] }
      straight.step(event)
      // The same sequences, put into the map anew in the opposite order.
      const { byName } = insideOf(shuffled.model).table
      const entries = [...byName].reverse()
      byName.clear()
      for (const [name, sequence] of entries) byName.set(name, sequence)
      shuffled.step(event)
      expect(shuffled.means).toEqual(straight.means)
    }
    expect(shuffled.model.chainHash()).toBe(straight.model.chainHash())
    expect(shuffled.model.stateHash()).toBe(straight.model.stateHash())
  })

  test('bytesPerSequence and bytesShared are what is allocated, known beforehand', () => {
    const config = configOf({ task: { targets: ['a', 'b'], seasons: [24] }, model })
    const driver = new Driver(config)
    const described = describeModel(config)
    driver.step({ sequence: 'a', values: [1, 2] })
    const { table, windows } = insideOf(driver.model)
    const { core } = sequenceOf(driver.model, 'a')
    const state = core.byteLength + 4 * table.stateSize + windows.byteLength
    // Slots are whole numbers of 8 bytes.
    expect(described.bytesPerSequence - OBJECT_BYTES - state).toBeOneOf([0, 4])
    const shared = insideOf(driver.model).shared.call(driver.model)
    expect(described.bytesShared).toBe(shared.reduce((sum, { array }) => sum + array.byteLength, 0))
    expect(described.parameters).toBe(described.networks * described.parametersPerNetwork)
    const spoken = configOf({
      task: { targets: ['a', 'b'], seasons: [24] },
      model: { ...model, kernel: 'wasm' },
    })
    // At least parameters, second moments and gradients of all networks, four bytes each.
    expect(describeModel(spoken).bytesKernel).toBeGreaterThan(12 * described.parameters)
  })

  test('a step makes no new array of the state', () => {
    const driver = driverOf(5, 9)
    driver.step({ sequence: 'a', values: [1] })
    const { core, home, window } = sequenceOf(driver.model, 'a')
    const before = hashOf(driver.model, 'a')
    for (let i = 0; i < 100; i++) driver.step({ sequence: 'a', values: [i] })
    const after = sequenceOf(driver.model, 'a')
    expect(after.core).toBe(core)
    expect(after.home).toBe(home)
    expect(after.window).toBe(window)
    expect(hashOf(driver.model, 'a')).not.toBe(before)
  })
})
