/** What became of labels and of the predictions that wait for them, counted from the start. */
export interface LabelCounts {
  /** For predictions that were kept, corrections not among them. */
  readonly labels: number
  /** Labels that took the place of another one. */
  readonly corrected: number
  /** Records with labels for no prediction: of an unknown id, of one that has expired, or none. */
  readonly unmatched: number
  /** Predictions with an id that went without all of their labels. */
  readonly expired: number
  /** Predictions whose id came again with inputs and without a label: that one waits since. */
  readonly replaced: number
  /** Records whose id was too long to be joined by. */
  readonly longIds: number
  /** Losses that no network has learnt, as too many came at once or their prediction expired. */
  readonly dropped: number
}

/** Places among the counts that are part of the state. */
export const COUNT = {
  labels: 0,
  corrected: 1,
  unmatched: 2,
  expired: 3,
  replaced: 4,
  longIds: 5,
  size: 6,
} as const
