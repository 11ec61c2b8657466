import { assert } from '../../assert.ts'
import { HashSum } from '../hash.ts'
import { HEADER, type Sequence, type SequenceTable, type SequenceWatch } from '../sequence.ts'
import { hashArrays, hashSequence, type SequenceWindows, type SharedArray } from '../state.ts'
import { SnapshotLoader } from './loader.ts'
import { PageRows, type Pages } from './page-rows.ts'
import { invalid } from './row.ts'
import { SequenceRows } from './sequence-row.ts'
import { encodeShared, sharedParts } from './shared-rows.ts'
import { type SlotIndex, SlotNames } from './slot-names.ts'

/** A piece of the state as the changelog keeps it, under its kind and name. */
export interface StateRow {
  readonly kind: 'shared' | 'page' | 'sequence'
  readonly name: string
  /** null: the sequence is gone. */
  readonly bytes: Uint8Array | null
  /** Bytes that a row of this name may have had before, at most. */
  readonly bytesMax: number
}

/** What a snapshot is known by once all its rows have been taken. */
export interface Seal {
  readonly slot: SlotIndex
  /** Number of the snapshot, ascending over both slots and restarts, from 1. */
  readonly number: number
  /** Records at the cut. */
  readonly records: number
  /** Live sequences at the cut. */
  readonly sequences: number
  /** The model's state hash at the cut. */
  readonly stateHash: string
}

/** What the sequences share, as the model hands it to its snapshots. */
export interface SharedState {
  records(): number
  /** All of it, in a fixed order; views of the state itself, or copies where it is not an array. */
  arrays(): SharedArray[]
  /** After a restore: what `arrays` returned now holds what the state is to be. */
  written(arrays: readonly SharedArray[]): void
}

/** Bytes of the changelog that a row costs beside its value and its name, about. */
const ROW_OVERHEAD = 64
/** UTF-8 of a unit of UTF-16, at most. */
const NAME_UNIT_BYTES = 3

/**
 * Snapshots of a model that goes on meanwhile (design §2). A snapshot is what the state was at its
 * cut: what the sequences share is copied then, a sequence or a page is encoded when its turn comes
 * or right before its first change, whichever is sooner. It goes to the slot that the last sealed
 * one does not use, and holds all that has changed since the cut of that slot's own last one.
 *
 *     idle ─ begin ─▶ taking ─ seal ─▶ sealing ─ sealed ─▶ idle;  taking, sealing ─ abandon ─▶ idle
 */
export class Snapshots implements SequenceWatch {
  private readonly table: SequenceTable
  private readonly windows: SequenceWindows
  private readonly shared: SharedState
  private readonly rows: SequenceRows
  /** null: the model has no tables in pages. */
  private readonly pages: PageRows | null
  private readonly slots: readonly [SlotNames, SlotNames]
  /** Record count of the cut of each slot's last sealed snapshot; −1 = it has none. */
  private readonly cuts: [number, number] = [-1, -1]
  private lastSealed: SlotIndex | null = null
  private number = 0
  private phase: 'idle' | 'taking' | 'sealing' = 'idle'
  // Of the snapshot in progress.
  private writesTo: SlotIndex = 0
  private records = 0
  private sequences = 0
  private captured = 0
  private copies: readonly SharedArray[] = []
  private parts = 0
  private partsLeft = 0
  private sum = new HashSum()
  /** Encoded before their first change, not yet taken. */
  private waiting: StateRow[] = []
  /** The least recently used sequence that it does not have yet. */
  private cursor: Sequence | null = null
  private tombstones: Iterator<string> = [].values()
  private tombstonesLeft = 0

  constructor(
    table: SequenceTable,
    windows: SequenceWindows,
    shared: SharedState,
    pages: Pages | null = null,
  ) {
    this.table = table
    this.windows = windows
    this.shared = shared
    this.rows = new SequenceRows(table, windows)
    this.slots = [new SlotNames(table, 0), new SlotNames(table, 1)]
    this.pages = pages === null ? null : new PageRows(pages)
    table.watch = this
    if (pages !== null) pages.watch = { changing: (page) => this.capturePage(page) }
  }

  get isInProgress(): boolean {
    return this.phase !== 'idle'
  }

  /** The slot of the snapshot in progress, or of the last one. */
  get slot(): SlotIndex {
    return this.writesTo
  }

