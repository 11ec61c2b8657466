import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../../src/assert.ts'
import type { SymbolsModel } from '../../../../src/model/symbols/model.ts'
import { Random } from '../../../../src/random.ts'
import {
  byteStream,
  bytesEntry,
  feed,
  modelOf,
  symbolsConfig,
  textOf,
  tokenEntry,
} from './support.ts'

/** What is expected next, by the names of symbols. */
function nextOf(model: SymbolsModel): [string | null, number][] {
  model.predictNext()
  const { count, symbols, probabilities } = model.forecast.next
  return Array.from({ length: count }, (_, i) => [
    model.vocabulary.name(symbols[i]!),
    probabilities[i]!,
  ])
}

function bitsPerSymbol(model: SymbolsModel, member: string): number {
  return model.scores.summary().find((score) => score.member === member)?.bitsPerSymbol as number
}

describe('the same records give the same bits', () => {
  test.each([
    ['full', {}],
    ['network', { portfolio: 'network' as const }],
    ['contexts', { learningRates: [] }],
    ['two networks', { learningRates: [1e-3, 4e-3], cell: 'gru' as const, layers: 2 }],
    ['reference', { kernel: 'reference' as const, hidden: 4 }],
  ])('%s', (_, model) => {
    const config = symbolsConfig({}, model, { max: 4, keep: 6 })
    const [one, other] = [modelOf(config), modelOf(config)]
    const early = one.weightsHash()
    for (const entry of byteStream(1, 300, 8)) {
      feed(one, entry)
      feed(other, entry)
    }
    expect(one.stateHash()).toBe(other.stateHash())
    expect(one.chainHash()).toBe(other.chainHash())
    expect(one.weightsHash()).toBe(other.weightsHash())
    if (one.networkCount > 0) {
      expect(one.updates).toBeGreaterThan(20)
      expect(one.weightsHash()).not.toBe(early)
    }
    feed(other, bytesEntry('key 0', Buffer.from('x')))
    feed(one, bytesEntry('key 0', Buffer.from('y')))
    expect(one.stateHash()).not.toBe(other.stateHash())
    expect(one.chainHash()).not.toBe(other.chainHash())
  })
})

test('how bytes are cut into records changes no cost and no weight', () => {
  const text = textOf(2, 1200)
  const config = symbolsConfig()
  const [whole, single] = [modelOf(config), modelOf(config)]
  feed(whole, bytesEntry('', text))
  let bits = 0
  for (const byte of text) {
    feed(single, bytesEntry('', Uint8Array.of(byte)))
    bits += single.forecast.observed.bits
  }
  expect(whole.forecast.observed.symbols).toBe(1200)
  expect(bits).toBeCloseTo(whole.forecast.observed.bits, 6)
  expect(whole.weightsHash()).toBe(single.weightsHash())
  expect(whole.symbols).toBe(single.symbols)
  expect(whole.records).toBe(1)
})

test('weights stay as they began where the model is not to learn', () => {
  const model = modelOf(symbolsConfig({}, { learn: false }))
  const before = model.weightsHash()
  for (const entry of byteStream(3, 200, 3)) feed(model, entry)
  expect(model.weightsHash()).toBe(before)
  expect(model.updates).toBe(0)
  expect(model.health.networks()).toMatchObject([{ network: 'network', learningRate: 0 }])
  expect(bitsPerSymbol(model, 'network')).toBeCloseTo(8, 6)
})

describe('scores', () => {
  const model = modelOf(symbolsConfig({}, { hidden: 24, learningRates: [8e-3] }))
  const text = textOf(4, 24_000)
  let bits = 0
  let symbols = 0
  for (let from = 0; from < text.length; from += 100) {
    feed(model, bytesEntry('', text.subarray(from, from + 100)))
    bits += model.forecast.observed.bits
    symbols += model.forecast.observed.symbols
  }

  test('add up what each record has cost', () => {
    const mixture = model.scores.summary().at(-1)
    expect(mixture?.member).toBe('mixture')
    expect(mixture?.symbols).toBe(symbols)
    expect(mixture?.bits).toBeCloseTo(bits, 6)
    expect(symbols).toBe(text.length)
    expect(model.scores.summary().map(({ member }) => member)).toEqual([
      ...model.memberNames,
      'mixture',
    ])
    expect(model.memberNames).toContain('network')
    expect(model.memberNames).toContain('order:2')
  })

  test('of the mixture are better than those of every member', () => {
    const mixture = bitsPerSymbol(model, 'mixture')
    for (const member of model.memberNames) {
      expect(bitsPerSymbol(model, member), member).toBeGreaterThan(mixture)
    }
  })

  test('of the mixture are better with the network than without it', () => {
    const contexts = modelOf(symbolsConfig({}, { learningRates: [] }))
    feed(contexts, bytesEntry('', text))
    expect(bitsPerSymbol(model, 'mixture')).toBeLessThan(bitsPerSymbol(contexts, 'mixture'))
    expect(contexts.memberNames).not.toContain('network')
    expect(contexts.networkCount).toBe(0)
  })

  test('fade', () => {
    for (const score of model.scores.summary()) {
      expect(score.fadingBitsPerSymbol).toBeLessThan(score.bitsPerSymbol + 1)
    }
    expect(modelOf(symbolsConfig()).scores.summary()[0]?.fadingBitsPerSymbol).toBeNaN()
  })
})

