import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../../src/assert.ts'
import { OutputBuffer, unpackOutputs } from '../../../../src/task/engine/packed-outputs.ts'
import { packRecords, unpackRecords } from '../../../../src/task/engine/packed-records.ts'
import type { InputRecord } from '../../../../src/task/ports.ts'

const bytes = fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 300 }))

function add(buffer: OutputBuffer, key: Uint8Array | null, text: string): void {
  buffer.begin(key).text(text)
  buffer.end()
}

const hex = (part: Uint8Array | null) => (part === null ? null : Buffer.from(part).toString('hex'))

describe('packed records', () => {
  const record = fc.record({
    offset: fc.bigInt({ min: 0n, max: BigInt(Number.MAX_SAFE_INTEGER) }),
    timestampMs: fc.oneof(fc.integer(), fc.double({ noNaN: true })),
    key: bytes,
    value: bytes,
  })

  test('read back, also after a transfer', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), fc.nat(), (records, first) => {
        const packed = packRecords(records, { first, nextOffset: 7n })
        expect(packed).toMatchObject({ first, count: records.length, nextOffset: 7n })
        const moved = structuredClone(packed, { transfer: [packed.buffer] })
        const read = unpackRecords(moved)
        const plain = (each: InputRecord) => ({
          ...each,
          timestampMs: each.timestampMs + 0,
          key: hex(each.key),
          value: hex(each.value),
        })
        expect(read.map(plain)).toEqual(records.map(plain))
      }),
    )
  })

  test('are copies: what becomes of the originals does not matter', () => {
    const value = Buffer.from('abc')
    const records = [{ offset: 1n, timestampMs: 2, key: value, value }]
    const packed = packRecords(records, { first: 0, nextOffset: 2n })
    value.fill(0)
    expect(unpackRecords(packed).map((r) => [hex(r.key), hex(r.value)])).toEqual([
      ['616263', '616263'],
    ])
  })

  test('an offset that a double cannot tell from the next is a defect', () => {
    const record = { offset: 2n ** 53n, timestampMs: 0, key: null, value: null }
    expect(() => packRecords([record], { first: 0, nextOffset: 0n })).toThrow(AssertionError)
  })
})

describe('packed outputs', () => {
  const output = fc.tuple(bytes, fc.string({ unit: 'binary', maxLength: 200 }))

  test('read back, taking after taking', () => {
    const property = fc.property(
      fc.array(fc.array(output, { maxLength: 400 }), { minLength: 1, maxLength: 3 }),
      (takings) => {
        const buffer = new OutputBuffer()
        for (const outputs of takings) {
          for (const [key, text] of outputs) add(buffer, key, text)
          expect(buffer.count).toBe(outputs.length)
          const size = outputs.reduce((sum, [key, text]) => {
            return sum + (key?.length ?? 0) + Buffer.byteLength(text)
          }, 0)
          expect(buffer.byteLength).toBe(size)
          const taken = buffer.take()
          const transfer = [taken.bytes.buffer, taken.lengths.buffer]
          const read = unpackOutputs(structuredClone(taken, { transfer }))
          expect(read.map(({ key, value }) => [hex(key), hex(value)])).toEqual(
            outputs.map(([key, text]) => [hex(key), hex(Buffer.from(text))]),
          )
        }
        expect([buffer.count, buffer.byteLength]).toEqual([0, 0])
      },
    )
    fc.assert(property, { numRuns: 50 })
  })

  test('grow to values of megabytes', () => {
    const buffer = new OutputBuffer()
    add(buffer, null, 'ä'.repeat(1_000_000))
    add(buffer, Buffer.from('k'), '')
    const [long, short] = unpackOutputs(buffer.take())
    expect(long?.value?.length).toBe(2_000_000)
    expect([`${short?.key}`, short?.value?.length]).toEqual(['k', 0])
  })

  test('one that is not whole is neither counted nor taken', () => {
    const buffer = new OutputBuffer()
    add(buffer, null, 'whole')
    buffer.begin(null).text('half')
    expect([buffer.count, buffer.byteLength]).toEqual([1, 5])
    expect(() => buffer.begin(null)).toThrow(AssertionError)
    expect(() => buffer.take()).toThrow(AssertionError)
    buffer.end()
    expect(() => buffer.end()).toThrow(AssertionError)
    expect(buffer.count).toBe(2)
  })

  test('lengths that reach beyond the buffer are a defect', () => {
    const lengths = Int32Array.of(-1, 9)
    const packed = { count: 1, byteLength: 9, lengths, bytes: new Uint8Array(8) }
    expect(() => unpackOutputs(packed)).toThrow(AssertionError)
  })
})
