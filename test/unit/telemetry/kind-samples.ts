import type { LearningReport } from '../../../src/telemetry/learning-report.ts'

/** What tasks of other kinds than a forecast report; no task has all of it. */
export const ofKinds = {
  symbols: [
    { member: 'order:2', bitsPerSymbol: 2.5, fadingBitsPerSymbol: 2.25 },
    { member: 'mixture', bitsPerSymbol: 2.123456789, fadingBitsPerSymbol: Number.NaN },
  ],
  labels: {
    pending: 12,
    counts: {
      ...{ labels: 7, corrected: 6, unmatched: 5, expired: 4 },
      ...{ replaced: 3, longIds: 2, dropped: 1 },
    },
    scores: [
      { target: 'rent', member: 'mixture', mae: 3, accuracy: Number.NaN, logLoss: Number.NaN },
      { target: 'taken', member: 'last', mae: Number.NaN, accuracy: 0.75, logLoss: 0.5 },
    ],
  },
} as const satisfies Pick<LearningReport, 'symbols' | 'labels'>
