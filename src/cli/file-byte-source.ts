import type { Decoder, DecoderOptions } from '../record/decoder.ts'
import { createTaskDecoder, type SampleOf, type TaskFields } from '../record/task-decoder.ts'
import type { FileBytes } from './file-bytes.ts'
import type { FileRecord, FileSource } from './file-source.ts'

const batchBytes = 1000

/** A file, plain or packed, as one sequence of bytes, each of them a record. */
export class ByteSource<F extends TaskFields> implements FileSource<F> {
  readonly format = 'bytes'
  readonly decoder: Decoder<SampleOf<F>>
  readonly decoderOptions: DecoderOptions<F>
  readonly time = null
  readonly knownFilled = false
  readonly labels = null
  readonly totalBytes: number | null
  readonly #bytes: FileBytes
  readonly #limit: number

  /** `limit`: bytes to be read at most. */
  constructor(bytes: FileBytes, fields: F, limit: number | undefined) {
    this.decoderOptions = { format: 'bytes', fields }
    this.decoder = createTaskDecoder(this.decoderOptions)
    this.totalBytes = bytes.totalBytes
    this.#bytes = bytes
    this.#limit = limit ?? Number.POSITIVE_INFINITY
  }

  get bytesRead(): number {
    return this.#bytes.bytesRead
  }

  close(): void {
    this.#bytes.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly FileRecord[], void, undefined> {
    let row = 0
    for await (const chunk of this.#bytes.rawChunks()) {
      for (let from = 0; from < chunk.length && row < this.#limit; ) {
        const count = Math.min(batchBytes, chunk.length - from, this.#limit - row)
        const value = chunk.subarray(from, from + count)
        yield [{ key: null, value, timestampMs: null, row }]
        from += count
        row += count
      }
      if (row >= this.#limit) return
    }
  }
}
