import { createHash } from 'node:crypto'
import { assert } from '../../assert.ts'
import { HeadraceError } from '../../errors.ts'
import type { StreamProcessor, StreamSnapshots } from '../engine/engine.ts'
import { SnapshotReader } from '../engine/snapshot-reader.ts'
import { decodeManifest, encodeManifest, type Manifest, rowRecords } from '../snapshot-log.ts'
import { bufferOf } from './published.ts'

/**
 * A sealed state as a file, little-endian (docs/verify.md):
 *
 *     'HEADRACE', format version, bytes of the header        8 bytes, 2 × 32 bits
 *     the header as JSON, see `StateHeader`
 *     for each row: bytes of key and value, key, value       2 × 32 bits, …
 *     0xFFFFFFFF, SHA-256 over all before                    32 bits, 32 bytes
 */
const magic = Buffer.from('HEADRACE')
const stateFormat = 1
const end = 0xffffffff
const fixedBytes = magic.length + 8
const digestBytes = 32
/** Beyond that no header and no row is one. */
const lengthMax = 64 * 1024 * 1024
/** Rows that are encoded at once, in bytes. */
const sliceBytes = 1_048_576

/** What a file with a state says of it. */
export interface StateHeader {
  readonly application: string
  /** The input topic. */
  readonly topic: string
  readonly partition: number
  readonly manifest: Manifest
  /** What the fingerprint was made of, as plain JSON. */
  readonly configuration: unknown
}

/** The bytes of the file, whenever they are asked for. */
export type StateBytes = () => AsyncIterable<Uint8Array>

/**
 * The file for the state that `snapshots` stands for, just restored from the snapshot of the
 * header; nothing else may be done with the model until the last piece has come.
 */
export function* encodeState(
  header: StateHeader,
  snapshots: StreamSnapshots,
): Generator<Uint8Array, void, undefined> {
  const hash = createHash('sha256')
  const hashed = (piece: Buffer): Buffer => {
    hash.update(piece)
    return piece
  }
  const { manifest } = header
  const text = JSON.stringify({
    ...header,
    manifest: JSON.parse(`${bufferOf(encodeManifest(manifest).value ?? Buffer.of())}`),
  })
  yield hashed(Buffer.concat([magic, words(stateFormat, Buffer.byteLength(text))]))
  yield hashed(Buffer.from(text))
  // A model that has just been restored owes its other slot everything.
  snapshots.begin()
  while (!snapshots.isComplete) {
    for (const row of snapshots.take(sliceBytes, () => false)) {
      for (const { key, value } of rowRecords(manifest.slot, row)) {
        if (key === null || value === null) continue
        yield hashed(Buffer.concat([words(key.length, value.length), key, value]))
      }
    }
  }
  const { stateHash } = snapshots.seal()
  assert(stateHash === manifest.stateHash, 'a state is written as it was restored')
  snapshots.abandon()
  yield hashed(words(end))
  yield hash.digest()
}

/**
 * Checks the whole file and returns its header. Throws `HEADRACE_STATE_INVALID` for one that is not
 * as it was written, `HEADRACE_TASK_FORMAT_NEWER` for one of a later version. `name`: of the file.
 */
export async function checkState(name: string, bytes: StateBytes): Promise<StateHeader> {
  const reader = new ByteReader(name, bytes())
  const text = await readFixed(name, reader)
  let rest: Buffer = Buffer.of()
  for (;;) {
    const piece = await reader.piece()
    if (piece === null) break
    rest = Buffer.concat([rest, piece])
    reader.hash(rest.subarray(0, Math.max(0, rest.length - digestBytes)))
    rest = rest.subarray(Math.max(0, rest.length - digestBytes))
  }
  if (!reader.digest().equals(rest)) throw invalid(name, 'it does not have its checksum')
  return decodeHeader(name, text)
}

