import type { SymbolsTask } from '../../config/task-schema.ts'
import type { SharedArray } from '../state.ts'

/** The symbol that stands for every text that is not in the alphabet, but of bytes. */
export const UNKNOWN = 0
/** A longer text never becomes a symbol of its own, in units of UTF-16. */
const TEXT_UNITS_MAX = 256
/** Room for the texts of an alphabet that grows, in units for each symbol, a mean. */
const MEAN_UNITS = 32
const BYTES = 256

/**
 * The alphabet: numbers for symbols and back. Bytes are their own numbers. Of texts, number 0 is
 * the unknown one; listed ones follow in the order of the list; those of an open alphabet in the
 * order in which they first came, while there is room for symbol and text. The first time a text
 * comes it still is the unknown symbol: what is not in the alphabet has one probability, learnt
 * like any other's.
 */
export class Vocabulary {
  /** V: symbols there may be, the unknown one included. */
  readonly size: number
  private readonly isBytes: boolean
  /** null: the alphabet does not grow. */
  private readonly growing: GrowingTexts | null
  private readonly numbers = new Map<string, number>()
  /** By number; '' for the unknown. */
  private readonly texts: string[] = ['']

  constructor({ alphabet, maxSymbols }: Pick<SymbolsTask, 'alphabet' | 'maxSymbols'>) {
    this.isBytes = alphabet === 'bytes'
    this.growing = alphabet === 'auto' ? new GrowingTexts(maxSymbols) : null
    if (alphabet === 'bytes') this.size = BYTES
    else if (alphabet === 'auto') this.size = maxSymbols
    else this.size = 1 + alphabet.length
    if (Array.isArray(alphabet)) for (const text of alphabet) this.enter(text)
  }

  /** Symbols known so far, the unknown one included: their numbers are below it. */
  get known(): number {
    return this.isBytes ? BYTES : this.texts.length
  }

  /** The number of a text; that of the unknown where it is not in the alphabet. */
  numberOf(text: string): number {
    return this.numbers.get(text) ?? UNKNOWN
  }

  /** A text has come: where it is new, and the alphabet grows and has room, it has a number now. */
  add(text: string): void {
    if (this.growing === null || this.numbers.has(text)) return
    if (this.growing.add(text)) this.enter(text)
  }

  /**
   * The text of a symbol, null for the unknown. A byte is the ASCII character that it is, or `\x`
   * and two hexadecimal digits where that cannot be printed.
   */
  name(symbol: number): string | null {
    if (this.isBytes) return byteName(symbol)
    return symbol === UNKNOWN ? null : (this.texts[symbol] ?? null)
  }

  /** What of it is state. */
  arrays(): SharedArray[] {
    return this.growing?.arrays() ?? []
  }

  /** `arrays` were written by a restore. */
  restored(): void {
    if (this.growing === null) return
    this.numbers.clear()
    this.texts.length = 1
    for (const text of this.growing.texts()) this.enter(text)
  }

  private enter(text: string): void {
    this.numbers.set(text, this.texts.length)
    this.texts.push(text)
  }
}

/** The texts of an alphabet that grows, one behind the other in UTF-16, two units to a word. */
class GrowingTexts {
  /** [0]: texts; [i]: where the i-th of them ends, in units. */
  private readonly ends: Uint32Array
  private readonly units: Uint32Array

  constructor(maxSymbols: number) {
    this.ends = new Uint32Array(maxSymbols)
    this.units = new Uint32Array((maxSymbols * MEAN_UNITS) / 2)
  }

  /** False: there is no room for it, and nothing has changed. */
  add(text: string): boolean {
    const { ends, units } = this
    const count = ends[0]!
    const from = count === 0 ? 0 : ends[count]!
    const fits = count + 1 < ends.length && from + text.length <= 2 * units.length
    if (!fits || text.length > TEXT_UNITS_MAX) return false
    for (let i = 0; i < text.length; i++) {
      const at = from + i
      units[at >>> 1]! |= text.charCodeAt(i) << (16 * (at & 1))
    }
    ends[0] = count + 1
    ends[count + 1] = from + text.length
    return true
  }

  texts(): string[] {
    const { ends, units } = this
    const texts: string[] = []
    let at = 0
    for (let i = 1; i <= ends[0]!; i++) {
      let text = ''
      for (; at < ends[i]!; at++) {
        text += String.fromCharCode((units[at >>> 1]! >>> (16 * (at & 1))) & 0xffff)
      }
      texts.push(text)
    }
    return texts
  }

  arrays(): SharedArray[] {
    return [
      { name: 'vocabulary/ends', array: this.ends },
      { name: 'vocabulary/units', array: this.units },
    ]
  }
}

function byteName(byte: number): string {
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte)
  return `\\x${byte.toString(16).padStart(2, '0')}`
}
