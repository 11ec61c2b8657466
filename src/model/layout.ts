/**
 * Hands out consecutive places in one typed array. Every part of the model claims its places at
 * construction, so that a sequence's whole state lies in a few flat arrays: its size is known in
 * advance, and its bytes are its canonical encoding.
 */
export class Layout {
  size = 0

  /** Reserves `count` elements and returns the index of the first. */
  claim(count: number): number {
    const at = this.size
    this.size += count
    return at
  }
}

/** Stands for "no value" in the state: its bits are the same everywhere, which NaN's are not. */
export const ABSENT = Infinity
