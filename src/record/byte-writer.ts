import { Buffer } from 'node:buffer'
import { assert } from '../assert.ts'

const INITIAL_BYTES = 4096
/** No number takes more bytes, with sign, point, zeros and exponent. */
const MAX_NUMBER_BYTES = 32
/** A piece is copied in whole words: its last one may reach beyond its end. */
const WORD_BYTES = 4

const ZERO = 48
const MINUS = 45
const POINT = 46

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Which of the two words of a double holds its exponent. */
const HIGH = isLittleEndian ? 1 : 0
const LOW = 1 - HIGH

/** Of 10⁰ … 10²² a double is exact: one multiplication or division by one rounds once. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/** The two digits of 0 … 99 as they lie in memory. */
const pairs = new Uint16Array(
  Uint8Array.from({ length: 200 }, (_, i) => {
    const number = i >> 1
    return ZERO + (i % 2 === 0 ? Math.floor(number / 10) : number % 10)
  }).buffer,
)

/** Text that is encoded once and written often. */
export class Piece {
  /** As UTF-8; who changes them changes the piece. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly length: number
  /** The same memory, with zeros behind the end. */
  readonly words: Int32Array<ArrayBuffer>

  constructor(text: string) {
    this.length = Buffer.byteLength(text)
    this.words = new Int32Array(Math.ceil(this.length / WORD_BYTES))
    this.bytes = new Uint8Array(this.words.buffer, 0, this.length)
    this.bytes.set(Buffer.from(text))
  }
}

const NULL = new Piece('null')

/**
 * Writes JSON as bytes, one behind the other, into memory of its own that grows to what is needed.
 * A number is written without a string in between. The bytes of a number depend on its value alone:
 * they are the same on every machine and Node.
 */
export class ByteWriter {
  #bytes: Buffer<ArrayBuffer>
  #words: DataView<ArrayBuffer>
  #length = 0
  readonly #initialBytes: number
  // A double waits here for the function that writes it: passed to it, it would go to the heap.
  readonly #number = new Float64Array(1)
  readonly #numberWords = new Int32Array(this.#number.buffer)
  readonly #bits = new BigInt64Array(this.#number.buffer)

