import { expect, test } from 'vitest'
import type { LoadedRow } from '../../../src/task/engine/messages.ts'
import type { Changelog } from '../../../src/task/ports.ts'
import { loadSnapshot } from '../../../src/task/snapshot-load.ts'
import type { Manifest } from '../../../src/task/snapshot-log.ts'

/** A changelog that lends one buffer to its visitors, and fetches so many records at once. */
function changelogOf(records: readonly [key: string, value: string | null][], perFetch = 2) {
  const ranges: unknown[] = []
  const changelog: Changelog = {
    async read(partition, range, visit, pause = async () => {}) {
      ranges.push([partition, range])
      for (const [index, [key, value]] of records.entries()) {
        const shared = Buffer.from(`${key}${value ?? ''}`)
        const [k, v] = [shared.subarray(0, key.length), shared.subarray(key.length)]
        visit({ offset: BigInt(index), key: k, value: value === null ? null : v })
        shared.fill(0)
        if (index % perFetch === perFetch - 1) await pause()
      }
      await pause()
    },
  }
  return { changelog, ranges }
}

const manifest = { slot: 1 } as Manifest

function text({ key, value }: LoadedRow) {
  return [`${Buffer.from(key)}`, value === null ? null : `${Buffer.from(value)}`]
}

test('the rows of the manifest’s slot are copied, in the order of the log', async () => {
  const { changelog, ranges } = changelogOf([
    ['1/sequence/0/a', 'one'],
    ['0/sequence/0/a', 'other slot'],
    ['commit', '{}'],
    ['1/shared/0/0', 'two'],
    ['1/sequence/0/a', null],
    ['manifest/1', '{}'],
  ])
  const loaded: LoadedRow[][] = []
  const session = { load: async (rows: readonly LoadedRow[]) => void loaded.push([...rows]) }
  await loadSnapshot(changelog, { partition: 3, until: 9n, manifest }, session)
  expect(loaded.map((rows) => rows.map(text))).toEqual([
    [
      ['1/sequence/0/a', 'one'],
      ['1/shared/0/0', 'two'],
      ['1/sequence/0/a', null],
    ],
  ])
  expect(ranges).toEqual([[3, { until: 9n }]])
})

test('large slots go in several messages, and the next fetch waits for the engine', async () => {
  const big = 'x'.repeat(700_000)
  const { changelog } = changelogOf(
    Array.from({ length: 6 }, (_, i): [string, string] => [`1/sequence/0/${i}`, big]),
    1,
  )
  const loaded: number[] = []
  let waiting = 0
  const session = {
    async load(rows: readonly LoadedRow[]) {
      waiting++
      expect(waiting).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      waiting--
      loaded.push(rows.length)
    },
  }
  await loadSnapshot(changelog, { partition: 0, until: 9n, manifest }, session)
  expect(loaded).toEqual([2, 2, 2])
})

test('an empty slot sends nothing, and a closed session ends the read', async () => {
  const session = {
    load: async () => {
      throw new Error('closed')
    },
  }
  const query = { partition: 0, until: 9n, manifest }
  await loadSnapshot(changelogOf([['0/shared/0/0', 'x']]).changelog, query, session)
  const { changelog } = changelogOf([['1/shared/0/0', 'x']])
  await expect(loadSnapshot(changelog, query, session)).rejects.toThrow('closed')
})
