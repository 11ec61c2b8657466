import type { Layout } from '../../layout.ts'

/** Highest order: contexts of so many newest symbols. */
export const HIGHEST_ORDER = 6
/** Longest line in bytes of which a context tells the places apart. */
const COLUMNS = 255
const LINE_FEED = 0x0a
const SPACE = 0x20

const ORDERS = Array.from({ length: HIGHEST_ORDER + 1 }, (_, order) => `order:${order}`)

/** Names of the contexts in the order of their tables, those of order 0 to 6 first. */
export function contextNames(bytes: boolean): string[] {
  return bytes
    ? [...ORDERS, 'word', 'words:2', 'words:3', 'text:5', 'column']
    : [...ORDERS, 'skip:1', 'skip:1:2']
}

/**
 * What the contexts of a sequence's next symbol are, as hashes. With bytes some read them as text:
 * the word so far and those before it, the last five regardless of case and line ends, and the
 * place in the line, which tells where lines of a certain width end.
 */
export class ContextKeys {
  readonly hashes: Int32Array
  private readonly bytes: boolean
  /** Places in the core: newest symbols, the word so far, the two before it, bytes of the line. */
  private readonly recent: number
  private readonly word: number
  private readonly before: number
  private readonly beforeThat: number
  private readonly column: number

  /** `recent`: place in the core where others keep the newest symbols, the newest first. */
  constructor(core: Layout, recent: number, bytes: boolean) {
    this.bytes = bytes
    this.recent = recent
    this.hashes = new Int32Array(contextNames(bytes).length)
    this.word = core.claim(1)
    this.before = core.claim(1)
    this.beforeThat = core.claim(1)
    this.column = core.claim(1)
  }

  reset(core: Float64Array): void {
    core[this.word] = 0
    core[this.before] = 0
    core[this.beforeThat] = 0
    core[this.column] = 0
  }

  /** Fills `hashes`. */
  read(core: Float64Array): void {
    const { hashes, recent } = this
    let hash = 0
    hashes[0] = 0
    for (let order = 1; order <= HIGHEST_ORDER; order++) {
      hash = mixed(hash ^ (core[recent + order - 1]! + 1), order)
      hashes[order] = hash
    }
    if (this.bytes) this.readText(core)
    else {
      const one = mixed(core[recent + 1]! + 1, 0x101)
      hashes[HIGHEST_ORDER + 1] = one
      hashes[HIGHEST_ORDER + 2] = mixed(one + core[recent + 2]!, 0x102)
    }
  }

  /** Takes in the symbol that came. */
  push(core: Float64Array, symbol: number): void {
    if (!this.bytes) return
    const lower = symbol | 0x20
    if ((lower >= 0x61 && lower <= 0x7a) || symbol >= 0x80) {
      core[this.word] = mixed(core[this.word]! ^ lower, 0x200)
    } else if (core[this.word] !== 0) {
      core[this.beforeThat] = core[this.before]!
      core[this.before] = core[this.word]!
      core[this.word] = 0
    }
    core[this.column] = symbol === LINE_FEED ? 0 : Math.min(core[this.column]! + 1, COLUMNS)
  }

  private readText(core: Float64Array): void {
    const { hashes, recent } = this
    const at = HIGHEST_ORDER + 1
    const word = core[this.word]! | 0
    const last = folded(core[recent]! | 0)
    hashes[at] = mixed(mixed(word, 0x201) + last, 1)
    const two = mixed(mixed(word, 0x202) ^ core[this.before]!, last)
    hashes[at + 1] = two
    hashes[at + 2] = mixed(two ^ core[this.beforeThat]!, 0x203)
    let text = 0
    for (let i = 0; i < 5; i++) text = mixed(text ^ (folded(core[recent + i]! | 0) + 1), 0x204)
    hashes[at + 3] = text
    hashes[at + 4] = mixed(mixed(core[this.column]! | 0, 0x205) + (core[recent]! | 0), 2)
  }
}

/** Capitals as small letters, the end of a line as a space. */
function folded(byte: number): number {
  if (byte === LINE_FEED) return SPACE
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}

/** A hash of a hash and a number. */
export function mixed(hash: number, value: number): number {
  let mix = Math.imul(hash ^ Math.imul(value + 1, 0x3d4d51cb), 0x2f0b4c47)
  mix ^= mix >>> 15
  mix = Math.imul(mix, 0x6c8e9cf5)
  return mix ^ (mix >>> 13)
}
