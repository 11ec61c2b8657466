import { Buffer } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { HeadraceError } from '../errors.ts'
import { unpacked, withHead } from './unpack.ts'

const chunkBytes = 1024 * 1024

/** A file by its path, or a stream such as the standard input. */
export type FileInput =
  | { readonly path: string }
  | { readonly stream: NodeJS.ReadableStream; readonly path?: undefined }

/**
 * The bytes of a file or stream, unpacked where they begin like gzip or zstd. Every failure is a
 * `HeadraceError` that names the file.
 */
export class FileBytes {
  /** For messages. */
  readonly name: string
  /** Size as it lies there, packed or not; null where it is not known. */
  readonly totalBytes: number | null
  readonly #stream: NodeJS.ReadableStream
  #bytesRead = 0
  #isClosed = false

  private constructor(name: string, stream: NodeJS.ReadableStream, totalBytes: number | null) {
    this.name = name
    this.totalBytes = totalBytes
    this.#stream = stream
  }

  static async open(input: FileInput): Promise<FileBytes> {
    if (input.path === undefined) return new FileBytes('standard input', input.stream, null)
    const { path } = input
    try {
      const status = await stat(path)
      if (status.isDirectory()) throw new Error('it is a folder')
      const stream = createReadStream(path, { highWaterMark: chunkBytes })
      return new FileBytes(path, stream, status.isFile() ? status.size : null)
    } catch (error) {
      throw unreadable(path, error)
    }
  }

  /** Bytes taken in so far, of `totalBytes`. */
  get bytesRead(): number {
    return this.#bytesRead
  }

  /** Ends the input: who waits in `chunks` comes out of it as at the end of the file. */
  close(): void {
    this.#isClosed = true
    if (this.#stream instanceof Readable) this.#stream.destroy()
  }

  /** Those of text, without a byte order mark. To be iterated once. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* withoutMark(this.rawChunks())
  }

  /** All of them. To be iterated once. */
  async *rawChunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* unpacked(this.#packed())
    } catch (error) {
      if (!this.#isClosed) throw unreadable(this.name, error)
    }
  }

  async *#packed(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#stream) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      this.#bytesRead += bytes.length
      yield bytes
    }
  }
}

function unreadable(name: string, error: unknown): HeadraceError {
  if (error instanceof HeadraceError) return error
  const { code, message } = error as NodeJS.ErrnoException
  const reason = code === 'ENOENT' ? 'there is no such file' : message
  return new HeadraceError('HEADRACE_INPUT_UNREADABLE', `${name} cannot be read: ${reason}.`, {
    cause: error,
  })
}

async function* withoutMark(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let isFirst = true
  for await (const chunk of withHead(chunks, 3)) {
    const hasMark = isFirst && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf
    isFirst = false
    yield hasMark ? chunk.subarray(3) : chunk
  }
}
