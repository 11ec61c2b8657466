import { assert } from '../../assert.ts'
import type { InputRecord } from '../ports.ts'

/** Doubles that describe one record: offset, timestamp, bytes of key and value (−1 = null). */
const FIELDS = 4
const NULL = -1

/**
 * A hand-over of input records from the main thread to an engine: one fresh buffer, transferred.
 * First (n, 4) doubles, see above, then the bytes of keys and values one after the other.
 */
export interface PackedRecords {
  /** Records handed over before these in the life of the engine. */
  readonly first: number
  readonly count: number
  readonly buffer: ArrayBuffer
  /** Position behind the last of them, markers included. */
  readonly nextOffset: bigint
}

/** Copies records into a buffer of their own. */
export function packRecords(
  records: readonly InputRecord[],
  place: { readonly first: number; readonly nextOffset: bigint },
): PackedRecords {
  const count = records.length
  let size = 8 * FIELDS * count
  for (const { key, value } of records) size += (key?.length ?? 0) + (value?.length ?? 0)
  const buffer = new ArrayBuffer(size)
  const fields = new Float64Array(buffer, 0, FIELDS * count)
  const bytes = new Uint8Array(buffer)
  let to = 8 * FIELDS * count
  for (let i = 0; i < count; i++) {
    const { offset, timestampMs, key, value } = records[i] as InputRecord
    const at = FIELDS * i
    fields[at] = exact(offset)
    fields[at + 1] = timestampMs
    fields[at + 2] = key === null ? NULL : key.length
    fields[at + 3] = value === null ? NULL : value.length
    if (key !== null) bytes.set(key, to)
    to += key?.length ?? 0
    if (value !== null) bytes.set(value, to)
    to += value?.length ?? 0
  }
  return { first: place.first, count, buffer, nextOffset: place.nextOffset }
}

/** The records again; their keys and values are views into the buffer. */
export function unpackRecords({ count, buffer }: PackedRecords): InputRecord[] {
  const fields = new Float64Array(buffer, 0, FIELDS * count)
  const bytes = new Uint8Array(buffer)
  let from = 8 * FIELDS * count
  const take = (length: number): Uint8Array | null => {
    if (length === NULL) return null
    from += length
    return bytes.subarray(from - length, from)
  }
  const records: InputRecord[] = []
  for (let at = 0; at < FIELDS * count; at += FIELDS) {
    const key = take(fields[at + 2] as number)
    const value = take(fields[at + 3] as number)
    const [offset, timestampMs] = [BigInt(fields[at] as number), fields[at + 1] as number]
    records.push({ offset, timestampMs, key, value })
  }
  return records
}

function exact(offset: bigint): number {
  const number = Number(offset)
  assert(Number.isSafeInteger(number), 'an offset is exact as a double')
  return number
}
