import { quote } from '../../record/failure.ts'
import { eachStep } from './groups.ts'
import type { KeyFinding } from './key.ts'
import type { Column, Table } from './table.ts'
import type { TimeFinding } from './time.ts'
import { counted, percent } from './words.ts'

export type FieldRole = 'target' | 'input' | 'known' | 'time' | 'key' | 'unused'

/** What becomes of one field. */
export interface FieldFinding {
  readonly name: string
  readonly type: Column['kind']
  readonly role: FieldRole
  /** Of the rows, 0 … 1. */
  readonly missingShare: number
  /** What the name of the field does not say by itself; empty where there is nothing to say. */
  readonly why: string
}

export interface FieldsFinding {
  readonly fields: readonly FieldFinding[]
  readonly targets: readonly string[]
  readonly inputs: readonly string[]
  /** Numbers that could be inputs as well, beyond those that are. */
  readonly spare: readonly string[]
  readonly known: readonly string[]
  /** Inputs whose names say that their future is known. */
  readonly calendar: readonly string[]
  /** From the names of known fields, else [1]. */
  readonly horizons: readonly number[]
  /** A sentence. */
  readonly whyTargets: string
}

/** Further inputs than these are left to the user: each makes the model larger. */
const maxInputs = 16
const maxInputMissing = 0.5
const enoughSteps = 20

const targetName =
  /^(value|val|target|y|count|cnt|total|sum|amount|quantity|qty|demand|load|sales|price|volume)$/i
const dayName = /^(year|yr|month|mnth|day|weekday|dow|day_?of_?week|week|quarter|season)$/i
const hourName = /^(hour|hr|minute|(is_?)?(public_?)?holiday|working_?day)$/i
const isCalendarName = (name: string) => dayName.test(name) || hourName.test(name)
const idName = /(^|[^a-z])(id|uuid|index|idx|offset|seq|sequence|version|row)$/

/**
 * Which fields are predicted and which are seen, of a table with time and key found.
 * @param wanted the targets that the user has named, which must be fields of numbers
 */
export function findFields(
  table: Table,
  time: TimeFinding,
  key: KeyFinding,
  wanted: readonly string[] | undefined,
): FieldsFinding {
  const judged = table.columns.map((column) => {
    const base = { column, isNumber: column.kind === 'number' }
    if (column.name === time.field) return { ...base, role: 'time', why: '' } as const
    if (column.name === key.field) return { ...base, role: 'key', why: '' } as const
    const why = time.refused.get(column.name) ?? unusable(column)
    if (why !== null) return { ...base, role: 'unused', why } as const
    return { ...base, role: null, why: oddity(column, key) }
  })
  const numbers = judged.filter(({ role, isNumber }) => role === null && isNumber)
  const futures = knownFutures(numbers.map(({ column }) => column.name))
  const isFuture = (name: string) => futures.names.has(name)
  const open = numbers.filter(({ column: { name } }) => !isFuture(name))
  const targets = wanted ?? chosenTarget(open)
  const known = futures.known.filter((name) => !targets.includes(name))
  const rest = open.filter(
    ({ column: { name } }) => !targets.includes(name) && !known.includes(name),
  )
  const able = rest.filter(({ column, why }) => why === '' && isInput(column))
  const inputs = able.slice(0, maxInputs).map(({ column }) => column.name)
  const roleOf = (name: string): FieldRole => {
    if (targets.includes(name)) return 'target'
    if (known.includes(name) || isFuture(name)) return 'known'
    return inputs.includes(name) ? 'input' : 'unused'
  }
  const rows = table.rows.length
  return {
    fields: judged.map(({ column, role, why }) => ({
      name: column.name,
      type: column.kind,
      role: role ?? roleOf(column.name),
      missingShare: column.missing / Math.max(1, rows),
      why,
    })),
    targets,
    inputs,
    spare: rest.map(({ column }) => column.name).filter((name) => !inputs.includes(name)),
    known,
    calendar: inputs.filter(isCalendarName),
    horizons: futures.horizons,
    whyTargets: whyTargets(targets, wanted !== undefined, open.length),
  }
}

