import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../../src/assert.ts'
import type { StateRow } from '../../../../src/model/snapshot/snapshots.ts'
import { hashOf, insideOf, sequenceOf } from '../support/driver.ts'
import {
  boundedConfig,
  driverOf,
  feed,
  SlotStore,
  snapshotTo,
  streamOf,
  takeAll,
} from './support.ts'

const never = () => false
const small: Parameters<typeof boundedConfig>[0] = {
  portfolio: 'network',
  kernel: 'reference',
  learningRates: [1e-3],
}

describe('a snapshot taken slowly while the model goes on', () => {
  test.each(['full', 'network'] as const)('%s: is the state at its cut', (portfolio) => {
    const config = boundedConfig({ ...small, portfolio })
    const stream = streamOf(3, 900, 20)
    const driver = driverOf(config)
    const store = new SlotStore()
    const { snapshots } = driver.model
    let expected = { records: 0, stateHash: '', sequences: 0 }
    let chainHash = ''
    let seals = 0
    let changedMeanwhile = 0
    for (const entry of stream) {
      feed(driver, entry)
      if (!snapshots.isInProgress) {
        const { records, liveSequences: sequences } = driver.model
        expected = { records, sequences, stateHash: driver.model.stateHash() }
        chainHash = driver.model.chainHash()
        snapshots.begin()
      }
      const rows = snapshots.take(1, never)
      expect(rows.length).toBe(1)
      store.write(snapshots.slot, rows)
      if (!snapshots.isComplete) continue
      if (driver.model.stateHash() !== expected.stateHash) changedMeanwhile++
      const seal = snapshots.seal()
      expect(seal).toMatchObject(expected)
      store.seals[seal.slot] = seal
      snapshots.sealed()
      seals++
      const restored = driverOf(config)
      store.restore(restored.model)
      expect(restored.model.stateHash()).toBe(expected.stateHash)
      expect(restored.model.chainHash()).toBe(chainHash)
    }
    expect(seals).toBeGreaterThan(10)
    expect(changedMeanwhile).toBeGreaterThan(10)
  })

  test('has all that it must have at the moment of its seal, and nobody born after the cut', () => {
    const driver = driverOf(boundedConfig(small))
    for (const sequence of ['a', 'b', 'c']) driver.step({ sequence, values: [1, 2] })
    const { snapshots } = driver.model
    snapshots.begin()
    const { done, total } = snapshots.progress
    expect(done).toBe(0)
    for (const sequence of ['d', 'a', 'e']) driver.step({ sequence, values: [3, 4] })
    // One of three sequences; what they share is not taken yet.
    const { done: captured } = snapshots.progress
    expect(captured).toBeGreaterThan(0)
    expect(captured).toBeLessThan(total / 3)
    const names = takeAll(driver.model).map(({ kind, name }) => `${kind}/${name}`)
    expect(names).toEqual(['sequence/a', 'shared/0', 'sequence/b', 'sequence/c'])
    expect(snapshots.progress).toEqual({ done: total, total })
    expect(snapshots.seal()).toMatchObject({ slot: 0, number: 1, records: 3, sequences: 3 })
  })

  test('has who is evicted after the cut', () => {
    const driver = driverOf(boundedConfig({ ...small, block: 3 }, { max: 1, keep: 2 }))
    for (const sequence of ['a', 'b']) driver.step({ sequence, values: [1, 2] })
    const [a] = [hashOf(driver.model, 'a')]
    const { snapshots } = driver.model
    const stateHash = driver.model.stateHash()
    snapshots.begin()
    for (const sequence of ['c', 'd', 'e', 'f']) driver.step({ sequence, values: [1, 2] })
    expect([...insideOf(driver.model).table.byName.keys()]).not.toContain('a')
    const store = new SlotStore()
    store.write(0, takeAll(driver.model))
    store.seals[0] = snapshots.seal()
    expect(store.seals[0].stateHash).toBe(stateHash)
    const restored = driverOf(driver.config)
    store.restore(restored.model)
    expect(hashOf(restored.model, 'a')).toBe(a)
  })
})

