import type { Config } from '../config/schema.ts'
import { openKernel } from '../kernels/index.ts'
import { dimensionsOf } from '../model/dimensions.ts'
import { Model } from '../model/model.ts'
import type { Scored } from '../model/scored.ts'
import { createDecoder, type Decoder } from '../record/decoder.ts'
import type { DecodeFailure, Forecast } from '../record/types.ts'

/** What became of one record; one object, filled anew for each. */
export interface Outcome {
  /** Not null: a dead letter, which the model has counted. */
  failure: DecodeFailure | null
  /** Valid when `failure` is null. */
  readonly forecast: Forecast
  /** Valid when `failure` is null. */
  readonly scored: Scored
}

/** The way of a record through decoder and model, without any transport. */
export class Processor {
  readonly model: Model
  private readonly decoder: Decoder
  private readonly outcome: Outcome

  /** `decoder`: for rows of a file, whose format and columns were found by looking at it. */
  constructor(config: Config, decoder?: Decoder) {
    this.model = new Model(config, openKernel(config.model.kernel))
    const { format, columns, time, key } = config.input
    const { fields } = dimensionsOf(config)
    this.decoder = decoder ?? createDecoder({ format, columns, time, key, fields })
    const { forecast, scored } = this.model
    this.outcome = { failure: null, forecast, scored }
  }

  /**
   * Takes in one record: key and value as they were delivered, the record's timestamp in
   * milliseconds. The result is valid until the next call.
   */
  process(key: Uint8Array | null, value: Uint8Array | null, timestampMs: number | null): Outcome {
    const { model, decoder, outcome } = this
    outcome.failure = decoder.decode(key, value, timestampMs)
    const usable = outcome.failure === null
    model.absorb(key, value, usable ? decoder.sample.timeMs : null)
    if (usable) model.step(decoder.sample)
    else model.skip()
    return outcome
  }
}
