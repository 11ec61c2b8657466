import type { Sequence, SequenceTable } from '../sequence.ts'

/** Snapshots alternate between two slots, each complete in itself. */
export type SlotIndex = 0 | 1

/**
 * Which names a slot may hold a row of. Of live sequences a bit of theirs tells, all others are
 * here: what a snapshot has written stays known, also where it is not known to be committed, until
 * a later snapshot into the same slot has buried it.
 */
export class SlotNames {
  private readonly table: SequenceTable
  private readonly bit: number
  /** Not alive, or not known to be. */
  private dead = new Set<string>()
  /** Not alive at the cut of the snapshot in progress, which writes a tombstone for each. */
  private buried: ReadonlySet<string> = new Set()

  constructor(table: SequenceTable, slot: SlotIndex) {
    this.table = table
    this.bit = 1 << slot
  }

  has(sequence: Sequence): boolean {
    return (sequence.slots & this.bit) !== 0
  }

  add(sequence: Sequence): void {
    sequence.slots |= this.bit
  }

  /** The slot may hold a row of that name, alive or not. */
  addName(name: string): void {
    const sequence = this.table.byName.get(name)
    if (sequence === undefined) this.dead.add(name)
    else this.add(sequence)
  }

  begun(sequence: Sequence): void {
    if (this.dead.size > 0 && this.dead.delete(sequence.name)) this.add(sequence)
  }

  gone(sequence: Sequence): void {
    if (this.has(sequence)) this.dead.add(sequence.name)
  }

  /**
   * At the cut of a snapshot into this slot: all names that it must bury. A sequence of such a name
   * that begins from now on is not in the slot, unless the snapshot is abandoned.
   */
  bury(): ReadonlySet<string> {
    this.buried = this.dead
    this.dead = new Set()
    return this.buried
  }

  /** The tombstones are known to be committed. */
  settle(): void {
    this.buried = new Set()
  }

  /** They may be, or not. */
  exhume(): void {
    for (const name of this.buried) this.addName(name)
    this.buried = new Set()
  }
}
