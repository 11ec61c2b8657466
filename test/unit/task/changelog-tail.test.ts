import { expect, test } from 'vitest'
import { readTail } from '../../../src/task/changelog-tail.ts'
import {
  type CommitRecord,
  encodeCommit,
  encodeConfiguration,
  encodeFence,
} from '../../../src/task/commit-record.ts'
import type { OutputRecord } from '../../../src/task/ports.ts'

const fence = (bootId: string) => encodeFence({ bootId, fence: 0 })

function commit(bootId: string, transaction: number): OutputRecord {
  const record: CommitRecord = {
    transaction,
    startOffset: 0n,
    firstOffset: 0n,
    nextOffset: 10n,
    records: 10,
    updates: 1,
    chainHash: 'c',
    weightsHash: 'w',
    fingerprint: 'f',
    numerics: 1,
    bootId,
    gaps: [],
  }
  return encodeCommit(record)
}

/** Reads a changelog of these records at these offsets, as the incarnation `ours`. */
function tail(
  records: Readonly<Record<number, OutputRecord>>,
  markerOffset: number,
  since = markerOffset,
) {
  const query = {
    partition: 0,
    bootId: 'ours',
    markerOffset: BigInt(markerOffset),
    sinceOffset: BigInt(since),
  }
  const changelog = {
    async read(_partition: number, _range: object, visit: (record: never) => void) {
      for (const [offset, { key, value }] of Object.entries(records)) {
        visit({ offset: BigInt(offset), key, value } as never)
      }
    },
  }
  return readTail(changelog, query)
}

test('what predecessors wrote before our marker is what we go on from', async () => {
  const found = await tail(
    {
      0: fence('before'),
      2: encodeConfiguration('{"a":1}'),
      3: commit('before', 4),
      5: commit('before', 5),
      7: fence('ours'),
    },
    7,
  )
  expect(found).toMatchObject({
    fenced: false,
    commit: { transaction: 5 },
    configuration: { a: 1 },
  })
})

test('an empty changelog has neither commit record nor configuration', async () => {
  const found = await tail({ 0: fence('ours') }, 0)
  expect(found).toMatchObject({ fenced: false, commit: null, configuration: undefined })
})

test('a foreign marker or commit record behind ours means that we are fenced', async () => {
  expect((await tail({ 1: fence('ours'), 3: fence('other') }, 1)).fenced).toBe(true)
  expect((await tail({ 1: fence('ours'), 3: commit('other', 1) }, 1)).fenced).toBe(true)
})

test('a foreign record between our first marker and our newest means the same', async () => {
  const records = { 1: fence('ours'), 3: fence('other'), 5: fence('ours') }
  expect((await tail(records, 5, 1)).fenced).toBe(true)
  expect((await tail(records, 5)).fenced).toBe(false)
})

test('our own records behind our marker are no one else', async () => {
  const records = { 1: fence('ours'), 3: commit('ours', 1), 5: fence('ours') }
  expect(await tail(records, 5, 1)).toMatchObject({ fenced: false, commit: { bootId: 'ours' } })
})

test('a marker that compaction has removed was superseded: we are fenced', async () => {
  expect((await tail({ 0: commit('before', 5) }, 7)).fenced).toBe(true)
  // Another record at its offset is not it.
  expect((await tail({ 7: fence('other') }, 7)).fenced).toBe(true)
})

test('tombstones and keys of others are passed over', async () => {
  const records = {
    0: { key: Buffer.from('commit'), value: null },
    1: { key: Buffer.from('slot-a/manifest'), value: Buffer.of(1, 2) },
    2: fence('ours'),
  }
  expect(await tail(records, 2)).toMatchObject({
    fenced: false,
    commit: null,
    configuration: undefined,
  })
})
