import { assert } from '../assert.ts'
import type { Sequence } from './sequence.ts'

/** Links: no neighbour, and no place in the list. */
const END = -1
const OUT = -2

/**
 * A list of sequences linked by their slots. Its order always is the order of one record count in
 * the state, so a restore rebuilds it by sorting, and nothing depends on how it came about.
 */
export class SequenceList {
  size = 0
  private readonly bySlot: readonly (Sequence | undefined)[]
  private previous = new Int32Array(0)
  private next = new Int32Array(0)
  private head = END
  private tail = END

  /** `bySlot`: the table's sequences, those of this list among them. */
  constructor(bySlot: readonly (Sequence | undefined)[]) {
    this.bySlot = bySlot
  }

  get first(): Sequence | null {
    return this.at(this.head)
  }

  get last(): Sequence | null {
    return this.at(this.tail)
  }

  has({ slot }: Sequence): boolean {
    return slot < this.next.length && this.next[slot] !== OUT
  }

  append(sequence: Sequence): void {
    assert(!this.has(sequence), 'a sequence stands in a list once')
    const { slot } = sequence
    if (slot >= this.next.length) this.grow(slot)
    this.previous[slot] = this.tail
    this.next[slot] = END
    if (this.tail === END) this.head = slot
    else this.next[this.tail] = slot
    this.tail = slot
    this.size++
  }

  remove(sequence: Sequence): void {
    assert(this.has(sequence), 'only a listed sequence is taken out of a list')
    const { slot } = sequence
    const previous = this.previous[slot]!
    const next = this.next[slot]!
    if (previous === END) this.head = next
    else this.next[previous] = next
    if (next === END) this.tail = previous
    else this.previous[next] = previous
    this.next[slot] = OUT
    this.size--
  }

  moveToEnd(sequence: Sequence): void {
    if (this.tail === sequence.slot) return
    if (this.has(sequence)) this.remove(sequence)
    this.append(sequence)
  }

  after(sequence: Sequence): Sequence | null {
    return this.at(this.next[sequence.slot]!)
  }

  before(sequence: Sequence): Sequence | null {
    return this.at(this.previous[sequence.slot]!)
  }

  private at(slot: number): Sequence | null {
    return slot < 0 ? null : (this.bySlot[slot] as Sequence)
  }

  private grow(slot: number): void {
    const size = Math.max(64, 2 * this.next.length, slot + 1)
    const next = new Int32Array(size).fill(OUT)
    const previous = new Int32Array(size)
    next.set(this.next)
    previous.set(this.previous)
    this.next = next
    this.previous = previous
  }
}
