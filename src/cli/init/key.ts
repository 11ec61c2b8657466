import { quote } from '../../record/failure.ts'
import { SequenceNames } from '../../record/sequence-names.ts'
import { type Groups, groupRows, meanChange } from './groups.ts'
import { measureSteps } from './steps.ts'
import type { Column, Table } from './table.ts'
import type { TimeFinding } from './time.ts'
import { counted } from './words.ts'

/** What names a sequence. */
export interface KeyFinding {
  /** The field, `input.key`; null where the record's key does, or nothing. */
  readonly field: string | null
  readonly by: 'field' | 'record' | 'nothing'
  /** The rows by sequence. */
  readonly groups: Groups
  /** A sentence. */
  readonly why: string
}

/** Words for things of which there are many, each with a series of its own. */
const things =
  'id key name code station sensor device host site store shop series item sku product ' +
  'symbol ticker user customer account meter vehicle machine node pod instance region ' +
  'zone city country location room channel tenant unit'
const idWord = new RegExp(`(^|[^a-z])(${things.replaceAll(' ', '|')})s?([^a-z]|$)`)
const idEnding = /[a-z](Id|ID|Key|Name|Code)$/
const isIdName = (name: string) => idWord.test(name.toLowerCase()) || idEnding.test(name)

/** Rows for each name on average, from which on a text is said to repeat. */
const minRowsPerName = 4
/** A share of rows that stands for all of them, and one that stands for none. */
const [almostAll, almostNone] = [0.99, 0.01]
/** Changes within a sequence are so much smaller than those from row to row … */
const clearlySmaller = 0.8
/** … and never so much larger. */
const clearlyLarger = 1.25

/** The record's key where it repeats, else a field that tells sequences apart, else nothing. */
export function findKey(table: Table, time: TimeFinding): KeyFinding {
  const whole = groupRows(table, () => null)
  const ofRecords = recordKeys(table)
  if (ofRecords?.isUsable === true) {
    const { groups, why } = ofRecords
    return { field: null, by: 'record', groups, why }
  }
  const before = ofRecords === null ? '' : `${ofRecords.why} `
  for (const { column, groups, reason } of candidates(table, time, whole)) {
    const { count } = groups
    const why = `${before}${quote(column.name)} names ${counted(count, 'sequence')}: ${reason}.`
    return { field: column.name, by: 'field', groups, why }
  }
  if (ofRecords === null) {
    const why = 'No key: no field tells one sequence from another, so all rows are one.'
    return { field: null, by: 'nothing', groups: whole, why }
  }
  return withoutRecordKeys(table, whole, ofRecords)
}

interface RecordKeys {
  readonly groups: Groups
  readonly isUsable: boolean
  readonly why: string
}

/** Null where no record has a key. */
function recordKeys(table: Table): RecordKeys | null {
  const names = new SequenceNames()
  const keys = table.rows.map(({ key }) => (key === null ? null : names.of(key, 0, key.length)))
  const present = keys.filter((key) => key !== null)
  if (present.length === 0) return null
  const groups = groupRows(table, (row) => keys[row] ?? null)
  const distinct = new Set(present).size
  const rows = counted(keys.length, 'record')
  if (distinct === 1 && present.length === keys.length) {
    return { groups, isUsable: false, why: 'The key of all records is the same.' }
  }
  if (distinct * 2 > present.length) {
    const why = `The records’ keys hardly repeat (${distinct} in ${rows}): they name no sequence.`
    return { groups, isUsable: false, why }
  }
  const some = present.length < keys.length ? ', and those without one are a sequence too' : ''
  const sequences = counted(distinct, 'sequence')
  const why = `The records’ keys name ${sequences} in ${rows}${some}: input.key is not needed.`
  return { groups, isUsable: true, why }
}

interface Candidate {
  readonly column: Column
  readonly groups: Groups
  /** Why it is the key, best first. */
  readonly rank: number
  readonly reason: string
}

function candidates(table: Table, time: TimeFinding, whole: Groups): Candidate[] {
  const measure = mostTelling(table, time)
  const found: Candidate[] = []
  for (const column of table.columns) {
    if (column.name === time.field) continue
    const candidate = judge(column, table, { time, whole, measure })
    if (candidate !== null) found.push(candidate)
  }
  return found.sort((a, b) => a.rank - b.rank || a.groups.count - b.groups.count)
}

