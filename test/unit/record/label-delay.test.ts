import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSupervisedDecoder } from '../../../src/record/decode-supervised.ts'
import type { DecoderOptions } from '../../../src/record/decoder.ts'
import { type Delay, type DelayedRecord, LabelDelay } from '../../../src/record/label-delay.ts'
import type { SupervisedFields } from '../../../src/record/types.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (value: Uint8Array) => new TextDecoder().decode(value)

const base: SupervisedFields = {
  inputs: ['x'],
  categorical: ['c'],
  targets: ['y'],
  type: 'regression',
  id: 'id',
}
const columns = ['id', 't', 'x', 'c', 'y']

const jsonOptions: DecoderOptions<SupervisedFields> = { format: 'json', time: 't', fields: base }
const csvOptions: DecoderOptions<SupervisedFields> = { ...jsonOptions, format: 'csv', columns }

function delayed(
  options: DecoderOptions<SupervisedFields>,
  delay: Delay,
  rows: readonly string[],
): { readonly labels: LabelDelay; readonly out: readonly (readonly [number, string])[] } {
  const labels = new LabelDelay(options, delay)
  const records: DelayedRecord[] = []
  for (const row of rows) labels.push(bytes(row), records)
  labels.end(records)
  return { labels, out: records.map(({ value, row }) => [row, text(value)]) }
}

describe('by records', () => {
  it('lets a label follow so many rows later, the rest at the end', () => {
    const { out } = delayed(csvOptions, { records: 2 }, [
      'a,0,1,r,10',
      'b,0,2,s,11',
      'c,0,3,,12',
      'd,0,4,r,13',
    ])
    expect(out).toEqual([
      [0, 'a,0,1,r,'],
      [1, 'b,0,2,s,'],
      [2, 'c,0,3,,'],
      [0, 'a,0,,,10'],
      [3, 'd,0,4,r,'],
      [1, 'b,0,,,11'],
      [2, 'c,0,,,12'],
      [3, 'd,0,,,13'],
    ])
  })

  it('needs no event time, and counts rows that cannot be used', () => {
    const options = { ...csvOptions, time: undefined }
    const { out } = delayed(options, { records: 1 }, ['a,0,1,r,10', 'a,0,x,r,10', 'b,0,2,s,'])
    expect(out).toEqual([
      [0, 'a,0,1,r,'],
      [1, 'a,0,x,r,10'],
      [0, 'a,,,,10'],
      [2, 'b,0,2,s,'],
    ])
  })
})

describe('by event time', () => {
  it('lets a label come before the first row that is so much later, the earliest first', () => {
    const { out } = delayed(jsonOptions, { ms: 10 }, [
      '{"id":"a","t":5,"x":1,"y":1}',
      '{"id":"b","t":0,"x":1,"y":2}',
      '{"id":"c","t":9,"x":1,"y":3}',
      '{"id":"d","t":15,"x":1,"y":4}',
      '{"id":"e","t":2,"x":1,"y":5}',
    ])
    expect(out).toEqual([
      [0, '{"x":1,"id":"a","t":5}'],
      [1, '{"x":1,"id":"b","t":0}'],
      [2, '{"x":1,"id":"c","t":9}'],
      [1, '{"y":2,"id":"b","t":0}'],
      [0, '{"y":1,"id":"a","t":5}'],
      [3, '{"x":1,"id":"d","t":15}'],
      [4, '{"x":1,"id":"e","t":2}'],
      [4, '{"y":5,"id":"e","t":2}'],
      [2, '{"y":3,"id":"c","t":9}'],
      [3, '{"y":4,"id":"d","t":15}'],
    ])
  })

  it('is refused without a field of the time', () => {
    const options = { ...jsonOptions, time: undefined }
    expect(() => new LabelDelay(options, { ms: 10 })).toThrow('name their field by --time NAME')
  })
})