/**
 * Makes a new model the state in the file, which has been checked. Throws what `checkState` throws,
 * and `HEADRACE_TASK_SNAPSHOT_INVALID` where the model has another shape.
 */
export async function loadState(
  name: string,
  bytes: StateBytes,
  { model }: StreamProcessor,
): Promise<void> {
  const reader = new ByteReader(name, bytes())
  const { manifest } = decodeHeader(name, await readFixed(name, reader))
  const rows = new SnapshotReader(model.snapshots.loader())
  for (;;) {
    const keyBytes = (await reader.take(4)).readUInt32LE()
    if (keyBytes === end) break
    const valueBytes = (await reader.take(4)).readUInt32LE()
    rows.add(await reader.take(keyBytes), await reader.take(valueBytes))
  }
  rows.finish({ manifest, otherCut: null }, [[], []])
}

/** The text of the header, behind what a file begins with. */
async function readFixed(name: string, reader: ByteReader): Promise<string> {
  const fixed = await reader.take(fixedBytes)
  if (!fixed.subarray(0, magic.length).equals(magic)) {
    throw invalid(name, 'it does not begin as such a file does')
  }
  const format = fixed.readUInt32LE(magic.length)
  if (format > stateFormat) {
    throw new HeadraceError(
      'HEADRACE_TASK_FORMAT_NEWER',
      `${name} has format ${format}; this version of headrace reads up to format ${stateFormat}. ` +
        'Run the newer version.',
    )
  }
  if (format !== stateFormat) throw invalid(name, `there is no format ${format}`)
  return `${await reader.take(fixed.readUInt32LE(magic.length + 4))}`
}

function decodeHeader(name: string, text: string): StateHeader {
  try {
    const header = JSON.parse(text) as StateHeader
    const manifest = decodeManifest(Buffer.from(JSON.stringify(header.manifest)))
    return { ...header, manifest }
  } catch (error) {
    if (error instanceof HeadraceError && error.code === 'HEADRACE_TASK_FORMAT_NEWER') throw error
    throw invalid(name, 'its header is not understood')
  }
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => void bytes.writeUInt32LE(value, 4 * i))
  return bytes
}

function invalid(name: string, why: string): HeadraceError {
  return new HeadraceError(
    'HEADRACE_STATE_INVALID',
    `${name} holds no state that can be used: ${why}. Export it again with ` +
      '`headrace inspect --export`.',
  )
}

/** Takes pieces of known length off a stream of bytes, and hashes what it has taken. */
class ByteReader {
  readonly #name: string
  readonly #pieces: AsyncIterator<Uint8Array>
  readonly #hash = createHash('sha256')
  #buffer: Buffer = Buffer.of()

  constructor(name: string, pieces: AsyncIterable<Uint8Array>) {
    this.#name = name
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** The next `count` bytes, in memory of their own. */
  async take(count: number): Promise<Buffer> {
    if (count > lengthMax) throw invalid(this.#name, `a part of it would have ${count} bytes`)
    const parts = [this.#buffer]
    let length = this.#buffer.length
    while (length < count) {
      const next = await this.#pieces.next()
      if (next.done === true) throw invalid(this.#name, 'it ends too early')
      parts.push(bufferOf(next.value))
      length += next.value.length
    }
    const all = parts.length === 1 ? this.#buffer : Buffer.concat(parts)
    this.#buffer = all.subarray(count)
    const taken = Buffer.from(all.subarray(0, count))
    this.#hash.update(taken)
    return taken
  }

  /** The next bytes that are there, not hashed; null at the end. */
  async piece(): Promise<Buffer | null> {
    const buffer = this.#buffer
    this.#buffer = Buffer.of()
    if (buffer.length > 0) return buffer
    const next = await this.#pieces.next()
    return next.done === true ? null : bufferOf(next.value)
  }

  hash(bytes: Buffer): void {
    this.#hash.update(bytes)
  }

  digest(): Buffer {
    return this.#hash.digest()
  }
}
