import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StateRow } from '../../../../src/model/snapshot/snapshots.ts'
import { type Driver, hashOf, insideOf } from '../support/driver.ts'
import { boundedConfig, driverOf, SlotStore, snapshotTo, takeAll } from './support.ts'

const config = boundedConfig({
  portfolio: 'network',
  kernel: 'reference',
  hidden: 2,
  learningRates: [1e-3],
})
const refused = { code: 'HEADRACE_TASK_SNAPSHOT_INVALID' }

/** Any string that a key can be, lone surrogates among them. */
const name = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 })).map((units) => String.fromCharCode(...units)),
)

function rowsOf({ model }: Driver): StateRow[] {
  model.snapshots.begin()
  const rows = takeAll(model)
  model.snapshots.abandon()
  return rows
}

function load(row: StateRow, bytes = row.bytes as Uint8Array, as = row.name): void {
  const loader = driverOf(config).model.snapshots.loader()
  if (row.kind === 'shared') loader.shared(bytes)
  else loader.sequence(as, bytes)
}

/** A shared row and one of a sequence with a window. */
function sampleRows(): StateRow[] {
  const driver = driverOf(config)
  for (let i = 0; i < 7; i++) driver.step({ sequence: 'key', values: [i, 1 / (i + 1)] })
  return rowsOf(driver)
}

