import { describe, expect, test } from 'vitest'
import { UNKNOWN, Vocabulary } from '../../../../src/model/symbols/vocabulary.ts'

const auto = (maxSymbols: number) => new Vocabulary({ alphabet: 'auto', maxSymbols })

describe('bytes', () => {
  const bytes = new Vocabulary({ alphabet: 'bytes', maxSymbols: 2 })

  test('are 256, whatever the bound for open alphabets', () => {
    expect(bytes.size).toBe(256)
    expect(bytes.known).toBe(256)
    expect(bytes.arrays()).toEqual([])
  })

  test('have a name each', () => {
    expect([0x41, 0x20, 0x5c, 0x0a, 0xff].map((byte) => bytes.name(byte))).toEqual([
      'A',
      ' ',
      '\\',
      '\\x0a',
      '\\xff',
    ])
    const names = Array.from({ length: 256 }, (_, byte) => bytes.name(byte))
    expect(new Set(names).size).toBe(256)
  })
})

describe('a list', () => {
  test('has the texts of the list and the unknown, and does not grow', () => {
    const listed = new Vocabulary({ alphabet: ['a', 'b', ''], maxSymbols: 4096 })
    expect(listed.size).toBe(4)
    listed.add('c')
    expect(['a', 'b', '', 'c'].map((text) => listed.numberOf(text))).toEqual([1, 2, 3, UNKNOWN])
    expect([0, 1, 2, 3].map((number) => listed.name(number))).toEqual([null, 'a', 'b', ''])
  })
})

describe('an open alphabet', () => {
  test('numbers texts as they come, up to its bound, the unknown included', () => {
    const grown = auto(4)
    expect(grown.size).toBe(4)
    expect(grown.known).toBe(1)
    for (const text of ['x', 'y', 'x', 'z', 'w']) grown.add(text)
    expect(['x', 'y', 'z', 'w'].map((text) => grown.numberOf(text))).toEqual([1, 2, 3, UNKNOWN])
    expect(grown.known).toBe(4)
    expect(grown.name(UNKNOWN)).toBe(null)
    expect(grown.name(3)).toBe('z')
  })

  test('takes no text that is too long, and none that there is no room for', () => {
    const grown = auto(10)
    grown.add('l'.repeat(257))
    expect(grown.known).toBe(1)
    // 32 units a symbol in the mean.
    grown.add('a'.repeat(256))
    grown.add('b'.repeat(65))
    expect(grown.known).toBe(2)
    grown.add('c'.repeat(64))
    grown.add('d')
    expect(grown.known).toBe(3)
    expect(grown.numberOf('c'.repeat(64))).toBe(2)
  })

  test('is the same again from its arrays, whatever the texts', () => {
    const texts = ['', 'odd', 'naïve', '\ud800', '😀', 'a\0b', 'end']
    const [one, other] = [auto(16), auto(16)]
    for (const text of texts) one.add(text)
    other.add('forgotten')
    one.arrays().forEach(({ name, array }, i) => {
      const to = other.arrays()[i]
      expect(to?.name).toBe(name)
      to?.array.set(array)
    })
    other.restored()
    expect(other.known).toBe(8)
    expect(texts.map((text) => other.numberOf(text))).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect([1, 2, 3, 4, 5, 6, 7].map((number) => other.name(number))).toEqual(texts)
    expect(other.numberOf('forgotten')).toBe(UNKNOWN)
    one.add('more')
    other.add('more')
    expect(other.arrays()).toEqual(one.arrays())
  })
})
