import { describe, expect, test } from 'vitest'
import type { ForecastConfig } from '../../../../src/config/schema.ts'
import type { Model } from '../../../../src/model/model.ts'
import { insideOf } from '../support/driver.ts'
import { boundedConfig, driverOf, feed, SlotStore, snapshotTo, streamOf } from './support.ts'

const variants: [
  kernel: 'reference' | 'wasm',
  portfolio: 'full' | 'network',
  cell: 'gru' | 'lstm',
][] = [
  ['reference', 'network', 'gru'],
  ['reference', 'full', 'gru'],
  ['wasm', 'network', 'lstm'],
  ['wasm', 'full', 'gru'],
]

function configOfVariant([kernel, portfolio, cell]: (typeof variants)[number]): ForecastConfig {
  return boundedConfig({ kernel, portfolio, cell })
}

function sizesOf(model: Model): { live: number; windowed: number } {
  const { table } = insideOf(model)
  return { live: table.live, windowed: table.windowed.size }
}

describe.each(variants)('%s, %s, %s: a restored model', (...variant) => {
  const config = configOfVariant(variant)
  const stream = streamOf(7, 220, 20)

  test('goes on as if nothing had been, restored at every record of 20 keys', () => {
    const undisturbed = driverOf(config)
    const store = new SlotStore()
    let driver = driverOf(config)
    let shed = 0
    let evicted = 0
    for (const entry of stream) {
      const { live, windowed } = sizesOf(undisturbed.model)
      feed(undisturbed, entry)
      feed(driver, entry)
      if (entry !== null) expect(driver.means).toEqual(undisturbed.means)
      const sizes = sizesOf(undisturbed.model)
      if (sizes.windowed < windowed) shed++
      if (sizes.live < live) evicted++
      const seal = snapshotTo(store, driver.model)
      expect(seal.stateHash).toBe(undisturbed.model.stateHash())
      expect(seal.records).toBe(undisturbed.model.records)
      driver = driverOf(config)
      store.restore(driver.model)
      expect(driver.model.stateHash()).toBe(seal.stateHash)
      expect(driver.model.chainHash()).toBe(undisturbed.model.chainHash())
      expect(driver.model.updates).toBe(undisturbed.model.updates)
      expect(driver.model.liveSequences).toBe(undisturbed.model.liveSequences)
    }
    expect(evicted).toBeGreaterThan(5)
    expect(shed).toBeGreaterThan(5)
    expect(undisturbed.model.updates).toBeGreaterThan(10)
  })

  test('goes on from any record to the end, and snapshots again', () => {
    for (let cut = 5; cut < stream.length; cut += 23) {
      const driver = driverOf(config)
      const store = new SlotStore()
      for (const entry of stream.slice(0, cut)) feed(driver, entry)
      snapshotTo(store, driver.model)
      const restored = driverOf(config)
      store.restore(restored.model)
      for (const entry of stream.slice(cut)) {
        feed(driver, entry)
        feed(restored, entry)
        expect(restored.model.chainHash()).toBe(driver.model.chainHash())
      }
      expect(restored.model.stateHash()).toBe(driver.model.stateHash())
      expect(restored.model.weightsHash()).toBe(driver.model.weightsHash())
      expect(restored.model.scores.summary()).toEqual(driver.model.scores.summary())
      expect(snapshotTo(store, restored.model)).toEqual({
        slot: 1,
        number: 2,
        records: stream.length,
        sequences: driver.model.liveSequences,
        stateHash: driver.model.stateHash(),
      })
    }
  })
})
