import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeadraceError } from '../../../src/errors.ts'
import type { StateRow } from '../../../src/model/snapshot/snapshots.ts'
import {
  commitKey,
  configurationKey,
  encodeCommit,
  fenceKey,
} from '../../../src/task/commit-record.ts'
import type { OutputRecord } from '../../../src/task/ports.ts'
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  manifestSlot,
  parseRowKey,
  type ReadRow,
  RowAssembler,
  rowRecords,
} from '../../../src/task/snapshot-log.ts'

const slot = fc.constantFrom(0 as const, 1 as const)
const offset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })
const count = fc.nat(Number.MAX_SAFE_INTEGER)
/** Names as keys and JSON fields may hold them: any text, hexadecimal, lone surrogates. */
const name = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[\da-f/]{0,12}$/),
  fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 })).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('', '/', '0/sequence/0/x', '\ufeff', '\ufffd', '\ud800', '\udc00\ud800', '00d8'),
)

const kindAndName = fc.oneof(
  fc.tuple(fc.constant('sequence' as const), name),
  fc.tuple(
    fc.constantFrom('shared' as const, 'page' as const),
    fc.nat().map((part) => `${part}`),
  ),
)

const manifest: fc.Arbitrary<Manifest> = fc.record({
  slot,
  number: count,
  records: count,
  sequences: count,
  stateHash: fc.string(),
  nextOffset: offset,
  startOffset: offset,
  chainHash: fc.string(),
  updates: count,
  bytes: count,
  fingerprint: fc.string(),
  numerics: count,
  bootId: fc.uuid(),
  gaps: fc.array(fc.record({ from: offset, to: offset }), { maxLength: 3 }),
})

function rowOf(key: string, byteLength: number | null, fill = 0, bytesMax = 1_600_000): StateRow {
  const bytes = byteLength === null ? null : new Uint8Array(byteLength).fill(fill)
  bytes?.set([fill, fill + 1, byteLength as number], bytes.length - 8)
  return { kind: 'sequence', name: key, bytes, bytesMax }
}

function assemble(records: readonly OutputRecord[]): (ReadRow | null)[] {
  const assembler = new RowAssembler()
  const rows = records.map(({ key, value }) => {
    const parsed = parseRowKey(key as Uint8Array)
    if (parsed === null) throw new Error(`not the key of a row: ${key}`)
    return assembler.add(parsed, value)
  })
  assembler.finish()
  return rows
}

/** What is left of a log once it is compacted, in its order; tombstones go at last. */
function compact(log: readonly OutputRecord[], withTombstones: boolean): OutputRecord[] {
  const newest = new Map(log.map(({ key }, i) => [`${Buffer.from(key as Uint8Array)}`, i]))
  return log.filter(
    ({ key, value }, i) =>
      newest.get(`${Buffer.from(key as Uint8Array)}`) === i && (withTombstones || value !== null),
  )
}

/** The last row of each name that an assembler told of. */
function finalRows(log: readonly OutputRecord[]): Map<string, string> {
  const final = new Map<string, string>()
  for (const row of assemble(log)) {
    if (row === null) continue
    if (row.bytes === null) final.delete(row.name)
    else final.set(row.name, Buffer.from(row.bytes).toString('base64'))
  }
  return final
}

describe('keys', () => {
  test('read back, whatever the name', () => {
    fc.assert(
      fc.property(slot, kindAndName, (s, [kind, key]) => {
        const row: StateRow = { kind, name: key, bytes: new Uint8Array(8), bytesMax: 8 }
        const [record, ...others] = rowRecords(s, row)
        expect(others).toEqual([])
        expect(record?.value).toBe(row.bytes)
        expect(parseRowKey(record?.key as Uint8Array)).toEqual({
          slot: s,
          kind,
          part: 0,
          name: key,
        })
      }),
      { numRuns: 500 },
    )
  })

  test('of different rows differ', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        const [x, y] = [a, b].map((key) => rowRecords(0, rowOf(key, 8, 0, 8))[0]?.key)
        expect(Buffer.compare(x as Buffer, y as Buffer) === 0).toBe(a === b)
      }),
      { numRuns: 500 },
    )
  })

  test('of other records, and no other bytes, are taken for a row’s or a manifest’s', () => {
    const others = ['0/sequence/00/a', '2/sequence/0/a', '0/sequence/0', '0/sequences/0/a', '']
    others.push('0/sequence/x/a', '0/sequence-utf16/0/61006200', '0/sequence-utf16/0/00D8')
    others.push('0/sequence-utf16/0/00d', '0/shared-utf16/0/00d8', ' 0/shared/0/0')
    for (const key of others) expect(parseRowKey(Buffer.from(key)), key).toBeNull()
    expect(parseRowKey(Buffer.from([...Buffer.from('0/sequence/0/a'), 0xff]))).toBeNull()
    for (const key of [commitKey, fenceKey, configurationKey, Buffer.from('manifest/2')]) {
      expect(parseRowKey(key)).toBeNull()
      expect(manifestSlot(key)).toBeNull()
    }
    fc.assert(
      fc.property(fc.uint8Array(), (key) => {
        expect(parseRowKey(key)).toBeNull()
        expect(manifestSlot(key)).toBeNull()
      }),
    )
  })
})

