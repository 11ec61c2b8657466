/**
 * A binary range coder with 32 bits and probabilities out of 65,536, without carries: the interval
 * [low, high] is cut in proportion, and its leading bytes go out when both ends have them in
 * common.
 */
const TOP = 0xff000000

/** The last value of the lower part, which stands for a 1. */
function cut(low: number, high: number, one: number): number {
  const range = high - low
  return low + Math.floor(range / 65_536) * one + Math.floor(((range % 65_536) * one) / 65_536)
}

export class RangeEncoder {
  readonly bytes: number[] = []
  #low = 0
  #high = 0xffffffff

  /** `one`: P(bit = 1) of 65,536. */
  encode(bit: number, one: number): void {
    const middle = cut(this.#low, this.#high, one)
    if (bit === 1) this.#high = middle
    else this.#low = middle + 1
    while (((this.#low ^ this.#high) & TOP) === 0) {
      this.bytes.push(this.#high >>> 24)
      this.#low = (this.#low << 8) >>> 0
      this.#high = ((this.#high << 8) | 255) >>> 0
    }
  }

  finish(): Uint8Array {
    for (let i = 0; i < 4; i++) {
      this.bytes.push(this.#high >>> 24)
      this.#high = (this.#high << 8) >>> 0
    }
    return Uint8Array.from(this.bytes)
  }
}

export class RangeDecoder {
  readonly #bytes: Uint8Array
  #at = 0
  #low = 0
  #high = 0xffffffff
  #code = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    for (let i = 0; i < 4; i++) this.#shift()
  }

  decode(one: number): 0 | 1 {
    const middle = cut(this.#low, this.#high, one)
    const bit = this.#code <= middle ? 1 : 0
    if (bit === 1) this.#high = middle
    else this.#low = middle + 1
    while (((this.#low ^ this.#high) & TOP) === 0) {
      this.#low = (this.#low << 8) >>> 0
      this.#high = ((this.#high << 8) | 255) >>> 0
      this.#shift()
    }
    return bit
  }

  #shift(): void {
    this.#code = ((this.#code << 8) | (this.#bytes[this.#at++] ?? 0)) >>> 0
  }
}
