import { HeadraceError } from '../../errors.ts'
import { Hash64 } from '../hash.ts'

/**
 * A row of a snapshot in bytes, all of it 32-bit words, little-endian as the state itself:
 *
 *     magic, format version, kind, words in all, then what `fields` says of the kind (4 words),
 *     the payload, and a 64-bit checksum over all before it
 */
const MAGIC = 0x57535248
const FORMAT_VERSION = 1

const ROW_KIND = { shared: 1, sequence: 2, page: 3 } as const

type RowKind = keyof typeof ROW_KIND

/** Words of a row's own fields, and where its payload begins. */
const FIELDS_AT = 4
const FIELDS = 4
const PAYLOAD_AT = FIELDS_AT + FIELDS
const CHECKSUM_WORDS = 2

/** Bytes of a row around its payload. */
export const FRAME_BYTES = 4 * (PAYLOAD_AT + CHECKSUM_WORDS)

export interface Row {
  /** (4), their meaning is the kind's. */
  readonly fields: Uint32Array
  readonly payload: Uint32Array
}

/** An empty row: the caller fills fields and payload, then calls `close`. */
export function openRow(kind: RowKind, payloadWords: number): Row & { close(): Uint8Array } {
  const words = new Uint32Array(PAYLOAD_AT + payloadWords + CHECKSUM_WORDS)
  words[0] = MAGIC
  words[1] = FORMAT_VERSION
  words[2] = ROW_KIND[kind]
  words[3] = words.length
  return {
    ...partsOf(words),
    close: () => {
      const end = words.length - CHECKSUM_WORDS
      const hash = checksum(words, end)
      words[end] = hash.finalHigh()
      words[end + 1] = hash.finalLow(words[end]!)
      return new Uint8Array(words.buffer)
    },
  }
}

/**
 * Reads a row. Throws `HEADRACE_TASK_FORMAT_NEWER` for a format of a later version, and
 * `HEADRACE_TASK_SNAPSHOT_INVALID` for anything that `openRow` has not made.
 */
export function readRow(kind: RowKind, name: string, bytes: Uint8Array): Row {
  const what = `The row '${name}' of a snapshot`
  if (bytes.length % 4 !== 0 || bytes.length < FRAME_BYTES) {
    throw invalid(`${what} has ${bytes.length} bytes, which no row has.`)
  }
  const words = wordsOf(bytes)
  if (words[0] !== MAGIC) throw invalid(`${what} does not begin as a row does.`)
  const end = words.length - CHECKSUM_WORDS
  const hash = checksum(words, end)
  const high = hash.finalHigh()
  const whole = words[end] === high && words[end + 1] === hash.finalLow(high)
  // A later version may compute its checksum in another way.
  if (words[1]! > FORMAT_VERSION) throw newer(what, words[1]!)
  if (!whole) throw invalid(`${what} does not have the checksum that it states.`)
  if (words[1] !== FORMAT_VERSION || words[2] !== ROW_KIND[kind] || words[3] !== words.length) {
    throw invalid(`${what} is of another kind or length than its place says.`)
  }
  return partsOf(words)
}

/** What a snapshot that cannot be restored is refused with; `what` is a whole sentence. */
export function invalid(what: string): HeadraceError {
  return new HeadraceError(
    'HEADRACE_TASK_SNAPSHOT_INVALID',
    `${what} While the input still holds all records from the first offset of the application ` +
      'on, learn it anew: under a new application name, or after `headrace topics --reset`.',
  )
}

function newer(what: string, format: number): HeadraceError {
  return new HeadraceError(
    'HEADRACE_TASK_FORMAT_NEWER',
    `${what} has format ${format}; this version of headrace reads up to format ` +
      `${FORMAT_VERSION}. Run the newer version.`,
  )
}

function partsOf(words: Uint32Array): Row {
  return {
    fields: words.subarray(FIELDS_AT, PAYLOAD_AT),
    payload: words.subarray(PAYLOAD_AT, words.length - CHECKSUM_WORDS),
  }
}

function checksum(words: Uint32Array, count: number): Hash64 {
  const hash = new Hash64()
  hash.words(words, 0, count)
  return hash
}

/** The bytes as words; a copy where they do not lie on a word's boundary. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const { buffer, byteOffset } = byteOffsetIsWhole(bytes) ? bytes : bytes.slice()
  return new Uint32Array(buffer, byteOffset, bytes.length >>> 2)
}

function byteOffsetIsWhole({ byteOffset }: Uint8Array): boolean {
  return byteOffset % 4 === 0
}