  /** Bytes of the state at the cut that the snapshot in progress is through with, of all, about. */
  get progress(): { done: number; total: number } {
    const shared = this.copies.reduce((sum, { array }) => sum + array.byteLength, 0)
    const each = this.table.bytesPerSequence + this.windows.byteLength
    const left =
      shared * (this.partsLeft / Math.max(1, this.parts)) + (this.pages?.lackingBytes ?? 0)
    const total = shared + (this.pages?.byteLength ?? 0) + each * this.sequences
    return { done: total - left - each * (this.sequences - this.captured), total }
  }

  /** Whether all rows of the snapshot in progress have been taken, so that it can be sealed. */
  get isComplete(): boolean {
    return this.phase === 'taking' && !this.hasRows()
  }

  /** Begins a snapshot whose cut is now, between two records; copies what the sequences share. */
  begin(): void {
    assert(this.phase === 'idle', 'one snapshot is in progress at a time')
    this.writesTo = this.lastSealed === 0 ? 1 : 0
    this.number++
    this.phase = 'taking'
    this.records = this.shared.records()
    this.sequences = this.table.live
    this.captured = 0
    this.copies = this.shared.arrays().map(({ name, array }) => ({ name, array: array.slice() }))
    this.parts = sharedParts(this.copies)
    this.partsLeft = this.parts
    this.sum = new HashSum()
    this.table.snapshot = this.number
    this.pages?.begin(this.number)
    this.cursor = this.lacking(this.table.used.first)
    const buried = this.slots[this.slot].bury()
    this.tombstones = buried.values()
    this.tombstonesLeft = buried.size
  }

  /**
   * The next rows, of at most `maxBytes` together unless a single one has more. Ends early where
   * `isLate` says so, maybe before the first row, but each call gets on by at least one
   * sequence or page.
   */
  take(maxBytes: number, isLate: () => boolean): StateRow[] {
    assert(this.phase === 'taking', 'rows are taken of a snapshot in progress')
    const taken: StateRow[] = []
    let bytes = 0
    while (this.hasRows()) {
      const row = this.next()
      if (row !== null) {
        bytes += (row.bytes?.length ?? 0) + ROW_OVERHEAD + NAME_UNIT_BYTES * row.name.length
        if (bytes > maxBytes && taken.length > 0) {
          this.waiting.push(row)
          break
        }
        taken.push(row)
      }
      if (bytes >= maxBytes || isLate()) break
    }
    return taken
  }

  /** Ends a snapshot of which all rows have been taken: nothing is sealed before `sealed`. */
  seal(): Seal {
    assert(this.isComplete, 'a snapshot is sealed when all its rows have been taken')
    this.phase = 'sealing'
    const { slot, number, records, sequences, sum } = this
    sum.add(hashArrays(this.copies))
    return { slot, number, records, sequences, stateHash: sum.hex() }
  }

  /** The seal is known to be committed. */
  sealed(): void {
    assert(this.phase === 'sealing', 'a seal is committed after it was made')
    this.slots[this.slot].settle()
    this.cuts[this.slot] = this.records
    this.lastSealed = this.slot
    this.end()
  }

  /**
   * Forgets the snapshot in progress, if there is one. Its rows may be committed or not, but its
   * seal must be known not to be: else the next one would be written over the last sealed.
   */
  abandon(): void {
    if (this.phase === 'idle') return
    this.slots[this.slot].exhume()
    this.end()
  }

  /** A slot may hold rows of these names, of snapshots that were never sealed. */
  remember(slot: SlotIndex, names: Iterable<string>): void {
    assert(this.phase === 'idle', 'what a slot holds is told between snapshots')
    for (const name of names) this.slots[slot].addName(name)
  }

  /** Restores a sealed snapshot into a model that has taken in nothing yet. */
  loader(): SnapshotLoader {
    assert(this.shared.records() === 0 && this.table.live === 0, 'a new model takes a snapshot')
    assert(this.number === 0, 'a model takes a snapshot before it makes one')
    return new SnapshotLoader(this.table, this.shared, this.rows, {
      stateHash: (arrays) => this.hashNow(arrays),
      restored: (seal, otherCut) => this.restored(seal, otherCut),
      page: (name, bytes) => {
        if (this.pages === null) throw invalid('A snapshot has pages, and this model has none.')
        this.pages.decode(name, bytes)
      },
      remember: (slot, names) => this.remember(slot, names),
    })
  }

