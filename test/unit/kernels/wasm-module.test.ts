import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { instantiate } from '../../../src/kernels/module.ts'
import { LAYER_BYTES, NETWORK_BYTES } from '../../../src/kernels/wasm-fields.ts'
import { instructionsOf, sectionsOf } from './wasm-binary.ts'

const bytes = readFileSync(new URL('../../../src/kernels/kernel.wasm', import.meta.url))
const IMPORT_SECTION = 2
const SIMD_PREFIX = 0xfd
/** Relaxed SIMD is all that follows on the opcodes of SIMD, whose last is 0xff. */
const RELAXED_FROM = 0x100

test('the module holds SIMD and no relaxed SIMD, whose results differ between processors', () => {
  const simd = instructionsOf(bytes).filter(({ prefix }) => prefix === SIMD_PREFIX)
  expect(simd.length).toBeGreaterThan(500)
  expect(simd.filter(({ opcode }) => opcode >= RELAXED_FROM)).toEqual([])
})

test('it imports its memory and nothing else, so no one’s arithmetic but its own', () => {
  const imports = sectionsOf(bytes).find(({ id }) => id === IMPORT_SECTION)
  const name = (text: string) => [text.length, ...Buffer.from(text)]
  // One import: env.memory, of kind memory, with no maximum and one page.
  const expected = [1, ...name('env'), ...name('memory'), 2, 0]
  expect([...(imports?.body ?? [])].slice(0, -1)).toEqual(expected)
})

test('an instance has memory of its own and agrees on the blocks that describe a network', () => {
  const [a, b] = [instantiate(), instantiate()]
  expect(a.arena.memory).not.toBe(b.arena.memory)
  expect([a.exports.networkBytes(), a.exports.layerBytes()]).toEqual([NETWORK_BYTES, LAYER_BYTES])
  expect(a.exports.heapBase()).toBeLessThan(a.arena.memory.buffer.byteLength)
  expect(a.arena.allocate(1)).toBeGreaterThanOrEqual(a.exports.heapBase())
})

test('a module that was never compiled is a failure with a code, which names the file', () => {
  expect(() => instantiate('/nowhere/kernel.wasm')).toThrow(
    expect.objectContaining({
      code: 'HEADRACE_KERNEL_MISSING',
      message: expect.stringContaining('/nowhere/kernel.wasm'),
    }),
  )
})

test('the reader of instructions sees what it must find', () => {
  // One function: two zero vectors, i8x16.relaxed_swizzle (0xfd 0x100), drop, end.
  const zero = [0xfd, 12, ...new Array<number>(16).fill(0)]
  const code = [0, ...zero, ...zero, 0xfd, 0x80, 0x02, 0x1a, 0x0b]
  const section = [1, code.length, ...code]
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const module = Uint8Array.from([...header, 10, section.length, ...section])
  const relaxed = instructionsOf(module).filter(({ opcode }) => opcode >= RELAXED_FROM)
  expect(relaxed).toEqual([{ prefix: SIMD_PREFIX, opcode: RELAXED_FROM }])
})

test('a module that is cut off is a failure with that code, not one of the engine', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-kernel-'))
  try {
    const path = join(folder, 'kernel.wasm')
    await writeFile(path, bytes.subarray(0, bytes.length >> 1))
    expect(() => instantiate(path)).toThrow(
      expect.objectContaining({
        code: 'HEADRACE_KERNEL_MISSING',
        message: expect.stringContaining('damaged'),
      }),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
