import type { FieldReader } from './field-reader.ts'
import { forecastNeeds, sampleNames } from './needed-fields.ts'
import { readNumbers } from './number-fields.ts'
import { openReader, type ValueFormat } from './open-reader.ts'
import { type HeadFields, headNames, RecordHead } from './record-head.ts'
import type { DecodeFailure, FieldLayout, Sample } from './types.ts'
import { sampleSize } from './types.ts'

export { futureName, sampleNames } from './needed-fields.ts'

/** What the decoders of all kinds of tasks ask for; `fields` are those of their kind. */
export interface DecoderOptions<F = FieldLayout> extends ValueFormat, HeadFields {
  readonly fields: F
}

/** Bytes → sample, by rules that depend on the record and the configuration alone. */
export interface Decoder<S = Sample> {
  /** Filled by the last `decode` that returned null; its content is void after a failure. */
  readonly sample: S
  /** Returns null when the sample is filled, else why the record is a dead letter. Never throws. */
  decode(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): DecodeFailure | null
}

/**
 * Makes the decoder of one input of a `forecast` task. Throws `HeadraceError` where the named
 * columns of a CSV input lack a field that the configuration needs.
 */
export function createDecoder(options: DecoderOptions): Decoder {
  return new ForecastDecoder(options)
}

class ForecastDecoder implements Decoder {
  readonly sample: Sample
  readonly #reader: FieldReader
  readonly #head: RecordHead
  readonly #names: readonly string[]

  constructor(options: DecoderOptions) {
    const { fields } = options
    this.sample = { sequence: '', timeMs: null, values: new Float64Array(sampleSize(fields)) }
    this.#names = sampleNames(fields)
    const names = [...this.#names, ...headNames(options)]
    this.#reader = openReader(options, names, forecastNeeds(fields, options))
    this.#head = new RecordHead(this.#reader, options, this.#names.length, this.sample)
  }

  decode(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): DecodeFailure | null {
    return (
      this.#head.read(key, value, timestampMs) ??
      readNumbers(this.#reader, 0, this.#names, this.sample.values)
    )
  }
}
