import { assert } from '../assert.ts'

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

/** The part of a sequence's state that a long unused one sheds. Shapes: see `WindowLayout`. */
export interface WindowBuffer {
  readonly float64: Float64Array
  readonly float32: Float32Array
  readonly bytes: Uint8Array
}

/** One key: its name, the flat arrays of its state, and its places in the order lists. */
export class Sequence {
  readonly name: string
  readonly core: Float64Array
  /** Hidden states of all networks, S floats each. */
  readonly states: Float32Array
  /** The bits of `states`. */
  readonly stateWords: Uint32Array
  window: WindowBuffer | null = null
  /** Neighbours in each list of `SequenceList`; derived from record counts, not state. */
  readonly previous: (Sequence | null)[] = [null, null, null]
  readonly next: (Sequence | null)[] = [null, null, null]
  readonly listed = [false, false, false]
  /** Whether it stands among those that join at the next boundary. */
  ready = false

  constructor(name: string, coreSize: number, stateSize: number) {
    this.name = name
    this.core = new Float64Array(coreSize)
    this.states = new Float32Array(stateSize)
    this.stateWords = new Uint32Array(this.states.buffer)
  }

  get steps(): number {
    return this.core[HEADER.steps]!
  }
}

/**
 * An intrusive list. Its order always is the order of one record count in the state, so a restore
 * rebuilds it by sorting, and nothing depends on how it came about.
 */
export class SequenceList {
  private readonly index: number
  first: Sequence | null = null
  last: Sequence | null = null
  size = 0

  /** `index`: which of the links of a sequence this list uses. */
  constructor(index: number) {
    this.index = index
  }

  has(sequence: Sequence): boolean {
    return sequence.listed[this.index]!
  }

  append(sequence: Sequence): void {
    const i = this.index
    assert(!sequence.listed[i]!, 'a sequence stands in a list once')
    sequence.listed[i] = true
    sequence.previous[i] = this.last
    sequence.next[i] = null
    if (this.last === null) this.first = sequence
    else this.last.next[i] = sequence
    this.last = sequence
    this.size++
  }

  remove(sequence: Sequence): void {
    const i = this.index
    assert(sequence.listed[i]!, 'only a listed sequence is taken out of a list')
    const previous = sequence.previous[i] ?? null
    const next = sequence.next[i] ?? null
    if (previous === null) this.first = next
    else previous.next[i] = next
    if (next === null) this.last = previous
    else next.previous[i] = previous
    sequence.previous[i] = null
    sequence.next[i] = null
    sequence.listed[i] = false
    this.size--
  }

  moveToEnd(sequence: Sequence): void {
    if (this.last === sequence) return
    if (this.has(sequence)) this.remove(sequence)
    this.append(sequence)
  }

  after(sequence: Sequence): Sequence | null {
    return sequence.next[this.index] ?? null
  }
}

/**
 * All live sequences of a partition by name, in the order in which they were last used, and those
 * that still hold a window in the same order.
 */
export class SequenceTable {
  readonly byName = new Map<string, Sequence>()
  readonly used = new SequenceList(0)
  readonly windowed = new SequenceList(1)
  /** Those with losses not yet learnt, by the record count at which the oldest became learnable. */
  readonly pending = new SequenceList(2)
  private readonly coreSize: number
  private readonly stateSize: number

  constructor(coreSize: number, stateSize: number) {
    this.coreSize = coreSize
    this.stateSize = stateSize
  }

  get live(): number {
    return this.byName.size
  }

  /** The sequence of that name, made if it is new, moved to the end of the order of use. */
  use(name: string, record: number): Sequence {
    let sequence = this.byName.get(name)
    if (sequence === undefined) {
      sequence = new Sequence(name, this.coreSize, this.stateSize)
      this.byName.set(name, sequence)
    }
    sequence.core[HEADER.lastUsed] = record
    this.used.moveToEnd(sequence)
    if (sequence.window !== null) this.windowed.moveToEnd(sequence)
    return sequence
  }

  remove(sequence: Sequence): void {
    for (const list of [this.used, this.windowed, this.pending]) {
      if (list.has(sequence)) list.remove(sequence)
    }
    this.byName.delete(sequence.name)
  }
}
