import { beforeAll, describe, expect, test } from 'vitest'
import { HeadraceError } from '../../../../src/errors.ts'
import { Processor } from '../../../../src/task/processor.ts'
import { loadNewest } from '../../../../src/task/verify/load-newest.ts'
import {
  checkState,
  encodeState,
  loadState,
  type StateHeader,
} from '../../../../src/task/verify/state-file.ts'
import { config, publishedWorld, topicsOf } from './support.ts'

let file: Buffer
let header: StateHeader
let stateHash = ''

beforeAll(async () => {
  const world = await publishedWorld(100)
  const place = { topic: 'input', partition: 0 }
  const loaded = await loadNewest(
    topicsOf(world),
    place,
    () => new Processor(config),
    () => {},
  )
  const { manifest, processor } = loaded!
  stateHash = processor.model.stateHash()
  header = { application: 'test', ...place, manifest, configuration: { a: [1, 2] } }
  file = Buffer.concat([...encodeState(header, processor.model.snapshots)])
})

/** The bytes in pieces of some length, as a disk gives them. */
function piecesOf(bytes: Buffer, length = 1_000) {
  return async function* () {
    for (let i = 0; i < bytes.length; i += length) yield bytes.subarray(i, i + length)
  }
}

async function codeOf(bytes: Buffer): Promise<string> {
  try {
    await checkState('the file', piecesOf(bytes, bytes.length))
    return 'none'
  } catch (error) {
    if (error instanceof HeadraceError) return error.code
    throw error
  }
}

test('a state is read as it was written, in pieces of any length', async () => {
  for (const length of [1, 7, 1_000, 1 << 20]) {
    expect(await checkState('the file', piecesOf(file, length))).toEqual(header)
  }
  const processor = new Processor(config)
  await loadState('the file', piecesOf(file, 999), processor)
  expect(processor.model.stateHash()).toBe(stateHash)
  expect(processor.model.chainHash()).toBe(header.manifest.chainHash)
})

describe('a damaged file is refused with a code', () => {
  test('whichever byte is another', async () => {
    // The byte of the format version may name a later one.
    const codes = ['HEADRACE_STATE_INVALID', 'HEADRACE_TASK_FORMAT_NEWER']
    const damaged = Buffer.from(file)
    const stride = Math.max(1, Math.floor(file.length / 4_000))
    for (let i = 0; i < file.length; i += i < 1_000 ? 1 : stride) {
      damaged[i]! ^= 1 << (i % 8)
      expect(codes, `byte ${i}`).toContain(await codeOf(damaged))
      damaged[i] = file[i]!
    }
    expect(await codeOf(damaged)).toBe('none')
  })

  test('wherever it ends too early, and where something follows', async () => {
    for (let length = 0; length < file.length; length += 1 + Math.floor(length / 20)) {
      expect(await codeOf(file.subarray(0, length)), `${length} bytes`).toBe(
        'HEADRACE_STATE_INVALID',
      )
    }
    expect(await codeOf(Buffer.concat([file, Buffer.of(0)]))).toBe('HEADRACE_STATE_INVALID')
  })

  test('and one of a later format names it', async () => {
    const later = Buffer.from(file)
    later.writeUInt32LE(2, 8)
    await expect(checkState('the file', piecesOf(later))).rejects.toThrow('has format 2')
  })
})

test('a model of another shape does not take it', async () => {
  const other = new Processor({ ...config, model: { ...config.model, hidden: 4 } })
  await expect(loadState('the file', piecesOf(file), other)).rejects.toMatchObject({
    code: 'HEADRACE_TASK_SNAPSHOT_INVALID',
  })
})
