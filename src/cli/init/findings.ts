import { HeadraceError } from '../../errors.ts'
import { createDecoder } from '../../record/decoder.ts'
import { quote } from '../../record/failure.ts'
import { usageError } from '../options.ts'
import { type FieldsFinding, fieldRemarks, findFields } from './fields.ts'
import { rowsOfGroups } from './groups.ts'
import { findKey, type KeyFinding } from './key.ts'
import type { Sample } from './sample.ts'
import { findSeasons, prepareSeries, type SeasonFinding } from './seasons.ts'
import { foreignSeparator } from './separator.ts'
import { measureSteps, type Steps } from './steps.ts'
import { type Table, tabulate } from './table.ts'
import { findTime, type TimeFinding } from './time.ts'
import { counted, percent, spanOf } from './words.ts'

/** Everything that the sample tells. */
export interface Findings {
  readonly sample: Sample
  readonly time: TimeFinding
  readonly key: KeyFinding
  readonly fields: FieldsFinding
  readonly steps: Steps
  readonly seasons: readonly SeasonFinding[]
  /** Rows that would be dead letters under this configuration, and why the first of them would. */
  readonly unusable: { readonly rows: number; readonly first: string | null }
  /** Complete sentences: what the user should look at. */
  readonly remarks: readonly string[]
}

/** The season is looked for in so many values at most: the search stays below a second. */
const maxSeasonValues = 40_000
const maxCharactersShown = 60
const maxNamesShown = 12
const manyColumns = 200

/**
 * Finds out what the configuration of this input may be.
 * @param targets what the user wants to predict; undefined to have it chosen
 * @throws HeadraceError HEADRACE_INPUT_UNREADABLE where the input holds nothing to predict,
 *   HEADRACE_USAGE where a target is no field of numbers
 */
export function examine(sample: Sample, targets: readonly string[] | undefined): Findings {
  const table = tabulate(sample)
  if (table.rows.length === 0) throw nothing(sample, 'none of its records can be read')
  if (foreignSeparator(sample)?.hasDecimalCommas) {
    throw nothing(sample, 'read by commas its numbers are cut in two')
  }
  checkTargets(table, sample, targets)
  const time = findTime(table)
  const key = findKey(table, time)
  const fields = findFields(table, time, key, targets)
  if (fields.targets.length === 0) {
    const { headerFault: fault } = sample
    const reason = `no ${fault === null ? '' : 'other '}field holds numbers to predict`
    throw nothing(sample, fault === null ? reason : `${fault}, and ${reason}`)
  }
  const steps = measureSteps(time.times, key.groups)
  // Where most rows stand at the time of the one before, a step of time is not a step of rows.
  const stepMs = steps.standing < 0.5 ? steps.medianMs : null
  const series = fields.targets.slice(0, 8).flatMap((name) => seriesOf(table, name, key))
  const seasons = findSeasons(prepareSeries(series, maxSeasonValues), stepMs)
  const unusable = countUnusable(sample, { time, key, fields })
  return {
    sample,
    time,
    key,
    fields,
    steps,
    seasons,
    unusable,
    remarks: [
      ...sample.remarks,
      ...wideRemarks(table),
      ...time.refused.values(),
      ...stepRemarks(steps),
      ...fieldRemarks(table, fields),
      ...rowRemarks(sample, unusable),
    ],
  }
}

function checkTargets(table: Table, sample: Sample, targets: readonly string[] | undefined): void {
  const numeric = table.columns.filter(({ kind }) => kind === 'number').map(({ name }) => name)
  const unknown = targets?.find((name) => !numeric.includes(name))
  if (unknown === undefined) return
  const shown = numeric.slice(0, 50).map(quote).join(', ') || 'none'
  const { headerFault } = sample
  const why = sample.unreachable.has(unknown) && headerFault !== null ? `; ${headerFault}` : ''
  throw usageError(
    `The field ${quote(unknown)} holds no numbers; these do: ${shown}${why}.${remedy(sample)}`,
  )
}

/** What to do about a header that does not name each column. */
function remedy({ headerFault, names }: Sample): string {
  if (headerFault === null) return ''
  const isShort = names.length <= maxNamesShown && names.every((name) => /^[\w.-]+$/.test(name))
  const columns = isShort ? names.join(',') : 'a,b,…'
  return ` Name the columns yourself, each once: --columns ${columns}.`
}

/** The values of a field by sequence. */
function seriesOf({ columns }: Table, name: string, { groups }: KeyFinding): Float64Array[] {
  const numbers = columns.find((column) => column.name === name)?.numbers ?? new Float64Array(0)
  return rowsOfGroups(groups).map((rows) =>
    Float64Array.from(rows, (row) => numbers[row] ?? Number.NaN),
  )
}

function countUnusable(
  { format, names, rows }: Sample,
  { time, key, fields }: Pick<Findings, 'time' | 'key' | 'fields'>,
): Findings['unusable'] {
  const decoder = createDecoder({
    format,
    columns: names,
    time: time.field ?? undefined,
    key: key.field ?? undefined,
    fields,
  })
  let count = 0
  let first: string | null = null
  for (const { key, value, timestampMs } of rows) {
    const failure = decoder.decode(key, value, timestampMs)
    if (failure === null) continue
    count++
    first ??= failure.message
  }
  return { rows: count, first }
}

function rowRemarks({ rows }: Sample, unusable: Findings['unusable']): string[] {
  if (unusable.first === null) return []
  const share = percent(unusable.rows / rows.length)
  return [
    `${counted(unusable.rows, 'row')} (${share}) cannot be used and would be dead letters; ` +
      `of the first: ${unusable.first}`,
  ]
}

function wideRemarks({ columns }: Table): string[] {
  if (columns.length <= manyColumns) return []
  return [
    `It has ${counted(columns.length, 'field')}. One row is one step of one sequence: where a ` +
      'row holds a whole series, make a row of each of its values first.',
  ]
}

function stepRemarks({ medianMs, irregular, backward, standing }: Steps): string[] {
  if (medianMs === null) return []
  const remarks: string[] = []
  if (standing >= 0.5) {
    remarks.push(
      `${percent(standing)} of the rows of a sequence have the time of the row before: seasons ` +
        'are looked for in the data alone.',
    )
  } else if (irregular >= 0.01) {
    remarks.push(
      `${percent(irregular)} of the steps of a sequence are not of ${spanOf(medianMs)}: seasons ` +
        'and horizons count rows, whatever time they take.',
    )
  }
  if (backward > 0) {
    remarks.push(
      `${percent(backward)} of the steps lead back in time: the order of the rows counts.`,
    )
  }
  return remarks
}

function nothing(sample: Sample, reason: string): HeadraceError {
  const { source, rows, format } = sample
  const name = source.kind === 'topic' ? `Topic ${source.name}` : source.name
  const value = rows[0]?.value ?? new Uint8Array(0)
  const text = new TextDecoder().decode(value.subarray(0, 4 * maxCharactersShown))
  const first = quote(text.slice(0, maxCharactersShown))
  const as = format === 'csv' ? 'CSV' : 'JSON lines'
  const foreign = foreignSeparator(sample)
  const points = foreign?.hasDecimalCommas ? ', and numbers with a point, such as 0.5' : ''
  const hint =
    foreign === null
      ? remedy(sample)
      : ` Its cells seem to be separated by ${quote(foreign.separator)}: only commas are ` +
        `read${points}.`
  return new HeadraceError(
    'HEADRACE_INPUT_UNREADABLE',
    `${name} tells nothing: ${reason}. It was read as ${as}; the first record is ${first}.${hint}`,
  )
}
