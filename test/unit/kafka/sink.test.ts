import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitSends } from '../../../src/kafka/sink.ts'

const record = fc.record({
  key: fc.option(fc.uint8Array({ maxLength: 20 })),
  value: fc.option(fc.constantFrom(10, 1000, 300_000, 1_500_000).map((n) => new Uint8Array(n))),
})

test('splitSends keeps order and content, and every send below 900 kB or of one record', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), (records) => {
      const sends = splitSends(records, 3)
      const messages = sends.flat()
      expect(messages.map(({ value }) => value?.length)).toEqual(
        records.map(({ value }) => value?.length),
      )
      for (const [index, { key }] of messages.entries()) {
        expect(key === null ? null : [...(key as Buffer)]).toEqual(
          records[index]?.key == null ? null : [...(records[index]?.key ?? [])],
        )
      }
      for (const send of sends) {
        const bytes = send.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
        expect(send.length === 1 || bytes < 900_000).toBe(true)
        expect(send.every(({ partition }) => partition === 3)).toBe(true)
      }
    }),
  )
})

test('splitSends puts at most 5,000 records into a send', () => {
  const records = Array.from({ length: 12_500 }, () => ({ key: null, value: new Uint8Array(1) }))
  expect(splitSends(records, 0).map(({ length }) => length)).toEqual([5000, 5000, 2500])
})

test('splitSends counts keys and headers', () => {
  const large = new Uint8Array(500_000)
  const twice = (record: object) => [record, record] as Parameters<typeof splitSends>[0]
  expect(splitSends(twice({ key: large, value: null }), 0)).toHaveLength(2)
  expect(splitSends(twice({ key: null, value: null, headers: { large } }), 0)).toHaveLength(2)
})

test('splitSends hands bytes over as buffers, which kafkajs would else write as text', () => {
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
  const [[message] = []] = splitSends(
    [{ key: bytes, value: bytes, headers: { h: bytes, t: 'x' } }],
    0,
  )
  expect(message).toEqual({
    partition: 0,
    key: Buffer.from([2, 3]),
    value: Buffer.from([2, 3]),
    headers: { h: Buffer.from([2, 3]), t: 'x' },
  })
})
