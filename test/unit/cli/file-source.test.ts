import { execFileSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FileSource, FileSourceOptions } from '../../../src/cli/file-source.ts'
import { openFileSource } from '../../../src/cli/file-source.ts'
import { HeadraceError } from '../../../src/errors.ts'

const fields = { targets: ['y'], inputs: ['x'], known: [], horizons: [1] }
const text = 'time,y,x,note\n2014-07-01,1,,"a, b"\n2014-07-02,2,NA,"c\nd"\n2014-07-03,3,0.5,é\n'
const rows = ['2014-07-01,1,,"a, b"', '2014-07-02,2,NA,"c\nd"', '2014-07-03,3,0.5,é']
const lines = '{"time":"2014-07-01","y":1}\n{"time":"2014-07-02","y":2,"x":3}\n'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headrace-file-source-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, content: string | Uint8Array): Promise<{ path: string }> {
  const path = join(folder, name)
  await writeFile(path, content)
  return { path }
}

/** A stream that gives the content in pieces of `size` bytes. */
function stream(content: string | Uint8Array, size = 3): { stream: Readable } {
  const bytes = Buffer.from(content)
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return { stream: Readable.from(pieces) }
}

async function open(
  input: FileSourceOptions['input'],
  options: Partial<FileSourceOptions> = {},
): Promise<FileSource> {
  return await openFileSource({ input, fields, ...options })
}

async function values(source: FileSource): Promise<string[]> {
  const all: string[] = []
  for await (const batch of source) {
    expect(batch.length).toBeLessThanOrEqual(1000)
    for (const { key, value, timestampMs } of batch) {
      expect([key, timestampMs]).toEqual([null, null])
      all.push(Buffer.from(value).toString())
    }
  }
  return all
}

async function failureOf(action: Promise<unknown>): Promise<HeadraceError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(HeadraceError)
  return error as HeadraceError
}

describe('the same records come out of', () => {
  const crlf = text.replaceAll('\n', '\r\n').replace('c\r\nd', 'c\nd')
  const halves = [Buffer.from(text.slice(0, 30)), Buffer.from(text.slice(30))] as const
  it.each<[string, string | Uint8Array]>([
    ['plain.csv', text],
    ['no-final-newline.csv', text.trimEnd()],
    ['crlf.csv', crlf],
    ['mark.csv', `\ufeff${text}`],
    ['blank-lines.csv', `\n${text.replace('2014-07-01', '\n  \n2014-07-01')}\n\n`],
    ['packed.csv.gz', gzipSync(text)],
    ['packed.csv.zst', zstdCompressSync(text)],
    ['packed-with-mark.csv.gz', gzipSync(`\ufeff${crlf}`)],
    ['misnamed.csv', gzipSync(text)],
    ['without-ending', text],
    ['members.csv.gz', Buffer.concat(halves.map((half) => gzipSync(half)))],
    ['frames.csv.zst', Buffer.concat(halves.map((half) => zstdCompressSync(half)))],
  ])('%s, as a file and as a stream', async (name, content) => {
    const fromFile = await open(await file(name, content))
    expect(fromFile).toMatchObject({ format: 'csv', time: 'time', knownFilled: false })
    expect(await values(fromFile)).toEqual(rows)
    const size = Buffer.byteLength(content)
    expect([fromFile.bytesRead, fromFile.totalBytes]).toEqual([size, size])
    const fromStream = await open(stream(content))
    expect(fromStream).toMatchObject({ format: 'csv', time: 'time', totalBytes: null })
    expect(await values(fromStream)).toEqual(rows)
    expect(fromStream.bytesRead).toBe(size)
  })
})

it('decodes its records', async () => {
  const source = await open(await file('decode.csv', text), { key: 'note' })
  const samples: unknown[] = []
  for await (const batch of source) {
    for (const { key, value, timestampMs } of batch) {
      expect(source.decoder.decode(key, value, timestampMs)).toBeNull()
      samples.push(structuredClone(source.decoder.sample))
    }
  }
  expect(samples).toEqual([
    { sequence: 'a, b', timeMs: 1_404_172_800_000, values: new Float64Array([1, Number.NaN]) },
    { sequence: 'c\nd', timeMs: 1_404_259_200_000, values: new Float64Array([2, Number.NaN]) },
    { sequence: 'é', timeMs: 1_404_345_600_000, values: new Float64Array([3, 0.5]) },
  ])
})

it('comes in batches of at most 1,000, of which a limit counts the bad rows too', async () => {
  const many = Array.from({ length: 2500 }, (_, i) => (i === 5 ? 'bad,"' : `${i},0`))
  const input = await file('many.csv', ['y,x', ...many].join('\n'))
  expect(await values(await open(input))).toEqual(many)
  expect(await values(await open(input, { limit: 1700 }))).toEqual(many.slice(0, 1700))
  expect(await values(await open(input, { limit: 0 }))).toEqual([])
})

