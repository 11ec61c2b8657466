import { randomBytes } from 'node:crypto'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unpacked } from '../../../src/cli/unpack.ts'

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function unpack(bytes: Uint8Array, size = 1 << 20): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of unpacked(pieces(bytes, size))) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])

describe('unpacked', () => {
  it('gives back any bytes, in any number of frames, in pieces of any size', async () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(parts, fc.integer({ min: 1, max: 400 }), async (contents, size) => {
        const whole = Buffer.concat(contents)
        const zstd = Buffer.concat(contents.map((part) => zstdCompressSync(part)))
        const gzip = Buffer.concat(contents.map((part) => gzipSync(part)))
        expect((await unpack(zstd, size)).equals(whole)).toBe(true)
        expect((await unpack(Buffer.concat([skippable, zstd]), size)).equals(whole)).toBe(true)
        expect((await unpack(gzip, size)).equals(whole)).toBe(true)
        const plain = Buffer.concat([Buffer.from('y,x\n'), whole])
        expect((await unpack(plain, size)).equals(plain)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('unpacks more than fits into its buffers', async () => {
    const params = { [constants.ZSTD_c_checksumFlag]: 1 }
    const content = Buffer.concat([randomBytes(3_000_000), Buffer.alloc(30_000_000, 'ab')])
    const frames = Buffer.concat([
      zstdCompressSync(content, { params }),
      zstdCompressSync(content, { params }),
    ])
    expect((await unpack(frames)).equals(Buffer.concat([content, content]))).toBe(true)
  })

  it('fails where a frame is cut off or broken', async () => {
    const content = randomBytes(10_000)
    for (const packed of [zstdCompressSync(content), gzipSync(content)]) {
      await expect(unpack(packed.subarray(0, -1))).rejects.toThrow()
      await expect(unpack(packed.subarray(0, 9))).rejects.toThrow()
      const twice = Buffer.concat([packed, packed.subarray(0, 500)])
      await expect(unpack(twice)).rejects.toThrow()
    }
    const broken = Buffer.concat([zstdCompressSync(content), Buffer.from('y,x\n1,2\n')])
    await expect(unpack(broken)).rejects.toThrow()
  })
})
