import { assert } from '../assert.ts'
import type { SupervisedScored } from '../model/supervised/scored.ts'
import type { StreamOutcome } from '../task/engine/engine.ts'
import { supervisedOf } from '../task/supervised-processor.ts'
import { type ClassScore, ClassSums } from './class-sums.ts'

/** Scores of numbers or of classes; what cannot be computed is absent. */
export interface LabelScore extends ClassScore {
  mae?: number
  rmse?: number
}

/** `labels` of a report (docs/replay.md), over all targets together. */
export interface LabelsReport extends LabelScore {
  /** Labels scored: each prediction once, with its newest label. */
  count: number
  /** The label that had come last when the prediction was made. */
  noChange: LabelScore
  /** What would have been predicted when the label came. */
  atLabelTime: LabelScore
  members: Record<string, LabelScore>
  /** Of each target, where there are several. */
  targets?: Record<string, Omit<LabelsReport, 'targets'>>
}

export interface LabelsLayout {
  readonly targets: readonly string[]
  readonly type: 'regression' | 'classification'
  readonly members: readonly string[]
  /** First row whose prediction counts; 0 for all. */
  readonly fromRow: number
  /** Records after which a label can no longer be corrected. */
  readonly maxPending: number
}

/** |e| and e² of numbers. */
class ErrorSums {
  #count = 0
  #absolute = 0
  #squared = 0

  add(predicted: number, observed: number, _loss: number, sign: 1 | -1): void {
    const error = predicted - observed
    if (!Number.isFinite(error)) return
    this.#count += sign
    this.#absolute += sign * Math.abs(error)
    this.#squared += sign * error * error
  }

  pool(other: ErrorSums): void {
    this.#count += other.#count
    this.#absolute += other.#absolute
    this.#squared += other.#squared
  }

  score(): LabelScore {
    if (this.#count === 0) return {}
    const rmse = Math.sqrt(Math.max(0, this.#squared) / this.#count)
    return { mae: this.#absolute / this.#count, rmse }
  }
}

type Sums = ErrorSums | ClassSums

/** All that is scored of one target. */
interface TargetSums {
  count: number
  readonly mixture: Sums
  readonly noChange: Sums
  readonly atLabelTime: Sums
  readonly members: readonly Sums[]
}

/**
 * Scores of one run of a `supervised` task: each prediction as it was made, once its label has
 * come. A label that corrects another takes its place.
 */
export class LabelsBoard {
  readonly layout: LabelsLayout
  readonly #targets: readonly TargetSums[]
  /** Predictions whose label counts and may still be corrected, as record × D + d. */
  readonly #counted = new Set<number>()

  constructor(layout: LabelsLayout) {
    this.layout = layout
    this.#targets = layout.targets.map(() => this.#open())
  }

  get members(): readonly string[] {
    return this.layout.members
  }

  /** `row`: of the prediction's record where the caller knows it, else of the label's. */
  add(row: number, outcome: StreamOutcome): void {
    const { scored, forecast } = supervisedOf(outcome)
    const D = this.#targets.length
    for (let d = 0; d < D; d++) {
      if (scored.present[d] !== 1) continue
      const sums = this.#targets[d] as TargetSums
      const prediction = (scored.records[d] as number) * D + d
      if (!Number.isNaN(scored.former[d] as number)) {
        // What did not count is not corrected either.
        if (!this.#counted.has(prediction)) continue
        this.#addOne(sums, scored, d, -1)
      } else if (row < this.layout.fromRow) {
        continue
      } else {
        sums.count++
        this.#counted.add(prediction)
      }
      this.#addOne(sums, scored, d, 1)
    }
    this.#forget((forecast.records - this.layout.maxPending) * D)
  }

  /** Predictions before `oldest` have expired; in whatever order they came, those in front go. */
  #forget(oldest: number): void {
    for (const prediction of this.#counted) {
      if (prediction >= oldest) break
      this.#counted.delete(prediction)
    }
  }

  pool(other: unknown): void {
    assert(other instanceof LabelsBoard, 'boards of one configuration are pooled')
    this.#targets.forEach((sums, d) => {
      poolTargets(sums, other.#targets[d] as TargetSums)
    })
  }

  report(): { labels: LabelsReport } {
    const { targets, members } = this.layout
    const all = this.#open()
    for (const sums of this.#targets) poolTargets(all, sums)
    const labels: LabelsReport = reportOf(all, members)
    if (targets.length > 1) {
      const each = targets.map((name, d) => [
        name,
        reportOf(this.#targets[d] as TargetSums, members),
      ])
      labels.targets = Object.fromEntries(each)
    }
    return { labels }
  }

  #open(): TargetSums {
    const { type, members } = this.layout
    const one = (): Sums => (type === 'regression' ? new ErrorSums() : new ClassSums())
    return {
      count: 0,
      mixture: one(),
      noChange: one(),
      atLabelTime: one(),
      members: members.map(one),
    }
  }

  /** Adds a label's scores, or takes away those of the label that it corrects. */
  #addOne(sums: TargetSums, scored: SupervisedScored, d: number, sign: 1 | -1): void {
    const M = this.layout.members.length
    const isNew = sign === 1
    const observed = (isNew ? scored.observed[d] : scored.former[d]) as number
    const loss = (isNew ? scored.mixtureLoss[d] : scored.formerMixtureLoss[d]) as number
    const losses = isNew ? scored.memberLosses : scored.formerMemberLosses
    sums.mixture.add(scored.mixture[d] as number, observed, loss, sign)
    sums.noChange.add(scored.noChange[d] as number, observed, Number.NaN, sign)
    const later = scored.atLabelTime[d] as number
    // A correction comes at another time: what would be said then is not told of it.
    if (isNew && Number.isNaN(scored.former[d] as number)) {
      sums.atLabelTime.add(later, observed, scored.atLabelTimeLoss[d] as number, 1)
    }
    for (let m = 0; m < M; m++) {
      const at = d * M + m
      const said = scored.members[at] as number
      ;(sums.members[m] as Sums).add(said, observed, losses[at] as number, sign)
    }
  }
}

function poolTargets(sums: TargetSums, other: TargetSums): void {
  sums.count += other.count
  poolSums(sums.mixture, other.mixture)
  poolSums(sums.noChange, other.noChange)
  poolSums(sums.atLabelTime, other.atLabelTime)
  sums.members.forEach((member, m) => {
    poolSums(member, other.members[m] as Sums)
  })
}

function poolSums(sums: Sums, other: Sums): void {
  if (sums instanceof ErrorSums && other instanceof ErrorSums) sums.pool(other)
  if (sums instanceof ClassSums && other instanceof ClassSums) sums.pool(other)
}

function reportOf(sums: TargetSums, members: readonly string[]): Omit<LabelsReport, 'targets'> {
  const rows = members.map((name, m) => [name, (sums.members[m] as Sums).score()] as const)
  return {
    count: sums.count,
    ...sums.mixture.score(),
    noChange: sums.noChange.score(),
    atLabelTime: sums.atLabelTime.score(),
    members: Object.fromEntries(rows.filter(([, score]) => Object.keys(score).length > 0)),
  }
}
