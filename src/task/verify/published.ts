/** A header's value; a name that a record has several times has all its values. */
export type PublishedHeader = string | Uint8Array | null | readonly (Uint8Array | null)[]

/** A record of an output topic, as a reader finds it. */
export interface Published {
  readonly offset: bigint
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: Readonly<Record<string, PublishedHeader>>
}

/** The header on the last output record of a transaction, see `commitHeader`. */
export const commitHeaderName = 'headrace-commit'

/** What that header says. */
export interface CommitMark {
  readonly records: number
  readonly chainHash: string
}

/** Characters that hold the beginning of a prediction. */
const headMax = 40

/** Offset of the input record that a prediction says it is of; null for what is none of ours. */
export function predictionSource({ value }: Published): bigint | null {
  if (value === null) return null
  const head = bufferOf(value).toString('latin1', 0, headMax)
  const [, offset] = /^\{"offset":(\d{1,19}),/.exec(head) ?? []
  return offset === undefined ? null : BigInt(offset)
}

/** The same for a dead letter. */
export function deadLetterSource({ headers }: Published): bigint | null {
  const offset = headerText(headers['headrace-source-offset'])
  return offset !== null && /^\d{1,19}$/.test(offset) ? BigInt(offset) : null
}

/** Null: the record carries no such header; 'invalid': it is none of ours. */
export function commitMark({ headers }: Published): CommitMark | 'invalid' | null {
  const header = headers[commitHeaderName]
  if (header === undefined) return null
  try {
    const { records, chainHash } = JSON.parse(headerText(header) ?? '') as Partial<CommitMark>
    const isOurs = typeof records === 'number' && typeof chainHash === 'string'
    return isOurs ? { records, chainHash } : 'invalid'
  } catch {
    return 'invalid'
  }
}

/** Whether headers are equal, the one of the commit left out. */
export function hasHeaders(
  found: Published['headers'],
  expected: Readonly<Record<string, string | Uint8Array>>,
): boolean {
  let count = 0
  for (const [name, value] of Object.entries(found)) {
    if (name === commitHeaderName) continue
    const wanted = expected[name]
    if (wanted === undefined || !isSameHeader(value, wanted)) return false
    count++
  }
  return count === Object.keys(expected).length
}

/** Whether two byte strings are equal; null is equal to null alone. */
export function isSameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b
  return a.length === b.length && bufferOf(a).equals(b)
}

/** The text of a header that a record has once; null for others. */
export function headerText(header: PublishedHeader | undefined): string | null {
  if (typeof header === 'string') return header
  return header instanceof Uint8Array ? bufferOf(header).toString() : null
}

/** The same memory. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function isSameHeader(found: PublishedHeader, wanted: string | Uint8Array): boolean {
  const bytes = typeof found === 'string' ? Buffer.from(found) : found
  return bytes instanceof Uint8Array && isSameBytes(bytes, Buffer.from(wanted))
}
