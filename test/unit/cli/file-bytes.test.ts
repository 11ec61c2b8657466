import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FileInput } from '../../../src/cli/file-bytes.ts'
import { FileBytes } from '../../../src/cli/file-bytes.ts'
import { openFileSource } from '../../../src/cli/file-source.ts'
import { HeadraceError } from '../../../src/errors.ts'

const fields = { targets: ['y'], inputs: ['x'], known: [], horizons: [1] }

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headrace-file-bytes-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, content: string | Uint8Array): Promise<FileInput> {
  const path = join(folder, name)
  await writeFile(path, content)
  return { path }
}

/** The error that opening the input, or reading it to its end, comes to. */
async function failureOf(input: FileInput): Promise<HeadraceError> {
  try {
    for await (const batch of await openFileSource({ input, fields })) {
      expect(batch.length).toBeGreaterThan(0)
    }
  } catch (error) {
    expect(error).toBeInstanceOf(HeadraceError)
    return error as HeadraceError
  }
  throw new Error('it can be read')
}

describe('what cannot be read', () => {
  it.each<[string, () => Promise<FileInput>, string]>([
    ['no file', async () => ({ path: join(folder, 'none.csv') }), 'there is no such file'],
    ['a folder', async () => ({ path: folder }), 'it is a folder'],
    ['an empty file', () => file('empty.csv', ''), 'the input is empty'],
    ['a broken header', () => file('header.csv', 'a"b,c\n1,2\n'), 'the header row is no line'],
    [
      'an empty stream',
      async () => ({ stream: Readable.from([]) }),
      'standard input cannot be read',
    ],
  ])('is an error: %s', async (_, input, message) => {
    const error = await failureOf(await input())
    expect([error.code, error.exitCode]).toEqual(['HEADRACE_INPUT_UNREADABLE', 2])
    expect(error.message).toContain(message)
  })

  it.each(['gz', 'zst'])('is the end of a damaged .%s file', async (ending) => {
    const many = `y,x\n${Array.from({ length: 20_000 }, (_, i) => `${i},${i * i}\n`).join('')}`
    const packed = ending === 'gz' ? gzipSync(many, { level: 1 }) : zstdCompressSync(many)
    const input = await file(`cut.csv.${ending}`, packed.subarray(0, packed.length - 20))
    const error = await failureOf(input)
    expect(error.code).toBe('HEADRACE_INPUT_UNREADABLE')
    expect(error.message).toContain(`cut.csv.${ending} cannot be read: `)
  })

  it('is a stream that fails', async () => {
    const broken = new PassThrough()
    broken.write('y,x\n1,2\n3,4\n')
    setImmediate(() => broken.destroy(new Error('the cable is cut')))
    const error = await failureOf({ stream: broken })
    expect(error.message).toBe('standard input cannot be read: the cable is cut.')
  })
})

it('takes text for bytes, and tells how many have come', async () => {
  const bytes = await FileBytes.open({ stream: Readable.from(['\ufeffé', 'ü']) })
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes.chunks()) chunks.push(chunk)
  expect(Buffer.concat(chunks).toString()).toBe('éü')
  expect([bytes.bytesRead, bytes.totalBytes, bytes.name]).toEqual([7, null, 'standard input'])
})
