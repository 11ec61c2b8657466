import { HEADER, NO_WINDOW, type Sequence, type SequenceTable } from '../sequence.ts'
import type { SharedArray } from '../state.ts'
import { invalid } from './row.ts'
import type { SequenceRows } from './sequence-row.ts'
import { decodeShared, sharedParts } from './shared-rows.ts'
import type { SlotIndex } from './slot-names.ts'
import type { Seal, SharedState } from './snapshots.ts'

/** What the loader needs of the model's snapshots. */
interface Restored {
  /** Hash of the state, whose shared part is `arrays`. */
  stateHash(arrays: readonly SharedArray[]): string
  page(name: string, bytes: Uint8Array): void
  restored(seal: Seal, otherCut: number | null): void
  remember(slot: SlotIndex, names: Iterable<string>): void
}

/** What the changelog holds of the slot that is not restored. */
export interface OtherSlot {
  /** Names of which it may hold a row. */
  readonly otherSlotNames: Iterable<string>
  /** Records at the cut of its last sealed snapshot; null where it has none. */
  readonly otherSlotCut: number | null
}

/**
 * Makes a new model what a sealed snapshot says, from the rows of its slot in the order of the log.
 * All errors are `HEADRACE_TASK_SNAPSHOT_INVALID`, or `HEADRACE_TASK_FORMAT_NEWER` for rows of a
 * later version; after one the model must be thrown away.
 */
export class SnapshotLoader {
  private readonly table: SequenceTable
  private readonly state: SharedState
  private readonly rows: SequenceRows
  private readonly snapshots: Restored
  private readonly arrays: readonly SharedArray[]
  private readonly parts = new Set<number>()

  constructor(table: SequenceTable, state: SharedState, rows: SequenceRows, snapshots: Restored) {
    this.table = table
    this.state = state
    this.rows = rows
    this.snapshots = snapshots
    this.arrays = state.arrays()
  }

  /** A row of what the sequences share; a newer one of the same part wins. */
  shared(bytes: Uint8Array): void {
    this.parts.add(decodeShared(this.arrays, bytes))
  }

  /** A row of a page; a newer one of the same number wins. */
  page(name: string, bytes: Uint8Array): void {
    this.snapshots.page(name, bytes)
  }

  /** A row of a sequence; a newer one of the same name wins. */
  sequence(name: string, bytes: Uint8Array): void {
    this.rows.decode(name, bytes)
  }

  /** A tombstone. */
  gone(name: string): void {
    const sequence = this.table.byName.get(name)
    if (sequence === undefined) return
    this.rows.drop(sequence)
  }

  /** Checks what was loaded against its seal; afterwards the model goes on from the cut. */
  finish(seal: Seal, { otherSlotNames, otherSlotCut }: OtherSlot): void {
    const { table, arrays, snapshots } = this
    if (this.parts.size !== sharedParts(arrays)) {
      throw invalid(
        `Of what the sequences share, a snapshot has ${this.parts.size} of ` +
          `${sharedParts(arrays)} parts.`,
      )
    }
    if (table.live !== seal.sequences) {
      throw invalid(
        `A snapshot holds ${table.live} sequences, but its manifest says ${seal.sequences}.`,
      )
    }
    const stateHash = snapshots.stateHash(arrays)
    if (stateHash !== seal.stateHash) {
      throw invalid(
        `A snapshot has the state hash ${stateHash}, but its manifest says ${seal.stateHash}.`,
      )
    }
    this.link()
    this.state.written(arrays)
    if (this.state.records() !== seal.records) {
      throw invalid(
        `A snapshot was cut at record ${this.state.records()}, but its manifest says ` +
          `${seal.records}.`,
      )
    }
    snapshots.restored(seal, otherSlotCut)
    snapshots.remember(seal.slot, table.byName.keys())
    snapshots.remember(seal.slot === 0 ? 1 : 0, otherSlotNames)
  }

  /** Puts the sequences into the lists, whose orders are those of record counts in the state. */
  private link(): void {
    const { table } = this
    const used = [...table.byName.values()].sort(ascending(HEADER.lastUsed))
    for (const sequence of used) {
      table.used.append(sequence)
      if (sequence.window !== NO_WINDOW) table.windowed.append(sequence)
    }
    const pending = used.filter(({ core }) => core[HEADER.learnable]! > 0)
    for (const sequence of pending.sort(ascending(HEADER.pendingSince))) {
      table.pending.append(sequence)
    }
  }
}

function ascending(place: number): (a: Sequence, b: Sequence) => number {
  return (a, b) => a.core[place]! - b.core[place]!
}
