import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SequenceNames } from '../../../src/record/sequence-names.ts'

function plain(key: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(key)
  } catch {
    return Buffer.from(key).toString('hex')
  }
}

describe('SequenceNames', () => {
  it('names by UTF-8, else by hexadecimal, however full the cache is', () => {
    const names = new SequenceNames()
    const short = fc.uint8Array({ maxLength: 3 })
    fc.assert(
      fc.property(fc.oneof(short, fc.uint8Array({ maxLength: 100 })), fc.nat(5), (key, before) => {
        const bytes = Buffer.alloc(key.length + before + 3, 120)
        bytes.set(key, before)
        expect(names.of(bytes, before, before + key.length)).toBe(plain(key))
      }),
      { numRuns: 20_000 },
    )
  })

  it('does not keep the memory that a key came in', () => {
    const names = new SequenceNames()
    const key = Buffer.from('one')
    expect(names.of(key, 0, 3)).toBe('one')
    key.write('two')
    expect(names.of(key, 0, 3)).toBe('two')
    expect(names.of(Buffer.from('one'), 0, 3)).toBe('one')
  })

  it('knows two keys of one set apart', () => {
    const names = new SequenceNames()
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 20_000; i++) {
        const key = Buffer.from(`sensor-${i}`)
        expect(names.of(key, 0, key.length)).toBe(`sensor-${i}`)
      }
    }
  })
})
