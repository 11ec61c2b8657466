import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from '../../../src/cli/init.ts'
import { command as replay } from '../../../src/cli/replay.ts'
import { command as validate } from '../../../src/cli/validate.ts'
import { loadConfig, loadServiceConfig } from '../../../src/config/load.ts'
import { testIo, waveCsv } from './replay-support.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headrace-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function init(stdin: string | Buffer, ...args: string[]) {
  const io = testIo({ stdin })
  expect(await command.run(['-', ...args], io)).toBe(0)
  return { text: io.stdout.text, err: io.stderr.text, config: config(io.stdout.text) }
}

const config = (text: string) => loadConfig({ text, file: 'init', env: {} }).config

/** `init` of a file, then `validate` and a short `replay` of what it has written. */
async function roundTrip(file: string, ...args: string[]) {
  const output = `${file}.yaml`
  rmSync(output, { force: true })
  const io = testIo({})
  expect(await command.run([file, '--output', output, '--json', ...args], io)).toBe(0)
  const checked = testIo({})
  expect(await validate.run(['-c', output, '--offline'], checked)).toBe(0)
  const replayed = testIo({})
  const small = ['--set', 'model.hidden=2', '--set', 'model.portfolio=network']
  await replay.run([file, '-c', output, '--limit', '60', '--json', ...small], replayed)
  const found = JSON.parse(io.stdout.text)
  expect(found.configuration).toBe(readFileSync(output, 'utf8'))
  return { found, report: JSON.parse(replayed.stdout.text) }
}

const demo = new URL('../../../deploy/demo/', import.meta.url)
const bundled = readdirSync(demo).filter((name) => /\.(csv|jsonl)$/.test(name))
/** More files of one's own: a folder. */
const more = process.env.HEADRACE_TEST_DATA
const files = [
  ...bundled.map((name) => fileURLToPath(new URL(name, demo))),
  ...(more === undefined ? [] : readdirSync(more).map((name) => join(more, name))),
].filter((name) => /\.(csv|jsonl)$/.test(name))

test.each(files)('%s: what is written validates and replays', async (file) => {
  const copy = join(folder, file.replace(/.*\//, ''))
  writeFileSync(copy, readFileSync(file))
  const { report } = await roundTrip(copy)
  expect(report.records).toBe(60)
  expect(report.deadLetters).toBe(0)
})

test('time, seasons and target of the bundled series, with their reasons', async () => {
  const csv = fileURLToPath(new URL('nyc_taxi.csv', demo))
  const output = join(folder, 'taxi.yaml')
  const io = testIo({})
  await command.run([csv, '--topic', 'rides', '--name', 'taxi', '--output', output], io)
  const { config: written } = loadServiceConfig({ file: output, env: {} })
  expect(written).toMatchObject({
    name: 'taxi',
    input: { topic: 'rides', format: 'csv', columns: ['timestamp', 'value'], time: 'timestamp' },
    task: { targets: ['value'], horizons: [1], seasons: [48, 336] },
  })
  for (const text of [readFileSync(output, 'utf8').replaceAll('\n  # ', ' '), io.stderr.text]) {
    expect(text).toContain('ISO 8601 in "timestamp". A step takes 30 min.')
    expect(text).toMatch(
      /48 steps \(a day\): the value a day earlier explains \d\d % of the swings/,
    )
    expect(text).toMatch(/336 steps \(a week\): the value a week earlier explains \d\d %/)
  }
  const again = command.run([csv, '--output', output], testIo({}))
  await expect(again).rejects.toMatchObject({ code: 'HEADRACE_OUTPUT_UNWRITABLE', exitCode: 1 })
  await expect(again).rejects.toThrow('it is there already')
})

const dollar = (name: string) => `$\{${name}}`

test('docs/init.md shows what comes out', async () => {
  const page = readFileSync(new URL('../../../docs/init.md', import.meta.url), 'utf8')
  const [, shown] = /^```yaml\n(.*?)^```/ms.exec(page) ?? []
  const io = testIo({})
  await command.run([fileURLToPath(new URL('nyc_taxi.csv', demo))], io)
  expect(io.stdout.text).toBe(shown)
  for (const option of command.help.matchAll(/^ {2}(--[a-z]+)/gm)) expect(page).toContain(option[1])
})

/** A value of a field of this kind in row `i`; a few are missing. */
function cell(kind: string, i: number, salt: number): unknown {
  const z = Math.abs(Math.sin(i * 12.9898 + salt) * 43758.5453) % 1
  if (z < 0.03) return null
  switch (kind) {
    case 'real':
      return z * 10 - 3
    case 'whole':
      return Math.floor(z * 20)
    case 'label':
      return `k${Math.floor(z * 3)}`
    case 'iso':
      return new Date(1.7e12 + i * 60_000).toISOString()
    case 'seconds':
      return 1.7e9 + i
    case 'boolean':
      return z < 0.5
    case 'nested':
      return { inner: [z] }
    default:
      return z < 0.3 ? 'n/a' : z * 1e17
  }
}

function quoted(value: unknown): string {
  if (value === null) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return `"${text.replaceAll('"', '""')}"`
}

const kinds = ['real', 'whole', 'label', 'iso', 'seconds', 'boolean', 'nested', 'mixed'] as const
const marks = [...'{}[]:,-#&*!|>\'"%@$ \n\t\\é', '\ue07b']
const fieldName = fc.oneof(
  fc.constantFrom('time', 'value', 'id', 'station', dollar('HOME'), 'a b', 'null', '~', '1e3'),
  // A zero makes a file binary.
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 12 })
    .filter((name) => !name.includes('\u0000')),
  fc.string({ unit: fc.constantFrom(...marks), minLength: 1, maxLength: 12 }),
)
/** Rows of some fields, one of them surely a measurement, as the text of a file. */
const anySample = fc
  .record({
    fields: fc.uniqueArray(fc.tuple(fieldName, fc.constantFrom<string>(...kinds)), {
      maxLength: 6,
      selector: ([name]) => name.trim(),
    }),
    count: fc.integer({ min: 1, max: 120 }),
    isCsv: fc.boolean(),
    salt: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ fields, count, isCsv, salt }) => {
    const all = [...fields.filter(([name]) => name.trim() !== 'measure'), ['measure', 'wave']]
    const value = (kind: string, i: number, f: number) =>
      kind === 'wave' ? Math.sin(i + salt) : cell(kind, i, salt + f)
    const rows = Array.from({ length: count }, (_, i) =>
      all.map(([name = '', kind = ''], f) => [name, value(kind, i, f)] as const),
    )
    const line = isCsv
      ? (row: (typeof rows)[number]) => row.map(([, one]) => quoted(one)).join(',')
      : (row: (typeof rows)[number]) => JSON.stringify(Object.fromEntries(row))
    const header = isCsv ? [all.map(([name]) => quoted(name)).join(',')] : []
    return { isCsv, text: `${[...header, ...rows.map(line)].join('\n')}\n` }
  })

