/**
 * The labels that a record has brought, with what had been said of them. The model owns one and
 * fills it anew for each record. D targets, M members; a label is a value, or the number of a
 * class. NaN = none.
 */
export interface SupervisedScored {
  /** 1 where this record has brought a label for a prediction that was kept, (D). */
  readonly present: Uint8Array
  /** Record count of the prediction, (D). */
  readonly records: Float64Array
  /** (D) */
  readonly observed: Float64Array
  /** The label that this one corrects, (D). */
  readonly former: Float64Array
  /** What was published, (D): mean, or the most likely class. */
  readonly mixture: Float64Array
  /** What would have been published when the label came, (D). */
  readonly atLabelTime: Float64Array
  /** The label that had come last at the prediction, (D). */
  readonly noChange: Float64Array
  /** Every member's mean, or its most likely class, (D, M). */
  readonly members: Float64Array
  /** Classification: −ln of the probability that the label was given, as above. */
  readonly mixtureLoss: Float64Array
  readonly atLabelTimeLoss: Float64Array
  /** (D, M) */
  readonly memberLosses: Float64Array
  /** The same for the label that this one corrects, (D) and (D, M). */
  readonly formerMixtureLoss: Float64Array
  readonly formerMemberLosses: Float64Array
}

/** One with nothing in it. */
export function emptyScored(targets: number, members: number): SupervisedScored {
  const each = () => new Float64Array(targets).fill(Number.NaN)
  const all = () => new Float64Array(targets * members).fill(Number.NaN)
  return {
    present: new Uint8Array(targets),
    records: each(),
    observed: each(),
    former: each(),
    mixture: each(),
    atLabelTime: each(),
    noChange: each(),
    members: all(),
    mixtureLoss: each(),
    atLabelTimeLoss: each(),
    memberLosses: all(),
    formerMixtureLoss: each(),
    formerMemberLosses: all(),
  }
}