  /** A sequence is about to change, or to go. */
  changing(sequence: Sequence): void {
    const row = this.capture(sequence)
    if (row !== null) this.waiting.push(row)
  }

  begun(sequence: Sequence): void {
    sequence.snapshot = this.table.snapshot
    for (const slot of this.slots) slot.begun(sequence)
  }

  gone(sequence: Sequence): void {
    for (const slot of this.slots) slot.gone(sequence)
  }

  private hasRows(): boolean {
    const { waiting, partsLeft, pages, cursor, tombstonesLeft } = this
    if (waiting.length > 0 || partsLeft > 0 || !(pages?.isComplete ?? true)) return true
    return cursor !== null || tombstonesLeft > 0
  }

  /** Null: the sequence or page whose turn it was has nothing new for the slot. */
  private next(): StateRow | null {
    const waiting = this.waiting.pop()
    if (waiting !== undefined) return waiting
    if (this.partsLeft > 0) {
      const part = --this.partsLeft
      const bytes = encodeShared(this.copies, part)
      return { kind: 'shared', name: `${part}`, bytes, bytesMax: bytes.length }
    }
    const { pages, cursor } = this
    if (pages !== null && !pages.isComplete) {
      return pages.capture(pages.next(), this.cuts[this.slot]!, this.sum)
    }
    if (cursor !== null) return this.capture(cursor)
    this.tombstonesLeft--
    const name = this.tombstones.next().value as string
    return { kind: 'sequence', name, bytes: null, bytesMax: this.rows.bytesMax(name) }
  }

  /** A page is about to change. */
  private capturePage(page: number): void {
    const row = this.pages?.capture(page, this.cuts[this.slot]!, this.sum) ?? null
    if (row !== null) this.waiting.push(row)
  }

  /** Takes a live sequence into the snapshot as it is now; null where the slot has it like that. */
  private capture(sequence: Sequence): StateRow | null {
    sequence.snapshot = this.number
    this.captured++
    if (this.cursor === sequence) this.cursor = this.lacking(sequence)
    this.addHash(sequence, this.sum)
    if (!this.isDue(sequence)) return null
    this.slots[this.slot].add(sequence)
    const { name } = sequence
    const bytes = this.rows.encode(sequence)
    return { kind: 'sequence', name, bytes, bytesMax: this.rows.bytesMax(name) }
  }

  /** Whether the slot lacks the sequence, or its newest change. */
  private isDue(sequence: Sequence): boolean {
    const changed = sequence.core[HEADER.lastChanged]!
    return changed > this.cuts[this.slot]! || !this.slots[this.slot].has(sequence)
  }

  /**
   * The first from `sequence` on, by use, that the snapshot in progress lacks. Those moved to the
   * end meanwhile have been captured before, so none is passed over, whatever comes and goes.
   */
  private lacking(sequence: Sequence | null): Sequence | null {
    let s = sequence
    while (s !== null && s.snapshot === this.number) s = this.table.used.after(s)
    return s
  }

  private addHash(sequence: Sequence, sum: HashSum): void {
    const changed = sequence.core[HEADER.lastChanged]!
    if (sequence.hashedAt !== changed) {
      const hash = hashSequence(sequence, this.table.stateSize, this.windows)
      const high = hash.finalHigh()
      // Signed words are small integers to the engine, which need no memory of their own.
      sequence.hashHigh = high | 0
      sequence.hashLow = hash.finalLow(high) | 0
      sequence.hashedAt = changed
    }
    sum.addWords(sequence.hashHigh, sequence.hashLow)
  }

  private hashNow(arrays: readonly SharedArray[]): string {
    const sum = new HashSum()
    for (const sequence of this.table.byName.values()) this.addHash(sequence, sum)
    this.pages?.addHashes(sum)
    sum.add(hashArrays(arrays))
    return sum.hex()
  }

  private restored({ slot, number, records }: Seal, otherCut: number | null): void {
    this.number = number
    this.lastSealed = slot
    this.cuts[slot] = records
    this.cuts[slot === 0 ? 1 : 0] = otherCut ?? -1
  }

  private end(): void {
    this.phase = 'idle'
    this.table.snapshot = 0
    this.pages?.end()
    this.copies = []
    this.partsLeft = 0
    this.waiting = []
    this.cursor = null
    this.tombstones = [].values()
    this.tombstonesLeft = 0
  }
}
