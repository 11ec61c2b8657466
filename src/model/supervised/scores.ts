import type { SupervisedScored } from './scored.ts'
import type { Shape } from './shape.ts'

/** Sums of one who predicts: labels, losses, squares of errors or right ones. */
const SUMS = 3
/** Weight of the newest loss in the fading mean. */
const FADING = 0.001

/** One who predicts a target, and how it fared; NaN where nothing can be said. */
export interface LabelScore {
  readonly target: string
  /** Member; `mixture` is what is published, `at label time` what would be when labels come. */
  readonly member: string
  readonly count: number
  /** Regression. */
  readonly mae: number
  readonly rmse: number
  /** Classification. */
  readonly accuracy: number
  readonly logLoss: number
}

/**
 * The scoreboard that is part of the state: of what is published, of what would be when labels
 * come, of each member. A label that corrects another takes its place.
 */
export class LabelScores {
  /** (D, 2 + M, SUMS), then per target a fading mean loss of what is published. */
  readonly sums: Float64Array
  private readonly targets: readonly string[]
  private readonly members: readonly string[]
  private readonly isClasses: boolean

  constructor({ d }: Shape, members: readonly string[], isClasses: boolean) {
    this.targets = d.fields.targets
    this.members = members
    this.isClasses = isClasses
    this.sums = new Float64Array(this.targets.length * ((2 + members.length) * SUMS + 1))
  }

  /** Takes in what a record has brought. */
  add(scored: SupervisedScored): void {
    for (let d = 0; d < this.targets.length; d++) {
      if (scored.present[d] === 0) continue
      const isFirst = Number.isNaN(scored.former[d]!)
      if (!isFirst) this.take(d, scored, scored.former[d]!, -1)
      this.take(d, scored, scored.observed[d]!, 1)
      if (isFirst) this.fade(d, scored)
    }
  }

  /** A row for each target of each member, what is published first. */
  summary(): LabelScore[] {
    const names = ['mixture', 'at label time', ...this.members]
    return this.targets.flatMap((target, d) =>
      names.map((member, i) => this.row(target, member, this.place(d, i))),
    )
  }

  /** The fading mean loss of what is published for target d: |error|, or −ln p. */
  fadingLoss(d: number): number {
    return this.sums[this.sums.length - this.targets.length + d]!
  }

  private row(target: string, member: string, at: number): LabelScore {
    const count = this.sums[at]!
    const loss = count > 0 ? this.sums[at + 1]! / count : NaN
    const second = count > 0 ? this.sums[at + 2]! / count : NaN
    return {
      target,
      member,
      count,
      mae: this.isClasses ? NaN : loss,
      rmse: this.isClasses ? NaN : Math.sqrt(second),
      accuracy: this.isClasses ? second : NaN,
      logLoss: this.isClasses ? loss : NaN,
    }
  }

  /** Adds `sign` times what all who predicted target d lost by `label`. */
  private take(d: number, scored: SupervisedScored, label: number, sign: number): void {
    const { members } = this
    const former = sign < 0
    const published = former ? scored.formerMixtureLoss[d]! : scored.mixtureLoss[d]!
    this.put(this.place(d, 0), scored.mixture[d]!, published, label, sign)
    // What would have been said is another thing each time; a correction leaves it as it is.
    if (!former && Number.isNaN(scored.former[d]!)) {
      const anew = scored.atLabelTimeLoss[d]!
      this.put(this.place(d, 1), scored.atLabelTime[d]!, anew, label, 1)
    }
    const losses = former ? scored.formerMemberLosses : scored.memberLosses
    for (let i = 0; i < members.length; i++) {
      const at = d * members.length + i
      this.put(this.place(d, 2 + i), scored.members[at]!, losses[at]!, label, sign)
    }
  }

  private put(at: number, said: number, loss: number, label: number, sign: number): void {
    if (Number.isNaN(said)) return
    const error = said - label
    this.sums[at]! += sign
    this.sums[at + 1]! += sign * (this.isClasses ? loss : Math.abs(error))
    this.sums[at + 2]! += sign * (this.isClasses ? (error === 0 ? 1 : 0) : error * error)
  }

  private fade(d: number, scored: SupervisedScored): void {
    const said = scored.mixture[d]!
    if (Number.isNaN(said)) return
    const at = this.sums.length - this.targets.length + d
    const loss = this.isClasses ? scored.mixtureLoss[d]! : Math.abs(said - scored.observed[d]!)
    const count = this.sums[this.place(d, 0)]!
    this.sums[at]! += Math.max(FADING, 1 / count) * (loss - this.sums[at]!)
  }

  private place(d: number, i: number): number {
    return (d * (2 + this.members.length) + i) * SUMS
  }
}
