import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Hash64, HashSum } from '../../../src/model/hash.ts'
import { Random } from '../../../src/random.ts'

function hashOf(take: (hash: Hash64) => void): bigint {
  const hash = new Hash64()
  take(hash)
  expect(hash.hex()).toMatch(/^[0-9a-f]{16}$/)
  return BigInt(`0x${hash.hex()}`)
}

function ones(value: bigint): number {
  return [...value.toString(2)].filter((bit) => bit === '1').length
}

describe('Hash64', () => {
  test('one flipped bit of the input flips half of all 64 bits, each about as often', () => {
    const random = new Random(1)
    const flips = new Array<number>(64).fill(0)
    let total = 0
    let trials = 0
    let least = 64
    for (let sample = 0; sample < 150; sample++) {
      const words = Uint32Array.from({ length: 3 }, () => random.uint32())
      const before = hashOf((hash) => hash.words(words, 0, 3))
      for (let bit = 0; bit < 96; bit++) {
        const changed = words.slice()
        changed[bit >> 5]! ^= 1 << (bit & 31)
        const difference = before ^ hashOf((hash) => hash.words(changed, 0, 3))
        const count = ones(difference)
        least = Math.min(least, count)
        total += count
        trials++
        for (let i = 0; i < 64; i++) if ((difference >> BigInt(i)) & 1n) flips[i]!++
      }
    }
    expect(total / trials).toBeGreaterThan(31.5)
    expect(total / trials).toBeLessThan(32.5)
    expect(least).toBeGreaterThan(8)
    for (const count of flips) {
      expect(count / trials).toBeGreaterThan(0.45)
      expect(count / trials).toBeLessThan(0.55)
    }
  })

  test('tells lists of byte strings apart by their seams, and lengths by zeros', () => {
    const bytes = (...lists: number[][]) =>
      hashOf((hash) => {
        for (const list of lists) hash.bytes(Uint8Array.from(list))
      })
    const all = [
      bytes(),
      bytes([]),
      bytes([], []),
      bytes([0]),
      bytes([0, 0]),
      bytes([0, 0, 0, 0]),
      bytes([0, 0, 0, 0, 0]),
      bytes([1], [2, 3]),
      bytes([1, 2], [3]),
      bytes([1, 2, 3]),
      bytes([1, 2, 3], []),
      bytes([], [1, 2, 3]),
      bytes([3, 2, 1]),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  test('tells texts apart by their seams and order', () => {
    const texts = (...list: string[]) =>
      hashOf((hash) => {
        for (const text of list) hash.text(text)
      })
    const all = [texts('ab', 'c'), texts('a', 'bc'), texts('abc'), texts('abc', ''), texts('cba')]
    expect(new Set(all).size).toBe(all.length)
  })

  test('has no collision among 200,000 short inputs, which 32 bits would have', () => {
    const seen = new Set<bigint>()
    const halves = new Set<bigint>()
    for (let i = 0; i < 200_000; i++) {
      const value = hashOf((hash) => hash.word(i))
      seen.add(value)
      halves.add(value & 0xffffffffn)
    }
    expect(seen.size).toBe(200_000)
    // A random function of 32 bits would lose 4.7 of them; the lane alone must not be worse.
    expect(halves.size).toBeGreaterThan(199_970)
  })

  test('goes on from a stored state with the same bits, and hex() changes nothing', () => {
    const whole = new Hash64()
    const words = Uint32Array.from({ length: 20 }, (_, i) => i * 2654435761)
    whole.words(words, 0, 20)
    const first = new Hash64()
    first.words(words, 0, 7)
    first.hex()
    const second = new Hash64()
    second.set(first.high, first.low)
    second.words(words, 7, 13)
    expect(second.hex()).toBe(whole.hex())
    expect([second.high, second.low]).toEqual([whole.high, whole.low])
  })

  test('takes in all 64 bits of a double', () => {
    const values = [0, -0, 1, 1 + Number.EPSILON, Infinity, -Infinity, 5e-324]
    const all = values.map((value) => hashOf((hash) => hash.float64(value)))
    expect(new Set(all).size).toBe(values.length)
  })
})

describe('HashSum', () => {
  const hex = fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((value) => value.toString(16).padStart(16, '0'))

  test('is the sum modulo 2^64, in whatever order', () => {
    const property = fc.property(fc.array(hex, { maxLength: 20 }), (hashes) => {
      const forward = new HashSum()
      const backward = new HashSum()
      for (const hash of hashes) forward.add(hash)
      for (const hash of hashes.toReversed()) backward.add(hash)
      const sum = hashes.reduce((total, hash) => total + BigInt(`0x${hash}`), 0n)
      const expected = BigInt.asUintN(64, sum).toString(16).padStart(16, '0')
      expect(forward.hex()).toBe(expected)
      expect(backward.hex()).toBe(expected)
    })
    fc.assert(property, { numRuns: 500 })
  })

  test('carries from the low half to the high and over the end', () => {
    const sum = new HashSum()
    sum.add('00000000ffffffff')
    sum.add('0000000000000001')
    expect(sum.hex()).toBe('0000000100000000')
    sum.add('ffffffff00000000')
    expect(sum.hex()).toBe('0000000000000000')
  })
})
