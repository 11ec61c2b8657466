import { CsvReader } from '../../record/csv.ts'
import { JsonReader } from '../../record/json.ts'
import { isWritable, type Sample, type SampleRow } from './sample.ts'

/** What most values of a field are; `empty`: it has none. */
export type ColumnKind = 'number' | 'boolean' | 'text' | 'nested' | 'empty'

/** One field of the sample, in as many rows as could be read. */
export interface Column {
  readonly name: string
  readonly kind: ColumnKind
  /** The values that a model could use, NaN elsewhere. */
  readonly numbers: Float64Array
  /** Text as it stands, numbers written out, null where it is missing or has parts of its own. */
  readonly labels: readonly (string | null)[]
  /** Rows in which it is missing. */
  readonly missing: number
  /** Of a field of numbers: rows in which it is something else, which makes them useless. */
  readonly wrong: number
  /** Text that consists of numbers: JSON with quotes around them. */
  readonly isQuotedNumbers: boolean
}

export interface Table {
  /** The rows that could be read at all. */
  readonly rows: readonly SampleRow[]
  readonly columns: readonly Column[]
}

const maxMagnitude = 1e15
/** So many of a field's values are numbers where it is a field of numbers with mistakes. */
const numberShare = 0.9
const booleans = /^(true|false)$/i

/** The sample by fields. */
export function tabulate(sample: Sample): Table {
  const { format, unreachable } = sample
  const names = sample.names.filter((name) => !unreachable.has(name) && isWritable(name))
  const reader = format === 'csv' ? new CsvReader(sample.names, names) : new JsonReader(names)
  const builders = names.map((name) => new ColumnBuilder(name, sample.rows.length))
  const rows: SampleRow[] = []
  for (const row of sample.rows) {
    if (reader.read(row.value) !== null) continue
    rows.push(row)
    builders.forEach((builder, i) => {
      builder.add(reader.number(i), reader.label(i))
    })
  }
  return { rows, columns: builders.map((builder) => builder.column()) }
}

class ColumnBuilder {
  readonly #name: string
  readonly #numbers: Float64Array
  readonly #labels: (string | null)[] = []
  #missing = 0
  #numeric = 0
  #boolean = 0
  #nested = 0
  #quoted = 0

  constructor(name: string, rows: number) {
    this.#name = name
    this.#numbers = new Float64Array(rows).fill(Number.NaN)
  }

  add(value: unknown, label: unknown): void {
    const at = this.#labels.length
    const isLabel = typeof label === 'string' || typeof label === 'number'
    this.#labels.push(isLabel ? String(label) : null)
    if (value === null || value === undefined) {
      this.#missing++
    } else if (typeof value === 'number') {
      if (!(Math.abs(value) <= maxMagnitude)) return
      this.#numbers[at] = value
      this.#numeric++
    } else if (typeof value === 'object') {
      this.#nested++
    } else if (typeof value === 'boolean' || booleans.test(String(value))) {
      this.#boolean++
    } else if (isNumberText(String(value))) {
      this.#quoted++
    }
  }

  column(): Column {
    const rows = this.#labels.length
    const present = rows - this.#missing
    const kind = this.#kind(present)
    return {
      name: this.#name,
      kind,
      numbers: this.#numbers.subarray(0, rows),
      labels: this.#labels,
      missing: this.#missing,
      wrong: kind === 'number' ? present - this.#numeric : 0,
      isQuotedNumbers: kind === 'text' && this.#quoted >= numberShare * present,
    }
  }

  #kind(present: number): ColumnKind {
    if (present === 0) return 'empty'
    if (this.#numeric >= numberShare * present) return 'number'
    if (this.#nested * 2 > present) return 'nested'
    return this.#boolean >= numberShare * present ? 'boolean' : 'text'
  }
}

function isNumberText(text: string): boolean {
  return text.length <= 40 && /\d/.test(text) && Number.isFinite(Number(text))
}
