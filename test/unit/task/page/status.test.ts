import { expect, test } from 'vitest'
import type { LearningReport } from '../../../../src/task/observe.ts'
import { DeadLetters } from '../../../../src/task/page/dead-letters.ts'
import { EngineView } from '../../../../src/task/page/engine-view.ts'
import { type PageStatus, statusOf } from '../../../../src/task/page/status.ts'

const nothing: LearningReport = {
  sequences: 0,
  windows: 0,
  stateBytes: 0,
  evictions: { window: 0, sequence: 0 },
  refusedUpdates: 0,
  drifts: [],
  rollbacks: [],
  seasons: [],
  seasonChanges: [],
  networks: [],
  slots: [],
  errors: [],
  symbols: [],
  labels: null,
}

/** The status at target `rent` of a service whose engine of partition 3 has told `report`. */
function statusAfter(report: LearningReport): PageStatus {
  const engine = new EngineView(3, { send() {}, close() {} })
  engine.receive({ type: 'learning', incarnation: 0, report } as never, 0)
  const choice = { partition: 3, sequence: null, target: 'rent', horizon: 0 }
  return statusOf(0, [], new Map([[3, engine]]), new DeadLetters(), choice)
}

test('what symbols cost, the mixture first', () => {
  const row = (member: string, bitsPerSymbol: number) => {
    return { member, symbols: 10, bits: 10 * bitsPerSymbol, bitsPerSymbol, fadingBitsPerSymbol: 2 }
  }
  const status = statusAfter({ ...nothing, symbols: [row('order:0', 4), row('mixture', 3)] })
  expect(status.symbols).toEqual([
    { member: 'mixture', fadingBits: 2, bits: 3 },
    { member: 'order:0', fadingBits: 2, bits: 4 },
  ])
  expect([status.scores, status.labels, status.skill]).toEqual([[], [], null])
})

test('how labels of the target that is chosen are predicted', () => {
  const row = { count: 4, mae: 1, rmse: 2, accuracy: Number.NaN, logLoss: Number.NaN }
  const scores = [
    { target: 'rent', member: 'last', ...row },
    { target: 'rent', member: 'mixture', ...row },
    { target: 'taken', member: 'mixture', ...row },
  ]
  const counts = {
    ...{ labels: 4, corrected: 0, unmatched: 0, expired: 0 },
    ...{ replaced: 0, longIds: 0, dropped: 0 },
  }
  const status = statusAfter({ ...nothing, labels: { pending: 1, counts, scores } })
  expect(status.labels).toEqual([
    { member: 'mixture', ...row },
    { member: 'last', ...row },
  ])
  expect([status.scores, status.symbols]).toEqual([[], []])
})
