/** What symbols have cost one member, or the `mixture`; NaN = not known yet. */
export interface SymbolReport {
  readonly member: string
  readonly bitsPerSymbol: number
  readonly fadingBitsPerSymbol: number
}

/** How one member, the `mixture` or what would be said `at label time` fares; NaN = not known. */
export interface LabelReport {
  readonly target: string
  readonly member: string
  /** Regression. */
  readonly mae: number
  /** Classification. */
  readonly accuracy: number
  readonly logLoss: number
}

/** What became of labels since the last report. */
export interface LabelCounts {
  readonly labels: number
  readonly corrected: number
  readonly unmatched: number
  readonly expired: number
  readonly replaced: number
  readonly longIds: number
  readonly dropped: number
}

/** How the labels of a supervised task stand. */
export interface LabelsReport {
  readonly pending: number
  readonly counts: LabelCounts
  readonly scores: readonly LabelReport[]
}
