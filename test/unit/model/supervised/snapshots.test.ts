import { describe, expect, test } from 'vitest'
import type { StateRow } from '../../../../src/model/snapshot/snapshots.ts'
import { driverOf, Store, supervised } from './support/driver.ts'
import { lateLabels } from './support/streams.ts'

const kinds = {
  regression: {
    stream: lateLabels(11, 160),
    config: supervised(
      { categorical: ['colour'], id: 'id', seasons: [5], labels: { maxPending: 30 } },
      { sequences: { max: 2, keep: 3 } },
    ),
  },
  classification: {
    stream: lateLabels(12, 160, { classes: 6 }),
    config: supervised({
      categorical: ['colour'],
      id: 'id',
      type: 'classification',
      maxClasses: 4,
      labels: { maxPending: 30 },
    }),
  },
} as const

describe.each(Object.entries(kinds))('%s', (_, { stream, config }) => {
  test('a snapshot at any record, predictions that wait included, goes on bit for bit', () => {
    const whole = driverOf(config).feed(stream)
    for (let cut = 0; cut < stream.length; cut += 13) {
      const driver = driverOf(config).feed(stream.slice(0, cut))
      const restored = new Store().through(driver)
      expect(restored.hashes).toEqual(driver.hashes)
      expect(restored.model.labelCounts).toEqual(driver.model.labelCounts)
      expect(restored.model.scores.summary()).toEqual(driver.model.scores.summary())
      expect(restored.feed(stream.slice(cut)).hashes).toEqual(whole.hashes)
    }
  })

  test('one taken while the model goes on is the state at its cut', () => {
    const store = new Store()
    const driver = driverOf(config)
    const { snapshots } = driver.model
    let atCut = driver.hashes
    let rows: StateRow[] = []
    let seals = 0
    for (const entry of stream) {
      if (!snapshots.isInProgress) {
        atCut = driver.hashes
        rows = []
        snapshots.begin()
      }
      driver.step(entry)
      rows.push(...snapshots.take(200_000, () => false))
      if (!snapshots.isComplete) continue
      expect(store.seal(driver, rows).hashes).toEqual(atCut)
      seals++
    }
    expect(seals).toBeGreaterThan(5)
  })
})