describe('the format', () => {
  it.each<[string, string, 'csv' | 'json']>([
    ['a.jsonl', lines, 'json'],
    ['a.ndjson', lines, 'json'],
    ['A.JSON', lines, 'json'],
    ['a.jsonl.gz', lines, 'json'],
    ['a.txt', ` \n${lines}`, 'json'],
    ['b.txt', text, 'csv'],
  ])('of %s is found', async (name, content, format) => {
    const bytes = name.endsWith('.gz') ? gzipSync(content) : content
    const source = await open(await file(name, bytes))
    expect([source.format, source.time]).toEqual([format, 'time'])
    expect((await values(source)).length).toBe(format === 'json' ? 2 : 3)
  })

  it('is the one that was asked for', async () => {
    const source = await open(await file('lines.csv', lines), { format: 'jsonl' })
    expect(await values(source)).toEqual(lines.trim().split('\n'))
    const error = await failureOf(open(stream(text), { format: 'bytes' }))
    expect([error.code, error.exitCode]).toEqual(['HEADRACE_USAGE', 2])
    expect(error.message).toContain('A file of bytes needs task.kind symbols')
  })
})

describe('the event time', () => {
  const found = async (header: string, row: string): Promise<string | null> => {
    const source = await open(stream(`${header},y,x\n${row},1,2\n`))
    source.close()
    return source.time
  }

  it('is the first column of such a name that parses', async () => {
    expect(await found('Date', '2014-07-01')).toBe('Date')
    expect(await found('when,DATETIME', '2014-07-01,2014-07-01 10:00')).toBe('DATETIME')
    expect(await found('date,timestamp', '1/7/14,2014-07-01')).toBe('timestamp')
    expect(await found('time', '1404172800000')).toBe('time')
  })

  it('is not a counter, nor text that is no time', async () => {
    expect(await found('time', '17')).toBeNull()
    expect(await found('time', '')).toBeNull()
    expect(await found('date', '1/7/14')).toBeNull()
    expect(await found('at', '2014-07-01')).toBeNull()
    expect((await open(stream('time,y,x\n'))).time).toBeNull()
  })

  it('is the configured one', async () => {
    expect((await open(stream(text), { time: 'note' })).time).toBe('note')
    const source = await open(stream('{"Timestamp":1404172800000,"date":"2014-07-01","y":1}\n'))
    expect(source.time).toBe('Timestamp')
  })
})

describe('columns', () => {
  const columns = ['y', 'x']

  it('name the cells of a file without a header', async () => {
    expect(await values(await open(stream('1,2\n3,4'), { columns }))).toEqual(['1,2', '3,4'])
  })

  it('make a first row that holds them a header', async () => {
    expect(await values(await open(stream('y,"x"\n3,4'), { columns }))).toEqual(['3,4'])
    expect(await values(await open(stream('y,x,z\n3,4'), { columns }))).toHaveLength(2)
  })
})

it('refuses a column that is needed and there twice; others may be', async () => {
  const error = await failureOf(open(stream('y,x,y\n1,2,3\n')))
  expect(error.message).toBe('standard input has more than one column "y": which one is meant?')
  expect(await values(await open(stream('y,x,z,z\n1,2,3,4\n')))).toEqual(['1,2,3,4'])
})

describe('a field that is not there', () => {
  it('is an error that names those that are, and the nearest', async () => {
    const input = await file('rides.csv', 'time,passengers,x\n2014-07-01,1,2\n')
    const wanted = { ...fields, targets: ['passenger'], known: ['holiday'] }
    const error = await failureOf(open(input, { fields: wanted, key: 'station' }))
    expect([error.code, error.exitCode]).toEqual(['HEADRACE_INPUT_COLUMNS', 78])
    expect(error.message).toBe(
      `${input.path} has no field "passenger" (did you mean "passengers"?), no field "station", ` +
        'no field "holiday"; its fields are "time", "passengers", "x".',
    )
  })

  it('may be because there is no header', async () => {
    const error = await failureOf(open(stream('1,2\n3,4\n')))
    expect(error.message).toContain('The first row looks like data')
  })

  it('is one in JSON lines too, once ten of them lack a target', async () => {
    const line = '{"time":"2014-07-01","z":1}\n'
    expect(await values(await open(stream(line.repeat(9), 1000)))).toHaveLength(9)
    const error = await failureOf(open(stream(line.repeat(10), 1000)))
    expect(error.message).toBe(
      'standard input has no field "y" (did you mean "z"?); its fields are "time", "z".',
    )
  })
})

it('goes on behind bad lines', async () => {
  const bad = [
    Buffer.from('y,x\n1,2\n"'),
    Buffer.from('\n3,4\n5\n'),
    Buffer.from([0xff, 0x2c, 0x31, 0x0a]),
    Buffer.from('6,"7\n8,9'),
  ]
  const source = await open(await file('bad.csv', Buffer.concat(bad)))
  const codes: (string | undefined)[] = []
  for await (const batch of source) {
    for (const record of batch) {
      const failed = source.decoder.decode(null, record.value, null)
      codes.push(failed?.code.replace('HEADRACE_RECORD_', ''))
    }
  }
  expect(codes).toEqual([
    undefined,
    'UNDECODABLE',
    undefined,
    'COLUMNS',
    'UNDECODABLE',
    'UNDECODABLE',
    undefined,
  ])
})

