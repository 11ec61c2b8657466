import type { LabelsReport, SymbolReport } from './kind-report.ts'
import type { Baseline, EvictionKind } from './vocabulary.ts'

/** Errors of one member at one target and horizon; NaN = not known yet, as in all that follows. */
export interface MemberErrors {
  readonly target: string
  readonly horizon: number
  /** Name of the member, or `mixture`. */
  readonly member: string
  readonly mae: number
  readonly fadingMae: number
}

export interface NetworkReport {
  readonly network: string
  /** 0 where it does not learn. */
  readonly learningRate: number
  readonly gradientNorm: number
  readonly weightNorm: number
  readonly updateSize: number
  readonly saturatedUnits: number
  /** Since the last report. */
  readonly clippedUpdates: number
}

export interface SlotReport {
  readonly target: string
  readonly horizon: number
  readonly meanAbsolute: number
  readonly fadingMeanAbsolute: number
  readonly weights: readonly { readonly member: string; readonly weight: number }[]
  readonly skill: Readonly<Record<Baseline, number>>
  readonly intervals: readonly {
    readonly level: number
    readonly coverage: number
    readonly width: number
  }[]
}

/** Errors of the mixture that were found to have risen for good. */
export interface DriftReport {
  readonly target: string
  readonly horizon: number
}

/** How a model learns, about once a second. */
export interface LearningReport {
  readonly sequences: number
  readonly windows: number
  readonly stateBytes: number
  /** Since the last report. */
  readonly evictions: Readonly<Record<EvictionKind, number>>
  readonly refusedUpdates: number
  /** Since the last report. */
  readonly drifts: readonly DriftReport[]
  readonly rollbacks: readonly { readonly count: number }[]
  /** Periods in steps, 0 for one that has not been found. */
  readonly seasons: readonly number[]
  readonly networks: readonly NetworkReport[]
  readonly slots: readonly SlotReport[]
  readonly errors: readonly MemberErrors[]
  /** Of a symbols task; else []. */
  readonly symbols: readonly SymbolReport[]
  /** Of a supervised task; else null. */
  readonly labels: LabelsReport | null
}
