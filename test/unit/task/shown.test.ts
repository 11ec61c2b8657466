import { expect, test } from 'vitest'
import { isSupervised, isSymbols } from '../../../src/config/kinds.ts'
import { loadConfig } from '../../../src/config/load.ts'
import type { Config } from '../../../src/config/schema.ts'
import type { StreamOutcome } from '../../../src/task/engine/engine.ts'
import { shownOf } from '../../../src/task/shown.ts'
import { SupervisedProcessor } from '../../../src/task/supervised-processor.ts'
import { SymbolsProcessor } from '../../../src/task/symbols-processor.ts'

const network = 'hidden: 4, window: 4, updateEvery: 2, learningRates: [1e-3], kernel: reference'

function configOf(task: string, input = 'format: json'): Config {
  const text = `input: {topic: in, ${input}}\ntask: {${task}}\nmodel: {${network}}`
  return loadConfig({ text, env: {} }).config
}

function supervised(more: string): SupervisedProcessor {
  const config = configOf(`kind: supervised, inputs: [x], targets: [y], id: id, ${more}`)
  if (!isSupervised(config)) throw new Error('it is supervised')
  return new SupervisedProcessor(config)
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text)

/** What a chart takes of an outcome: observed, predicted, bounds of it, and the newest. */
function shownIn({ failure, forecast, scored }: StreamOutcome): Record<string, unknown> {
  expect(failure).toBeNull()
  return {
    isScored: scored.present[0] === 1,
    observed: scored.observed[0],
    predicted: scored.mixture[0],
    bounds: [...scored.bounds],
    newest: forecast.means[0],
  }
}

test('each kind has its slots', () => {
  expect(shownOf(configOf('targets: [y], horizons: [1, 5], intervals: [0.8]'))).toEqual({
    ...{ kind: 'forecast', targets: ['y'], horizons: [1, 5], levels: [0.8] },
  })
  const task = 'kind: supervised, inputs: [x], targets: [y, z], intervals: [0.8]'
  expect(shownOf(configOf(task))).toEqual({
    ...{ kind: 'regression', targets: ['y', 'z'], horizons: [0], levels: [0.8] },
  })
  expect(shownOf(configOf(`${task}, type: classification`))).toEqual({
    ...{ kind: 'classification', targets: ['y', 'z'], horizons: [0], levels: [] },
  })
  expect(shownOf(configOf('kind: symbols', 'format: bytes'))).toEqual({
    ...{ kind: 'symbols', targets: ['bits per symbol'], horizons: [0], levels: [] },
  })
})

test('a record of symbols is shown by its cost, beside the mean of those before it', () => {
  const config = configOf('kind: symbols', 'format: bytes')
  if (!isSymbols(config)) throw new Error('it is of symbols')
  const processor = new SymbolsProcessor(config)
  const costs: number[] = []
  for (const text of ['abc', 'abcabc', 'xyz', 'abcabcabc']) {
    const outcome = processor.process(null, bytesOf(text), 0)
    const { symbols, bits } = outcome.symbols.forecast.observed
    const shown = shownIn(outcome)
    expect(shown).toMatchObject({ isScored: true, observed: bits / symbols, newest: Number.NaN })
    const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length
    if (costs.length === 0) expect(shown.predicted).toBeNaN()
    else expect(shown.predicted).toBeCloseTo(mean, 9)
    costs.push(bits / symbols)
  }
  // An empty value has no symbol, so no cost.
  expect(shownIn(processor.process(null, bytesOf(''), 0))).toMatchObject({ isScored: false })
})

test('a label is shown beside what was said of it; without one there is none', () => {
  const processor = supervised('intervals: [0.8]')
  for (let i = 0; i < 40; i++) {
    const value = JSON.stringify({ id: `${i}`, x: i % 5, y: 2 * (i % 5) })
    processor.process(bytesOf('k'), bytesOf(value), 0)
  }
  const said = shownIn(processor.process(bytesOf('k'), bytesOf('{"id": "a", "x": 3}'), 0))
  expect(said).toMatchObject({ isScored: false, observed: Number.NaN, predicted: Number.NaN })
  expect(said.newest).toBeGreaterThan(0)
  const label = shownIn(processor.process(bytesOf('k'), bytesOf('{"id": "a", "y": 6}'), 0))
  expect(label).toMatchObject({ isScored: true, observed: 6, newest: Number.NaN })
  expect(label.predicted).toBe(said.newest)
  // Those intervals were of the prediction, and are not kept.
  expect(label.bounds).toEqual([Number.NaN, Number.NaN])
})

test('a label in its own record is shown with its interval', () => {
  const processor = supervised('intervals: [0.8]')
  let shown: Record<string, unknown> = {}
  for (let i = 0; i < 200; i++) {
    const value = JSON.stringify({ x: i % 5, y: 2 * (i % 5) + Math.sin(i) })
    shown = shownIn(processor.process(bytesOf('k'), bytesOf(value), 0))
  }
  const [lower, upper] = shown.bounds as [number, number]
  expect(shown.isScored).toBe(true)
  expect(lower).toBeLessThan(shown.predicted as number)
  expect(upper).toBeGreaterThan(shown.predicted as number)
})

test('of a class the loss is shown', () => {
  const processor = supervised('type: classification')
  let shown: Record<string, unknown> = {}
  for (let i = 0; i < 60; i++) {
    const value = JSON.stringify({ x: i % 2, y: i % 2 === 0 ? 'even' : 'odd' })
    shown = shownIn(processor.process(bytesOf('k'), bytesOf(value), 0))
  }
  expect(shown.predicted).toBeNaN()
  expect(shown.observed).toBeGreaterThan(0)
  expect(shown.observed).toBeLessThan(Math.LN2)
})
