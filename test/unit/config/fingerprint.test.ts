import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, fingerprint } from '../../../src/config/fingerprint.ts'
import { loadConfig } from '../../../src/config/load.ts'

const base = ['task.targets=[a]', 'name=x', 'input.topic=t']

function of(...sets: string[]): string {
  return fingerprint(loadConfig({ env: {}, sets: [...base, ...sets] }).config, 1)
}

describe('the fingerprint', () => {
  test('is a SHA-256 that stays what it was', () => {
    expect(of()).toMatch(/^[0-9a-f]{64}$/)
    expect(of()).toBe(of())
  })

  test('does not see the order of keys, nor whether a default was written out', () => {
    const one = 'task: { horizons: [1, 5], targets: [a] }\nmodel: { hidden: 32, cell: gru }\n'
    const two = 'model: { cell: gru }\ntask: { targets: [a], horizons: [5, 1] }\n'
    const [first, second] = [one, two].map((text) =>
      fingerprint(loadConfig({ text, env: {} }).config, 1),
    )
    expect(first).toBe(second)
  })

  test.each([
    'name=y',
    'input.topic=u',
    'kafka.brokers=other:1',
    'kafka.ssl=true',
    'kafka.sasl={mechanism: plain, username: u, password: p}',
    'kafka.sessionTimeoutMs=20000',
    'commit.intervalMs=50',
    'http.port=1',
    'log.level=debug',
    'shutdown.timeoutMs=1',
  ])('does not change with %s', (set) => {
    expect(of(set)).toBe(of())
  })

  test.each([
    'input.from=latest',
    'input.format=csv',
    'input.columns=[a, b]',
    'input.time=t',
    'input.key=k',
    'task.targets=[b]',
    'task.inputs=[i]',
    'task.known=[n]',
    'task.horizons=[2]',
    'task.seasons=[7]',
    'task.calendar=false',
    'task.intervals=[0.5]',
    'model.cell=lstm',
    'model.hidden=33',
    'model.layers=2',
    'model.normalise=true',
    'model.window=17',
    'model.updateEvery=9',
    'model.block=8',
    'model.learningRates=[1e-3]',
    'model.portfolio=network',
    'model.diagnostics=false',
    'model.learn=false',
    'model.seed=2',
    'sequences.max=1',
    'sequences.keep=400001',
    'deadLetters.maxBytes=1',
  ])('changes with %s', (set) => {
    expect(of(set)).not.toBe(of())
  })

  test('changes with the numerics version', () => {
    const { config } = loadConfig({ env: {}, sets: base })
    expect(fingerprint(config, 2)).not.toBe(fingerprint(config, 1))
  })
})

test('canonical JSON is JSON, and blind to the order of keys', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      expect(canonicalJson(reverse(value))).toBe(canonicalJson(value))
    }),
  )
})

function reverse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverse)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toReversed()
  return Object.fromEntries(entries.map(([key, item]) => [key, reverse(item)]))
}
