import type { FieldLayout, Sample } from '../../../src/record/types.ts'

/** What a task says of its data: all that its configuration gives, the rest is the default. */
export interface Settings {
  readonly targets: readonly string[]
  readonly horizons: readonly number[]
  readonly seasons: readonly number[]
  readonly known: readonly string[]
}

/** One row of a file: targets, then known fields, in the order of the settings. */
export interface Row {
  readonly sequence: string
  /** NaN where there is no event time. */
  readonly timeMs: number
  readonly values: readonly number[]
}

/** Records of a task in the order in which the model sees them. */
export interface Records {
  readonly fields: FieldLayout
  readonly count: number
  /** Names of the sequences; a record has an index into them, (count). */
  readonly names: readonly string[]
  readonly sequence: Int32Array
  /** Own step of each record in its sequence, (count). */
  readonly step: Int32Array
  /** (count); NaN where there is none. */
  readonly timeMs: Float64Array
  /** (count, D + N + K × N), as in `Sample`. */
  readonly values: Float64Array
  readonly size: number
}

/** Which predictions count, by the record at which their target arrives. */
export interface Scoring {
  readonly fromRow: number
  /** First row that counts no longer. */
  readonly untilRow: number
  /** First own step of a sequence that counts. */
  readonly fromStep: number
  /** 1: |e|; 2: e². */
  readonly power: 1 | 2
}

/** One number of a task. */
export interface Figure {
  readonly name: string
  /** How a score is called, such as `wMAPE`. */
  readonly metric: string
  /** Slots k × D + d that it is made of. */
  readonly slots: readonly number[]
  /** What becomes of the scores of slots and sequences. */
  readonly combine: 'mean' | 'max'
  /** Whether the scores of the slots are worth showing one by one. */
  readonly parts: boolean
}

/** A task: records, and how predictions for them are scored. */
export interface QualityData {
  readonly settings: Settings
  readonly records: Records
  readonly scoring: Scoring
  readonly figures: readonly Figure[]
  /**
   * What a mean loss of a sequence and slot is divided by, to its power, (sequences, K × D); NaN
   * where they do not count.
   */
  readonly scales: Float64Array
}

/** Lays rows out as records; what is known ahead is taken from the rows that follow. */
export function recordsOf(settings: Settings, rows: readonly Row[]): Records {
  const { targets, horizons, known } = settings
  const fields: FieldLayout = { targets, inputs: [], known, horizons }
  const [D, N, K] = [targets.length, known.length, horizons.length]
  const size = D + N + K * N
  const rowsOf = new Map<string, number[]>()
  rows.forEach(({ sequence }, i) => {
    const own = rowsOf.get(sequence)
    if (own === undefined) rowsOf.set(sequence, [i])
    else own.push(i)
  })
  const records = {
    fields,
    count: rows.length,
    names: [...rowsOf.keys()],
    sequence: new Int32Array(rows.length),
    step: new Int32Array(rows.length),
    timeMs: Float64Array.from(rows, ({ timeMs }) => timeMs),
    values: new Float64Array(rows.length * size).fill(Number.NaN),
    size,
  }
  records.names.forEach((name, index) => {
    const own = rowsOf.get(name) ?? []
    own.forEach((row, step) => {
      records.sequence[row] = index
      records.step[row] = step
      records.values.set(rows[row]!.values, row * size)
      horizons.forEach((horizon, k) => {
        const later = own[step + horizon]
        if (later === undefined) return
        records.values.set(rows[later]!.values.slice(D), row * size + D + N + k * N)
      })
    })
  })
  return records
}

/** Copies record `row` into `sample`. */
export function fillSample(records: Records, row: number, sample: Sample): void {
  const { size, values } = records
  const timeMs = records.timeMs[row]!
  sample.sequence = records.names[records.sequence[row]!]!
  sample.timeMs = Number.isNaN(timeMs) ? null : timeMs
  for (let i = 0; i < size; i++) sample.values[i] = values[row * size + i]!
}

/** A sample for `fillSample`. */
export function emptySample({ size }: Records): Sample {
  return { sequence: '', timeMs: null, values: new Float64Array(size) }
}

/** Whether predictions for this record are scored. */
export function counts(scoring: Scoring, row: number, step: number): boolean {
  return row >= scoring.fromRow && row < scoring.untilRow && step >= scoring.fromStep
}

/** Mean of |y| over the records that count. */
export function meanSize(records: Records, scoring: Scoring): Float64Array {
  return meansOver(records, scoring, (y) => Math.abs(y))
}

/** Mean of |y(t) − y(t − lag)| of a sequence over its records that count: NaN where it is 0. */
export function meanChange(records: Records, scoring: Scoring, lag: number): Float64Array {
  const scales = meansOver(records, scoring, (y, before) => Math.abs(y - before(lag)))
  return scales.map((scale) => (scale > 0 ? scale : Number.NaN))
}

/** Standard deviation of the first `rows` records, none of which has to count. */
export function deviation(records: Records, rows: number): Float64Array {
  const all = { fromRow: 0, untilRow: rows, fromStep: 0, power: 1 } as const
  const mean = meansOver(records, all, (y) => y)
  const square = meansOver(records, all, (y, _, slot) => (y - mean[slot]!) ** 2)
  return square.map(Math.sqrt)
}

/** Mean of a value of each sequence and slot over the records that count, (sequences, K × D). */
function meansOver(
  { fields, names, count, sequence, step, values, size }: Records,
  scoring: Scoring,
  of: (y: number, before: (lag: number) => number, place: number) => number,
): Float64Array {
  const D = fields.targets.length
  const slots = D * fields.horizons.length
  const sums = new Float64Array(names.length * slots)
  const rows = new Int32Array(names.length)
  const past: number[][] = names.map(() => [])
  for (let row = 0; row < count; row++) {
    const own = sequence[row]!
    past[own]!.push(row)
    if (!counts(scoring, row, step[row]!)) continue
    rows[own]!++
    for (let slot = 0; slot < slots; slot++) {
      const d = slot % D
      const at = (lag: number) => values[past[own]![step[row]! - lag]! * size + d]!
      sums[own * slots + slot]! += of(at(0), at, own * slots + slot)
    }
  }
  return sums.map((sum, i) => sum / rows[Math.floor(i / slots)]!)
}
