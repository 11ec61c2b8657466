import { assert } from '../assert.ts'
import { ByteWriter, Piece } from './byte-writer.ts'
import { OutputFrame } from './output-frame.ts'
import { TimeWriter } from './time-writer.ts'
import type { FieldLayout, Forecast } from './types.ts'

export interface ForecastEncoderOptions {
  readonly fields: FieldLayout
  /** L levels of the intervals, in the order of `Forecast.bounds`. */
  readonly levels: readonly number[]
  /** Name of the application, written into every record. */
  readonly application: string
}

const BRACE = new Piece('{')
const MEAN = new Piece(',"mean":')
const UPPER = new Piece(',"upper":')
const PREDICTED = new Piece(',"predicted":')
const SURPRISE = new Piece(',"surprise":')
const END = new Piece('}}')
const DRIFT_END = new Piece('}},"drift":true')

/**
 * Forecast → the JSON of one output record (design §5). What is not known is null: a mean or a
 * prediction before the first, both bounds of a level that has none yet (its entry stays, so that
 * the levels can be had by index), `for` and `time` without an event time. `drift` is there, and
 * true, only where the record has shown that the errors of a target have risen for good.
 *
 * What the model has worked out — means, bounds, `predicted`, `surprise` — has nine significant
 * digits: a network in single precision knows no more. An observed value is the shortest text that
 * reads back to the same double. Bytes that do not change are put together once, here; known
 * sequences on known days are written without allocating.
 */
export class ForecastEncoder {
  readonly #targetCount: number
  readonly #horizonCount: number
  readonly #levelCount: number
  /** Begins the prediction of horizon k and target d, at k × D + d. */
  readonly #predictionHeads: readonly Piece[]
  readonly #levelHeads: readonly Piece[]
  readonly #predictionEnd: Piece
  readonly #observedHeads: readonly Piece[]
  readonly #frame: OutputFrame
  readonly #times = new TimeWriter()
  readonly #own = new ByteWriter()

  constructor({ fields, levels, application }: ForecastEncoderOptions) {
    const { targets, horizons } = fields
    assert(targets.length > 0 && horizons.length > 0, 'something is predicted')
    this.#targetCount = targets.length
    this.#horizonCount = horizons.length
    this.#levelCount = levels.length
    this.#predictionHeads = horizons.flatMap((horizon, k) =>
      targets.map((target, d) => {
        const before = k + d === 0 ? ',"predictions":[' : ','
        const name = JSON.stringify(target)
        return new Piece(`${before}{"target":${name},"horizon":${horizon},"for":`)
      }),
    )
    this.#levelHeads = levels.map((level, l) => {
      const before = l === 0 ? ',"intervals":[' : '},'
      return new Piece(`${before}{"level":${level},"lower":`)
    })
    this.#predictionEnd = new Piece(levels.length === 0 ? ',"intervals":[]}' : '}]}')
    this.#observedHeads = targets.map((target, d) => {
      const before = d === 0 ? '],"observed":{' : '},'
      return new Piece(`${before}${JSON.stringify(target)}:{"value":`)
    })
    this.#frame = new OutputFrame(application)
  }

  /** `offset` of the input record in its partition; its digits are written as a JSON number. */
  write(out: ByteWriter, offset: bigint, forecast: Forecast): void {
    out.piece(BRACE)
    this.writeMembers(out, offset, forecast)
  }

  /** The same but for the brace in front: for those who put members of their own there. */
  writeMembers(out: ByteWriter, offset: bigint, forecast: Forecast): void {
    this.#frame.head(out, offset, forecast)
    for (let k = 0; k < this.#horizonCount; k++) {
      for (let d = 0; d < this.#targetCount; d++) this.#writePrediction(out, k, d, forecast)
    }
    this.#writeObserved(out, forecast)
    out.piece(forecast.drifts.includes(1) ? DRIFT_END : END)
    this.#frame.tail(out, forecast.records, forecast.updates)
  }

  /** The record as a string, for the few that want one. */
  encode(offset: bigint, forecast: Forecast): string {
    this.#own.reset()
    this.write(this.#own, offset, forecast)
    return this.#own.view().toString()
  }

  #writePrediction(out: ByteWriter, k: number, d: number, forecast: Forecast): void {
    const index = k * this.#targetCount + d
    const { bounds } = forecast
    out.piece(this.#predictionHeads[index] as Piece)
    this.#times.writeFrom(out, forecast.forMs, k)
    out.piece(MEAN)
    out.rounded(forecast.means, index)
    let bound = index * this.#levelCount * 2
    for (let l = 0; l < this.#levelCount; l++, bound += 2) {
      out.piece(this.#levelHeads[l] as Piece)
      out.rounded(bounds, bound)
      out.piece(UPPER)
      out.rounded(bounds, bound + 1)
    }
    out.piece(this.#predictionEnd)
  }

  #writeObserved(out: ByteWriter, { observed, predicted, surprise }: Forecast): void {
    for (let d = 0; d < this.#targetCount; d++) {
      out.piece(this.#observedHeads[d] as Piece)
      out.exact(observed, d)
      out.piece(PREDICTED)
      out.rounded(predicted, d)
      out.piece(SURPRISE)
      out.rounded(surprise, d)
    }
  }
}
