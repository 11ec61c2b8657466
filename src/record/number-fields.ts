import { describe, failure, fieldText } from './failure.ts'
import type { FieldReader } from './field-reader.ts'
import type { DecodeFailure } from './types.ts'

const maxMagnitude = 1e15

/**
 * Numeric fields → `values`, one for each name; NaN = missing. The fields of `names` are those from
 * `first` on in the reader. Returns why a value cannot be used, null where all can.
 */
export function readNumbers(
  reader: FieldReader,
  first: number,
  names: readonly string[],
  values: Float64Array,
): DecodeFailure | null {
  for (let i = 0; i < values.length; i++) {
    const value = reader.number(first + i)
    if (value === undefined || value === null) {
      values[i] = Number.NaN
    } else if (typeof value !== 'number' || !(Math.abs(value) <= maxMagnitude)) {
      return unusable(names[i] as string, value)
    } else {
      // Adding zero turns −0 into 0: the two must not lead to different bits.
      values[i] = value + 0
    }
  }
  return null
}

function unusable(name: string, value: unknown): DecodeFailure {
  if (typeof value !== 'number') {
    return failure(
      'HEADRACE_RECORD_WRONG_TYPE',
      `${fieldText(name)} must be a number; it is ${describe(value)}.`,
    )
  }
  if (!Number.isFinite(value)) {
    return failure('HEADRACE_RECORD_NOT_FINITE', `${fieldText(name)} is not finite.`)
  }
  return failure('HEADRACE_RECORD_OUT_OF_RANGE', `${fieldText(name)} is ${value}, beyond ± 1e15.`)
}