describe('what is expected next', () => {
  test('is a look that changes nothing, today or later', () => {
    const config = symbolsConfig()
    const [one, other] = [modelOf(config), modelOf(config)]
    for (const entry of byteStream(5, 150, 4)) {
      feed(one, entry)
      feed(other, entry)
      if (entry === null) continue
      const before = one.stateHash()
      one.predictNext()
      one.predictNext()
      expect(one.stateHash()).toBe(before)
    }
    expect(one.chainHash()).toBe(other.chainHash())
  })

  test.each(['full' as const, 'network' as const])(
    'is a distribution, best first: %s',
    (portfolio) => {
      const model = modelOf(
        symbolsConfig({ top: 8 }, { portfolio, hidden: 16, learningRates: [1e-2] }),
      )
      feed(model, bytesEntry('', Buffer.from('abcabdabcabe'.repeat(150))))
      const next = nextOf(model)
      expect(next.length).toBe(8)
      expect(next[0]?.[0]).toBe('a')
      expect(next[0]?.[1]).toBeGreaterThan(0.9)
      const values = next.map(([, p]) => p)
      expect(values).toEqual(values.toSorted((a, b) => b - a))
      expect(values.reduce((a, b) => a + b)).toBeLessThanOrEqual(1 + 1e-9)
    },
  )

  test('names no symbol that has no text yet', () => {
    const model = modelOf(symbolsConfig({ alphabet: 'auto', maxSymbols: 64, top: 20 }))
    for (const token of ['a', 'b', 'a', 'b']) feed(model, tokenEntry('', token))
    const names = nextOf(model).map(([name]) => name)
    expect(names.toSorted()).toEqual(['a', 'b', null].toSorted())
  })
})

describe('an end', () => {
  test('closes the sequence: its next symbol is expected as a new sequence’s is', () => {
    const model = modelOf(symbolsConfig())
    feed(model, bytesEntry('a', textOf(6, 900)))
    const going = nextOf(model)
    feed(model, bytesEntry('a', Buffer.from('x'), true))
    const ended = nextOf(model)
    feed(model, bytesEntry('new', Buffer.of()))
    expect(nextOf(model)).toEqual(ended)
    expect(ended).not.toEqual(going)
    feed(model, bytesEntry('a', Buffer.of(), true))
    expect(nextOf(model)).toEqual(ended)
  })

  test('is what tells where sequences begin', () => {
    const config = symbolsConfig({}, { hidden: 16, learningRates: [1e-2] })
    const bitsOf = (end: boolean) => {
      const model = modelOf(config)
      const random = new Random(3)
      for (let i = 0; i < 500; i++) {
        // Ends nowhere but in the record's flag: lengths are random, all letters alike.
        const length = 1 + (random.uint32() % 5)
        feed(model, bytesEntry('', Buffer.from(`q${'z'.repeat(length)}`), end))
      }
      return model.forecast.observed.bits + bitsPerSymbol(model, 'mixture')
    }
    expect(bitsOf(true)).toBeLessThan(0.9 * bitsOf(false))
  })
})

describe('records without symbols', () => {
  test('that cannot be used only count', () => {
    const model = modelOf(symbolsConfig())
    feed(model, bytesEntry('a', textOf(7, 50)))
    const [sequences, updates, chain] = [model.liveSequences, model.updates, model.chainHash()]
    const weights = model.weightsHash()
    feed(model, null)
    expect(model.records).toBe(2)
    expect(model.liveSequences).toBe(sequences)
    expect(model.updates).toBe(updates)
    expect(model.weightsHash()).toBe(weights)
    expect(model.chainHash()).not.toBe(chain)
  })

  test('that are empty, or have no token, cost nothing', () => {
    const model = modelOf(symbolsConfig({ alphabet: 'auto', end: 'last' }))
    feed(model, tokenEntry('a', null, true))
    expect(model.forecast.observed).toEqual({ symbols: 0, bits: 0, surprise: NaN })
    expect(model.symbols).toBe(0)
    expect(model.liveSequences).toBe(1)
  })
})

