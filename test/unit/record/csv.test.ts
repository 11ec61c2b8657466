import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CsvLine, CsvReader } from '../../../src/record/csv.ts'

function split(text: string): string[] | null {
  const line = new CsvLine(1000)
  if (line.split(text) !== null) return null
  return Array.from({ length: line.count }, (_, i) => line.cell(i))
}

const cell = fc.oneof(fc.string(), fc.stringMatching(/^[a",\r\n ]{0,8}$/))

describe('CsvLine', () => {
  it('reads back what RFC 4180 writes', () => {
    fc.assert(
      fc.property(
        fc.array(cell, { minLength: 1 }),
        fc.constantFrom('', '\n', '\r\n'),
        (cells, end) => {
          const quoted = cells.map((text) => `"${text.replaceAll('"', '""')}"`)
          expect(split(quoted.join(',') + end)).toEqual(cells)
          const bare = cells.map((text) => text.replaceAll(/[",\r\n]/g, ''))
          expect(split(bare.join(',') + end)).toEqual(bare)
        },
      ),
    )
  })

  it('agrees with csv-parse on every line that both accept, and accepts no other', () => {
    let accepted = 0
    fc.assert(
      fc.property(fc.stringMatching(/^[ab",]{1,12}$/), (text) => {
        let expected: string[] | null
        try {
          expected = parse(text)[0] as string[]
        } catch {
          expected = null
        }
        expect(split(text)).toEqual(expected)
        if (expected !== null) accepted++
      }),
      { numRuns: 5000 },
    )
    expect(accepted).toBeGreaterThan(500)
  })

  it('counts cells beyond its bound without keeping them', () => {
    const line = new CsvLine(2)
    expect(line.split(','.repeat(1_000_000))).toBeNull()
    expect(line.count).toBe(1_000_001)
    expect(line.split('a,b')).toBeNull()
    expect([line.count, line.cell(0), line.cell(1)]).toEqual([2, 'a', 'b'])
  })
})

describe('CsvReader', () => {
  const columns = ['a', 'b', 'c']
  const names = ['c', 'a', 'nowhere', 'b']
  const answers = (text: string) => {
    const reader = new CsvReader(columns, names)
    const value = new TextEncoder().encode(text)
    const failed = reader.read(value)
    if (failed !== null) return failed.code
    return names.map((_, field) => {
      const start = reader.textStart(field)
      const label = reader.label(field)
      if (start >= 0) {
        const bytes = value.subarray(start, reader.textEnd(field))
        expect(new TextDecoder().decode(bytes)).toBe(label)
      }
      return [reader.number(field), label]
    })
  }
  const plain = fc.oneof(
    fc.integer().map(String),
    fc.double().map(String),
    fc.stringMatching(/^ {0,2}-?[0-9]{0,3}\.?[0-9]{0,3} {0,2}$/),
    fc.constantFrom('', 'NA', 'null', 'nan', 'inf', '2014-07-01 00:00:00', 'x', '+1', '1e5', 'é'),
  )

  it('reads the same from bare cells as from quoted ones', () => {
    fc.assert(
      fc.property(fc.array(plain, { minLength: 2, maxLength: 4 }), (cells) => {
        const quoted = cells.map((text) => `"${text}"`).join(',')
        for (const end of ['', '\n', '\r\n', '\r']) {
          expect(answers(cells.join(',') + end)).toEqual(answers(quoted + end))
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('finds a line end in the middle of a line as bad as ever', () => {
    for (const text of ['1,2\n,3', '1,2\r,3', '1,2,3\n\n', '1,2,3\r\r']) {
      expect(answers(text)).toBe('HEADRACE_RECORD_UNDECODABLE')
    }
  })
})