test('a sequence reads back as it was, whatever its name, with and without a window', () => {
  const tiny = boundedConfig(
    { portfolio: 'network', kernel: 'reference', hidden: 2, learningRates: [1e-3] },
    { max: 1, keep: 9 },
  )
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
      fc.nat(30),
      (names, steps) => {
        const driver = driverOf(tiny)
        for (let i = 0; i <= steps; i++) {
          const sequence = names[(i * i) % names.length] as string
          driver.step({ sequence, timeMs: i, values: [i % 3 === 0 ? null : Math.sqrt(i), -i] })
        }
        const store = new SlotStore()
        const { stateHash } = snapshotTo(store, driver.model)
        const restored = driverOf(tiny)
        store.restore(restored.model)
        expect(restored.model.stateHash()).toBe(stateHash)
        for (const each of store.names(0)) {
          expect(hashOf(restored.model, each)).toBe(hashOf(driver.model, each))
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('rows say how long a row of their name may be, tombstones too', () => {
  const driver = driverOf(boundedConfig({ portfolio: 'network' }, { max: 1, keep: 2 }))
  for (const sequence of ['a', 'b', 'b', 'b']) driver.step({ sequence, values: [1, 1] })
  const { model } = driver
  const first = new SlotStore()
  snapshotTo(first, model)
  for (let i = 0; i < 40; i++) driver.step({ sequence: `${i % 2}`, values: [1, 1] })
  snapshotTo(first, model)
  while (insideOf(model).table.windowed.size > 1) driver.step({ sequence: '1', values: [1, 1] })
  const rows = rowsOf(driver)
  const gone = rows.filter(({ bytes }) => bytes === null)
  expect(gone.map(({ name }) => name).sort()).toEqual(['a', 'b'])
  const written = rows.filter(({ kind, bytes }) => kind === 'sequence' && bytes !== null)
  const sizes = written.map(({ bytes }) => bytes?.length as number).sort((a, b) => a - b)
  expect(sizes[0]).toBeLessThan(sizes[1] as number)
  for (const { bytesMax } of [...gone, ...written]) expect(bytesMax).toBe(sizes[1])
})

describe('what is damaged is refused with a code, never a wrong state:', () => {
  const rows = sampleRows()

  test('the rows are whole as they are', () => {
    expect(rows.map(({ kind }) => kind).sort()).toEqual(['sequence', 'shared'])
    for (const row of rows) load(row)
  })

  test.each(rows)('$kind: another byte at any offset', (row) => {
    const loader = driverOf(config).model.snapshots.loader()
    const bytes = (row.bytes as Uint8Array).slice()
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number
      for (const other of [byte ^ (1 << (at % 8)), byte ^ 0xff]) {
        bytes[at] = other
        // The format version lies at bytes 4 to 7: with others it is a later version's row.
        const code = at >= 4 && at < 8 ? /_SNAPSHOT_INVALID|_FORMAT_NEWER/ : /_SNAPSHOT_INVALID/
        const act = () =>
          row.kind === 'shared' ? loader.shared(bytes) : loader.sequence(row.name, bytes)
        expect(act).toThrow(expect.objectContaining({ code: expect.stringMatching(code) }))
      }
      bytes[at] = byte
    }
  })

  test.each(rows)('$kind: an end at any offset, or further bytes', (row) => {
    const bytes = row.bytes as Uint8Array
    for (let end = 0; end < bytes.length; end++) {
      expect(() => load(row, bytes.slice(0, end))).toThrow(expect.objectContaining(refused))
    }
    for (const more of [1, 4, 8, 4 * bytes.length]) {
      const longer = new Uint8Array(bytes.length + more)
      longer.set(bytes)
      expect(() => load(row, longer)).toThrow(expect.objectContaining(refused))
    }
  })

  test('any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isShared) => {
        const [row] = rows.filter(({ kind }) => (kind === 'shared') === isShared)
        expect(() => load(row as StateRow, bytes)).toThrow(expect.objectContaining(refused))
      }),
    )
  })

  test('a row under another name or of another kind', () => {
    for (const row of rows) {
      const other = { ...row, kind: row.kind === 'shared' ? 'sequence' : 'shared' } as const
      expect(() => load(other)).toThrow(expect.objectContaining(refused))
    }
    const [row] = rows.filter(({ kind }) => kind === 'sequence')
    for (const as of ['kez', 'ke', 'key2', '']) {
      expect(() => load(row as StateRow, undefined, as)).toThrow(expect.objectContaining(refused))
    }
  })

  test.each([
    boundedConfig({ portfolio: 'network', hidden: 3, learningRates: [1e-3] }),
    boundedConfig({ portfolio: 'network', hidden: 2, learningRates: [1e-3], window: 5 }),
    boundedConfig({ portfolio: 'network', hidden: 2, learningRates: [1e-3], cell: 'lstm' }),
  ])('a row of a model of another shape', (foreign) => {
    const loader = driverOf(foreign).model.snapshots.loader()
    const [sequence] = rows.filter(({ kind }) => kind === 'sequence')
    expect(() => loader.sequence('key', sequence?.bytes as Uint8Array)).toThrow(
      expect.objectContaining(refused),
    )
  })

  test('what is shared, of a model of another shape', () => {
    const [shared] = rows.filter(({ kind }) => kind === 'shared')
    for (const learningRates of [[2e-3], [1e-3, 2e-3]]) {
      const foreign = boundedConfig({ portfolio: 'full', hidden: 2, learningRates })
      const loader = driverOf(foreign).model.snapshots.loader()
      expect(() => loader.shared(shared?.bytes as Uint8Array)).toThrow(
        expect.objectContaining(refused),
      )
    }
  })
})

test('a row may lie anywhere in a larger buffer', () => {
  const driver = driverOf(config)
  for (let i = 0; i < 7; i++) driver.step({ sequence: 'key', values: [i, i] })
  const store = new SlotStore()
  const seal = snapshotTo(store, driver.model)
  for (const shift of [1, 2, 3, 4]) {
    const restored = driverOf(config)
    const loader = restored.model.snapshots.loader()
    for (const { kind, name: key, bytes } of store.rowsOf(0)) {
      const source = bytes as Uint8Array
      const buffer = new Uint8Array(source.length + 8)
      buffer.set(source, shift)
      const moved = buffer.subarray(shift, shift + source.length)
      if (kind === 'shared') loader.shared(moved)
      else loader.sequence(key, moved)
    }
    loader.finish(seal, { otherSlotNames: [], otherSlotCut: null })
    expect(restored.model.stateHash()).toBe(seal.stateHash)
  }
})

