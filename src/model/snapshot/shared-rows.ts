import { Hash64 } from '../hash.ts'
import type { SharedArray } from '../state.ts'
import { invalid, openRow, readRow } from './row.ts'

/** Payload of a part, at most, in words: 256 KiB, so that slices can be cut between parts. */
const PART_WORDS = 65_536

/** Places of the fields. The shape is a hash of the arrays' names and lengths. */
const PART = 0
const PARTS = 1
const SHAPE_HIGH = 2
const SHAPE_LOW = 3

/** Rows that it takes to hold `arrays`. */
export function sharedParts(arrays: readonly SharedArray[]): number {
  return Math.max(1, Math.ceil(wordsIn(arrays) / PART_WORDS))
}

/** Part `part` of all words of `arrays`, one array behind the other. */
export function encodeShared(arrays: readonly SharedArray[], part: number): Uint8Array {
  const from = part * PART_WORDS
  const count = Math.min(PART_WORDS, wordsIn(arrays) - from)
  const row = openRow('shared', count)
  const { fields, payload } = row
  const shape = shapeOf(arrays)
  fields[PART] = part
  fields[PARTS] = sharedParts(arrays)
  fields[SHAPE_HIGH] = shape.finalHigh()
  fields[SHAPE_LOW] = shape.finalLow(fields[SHAPE_HIGH]!)
  forOverlaps(arrays, from, count, (words, at) => payload.set(words, at))
  return row.close()
}

/**
 * Writes a part back into `arrays` and returns its number. Throws what `readRow` throws, also where
 * the part was made of other arrays.
 */
export function decodeShared(arrays: readonly SharedArray[], bytes: Uint8Array): number {
  const { fields, payload } = readRow('shared', 'shared', bytes)
  const shape = shapeOf(arrays)
  const high = shape.finalHigh()
  const part = fields[PART]!
  const from = part * PART_WORDS
  const fits =
    fields[SHAPE_HIGH] === high &&
    fields[SHAPE_LOW] === shape.finalLow(high) &&
    fields[PARTS] === sharedParts(arrays) &&
    part < fields[PARTS] &&
    payload.length === Math.min(PART_WORDS, wordsIn(arrays) - from)
  if (!fits) throw invalid('What the sequences share has another shape in a snapshot.')
  forOverlaps(arrays, from, payload.length, (words, at) => {
    words.set(payload.subarray(at, at + words.length))
  })
  return part
}

/** Visits the words of `arrays` that lie in [from, from + count), with their place in it. */
function forOverlaps(
  arrays: readonly SharedArray[],
  from: number,
  count: number,
  visit: (words: Uint32Array, at: number) => void,
): void {
  let begin = 0
  for (const { array } of arrays) {
    const words = new Uint32Array(array.buffer, array.byteOffset, array.byteLength >>> 2)
    const first = Math.max(from, begin)
    const end = Math.min(from + count, begin + words.length)
    if (first < end) visit(words.subarray(first - begin, end - begin), first - from)
    begin += words.length
  }
}

function wordsIn(arrays: readonly SharedArray[]): number {
  return arrays.reduce((sum, { array }) => sum + (array.byteLength >>> 2), 0)
}

function shapeOf(arrays: readonly SharedArray[]): Hash64 {
  const hash = new Hash64()
  for (const { name, array } of arrays) {
    hash.text(name)
    hash.word(array.byteLength)
  }
  return hash
}
