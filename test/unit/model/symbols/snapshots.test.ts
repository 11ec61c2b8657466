import { describe, expect, test } from 'vitest'
import type { SymbolsConfig } from '../../../../src/config/schema.ts'
import { Random } from '../../../../src/random.ts'
import { SlotStore, snapshotTo } from '../snapshot/support.ts'
import {
  byteStream,
  bytesEntry,
  type Entry,
  feed,
  modelOf,
  symbolsConfig,
  textOf,
  tokenEntry,
} from './support.ts'

const never = () => false
const bounds = { max: 3, keep: 5 }

function tokenStream(seed: number, count: number): Entry[] {
  const random = new Random(seed)
  return Array.from({ length: count }, () => {
    if (random.uint32() % 17 === 0) return null
    const key = `key ${random.uint32() % 7}`
    const token = Math.min(random.uint32() % 40, random.uint32() % 40)
    return tokenEntry(key, `token ${token}`, random.uint32() % 9 === 0)
  })
}

describe.each<[string, SymbolsConfig, readonly Entry[]]>([
  ['all members', symbolsConfig({}, {}, bounds), byteStream(1, 260, 8)],
  ['the network', symbolsConfig({}, { portfolio: 'network' }, bounds), byteStream(2, 260, 8)],
  ['the contexts', symbolsConfig({}, { learningRates: [] }, bounds), byteStream(3, 260, 8)],
  [
    'an open alphabet',
    symbolsConfig({ alphabet: 'auto', maxSymbols: 24, end: 'last' }, {}, bounds),
    tokenStream(4, 500),
  ],
])('with %s', (_, config, entries) => {
  test('a snapshot taken slowly is the state at its cut, and goes on from there', () => {
    const undisturbed = modelOf(config)
    const model = modelOf(config)
    const store = new SlotStore()
    const { snapshots } = model
    let cut = { stateHash: '', chainHash: '', at: 0 }
    const restored: { readonly model: typeof model; readonly at: number }[] = []
    entries.forEach((entry, i) => {
      feed(undisturbed, entry)
      feed(model, entry)
      if (!snapshots.isInProgress) {
        cut = { stateHash: model.stateHash(), chainHash: model.chainHash(), at: i + 1 }
        snapshots.begin()
      }
      store.write(snapshots.slot, snapshots.take(i % 3 === 0 ? 1 : 40_000, never))
      if (!snapshots.isComplete) return
      const seal = snapshots.seal()
      expect(seal.stateHash).toBe(cut.stateHash)
      store.seals[seal.slot] = seal
      snapshots.sealed()
      const again = modelOf(config)
      store.restore(again)
      expect(again.stateHash()).toBe(cut.stateHash)
      expect(again.chainHash()).toBe(cut.chainHash)
      restored.push({ model: again, at: cut.at })
    })
    expect(model.stateHash()).toBe(undisturbed.stateHash())
    expect(model.chainHash()).toBe(undisturbed.chainHash())
    expect(restored.length).toBeGreaterThan(3)
    for (const { model: again, at } of restored.slice(-6)) {
      for (const entry of entries.slice(at)) feed(again, entry)
      expect(again.chainHash()).toBe(undisturbed.chainHash())
      expect(again.stateHash()).toBe(undisturbed.stateHash())
      expect(again.scores.summary()).toEqual(undisturbed.scores.summary())
    }
  })

  test('a restore at any record goes on bit for bit', () => {
    const model = modelOf(config)
    const followers: ReturnType<typeof modelOf>[] = []
    entries.slice(0, 90).forEach((entry, i) => {
      feed(model, entry)
      for (const follower of followers) feed(follower, entry)
      if (i % 7 !== 3) return
      const store = new SlotStore()
      // Each is restored from the one before, the first from a model that was never watched.
      const source = followers.at(-1) ?? modelOf(config)
      if (followers.length === 0) for (const past of entries.slice(0, i + 1)) feed(source, past)
      snapshotTo(store, source)
      const restored = modelOf(config)
      store.restore(restored)
      followers.push(restored)
    })
    for (const follower of followers) {
      expect(follower.chainHash()).toBe(model.chainHash())
      expect(follower.stateHash()).toBe(model.stateHash())
    }
  })
})

test('pages are written when they have changed', () => {
  const model = modelOf(symbolsConfig())
  const store = new SlotStore()
  feed(model, bytesEntry('', textOf(1, 300)))
  const pagesOf = () => {
    const { snapshots } = model
    snapshots.begin()
    const rows = []
    while (!snapshots.isComplete) rows.push(...snapshots.take(1e9, never))
    store.write(snapshots.slot, rows)
    const seal = snapshots.seal()
    store.seals[seal.slot] = seal
    snapshots.sealed()
    return rows.filter(({ kind }) => kind === 'page').length
  }
  const first = pagesOf()
  expect(first).toBeGreaterThan(3)
  expect(pagesOf()).toBe(first)
  expect(pagesOf()).toBe(0)
  feed(model, bytesEntry('', Buffer.from('z')))
  const some = pagesOf()
  expect(some).toBeGreaterThan(0)
  expect(some).toBeLessThanOrEqual(first)
  const restored = modelOf(symbolsConfig())
  store.restore(restored)
  expect(restored.stateHash()).toBe(model.stateHash())
})
