import type { AuditBegin, AuditReport, Provable } from '../task/verify/audit.ts'
import type { Difference } from '../task/verify/difference.ts'
import { grouped } from './table.ts'

/** Characters of an expected or found value, at most: in JSON, and for people around the place. */
const textMax = 10_000
const excerptMax = 72

/** What became of one partition. */
export interface PartitionOutcome extends AuditReport {
  /** What `run` would refuse the partition with: then there is no other report. */
  readonly error: { readonly code: string; readonly message: string } | null
  readonly seconds: number
}

/** Whether everything that was asked for is proven. */
export function isProven({ status, error }: PartitionOutcome): boolean {
  return error === null && (status === 'verified' || status === 'empty')
}

/** The object of `--json`. */
export function verifyJson(application: string, outcomes: readonly PartitionOutcome[]) {
  const sum = (of: 'predictions' | 'deadLetters' | 'commits') =>
    outcomes.reduce((total, { result }) => total + (result?.[of] ?? 0), 0)
  return {
    application,
    verified: outcomes.every(isProven),
    predictions: sum('predictions'),
    deadLetters: sum('deadLetters'),
    commits: sum('commits'),
    partitions: outcomes.map(partitionJson),
  }
}

function partitionJson(outcome: PartitionOutcome) {
  const { partition, status, provable, begin, result, reason, error, seconds } = outcome
  return {
    partition,
    status: error === null ? status : 'refused',
    ...(provable === null
      ? {}
      : {
          provable: {
            from: Number(provable.from),
            deadLettersFrom: Number(provable.deadLettersFrom),
            until: Number(provable.until),
          },
        }),
    ...(begin === null ? {} : { begin: beginJson(begin) }),
    ...(result === null
      ? {}
      : {
          until: Number(result.until),
          records: result.records,
          predictions: result.predictions,
          deadLetters: result.deadLetters,
          commits: result.commits,
          snapshots: result.snapshots,
        }),
    seconds,
    ...(result === null || result.difference === null
      ? {}
      : { difference: differenceJson(result.difference) }),
    ...(reason === null ? {} : { reason }),
    ...(error === null ? {} : { error }),
  }
}

function beginJson({ kind, number, records, offset }: AuditBegin) {
  return { kind, ...(number > 0 ? { snapshot: number } : {}), records, offset: Number(offset) }
}

function differenceJson(difference: Difference) {
  const { kind, topic, inputOffset, outputOffset, expected, found } = difference
  return {
    kind,
    topic,
    inputOffset: inputOffset === null ? null : Number(inputOffset),
    outputOffset: outputOffset === null ? null : Number(outputOffset),
    expected: expected.slice(0, textMax),
    found: found.slice(0, textMax),
  }
}

/** The lines for people. */
export function verifyLines(outcomes: readonly PartitionOutcome[]): string[] {
  const lines = outcomes.flatMap((outcome) => {
    const [first = '', ...others] = outcomeLines(outcome)
    return [`partition ${outcome.partition}: ${first}`, ...others.map((line) => `  ${line}`)]
  })
  if (outcomes.length > 1) lines.push(totalLine(outcomes))
  return lines
}

function totalLine(outcomes: readonly PartitionOutcome[]): string {
  const proven = outcomes.filter(isProven)
  const sum = (of: 'predictions' | 'commits') =>
    proven.reduce((total, { result }) => total + (result?.[of] ?? 0), 0)
  return (
    `${proven.length} of ${outcomes.length} partitions: ` +
    `${counted(sum('predictions'), 'prediction')}, ${counted(sum('commits'), 'commit')} verified`
  )
}

function outcomeLines(outcome: PartitionOutcome): string[] {
  const { status, provable, begin, result, reason, error } = outcome
  if (error !== null) return [error.message]
  if (status === 'empty') return ['nothing was published yet']
  if (status === 'unprovable') return [`nothing can be proven: ${reason}`]
  if (provable === null || begin === null) return [status]
  const range = rangeText(provable)
  if (status === 'outside' || result === null) {
    return [`asked for more than can be proven: ${range}`, beginText(begin)]
  }
  const { predictions, deadLetters, commits, snapshots, difference } = result
  const counts =
    `${counted(predictions, 'prediction')}, ${counted(commits, 'commit')} verified` +
    (deadLetters > 0 ? `, ${counted(deadLetters, 'dead letter')}` : '') +
    (snapshots > 0 ? `, ${counted(snapshots, 'snapshot')}` : '')
  if (status === 'interrupted') {
    return [`interrupted at input offset ${result.until}: ${counts} so far`, range]
  }
  if (difference === null) return [counts, `can prove ${range}; ${beginText(begin)}`]
  return [...differenceLines(difference), `${counts} before it`, beginText(begin)]
}

function differenceLines(difference: Difference): string[] {
  const { kind, topic, inputOffset, outputOffset, expected, found } = difference
  const places = [
    inputOffset === null ? null : `input offset ${inputOffset}`,
    outputOffset === null ? null : `offset ${outputOffset} in the ${topic}`,
  ].filter((place) => place !== null)
  const where = places.length === 0 ? topic : places.join(', ')
  const at = firstDifferent(expected, found)
  return [
    `DIFFERENT: ${kind}, ${where}${outputOffset === null ? ` (${topic})` : ''}`,
    `expected ${excerpt(expected, at)}`,
    `found    ${excerpt(found, at)}`,
  ]
}

function beginText({ kind, number, records, offset }: AuditBegin): string {
  const names = {
    input: 'computed from the first record on',
    snapshot: `computed from snapshot ${number} on`,
    state: 'computed from the state in the file on',
  }
  const after = records === 0 ? '' : `, after ${grouped(records)} records`
  return `${names[kind]} (input offset ${offset}${after})`
}

function rangeText({ from, deadLettersFrom, until }: Provable): string {
  if (from >= until) return 'no input offsets'
  const letters = deadLettersFrom > from ? ` (dead letters from ${deadLettersFrom} on)` : ''
  return `input offsets ${from} to ${until - 1n}${letters}`
}

function firstDifferent(a: string, b: string): number {
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  return i
}

/** The text around a place. */
function excerpt(text: string, at: number): string {
  if (text.length <= excerptMax) return text
  const from = Math.max(0, Math.min(at - excerptMax / 3, text.length - excerptMax))
  const piece = text.slice(from, from + excerptMax)
  return `${from > 0 ? '…' : ''}${piece}${from + excerptMax < text.length ? '…' : ''}`
}

function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}
