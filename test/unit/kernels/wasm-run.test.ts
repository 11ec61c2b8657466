import { describe, expect, test } from 'vitest'
import { bothKernels, hashesOf, type ModelOptions, RECORDS, taxi } from './taxi.ts'

const EVERYTHING: ModelOptions = { learningRates: [3e-4, 1e-3, 3e-3], diagnostics: true }

describe.each(['rnn', 'gru', 'lstm'] as const)('nyc_taxi with a %s', (cell) => {
  test('without learning every prediction of both kernels is the same to 1e−5', () => {
    const network = taxi({ cell, portfolio: 'network', learn: false })
    expect(bothKernels(network, 2000, { stirred: true }).members).toBeLessThan(1e-5)
    const full = taxi({ cell, ...EVERYTHING, learn: false })
    const { members, means } = bothKernels(full, 700, { stirred: true })
    expect(members).toBeLessThan(1e-5)
    expect(means).toBeLessThan(1e-5)
  })
})

test('with learning one network drifts by less than 1e−2 over the whole of nyc_taxi', () => {
  const { members, means, updates } = bothKernels(taxi({ portfolio: 'network' }), RECORDS)
  expect(updates).toBeGreaterThan(RECORDS / 9)
  expect(members).toBeLessThan(1e-2)
  expect(means).toBeLessThan(1e-2)
})

test('with learning the full portfolio drifts by less than 1e−2', () => {
  const { members, means, updates } = bothKernels(taxi(EVERYTHING), 2000)
  expect(updates).toBeGreaterThan(2000 / 9)
  expect(members).toBeLessThan(1e-2)
  expect(means).toBeLessThan(1e-2)
})

// They hold on every processor and Node: who changes them changes the numerics version.
test.each<[string, ModelOptions, string, string]>([
  ['network', { portfolio: 'network' }, 'ffbf7800d161bb0c', '8b2c4ff650a6a8ae'],
  ['full', EVERYTHING, '391153a97ad7ec25', '15534a08e0678645'],
])('a run of the %s portfolio has these bits', (_name, model, chain, state) => {
  const config = taxi(model)
  expect(hashesOf(config, 2000)).toEqual({ chain, state })
  expect(hashesOf(config, 2000)).toEqual({ chain, state })
})