interface Evidence {
  readonly time: TimeFinding
  readonly whole: Groups
  /** A field of numbers that changes: what sequences differ in. */
  readonly measure: Column | null
}

function judge(column: Column, table: Table, evidence: Evidence): Candidate | null {
  const { name, kind, labels, numbers } = column
  const isInteger =
    kind === 'number' && numbers.every((n) => Number.isNaN(n) || Number.isInteger(n))
  if (kind !== 'text' && !isInteger) return null
  if (labels.filter((label) => label === null).length > almostNone * labels.length) return null
  const distinct = new Set(labels).size
  if (distinct < 2 || distinct * minRowsPerName > labels.length) return null
  const { time, whole, measure } = evidence
  const groups = groupRows(table, (row) => labels[row] ?? null)
  const ratio =
    measure === null || measure === column
      ? 1
      : meanChange(measure.numbers, groups) / meanChange(measure.numbers, whole)
  const candidate = (rank: number, reason: string) => ({ column, groups, rank, reason })
  const isNamed = isIdName(name)
  if (parts(time, whole, groups, kind === 'text' || isNamed)) {
    return candidate(isNamed ? 0 : 1, 'rows share their time, but not within one of them')
  }
  if (isNamed && !(ratio > clearlyLarger)) return candidate(2, 'it repeats and is named like one')
  if (kind !== 'text' || isEven(time, whole) || !(ratio < clearlySmaller)) return null
  const measured = quote(measure?.name ?? '')
  return candidate(3, `${measured} changes less within one of them than from row to row`)
}

/** Whether rows share their time, and within a group none do. */
function parts(time: TimeFinding, whole: Groups, groups: Groups, isNatural: boolean): boolean {
  const { times } = time
  if (!time.hasTimes || time.field === null) return false
  const alone = distinctTimes(times, whole)
  if (alone > almostAll * times.length) return false
  if (distinctTimes(times, groups) < almostAll * times.length) return false
  // Values tell rows of one time apart as well: but there are more of them than rows of a time.
  return isNatural || groups.count <= (2 * times.length) / Math.max(1, alone)
}

function distinctTimes(times: Float64Array, { ids }: Groups): number {
  const seen = new Set<string>()
  times.forEach((time, row) => {
    if (!Number.isNaN(time)) seen.add(`${ids[row]} ${time}`)
  })
  return seen.size
}

/** Whether time goes on in even steps from row to row: then there is one sequence. */
function isEven({ times, field }: TimeFinding, whole: Groups): boolean {
  if (field === null) return false
  const { count, irregular } = measureSteps(times, whole)
  return count > 0 && irregular < 0.1
}

function mostTelling(table: Table, { field, refused }: TimeFinding): Column | null {
  const isOne = ({ name, kind, numbers }: Column) =>
    kind === 'number' &&
    name !== field &&
    !refused.has(name) &&
    new Set(numbers.subarray(0, 1000)).size > 20
  return table.columns.find(isOne) ?? null
}

/** Without any other way the records' keys count, unless a field is the same in all of them. */
function withoutRecordKeys(table: Table, whole: Groups, keys: RecordKeys): KeyFinding {
  const rows = table.rows.length
  if (keys.groups.count === whole.count) {
    const why = `${keys.why} All rows of a partition are one sequence.`
    return { field: null, by: 'record', groups: keys.groups, why }
  }
  const constant = table.columns.find(
    ({ kind, labels }) => kind === 'text' && labels[0] !== null && new Set(labels).size === 1,
  )
  if (constant !== undefined && rows > 1) {
    const name = quote(constant.name)
    const why = `${keys.why} ${name} is the same in all rows: they are one sequence.`
    return { field: constant.name, by: 'field', groups: whole, why }
  }
  const why =
    `${keys.why} Unless a field does, every record is a sequence of its own and nothing can be ` +
    'learnt from the one before: set input.key.'
  return { field: null, by: 'record', groups: keys.groups, why }
}
