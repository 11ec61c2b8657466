import { Buffer } from 'node:buffer'
import { assert } from '../assert.ts'
import { HeadraceError } from '../errors.ts'
import { CsvLine } from './csv.ts'
import { createSupervisedDecoder } from './decode-supervised.ts'
import type { Decoder, DecoderOptions } from './decoder.ts'
import { DueQueue } from './due-queue.ts'
import { supervisedNeeds } from './needed-fields.ts'
import type { SupervisedFields, SupervisedSample } from './types.ts'

type Options = DecoderOptions<SupervisedFields>

/** How much later a label comes than its record: by event time, or by further rows. */
export type Delay = { readonly ms: number } | { readonly records: number }

/** A record of the stream that a user would have had. */
export interface DelayedRecord {
  readonly value: Uint8Array
  /** The row that it comes from; of a label, the row it belongs to. */
  readonly row: number
}

/** Labels that may wait at a time: a file whose time stands still would hold back all of them. */
const maxWaiting = 1_000_000

/**
 * Makes of a file with labels in its rows the stream in which labels come later: each row goes out
 * without its targets, and they follow as a record of their own, with the identifier, the time and
 * the key of the row. By event time it comes before the first row that is at least `ms` later than
 * its own, the earliest first; by records behind the row that is `records` rows later; what is left
 * comes at the end. Rows that cannot be used, or hold no more than a label, go out as they are.
 *
 * Records are bytes in the format of the file. Those of JSON have the fields that the task reads.
 */
export class LabelDelay {
  /** Decodes the records that come out. */
  readonly options: Options
  /** The field that was added to identify rows by their number; null where the file has one. */
  readonly addedId: string | null
  /** Rows so far whose label has come to nothing, for want of an identifier. */
  lostLabels = 0
  readonly #byTime: boolean
  readonly #delay: number
  readonly #plain: Decoder<SupervisedSample>
  readonly #delayed: Decoder<SupervisedSample>
  readonly #writer: RowWriter
  readonly #rowFields: ReadonlySet<string>
  readonly #labelFields: ReadonlySet<string>
  readonly #waiting = new DueQueue<DelayedRecord>()
  #rows = 0

  /** Throws `HeadraceError` where labels are to come by event time and there is none. */
  constructor(options: Options, delay: Delay) {
    assert(options.format !== 'bytes', 'rows of fields have labels')
    this.#byTime = 'ms' in delay
    this.#delay = 'ms' in delay ? delay.ms : delay.records
    if (this.#byTime && options.time === undefined) {
      throw new HeadraceError(
        'HEADRACE_USAGE',
        'A label delay by time needs event times: name their field by --time NAME, or give the ' +
          'delay in records, such as 100r.',
      )
    }
    const { fields, columns, time, key } = options
    const names = columns ?? supervisedNeeds(fields, options).columns
    this.addedId = fields.id === undefined ? freeName(names) : null
    const id = fields.id ?? (this.addedId as string)
    this.options = {
      ...options,
      fields: { ...fields, id },
      ...(columns === undefined || this.addedId === null ? {} : { columns: [...columns, id] }),
    }
    this.#plain = createSupervisedDecoder(options)
    this.#delayed = createSupervisedDecoder(this.options)
    const isTarget = (name: string) => fields.targets.includes(name)
    this.#rowFields = new Set(names.filter((name) => !isTarget(name)))
    this.#labelFields = new Set([id, time ?? id, key ?? id, ...fields.targets])
    this.#writer = columns === undefined ? new JsonRows(names) : new CsvRows(columns)
  }

