/** How many of each kind an input vector holds, in this order. */
export interface InputGroups {
  /** Pairs of a value, 0 where it is missing, and its missing flag. */
  readonly flagged: number
  readonly plain: number
  readonly flaggedAhead: number
  readonly plainRest: number
}

/** Where packed vectors lie: the upper 16 bits of each element, and the lower 4, two to a byte. */
export interface PackedMemory {
  readonly int16: Int16Array
  readonly bytes: Uint8Array
}

/** What inputs are rounded to, in standard deviations. */
const UNIT = 1 / 65536
/** The largest packed value, just below the clip of 8. */
const LARGEST = 32767 * 16
/** The upper bits of what is missing: one below those of the opposite of the largest. */
const MISSING = -32768

/**
 * Input vectors in 20 bits an element, a missing value and its flag in one: they are most of what a
 * sequence keeps. The rounding moves no gradient by as much as the ε of its optimiser, 1e−5, so not
 * even a series without noise is disturbed by it (16 bits would be felt there). Every reader gets
 * the rounded vector, so that a step is the same live and when it is run again.
 */
export class PackedInputs {
  /** Elements of one packed vector. */
  readonly size: number
  /** Bytes of the lower bits of one packed vector. */
  readonly lowBytes: number
  /** Elements up to the end of each group: flagged, plain, flagged, plain. */
  private readonly ends: Int32Array

  constructor({ flagged, plain, flaggedAhead, plainRest }: InputGroups) {
    const before = flagged + plain
    this.size = before + flaggedAhead + plainRest
    this.lowBytes = Math.ceil(this.size / 2)
    this.ends = Int32Array.of(flagged, before, before + flaggedAhead, this.size)
  }

  /** Packs x (I) at the places given and rounds it to what `unpack` makes of that. */
  pack(x: Float32Array, { int16, bytes }: PackedMemory, highAt: number, lowAt: number): void {
    let p = 0
    let at = 0
    for (let group = 0; group < 4; group++) {
      const width = (group & 1) === 0 ? 2 : 1
      for (const end = this.ends[group]!; p < end; p++, at += width) {
        // Into 32 bits: there is no −0 to be told from what is read back.
        const q = Math.max(-LARGEST, Math.min(Math.round(x[at]! / UNIT), LARGEST)) | 0
        const low = lowAt + (p >> 1)
        x[at] = q * UNIT
        int16[highAt + p] = width === 2 && x[at + 1] === 1 ? MISSING : q >> 4
        bytes[low] = (p & 1) === 0 ? q & 15 : bytes[low]! | ((q & 15) << 4)
      }
    }
  }

  /** Writes the vector (I) packed at the places given to `x[xAt…]`. */
  unpack(
    { int16, bytes }: PackedMemory,
    highAt: number,
    lowAt: number,
    x: Float32Array,
    xAt: number,
  ): void {
    let p = 0
    let at = xAt
    for (let group = 0; group < 4; group++) {
      const end = this.ends[group]!
      if ((group & 1) === 0) {
        for (; p < end; p++, at += 2) {
          const high = int16[highAt + p]!
          const low = (bytes[lowAt + (p >> 1)]! >> ((p & 1) << 2)) & 15
          x[at] = high === MISSING ? 0 : ((high << 4) | low) * UNIT
          x[at + 1] = high === MISSING ? 1 : 0
        }
        continue
      }
      // The odd ones out at either end, and between them two that share a byte at a time.
      if ((p & 1) === 1 && p < end) {
        x[at++] = ((int16[highAt + p]! << 4) | (bytes[lowAt + (p >> 1)]! >> 4)) * UNIT
        p++
      }
      for (; p + 1 < end; p += 2, at += 2) {
        const low = bytes[lowAt + (p >> 1)]!
        x[at] = ((int16[highAt + p]! << 4) | (low & 15)) * UNIT
        x[at + 1] = ((int16[highAt + p + 1]! << 4) | (low >> 4)) * UNIT
      }
      if (p < end) {
        x[at++] = ((int16[highAt + p]! << 4) | (bytes[lowAt + (p >> 1)]! & 15)) * UNIT
        p++
      }
    }
  }
}
