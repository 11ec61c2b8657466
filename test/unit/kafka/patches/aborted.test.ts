import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { filterAborted, type TransactionalRecord } from '../../../../src/kafka/patches/aborted.ts'

interface LogRecord extends TransactionalRecord {
  readonly isDelivered: boolean
}
interface Fetch {
  readonly messages: LogRecord[]
  readonly abortedTransactions: { producerId: string; firstOffset: string }[]
}

const require = createRequire(import.meta.url)
const original = require('kafkajs/src/consumer/filterAbortedMessages.js') as typeof filterAborted

const abortKey = Buffer.from([0, 0, 0, 0])
const commitKey = Buffer.from([0, 0, 0, 1])

/** Of a producer without transactions. */
const plain = 0

const step = fc.record({
  producer: fc.integer({ min: 0, max: 3 }),
  action: fc.constantFrom('write', 'write', 'write', 'zeroKey', 'commit', 'abort'),
})

/** A log by interleaved producers, and what a fetch of it from `start` on carries. */
function buildFetch(
  steps: readonly { producer: number; action: string }[],
  start: number,
  filter: (producer: number) => boolean = () => true,
): Fetch {
  const open = new Map<number, { first: number; records: number[] }>()
  const aborted: { producerId: string; first: number; end: number }[] = []
  const dead = new Set<number>()
  const records: Omit<LogRecord, 'isDelivered'>[] = []
  const append = (producer: number, key: Buffer | null, isControlRecord: boolean): number => {
    const offset = records.length
    records.push({
      offset: String(offset),
      key,
      isControlRecord,
      batchContext: { producerId: String(producer), inTransaction: producer !== plain },
    })
    return offset
  }
  const end = (producer: number, action: string): void => {
    const transaction = open.get(producer)
    if (transaction === undefined) return
    open.delete(producer)
    const marker = append(producer, action === 'abort' ? abortKey : commitKey, true)
    if (action !== 'abort') return
    for (const offset of transaction.records) dead.add(offset)
    aborted.push({ producerId: String(producer), first: transaction.first, end: marker })
  }
  for (const { producer, action } of steps) {
    if (!filter(producer)) continue
    if (action === 'commit' || action === 'abort') {
      if (producer !== plain) end(producer, action)
      continue
    }
    const offset = append(producer, action === 'zeroKey' ? abortKey : null, false)
    if (producer === plain) continue
    const transaction = open.get(producer) ?? { first: offset, records: [] }
    transaction.records.push(offset)
    open.set(producer, transaction)
  }
  // Most logs end with nothing open: what follows an open transaction is not fetched.
  if (steps.length % 4 !== 0) {
    for (const producer of [...open.keys()]) end(producer, producer % 2 === 0 ? 'abort' : 'commit')
  }
  // The fetch ends before the first open transaction: the last stable offset.
  const stable = Math.min(records.length, ...[...open.values()].map(({ first }) => first))
  return {
    messages: records
      .slice(start, stable)
      .map((record) => ({ ...record, isDelivered: !dead.has(Number(record.offset)) })),
    // The broker's transaction index is in the order of the markers.
    abortedTransactions: aborted
      .filter((transaction) => transaction.end >= start && transaction.first < stable)
      .map(({ producerId, first }) => ({ producerId, firstOffset: String(first) })),
  }
}

function delivered(records: readonly TransactionalRecord[]): string[] {
  return records.filter((record) => !record.isControlRecord).map((record) => record.offset)
}

function expected({ messages }: Fetch): string[] {
  return delivered(messages.filter((record) => record.isDelivered))
}

const logs = fc.tuple(
  fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
  fc.nat({ max: 30 }),
)

describe('filterAborted', () => {
  test('delivers what was committed, however producers interleave', () => {
    fc.assert(
      fc.property(logs, ([steps, start]) => {
        const fetch = buildFetch(steps, start)
        expect(delivered(filterAborted(fetch))).toEqual(expected(fetch))
      }),
      { numRuns: 3000 },
    )
  })

  test('keeps control records, by which the position passes them', () => {
    const fetch = buildFetch(
      [
        { producer: 1, action: 'write' },
        { producer: 1, action: 'abort' },
      ],
      0,
    )
    expect(filterAborted(fetch).map(({ offset }) => offset)).toEqual(['1'])
  })

  test('is right where kafkajs delivers aborted records', () => {
    let wrong = 0
    const sample = fc.sample(logs, { numRuns: 500, seed: 1 })
    for (const [steps, start] of sample) {
      const fetch = buildFetch(steps, start)
      if (delivered(original(fetch)).join() !== expected(fetch).join()) wrong += 1
      expect(delivered(filterAborted(fetch))).toEqual(expected(fetch))
    }
    expect(wrong).toBeGreaterThan(10)
  })

  test('agrees with kafkajs on a partition with one transactional producer, like our own', () => {
    fc.assert(
      fc.property(logs, ([steps]) => {
        const one = steps.map(({ producer, action }) => ({
          producer,
          action: action === 'zeroKey' ? 'write' : action,
        }))
        const fetch = buildFetch(one, 0, (producer) => producer === 1)
        expect(delivered(original(fetch))).toEqual(expected(fetch))
      }),
    )
  })
})
