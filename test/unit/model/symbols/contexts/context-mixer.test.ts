import { readFileSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Random } from '../../../../../src/random.ts'
import { Coding, nextOf } from './support/coding.ts'

const readme = readFileSync('README.md')

/** Symbols of an alphabet that depend on those before, more or less. */
function streamOf(symbols: number, length: number, seed: number): number[] {
  const random = new Random(seed)
  const stream: number[] = []
  for (let i = 0; i < length; i++) {
    const isFree = i < 3 || random.uniform() < 0.3
    const next = isFree ? random.uniform() * symbols : stream[i - 3]! * 7 + stream[i - 1]! + 1
    stream.push(Math.floor(next) % symbols)
  }
  return stream
}

/** A distribution over symbols, (V), that favours one. */
function favouring(symbol: number, symbols: number, share: number): Float64Array {
  const rest = (1 - share) / (symbols - 1)
  return new Float64Array(symbols).fill(rest).fill(share, symbol, symbol + 1)
}

describe('ContextMixer', () => {
  test.each([2, 3, 5, 17])('gives %i symbols probabilities that sum to one', (symbols) => {
    const options = { bits: 10, symbols, bytes: false }
    const coding = new Coding(options)
    coding.open()
    coding.total(streamOf(symbols, 400, 1))
    let sum = 0
    for (let symbol = 0; symbol < symbols; symbol++) {
      const other = new Coding(options)
      coding.copyTo(other)
      sum += 2 ** -other.code(symbol).bits
    }
    expect(sum).toBeCloseTo(1, 12)
  })

  test.each([2, 3, 256, 5000, 65_536])('costs what %i symbols’ decisions cost', (symbols) => {
    const coding = new Coding({ symbols, bytes: symbols === 256 })
    coding.open()
    const stream = streamOf(symbols, 1500, 2)
    let total = 0
    for (const symbol of stream) {
      const { bits, sum } = coding.code(symbol)
      expect(Math.abs(bits - sum)).toBeLessThan(1e-9)
      total += bits
    }
    expect(total).toBeLessThan(Math.log2(symbols) * stream.length * 1.1)
  })

  test('codes a text in less than four fifths of what deflate takes', () => {
    const coding = new Coding({ bits: 16 })
    coding.open()
    const bits = coding.total(readme)
    expect(bits / 8).toBeLessThan(0.8 * deflateRawSync(readme, { level: 9 }).length)
  })

  test('costs almost nothing when the same comes again', () => {
    const coding = new Coding({ bits: 18 })
    coding.open()
    const text = readme.subarray(0, 20_000)
    const first = coding.total(text)
    expect(coding.total(text)).toBeLessThan(0.03 * first)
    // The same in a sequence of its own: tables and ring are everyone's.
    expect(coding.total(text, coding.open())).toBeLessThan(0.05 * first)
  })

  test('costs little more than eight bits a byte where nothing can be known', () => {
    const random = new Random(3)
    const coding = new Coding({ bits: 16 })
    coding.open()
    const noise = Uint8Array.from({ length: 60_000 }, () => Math.floor(random.uniform() * 256))
    expect(coding.total(noise) / noise.length).toBeLessThan(8.05)
  })

  test('goes on bit by bit from a copy of its pages, arrays and sequences', () => {
    const coding = new Coding()
    const copy = new Coding()
    coding.open()
    coding.open()
    for (let i = 0; i < 3000; i++) coding.code(readme[i]!, Math.trunc(i / 50) % 2)
    coding.copyTo(copy)
    expect(copy.state()).toBe(coding.state())
    for (let i = 3000; i < 5000; i++) {
      const sequence = Math.trunc(i / 10) % 2
      expect(copy.code(readme[i]!, sequence)).toEqual(coding.code(readme[i]!, sequence))
    }
    expect(copy.state()).toBe(coding.state())
  })

  test('comes to the same state from the same records, whatever was asked for between them', () => {
    const quiet = new Coding()
    const asked = new Coding()
    const next = nextOf(5)
    const random = new Random(4)
    for (const coding of [quiet, asked]) for (let i = 0; i < 3; i++) coding.open()
    for (let i = 0; i < 2000; i++) {
      const sequence = Math.floor(random.uniform() * 3)
      quiet.code(readme[i]!, sequence)
      asked.code(readme[i]!, sequence)
      if (i % 7 === 0) asked.mixer.top(asked.cores[sequence]!, [], 5, next)
    }
    expect(asked.state()).toBe(quiet.state())
  })

  test('finds in one sequence what another has shown, however they take turns', () => {
    const text = readme.subarray(0, 6000)
    const coding = new Coding({ bits: 18 })
    for (let i = 0; i < 4; i++) coding.open()
    let first = 0
    for (const symbol of text) {
      first += coding.code(symbol, 0).bits
      // Noise that writes between any two symbols of the text.
      coding.code((symbol * 31 + 7) & 255, 1)
    }
    expect(coding.total(text, 2)).toBeLessThan(0.1 * first)
  })

  test('a sequence that was reset begins like a new one', () => {
    const coding = new Coding()
    coding.open()
    coding.total(readme.subarray(0, 1000))
    const copy = new Coding()
    coding.copyTo(copy)
    coding.mixer.reset(coding.cores[0]!)
    const fresh = copy.open()
    // What waited for the ring is not forgotten with the sequence; here nothing did.
    for (let i = 0; i < 20; i++) {
      expect(coding.code(readme[i]!)).toEqual(copy.code(readme[i]!, fresh))
    }
  })

  test('allocates next to nothing for a symbol', () => {
    const coding = new Coding({ networks: 1 })
    coding.open()
    const { mixer } = coding
    const core = coding.cores[0]!
    const networks = [new Float64Array(256).fill(1 / 256)]
    const heapOf = (count: number): number => {
      const before = process.memoryUsage().heapUsed
      for (let i = 0; i < count; i++) {
        mixer.pages.record++
        mixer.begin(core, networks)
        for (let bit = 0; bit < 8; bit++) mixer.decide(((readme[i]! >> (7 - bit)) & 1) as 0 | 1)
        mixer.end(core)
      }
      return (process.memoryUsage().heapUsed - before) / count
    }
    // The first rounds run before the code is optimised, and a collection may fall into any. What
    // remains are numbers returned, a few a symbol and gone at once: 90 bytes on Node 24, 150 to
    // 500 on Node 22. One for each context and decision would be over 1,100.
    const rounds = Array.from({ length: 60 }, () => heapOf(2000)).filter((bytes) => bytes >= 0)
    expect(Math.min(...rounds)).toBeLessThan(1000)
  })

  test('scores every member on every symbol', () => {
    const coding = new Coding({ bits: 18 })
    coding.open()
    const { mixer } = coding
    const sums = new Float64Array(mixer.memberNames.length)
    let total = 0
    for (const symbol of readme) {
      total += coding.code(symbol).bits
      for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + mixer.memberBits[i]!
    }
    const best = Math.min(...sums)
    expect(total).toBeLessThan(best)
    const bitsOf = (name: string): number => sums[mixer.memberNames.indexOf(name)]! / readme.length
    expect(bitsOf('order:2')).toBeLessThan(bitsOf('order:0'))
    expect(bitsOf('order:0')).toBeLessThan(8)
    expect(bitsOf('match')).toBeLessThan(8)
  })
})

