import { assert } from '../../assert.ts'
import { parseRowKey, RowAssembler } from '../snapshot-log.ts'
import type { StreamLoader } from './engine.ts'
import type { EngineStart } from './messages.ts'

/** Reads the rows of one slot, in the order of the log, into a model at record 0. */
export class SnapshotReader {
  readonly #loader: StreamLoader
  readonly #rows = new RowAssembler()

  constructor(loader: StreamLoader) {
    this.#loader = loader
  }

  add(key: Uint8Array, value: Uint8Array | null): void {
    const rowKey = parseRowKey(key)
    assert(rowKey !== null, 'only rows of a snapshot are loaded')
    const row = this.#rows.add(rowKey, value)
    if (row === null) return
    const { kind, name, bytes } = row
    if (kind === 'sequence' && bytes === null) this.#loader.gone(name)
    else if (kind === 'sequence' && bytes !== null) this.#loader.sequence(name, bytes)
    else if (kind === 'page' && bytes !== null) this.#loader.page(name, bytes)
    else if (kind === 'shared' && bytes !== null) this.#loader.shared(bytes)
  }

  /** All rows have been added. Throws `HEADRACE_TASK_SNAPSHOT_INVALID` where they are not those. */
  finish(
    { manifest, otherCut }: NonNullable<EngineStart['snapshot']>,
    slotNames: EngineStart['slotNames'],
  ): void {
    this.#rows.finish()
    const otherSlotNames = slotNames[manifest.slot === 0 ? 1 : 0]
    this.#loader.finish(manifest, { otherSlotNames, otherSlotCut: otherCut })
  }
}
