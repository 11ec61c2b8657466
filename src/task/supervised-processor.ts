import { assert } from '../assert.ts'
import { isSupervised } from '../config/kinds.ts'
import type { SupervisedConfig } from '../config/schema.ts'
import { openKernel } from '../kernels/index.ts'
import { SupervisedModel } from '../model/supervised/model.ts'
import type { SupervisedScored } from '../model/supervised/scored.ts'
import type { Decoder } from '../record/decoder.ts'
import { createTaskDecoder } from '../record/task-decoder.ts'
import type { DecodeFailure, SupervisedForecast, SupervisedSample } from '../record/types.ts'
import type { StreamOutcome } from './engine/engine.ts'
import type { Delivered } from './processor.ts'
import { emptyShownForecast, emptyShownScored } from './shown-step.ts'

/** What became of one record of a `supervised` task. */
export interface SupervisedOutcome extends StreamOutcome {
  readonly supervised: SupervisedSaid
}

/** What its model has said, and what the labels of the record have told of earlier predictions. */
export interface SupervisedSaid {
  readonly forecast: SupervisedForecast
  readonly scored: SupervisedScored
}

/** What a `supervised` task's processor has said in this outcome. */
export function supervisedOf(outcome: StreamOutcome): SupervisedSaid {
  assert('supervised' in outcome, 'the outcome is that of a supervised task')
  return (outcome as SupervisedOutcome).supervised
}

/** The way of a record through decoder and model of a `supervised` task. */
export class SupervisedProcessor {
  readonly model: SupervisedModel
  readonly #decoder: Decoder<SupervisedSample>
  readonly #outcome: SupervisedOutcome & { failure: DecodeFailure | null }
  readonly #isRegression: boolean

  /** `decoder`: for rows of a file, whose format and columns were found by looking at it. */
  constructor(config: SupervisedConfig, decoder?: Decoder<SupervisedSample>) {
    assert(isSupervised(config), 'the configuration is that of a supervised task')
    const { task, model, input } = config
    this.model = new SupervisedModel(config, openKernel(model.kernel))
    this.#decoder = decoder ?? createTaskDecoder({ ...input, fields: task })
    this.#isRegression = task.type === 'regression'
    const targets = task.targets.length
    const levels = this.#isRegression ? task.intervals.length : 0
    const { forecast, scored, memberNames } = this.model
    this.#outcome = {
      failure: null,
      forecast: emptyShownForecast(targets, levels),
      scored: emptyShownScored(targets, levels, memberNames.length),
      supervised: { forecast, scored },
    }
  }

  /** Takes in one record; the result is valid until the next call. */
  process(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): SupervisedOutcome {
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
    this.#show()
    return outcome
  }

  /** Takes in `records[from…until)` one by one and tells of each. */
  processMany(
    records: readonly Delivered[],
    from: number,
    until: number,
    visit: (index: number, outcome: SupervisedOutcome) => void,
  ): void {
    for (let i = from; i < until; i++) {
      const { key, value, timestampMs } = records[i] as Delivered
      visit(i, this.process(key, value, timestampMs))
    }
  }

  /**
   * What a chart shows of each target: the label that came beside what was said of it; of classes
   * the loss of what was said.
   */
  #show(): void {
    const { forecast, scored } = this.model
    const { forecast: shown, scored: points } = this.#outcome
    shown.sequence = forecast.sequence
    shown.timeMs = forecast.timeMs
    shown.records = forecast.records
    shown.updates = forecast.updates
    for (let d = 0; d < points.present.length; d++) {
      points.present[d] = scored.present[d] as number
      if (this.#isRegression) {
        points.observed[d] = ofLabel(scored.observed, scored, d)
        points.mixture[d] = ofLabel(scored.mixture, scored, d)
        points.persistence[d] = ofLabel(scored.noChange, scored, d)
      } else {
        points.observed[d] = ofLabel(scored.mixtureLoss, scored, d)
      }
      shown.observed[d] = points.observed[d] as number
    }
    if (!this.#isRegression) return
    if (forecast.isPrediction) {
      shown.means.set(forecast.means)
      shown.bounds.set(forecast.bounds)
    } else {
      shown.means.fill(Number.NaN)
      shown.bounds.fill(Number.NaN)
    }
    // Of a label that came later the intervals are not kept.
    points.bounds.set(shown.bounds)
  }
}

/** What the newest label of target d was told of; a row holds on to that of an earlier one. */
function ofLabel(row: Float64Array, { present }: SupervisedScored, d: number): number {
  return present[d] === 1 ? (row[d] as number) : Number.NaN
}
