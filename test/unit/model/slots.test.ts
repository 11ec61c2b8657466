import { describe, expect, test } from 'vitest'
import type { Slab } from '../../../src/model/slab.ts'
import { Random } from '../../../src/random.ts'
import { configOf, Driver, insideOf, sequenceOf } from './support/driver.ts'

const config = configOf({
  task: { targets: ['y'], inputs: ['i'], horizons: [1, 3] },
  model: { hidden: 4, learningRates: [1e-3], updateEvery: 4 },
  sequences: { max: 6, keep: 12 },
})

/** Slots handed out and back at random before the model gets any. */
function shuffle(slab: Slab, random: Random): void {
  const slots = Array.from({ length: 100 }, () => slab.open())
  for (let i = slots.length - 1; i >= 0; i--) {
    const [slot] = slots.splice(random.uint32() % (i + 1), 1)
    slab.release(slot!)
  }
}

/** The slabs of a model, which it keeps to itself. */
function slabsOf({ model }: Driver): Slab[] {
  const { table, windows } = insideOf(model)
  return [table, windows].map((owner) => (owner as unknown as { slab: Slab }).slab)
}

/** Sequences that come, shed their windows, go, and come back. */
function run(driver: Driver): string[] {
  const random = new Random(5)
  const said: string[] = []
  for (let i = 0; i < 2000; i++) {
    const name = `k${Math.floor(20 * random.uniform() * random.uniform())}`
    const input = random.uniform() < 0.2 ? null : random.normal()
    driver.step({ sequence: name, timeMs: 60_000 * i, values: [random.normal(), input] })
    if (i % 100 === 99) said.push(driver.model.chainHash(), driver.model.stateHash())
  }
  return said
}

describe('slots', () => {
  test('never reach the numbers, the chain or the state hash', () => {
    const plain = new Driver(config)
    const expected = run(plain)
    const orders = new Set<string>()
    for (const seed of [1, 2, 3]) {
      const driver = new Driver(config)
      for (const slab of slabsOf(driver)) shuffle(slab, new Random(seed))
      expect(run(driver)).toEqual(expected)
      const { table } = insideOf(driver.model)
      const names = [...table.byName.keys()]
      expect(names.length).toBe(12)
      orders.add(names.map((name) => sequenceOf(driver.model, name).slot).join())
    }
    // The runs did differ in where their sequences lay.
    expect(orders.size).toBe(3)
  })

  test('of shed windows and of sequences that are gone are used again', () => {
    const driver = new Driver(config)
    run(driver)
    const [sequences, windows] = slabsOf(driver)
    const { table } = insideOf(driver.model)
    expect([sequences!.size, windows!.size]).toEqual([table.live, table.windowed.size])
    // Above the bounds only by those that have come within the block.
    expect(table.windowed.size).toBeLessThanOrEqual(6 + 8)
    expect([sequences!.capacity, windows!.capacity]).toEqual([64, 64])
  })
})
