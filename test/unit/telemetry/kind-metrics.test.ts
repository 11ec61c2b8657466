import { expect, test } from 'vitest'
import { kindMetrics } from '../../../src/telemetry/kind-catalogue.ts'
import type { LearningReport } from '../../../src/telemetry/learning-report.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { labelOutcomes, type TaskKind } from '../../../src/telemetry/vocabulary.ts'
import { parseExposition, valuesOf } from './exposition.ts'
import { ofKinds } from './kind-samples.ts'

/** A report of nothing. */
const empty: LearningReport = {
  ...{ sequences: 0, windows: 0, stateBytes: 0, refusedUpdates: 0 },
  evictions: { window: 0, sequence: 0 },
  ...{ drifts: [], rollbacks: [], seasons: [], networks: [], slots: [], errors: [] },
  ...{ symbols: [], labels: null },
}

function create(kind: TaskKind) {
  const network = { kernel: 'wasm', cell: 'gru', layers: 1, hidden: 8, window: 4 }
  const names = { application: 'rent', version: '0.1.0', node: 'v24.0.0' }
  const facts = { ...names, ...network, kind, levels: [], maxReplayMs: 2_000 }
  const metrics = new Metrics({ facts, clock: { nowMs: () => 0 }, process: false })
  const scrape = async () => parseExposition(await metrics.text())
  return { metrics, scrape }
}

test('what symbols cost, what became of labels and how they are predicted', async () => {
  const { metrics, scrape } = create('supervised')
  metrics.task(7).learning({ ...empty, ...ofKinds })
  const families = await scrape()
  const of = (name: string) => valuesOf(families.get(`headrace_${name}`))
  expect(of('symbol_code_length')).toEqual({ '7 order:2': 2.5, '7 mixture': 2.12346 })
  expect(of('symbol_fading_code_length')).toEqual({ '7 order:2': 2.25 })
  expect(of('labels_pending')).toEqual({ 7: 12 })
  expect(of('labels_total')).toEqual({
    ...{ '7 matched': 7, '7 corrected': 6, '7 unmatched': 5, '7 expired': 4 },
    ...{ '7 replaced': 3, '7 id_too_long': 2, '7 dropped': 1 },
  })
  expect(of('label_mae')).toEqual({ '7 rent mixture': 3 })
  expect(of('label_accuracy_ratio')).toEqual({ '7 taken last': 0.75 })
  expect(of('label_log_loss')).toEqual({ '7 taken last': 0.5 })
})

test('labels are counted from 0, where there are any', async () => {
  for (const kind of ['forecast', 'symbols', 'supervised'] as const) {
    const { metrics, scrape } = create(kind)
    metrics.task(2)
    const counted = valuesOf((await scrape()).get('headrace_labels_total'))
    const expected = labelOutcomes.map((outcome) => [`2 ${outcome}`, 0])
    expect(counted).toEqual(kind === 'supervised' ? Object.fromEntries(expected) : {})
  }
})

test('a forecast has no series of symbols and labels', async () => {
  const { metrics, scrape } = create('forecast')
  metrics.task(0).learning(empty)
  const families = await scrape()
  for (const name of Object.keys(kindMetrics)) {
    expect(families.get(name)?.samples, name).toEqual([])
  }
})

test('a task that goes takes its gauges along; what became of labels stays', async () => {
  const { metrics, scrape } = create('supervised')
  const task = metrics.task(0)
  task.learning({ ...empty, ...ofKinds })
  task.close()
  const families = await scrape()
  expect(valuesOf(families.get('headrace_label_mae'))).toEqual({})
  expect(valuesOf(families.get('headrace_labels_pending'))).toEqual({})
  expect(valuesOf(families.get('headrace_labels_total'))).toMatchObject({ '0 matched': 7 })
})
