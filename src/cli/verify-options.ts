import { integerOption, integersOption, usageError } from './options.ts'

/** The options of `headrace verify` beside those of the configuration. */
export const verifyOptions = {
  partition: { type: 'string', multiple: true },
  from: { type: 'string' },
  until: { type: 'string' },
  state: { type: 'string', multiple: true },
} as const

/** What is to be verified. */
export interface VerifySelection {
  /** Ascending, each once; undefined for all. */
  readonly partitions: readonly number[] | undefined
  /** Input offsets; null: all that can be proven. */
  readonly from: bigint | null
  /** Not included. */
  readonly until: bigint | null
}

interface VerifyValues {
  readonly partition?: string[] | undefined
  readonly from?: string | undefined
  readonly until?: string | undefined
}

/** @throws HeadraceError HEADRACE_USAGE */
export function verifySelection(values: VerifyValues): VerifySelection {
  const numbers = values.partition?.flatMap((list) => integersOption('--partition', list))
  if (numbers?.length === 0) throw usageError('--partition needs a number, such as 0 or 0,3.')
  const from = offsetOption('--from', values.from)
  const until = offsetOption('--until', values.until)
  if (from !== null && until !== null && until < from) {
    throw usageError(`--until ${until} lies before --from ${from}.`)
  }
  return { partitions: numbers && [...new Set(numbers)].sort((a, b) => a - b), from, until }
}

/**
 * The partitions that are meant, of those that are there.
 * @throws HeadraceError HEADRACE_USAGE
 */
export function choosePartitions(
  topic: string,
  existing: readonly number[],
  { partitions, from, until }: VerifySelection,
): readonly number[] {
  const absent = partitions?.find((partition) => !existing.includes(partition))
  if (absent !== undefined) {
    const last = existing.at(-1)
    const has = last === 0 ? 'only partition 0' : `partitions 0 to ${last}`
    throw usageError(`Topic ${topic} has no partition ${absent}: it has ${has}.`)
  }
  const chosen = partitions ?? existing
  if (chosen.length > 1 && (from !== null || until !== null)) {
    throw usageError(
      `Topic ${topic} has ${existing.length} partitions, and an offset belongs to one: choose it ` +
        'by --partition N.',
    )
  }
  return chosen
}

function offsetOption(name: string, text: string | undefined): bigint | null {
  return text === undefined ? null : BigInt(integerOption(name, text))
}
