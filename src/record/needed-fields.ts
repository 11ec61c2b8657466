import { HeadraceError } from '../errors.ts'
import { quote } from './failure.ts'
import type { HeadFields } from './record-head.ts'
import type { FieldLayout, SupervisedFields, SymbolsFields } from './types.ts'

/** The fields that a configuration reads. */
export interface NeededFields {
  /** A CSV has a column for each. */
  readonly columns: readonly string[]
  /** Those of them that may come seldom, or late, in a file of JSON. */
  readonly seldom: readonly string[]
  /** Of each list one must be there as a column; the first names it in messages. */
  readonly oneOf: readonly (readonly string[])[]
}

/** The field that holds `known` at the target's time, `horizon` steps ahead. */
export function futureName(known: string, horizon: number): string {
  return `${known}+${horizon}`
}

/** The names of a forecast sample's values, in their order. */
export function sampleNames(fields: FieldLayout): string[] {
  const future = fields.horizons.flatMap((horizon) =>
    fields.known.map((known) => futureName(known, horizon)),
  )
  return [...fields.targets, ...fields.inputs, ...fields.known, ...future]
}

/** A known field may lack its future or its present, not both. */
export function forecastNeeds(fields: FieldLayout, head: HeadFields): NeededFields {
  return {
    columns: [...fields.targets, ...fields.inputs, ...namesOf(head)],
    seldom: fields.inputs,
    oneOf: fields.known.map((known) => [
      known,
      ...fields.horizons.map((horizon) => futureName(known, horizon)),
    ]),
  }
}

export function symbolsNeeds({ field, end }: SymbolsFields, head: HeadFields): NeededFields {
  const seldom = end === undefined ? [] : [end]
  const columns = [...(field === undefined ? [] : [field]), ...seldom, ...namesOf(head)]
  return { columns, seldom, oneOf: [] }
}

/** Labels that can be joined may all come late; without an identifier they come with the inputs. */
export function supervisedNeeds(fields: SupervisedFields, head: HeadFields): NeededFields {
  const { inputs, categorical, targets, id } = fields
  const own = [...targets, ...inputs, ...categorical]
  const columns = [...own, ...(id === undefined ? [] : [id]), ...namesOf(head)]
  const seldom = id === undefined ? [...inputs, ...categorical] : own
  return { columns, seldom, oneOf: [] }
}

/** The fields that are not among `names`, the columns of a CSV, though it must have them. */
export function absentColumns(needs: NeededFields, names: readonly string[]): string[] {
  const missing = needs.columns.filter((name) => !names.includes(name))
  const groups = needs.oneOf.filter((forms) => !forms.some((form) => names.includes(form)))
  return [...missing, ...groups.flatMap((forms) => forms.slice(0, 1))]
}

/** Throws `HeadraceError` where there are no columns, or without a field that is needed. */
export function checkColumns(
  columns: readonly string[] | undefined,
  needs: NeededFields,
): asserts columns is readonly string[] {
  if (columns === undefined) {
    throw new HeadraceError(
      'HEADRACE_INPUT_COLUMNS',
      'input.format csv needs input.columns: the names of the cells of a line, in their order.',
    )
  }
  const absent = absentColumns(needs, columns)
  if (absent.length === 0) return
  const names = absent.map(quote).join(', ')
  throw new HeadraceError(
    'HEADRACE_INPUT_COLUMNS',
    `input.columns lacks ${names}; it has ${columns.map(quote).join(', ')}.`,
  )
}

function namesOf({ time, key }: HeadFields): string[] {
  return [time, key].filter((name) => name !== undefined)
}
