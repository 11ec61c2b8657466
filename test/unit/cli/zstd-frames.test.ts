import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { constants, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ZstdFrames } from '../../../src/cli/zstd-frames.ts'

/** Whether the bytes are whole frames, pushed in pieces of `size`. */
function isWhole(bytes: Uint8Array, size: number): boolean {
  const frames = new ZstdFrames()
  for (let at = 0; at < bytes.length; at += size) frames.push(bytes.subarray(at, at + size))
  return frames.isWhole
}

function frame(length: number, isRandom: boolean, checksum: boolean): Buffer {
  const content = isRandom ? randomBytes(length) : Buffer.alloc(length, 7)
  return zstdCompressSync(content, {
    params: { [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0 },
  })
}

test('one and many frames are whole, and cut off anywhere they are not', () => {
  const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
  const frames = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 300_000 }), fc.boolean(), fc.boolean()),
    { minLength: 1, maxLength: 3 },
  )
  const property = fc.property(
    frames,
    fc.integer({ min: 1, max: 70_000 }),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    (list, size, share) => {
      const parts = [skippable, ...list.map((one) => frame(...one))]
      const bytes = Buffer.concat(parts)
      expect(isWhole(bytes, size)).toBe(true)
      const ends = parts.map((_, i) => Buffer.concat(parts.slice(0, i)).length)
      const cut = Math.floor(share * bytes.length)
      expect(isWhole(bytes.subarray(0, cut), size)).toBe(ends.includes(cut))
    },
  )
  fc.assert(property, { numRuns: 60 })
})

test('bytes that are no frame are left to the decoder', () => {
  expect(isWhole(Buffer.from('timestamp,value\n'), 5)).toBe(true)
})