describe('a snapshot that is not what its seal says is refused:', () => {
  const driver = driverOf(config)
  for (let i = 0; i < 30; i++) driver.step({ sequence: `${i % 4}`, values: [i, -i] })
  const store = new SlotStore()
  const seal = snapshotTo(store, driver.model)
  const older = rowsOf(
    (() => {
      const before = driverOf(config)
      for (let i = 0; i < 20; i++) before.step({ sequence: `${i % 4}`, values: [i, -i] })
      return before
    })(),
  )
  const none = { otherSlotNames: [], otherSlotCut: null }

  function loaded(rows: readonly StateRow[]) {
    const loader = driverOf(config).model.snapshots.loader()
    for (const { kind, name: key, bytes } of rows) {
      if (kind === 'shared') loader.shared(bytes as Uint8Array)
      else loader.sequence(key, bytes as Uint8Array)
    }
    return loader
  }

  const rows = store.rowsOf(0)
  const isOf = (key: string) => (row: StateRow) => row.kind === 'sequence' && row.name === key

  test('but not what it says, and a newer row wins over an older one and over a tombstone', () => {
    loaded(rows).finish(seal, none)
    const loader = loaded([...older, ...rows.filter((row) => !isOf('3')(row))])
    loader.gone('3')
    loader.gone('nobody')
    const [third] = rows.filter(isOf('3'))
    loader.sequence('3', third?.bytes as Uint8Array)
    loader.finish(seal, none)
  })

  test.each<[string, () => unknown]>([
    [
      'a sequence is missing',
      () => loaded(rows.filter((row) => !isOf('1')(row))).finish(seal, none),
    ],
    ['a sequence too many', () => loaded([...rows]).finish({ ...seal, sequences: 3 }, none)],
    [
      'a sequence is gone',
      () => {
        const loader = loaded(rows)
        loader.gone('2')
        loader.finish(seal, none)
      },
    ],
    ['a sequence is older', () => loaded([...rows, ...older.filter(isOf('2'))]).finish(seal, none)],
    [
      'what is shared is older',
      () => loaded([...rows, ...older.filter(({ kind }) => kind === 'shared')]).finish(seal, none),
    ],
    [
      'what is shared is missing',
      () => loaded(rows.filter(({ kind }) => kind === 'sequence')).finish(seal, none),
    ],
    ['another cut', () => loaded(rows).finish({ ...seal, records: 29 }, none)],
    ['another hash', () => loaded(rows).finish({ ...seal, stateHash: '0'.repeat(16) }, none)],
  ])('%s', (_, act) => {
    expect(act).toThrow(expect.objectContaining(refused))
  })
})

test('what the sequences share may take several rows', () => {
  const wide = boundedConfig({ portfolio: 'network', hidden: 160, learningRates: [1e-3] })
  const driver = driverOf(wide)
  for (let i = 0; i < 20; i++) driver.step({ sequence: 'key', values: [i, 1 / (i + 1)] })
  const store = new SlotStore()
  const seal = snapshotTo(store, driver.model)
  const shared = store.rowsOf(0).filter(({ kind }) => kind === 'shared')
  expect(shared.length).toBeGreaterThan(2)
  for (const { bytes } of shared) expect(bytes?.length).toBeLessThanOrEqual(300_000)
  const restored = driverOf(wide)
  store.restore(restored.model)
  expect(restored.model.stateHash()).toBe(seal.stateHash)
  const partial = driverOf(wide).model.snapshots.loader()
  for (const { bytes } of shared.slice(1)) partial.shared(bytes as Uint8Array)
  expect(() => partial.finish(seal, { otherSlotNames: [], otherSlotCut: null })).toThrow(
    expect.objectContaining(refused),
  )
})