it('reads or refuses any bytes at all', async () => {
  const begin = fc.constantFrom(
    'y,x\n',
    '"y",x\r\n1,2\n',
    '{"y":1}\n',
    '\ufeff',
    '(\xb5/\xfd',
    '\x1f\x8b',
  )
  const noise = fc.oneof(fc.uint8Array(), fc.stringMatching(/^[y1,"{}:\r\n ]{0,60}$/))
  const content = fc
    .tuple(begin, noise)
    .map(([head, rest]) => Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(rest)]))
  let records = 0
  await fc.assert(
    fc.asyncProperty(content, fc.integer({ min: 1, max: 20 }), async (bytes, size) => {
      try {
        const source = await open(stream(bytes, size), { fields: { ...fields, inputs: [] } })
        for await (const batch of source) {
          for (const { value } of batch) source.decoder.decode(null, value, null)
          records += batch.length
        }
      } catch (error) {
        expect(error).toBeInstanceOf(HeadraceError)
      }
    }),
    { numRuns: 500 },
  )
  expect(records).toBeGreaterThan(100)
})

describe('known fields', () => {
  const known = { targets: ['y'], inputs: [], known: ['h'], horizons: [1, 2] }

  it('are filled in from the following rows where only the plain column is there', async () => {
    const source = await open(stream('y,h\n1,0\n2,1\n3,0\n'), { fields: known })
    expect(source.knownFilled).toBe(true)
    const samples: number[][] = []
    for await (const batch of source) {
      for (const { value } of batch) {
        expect(source.decoder.decode(null, value, null)).toBeNull()
        samples.push([...source.decoder.sample.values])
      }
    }
    const none = Number.NaN
    expect(samples).toEqual([
      [1, 0, 1, 0],
      [2, 1, 0, none],
      [3, 0, none, none],
    ])
    const json = await open(stream('{"y":1,"h":5}\n{"y":2,"h":6}\n'), { fields: known })
    expect(json.knownFilled).toBe(true)
    expect(await values(json)).toEqual(['{"y":1,"h":5,"h+1":6}', '{"y":2,"h":6}'])
  })

  it('are left alone where the file has them', async () => {
    const source = await open(stream('y,h,h+2\n1,0,1\n2,1,0\n'), { fields: known })
    expect(source.knownFilled).toBe(false)
    expect(await values(source)).toEqual(['1,0,1', '2,1,0'])
  })
})

describe('ending early', () => {
  it.each([
    ['plain', (bytes: string) => bytes],
    ['packed', (bytes: string) => gzipSync(bytes)],
  ])('closes a %s stream that is left', async (_, pack) => {
    const { path } = await file('left', pack(`y,x\n${'1,2\n'.repeat(2_000_000)}`))
    const input = createReadStream(path, { highWaterMark: 1000 })
    for await (const batch of await open({ stream: input })) {
      expect(batch.length).toBeGreaterThan(0)
      break
    }
    await expect.poll(() => input.destroyed).toBe(true)
    expect(input.bytesRead).toBeLessThan(8_000_000)
  })

  it('ends as at the end of the file when closed while it waits', async () => {
    const live = new PassThrough()
    live.write('y,x\n1,2\n3,4')
    const source = await open({ stream: live })
    const seen: number[] = []
    for await (const batch of source) {
      seen.push(batch.length)
      setImmediate(() => source.close())
    }
    expect(seen).toEqual([1, 1])
  })

  it('hands over what a slow stream has, without waiting for a full batch', async () => {
    const live = new PassThrough()
    live.write('y,x\n1,2\n')
    const source = await open({ stream: live })
    const iterator = source[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toHaveLength(1)
    live.write('3,4\n5,6\n')
    expect((await iterator.next()).value).toHaveLength(2)
    live.end()
    expect((await iterator.next()).done).toBe(true)
  })
})

it('gives the same samples whatever the zone of the machine', async () => {
  const { path } = await file(
    'zone.csv',
    'time,y,x\n2014-07-01 02:30:00,1,2\n2014-03-09 02:30,3,4\n',
  )
  const url = new URL('../../../src/cli/file-source.ts', import.meta.url).href
  const script = `
    const { openFileSource } = await import(${JSON.stringify(url)})
    const input = { path: ${JSON.stringify(path)} }
    const source = await openFileSource({ input, fields: ${JSON.stringify(fields)} })
    const times = []
    for await (const batch of source) for (const { value } of batch) {
      source.decoder.decode(null, value, null)
      times.push(source.decoder.sample.timeMs)
    }
    console.log(JSON.stringify(times))`
  const under = (zone: string): unknown =>
    JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
        env: { ...process.env, TZ: zone },
        encoding: 'utf8',
      }),
    )
  const expected = [Date.UTC(2014, 6, 1, 2, 30), Date.UTC(2014, 2, 9, 2, 30)]
  expect([under('UTC'), under('America/New_York')]).toEqual([expected, expected])
})