  /** Takes a row in and appends the records that go out now to `out`. */
  push(value: Uint8Array, out: DelayedRecord[]): void {
    const row = this.#rows++
    const { sample } = this.#plain
    const isUsable = this.#plain.decode(null, value, null) === null
    const clock = this.#byTime ? (sample.timeMs as number) : row
    if (this.#byTime && isUsable) this.#release(clock, out)
    if (!isUsable) out.push({ value: this.#unusable(value), row })
    else if (sample.hasInputs) this.#split(value, row, clock + this.#delay, out)
    else out.push({ value: this.#withId(value, row), row })
    if (!this.#byTime) this.#release(clock, out)
  }

  /** Appends the labels that still wait. */
  end(out: DelayedRecord[]): void {
    this.#release(Number.POSITIVE_INFINITY, out)
  }

  #release(clock: number, out: DelayedRecord[]): void {
    for (;;) {
      const label = this.#waiting.takeUntil(clock)
      if (label === undefined) return
      out.push(label)
    }
  }

  #split(value: Uint8Array, row: number, due: number, out: DelayedRecord[]): void {
    const { sample } = this.#plain
    this.#writer.open(value)
    out.push({ value: this.#writer.write(this.#rowFields, this.addedId, row), row })
    const hasLabel =
      sample.values.some((target) => !Number.isNaN(target)) ||
      sample.classes.some((target) => target !== null)
    if (!hasLabel) return
    if (this.addedId === null && sample.id === null) {
      this.lostLabels++
      return
    }
    if (this.#waiting.size === maxWaiting) {
      throw new HeadraceError(
        'HEADRACE_USAGE',
        `More than ${maxWaiting} labels wait for their time at row ${row}: choose a shorter delay.`,
      )
    }
    const label = this.#writer.write(this.#labelFields, this.addedId, row)
    this.#waiting.add(due, { value: label, row })
  }

  #withId(value: Uint8Array, row: number): Uint8Array {
    if (this.addedId === null) return value
    this.#writer.open(value)
    return this.#writer.write(null, this.addedId, row)
  }

  /** A row with one cell too many must not pass for a good one once there is one more column. */
  #unusable(value: Uint8Array): Uint8Array {
    if (this.addedId === null || this.#delayed.decode(null, value, null) !== null) return value
    return Buffer.concat([value, Buffer.from(',')])
  }
}

/** Writes some of the fields of a row, which can be used, in the format of the row. */
interface RowWriter {
  open(value: Uint8Array): void
  /** `fields`: which to keep, null for all; `addedId`: a further field, with the row's number. */
  write(fields: ReadonlySet<string> | null, addedId: string | null, row: number): Uint8Array
}

class CsvRows implements RowWriter {
  readonly #columns: readonly string[]
  readonly #line: CsvLine
  readonly #utf8 = new TextDecoder()

  constructor(columns: readonly string[]) {
    this.#columns = columns
    this.#line = new CsvLine(columns.length)
  }

  open(value: Uint8Array): void {
    const failed = this.#line.split(this.#utf8.decode(value))
    assert(failed === null, 'a usable row is a line of CSV')
  }

  write(fields: ReadonlySet<string> | null, addedId: string | null, row: number): Uint8Array {
    const cells = this.#columns.map((name, i) =>
      fields === null || fields.has(name) ? quoted(this.#line.cell(i)) : '',
    )
    if (addedId !== null) cells.push(String(row))
    return Buffer.from(cells.join(','))
  }
}

class JsonRows implements RowWriter {
  readonly #names: readonly string[]
  readonly #utf8 = new TextDecoder()
  #object: Readonly<Record<string, unknown>> = {}

  constructor(names: readonly string[]) {
    this.#names = names
  }

  open(value: Uint8Array): void {
    this.#object = JSON.parse(this.#utf8.decode(value))
  }

  write(fields: ReadonlySet<string> | null, addedId: string | null, row: number): Uint8Array {
    const kept = this.#names.filter(
      (name) => (fields === null || fields.has(name)) && Object.hasOwn(this.#object, name),
    )
    const members = kept.map(
      (name) => `${JSON.stringify(name)}:${JSON.stringify(this.#object[name])}`,
    )
    if (addedId !== null) members.push(`${JSON.stringify(addedId)}:${row}`)
    return Buffer.from(`{${members.join(',')}}`)
  }
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

/** A name for the number of a row that no other field has. */
function freeName(names: readonly string[]): string {
  let name = 'row'
  while (names.includes(name)) name += '_'
  return name
}
