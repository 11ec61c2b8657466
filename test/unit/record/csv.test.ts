import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CsvLine } from '../../../src/record/csv.ts'

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
