import { Layout } from '../../../../../../src/model/layout.ts'
import { hashPage } from '../../../../../../src/model/snapshot/page-rows.ts'
import {
  ContextMixer,
  type ContextOptions,
} from '../../../../../../src/model/symbols/contexts/context-mixer.ts'
import type { NextSymbols } from '../../../../../../src/record/types.ts'

type Networks = readonly (Float64Array | null)[]

/** A mixer with the sequences that are coded by it. */
export class Coding {
  readonly mixer: ContextMixer
  readonly cores: Float64Array[] = []
  private readonly coreSize: number

  constructor(options: Partial<ContextOptions> = {}) {
    const layout = new Layout()
    const whole = { bits: 14, symbols: 256, bytes: true, networks: 0, ...options }
    this.mixer = new ContextMixer(layout, whole)
    this.coreSize = layout.size
  }

  /** Opens a new sequence and returns its number. */
  open(): number {
    const core = new Float64Array(this.coreSize)
    this.mixer.reset(core)
    return this.cores.push(core) - 1
  }

  /** Codes a symbol of a sequence; its cost in bits, and the product of what its decisions cost. */
  code(symbol: number, sequence = 0, networks: Networks = []): { bits: number; sum: number } {
    const { mixer } = this
    const core = this.cores[sequence]!
    mixer.pages.record++
    mixer.begin(core, networks)
    let sum = 0
    for (let shift = mixer.decisions - 1; shift >= 0; shift--) {
      const bit = (symbol >> shift) & 1
      const one = mixer.probability()
      sum -= Math.log2((bit === 1 ? one : 65_536 - one) / 65_536)
      mixer.decide(bit as 0 | 1)
    }
    return { bits: mixer.end(core), sum }
  }

  /** Total cost of symbols in bits. */
  total(symbols: Iterable<number>, sequence = 0): number {
    let total = 0
    for (const symbol of symbols) total += this.code(symbol, sequence).bits
    return total
  }

  /** The whole state into another coding of the same options. */
  copyTo(other: Coding): void {
    const { pages } = this.mixer
    const to = other.mixer.pages
    for (let page = 0; page < pages.count; page++) {
      to.words(page).set(pages.words(page))
      to.lastChanged[page] = pages.lastChanged[page]!
    }
    to.record = pages.record
    const arrays = other.mixer.sharedArrays()
    for (const [i, { array }] of this.mixer.sharedArrays().entries())
      arrays[i]!.array.set(array as never)
    other.cores.length = 0
    other.cores.push(...this.cores.map((core) => core.slice()))
  }

  /** All bits of the state as one text, by hashes of its pages. */
  state(): string {
    const { pages } = this.mixer
    const hashes = Array.from({ length: pages.count }, (_, page) => {
      return hashPage(pages, page).hex()
    })
    const arrays = this.mixer.sharedArrays().map(({ array }) => Buffer.from(bytesOf(array)))
    const cores = this.cores.map((core) => Buffer.from(bytesOf(core)))
    return [...hashes, ...[...arrays, ...cores].map((each) => each.toString('base64'))].join('\n')
  }
}

/** Room for the k likeliest symbols. */
export function nextOf(k: number): NextSymbols {
  return { count: 0, symbols: new Int32Array(k), probabilities: new Float64Array(k) }
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
