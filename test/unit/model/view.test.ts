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
  model.view.search('s', 5)
  model.view.past('s1', 0, 1, 9)
  expect(model.stateHash()).toBe(before)
})

test('a search finds names by a part of them in any case, those used last first', () => {
  const { view } = driven(40).model
  expect(view.mostRecent()).toBe('s1')
  expect(view.search('', 9)).toEqual({ names: ['s1', 's0', 'old'], isCut: false })
  expect(view.search('S', 9)).toEqual({ names: ['s1', 's0'], isCut: false })
  expect(view.search('S', 1)).toEqual({ names: ['s1'], isCut: true })
  expect(view.search('nobody', 9)).toEqual({ names: [], isCut: false })
})

test('a search looks at a bounded number of sequences', () => {
  const config = configOf({ model: { ...small, portfolio: 'network' } })
  const driver = new Driver(config)
  for (let i = 0; i < 20_001; i++) driver.step({ sequence: `k${i}`, values: [1] })
  const { view } = driver.model
  expect(view.search('k0', 9)).toEqual({ names: [], isCut: true })
  expect(view.search('k1', 2).names).toEqual(['k19999', 'k19998'])
  driver.step({ sequence: 'k0', values: [1] })
  expect(view.search('k0', 9).names).toEqual(['k0'])
})

test('the past is values and times as they came, and the newest forecast', () => {
  const { view, forecast } = driven(40).model
  const past = view.past('s1', 0, 1, 6)
  expect(past).toMatchObject({ steps: 18, lastUsed: 40, forMs: forecast.forMs[1] })
  expect([...(past?.values ?? [])]).toEqual([29, 31, 33, 35, 37, 39])
  expect([...(past?.timesMs ?? [])]).toEqual([29, 31, 33, 35, 37, 39].map((i) => 1_000 * i))
  expect(past?.mean).toBe(forecast.means[1])
  const levels = 2
  expect([...(past?.bounds ?? [])]).toEqual([...forecast.bounds.slice(2 * levels)])
  // The model looks back by some more than two seasons, and no further.
  expect(view.past('s1', 0, 1, 1_000)?.values.length).toBeLessThanOrEqual(18)
  expect(view.past('s1', 0, 1, 1_000)?.values.length).toBeGreaterThan(8)
  expect(view.past('old', 0, 0, 9)?.values).toHaveLength(5)
  expect(view.past('nobody', 0, 0, 9)).toBeNull()
})

test('the past of a sequence without event times has none, and gaps stay gaps', () => {
  const driver = new Driver(configOf({ model: small }))
  for (const value of [1, null, 3]) driver.step({ values: [value] })
  const past = driver.model.view.past('', 0, 0, 9)
  expect([...(past?.values ?? [])]).toEqual([1, Number.NaN, 3])
  expect([...(past?.timesMs ?? [])]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  expect(past?.forMs).toBe(Number.NaN)
})