describe('the identifier', () => {
  const noId = { ...base, id: undefined }

  it('is the number of the row where the file has none, under a name of its own', () => {
    const csv = { ...csvOptions, columns: ['row', 't', 'x', 'c', 'y'], fields: noId }
    const { labels, out } = delayed(csv, { records: 0 }, [
      'a,0,1,r,10',
      'bad',
      'b,1,2,"s,""t""",11',
    ])
    expect(labels.addedId).toBe('row_')
    expect(labels.options.fields.id).toBe('row_')
    expect(labels.options.columns).toEqual(['row', 't', 'x', 'c', 'y', 'row_'])
    expect(out).toEqual([
      [0, 'a,0,1,r,,0'],
      [0, ',0,,,10,0'],
      [1, 'bad'],
      [2, 'b,1,2,"s,""t""",,2'],
      [2, ',1,,,11,2'],
    ])
    const json = delayed({ ...jsonOptions, fields: noId }, { records: 0 }, ['{"t":0,"x":1,"y":2}'])
    expect(json.out).toEqual([
      [0, '{"x":1,"t":0,"row":0}'],
      [0, '{"y":2,"t":0,"row":0}'],
    ])
  })

  it('lets no row with a cell too many pass for a good one', () => {
    const { labels, out } = delayed({ ...csvOptions, fields: noId }, { records: 0 }, [
      'a,0,1,r,10,7',
    ])
    const decoder = createSupervisedDecoder(labels.options)
    expect(decoder.decode(null, bytes(out[0]?.[1] as string), null)?.code).toBe(
      'HEADRACE_RECORD_COLUMNS',
    )
  })

  it('that a row lacks leaves its label without a way', () => {
    const { labels, out } = delayed(csvOptions, { records: 0 }, [',0,1,r,10', 'b,0,1,r,11'])
    expect(labels.lostLabels).toBe(1)
    expect(out).toEqual([
      [0, ',0,1,r,'],
      [1, 'b,0,1,r,'],
      [1, 'b,0,,,11'],
    ])
  })
})

it('passes on what already is a label alone, and rows without a label', () => {
  const rows = ['{"id":"a","t":0,"x":1}', '{"id":"a","t":1,"y":5}']
  const { out } = delayed(jsonOptions, { records: 0 }, rows)
  expect(out).toEqual([
    [0, '{"x":1,"id":"a","t":0}'],
    [1, '{"id":"a","t":1,"y":5}'],
  ])
})

it('gives every row and label once, at its time, decoding to what the row held', () => {
  const cell = fc.oneof(fc.constant(''), fc.string({ unit: 'binary', maxLength: 5 }))
  const row = fc.record({
    t: fc.integer({ min: 0, max: 30 }),
    x: fc.option(fc.integer({ min: -5, max: 5 })),
    c: cell,
    k: cell,
    y: cell,
  })
  const delay = fc.oneof(
    fc.record({ ms: fc.integer({ min: 0, max: 40 }) }),
    fc.record({ records: fc.integer({ min: 0, max: 10 }) }),
  )
  const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), delay, fc.boolean(), (rows, later, isCsv) => {
      const fields = { ...base, type: 'classification', id: undefined } as const
      const format = isCsv ? 'csv' : 'json'
      const names = isCsv ? ['t', 'x', 'c', 'k', 'y'] : undefined
      const options = { format, columns: names, time: 't', key: 'k', fields } as const
      const texts = rows.map(({ t, x, c, k, y }) =>
        isCsv
          ? `${t},${x ?? ''},${[c, `k${k}`, y].map(quoted).join(',')}`
          : JSON.stringify({ t, x, c, k: `k${k}`, y }),
      )
      const { labels, out } = delayed(options, later, texts)
      const plain = createSupervisedDecoder(options)
      const decoder = createSupervisedDecoder(labels.options)
      const seen: { row: number; isLabel: boolean }[] = []
      const hasInputs = (i: number) => rows[i]?.x !== null || rows[i]?.c !== ''
      const inputs = Float64Array.of(Number.NaN)
      const label = { hasInputs: false, inputs, categories: [null] }
      for (const [row, value] of out) {
        expect(decoder.decode(null, bytes(value), null)).toBeNull()
        expect(plain.decode(null, bytes(texts[row] as string), null)).toBeNull()
        const { sample } = plain
        const isLabel = decoder.sample.classes[0] !== null
        seen.push({ row, isLabel })
        expect(decoder.sample).toEqual({
          ...sample,
          id: String(row),
          ...(isLabel ? label : { classes: [null], hasInputs: hasInputs(row) }),
        })
      }
      const hasLabel = (i: number) => rows[i]?.y !== ''
      const isFirst = (i: number) => seen.findIndex(({ row }) => row === i)
      const rowPlaces = rows.map((_, i) => isFirst(i))
      expect(rowPlaces).toEqual(rowPlaces.toSorted((a, b) => a - b))
      for (let i = 0; i < rows.length; i++) {
        const places = seen.flatMap(({ row }, place) => (row === i ? [place] : []))
        expect(places).toHaveLength(hasLabel(i) ? 2 : 1)
        if (!hasLabel(i)) continue
        const due = (rows[i]?.t as number) + ('ms' in later ? later.ms : 0)
        const next = rows.findIndex((other, j) =>
          'ms' in later ? j > i && other.t >= due : j > i + later.records,
        )
        const before = rowPlaces.filter((place) => place < (places[1] as number)).length
        expect(before).toBe(next < 0 ? rows.length : next)
      }
    }),
    { numRuns: 300 },
  )
})
