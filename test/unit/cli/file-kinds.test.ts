import { Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FileRecord, type FileSource, openFileSource } from '../../../src/cli/file-source.ts'
import { labelDelayOption } from '../../../src/cli/label-delay-option.ts'
import type { TaskFields } from '../../../src/record/task-decoder.ts'

const bytesTask = { kind: 'symbols', alphabet: 'bytes' } as const
const tokens = { kind: 'symbols', field: 's', end: 'e', alphabet: 'auto' } as const
const bikes = {
  kind: 'supervised',
  inputs: ['wind'],
  categorical: ['weather'],
  targets: ['count'],
  type: 'regression',
} as const

/** A stream that gives the content in pieces of `size` bytes. */
function stream(content: string | Uint8Array, size = 7): { stream: Readable } {
  const bytes = Buffer.from(content)
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return { stream: Readable.from(pieces) }
}

async function recordsOf<F extends TaskFields>(source: FileSource<F>): Promise<FileRecord[]> {
  const all: FileRecord[] = []
  for await (const batch of source) {
    expect(batch.length).toBeLessThanOrEqual(1000)
    all.push(...batch)
  }
  return all
}

describe('a file of bytes', () => {
  it('is all of its bytes, unpacked, with a mark at the beginning, up to a limit', async () => {
    const pack = fc.constantFrom((all: Uint8Array) => all, gzipSync, zstdCompressSync)
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 5000, minLength: 1 }),
      fc.constant(Buffer.from('\ufeffmark')),
    )
    const limit = fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(
        content,
        pack,
        limit,
        fc.integer({ min: 1, max: 3000 }),
        async (all, how, limit, size) => {
          // What begins like a packed file counts as one.
          fc.pre(![0x1f, 0x28].includes(all[0] as number) && (all[0] as number) >> 4 !== 5)
          const input = stream(how(all), size)
          const source = await openFileSource({ input, format: 'bytes', fields: bytesTask, limit })
          const records = await recordsOf(source)
          expect(Buffer.concat(records.map(({ value }) => value))).toEqual(
            Buffer.from(all.subarray(0, limit)),
          )
          let row = 0
          for (const record of records) {
            expect(record).toMatchObject({ key: null, timestampMs: null, row })
            expect(record.value.length).toBeLessThanOrEqual(1000)
            row += record.value.length
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('decodes to symbols of one sequence', async () => {
    const source = await openFileSource({
      input: stream('abc'),
      format: 'bytes',
      fields: bytesTask,
    })
    expect([source.format, source.time, source.labels]).toEqual(['bytes', null, null])
    const [first] = await recordsOf(source)
    expect(source.decoder.decode(null, (first as FileRecord).value, null)).toBeNull()
    expect(source.decoder.sample).toMatchObject({ sequence: '', token: null, end: false })
    expect(Buffer.from(source.decoder.sample.bytes).toString()).toBe('abc')
  })

  it('is for symbols alone', async () => {
    const open = openFileSource({ input: stream('abc'), format: 'bytes', fields: bikes })
    await expect(open).rejects.toThrow('A file of bytes needs task.kind symbols')
  })

  it('says which file cannot be read', async () => {
    const input = { path: 'no/such/file.txt' }
    const open = openFileSource({ input, format: 'bytes', fields: bytesTask })
    await expect(open).rejects.toThrow('no/such/file.txt cannot be read: there is no such file')
    const broken = gzipSync(Buffer.alloc(100_000, 'xyz')).subarray(0, 60)
    const source = await openFileSource({
      input: stream(broken),
      format: 'bytes',
      fields: bytesTask,
    })
    await expect(recordsOf(source)).rejects.toThrow('standard input cannot be read')
  })
})

describe('a file of symbols in fields', () => {
  it('is CSV or JSON lines, with a row for each record', async () => {
    for (const content of ['s,e\na,0\nb,1\n', '{"s":"a"}\n{"s":"b","e":true}\n']) {
      const source = await openFileSource({ input: stream(content), fields: tokens })
      const seen: unknown[] = []
      for (const { value, row } of await recordsOf(source)) {
        expect(source.decoder.decode(null, value, null)).toBeNull()
        seen.push([row, source.decoder.sample.token, source.decoder.sample.end])
      }
      expect(seen).toEqual([
        [0, 'a', false],
        [1, 'b', true],
      ])
    }
  })

  it('needs the fields of the task', async () => {
    const open = (content: string, fields: TaskFields) =>
      openFileSource({ input: stream(content, 1000), fields })
    await expect(open('s,f\na,0\n', tokens)).rejects.toThrow(
      'has no field "e" (did you mean "s"?); its fields are "s", "f"',
    )
    await expect(open('sym,e\na,0\n', tokens)).rejects.toThrow('no field "s"')
    // In JSON the end may come seldom, the symbol not.
    const lines = '{"t":"a"}\n'.repeat(20)
    await expect(open(lines, tokens)).rejects.toThrow('no field "s"')
    await open('{"s":"a"}\n'.repeat(20), tokens)
    await expect(open('s\na\n', bytesTask)).rejects.toThrow('needs task.field')
  })
})

describe('a file with labels', () => {
  const csv =
    'time,wind,weather,count\n2014-07-01,1,rain,10\n2014-07-02,2,sun,11\n2014-07-03,3,,12\n'

  it('has them in its rows, finds the event time and misses what is absent', async () => {
    const source = await openFileSource({ input: stream(csv), fields: bikes })
    expect([source.time, source.labels, source.knownFilled]).toEqual(['time', null, false])
    const records = await recordsOf(source)
    expect(records.map(({ row }) => row)).toEqual([0, 1, 2])
    expect(source.decoder.decode(null, (records[1] as FileRecord).value, null)).toBeNull()
    expect(source.decoder.sample).toMatchObject({
      timeMs: 1_404_259_200_000,
      categories: ['sun'],
      values: Float64Array.of(11),
    })
    const open = openFileSource({ input: stream('wind,count\n1,2\n'), fields: bikes })
    await expect(open).rejects.toThrow('no field "weather"')
    const lines = '{"wind":1}\n'.repeat(20)
    const late = openFileSource({ input: stream(lines, 1000), fields: bikes })
    await expect(late).rejects.toThrow('no field "count"')
    await openFileSource({
      input: stream(lines.replaceAll('}', ',"id":1}')),
      fields: { ...bikes, id: 'id' },
    })
  })

  it('can have them later, by rows that keep their numbers, also behind a limit', async () => {
    const source = await openFileSource({
      input: stream(csv),
      fields: bikes,
      labelDelay: labelDelayOption('1d'),
      limit: 2,
    })
    expect(source.labels?.addedId).toBe('row')
    const records = await recordsOf(source)
    expect(records.map(({ row, value }) => [row, Buffer.from(value).toString()])).toEqual([
      [0, '2014-07-01,1,rain,,0'],
      [0, '2014-07-01,,,10,0'],
      [1, '2014-07-02,2,sun,,1'],
      [1, '2014-07-02,,,11,1'],
    ])
    const { decoder } = source
    expect(decoder.decode(null, (records[1] as FileRecord).value, null)).toBeNull()
    expect(decoder.sample).toMatchObject({ id: '0', hasInputs: false, values: Float64Array.of(10) })
  })

  it('cannot be made to wait where it has no event time, or no labels', async () => {
    const labelDelay = labelDelayOption('30m')
    const rows = 'wind,weather,count\n1,rain,10\n'
    const open = openFileSource({ input: stream(rows), fields: bikes, labelDelay })
    await expect(open).rejects.toThrow('A label delay by time needs event times')
    const symbols = openFileSource({ input: stream('s,e\na,0\n'), fields: tokens, labelDelay })
    await expect(symbols).rejects.toThrow('A label delay needs task.kind supervised')
  })
})

describe('labelDelayOption', () => {
  it.each([
    ['45s', { ms: 45_000 }],
    ['30m', { ms: 1_800_000 }],
    ['24h', { ms: 86_400_000 }],
    ['7d', { ms: 604_800_000 }],
    ['100r', { records: 100 }],
    ['0r', { records: 0 }],
  ])('%s', (text, expected) => {
    expect(labelDelayOption(text)).toEqual(expected)
  })

  it.each(['', '30', 'm', '1.5h', '-1m', '30M', '30min', '9999999999s'])('refuses %j', (text) => {
    expect(() => labelDelayOption(text)).toThrow('--label-delay needs a time such as')
  })
})
