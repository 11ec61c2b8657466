import { assert } from '../assert.ts'
import { forecastOf } from '../config/kinds.ts'
import type { Config } from '../config/schema.ts'
import { openKernel } from '../kernels/index.ts'
import { dimensionsOf } from '../model/dimensions.ts'
import { Model } from '../model/model.ts'
import type { Scored } from '../model/scored.ts'
import { createDecoder, type Decoder } from '../record/decoder.ts'
import type { DecodeFailure, Forecast, Sample } from '../record/types.ts'

/** What became of one record; one object, which tells of the newest. */
export interface Outcome {
  /** Not null: a dead letter, which the model has counted. */
  failure: DecodeFailure | null
  /** Valid when `failure` is null. */
  readonly forecast: Forecast
  /** Valid when `failure` is null. */
  readonly scored: Scored
}

/** A record as it was delivered. */
export interface Delivered {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** The record's own, in milliseconds. */
  readonly timestampMs: number | null
}

/** The way of a record through decoder and model of a forecast, without any transport. */
export class Processor {
  readonly model: Model
  /** Records that take about as long as one: on a device, as many as go there together. */
  readonly atOnce: number
  private readonly decoder: Decoder
  private readonly outcome: Outcome
  /** What was decoded of records that wait for the model, (rowsMax). */
  private readonly samples: readonly Sample[]
  private readonly failures: (DecodeFailure | null)[]

  /** `decoder`: for rows of a file, whose format and columns were found by looking at it. */
  constructor(anyConfig: Config, decoder?: Decoder) {
    const config = forecastOf(anyConfig, 'This processor')
    const kernel = openKernel(config.model.kernel)
    const model = new Model(config, kernel)
    this.model = model
    this.atOnce = kernel.device === 'host' ? 1 : model.rowsMax
    const { format, columns, time, key } = config.input
    const { fields } = dimensionsOf(config)
    assert(format !== 'bytes', 'bytes have no fields')
    this.decoder = decoder ?? createDecoder({ format, columns, time, key, fields })
    this.outcome = {
      failure: null,
      get forecast() {
        return model.forecast
      },
      get scored() {
        return model.scored
      },
    }
    const size = this.decoder.sample.values.length
    this.samples = Array.from({ length: model.rowsMax }, () => ({
      sequence: '',
      timeMs: null,
      values: new Float64Array(size),
    }))
    this.failures = new Array<DecodeFailure | null>(model.rowsMax).fill(null)
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

  /**
   * Takes in `records[from…until)` with the same bits as one by one, but faster where records of
   * several sequences come interleaved. Calls `visit` with the index and the outcome of each, in
   * their order; it must neither throw nor use the model but to look at `records` and the hash of
   * the chain, and the outcome is valid until it returns.
   */
  processMany(
    records: readonly Delivered[],
    from: number,
    until: number,
    visit: (index: number, outcome: Outcome) => void,
  ): void {
    const { rowsMax } = this.model
    for (let start = from; start < until; start += rowsMax) {
      const count = Math.min(rowsMax, until - start)
      this.decode(records, start, count)
      this.model.expect(this.samples, count)
      for (let i = 0; i < count; ) i += this.advance(records, start, i, count, visit)
    }
  }

  private decode(records: readonly Delivered[], start: number, count: number): void {
    const { decoder, samples, failures } = this
    const from = decoder.sample
    for (let i = 0; i < count; i++) {
      const { key, value, timestampMs } = records[start + i] as Delivered
      failures[i] = decoder.decode(key, value, timestampMs)
      if (failures[i] !== null) continue
      const to = samples[i] as Sample
      to.sequence = from.sequence
      to.timeMs = from.timeMs
      for (let v = 0; v < from.values.length; v++) to.values[v] = from.values[v] as number
    }
  }

  /** Takes in the i-th of `count` decoded records and those that go beside it; their number. */
  private advance(
    records: readonly Delivered[],
    start: number,
    i: number,
    count: number,
    visit: (index: number, outcome: Outcome) => void,
  ): number {
    const { model, outcome, samples, failures } = this
    outcome.failure = failures[i] as DecodeFailure | null
    if (outcome.failure !== null) {
      const { key, value } = records[start + i] as Delivered
      model.absorb(key, value, null)
      model.skip()
      visit(start + i, outcome)
      return 1
    }
    let end = i + 1
    while (end < count && failures[end] === null) end++
    const rows = model.beginSteps(samples, i, end)
    for (let j = i; j < i + rows; j++) {
      const { key, value } = records[start + j] as Delivered
      model.absorb(key, value, (samples[j] as Sample).timeMs)
      model.finishStep()
      visit(start + j, outcome)
    }
    return rows
  }
}
