import { assert } from '../assert.ts'
import { isSymbols } from '../config/kinds.ts'
import type { SymbolsConfig } from '../config/schema.ts'
import { openKernel } from '../kernels/index.ts'
import { SymbolsModel } from '../model/symbols/model.ts'
import type { Decoder } from '../record/decoder.ts'
import { createTaskDecoder } from '../record/task-decoder.ts'
import type { DecodeFailure, Forecast, SymbolSample, SymbolsForecast } from '../record/types.ts'
import type { StreamOutcome } from './engine/engine.ts'
import type { Delivered } from './processor.ts'
import { emptyShownForecast, emptyShownScored } from './shown-step.ts'

/** What became of one record of a `symbols` task. */
export interface SymbolsOutcome extends StreamOutcome {
  readonly symbols: SymbolsSaid
}

/** What its model has said. */
export interface SymbolsSaid {
  readonly forecast: SymbolsForecast
  /** Bits that the record's symbols have cost each member, (M). */
  readonly memberBits: Float64Array
  /** Fills `forecast.next`: for whoever publishes it. */
  predictNext(): void
  /** The text of a symbol; null for the one that stands for all unknown ones. */
  nameOf(symbol: number): string | null
}

/** What a `symbols` task's processor has said in this outcome. */
export function symbolsOf(outcome: StreamOutcome): SymbolsSaid {
  assert('symbols' in outcome, 'the outcome is that of a symbols task')
  return (outcome as SymbolsOutcome).symbols
}

/** Weight of the newest record in the mean that a chart shows. */
const SHOWN_FADING = 0.01

/** The way of a record through decoder and model of a `symbols` task. */
export class SymbolsProcessor {
  readonly model: SymbolsModel
  readonly #decoder: Decoder<SymbolSample>
  readonly #outcome: SymbolsOutcome & { failure: DecodeFailure | null }
  /** Fading mean of the bits per symbol of records, beside which the next one is shown. */
  #mean = Number.NaN
  #costs = 0

  /** `decoder`: for rows of a file, whose format and columns were found by looking at it. */
  constructor(config: SymbolsConfig, decoder?: Decoder<SymbolSample>) {
    assert(isSymbols(config), 'the configuration is that of a symbols task')
    const { task, model, input } = config
    this.model = new SymbolsModel(config, openKernel(model.kernel))
    this.#decoder = decoder ?? createTaskDecoder({ ...input, fields: task })
    const own = this.model
    this.#outcome = {
      failure: null,
      forecast: emptyShownForecast(1, 0),
      scored: emptyShownScored(1, 0, own.memberNames.length),
      symbols: {
        forecast: own.forecast,
        memberBits: own.memberBits,
        predictNext: () => own.predictNext(),
        nameOf: (symbol) => own.vocabulary.name(symbol),
      },
    }
  }

  /** Takes in one record; the result is valid until the next call. */
  process(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): SymbolsOutcome {
    const decoder = this.#decoder
    const { model } = this
    const outcome = this.#outcome
    outcome.failure = decoder.decode(key, value, timestampMs)
    const usable = outcome.failure === null
    model.absorb(key, value, usable ? decoder.sample.timeMs : null)
    if (!usable) {
      model.skip()
      return outcome
    }
    model.step(decoder.sample)
    this.#show(outcome.forecast)
    return outcome
  }

  /** Takes in `records[from…until)` one by one and tells of each. */
  processMany(
    records: readonly Delivered[],
    from: number,
    until: number,
    visit: (index: number, outcome: SymbolsOutcome) => void,
  ): void {
    for (let i = from; i < until; i++) {
      const { key, value, timestampMs } = records[i] as Delivered
      visit(i, this.process(key, value, timestampMs))
    }
  }

  /** What a chart shows: a record's bits per symbol beside their fading mean before it. */
  #show(shown: Forecast): void {
    const { forecast } = this.model
    const { scored } = this.#outcome
    const { symbols, bits, surprise } = forecast.observed
    const cost = symbols === 0 ? Number.NaN : bits / symbols
    shown.sequence = forecast.sequence
    shown.timeMs = forecast.timeMs
    shown.records = forecast.records
    shown.updates = forecast.updates
    shown.observed[0] = cost
    shown.surprise[0] = surprise
    scored.present[0] = Number.isNaN(cost) ? 0 : 1
    scored.observed[0] = cost
    scored.mixture[0] = this.#mean
    if (Number.isNaN(cost)) return
    this.#costs++
    const before = this.#costs === 1 ? 0 : this.#mean
    this.#mean = before + Math.max(1 / this.#costs, SHOWN_FADING) * (cost - before)
  }
}