test('any sample gives a configuration that validates and replays', async () => {
  let runs = 0
  await fc.assert(
    fc.asyncProperty(anySample, async ({ isCsv, text }) => {
      const file = join(folder, `sample${runs++}.${isCsv ? 'csv' : 'jsonl'}`)
      writeFileSync(file, text)
      const { found, report } = await roundTrip(file)
      expect(found.rows).toBeGreaterThan(0)
      expect(report.records).toBe(Math.min(found.rows, 60))
      if (found.rows <= 60) expect(report.deadLetters).toBe(found.unusable.rows)
    }),
    { numRuns: 60 },
  )
})

describe('a file', () => {
  test('JSON lines with a repeating text: it names the sequence', async () => {
    const lines = Array.from({ length: 80 }, (_, i) =>
      JSON.stringify({
        time: new Date(Date.UTC(2024, 0, 1 + (i >> 1))).toISOString().slice(0, 10),
        'shop: name': i % 2 === 0 ? 'a' : 'b',
        sales: i % 7 === 0 ? null : (i * 37) % 11,
        open: true,
        visitors: (i * 13) % 7,
      }),
    )
    const { config, text, err } = await init(lines.join('\n'), '--target', 'visitors')
    expect(config).toMatchObject({
      name: 'headrace',
      input: { format: 'json', time: 'time', key: 'shop: name' },
      task: { targets: ['visitors'], inputs: ['sales'] },
    })
    expect(text).toContain('"open" is true or false: write 1 and 0 to have it seen.')
    expect(err).toContain('"sales" is missing in 15 % of the rows.')
  })

  test('many columns stay one line', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `a rather long name ${i}`)
    const { config, text } = await init(`${names.join(',')}\n${names.map(() => 1).join(',')}\n`)
    expect(config.input.columns).toEqual(names)
    expect(text.split('\n').filter((line) => line.startsWith('  columns:'))).toHaveLength(1)
  })

  test('packed, from standard input, without any hint', async () => {
    const { config } = await init(gzipSync(waveCsv(300)))
    expect(config).toMatchObject({
      input: { format: 'csv', time: 'timestamp' },
      task: { targets: ['load'], seasons: [24, 168] },
    })
  })

  test('without a header the columns have names that --columns betters', async () => {
    const rows = waveCsv(200).split('\n').slice(1).join('\n')
    const { config: plain, err } = await init(rows)
    expect(plain.input).toMatchObject({ columns: ['column_1', 'column_2'], time: 'column_1' })
    expect(err).toContain('there is no header')
    const { config: named } = await init(rows, '--columns', 'at,load')
    expect(named).toMatchObject({
      input: { columns: ['at', 'load'], time: 'at' },
      task: { targets: ['load'] },
    })
  })

  test('a header may hold numbers: what stands below a word tells', async () => {
    const { config: years } = await init('2014,load\nx,1\ny,2\n')
    expect(years.input.columns).toEqual(['2014', 'load'])
    const { config: gap } = await init('NA,5\n3,6\n4,7\n')
    expect(gap.input.columns).toEqual(['column_1', 'column_2'])
  })

  test('a header with a name twice: these columns are left out, the others read', async () => {
    const file = join(folder, 'twice.csv')
    const rows = Array.from({ length: 40 }, (_, i) => `${i % 5},2,${i % 3},${(i * 7) % 9}`)
    writeFileSync(file, `a,a,,b\n${rows.join('\n')}\n`)
    const { found, report } = await roundTrip(file)
    expect(found.targets).toEqual(['b'])
    expect(report.deadLetters).toBe(0)
    expect(loadConfig({ text: found.configuration, env: {} }).config.input.columns).toBeUndefined()
    expect(found.remarks[0]).toContain('names "a" twice, leaves one column without a name')
    expect(found.remarks[0]).toContain('--columns a,b,… names them.')
  })

  test('names for a header with one twice: it is a header all the same', async () => {
    const file = join(folder, 'renamed.csv')
    const rows = Array.from({ length: 40 }, (_, i) => `${i % 5},${i % 3},${(i * 7) % 9}`)
    writeFileSync(file, `t,v,v\n${rows.join('\n')}\n`)
    const { found, report } = await roundTrip(file, '--columns', 't,v,w', '--target', 'v')
    expect(found).toMatchObject({ rows: 40, targets: ['v'], inputs: ['t', 'w'] })
    expect(found.remarks[0]).toContain('headrace replay takes its line for a row')
    expect(report).toMatchObject({ records: 41, deadLetters: 1 })
  })

  test.each([
    ['tags between semicolons', 't,tags,v\n2024-01-01,1;2,5\n2024-01-02,2;3,6\n'],
    ['the same without a header', '2024-01-01T00:00,1;2,5\n2024-01-02T00:00,2;3,6\n'],
    ['words with bars', 'a|b,5\nc|d,6\n'],
  ])('commas part its cells, whatever else it holds: %s', async (_, text) => {
    const { config } = await init(text)
    expect(config.input.columns).toHaveLength(text.split('\n')[0]?.split(',').length ?? 0)
    expect(config.task).toHaveProperty('targets', [config.input.columns?.at(-1)])
  })

  test('a password given by --set is not written', async () => {
    const login = ['mechanism=plain', 'username=me', 'password=hunter22'].flatMap((value) => [
      '--set',
      `kafka.sasl.${value}`,
    ])
    const io = testIo({ stdin: waveCsv(50) })
    await command.run(['-', '--set', 'kafka.ssl=true', ...login, '--brokers', 'b:1,c:2'], io)
    expect(io.stdout.text + io.stderr.text).not.toContain('hunter22')
    const { kafka } = loadConfig({ text: io.stdout.text, env: { KAFKA_PASSWORD: 'x' } }).config
    expect(kafka).toMatchObject({
      brokers: ['b:1', 'c:2'],
      ssl: true,
      sasl: { mechanism: 'plain', username: 'me', password: 'x' },
    })
  })

  test('names of applications come from the file', async () => {
    for (const [file, name] of [
      ['New York, taxi.rides.csv.gz', 'New-York-taxi-rides'],
      ['ünï.csv.gz', 'uni'],
      ['u\u0308ni\u0308.csv.gz', 'uni'],
      ['Ærø-Straße 2.csv.gz', 'Aero-Strasse-2'],
      ['Łódź.csv.gz', 'Lodz'],
      ['東京 taxi.csv.gz', 'taxi'],
      // Of a name in other letters no scrap is kept.
      ['данные-n2.csv.gz', 'headrace'],
    ] as const) {
      const path = join(folder, file)
      writeFileSync(path, gzipSync(waveCsv(50)))
      const io = testIo({})
      await command.run([path], io)
      expect(config(io.stdout.text).name).toBe(name)
    }
  })
})

