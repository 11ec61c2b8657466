import { HeadraceError } from '../errors.ts'
import type { Decoder, DecoderOptions } from '../record/decoder.ts'
import { KnownFill } from '../record/known-fill.ts'
import { type Delay, type DelayedRecord, LabelDelay } from '../record/label-delay.ts'
import { createTaskDecoder, type SampleOf, type TaskFields } from '../record/task-decoder.ts'
import type { FieldLayout, SymbolsFields } from '../record/types.ts'
import { ByteSource } from './file-byte-source.ts'
import type { FileInput } from './file-bytes.ts'
import { FileBytes } from './file-bytes.ts'
import { readFields, unfilledNames } from './file-fields.ts'
import { FileRows } from './file-rows.ts'

const batchRecords = 1000

export interface FileSourceOptions<F extends TaskFields = FieldLayout> {
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
  /** What the task reads; `task` of a configuration, of any kind, is such. */
  readonly fields: F
  /** Rows, or bytes where each is a record, to be read at most, dead letters included. */
  readonly limit?: number | undefined
  /** Labels of a `supervised` task come so much later than their rows. */
  readonly labelDelay?: Delay | undefined
}

/** A row as a record; a file has neither keys nor timestamps beside the values. */
export interface FileRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array
  readonly timestampMs: number | null
  /**
   * Number of the row, from 0; of a label that came later, of the row it belongs to; of bytes, the
   * place of the first.
   */
  readonly row: number
}

/**
 * The records of a file or stream, in batches of at most 1,000. To be iterated once. With `bytes`
 * every byte is a record of its own: a batch is one value with up to 1,000 of them, which whoever
 * takes them in goes through byte by byte.
 */
export interface FileSource<F extends TaskFields = FieldLayout>
  extends AsyncIterable<readonly FileRecord[]> {
  readonly format: 'csv' | 'json' | 'bytes'
  /** Decodes the records; a row that it refuses is a dead letter and the file goes on. */
  readonly decoder: Decoder<SampleOf<F>>
  /** What `decoder` was made of, for one elsewhere. */
  readonly decoderOptions: DecoderOptions<F>
  /** The field of the event time, configured or found; null where there is none. */
  readonly time: string | null
  /**
   * Whether known fields at the target's time are filled in from the following rows, because only
   * the plain column is there. The records then carry them.
   */
  readonly knownFilled: boolean
  /** What makes labels come later; null where they come as they stand. */
  readonly labels: LabelDelay | null
  /** Bytes taken in so far, as they lie there, packed or not. */
  readonly bytesRead: number
  /** Size of the file; null for a stream. */
  readonly totalBytes: number | null
  /** Ends the iteration as at the end of the file, also while it waits for more input. */
  close(): void
}

/**
 * Opens a file or a stream (CSV, JSON lines or bytes, plain, gzip or zstd) and reads its beginning.
 * Throws `HeadraceError` where it cannot be read, lacks a field that the configuration needs, or
 * does not fit the task; so does the iteration where the file is damaged further on.
 */
export async function openFileSource<F extends TaskFields>(
  options: FileSourceOptions<F>,
): Promise<FileSource<F>> {
  checkFit(options)
  const { input, format, columns, time, key, fields, limit } = options
  const bytes = await FileBytes.open(input)
  if (format === 'bytes') return new ByteSource(bytes, fields, limit)
  try {
    const rows = await FileRows.open(bytes, input.path, format === 'jsonl' ? 'json' : format)
    const found = await readFields(rows, bytes.name, { columns, time, key, fields })
    const names = rows.format === 'csv' ? found.names : undefined
    const own = withOwnId(fields, found.names)
    const plain = { format: rows.format, columns: names, time: found.time, key, fields: own }
    return new RowSource<F>(bytes, rows, changeOf(plain, found.names, options.labelDelay), limit)
  } catch (error) {
    bytes.close()
    throw error
  }
}