/** Why a field can be neither predicted nor seen; null where it can. */
function unusable({ name, kind, isQuotedNumbers }: Column): string | null {
  const field = quote(name)
  if (isQuotedNumbers) return `${field} holds numbers in quotes: write them without.`
  switch (kind) {
    case 'number':
      return null
    case 'boolean':
      return `${field} is true or false: write 1 and 0 to have it seen.`
    case 'nested':
      return `${field} holds parts of its own: only what stands at the top level is seen.`
    case 'empty':
      return `${field} is always missing.`
    default:
      return `${field} is text.`
  }
}

/** What speaks against predicting a field of numbers, or seeing it; empty without. */
function oddity({ name, numbers, labels }: Column, { groups }: KeyFinding): string {
  const known = numbers.filter((value) => !Number.isNaN(value))
  const first = known[0]
  if (known.length > 1 && known.every((value) => value === first)) {
    return `${quote(name)} never changes.`
  }
  const isWhole = known.every(Number.isInteger)
  const isId = idName.test(name.toLowerCase()) || /[a-z]I[dD]$/.test(name)
  if (isWhole && isId) return `${quote(name)} is an id by its name.`
  let steps = 0
  let falls = 0
  eachStep(groups, (row, before) => {
    const step = (numbers[row] as number) - (numbers[before] as number)
    if (Number.isNaN(step)) return
    steps++
    if (step < 0) falls++
  })
  const isGrowing = steps >= enoughSteps && falls === 0 && labels.length > 0
  return isGrowing ? `${quote(name)} only grows: a counter, or an id.` : ''
}

interface Judged {
  readonly column: Column
  readonly why: string
}

/** A name that says it, else the first field of numbers that changes and is no part of a date. */
function chosenTarget(open: readonly Judged[]): string[] {
  const isOften = ({ column }: Judged) => column.missing * 2 <= column.numbers.length
  const plain = open.filter(({ why }) => why === '')
  const likely = plain.filter((one) => isOften(one) && !isCalendarName(one.column.name))
  const best =
    likely.find(({ column }) => targetName.test(column.name)) ?? likely[0] ?? plain[0] ?? open[0]
  return best === undefined ? [] : [best.column.name]
}

function whyTargets(targets: readonly string[], isWanted: boolean, choices: number): string {
  const names = targets.map(quote).join(', ')
  if (isWanted) return `To predict: ${names}, as asked for.`
  if (choices === 1) return `To predict: ${names}, the one field of numbers.`
  const [name = ''] = targets
  const reason = targetName.test(name) ? 'by its name' : 'the first that is a measurement'
  const fields = counted(choices, 'field')
  return `To predict: ${names}, ${reason} of ${fields} of numbers. --target chooses another.`
}

/** Every row of an input that is no number is lost: such a field costs more than it tells. */
function isInput({ missing, wrong, numbers }: Column): boolean {
  return wrong === 0 && missing <= maxInputMissing * numbers.length
}

/** Fields such as `holiday+1` hold what `holiday` is one step ahead: then it is a known field. */
function knownFutures(names: readonly string[]): {
  readonly names: ReadonlySet<string>
  readonly known: readonly string[]
  readonly horizons: readonly number[]
} {
  const future = new Set<string>()
  const known = new Set<string>()
  const horizons = new Set<number>()
  for (const name of names) {
    const [, base, steps] = /^(.+)\+([1-9]\d{0,3})$/.exec(name) ?? []
    if (base === undefined || !names.includes(base)) continue
    future.add(name)
    known.add(base)
    horizons.add(Number(steps))
  }
  const ascending = [...horizons].sort((a, b) => a - b).slice(0, 64)
  return {
    names: future,
    known: [...known].filter((name) => !future.has(name)),
    horizons: ascending.length === 0 ? [1] : ascending,
  }
}

/** What a person should know of fields that are often missing or not what they should be. */
export function fieldRemarks(table: Table, { targets, inputs }: FieldsFinding): string[] {
  const rows = table.rows.length
  return table.columns
    .filter(({ name, missing }) => missing > 0 && [...targets, ...inputs].includes(name))
    .map(
      ({ name, missing }) => `${quote(name)} is missing in ${percent(missing / rows)} of the rows.`,
    )
}
