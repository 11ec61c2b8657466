import { expect } from 'vitest'
import type { KernelName } from '../../../../src/kernels/index.ts'
import { Processor } from '../../../../src/task/processor.ts'
import { boundedConfig, type Entry, SlotStore, streamOf } from './support.ts'

const never = () => false

function delivered(entry: Entry) {
  const key = Buffer.from(entry?.sequence ?? 'none')
  const [y = null, z = null] = entry?.values ?? []
  const value = entry === null ? null : Buffer.from(JSON.stringify({ y, z }))
  return { key, value, timestampMs: entry?.timeMs ?? 0 }
}

/**
 * A snapshot taken while records go through many at a time is the state at its cut, and whoever
 * restores it goes on with the bits of who was there all the time.
 */
export function checkManySnapshots(
  kernel: KernelName,
  portfolio: 'full' | 'network',
  count: number,
): void {
  const config = boundedConfig({ portfolio, kernel }, { max: 30, keep: 45 })
  const records = streamOf(13, count, 60).map(delivered)
  const plain = new Processor(config)
  const many = new Processor(config)
  const { snapshots } = many.model
  const store = new SlotStore()
  let expected = ''
  let seals = 0
  let done = 0
  while (done < records.length) {
    const until = Math.min(records.length, done + 1 + (done % 37))
    if (!snapshots.isInProgress) {
      expected = plain.model.stateHash()
      snapshots.begin()
    }
    many.processMany(records, done, until, () => undefined)
    for (const { key, value, timestampMs } of records.slice(done, until)) {
      plain.process(key, value, timestampMs)
    }
    done = until
    store.write(snapshots.slot, snapshots.take(100_000, never))
    if (!snapshots.isComplete) continue
    const seal = snapshots.seal()
    expect(seal.stateHash).toBe(expected)
    store.seals[seal.slot] = seal
    snapshots.sealed()
    seals++
    // A restored model catches up by the other way through its records.
    const restored = new Processor(config)
    store.restore(restored.model)
    expect(restored.model.stateHash()).toBe(expected)
    for (const { key, value, timestampMs } of records.slice(seal.records, done)) {
      restored.process(key, value, timestampMs)
    }
    expect(restored.model.stateHash()).toBe(plain.model.stateHash())
    expect(many.model.stateHash()).toBe(plain.model.stateHash())
  }
  expect(seals).toBeGreaterThan(count / 200)
}