  /** `initialBytes`: room before it grows for the first time. */
  constructor(initialBytes = INITIAL_BYTES) {
    this.#initialBytes = initialBytes
    const buffer = new ArrayBuffer(initialBytes)
    this.#bytes = Buffer.from(buffer)
    this.#words = new DataView(buffer)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** What has been written, as a view: good until the next call that writes. */
  view(): Buffer<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Goes back to the beginning, with the same memory. */
  reset(): void {
    this.#length = 0
  }

  /** Hands over the memory, used up to `length`, and begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const { buffer } = this.#bytes
    // The next taking will be of about the same size.
    const needed = this.#length + WORD_BYTES
    this.#move(new ArrayBuffer(Math.max(this.#initialBytes, nextPower(needed))), 0)
    return new Uint8Array(buffer)
  }

  /** Makes room for so many more bytes: writing them does not have to grow. */
  reserve(more: number): void {
    const needed = this.#length + more + WORD_BYTES
    if (needed > this.#bytes.length) this.#move(new ArrayBuffer(nextPower(needed)), this.#length)
  }

  piece(piece: Piece): void {
    const { words, length } = piece
    this.reserve(length)
    const at = this.#length
    const target = this.#words
    // Pieces are so short that calling `set` would take longer than copying.
    for (let i = 0; i < words.length; i++) {
      target.setInt32(at + WORD_BYTES * i, words[i] as number, isLittleEndian)
    }
    this.#length = at + length
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Text as UTF-8; what JSON wants escaped must be escaped. */
  text(text: string): void {
    // No character of a string takes more than three bytes.
    this.reserve(3 * text.length)
    this.#length += this.#bytes.write(text, this.#length)
  }

  /** A whole number, at most 2^53 − 1 in magnitude; −0 is 0. */
  integer(value: number): void {
    assert(Number.isSafeInteger(value), 'an integer is whole and within 2^53')
    this.#number[0] = value
    this.#writeNumberWhole()
  }

  /** A whole number below 2^63, in all its digits. */
  offset(value: bigint): void {
    this.#bits[0] = value
    const high = this.#numberWords[HIGH] as number
    const low = this.#numberWords[LOW] as number
    if (high >= 0 && high < 0x20_0000) {
      this.#number[0] = high * 0x1_0000_0000 + (low >>> 0)
      this.#writeNumberWhole()
    } else {
      // Beyond 2^53 a double is not exact.
      this.text(String(value))
    }
  }

  /**
   * `values[index]` rounded to nine significant digits, half away from zero, as the shortest JSON
   * number of these digits: no exponent for 10⁻⁶ ≤ |value| < 10¹⁵, −0 is 0, null where not finite.
   * It is taken from its array since a double that is passed to a function may go to the heap.
   *
   * That is the text of `Number(value.toPrecision(9))`, but where `value` lies within 6·10⁻⁸ units
   * of the ninth digit of the middle between two such numbers: there it may be the other of them.
   */
  rounded(values: Float64Array, index: number): void {
    this.reserve(MAX_NUMBER_BYTES)
    const value = values[index] as number
    const magnitude = Math.abs(value)
    if (value === 0) {
      this.#writeByte(ZERO)
    } else if (magnitude >= 1e-6 && magnitude < 1e15) {
      if (value < 0) this.#writeByte(MINUS)
      this.#number[0] = magnitude
      this.#writeNumberRounded()
    } else {
      this.#writeByString(Number(value.toPrecision(9)))
    }
  }

  /**
   * The shortest JSON number that reads back to the same double as `values[index]`; −0 is 0, null
   * where it is not finite.
   */
  exact(values: Float64Array, index: number): void {
    this.reserve(MAX_NUMBER_BYTES)
    const value = values[index] as number
    const magnitude = Math.abs(value)
    const millionths = Math.floor(magnitude * 1e6 + 0.5)
    // Different decimals of up to 15 digits are different doubles: the one found is the shortest.
    if (magnitude < 1e9 && millionths / 1e6 === magnitude) {
      if (value < 0) this.#writeByte(MINUS)
      const whole = Math.floor(millionths / 1e6) | 0
      const fraction = (millionths - whole * 1e6) | 0
      this.#writeDigits(whole, digitCount(whole))
      if (fraction === 0) return
      this.#writeByte(POINT)
      this.#writeDigits(fraction, 6)
      this.#dropZeros()
    } else {
      this.#writeByString(value)
    }
  }

  /** What waits in `#number`, from 10⁻⁶ up to 10¹⁵. */
  #writeNumberRounded(): void {
    // ⌊log₁₀⌋ from ⌊log₂⌋ is right or one too small: 1233 / 2¹² is log₁₀ 2 to five digits.
    const exponent = ((this.#numberWords[HIGH] as number) >> 20) - 1023
    const decimals = 8 - ((exponent * 1233) >> 12)
    const digits = this.#digits(decimals)
    if (digits < 1e9) this.#writeNine(digits, decimals)
    else this.#writeNine(this.#digits(decimals - 1), decimals - 1)
  }

  /** `#number` in units of 10^−decimals, scaled by one operation and rounded; 10⁹ if more. */
  #digits(decimals: number): number {
    const magnitude = this.#number[0] as number
    const scaled =
      decimals >= 0
        ? magnitude * (powersOfTen[decimals] as number)
        : magnitude / (powersOfTen[-decimals] as number)
    return Math.floor(Math.min(scaled, 1e9) + 0.5) | 0
  }

  #writeNumberWhole(): void {
    this.reserve(MAX_NUMBER_BYTES)
    const value = this.#number[0] as number
    const magnitude = Math.abs(value)
    if (value < 0) this.#writeByte(MINUS)
    const high = Math.floor(magnitude / 1e8) | 0
    const low = (magnitude - high * 1e8) | 0
    if (high === 0) {
      this.#writeDigits(low, digitCount(low))
    } else {
      this.#writeDigits(high, digitCount(high))
      this.#writeDigits(low, 8)
    }
  }

  /** What is rare: very large, very small, of many decimals, not finite. */
  #writeByString(value: number): void {
    if (Math.abs(value) < Number.POSITIVE_INFINITY) this.text(String(value))
    else this.piece(NULL)
  }

  /** digits × 10^−decimals, 10⁸ ≤ digits < 10⁹, −7 ≤ decimals ≤ 14. */
  #writeNine(digits: number, decimals: number): void {
    if (decimals <= 0) {
      this.#writeDigits(digits, 9)
      for (let i = decimals; i < 0; i++) this.#writeByte(ZERO)
      return
    }
    if (decimals >= 9) {
      this.#writeByte(ZERO)
      this.#writeByte(POINT)
      for (let i = decimals; i > 9; i--) this.#writeByte(ZERO)
      this.#writeDigits(digits, 9)
    } else {
      const bytes = this.#bytes
      const point = this.#length + 9 - decimals
      this.#length++
      this.#writeDigits(digits, 9)
      // The digits in front of the point go back by one.
      for (let i = point - 9 + decimals; i < point; i++) bytes[i] = bytes[i + 1] as number
      bytes[point] = POINT
    }
    this.#dropZeros()
  }

  /** Takes the zeros behind a point away again, and the point if nothing else is behind it. */
  #dropZeros(): void {
    const bytes = this.#bytes
    let end = this.#length
    while (bytes[end - 1] === ZERO) end--
    this.#length = bytes[end - 1] === POINT ? end - 1 : end
  }

  /** The last `count` ≤ 9 digits of 0 ≤ value < 2³¹, two at a time from the right. */
  #writeDigits(value: number, count: number): void {
    const target = this.#words
    const from = this.#length
    let rest = value | 0
    let at = from + count - 2
    for (; at >= from; at -= 2) {
      const hundreds = (rest / 100) | 0
      target.setUint16(at, pairs[rest - hundreds * 100] as number, isLittleEndian)
      rest = hundreds
    }
    if (at === from - 1) this.#bytes[from] = ZERO + rest
    this.#length = from + count
  }

  #writeByte(byte: number): void {
    this.#bytes[this.#length++] = byte
  }

  #move(buffer: ArrayBuffer, keep: number): void {
    const bytes = Buffer.from(buffer)
    bytes.set(this.#bytes.subarray(0, keep))
    this.#bytes = bytes
    this.#words = new DataView(buffer)
    this.#length = keep
  }
}

/** Of 0 ≤ value < 10⁹. */
function digitCount(value: number): number {
  if (value < 1e4) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4
  if (value < 1e6) return value < 1e5 ? 5 : 6
  return value < 1e8 ? (value < 1e7 ? 7 : 8) : 9
}

/** The smallest power of two that is not below `size`. */
export function nextPower(size: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, size)))
}