/** The format, and the ways to change a file's rows, are not for every kind of task. */
function checkFit({ format, fields, labelDelay }: FileSourceOptions<TaskFields>): void {
  const isSymbols = fields.kind === 'symbols'
  if (format === 'bytes' && !isSymbols) {
    throw new HeadraceError('HEADRACE_USAGE', 'A file of bytes needs task.kind symbols.')
  }
  if (format !== 'bytes' && isSymbols && (fields as SymbolsFields).field === undefined) {
    throw new HeadraceError(
      'HEADRACE_USAGE',
      'A file of CSV or JSON needs task.field, the field with the symbol; or read it as bytes: ' +
        '--format bytes.',
    )
  }
  if (labelDelay !== undefined && fields.kind !== 'supervised') {
    throw new HeadraceError('HEADRACE_USAGE', 'A label delay needs task.kind supervised.')
  }
}

/** A file of rows with their labels needs no identifier, whatever the topic has. */
function withOwnId<F extends TaskFields>(fields: F, names: readonly string[]): F {
  const isMissing =
    fields.kind === 'supervised' && fields.id !== undefined && !names.includes(fields.id)
  return isMissing ? { ...fields, id: undefined } : fields
}

/** What becomes of the rows of a file on their way, and what decodes them then. */
interface Change {
  readonly options: DecoderOptions<TaskFields>
  readonly fill: KnownFill | null
  readonly labels: LabelDelay | null
}

function changeOf(
  plain: DecoderOptions<TaskFields>,
  names: readonly string[],
  delay: Delay | undefined,
): Change {
  const { fields } = plain
  if (fields.kind === 'supervised') {
    const labels = delay === undefined ? null : new LabelDelay({ ...plain, fields }, delay)
    const options =
      labels === null
        ? plain
        : { ...labels.options, fields: { ...fields, ...labels.options.fields } }
    return { options, fill: null, labels }
  }
  if (fields.kind === 'symbols') return { options: plain, fill: null, labels: null }
  const unfilled = unfilledNames(names, fields)
  const fill = unfilled.length > 0 ? new KnownFill({ ...plain, fields }, unfilled) : null
  return { options: fill?.options ?? plain, fill, labels: null }
}

class RowSource<F extends TaskFields> implements FileSource<F> {
  readonly format: 'csv' | 'json'
  readonly decoder: Decoder<SampleOf<F>>
  readonly decoderOptions: DecoderOptions<F>
  readonly time: string | null
  readonly knownFilled: boolean
  readonly labels: LabelDelay | null
  readonly totalBytes: number | null
  readonly #bytes: FileBytes
  readonly #rows: FileRows
  readonly #fill: KnownFill | null
  readonly #limit: number

  constructor(
    bytes: FileBytes,
    rows: FileRows,
    { options, fill, labels }: Change,
    limit: number | undefined,
  ) {
    this.format = rows.format
    // A change keeps the kind of the fields.
    this.decoderOptions = options as DecoderOptions<F>
    this.decoder = createTaskDecoder(this.decoderOptions)
    this.time = options.time ?? null
    this.knownFilled = fill !== null
    this.labels = labels
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
    for await (const records of this.#records()) {
      for (let start = 0; start < records.length; start += batchRecords) {
        yield records.slice(start, start + batchRecords).map(toRecord)
      }
    }
  }

  /** What goes out, as it comes, with labels at their time. */
  async *#records(): AsyncGenerator<readonly DelayedRecord[], void, undefined> {
    const { labels } = this
    let row = 0
    for await (const rows of this.#filled()) {
      if (labels === null) {
        yield rows.map((value) => ({ value, row: row++ }))
      } else {
        const records: DelayedRecord[] = []
        for (const value of rows) labels.push(value, records)
        yield records
      }
    }
    if (labels === null) return
    const last: DelayedRecord[] = []
    labels.end(last)
    yield last
  }

  /** Rows as they come, at most `limit` of them, with known fields filled in. */
  async *#filled(): AsyncGenerator<readonly Uint8Array[], void, undefined> {
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

function toRecord({ value, row }: DelayedRecord): FileRecord {
  return { key: null, value, timestampMs: null, row }
}
