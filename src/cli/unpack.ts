import { Buffer } from 'node:buffer'
import { pipeline, Readable } from 'node:stream'
import type { ZstdDecompress } from 'node:zlib'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { ZstdFrames } from './zstd-frames.ts'

const chunkBytes = 1024 * 1024

/** Unpacks what begins like gzip or zstd, passes on all else. Closes `packed` when left early. */
export async function* unpacked(
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = withHead(packed, 4)
  const first = await chunks.next()
  if (first.done) return
  const head = first.value
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield head
      yield* chunks
    } finally {
      await chunks.return()
    }
  }
  if (head[0] === 0x1f && head[1] === 0x8b) yield* gunzipped(all())
  else if (isZstd(head)) yield* unzstd(all())
  else yield* all()
}

/** Joins chunks until the first has at least `count` bytes, so that a head can be looked at. */
export async function* withHead(
  chunks: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let head: Uint8Array | null = new Uint8Array(0)
  for await (const chunk of chunks) {
    if (head === null) {
      yield chunk
    } else {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
      if (head.length < count) continue
      yield head
      head = null
    }
  }
  if (head !== null && head.length > 0) yield head
}

/** A frame, or one of those to be skipped that pzstd writes first (RFC 8878, section 3.1). */
function isZstd(head: Uint8Array): boolean {
  const [a = 0, b, c, d] = head
  const isFrame = a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd
  return isFrame || (a >> 4 === 5 && b === 0x2a && c === 0x4d && d === 0x18)
}

async function* gunzipped(
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip({ chunkSize: chunkBytes })
  // An error destroys all of the pipeline and comes out of the iteration below.
  pipeline(Readable.from(packed, { objectMode: false }), gunzip, () => {})
  yield* gunzip
}

/**
 * Node's stream ends silently behind the first frame where a second one begins in the same chunk,
 * and pzstd or `cat a.zst b.zst` write many: each time a new stream goes on with what is left.
 */
async function* unzstd(
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let stream: ZstdDecompress | null = null
  const frames = new ZstdFrames()
  try {
    for await (const chunk of packed) {
      frames.push(chunk)
      let left = chunk
      while (left.length > 0) {
        stream ??= createZstdDecompress({ chunkSize: chunkBytes })
        const before: number = stream.bytesWritten
        yield* written(stream, left)
        left = left.subarray(stream.bytesWritten - before)
        if (left.length === 0) continue
        stream.destroy()
        stream = null
      }
    }
    if (stream !== null) {
      stream.end()
      yield* stream
    }
    if (!frames.isWhole) throw new Error('unexpected end of file')
  } finally {
    stream?.destroy()
  }
}

/** Writes a chunk and yields what comes of it, until it is used up or the stream has ended. */
async function* written(
  stream: ZstdDecompress,
  chunk: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  let isDone = false
  let failed: Error | null = null
  let wake = (): void => {}
  const finish = (error?: Error | null): void => {
    isDone = true
    failed ??= error ?? null
    wake()
  }
  const look = (): void => wake()
  stream.on('readable', look).once('end', finish).once('error', finish)
  stream.write(chunk, finish)
  for (;;) {
    const bytes: Uint8Array | null = stream.read()
    if (bytes !== null) yield bytes
    else if (isDone) break
    else {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  // The listener for errors stays on a stream that has failed: its event may be still to come.
  if (failed !== null) throw failed
  stream.off('readable', look).off('end', finish).off('error', finish)
}
