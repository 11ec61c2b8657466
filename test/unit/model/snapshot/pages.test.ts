import { describe, expect, test } from 'vitest'
import { HEADER, SequenceTable } from '../../../../src/model/sequence.ts'
import type { Pages, PageWatch } from '../../../../src/model/snapshot/page-rows.ts'
import { type Seal, Snapshots, type StateRow } from '../../../../src/model/snapshot/snapshots.ts'
import { type SequenceWindows, type SharedArray, stateHash } from '../../../../src/model/state.ts'
import { Random } from '../../../../src/random.ts'

const never = () => false

/** Pages of unequal sizes that begin with something in them. */
class TestPages implements Pages {
  readonly count: number
  readonly lastChanged: Float64Array
  readonly captured: Int32Array
  snapshot = 0
  watch: PageWatch | null = null
  readonly #words: readonly Uint32Array[]

  constructor(count: number) {
    this.count = count
    this.lastChanged = new Float64Array(count)
    this.captured = new Int32Array(count)
    this.#words = Array.from({ length: count }, (_, i) => new Uint32Array(2 + (i % 3)).fill(7))
  }

  get byteLength(): number {
    return this.#words.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  words(page: number): Uint32Array {
    return this.#words[page]!
  }

  write(page: number, record: number, value: number): void {
    if (this.lastChanged[page] !== record) {
      if (this.captured[page]! < this.snapshot) this.watch?.changing(page)
      this.lastChanged[page] = record
    }
    this.words(page)[0]! += value
  }
}

const noWindows: SequenceWindows = {
  byteLength: 0,
  hash: () => {},
  copyTo: () => {},
  copyFrom: () => {},
  close: () => {},
}

/** A model whose records change one page or two and one sequence each. */
class PagedModel {
  readonly table = new SequenceTable(HEADER.size, 0)
  readonly pages: TestPages
  readonly snapshots: Snapshots
  records = 0

  constructor(count = 12) {
    this.pages = new TestPages(count)
    const { table, pages } = this
    this.snapshots = new Snapshots(
      table,
      noWindows,
      {
        records: () => this.records,
        arrays: () => this.shared(),
        written: ([array]) => {
          this.records = array?.array[0] as number
        },
      },
      pages,
    )
  }

  shared(): SharedArray[] {
    return [{ name: 'count', array: new Float64Array([this.records]) }]
  }

  step(random: Random): void {
    const record = this.records + 1
    const sequence = this.table.use(`${random.uint32() % 4}`, record)
    sequence.core[HEADER.lastChanged] = record
    for (let i = 0; i < 1 + (random.uint32() % 2); i++) {
      // The last page never changes.
      this.pages.write(random.uint32() % (this.pages.count - 1), record, random.uint32())
    }
    this.records = record
  }

  stateHash(): string {
    return stateHash(this.table, noWindows, this.shared(), this.pages)
  }
}

/** What a compacted changelog holds of one slot. */
class Slot {
  readonly rows = new Map<string, StateRow>()
  seal: Seal | null = null

  write(rows: readonly StateRow[]): void {
    for (const row of rows) this.rows.set(`${row.kind}/${row.name}`, row)
  }

  restore(otherCut: number | null): PagedModel {
    const model = new PagedModel()
    const loader = model.snapshots.loader()
    for (const { kind, name, bytes } of this.rows.values()) {
      if (kind === 'shared') loader.shared(bytes as Uint8Array)
      else loader[kind](name, bytes as Uint8Array)
    }
    loader.finish(this.seal as Seal, { otherSlotNames: [], otherSlotCut: otherCut })
    return model
  }
}

function takeAll({ snapshots }: PagedModel): StateRow[] {
  const rows: StateRow[] = []
  while (!snapshots.isComplete) rows.push(...snapshots.take(1e9, never))
  return rows
}

function pagesIn(rows: readonly StateRow[]): string[] {
  const pages = rows.filter(({ kind }) => kind === 'page')
  return pages.map(({ name }) => name).sort((a, b) => Number(a) - Number(b))
}

function snapshotTo(slots: readonly Slot[], model: PagedModel): StateRow[] {
  model.snapshots.begin()
  const rows = takeAll(model)
  const slot = slots[model.snapshots.slot] as Slot
  slot.write(rows)
  slot.seal = model.snapshots.seal()
  model.snapshots.sealed()
  return rows
}

