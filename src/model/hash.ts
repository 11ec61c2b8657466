/**
 * A 64-bit hash in two 32-bit lanes, each a MurmurHash3 body with constants of its own, crossed at
 * the end. It guards against faults, not against an adversary. Source of the mixing steps:
 * A. Appleby, MurmurHash3 (public domain).
 */
export class Hash64 {
  private a = 0
  private b = 0

  constructor(a = 0x9747b28c, b = 0x5bd1e995) {
    this.set(a, b)
  }

  /** Takes up a stored state. */
  set(a: number, b: number): void {
    this.a = a | 0
    this.b = b | 0
  }

  /** The lanes, each an unsigned 32-bit number. */
  get high(): number {
    return this.a >>> 0
  }

  get low(): number {
    return this.b >>> 0
  }

  word(word: number): void {
    this.a = mixHigh(this.a, word)
    this.b = mixLow(this.b, word, this.a)
  }

  /** Takes in `count` 32-bit words; a view over the bytes of a typed array hashes its bits. */
  words(words: Uint32Array, from: number, count: number): void {
    let { a, b } = this
    for (let i = from; i < from + count; i++) {
      const word = words[i]!
      a = mixHigh(a, word)
      b = mixLow(b, word, a)
    }
    this.a = a
    this.b = b
  }

  /**
   * Takes in bytes and their number, so that no two lists of byte strings collide by their seams.
   */
  bytes(bytes: Uint8Array): void {
    const length = bytes.length
    this.word(length)
    let { a, b } = this
    let i = 0
    for (; i + 4 <= length; i += 4) {
      const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
      a = mixHigh(a, word)
      b = mixLow(b, word, a)
    }
    this.a = a
    this.b = b
    let rest = 0
    for (let shift = 0; i < length; i++, shift += 8) rest |= bytes[i]! << shift
    if ((length & 3) !== 0) this.word(rest)
  }

  /** Takes in the characters of a string, and their number. */
  text(text: string): void {
    this.word(text.length)
    for (let i = 0; i < text.length; i++) this.word(text.charCodeAt(i))
  }

  /** Takes in the 64 bits of a double. */
  float64(value: number): void {
    float64[0] = value
    this.word(float64Words[0]!)
    this.word(float64Words[1]!)
  }

  /** Upper half of the final value, unsigned; the running state stays as it is. */
  finalHigh(): number {
    return finish(this.a ^ Math.imul(this.b, 0x85ebca6b))
  }

  /** Lower half of the final value, whose upper half is `high`. */
  finalLow(high: number): number {
    return finish(this.b ^ Math.imul(high, 0xc2b2ae35))
  }

  /** The final value as 16 hex digits; the running state stays as it is. */
  hex(): string {
    const high = this.finalHigh()
    return hex32(high) + hex32(this.finalLow(high))
  }
}

/** Sum of 64-bit hashes modulo 2^64: the order in which they are added does not matter. */
export class HashSum {
  private high = 0
  private low = 0

  add(hex: string): void {
    this.addWords(Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8), 16))
  }

  /** Adds a hash given as two words, signed or not. */
  addWords(high: number, low: number): void {
    const sum = this.low + (low >>> 0)
    const carry = sum > 0xffffffff ? 1 : 0
    this.low = sum >>> 0
    this.high = (this.high + (high >>> 0) + carry) >>> 0
  }

  hex(): string {
    return hex32(this.high) + hex32(this.low)
  }
}

const float64 = new Float64Array(1)
const float64Words = new Uint32Array(float64.buffer)

/** The first lane after one more word. */
function mixHigh(lane: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const a = lane ^ k
  return (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0
}

/** The second lane after one more word, `high` being the first one by then. */
function mixLow(lane: number, word: number, high: number): number {
  let k = Math.imul(word, 0x239b961b)
  k = Math.imul((k << 16) | (k >>> 16), 0xab0e9789)
  const b = lane ^ k ^ high
  return (Math.imul((b << 17) | (b >>> 15), 5) + 0x561ccd1b) | 0
}

function finish(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