describe('an open alphabet', () => {
  const config = symbolsConfig({ alphabet: 'auto', maxSymbols: 6 })

  test('codes what it does not know as the unknown, and then knows it', () => {
    const model = modelOf(config)
    for (let i = 0; i < 120; i++) feed(model, tokenEntry('', ['a', 'b', 'c'][i % 3] as string))
    const known = model.forecast.observed.bits
    feed(model, tokenEntry('', 'new'))
    const first = model.forecast.observed.bits
    expect(first).toBeGreaterThan(known + 2)
    expect(model.vocabulary.numberOf('new')).toBe(4)
    for (let i = 0; i < 100; i++) feed(model, tokenEntry('', ['a', 'new'][i % 2] as string))
    expect(model.forecast.observed.bits).toBeLessThan(0.5)
    // What it has no room for stays unknown, and is learnt as such.
    for (let i = 0; i < 200; i++) feed(model, tokenEntry('', i % 2 === 0 ? 'a' : `other ${i}`))
    expect(model.vocabulary.known).toBe(6)
    expect(model.forecast.observed.bits).toBeLessThan(1)
    expect(nextOf(model)[0]?.[0]).toBe('a')
  })

  test('a list has its texts from the start', () => {
    const model = modelOf(symbolsConfig({ alphabet: ['GET', 'PUT'] }))
    expect(model.decisions).toBe(2)
    for (let i = 0; i < 200; i++) feed(model, tokenEntry('', i % 2 === 0 ? 'GET' : 'PUT'))
    expect(nextOf(model)[0]?.[0]).toBe('GET')
  })
})

test('a record is the more surprising the rarer what it cost', () => {
  const model = modelOf(symbolsConfig())
  const text = textOf(8, 9000)
  const usual: number[] = []
  for (let from = 0; from < text.length; from += 30) {
    feed(model, bytesEntry('', text.subarray(from, from + 30)))
    if (from > 4500) usual.push(model.forecast.observed.surprise)
  }
  expect(Math.min(...usual)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...usual)).toBeLessThanOrEqual(1)
  const mean = usual.reduce((a, b) => a + b) / usual.length
  expect(mean).toBeGreaterThan(0.3)
  expect(mean).toBeLessThan(0.7)
  feed(
    model,
    bytesEntry(
      '',
      Uint8Array.from({ length: 30 }, (_, i) => (i * 89 + 131) & 255),
    ),
  )
  expect(model.forecast.observed.surprise).toBeGreaterThan(0.98)
})

describe('bounds on sequences', () => {
  test('take windows and then sequences, the least recently used first', () => {
    const model = modelOf(symbolsConfig({}, {}, { max: 2, keep: 4 }))
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) feed(model, bytesEntry(name, textOf(9, 40)))
    expect(model.liveSequences).toBe(4)
    expect(model.view.sequences('used', 9).map(({ name, hasWindow }) => [name, hasWindow])).toEqual(
      [
        ['f', true],
        ['e', true],
        ['d', false],
        ['c', false],
      ],
    )
    expect(model.health.windows).toBe(2)
    expect(model.health.evicted).toEqual({ windows: 4, sequences: 2 })
    feed(model, bytesEntry('c', textOf(9, 40)))
    expect(model.view.mostRecent()).toBe('c')
    expect(model.view.search('D', 5)).toEqual({ names: ['d'], isCut: false })
    expect(model.health.sequenceBytes).toBeLessThan(4 * model.bytesPerSequence)
  })

  test('a sequence that was gone begins anew', () => {
    const model = modelOf(symbolsConfig({}, {}, { max: 1, keep: 1 }))
    feed(model, bytesEntry('a', textOf(10, 60)))
    feed(model, bytesEntry('b', textOf(11, 60)))
    feed(model, bytesEntry('a', Buffer.of()))
    const again = nextOf(model)
    feed(model, bytesEntry('never seen', Buffer.of()))
    expect(nextOf(model)).toEqual(again)
  })
})

test('sizes are known in advance, at once', () => {
  const config = symbolsConfig()
  const model = modelOf(config)
  const { bytesShared, bytesPerSequence, parameters } = model
  expect(parameters).toBeGreaterThan(256 * 8)
  expect(bytesPerSequence).toBeGreaterThan(1000)
  for (const entry of byteStream(12, 300, 9)) feed(model, entry)
  expect(model.bytesShared).toBe(bytesShared)
  expect(model.bytesPerSequence).toBe(bytesPerSequence)
  expect(model.health.networks()[0]?.gradientNorm).toBeGreaterThan(0)
  expect(model.health.kernelBytes).toBeGreaterThan(0)
})

describe('what cannot be is an assertion', () => {
  test.each<[string, (model: SymbolsModel) => unknown]>([
    ['a symbol without a record', (m) => m.openSymbol()],
    ['two records at once', (m) => [m.openRecord('', null), m.openRecord('', null)]],
    ['a dead letter in a record', (m) => [m.openRecord('', null), m.skip()]],
    ['a decision too many', (m) => [open(m), Array.from({ length: 9 }, () => m.decide(1))]],
    ['a symbol that is not decided', (m) => [open(m), m.decide(1), m.closeSymbol()]],
    ['a record that ends in a symbol', (m) => [open(m), m.closeRecord(false)]],
    ['a prediction before the first record', (m) => m.predictNext()],
    ['a cut within a record', (m) => [m.openRecord('', null), m.snapshots.begin()]],
  ])('%s', (_, act) => {
    const model = modelOf(symbolsConfig({}, { portfolio: 'network' }))
    expect(() => act(model)).toThrow(AssertionError)
  })
})

function open(model: SymbolsModel): void {
  model.openRecord('', null)
  model.openSymbol()
}