describe('pages in a snapshot', () => {
  test('are those of the cut, though they change while it is taken, in both slots', () => {
    const model = new PagedModel()
    const random = new Random(3)
    const slots = [new Slot(), new Slot()] as const
    let expected = ''
    let changedMeanwhile = 0
    for (let i = 0; i < 2000; i++) {
      model.step(random)
      const { snapshots } = model
      if (!snapshots.isInProgress) {
        expected = model.stateHash()
        snapshots.begin()
      }
      slots[snapshots.slot].write(snapshots.take(1, never))
      if (!snapshots.isComplete) continue
      if (model.stateHash() !== expected) changedMeanwhile++
      const seal = snapshots.seal()
      expect(seal.stateHash).toBe(expected)
      slots[seal.slot].seal = seal
      snapshots.sealed()
      const other = slots[seal.slot === 0 ? 1 : 0].seal?.records ?? null
      const restored = slots[seal.slot].restore(other)
      expect(restored.stateHash()).toBe(expected)
      expect(restored.records).toBe(seal.records)
    }
    expect(changedMeanwhile).toBeGreaterThan(10)
    expect(model.snapshots.progress.total).toBeGreaterThan(model.pages.byteLength)
  })

  test('are written when they have changed since the last seal of the same slot only', () => {
    const model = new PagedModel()
    const slots = [new Slot(), new Slot()] as const
    const write = (page: number) => model.pages.write(page, ++model.records, 1)
    write(3)
    write(5)
    expect(pagesIn(snapshotTo(slots, model))).toEqual(['3', '5'])
    write(3)
    expect(pagesIn(snapshotTo(slots, model))).toEqual(['3', '5'])
    expect(pagesIn(snapshotTo(slots, model))).toEqual(['3'])
    expect(pagesIn(snapshotTo(slots, model))).toEqual([])
    write(7)
    // What an abandoned snapshot may have written is written again.
    model.snapshots.begin()
    expect(pagesIn(takeAll(model))).toEqual(['7'])
    model.snapshots.abandon()
    expect(pagesIn(snapshotTo(slots, model))).toEqual(['7'])
    const restored = slots[0].restore(slots[1].seal?.records ?? null)
    expect(restored.stateHash()).toBe(model.stateHash())
    // The restored model knows what its other slot lacks.
    expect(pagesIn(snapshotTo(slots, restored))).toEqual(['7'])
    expect(slots[1].restore(slots[0].seal?.records ?? null).stateHash()).toBe(model.stateHash())
  })

  test('restored with one missing, damaged or of another size are refused', () => {
    const model = new PagedModel()
    const slots = [new Slot(), new Slot()] as const
    for (const page of [1, 2, 3]) model.pages.write(page, ++model.records, page)
    snapshotTo(slots, model)
    const refused = expect.objectContaining({ code: 'HEADRACE_TASK_SNAPSHOT_INVALID' })
    const [slot] = slots
    const row = slot.rows.get('page/2') as StateRow
    expect(() => new PagedModel(13).snapshots.loader().page('2', row.bytes!)).toThrow(refused)
    expect(() => new PagedModel().snapshots.loader().page('1', row.bytes!)).toThrow(refused)
    const damaged = Uint8Array.from(row.bytes!)
    damaged[40]! ^= 1
    expect(() => new PagedModel().snapshots.loader().page('2', damaged)).toThrow(refused)
    slot.rows.delete('page/2')
    expect(() => slot.restore(null)).toThrow(refused)
  })

  test('count in the state hash with the record of their newest change', () => {
    const [a, b] = [new PagedModel(), new PagedModel()]
    expect(a.stateHash()).toBe(b.stateHash())
    a.pages.write(1, 1, 5)
    b.pages.write(1, 2, 5)
    expect(a.stateHash()).not.toBe(b.stateHash())
    b.pages.lastChanged[1] = 1
    expect(a.stateHash()).toBe(b.stateHash())
    b.pages.words(1)[1]! ^= 1
    expect(a.stateHash()).not.toBe(b.stateHash())
  })
})
