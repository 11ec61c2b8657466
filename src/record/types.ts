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

/** Which fields a `symbols` task reads; `task` of its configuration is one. */
export interface SymbolsFields {
  /** Absent with records of bytes alone. */
  readonly field?: string | undefined
  readonly end?: string | undefined
  readonly alphabet: 'bytes' | 'auto' | readonly string[]
}

/** Which fields a `supervised` task reads; `task` of its configuration is one. */
export interface SupervisedFields {
  /** I names. */
  readonly inputs: readonly string[]
  /** C names. */
  readonly categorical: readonly string[]
  /** D names. */
  readonly targets: readonly string[]
  readonly type: 'regression' | 'classification'
  readonly id?: string | undefined
}

/** One decoded record of a `symbols` task; owned by its decoder and filled anew for each. */
export interface SymbolSample {
  sequence: string
  timeMs: number | null
  /** With `alphabet: bytes`: its symbols, valid until the next record; else empty. */
  bytes: Uint8Array
  /** With any other alphabet: its one symbol; null where the field is missing. */
  token: string | null
  /** The sequence ends behind it. */
  end: boolean
}

/** One decoded record of a `supervised` task; owned by its decoder and filled anew for each. */
export interface SupervisedSample {
  sequence: string
  timeMs: number | null
  /** What joins a label that comes later to its record; null without. */
  id: string | null
  /** Whether any of the inputs is there: false for a record that only brings a label. */
  hasInputs: boolean
  /** Numeric inputs, (I); NaN = missing. */
  readonly inputs: Float64Array
  /** Categorical inputs as text, (C): a number as its shortest decimal; null = missing. */
  readonly categories: (string | null)[]
  /** Regression: targets, (D); NaN = missing. */
  readonly values: Float64Array
  /** Classification: names of classes, (D), a number as its shortest decimal; null = missing. */
  readonly classes: (string | null)[]
}

/** The symbols expected next, the most likely first. */
export interface NextSymbols {
  count: number
  /** Numbers of the symbols in the alphabet, (k). */
  readonly symbols: Int32Array
  /** (k) */
  readonly probabilities: Float64Array
}

/** What the model of a `symbols` task says after one record; it owns one and fills it anew. */
export interface SymbolsForecast {
  sequence: string
  timeMs: number | null
  readonly next: NextSymbols
  /** Symbols of the record, the bits that they cost, and their surprise as a rank, 0 to 1. */
  readonly observed: { symbols: number; bits: number; surprise: number }
  records: number
  updates: number
}

/**
 * What the model of a `supervised` task says after one record; it owns one and fills it anew.
 * D targets, L interval levels, C classes known so far; NaN = not known.
 */
export interface SupervisedForecast {
  sequence: string
  timeMs: number | null
  id: string | null
  /** False for a record that only brought a label: nothing was predicted. */
  isPrediction: boolean
  /** Regression, (D). */
  readonly means: Float64Array
  /** Regression: lower and upper bound of each level, (D, L, 2). */
  readonly bounds: Float64Array
  /** Classification: names of the classes of each target in the order of `probabilities`. */
  readonly classes: readonly (readonly string[])[]
  /** Classification: probabilities of the classes of each target, (D, maxClasses). */
  readonly probabilities: Float64Array
  /** Labels that this record has brought, with what had been predicted for them, (D). */
  readonly observed: readonly ObservedLabel[]
  records: number
  updates: number
}

/** A label that has come. */
export interface ObservedLabel {
  /** False: this record brought none for this target. */
  present: boolean
  /** Regression; NaN otherwise. */
  value: number
  /** Classification; null otherwise. */
  class: string | null
  /** Records between prediction and label, 0 in the same record; −1: there was no prediction. */
  delay: number
  /** As it was predicted then: mean, or the probability that the class was given; NaN = none. */
  predicted: number
  /** The most likely class as it was predicted then; null otherwise. */
  predictedClass: string | null
  /** Whether it corrects a label that had come before. */
  corrected: boolean
}
