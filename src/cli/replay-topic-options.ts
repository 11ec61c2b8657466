import { startTimeMs } from '../config/start-time.ts'
import { integersOption, usageError } from './options.ts'

/** The options of a replay that make sense for a topic alone. */
export const topicOptions = {
  partition: { type: 'string', multiple: true },
  from: { type: 'string' },
  until: { type: 'string' },
} as const

/** A place in a partition, as the user names it. */
export type Bound =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | { readonly kind: 'time'; readonly timeMs: number }

/** Which records of a topic are meant. */
export interface TopicSelection {
  /** Ascending, each once; undefined for all. */
  readonly partitions: readonly number[] | undefined
  readonly from: Bound
  /** Not included. */
  readonly until: Bound
}

interface TopicValues {
  readonly partition?: string[] | undefined
  readonly from?: string | undefined
  readonly until?: string | undefined
}

/**
 * What `--partition`, `--from` and `--until` say; by default everything that is there.
 * @throws HeadraceError HEADRACE_USAGE
 */
export function topicSelection(values: TopicValues): TopicSelection {
  const { partition, from = 'earliest', until = 'latest' } = values
  const numbers = partition?.flatMap((list) => integersOption('--partition', list))
  if (numbers?.length === 0) throw usageError('--partition needs a number, such as 0 or 0,3.')
  const selection: TopicSelection = {
    partitions: numbers && [...new Set(numbers)].sort((a, b) => a - b),
    from: bound('--from', from),
    until: bound('--until', until),
  }
  if (isBackwards(selection.from, selection.until)) {
    throw usageError(`--until ${until} lies before --from ${from}.`)
  }
  return selection
}

/** @throws HeadraceError HEADRACE_USAGE where one of them is given, with a file as the input */
export function refuseTopicOptions(values: TopicValues): void {
  for (const name of ['partition', 'from', 'until'] as const) {
    if (values[name] === undefined) continue
    throw usageError(`--${name} chooses from a topic: it cannot go with FILE.`)
  }
}

/** A number is an offset; a time in milliseconds would look the same, so times are ISO 8601. */
function bound(option: string, text: string): Bound {
  if (text === 'earliest' || text === 'latest') return { kind: text }
  if (/^\d+$/.test(text)) return { kind: 'offset', offset: BigInt(text) }
  const timeMs = /^[+-]?\d*$/.test(text) ? null : startTimeMs(text)
  if (typeof timeMs === 'number') return { kind: 'time', timeMs }
  throw usageError(
    `${option} needs earliest, latest, an offset or a time such as 2024-07-01T00:00Z, ` +
      `not '${text}'.`,
  )
}

function isBackwards(from: Bound, until: Bound): boolean {
  if (from.kind === 'offset' && until.kind === 'offset') return until.offset < from.offset
  return from.kind === 'time' && until.kind === 'time' && until.timeMs < from.timeMs
}
