import { formatTime, maxTimeMs } from './time.ts'
import type { FieldLayout, Forecast } from './types.ts'

export interface ForecastEncoderOptions {
  readonly fields: FieldLayout
  /** L levels of the intervals, in the order of `Forecast.bounds`. */
  readonly levels: readonly number[]
  /** Name of the application, written into every record. */
  readonly application: string
}

/**
 * Forecast → the JSON text of one output record (design §5). What is not known is null: a mean or a
 * prediction before the first, both bounds of a level that has none yet (its entry stays, so that
 * the levels can be had by index), `for` and `time` without an event time. Numbers are the shortest
 * text that reads back to the same double. All that does not change is put together once, here.
 */
export class ForecastEncoder {
  readonly #targetCount: number
  readonly #horizonCount: number
  readonly #levelCount: number
  /** Begins the prediction of horizon k and target d, at k × D + d. */
  readonly #predictionHeads: readonly string[]
  readonly #levelHeads: readonly string[]
  readonly #observedHeads: readonly string[]
  readonly #tail: string

  constructor({ fields, levels, application }: ForecastEncoderOptions) {
    const { targets, horizons } = fields
    this.#targetCount = targets.length
    this.#horizonCount = horizons.length
    this.#levelCount = levels.length
    this.#predictionHeads = horizons.flatMap((horizon, k) =>
      targets.map((target, d) => {
        const comma = k + d === 0 ? '' : ','
        return `${comma}{"target":${JSON.stringify(target)},"horizon":${horizon},"for":`
      }),
    )
    this.#levelHeads = levels.map((level, l) => `${l === 0 ? '' : ','}{"level":${level},"lower":`)
    this.#observedHeads = targets.map(
      (target, d) => `${d === 0 ? '' : ','}${JSON.stringify(target)}:{"value":`,
    )
    this.#tail = `,"application":${JSON.stringify(application)}}}`
  }

  /** `offset` of the input record in its partition; its digits are written as a JSON number. */
  encode(offset: bigint, forecast: Forecast): string {
    let text = `{"offset":${offset},"sequence":${JSON.stringify(forecast.sequence)},"time":`
    text += time(forecast.timeMs)
    text += ',"predictions":['
    for (let k = 0; k < this.#horizonCount; k++) {
      const forTime = time(forecast.forMs[k] as number)
      for (let d = 0; d < this.#targetCount; d++) text += this.#prediction(k, d, forTime, forecast)
    }
    text += '],"observed":{'
    for (let d = 0; d < this.#targetCount; d++) {
      text += `${this.#observedHeads[d]}${number(forecast.observed[d])},"predicted":`
      text += `${number(forecast.predicted[d])},"surprise":${number(forecast.surprise[d])}}`
    }
    text += `},"model":{"records":${forecast.records},"updates":${forecast.updates}`
    return text + this.#tail
  }

  #prediction(k: number, d: number, forTime: string, forecast: Forecast): string {
    const index = k * this.#targetCount + d
    const mean = number(forecast.means[index])
    let text = `${this.#predictionHeads[index]}${forTime},"mean":${mean},"intervals":[`
    let bound = index * this.#levelCount * 2
    for (let l = 0; l < this.#levelCount; l++, bound += 2) {
      text += `${this.#levelHeads[l]}${number(forecast.bounds[bound])},"upper":`
      text += `${number(forecast.bounds[bound + 1])}}`
    }
    return `${text}]}`
  }
}

function number(value: number | undefined): string {
  return Number.isFinite(value) ? String(value) : 'null'
}

/** A median step may have half a millisecond: times are cut to whole ones. */
function time(ms: number | null): string {
  if (ms === null || !(Math.abs(ms) <= maxTimeMs)) return 'null'
  return `"${formatTime(Math.floor(ms))}"`
}