test('numbers of JSON on stdout, and nothing but them', async () => {
  const io = testIo({ stdin: waveCsv(300) })
  await command.run(['-', '--json'], io)
  expect(io.stderr.text).toBe('')
  const found = JSON.parse(io.stdout.text)
  expect(found).toMatchObject({
    source: { kind: 'file', name: 'standard input' },
    format: 'csv',
    rows: 300,
    time: { field: 'timestamp' },
    key: { by: 'nothing', field: null, sequences: 1 },
    step: { medianMs: 3_600_000, irregular: 0 },
    targets: ['load'],
    unusable: { rows: 0, first: null },
  })
  expect(found.seasons[0]).toMatchObject({ steps: 24, span: 'a day', isKept: true })
  expect(config(found.configuration).task).toHaveProperty('seasons', [24, 168])
})

describe('what it cannot do is said', () => {
  const usage = { code: 'HEADRACE_USAGE', exitCode: 2 }
  const unreadable = { code: 'HEADRACE_INPUT_UNREADABLE', exitCode: 2 }
  const invalid = { code: 'HEADRACE_CONFIG_INVALID', exitCode: 78 }

  test.each<[string, string[], object, string | RegExp]>([
    ['', [], usage, 'Which file or topic?'],
    ['a\nx\n', ['-'], unreadable, 'no field holds numbers to predict'],
    ['a,b\n1,x\n', ['-', '--target', 'b'], usage, '"b" holds no numbers; these do: "a"'],
    ['a\n1\n', ['-', '--name', 'a.b'], invalid, 'name'],
    ['a\n1\n', ['-', '--topic', 'a b'], invalid, 'topic'],
    ['a\n1\n', ['-', '--format', 'avro'], usage, '--format needs csv or jsonl'],
    ['a\n1\n', ['-', '--columns', 'a,a'], usage, '--columns needs names, each once'],
    ['a\n1\n', ['-', '--set', 'model.hidden=3'], usage, '--set model.hidden=…'],
    ['', ['-'], unreadable, 'standard input tells nothing: it is empty'],
    ['a,b\n', ['-'], unreadable, 'a header row and no other'],
    ['a;b\n1;2\n1;3\n', ['-'], unreadable, 'separated by ";"'],
    ['t;v\n2024-01-01;0,5\n2024-01-02;0,6\n', ['-'], unreadable, /by ";".* such as 0\.5/],
    ['t;v\n2024-01-01;1\n2024-01-02;0,6\n', ['-'], unreadable, 'separated by ";"'],
    ['2024-01-01;0,5\n2024-01-02;0,6\n', ['-'], unreadable, /cut in two.*by ";".* as 0\.5/],
    ['2024\t"0,5"\t1\n2025\t"0,6"\t2\n', ['-'], unreadable, 'separated by "\\t"'],
    ['t;n;v\n2024;a, b;5\n2025;c;6\n', ['-'], unreadable, 'separated by ";"'],
    ['t;temp, C\n2024;0,5\n2025;0,6\n', ['-'], unreadable, 'separated by ";"'],
    [
      't,v,v\nx,1,2\nx,3,4\n',
      ['-'],
      unreadable,
      /names "v" twice, and no other field holds numbers.*: --columns t,v,v_3\./,
    ],
    ['t,v,v\nx,1,2\n', ['-', '--target', 'v'], usage, /names "v" twice.*--columns t,v,v_3\./],
    ['a,a,a,b\nx,x,x,x\n', ['-'], unreadable, 'names "a" three times, and no other'],
    ['[\n{"a":1}]', ['-'], unreadable, 'one JSON object a line'],
    ['{\n"a":1}', ['-'], unreadable, 'jq -c .'],
    ['a\u0000b\n', ['-'], unreadable, 'it is binary'],
    ['', ['rides'], unreadable, /no file rides. If it is a topic, say where: --brokers/],
    ['', ['rides.csv', '--brokers', 'b:1'], unreadable, 'there is no such file'],
    ['', ['no/rides', '--brokers', 'b:1'], unreadable, 'there is no such file'],
    ['', ['rides', '--brokers', 'nonsense'], invalid, 'host:port'],
    ['', ['a topic', '--brokers', 'b:1'], invalid, 'the name of a Kafka topic'],
  ])('%j %j', async (stdin, args, error, message) => {
    const failing = command.run(args, testIo({ stdin }))
    await expect(failing).rejects.toMatchObject(error)
    await expect(failing).rejects.toThrow(message)
  })

  test('a folder that cannot be written to', async () => {
    const output = join(folder, 'absent', 'x.yaml')
    await expect(
      command.run(['-', '--output', output], testIo({ stdin: 'a\n1\n' })),
    ).rejects.toMatchObject({ code: 'HEADRACE_OUTPUT_UNWRITABLE' })
  })
})