describe('rows', () => {
  const driver = () => {
    const made = driverOf(boundedConfig(small))
    for (let i = 0; i < 10; i++) made.step({ sequence: `${i}`, values: [i, i] })
    return made
  }

  test('come in slices of at most so many bytes, one at least', () => {
    const { model } = driver()
    model.snapshots.begin()
    const [first] = model.snapshots.take(1, never)
    expect(first?.bytes?.length).toBeGreaterThan(1)
    const one = model.snapshots.take(1, never)[0]?.bytes?.length as number
    const maxBytes = 2 * one + 150
    const sizes: number[] = []
    while (!model.snapshots.isComplete) {
      const rows = model.snapshots.take(maxBytes, never)
      const bytes = rows.reduce((sum, row) => sum + (row.bytes?.length ?? 0), 0)
      expect(bytes).toBeLessThanOrEqual(maxBytes)
      sizes.push(rows.length)
    }
    expect(Math.max(...sizes)).toBe(2)
    expect(sizes.reduce((a, b) => a + b)).toBe(9)
  })

  test('end when it is late', () => {
    const { model } = driver()
    model.snapshots.begin()
    let calls = 0
    const rows = model.snapshots.take(1e9, () => ++calls === 3)
    expect(rows.length).toBe(3)
    expect(model.snapshots.take(1e9, () => true).length).toBe(1)
    expect(takeAll(model).length).toBe(7)
  })

  test('of what has not changed since the cut of the same slot are not written again', () => {
    const made = driver()
    const store = new SlotStore()
    const { model } = made
    expect(snapshotTo(store, model)).toMatchObject({ slot: 0, number: 1 })
    expect(snapshotTo(store, model)).toMatchObject({ slot: 1, number: 2 })
    made.step({ sequence: '3', values: [5, 5] })
    const changed = [...insideOf(model).table.byName.keys()].filter(
      (name) => (sequenceOf(model, name).core[2] as number) > 10,
    )
    model.snapshots.begin()
    const rows = takeAll(model)
    expect(
      rows
        .filter(isSequence)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(changed)
    expect(changed.length).toBeLessThan(10)
    expect(rows.filter((row) => !isSequence(row)).length).toBe(1)
    model.snapshots.abandon()
    model.snapshots.begin()
    expect(takeAll(model).length).toBe(rows.length)
    expect(model.snapshots.seal()).toMatchObject({ slot: 0, number: 4 })
  })

  test('no unchanged sequence is hashed twice', () => {
    const made = driver()
    const { model } = made
    const store = new SlotStore()
    snapshotTo(store, model)
    const { windows } = insideOf(model)
    const hash = windows.hash.bind(windows)
    let hashed = 0
    Object.assign(windows, {
      hash: (...args: Parameters<typeof hash>) => {
        hashed++
        hash(...args)
      },
    })
    snapshotTo(store, model)
    expect(hashed).toBe(0)
    made.step({ sequence: '3', values: [5, 5] })
    model.snapshots.begin()
    const rows = takeAll(model)
    expect(hashed).toBeGreaterThan(0)
    expect(hashed).toBeLessThan(10)
    expect(rows.filter(isSequence).length).toBe(hashed)
  })
})

describe('what cannot be is an assertion', () => {
  test.each<[string, (snapshots: ReturnType<typeof driverOf>['model']['snapshots']) => unknown]>([
    ['two at once', (s) => [s.begin(), s.begin()]],
    ['rows of none', (s) => s.take(1, never)],
    ['a seal of none', (s) => s.seal()],
    ['a seal before the last row', (s) => [s.begin(), s.seal()]],
    ['sealed without a seal', (s) => [s.begin(), s.sealed()]],
    ['a restore after a snapshot', (s) => [s.begin(), s.abandon(), s.loader()]],
  ])('%s', (_, act) => {
    const { model } = driverOf(boundedConfig(small))
    expect(() => act(model.snapshots)).toThrow(AssertionError)
  })

  test('a restore into a model that has begun', () => {
    const driver = driverOf(boundedConfig(small))
    driver.skip()
    expect(() => driver.model.snapshots.loader()).toThrow(AssertionError)
  })
})

test('an abandoned snapshot leaves no trace in the model', () => {
  const [plain, disturbed] = [driverOf(boundedConfig(small)), driverOf(boundedConfig(small))]
  streamOf(5, 300, 20).forEach((entry, i) => {
    feed(plain, entry)
    feed(disturbed, entry)
    const { snapshots } = disturbed.model
    if (i % 7 === 0) snapshots.begin()
    if (snapshots.isInProgress && i % 2 === 0) snapshots.take(1, never)
    if (i % 7 === 6) snapshots.abandon()
  })
  expect(disturbed.model.stateHash()).toBe(plain.model.stateHash())
  expect(disturbed.model.chainHash()).toBe(plain.model.chainHash())
  disturbed.model.snapshots.abandon()
  disturbed.model.snapshots.abandon()
  expect(disturbed.model.snapshots.isInProgress).toBe(false)
})

function isSequence({ kind }: StateRow): boolean {
  return kind === 'sequence'
}
