import { RecordSplitter } from '../record/split-records.ts'
import type { FileBytes } from './file-bytes.ts'

export type RowFormat = 'csv' | 'json'

/** The rows of a file, the first of which can be looked at before they are read. */
export class FileRows {
  readonly format: RowFormat
  readonly #chunks: AsyncGenerator<Uint8Array, void, undefined>
  readonly #splitter: RecordSplitter
  #first: Uint8Array[] = []
  #hasEnded = false

  private constructor(
    format: RowFormat,
    chunks: AsyncGenerator<Uint8Array, void, undefined>,
    begin: readonly Uint8Array[],
  ) {
    this.format = format
    this.#chunks = chunks
    this.#splitter = new RecordSplitter(format)
    for (const chunk of begin) this.#splitter.push(chunk, this.#first)
  }

  /** Without a format the ending of `path` decides, else the first byte: `{` begins JSON lines. */
  static async open(
    bytes: FileBytes,
    path: string | undefined,
    format: RowFormat | undefined,
  ): Promise<FileRows> {
    const chunks = bytes.chunks()
    const known = format ?? formatOfPath(path)
    if (known !== undefined) return new FileRows(known, chunks, [])
    const begin: Uint8Array[] = []
    for (;;) {
      const { value, done } = await chunks.next()
      if (done) return new FileRows('csv', chunks, begin)
      begin.push(value)
      const first = value.find((byte) => byte > 32)
      if (first !== undefined) return new FileRows(first === 123 ? 'json' : 'csv', chunks, begin)
    }
  }

  /** Reads until at least `count` rows are there, or the end, and shows all that are. */
  async peek(count: number): Promise<readonly Uint8Array[]> {
    while (this.#first.length < count && !this.#hasEnded) await this.#read(this.#first)
    return this.#first
  }

  /** Takes the first row out: a header is no record. */
  dropFirst(): void {
    this.#first.shift()
  }

  /** The rows as they come, some at a time; what has been looked at included. */
  async *rows(): AsyncGenerator<readonly Uint8Array[], void, undefined> {
    try {
      yield this.#first
      this.#first = []
      while (!this.#hasEnded) {
        const rows: Uint8Array[] = []
        await this.#read(rows)
        yield rows
      }
    } finally {
      await this.#chunks.return()
    }
  }

  async #read(rows: Uint8Array[]): Promise<void> {
    const { value, done } = await this.#chunks.next()
    if (done) {
      this.#hasEnded = true
      this.#splitter.end(rows)
    } else {
      this.#splitter.push(value, rows)
    }
  }
}

function formatOfPath(path: string | undefined): RowFormat | undefined {
  const ending = path?.toLowerCase().match(/\.(csv|jsonl|ndjson|json)(?:\.(?:gz|gzip|zst|zstd))?$/)
  if (!ending) return undefined
  return ending[1] === 'csv' ? 'csv' : 'json'
}
