import { expect, test } from 'vitest'
import { tellLearning } from '../../../src/task/learning-events.ts'
import { type LearningReport, silentMetrics, type TaskLogger } from '../../../src/task/observe.ts'

test('metrics hear all, the log one line for each drift and each roll-back', () => {
  const lines: unknown[] = []
  const reports: LearningReport[] = []
  const line =
    (level: string) =>
    (event: string, fields = {}) =>
      lines.push([level, event, fields])
  const logger: TaskLogger = {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: () => logger,
  }
  const metrics = { ...silentMetrics.task(0), learning: (r: LearningReport) => reports.push(r) }
  const drift = { target: 'y', horizon: 1, sequence: 's', records: 7 }
  const seasons = { seasons: [48, 336], before: [48], records: 8 }
  const rollback = { network: 'network:1e-3', count: 1, learningRate: 3e-4, records: 9 }
  const report: LearningReport = {
    sequences: 1,
    windows: 1,
    stateBytes: 9,
    evictions: { window: 0, sequence: 0 },
    refusedUpdates: 0,
    drifts: [drift, { ...drift, records: 8 }],
    rollbacks: [rollback],
    seasons: [48, 336],
    seasonChanges: [seasons],
    networks: [],
    slots: [],
    errors: [],
    symbols: [],
    labels: null,
  }
  tellLearning({ metrics, logger }, report)
  expect(reports).toEqual([report])
  expect(lines).toEqual([
    ['info', 'model.drift', drift],
    ['info', 'model.drift', { ...drift, records: 8 }],
    ['info', 'model.seasons', seasons],
    ['warn', 'model.rolled-back', rollback],
  ])
})
