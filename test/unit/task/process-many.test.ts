import { describe, expect, test } from 'vitest'
import { HOST_ROWS_MAX } from '../../../src/kernels/kernel.ts'
import { Processor } from '../../../src/task/processor.ts'
import { configOf } from '../model/support/driver.ts'
import { batched, checkBatches, encoder, inTurn, json, oneByOne } from './support/batches.ts'

/** Rows of every call that advances a network, by number of calls. */
function spyOnRows(processor: Processor): Map<number, number> {
  const seen = new Map<number, number>()
  const { model } = processor
  const begin = model.beginSteps.bind(model)
  model.beginSteps = (samples, from, until) => {
    const rows = begin(samples, from, until)
    seen.set(rows, (seen.get(rows) ?? 0) + 1)
    return rows
  }
  return seen
}

describe('processMany', () => {
  test('has the bits of one record after the other, whatever comes and however it is cut', () => {
    checkBatches(['wasm', 'reference'], 250)
  })

  test.each(['full', 'network'] as const)('of 200 sequences in turn, portfolio %s', (portfolio) => {
    const model = { portfolio, hidden: 9, updateEvery: 4, window: 6, learningRates: [1e-2] }
    const config = configOf({ task: { targets: ['y'], horizons: [1, 3] }, model })
    const records = inTurn(4000, 200)
    const processor = new Processor(config)
    const rows = spyOnRows(processor)
    processor.processMany(records, 0, records.length, () => {})
    const truth = new Processor(config)
    for (const { key, value, timestampMs } of records) truth.process(key, value, timestampMs)
    expect(processor.model.stateHash()).toBe(truth.model.stateHash())
    expect(processor.model.updates).toBeGreaterThan(50)
    // Over blocks that change no weights, and between two that do.
    expect([...rows.keys()]).toEqual(expect.arrayContaining([1, 8, HOST_ROWS_MAX]))
  })

  test('sequences that leave and come back are the same in a batch', () => {
    const model = { hidden: 3, updateEvery: 2, window: 4, learningRates: [1e-2] }
    const config = configOf({ model, sequences: { max: 7, keep: 11 } })
    const records = inTurn(900, 13).filter((_, i) => i % 17 !== 3)
    expect(batched(config, records, [200])).toEqual(oneByOne(config, records))
  })

  test('a sequence that has waited for too long is learnt at its block', () => {
    const model = { hidden: 3, updateEvery: 4, window: 4, block: 4, learningRates: [1e-2] }
    const config = configOf({ model })
    // Two losses of one sequence wait while others, which have nothing to teach, take turns.
    const key = encoder.encode('a')
    const first = [1, 2, 3].map((y) => ({ key, value: json({ y }), timestampMs: null }))
    const rest = inTurn(600, 40).map((each) => ({ ...each, value: json({ y: null }) }))
    const records = [...first, ...rest]
    const told = batched(config, records, [200])
    expect(told).toEqual(oneByOne(config, records))
    const updates = told.outcomes
      .flat()
      .flatMap((each) => JSON.stringify(each))
      .join()
    expect(updates).toContain('"updates":1')
  })

  test('nothing else is taken in while steps have begun', () => {
    const { model } = new Processor(configOf({ model: { hidden: 2 } }))
    const sample = { sequence: 'a', timeMs: null, values: Float64Array.of(1) }
    expect(model.beginSteps([sample], 0, 1)).toBe(1)
    expect(() => model.step(sample)).toThrow('finished first')
    expect(() => model.beginSteps([sample], 0, 1)).toThrow('finished first')
    model.finishStep()
    expect(() => model.finishStep()).toThrow('begun before')
    model.step(sample)
    expect(model.records).toBe(2)
  })
})