describe('values', () => {
  test('are never above 512 kB, and long rows read back', () => {
    for (const bytes of [0, 8, 511_999, 512_000, 512_001, 1_000_000, 1_023_960, 1_023_961]) {
      const row = rowOf('a', bytes + 8, bytes % 251)
      const records = rowRecords(1, row)
      const values = records.flatMap(({ value }) => (value === null ? [] : [value]))
      for (const value of values) expect(value.length).toBeLessThanOrEqual(512_000)
      expect(values.length > 1).toBe(bytes + 8 > 512_000)
      const [read] = assemble(records).filter((each) => each !== null)
      expect(Buffer.compare(read?.bytes as Uint8Array, row.bytes as Uint8Array)).toBe(0)
    }
  })

  test('of a row that is gone are tombstones for all parts it may have had', () => {
    const keys = rowRecords(0, rowOf('a', 1_600_000)).map(({ key }) => `${key}`)
    expect(keys).toEqual([0, 1, 2, 3].map((part) => `0/sequence/${part}/a`))
    const gone = rowRecords(0, rowOf('a', null))
    expect(gone.map(({ key }) => `${key}`)).toEqual(keys)
    expect(gone.every(({ value }) => value === null)).toBe(true)
    expect(assemble(gone)).toEqual([{ kind: 'sequence', name: 'a', bytes: null }, null, null, null])
  })

  test('of rows written again and again lead to the newest, compacted or not', () => {
    const write = fc.record({
      name: fc.constantFrom('a', 'b'),
      bytes: fc.constantFrom(null, 100, 600_000, 1_100_000, 1_600_000),
    })
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 12 }), fc.nat(40), (writes, until) => {
        const log = writes.flatMap((each, i) => rowRecords(0, rowOf(each.name, each.bytes, i)))
        const expected = new Map<string, string>()
        writes.forEach((each, i) => {
          const { bytes } = rowOf(each.name, each.bytes, i)
          if (bytes === null) expected.delete(each.name)
          else expected.set(each.name, Buffer.from(bytes).toString('base64'))
        })
        const half = [...compact(log.slice(0, until), true), ...log.slice(until)]
        for (const kept of [log, half, compact(log, true), compact(log, false)]) {
          expect(finalRows(kept)).toEqual(expected)
        }
      }),
      { numRuns: 40 },
    )
  })

  test('of which a part is lost are refused, never half a row', () => {
    const records = rowRecords(0, rowOf('a', 1_600_000, 1))
    const refused = { code: 'HEADRACE_TASK_SNAPSHOT_INVALID' }
    for (let lost = 0; lost < records.length; lost++) {
      const rest = records.filter((_, i) => i !== lost)
      expect(() => assemble(rest)).toThrow(expect.objectContaining(refused))
    }
    const other = rowRecords(0, rowOf('a', 1_600_000, 2))
    expect(() => assemble([...records.slice(0, 2), ...other.slice(2)])).toThrow(
      expect.objectContaining(refused),
    )
  })

  test('whose header is damaged are refused, or are a row that its own checksum refuses', () => {
    const [first, second] = rowRecords(0, rowOf('a', 600_000, 1, 600_000))
    const bytes = Uint8Array.from(second?.value as Uint8Array)
    for (let at = 0; at < 20; at++) {
      for (let bit = 0; bit < 8; bit++) {
        bytes[at] = (bytes[at] as number) ^ (1 << bit)
        const damaged = [first as OutputRecord, { key: second?.key as Uint8Array, value: bytes }]
        expect(() => assemble(damaged), `${at}.${bit}`).toThrow(HeadraceError)
        bytes[at] = (bytes[at] as number) ^ (1 << bit)
      }
    }
  })
})

describe('a manifest', () => {
  test('reads back as it was written', () => {
    fc.assert(
      fc.property(manifest, (each) => {
        const { key, value } = encodeManifest(each)
        expect(manifestSlot(key as Uint8Array)).toBe(each.slot)
        expect(decodeManifest(value as Uint8Array)).toEqual(each)
      }),
    )
  })

  test('of a newer format is refused as such', () => {
    expect(() => decodeManifest(Buffer.from('{"format":2}'))).toThrow(
      expect.objectContaining({ code: 'HEADRACE_TASK_FORMAT_NEWER' }),
    )
  })

  test('is not made of anything else', () => {
    const [each] = fc.sample(manifest, { numRuns: 1, seed: 3 })
    const whole = JSON.parse(`${encodeManifest(each as Manifest).value}`) as Record<string, unknown>
    const invalid = { code: 'HEADRACE_TASK_CHANGELOG_INVALID' }
    for (const field of Object.keys(whole).filter((key) => key !== 'gaps')) {
      for (const wrong of [undefined, null, {}, -1, 2.5, [], true]) {
        const value = Buffer.from(JSON.stringify({ ...whole, [field]: wrong }))
        expect(() => decodeManifest(value), field).toThrow(expect.objectContaining(invalid))
      }
    }
    for (const gaps of [1, 'a', [1], [{ from: '1' }], [{ from: 1, to: 2 }]]) {
      const value = Buffer.from(JSON.stringify({ ...whole, gaps }))
      expect(() => decodeManifest(value)).toThrow(expect.objectContaining(invalid))
    }
    expect(() => decodeManifest(Buffer.from(JSON.stringify({ ...whole, slot: 2 })))).toThrow(
      expect.objectContaining(invalid),
    )
    expect(() => decodeManifest(encodeCommitOf() as Uint8Array)).toThrow(
      expect.objectContaining(invalid),
    )
  })
})

function encodeCommitOf(): Uint8Array | null {
  return encodeCommit({
    transaction: 1,
    startOffset: 0n,
    firstOffset: 0n,
    nextOffset: 1n,
    records: 1,
    updates: 0,
    chainHash: '',
    weightsHash: '',
    fingerprint: '',
    numerics: 1,
    bootId: 'boot',
    gaps: [],
  }).value
}
