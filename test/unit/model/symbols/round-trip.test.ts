import { describe, expect, test } from 'vitest'
import type { SymbolsModel } from '../../../../src/model/symbols/model.ts'
import { RangeDecoder, RangeEncoder } from './range-coder.ts'
import { modelOf, symbolsConfig, textOf } from './support.ts'

/** Codes `text` a record of 10 bytes at a time, with a model that learns as it goes. */
function encode(model: SymbolsModel, text: Uint8Array): { code: Uint8Array; bits: number } {
  const coder = new RangeEncoder()
  let bits = 0
  for (let from = 0; from < text.length; from += 10) {
    model.openRecord('', null)
    for (const symbol of text.subarray(from, from + 10)) {
      model.openSymbol()
      for (let i = model.decisions - 1; i >= 0; i--) {
        const bit = ((symbol >>> i) & 1) as 0 | 1
        coder.encode(bit, model.probability())
        model.decide(bit)
      }
      expect(model.closeSymbol()).toBe(symbol)
    }
    model.closeRecord(false)
    bits += model.forecast.observed.bits
  }
  return { code: coder.finish(), bits }
}

function decode(model: SymbolsModel, code: Uint8Array, length: number): Uint8Array {
  const coder = new RangeDecoder(code)
  const text = new Uint8Array(length)
  for (let from = 0; from < length; from += 10) {
    model.openRecord('', null)
    for (let at = from; at < Math.min(from + 10, length); at++) {
      model.openSymbol()
      for (let i = 0; i < model.decisions; i++) model.decide(coder.decode(model.probability()))
      text[at] = model.closeSymbol()
    }
    model.closeRecord(false)
  }
  return text
}

describe.each([
  ['all members', {}],
  ['the network alone', { portfolio: 'network' as const }],
  ['the contexts alone', { learningRates: [] }],
])('with %s', (_, model) => {
  const config = symbolsConfig({}, model)

  test('a coder writes as many bits as are reported, and decoding returns the text', () => {
    const text = textOf(4, 20_000)
    const encoder = modelOf(config)
    const { code, bits } = encode(encoder, text)
    // All bits of the encoder's last interval are written.
    expect(8 * code.length).toBeGreaterThan(bits - 32)
    expect(8 * code.length).toBeLessThan(bits * 1.0001 + 32)
    expect(bits).toBeLessThan(4 * text.length)
    const decoder = modelOf(config)
    expect(Buffer.from(decode(decoder, code, text.length)).equals(text)).toBe(true)
    expect(decoder.stateHash()).toBe(encoder.stateHash())
    expect(decoder.chainHash()).toBe(encoder.chainHash())
  })

  test('what a step does is what a coder does', () => {
    const text = textOf(5, 3000)
    const [coded, stepped] = [modelOf(config), modelOf(config)]
    const { bits } = encode(coded, text)
    let sum = 0
    for (let from = 0; from < text.length; from += 10) {
      const bytes = text.subarray(from, from + 10)
      stepped.step({ sequence: '', timeMs: null, bytes, token: null, end: false })
      sum += stepped.forecast.observed.bits
    }
    expect(sum).toBe(bits)
    expect(stepped.stateHash()).toBe(coded.stateHash())
    expect(stepped.chainHash()).toBe(coded.chainHash())
  })
})
