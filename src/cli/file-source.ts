import { HeadraceError } from '../errors.ts'
import type { Decoder, DecoderOptions } from '../record/decoder.ts'
import { createDecoder } from '../record/decoder.ts'
import { KnownFill } from '../record/known-fill.ts'
import type { FieldLayout } from '../record/types.ts'
import type { FileInput } from './file-bytes.ts'
import { FileBytes } from './file-bytes.ts'
import { readFields, unfilledNames } from './file-fields.ts'
import { FileRows } from './file-rows.ts'

const batchRecords = 1000

export interface FileSourceOptions {
  readonly input: FileInput
  /** Without it the file's ending decides, else the first byte: `{` begins JSON lines. */
  readonly format?: 'csv' | 'json' | 'jsonl' | 'bytes' | undefined
  /**
   * Names the cells of a CSV file. The first row then is data, unless it holds these very names:
   * then it is passed over. Without it the first row names the columns.
   */
  readonly columns?: readonly string[] | undefined
  /**
   * Without it: the first field called time, timestamp, date or datetime, in any case, that parses
   * in the first row; a bare number there counts as epoch milliseconds from 1e11 (1973) on.
   */
  readonly time?: string | undefined
  readonly key?: string | undefined
  readonly fields: FieldLayout
  /** Rows to be read at most, dead letters included. */
  readonly limit?: number | undefined
}

/** A row as a record; a file has neither keys nor timestamps beside the values. */
export interface FileRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array
  readonly timestampMs: number | null
}

/** The records of a file or stream, in batches of at most 1,000. To be iterated once. */
export interface FileSource extends AsyncIterable<readonly FileRecord[]> {
  readonly format: 'csv' | 'json'
  /** Decodes the records; a row that it refuses is a dead letter and the file goes on. */
  readonly decoder: Decoder
  /** What `decoder` was made of, for one elsewhere. */
  readonly decoderOptions: DecoderOptions
  /** The field of the event time, configured or found; null where there is none. */
  readonly time: string | null
  /**
   * Whether known fields at the target's time are filled in from the following rows, because only
   * the plain column is there. The records then carry them.
   */
  readonly knownFilled: boolean
  /** Bytes taken in so far, as they lie there, packed or not. */
  readonly bytesRead: number
  /** Size of the file; null for a stream. */
  readonly totalBytes: number | null
  /** Ends the iteration as at the end of the file, also while it waits for more input. */
  close(): void
}

/**
 * Opens a file or a stream (CSV or JSON lines, plain, gzip or zstd) and reads its beginning.
 * Throws `HeadraceError` where it cannot be read or lacks a field that the configuration needs; so
 * does the iteration where the file is damaged further on.
 */
export async function openFileSource(options: FileSourceOptions): Promise<FileSource> {
  const { input, format, columns, time, key, fields } = options
  if (format === 'bytes') {
    throw new HeadraceError(
      'HEADRACE_USAGE',
      'bytes need task kind symbols, which this version does not have: use csv or jsonl.',
    )
  }
  const bytes = await FileBytes.open(input)
  try {
    const rows = await FileRows.open(bytes, input.path, format === 'jsonl' ? 'json' : format)
    const found = await readFields(rows, bytes.name, { columns, time, key, fields })
    const names = rows.format === 'csv' ? found.names : undefined
    const plain = { format: rows.format, columns: names, time: found.time, key, fields }
    const unfilled = unfilledNames(found.names, fields)
    const fill = unfilled.length > 0 ? new KnownFill(plain, unfilled) : null
    return new RowSource(bytes, rows, fill?.options ?? plain, fill, options.limit)
  } catch (error) {
    bytes.close()
    throw error
  }
}

class RowSource implements FileSource {
  readonly format: 'csv' | 'json'
  readonly decoder: Decoder
  readonly decoderOptions: DecoderOptions
  readonly time: string | null
  readonly knownFilled: boolean
  readonly totalBytes: number | null
  readonly #bytes: FileBytes
  readonly #rows: FileRows
  readonly #fill: KnownFill | null
  readonly #limit: number

  constructor(
    bytes: FileBytes,
    rows: FileRows,
    decoderOptions: DecoderOptions,
    fill: KnownFill | null,
    limit: number | undefined,
  ) {
    this.format = rows.format
    this.decoder = createDecoder(decoderOptions)
    this.decoderOptions = decoderOptions
    this.time = decoderOptions.time ?? null
    this.knownFilled = fill !== null
    this.totalBytes = bytes.totalBytes
    this.#bytes = bytes
    this.#rows = rows
    this.#fill = fill
    this.#limit = limit ?? Number.POSITIVE_INFINITY
  }

  get bytesRead(): number {
    return this.#bytes.bytesRead
  }

  close(): void {
    this.#bytes.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly FileRecord[], void, undefined> {
    for await (const rows of this.#limited()) {
      for (let start = 0; start < rows.length; start += batchRecords) {
        yield rows.slice(start, start + batchRecords).map(toRecord)
      }
    }
  }

  /** Rows as they come, at most `limit` of them, with known fields filled in. */
  async *#limited(): AsyncGenerator<readonly Uint8Array[], void, undefined> {
    const fill = this.#fill
    let left = this.#limit
    for await (const rows of this.#rows.rows()) {
      const taken = rows.length <= left ? rows : rows.slice(0, left)
      left -= taken.length
      if (fill === null) {
        yield taken
      } else {
        const filled: Uint8Array[] = []
        for (const row of taken) fill.push(row, filled)
        yield filled
      }
      if (left === 0) break
    }
    if (fill === null) return
    const last: Uint8Array[] = []
    fill.end(last)
    yield last
  }
}

function toRecord(value: Uint8Array): FileRecord {
  return { key: null, value, timestampMs: null }
}
