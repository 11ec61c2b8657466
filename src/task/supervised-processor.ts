import { assert } from '../assert.ts'
import { isSupervised } from '../config/kinds.ts'
import type { SupervisedConfig } from '../config/schema.ts'
import { openKernel } from '../kernels/index.ts'
import { SupervisedModel } from '../model/supervised/model.ts'
import type { SupervisedScored } from '../model/supervised/scored.ts'
import type { Decoder } from '../record/decoder.ts'
import { createTaskDecoder } from '../record/task-decoder.ts'
import type { SupervisedForecast, SupervisedSample } from '../record/types.ts'
import type { StreamOutcome } from './engine/engine.ts'
import { OneByOne } from './one-by-one.ts'
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
export class SupervisedProcessor extends OneByOne<
  SupervisedSample,
  SupervisedModel,
  SupervisedOutcome
> {
  readonly #isRegression: boolean

  /** `decoder`: for rows of a file, whose format and columns were found by looking at it. */
  constructor(config: SupervisedConfig, decoder?: Decoder<SupervisedSample>) {
    assert(isSupervised(config), 'the configuration is that of a supervised task')
    const { task, input } = config
    const model = new SupervisedModel(config, openKernel(config.model.kernel))
    const targets = task.targets.length
    const isRegression = task.type === 'regression'
    const levels = isRegression ? task.intervals.length : 0
    const { forecast, scored, memberNames } = model
    super(model, decoder ?? createTaskDecoder({ ...input, fields: task }), {
      failure: null,
      forecast: emptyShownForecast(targets, levels),
      scored: emptyShownScored(targets, levels, memberNames.length),
      supervised: { forecast, scored },
    })
    this.#isRegression = isRegression
  }

  /**
   * What a chart shows of each target: the label that came beside what was said of it; of classes
   * the loss of what was said.
   */
  protected override show(): void {
    const { forecast, scored } = this.model
    const { forecast: shown, scored: points } = this.outcome
    this.showHead(forecast, shown)
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
