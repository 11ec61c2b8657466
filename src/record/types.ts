/** Which numeric fields a sample carries, and where. Derived from `task` of the configuration. */
export interface FieldLayout {
  /** D names. */
  readonly targets: readonly string[]
  /** Further numeric fields that the network sees. */
  readonly inputs: readonly string[]
  /** Fields whose value at the target's time is known when predicting. */
  readonly known: readonly string[]
  /** K horizons in steps of a sequence, ascending. */
  readonly horizons: readonly number[]
}

/**
 * One decoded record. A decoder owns one sample and fills it anew for each record: copy what is
 * kept.
 */
export interface Sample {
  /** Name of the sequence: the key as UTF-8, hex where it is not valid UTF-8, '' without a key. */
  sequence: string
  /** Event time in whole milliseconds since the epoch; null where there is none. */
  timeMs: number | null
  /**
   * targets (D), inputs (I), known now (N), known at +k (K, N), in this order, each in the order of
   * `FieldLayout`. NaN = missing.
   */
  readonly values: Float64Array
}

/** Number of values in a sample of this layout: D + I + N + K × N. */
export function sampleSize(fields: FieldLayout): number {
  return (
    fields.targets.length +
    fields.inputs.length +
    fields.known.length * (1 + fields.horizons.length)
  )
}

/**
 * What the model says after one record. The model owns one forecast and fills it anew for each
 * record. D targets, K horizons, L interval levels; NaN = not known.
 */
export interface Forecast {
  sequence: string
  timeMs: number | null
  /** Event time of each horizon's target in milliseconds since the epoch, (K). */
  readonly forMs: Float64Array
  /** (K, D) */
  readonly means: Float64Array
  /** lower and upper bound of each level, (K, D, L, 2) */
  readonly bounds: Float64Array
  /** This record's targets, (D). */
  readonly observed: Float64Array
  /** What the smallest horizon had predicted for this record, (D). */
  readonly predicted: Float64Array
  /**
   * How unlikely the smallest horizon held this record's targets: the share of the sequence's
   * recent ones that it held less unlikely, 0 to 1, (D). NaN before there was a density.
   */
  readonly surprise: Float64Array
  /** 1 where this record has shown that the target's errors have risen for good: a drift, (D). */
  readonly drifts: Uint8Array
  /** Records of the partition the model has taken in, this one included. */
  records: number
  /** Updates of the network weights so far. */
  updates: number
}

/** Why a record cannot be used: becomes the headers of its dead letter. */
export interface DecodeFailure {
  readonly code: `HEADRACE_RECORD_${string}`
  /** What is wrong and where in the value, bounded in length whatever the input. */
  readonly message: string
}
