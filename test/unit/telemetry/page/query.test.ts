import { expect, test } from 'vitest'
import { parseChoice, parseSearch } from '../../../../src/telemetry/page/query.ts'
import { FakeFeed } from './fake-feed.ts'

const feed = new FakeFeed()
const choice = (query: string) => parseChoice(new URLSearchParams(query), feed)
const search = (query: string) => parseSearch(new URLSearchParams(query))

test('what is not named is the first target, the nearest horizon and any sequence', () => {
  const value = { partition: null, sequence: null, target: 'passengers', horizon: 1 }
  expect(choice('')).toEqual({ value })
  expect(choice('target=fares&horizon=5')).toEqual({
    value: { ...value, target: 'fares', horizon: 5 },
  })
  expect(choice('partition=3')).toEqual({ value: { ...value, partition: 3 } })
})

test('a sequence is any text, also none', () => {
  for (const sequence of ['jfk', '', 'a&b=c d', 'ключ', '…/../']) {
    const query = new URLSearchParams({ partition: '0', sequence }).toString()
    expect(choice(query)).toMatchObject({ value: { partition: 0, sequence } })
  }
})

test('what cannot be asked for is an error that says what can', () => {
  expect(choice('target=tips')).toEqual({ error: 'target must be one of passengers, fares' })
  for (const horizon of ['2', '01', '1.0', '', 'x']) {
    expect(choice(`horizon=${horizon}`)).toEqual({ error: 'horizon must be one of 1, 5' })
  }
  for (const partition of ['-1', '', '1e3', '0x1', '9'.repeat(40)]) {
    expect(choice(`partition=${partition}`)).toMatchObject({
      error: expect.stringContaining('partition'),
    })
  }
  expect(choice('sequence=jfk')).toMatchObject({
    error: expect.stringContaining('together with its partition'),
  })
  expect(choice('taget=passengers')).toMatchObject({
    error: expect.stringContaining('partition, sequence, target'),
  })
  expect(choice('horizon=1&horizon=5')).toMatchObject({ error: expect.stringContaining('once') })
})

test('a search has a bounded text and a bounded number of answers', () => {
  expect(search('')).toEqual({ value: { text: '', limit: 50 } })
  expect(search('q=a+b&limit=100')).toEqual({ value: { text: 'a b', limit: 100 } })
  for (const limit of ['0', '101', '-1', '1.5', '', '1000']) {
    expect(search(`limit=${limit}`)).toMatchObject({ error: expect.stringContaining('limit') })
  }
  expect(search(`q=${'x'.repeat(257)}`)).toMatchObject({ error: expect.stringContaining('256') })
  expect(search('query=a')).toMatchObject({ error: expect.stringContaining('q, limit') })
})
