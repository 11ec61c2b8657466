import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordSplitter } from '../../../src/record/split-records.ts'

/** Splits the text, handed over in pieces that end at the given places. */
function split(format: 'csv' | 'json', text: string, places: readonly number[] = []): string[] {
  const bytes = Buffer.from(text)
  const splitter = new RecordSplitter(format)
  const records: Uint8Array[] = []
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length]
  let start = 0
  for (const end of ends.toSorted((a, b) => a - b)) {
    splitter.push(bytes.subarray(start, end), records)
    start = end
  }
  splitter.end(records)
  return records.map((record) => Buffer.from(record).toString())
}

const places = fc.array(fc.nat(), { maxLength: 5 })
const cell = fc.stringMatching(/^[ab",\r\n]{0,6}$/).map((text) => `"${text.replaceAll('"', '""')}"`)
const row = fc.array(fc.oneof(cell, fc.stringMatching(/^[abé]{1,4}$/)), {
  minLength: 1,
  maxLength: 4,
})

describe('RecordSplitter', () => {
  it.each([
    ['a\nb\n', ['a', 'b']],
    ['a\nb', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['\n\na\n \t\r\n\nb\n\n', ['a', 'b']],
    ['', []],
    ['\n', []],
  ])('cuts %j at line ends, blank lines passed over', (text, expected) => {
    expect(split('json', text)).toEqual(expected)
    expect(split('csv', text)).toEqual(expected)
  })

  it('minds quotes in CSV alone', () => {
    expect(split('csv', '"a\nb",1\nc,2')).toEqual(['"a\nb",1', 'c,2'])
    expect(split('json', '"a\nb",1\nc,2')).toEqual(['"a', 'b",1', 'c,2'])
    expect(split('csv', '"a\r\n",1\r\n"c"\r\n')).toEqual(['"a\r\n",1', '"c"'])
  })

  it.each([
    ['a stray quote that never closes', 'a,"1\nb,2\nc,3\n', ['a,"1', 'b,2', 'c,3']],
    ['one at the end', 'a,1\nb,"2', ['a,1', 'b,"2']],
    ['two of them', 'a,"1\nb,"2\nc,3', ['a,"1', 'b,"2', 'c,3']],
    ['a quote that closes inside a cell', 'a,"1"2\nb,2', ['a,"1"2', 'b,2']],
    ['one that closes so lines later', 'a,"1\nb\nc"d\ne,2', ['a,"1', 'b', 'c"d', 'e,2']],
    ['a quote inside a bare cell', '5" pipe,1\nb,2', ['5" pipe,1', 'b,2']],
  ])('loses one line to %s', (_, text, expected) => {
    expect(split('csv', text)).toEqual(expected)
  })

  it('takes a quoted cell of more than 1 MiB for a stray quote, at once', () => {
    const lines = Array.from({ length: 200_000 }, (_, i) => `b,${i}`)
    const records = split('csv', ['a,"1', ...lines].join('\n'), [3, 100_000, 1_500_000])
    expect(records).toHaveLength(200_001)
    expect(records.slice(0, 2)).toEqual(['a,"1', 'b,0'])
  })

  it('finds the rows that csv-parse finds, however the bytes come in', () => {
    fc.assert(
      fc.property(fc.array(row), fc.constantFrom('\n', '\r\n'), places, (rows, end, cuts) => {
        const text = rows.map((cells) => cells.join(',') + end).join('')
        const options = { record_delimiter: ['\n', '\r\n'], relax_column_count: true }
        const cells = split('csv', text, cuts).map((record) => parse(record, options)[0])
        expect(cells).toEqual(parse(text, options))
      }),
      { numRuns: 1000 },
    )
  })

  it('gives the same records however the bytes come in, whatever they are', () => {
    const noise = fc.stringMatching(/^[a",\r\n ]{0,40}$/)
    fc.assert(
      fc.property(noise, places, fc.constantFrom('csv', 'json'), (text, cuts, format) => {
        const whole = split(format, text)
        expect(split(format, text, cuts)).toEqual(whole)
        const kept = whole.join('').replaceAll(/[\r\n ]/g, '')
        expect(kept).toBe(text.replaceAll(/[\r\n ]/g, ''))
      }),
      { numRuns: 2000 },
    )
  })

  it('refuses a line of more than 64 MiB', () => {
    const splitter = new RecordSplitter('json')
    const chunk = new Uint8Array(33 * 1024 * 1024).fill(97)
    splitter.push(chunk, [])
    expect(() => splitter.push(chunk, [])).toThrow('A line is longer than 67108864 bytes')
  })
})
