import type { Expected } from './expected.ts'
import type { OutputCursor } from './output-cursor.ts'
import {
  bufferOf,
  commitHeaderName,
  hasHeaders,
  headerText,
  isSameBytes,
  type Published,
} from './published.ts'

/** How what was published differs from what the model says. */
export type DifferenceKind =
  | 'missing'
  | 'duplicate'
  | 'unexpected'
  | 'reordered'
  | 'other key'
  | 'other value'
  | 'other headers'
  | 'commit header'
  | 'record count'
  | 'chain hash'
  | 'weights hash'
  | 'state hash'

/** The first place at which a partition's log and the model differ. */
export interface Difference {
  readonly kind: DifferenceKind
  readonly topic: 'predictions' | 'dead letters' | 'changelog'
  /** Of the input record; null where there is none to name. */
  readonly inputOffset: bigint | null
  /** Of the record in the output topic; null where none is there. */
  readonly outputOffset: bigint | null
  /** What the model says, as text. */
  readonly expected: string
  /** What was found, as text. */
  readonly found: string
}

const nothing = 'no record'

/** Whether a published record is what the model says. Null values and headers count. */
export function isEqual(expected: Expected, found: Published): boolean {
  const { key, value, headers } = expected
  return (
    isSameBytes(key, found.key) &&
    isSameBytes(value, found.value) &&
    hasHeaders(found.headers, headers)
  )
}

/** What is wrong with the head of `cursor`, which is not what is expected, or with its absence. */
export async function explain(expected: Expected, cursor: OutputCursor): Promise<Difference> {
  const { head } = cursor
  if (head === undefined) return differenceOf('missing', expected, undefined, nothing)
  const source = cursor.sourceOf(head)
  if (source === expected.offset) {
    if (!isSameBytes(expected.key, head.key)) {
      return differenceOf('other key', expected, head, textOf(head.key), textOf(expected.key))
    }
    if (isSameBytes(expected.value, head.value)) {
      const [wanted, found] = [headersText(expected.headers), headersText(head.headers)]
      return differenceOf('other headers', expected, head, found, wanted)
    }
    return differenceOf('other value', expected, head, textOf(head.value))
  }
  if (source === null) return differenceOf('unexpected', expected, head, textOf(head.value))
  if (source < expected.offset) {
    return differenceOf('duplicate', expected, head, textOf(head.value))
  }
  const kind = (await cursor.isAhead(expected.offset)) ? 'reordered' : 'missing'
  return differenceOf(kind, expected, head, textOf(head.value))
}

/** A difference at one output record. */
export function differenceOf(
  kind: DifferenceKind,
  { kind: output, offset, value }: Expected,
  head: Published | undefined,
  found: string,
  expected: string = textOf(value),
): Difference {
  return {
    kind,
    topic: output === 'prediction' ? 'predictions' : 'dead letters',
    inputOffset: offset,
    outputOffset: head?.offset ?? null,
    expected,
    found,
  }
}

/** A record that nothing calls for, behind everything that was expected. */
export function surplus(
  topic: Difference['topic'],
  head: Published,
  source: bigint | null,
  isPublished: boolean,
): Difference {
  return {
    kind: source !== null && isPublished ? 'duplicate' : 'unexpected',
    topic,
    inputOffset: source,
    outputOffset: head.offset,
    expected: nothing,
    found: textOf(head.value),
  }
}

/** Bytes for people. */
function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : bufferOf(bytes).toString()
}

function headersText(headers: Published['headers']): string {
  const entries = Object.entries(headers)
    .filter(([name]) => name !== commitHeaderName)
    .map(([name, value]) => [name, headerText(value) ?? value])
  return JSON.stringify(Object.fromEntries(entries))
}
