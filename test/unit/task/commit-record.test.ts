import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HeadraceError } from '../../../src/errors.ts'
import {
  type CommitRecord,
  commitHeader,
  decodeCommit,
  decodeConfiguration,
  decodeFence,
  encodeCommit,
  encodeConfiguration,
  encodeFence,
} from '../../../src/task/commit-record.ts'

const offset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })
const count = fc.nat(Number.MAX_SAFE_INTEGER)
const commitRecord: fc.Arbitrary<CommitRecord> = fc.record({
  transaction: count,
  startOffset: offset,
  firstOffset: offset,
  nextOffset: offset,
  records: count,
  updates: count,
  chainHash: fc.string(),
  weightsHash: fc.string(),
  fingerprint: fc.string(),
  numerics: count,
  bootId: fc.uuid(),
  gaps: fc.array(fc.record({ from: offset, to: offset })),
})

test('a commit record reads back as it was written', () => {
  fc.assert(
    fc.property(commitRecord, (commit) => {
      const { key, value } = encodeCommit(commit)
      expect(`${key}`).toBe('commit')
      expect(decodeCommit(value as Uint8Array)).toEqual(commit)
    }),
  )
})

test('a marker and a configuration read back as they were written', () => {
  const marker = { bootId: 'boot', fence: 3 }
  expect(decodeFence(encodeFence(marker).value as Uint8Array)).toEqual(marker)
  const canonical = '{"model":{"hidden":8}}'
  const { value } = encodeConfiguration(canonical)
  expect(decodeConfiguration(value as Uint8Array)).toEqual({ model: { hidden: 8 } })
})

test('no bytes are taken for a commit record but with an error of the table', () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .dictionary(fc.constantFrom('format', 'transaction', 'records', 'nextOffset'), fc.jsonValue())
      .map((fields) => Buffer.from(JSON.stringify({ format: 1, ...fields }))),
  )
  fc.assert(
    fc.property(bytes, (value) => {
      expect(() => decodeCommit(value)).toThrow(HeadraceError)
    }),
  )
})

test('a newer format is refused as such, whatever else is in it', () => {
  const value = Buffer.from('{"format":2,"records":"many"}')
  expect(() => decodeCommit(value)).toThrow(
    expect.objectContaining({ code: 'HEADRACE_TASK_FORMAT_NEWER' }),
  )
})

test('the header of a transaction holds the count, the chain hash and who wrote it', () => {
  const [commit] = fc.sample(commitRecord, { numRuns: 1, seed: 1 })
  const { records, chainHash, bootId } = commit as CommitRecord
  expect(JSON.parse(commitHeader(commit as CommitRecord))).toEqual({ records, chainHash, bootId })
})