describe('ContextMixer with networks', () => {
  test.each([256, 300])('learns to trust one that knows, of %i symbols', (symbols) => {
    const coding = new Coding({ symbols, bytes: symbols === 256, networks: 2 })
    coding.open()
    const random = new Random(5)
    let late = 0
    for (let i = 0; i < 1500; i++) {
      const symbol = Math.floor(random.uniform() * symbols)
      const wrong = Math.floor(random.uniform() * symbols)
      const networks = [favouring(wrong, symbols, 0.9), favouring(symbol, symbols, 0.9)]
      const { bits } = coding.code(symbol, 0, networks)
      if (i >= 1000) late += bits
    }
    const knowing = coding.mixer.memberBits[coding.mixer.memberNames.indexOf('network:1')]!
    expect(knowing).toBeCloseTo(-Math.log2(0.9), 1)
    expect(late / 500).toBeLessThan(0.5)
  })

  test('one that says nothing yet changes nothing', () => {
    const [without, silent] = [new Coding({ networks: 1 }), new Coding({ networks: 1 })]
    without.open()
    silent.open()
    for (const symbol of readme.subarray(0, 300)) {
      const bits = silent.code(symbol, 0, [null]).bits
      expect(bits).toBe(without.code(symbol, 0, [new Float64Array(256).fill(1 / 256)]).bits)
    }
  })
})

describe('ContextMixer.top', () => {
  test('gives the likeliest of all symbols in their order', () => {
    const coding = new Coding()
    coding.open()
    coding.total(readme.subarray(0, 4000))
    const core = coding.cores[0]!
    const all = nextOf(256)
    coding.mixer.top(core, [], 256, all)
    expect(all.count).toBe(256)
    expect(new Set(all.symbols).size).toBe(256)
    expect(all.probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 10)
    expect(all.probabilities).toEqual(all.probabilities.toSorted().reverse())
    const few = nextOf(5)
    coding.mixer.top(core, [], 5, few)
    expect([...few.symbols]).toEqual([...all.symbols.subarray(0, 5)])
    expect([...few.probabilities]).toEqual([...all.probabilities.subarray(0, 5)])
  })

  test('says what coding then does, but for what is learnt from one decision to the next', () => {
    const coding = new Coding({ bits: 16 })
    coding.open()
    coding.total(readme.subarray(0, 6000))
    const all = nextOf(256)
    coding.mixer.top(coding.cores[0]!, [], 256, all)
    let coded = 0
    for (let i = 0; i < 6; i++) {
      const other = new Coding({ bits: 16 })
      coding.copyTo(other)
      const p = 2 ** -other.code(all.symbols[i]!).bits
      expect(Math.abs(p - all.probabilities[i]!)).toBeLessThan(0.15 * p + 0.002)
      coded += p
    }
    expect(coded).toBeLessThan(1)
  })

  test.each([3, 5000])('never names one of %i symbols that is not there', (symbols) => {
    const coding = new Coding({ symbols, bytes: false, networks: 1 })
    coding.open()
    const flat = [new Float64Array(symbols).fill(1 / symbols)]
    const next = nextOf(8)
    for (const symbol of streamOf(symbols, 200, 6)) {
      coding.code(symbol, 0, flat)
      coding.mixer.top(coding.cores[0]!, flat, 8, next)
      expect(next.count).toBe(Math.min(8, symbols))
      for (let i = 0; i < next.count; i++) expect(next.symbols[i]).toBeLessThan(symbols)
    }
  })
})
