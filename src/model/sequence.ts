import { SequenceList } from './sequence-list.ts'
import { type Chunk, Slab } from './slab.ts'

/** Places in the core that every sequence has. */
export const HEADER = {
  /** Own steps taken. */
  steps: 0,
  /** Record count at which the sequence was last seen; also its last change by a record. */
  lastUsed: 1,
  /** Record count of the newest change to any part of the state. */
  lastChanged: 2,
  /** Own steps when it last joined an update, or 0. */
  joinedAt: 3,
  /** Steps that became learnable since it last joined. */
  learnable: 4,
  /** Record count at which the oldest of them did; 0 = none. */
  pendingSince: 5,
  /** Block in which that was. */
  pendingBlock: 6,
  /** First step that the window still holds. */
  windowStart: 7,
  size: 8,
} as const

/** Stands for the slot of a window that is not there. */
export const NO_WINDOW = -1

/**
 * What the engine itself needs for one sequence beside its slots, in bytes, on a 64-bit machine:
 * the object below, the view of its core, its name, its entry in the map and its links.
 */
export const OBJECT_BYTES = 360

/** Who is told before a live sequence changes, and of those that come and go; see `Snapshots`. */
export interface SequenceWatch {
  /** For the first time since the cut of the snapshot in progress. */
  changing(sequence: Sequence): void
  begun(sequence: Sequence): void
  gone(sequence: Sequence): void
}

/** One key: its name and where its state lies. */
export class Sequence {
  readonly name: string
  /** Its slot among those of all sequences of the table. */
  readonly slot: number
  /** All of its state but hidden states and window; a view into the slot. */
  readonly core: Float64Array
  /** The memory in which its hidden states lie, those of all networks from `statesAt` on. */
  readonly home: Chunk
  readonly statesAt: number
  /** Slot of its window, which a long unused sequence sheds; see `Windows`. */
  window = NO_WINDOW
  /** Whether it stands among those that join at the next boundary. */
  ready = false
  // What snapshots remember of it is no part of the state.
  /** Number of the newest snapshot that has it, or that it was born after. */
  snapshot = 0
  /** Bit s: slot s of the snapshots may hold a row of it. */
  slots = 0
  /** Its hash when `lastChanged` was `hashedAt`, as two signed words. */
  hashHigh = 0
  hashLow = 0
  hashedAt = -1

  constructor(name: string, slot: number, slab: Slab, coreSize: number) {
    this.name = name
    this.slot = slot
    this.home = slab.chunkOf(slot)
    const { buffer } = this.home.float64
    this.core = new Float64Array(buffer, 8 * slab.float64At(slot), coreSize)
    this.statesAt = slab.float32At(slot)
  }

  get steps(): number {
    return this.core[HEADER.steps]!
  }
}

/**
 * All live sequences of a partition by name, in the order in which they were last used, and those
 * that still hold a window in the same order.
 */
export class SequenceTable {
  readonly byName = new Map<string, Sequence>()
  readonly used: SequenceList
  readonly windowed: SequenceList
  /** Those with losses not yet learnt, by the record count at which the oldest became learnable. */
  readonly pending: SequenceList
  /** Hidden states of all networks, S floats each sequence. */
  readonly stateSize: number
  readonly coreSize: number
  /** Number of the snapshot that still lacks some of the sequences; 0 = none does. */
  snapshot = 0
  watch: SequenceWatch | null = null
  private readonly slab: Slab
  private readonly bySlot: (Sequence | undefined)[] = []

  constructor(coreSize: number, stateSize: number) {
    this.coreSize = coreSize
    this.stateSize = stateSize
    this.slab = new Slab({ float64: coreSize, float32: stateSize, int16: 0, bytes: 0 })
    this.used = new SequenceList(this.bySlot)
    this.windowed = new SequenceList(this.bySlot)
    this.pending = new SequenceList(this.bySlot)
  }

  get live(): number {
    return this.byName.size
  }

  /** Bytes of one sequence without its window. */
  get bytesPerSequence(): number {
    return this.slab.slotBytes + OBJECT_BYTES
  }

  /**
   * To be called before any change to a live sequence: what a snapshot in progress has not encoded
   * yet, it encodes now.
   */
  touch(sequence: Sequence): void {
    if (sequence.snapshot < this.snapshot) this.watch?.changing(sequence)
  }

  /** The sequence of that name, made if it is new, moved to the end of the order of use. */
  use(name: string, record: number): Sequence {
    const sequence = this.byName.get(name) ?? this.add(name)
    this.useKnown(sequence, record)
    return sequence
  }

  /** The same for a sequence of the table. */
  useKnown(sequence: Sequence, record: number): void {
    this.touch(sequence)
    sequence.core[HEADER.lastUsed] = record
    this.used.moveToEnd(sequence)
    if (sequence.window !== NO_WINDOW) this.windowed.moveToEnd(sequence)
  }

  /** Forgets a sequence whose window has been closed; its slot may be another's from now on. */
  remove(sequence: Sequence): void {
    this.touch(sequence)
    if (this.used.has(sequence)) this.used.remove(sequence)
    if (this.windowed.has(sequence)) this.windowed.remove(sequence)
    if (this.pending.has(sequence)) this.pending.remove(sequence)
    this.byName.delete(sequence.name)
    this.bySlot[sequence.slot] = undefined
    this.slab.release(sequence.slot)
    this.watch?.gone(sequence)
  }

  /** A sequence of a new name, all zeros, in none of the lists. */
  add(name: string): Sequence {
    const slot = this.slab.open()
    const sequence = new Sequence(name, slot, this.slab, this.coreSize)
    this.byName.set(name, sequence)
    this.bySlot[slot] = sequence
    this.watch?.begun(sequence)
    return sequence
  }
}
