import { assert } from '../assert.ts'
import { isSymbols } from '../config/kinds.ts'
import type { SymbolsConfig } from '../config/schema.ts'
import { openKernel } from '../kernels/index.ts'
import { SymbolsModel } from '../model/symbols/model.ts'
import type { Decoder } from '../record/decoder.ts'
import { createTaskDecoder } from '../record/task-decoder.ts'
import type { SymbolSample, SymbolsForecast } from '../record/types.ts'
import type { StreamOutcome } from './engine/engine.ts'
import { FadingMean } from './fading-mean.ts'
import { OneByOne } from './one-by-one.ts'
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
export class SymbolsProcessor extends OneByOne<SymbolSample, SymbolsModel, SymbolsOutcome> {
  /** Fading mean of the bits per symbol of records, beside which the next one is shown. */
  readonly #mean = new FadingMean(SHOWN_FADING)

  /** `decoder`: for rows of a file, whose format and columns were found by looking at it. */
  constructor(config: SymbolsConfig, decoder?: Decoder<SymbolSample>) {
    assert(isSymbols(config), 'the configuration is that of a symbols task')
    const { task, input } = config
    const model = new SymbolsModel(config, openKernel(config.model.kernel))
    super(model, decoder ?? createTaskDecoder({ ...input, fields: task }), {
      failure: null,
      forecast: emptyShownForecast(1, 0),
      scored: emptyShownScored(1, 0, model.memberNames.length),
      symbols: {
        forecast: model.forecast,
        memberBits: model.memberBits,
        predictNext: () => model.predictNext(),
        nameOf: (symbol) => model.vocabulary.name(symbol),
      },
    })
  }

  /** What a chart shows: a record's bits per symbol beside their fading mean before it. */
  protected override show(): void {
    const { forecast } = this.model
    const { forecast: shown, scored } = this.outcome
    const { symbols, bits, surprise } = forecast.observed
    const cost = symbols === 0 ? Number.NaN : bits / symbols
    this.showHead(forecast, shown)
    shown.observed[0] = cost
    shown.surprise[0] = surprise
    scored.present[0] = Number.isNaN(cost) ? 0 : 1
    scored.observed[0] = cost
    scored.mixture[0] = this.#mean.value
    this.#mean.add(cost)
  }
}
