import { describe, expect, it } from 'vitest'
import type { DecoderOptions } from '../../../src/record/decoder.ts'
import { createDecoder } from '../../../src/record/decoder.ts'
import { KnownFill } from '../../../src/record/known-fill.ts'

const fields = { targets: ['y'], inputs: [], known: ['h'], horizons: [1, 3] }
const csv: DecoderOptions = { format: 'csv', columns: ['id', 'y', 'h'], key: 'id', fields }
const json: DecoderOptions = { format: 'json', key: 'id', fields }

function fill(options: DecoderOptions, rows: readonly string[]): string[] {
  const knownFill = new KnownFill(options, ['h'])
  const out: Uint8Array[] = []
  for (const row of rows) knownFill.push(Buffer.from(row), out)
  knownFill.end(out)
  return out.map((row) => Buffer.from(row).toString())
}

describe('KnownFill', () => {
  it('appends the values of the following rows of the same sequence, in their order', () => {
    const rows = ['a,1,10', 'b,1,50', 'a,2,11', 'a,3,', 'b,2,51', 'a,4,13', 'a,5,14']
    expect(fill(csv, rows)).toEqual([
      'a,1,10,11,13',
      'b,1,50,51,',
      'a,2,11,,14',
      'a,3,,13,',
      'b,2,51,,',
      'a,4,13,14,',
      'a,5,14,,',
    ])
  })

  it('does so in JSON, where what is missing stays out', () => {
    const rows = ['{"id":"a","h":1}', ' {"id":"a","y":[]} ', '{"id":"a","h":2}', '{"id":"a"}']
    expect(fill(json, rows)).toEqual([
      '{"id":"a","h":1,"h+1":2}',
      ' {"id":"a","y":[]} ',
      '{"id":"a","h":2}',
      '{"id":"a"}',
    ])
    const unkeyed: DecoderOptions = { format: 'json', fields }
    expect(fill(unkeyed, ['{}', '{"h":1}'])).toEqual(['{"h+1":1}', '{"h":1}'])
    expect(fill(unkeyed, ['{ }', '{"h":1}'])[0]).toBe('{ "h+1":1}')
  })

  it('passes over rows that cannot be used, and lets none of them become good', () => {
    const rows = ['a,1,10', 'a,oops,99', 'a,1,10,7,8', 'a,2,11']
    const filled = fill(csv, rows)
    expect(filled).toEqual(['a,1,10,11,', 'a,oops,99', 'a,1,10,7,8,', 'a,2,11,,'])
    const { options } = new KnownFill(csv, ['h'])
    const decoder = createDecoder(options)
    const failed = filled.map((row) => decoder.decode(null, Buffer.from(row), null)?.code)
    const columns = 'HEADRACE_RECORD_COLUMNS'
    expect(failed).toEqual([undefined, columns, columns, undefined])
  })

  it('holds back no more rows than the longest horizon needs', () => {
    const knownFill = new KnownFill(csv, ['h'])
    const out: Uint8Array[] = []
    for (let i = 0; i < 20_000; i++) {
      knownFill.push(Buffer.from(`a,1,${i}`), out)
      expect(out.length).toBe(Math.max(0, i - 2))
    }
    expect(Buffer.from(out[9999]!).toString()).toBe('a,1,9999,10000,10002')
  })

  it('does not wait for ever for a key that comes no more', () => {
    const knownFill = new KnownFill(csv, ['h'])
    const out: Uint8Array[] = []
    knownFill.push(Buffer.from('gone,1,5'), out)
    for (let i = 0; i < 100_000; i++) knownFill.push(Buffer.from(`a,1,${i}`), out)
    expect(Buffer.from(out[0]!).toString()).toBe('gone,1,5,,')
    expect(out).toHaveLength(99_998)
    knownFill.end(out)
    expect(out).toHaveLength(100_001)
  })
})
