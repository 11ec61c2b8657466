import { expect, test } from 'vitest'
import { configOf, Driver } from './support/driver.ts'

const small = { hidden: 3, window: 4, updateEvery: 2, learningRates: [1e-3] }

function driven(steps: number): Driver {
  const driver = new Driver(
    configOf({
      model: small,
      task: { targets: ['y'], horizons: [1, 2], seasons: [6] },
      sequences: { max: 2, keep: 10 },
    }),
  )
  for (let i = 0; i < steps; i++) {
    const sequence = i < 5 ? 'old' : `s${i % 2}`
    driver.step({ sequence, timeMs: i * 1_000, values: [i] })
  }
  return driver
}

test('lists sequences by use, by change and by name', () => {
  const { view } = driven(40).model
  const names = (order: 'used' | 'changed' | 'name', limit = 9) =>
    view.sequences(order, limit).map(({ name }) => name)
  expect(names('used')).toEqual(['s1', 's0', 'old'])
  expect(names('used', 1)).toEqual(['s1'])
  expect(names('name')).toEqual(['old', 's0', 's1'])
  const changes = view.sequences('changed', 9).map(({ lastChanged }) => lastChanged)
  expect(changes).toEqual(changes.toSorted((a, b) => b - a))
})

test('tells steps, use and windows: beyond the maximum the oldest has shed its window', () => {
  const { view } = driven(40).model
  expect(view.sequence('old')).toMatchObject({ steps: 5, lastUsed: 5, hasWindow: false })
  expect(view.sequence('old')!.lastChanged).toBeGreaterThan(5)
  expect(view.sequence('s1')).toMatchObject({
    steps: 18,
    lastUsed: 40,
    hasWindow: true,
    timeMs: 39_000,
  })
  expect(view.sequence('nobody')).toBeNull()
})

test('the values by lag are those that came', () => {
  const { view } = driven(40).model
  const [lags] = view.sequence('s1')!.lags
  expect(lags?.target).toBe('y')
  for (const { lag, value } of lags!.values)
    expect(value).toBe(lag < 18 ? 39 - 2 * lag : Number.NaN)
  expect(lags!.values.map(({ lag }) => lag)).toContain(5)
})

test("hidden states and gates have the network's shape; without a window no gates", () => {
  const { view } = driven(40).model
  const [network] = view.sequence('s0')!.networks
  expect(network).toMatchObject({ network: 'network:1e-3', cells: [] })
  expect(network!.hidden).toHaveLength(1)
  expect(network!.hidden[0]).toHaveLength(3)
  expect(network!.gates[0]!.gates.update).toHaveLength(3)
  expect(view.sequence('old')!.networks[0]).toMatchObject({ gates: [] })
  expect(view.sequence('old')!.networks[0]!.hidden[0]).toHaveLength(3)
})

test('a look changes nothing', () => {
  const { model } = driven(40)
  const before = model.stateHash()
  model.view.sequence('s0')
  model.view.sequences('used', 5)
  expect(model.stateHash()).toBe(before)
})
