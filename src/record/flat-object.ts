import { readPlainNumber } from './plain-number.ts'

const braceOpen = 123
const braceClose = 125
const quoteMark = 34
const backslash = 92
const colon = 58
const comma = 44
const nullText = Uint8Array.of(110, 117, 108, 108)

/** What stands at a name; `absent` where the object does not have it. */
export const kinds = { absent: 0, missing: 1, number: 2, text: 3 } as const

/** A key as it stood at a place of the last object: producers write theirs in one order. */
interface SeenKey {
  readonly bytes: Uint8Array
  /** Which of the names it is, −1 for none. */
  readonly name: number
}

/** Keys of one object and bytes of each, at most, as they are remembered. */
const maxKeys = 1000
const maxKeyBytes = 256

/**
 * Finds named fields in the commonest JSON there is, without making anything of it: one object of
 * plain numbers, ASCII strings without escapes and nulls. It refuses everything else, correct or
 * not, and `JSON.parse` has to look.
 */
export class FlatObject {
  /**
   * Per name: what was found, its number, and where it stands in the value. Behind the numbers is
   * a place for those of other names.
   */
  readonly kind: Uint8Array
  readonly number: Float64Array
  readonly start: Int32Array
  readonly end: Int32Array
  readonly #names: readonly Uint8Array[]
  readonly #seen: SeenKey[] = []

  constructor(names: readonly string[]) {
    const utf8 = new TextEncoder()
    this.#names = names.map((name) => utf8.encode(name))
    this.kind = new Uint8Array(names.length)
    this.number = new Float64Array(names.length + 1)
    this.start = new Int32Array(names.length)
    this.end = new Int32Array(names.length)
  }

  /** False where the value is not of that kind: what was found is void then. */
  scan(bytes: Uint8Array): boolean {
    const { length } = bytes
    for (let i = 0; i < this.kind.length; i++) this.kind[i] = kinds.absent
    let at = skipBlanks(bytes, 0)
    if (at === length || bytes[at] !== braceOpen) return false
    for (let field = 0; ; field++) {
      at = this.#field(field, bytes, skipBlanks(bytes, at + 1))
      if (at < 0) return false
      at = skipBlanks(bytes, at)
      if (at === length) return false
      if (bytes[at] === braceClose) return skipBlanks(bytes, at + 1) === length
      if (bytes[at] !== comma) return false
    }
  }

  /** Takes in the key at `at` and its value; returns the place behind, −1 to refuse. */
  #field(field: number, bytes: Uint8Array, at: number): number {
    if (at >= bytes.length || bytes[at] !== quoteMark) return -1
    const keyEnd = this.#keyEnd(field, bytes, at + 1)
    if (keyEnd < 0) return -1
    const behind = skipBlanks(bytes, keyEnd + 1)
    if (behind >= bytes.length || bytes[behind] !== colon) return -1
    return this.#value(bytes, skipBlanks(bytes, behind + 1), (this.#seen[field] as SeenKey).name)
  }

  /** The place of the quote behind the key that begins at `from`, which then is the seen one. */
  #keyEnd(field: number, bytes: Uint8Array, from: number): number {
    const seen = this.#seen[field]
    if (seen !== undefined) {
      const end = from + seen.bytes.length
      if (end < bytes.length && bytes[end] === quoteMark && stands(seen.bytes, bytes, from)) {
        return end
      }
    }
    const end = field < maxKeys ? stringEnd(bytes, from) : -1
    if (end < 0 || end - from > maxKeyBytes) return -1
    // A copy: `slice` of a Buffer is none.
    const key = new Uint8Array(bytes.subarray(from, end))
    const isKey = (name: Uint8Array) => name.length === key.length && stands(name, key, 0)
    this.#seen[field] = { bytes: key, name: this.#names.findIndex(isKey) }
    return end
  }

  #value(bytes: Uint8Array, at: number, name: number): number {
    const first = at < bytes.length ? (bytes[at] as number) : 0
    if (first === quoteMark) {
      const end = stringEnd(bytes, at + 1)
      if (end < 0) return -1
      if (name >= 0) this.#keep(name, kinds.text, at + 1, end)
      return end + 1
    }
    if (first === nullText[0]) {
      if (at + nullText.length > bytes.length || !stands(nullText, bytes, at)) return -1
      if (name >= 0) this.#keep(name, kinds.missing, at, at + nullText.length)
      return at + nullText.length
    }
    const { number } = this
    const end = readPlainNumber(bytes, at, number, name < 0 ? number.length - 1 : name)
    if (end >= 0 && name >= 0) this.#keep(name, kinds.number, at, end)
    return end
  }

  #keep(name: number, kind: number, start: number, end: number): void {
    this.kind[name] = kind
    this.start[name] = start
    this.end[name] = end
  }
}

function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from
  for (; at < bytes.length; at++) {
    const c = bytes[at] as number
    if (c > 32 || (c !== 32 && c !== 10 && c !== 13 && c !== 9)) break
  }
  return at
}

/** The place of the quote that ends the string, −1 where it is not plain ASCII. */
function stringEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const c = bytes[at] as number
    if (c === quoteMark) return at
    if (c < 32 || c >= 128 || c === backslash) return -1
  }
  return -1
}

/** Whether `text` stands at `from`, where there is room for it. */
function stands(text: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < text.length; i++) if (text[i] !== bytes[from + i]) return false
  return true
}
