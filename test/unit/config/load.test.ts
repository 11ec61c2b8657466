// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the configuration's own syntax
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LoadOptions, loadConfig, loadServiceConfig } from '../../../src/config/load.ts'
import { HeadraceError } from '../../../src/errors.ts'

/** The lines of the error that loading must end with. */
function errorLines(options: Partial<LoadOptions>, load = loadConfig): string[] {
  try {
    load({ file: 'taxi.yaml', env: {}, ...options })
  } catch (error) {
    expect(error).toBeInstanceOf(HeadraceError)
    expect((error as HeadraceError).code).toBe('HEADRACE_CONFIG_INVALID')
    expect((error as HeadraceError).exitCode).toBe(78)
    return (error as HeadraceError).message
      .split('\n')
      .slice(1, -1)
      .map((line) => line.trim())
  }
  throw new Error('loading should have failed')
}

const minimal = 'task:\n  targets: [passengers]\n'

describe('a valid configuration', () => {
  test('needs task.targets alone; everything else has the default of the design', () => {
    const { config, source, warnings } = loadConfig({ file: 'a.yaml', text: minimal, env: {} })
    expect(source).toBe('a.yaml')
    expect(warnings).toEqual([])
    expect(config).toMatchObject({
      name: 'headrace',
      kafka: {
        brokers: ['127.0.0.1:9092'],
        ssl: false,
        sessionTimeoutMs: 10_000,
        heartbeatIntervalMs: 1500,
        transactionTimeoutMs: 12_000,
      },
      input: { from: 'earliest', format: 'json' },
      task: {
        kind: 'forecast',
        targets: ['passengers'],
        horizons: [1],
        seasons: [],
        calendar: true,
        intervals: [0.8, 0.95],
      },
      model: {
        cell: 'gru',
        hidden: 32,
        layers: 1,
        normalise: false,
        window: 16,
        updateEvery: 8,
        block: 'auto',
        learningRates: [1e-3, 3e-3],
        portfolio: 'full',
        seed: 1,
      },
      sequences: { max: 100_000, keep: 400_000 },
      deadLetters: { maxBytes: 524_288 },
      commit: { intervalMs: 100 },
      http: { host: '127.0.0.1', port: 9464 },
      log: { level: 'info' },
      shutdown: { timeoutMs: 20_000 },
    })
  })

  test('may have empty sections, a byte order mark, CRLF, anchors and aliases', () => {
    const text =
      '\ufefftask:\r\n  targets: &fields [a]\r\nkafka:\r\n' +
      'input:\r\n  columns: *fields\r\n  format: csv\r\n'
    const { config } = loadConfig({ text, env: {} })
    expect(config.input.columns).toEqual(['a'])
    expect(config.kafka.brokers).toEqual(['127.0.0.1:9092'])
  })

  test('takes brokers as a list and as one string separated by commas', () => {
    const brokers = (yaml: string) =>
      loadConfig({ text: `${minimal}kafka: { brokers: ${yaml} }\n`, env: {} }).config.kafka.brokers
    expect(brokers('"a:1, b:2,c:3"')).toEqual(['a:1', 'b:2', 'c:3'])
    expect(() => brokers('"[::1]:3"')).toThrow('expected host:port')
    expect(brokers('[a:1, b:2]')).toEqual(['a:1', 'b:2'])
  })

  test('puts horizons, intervals and learning rates in ascending order, seasons not', () => {
    const text =
      'task: { targets: [a], horizons: [5, 1], intervals: [0.95, 0.5], seasons: [336, 48] }\n' +
      'model: { learningRates: [1e-2, 1e-3] }\n'
    const { task, model } = loadConfig({ text, env: {} }).config
    expect(task).toMatchObject({ horizons: [1, 5], intervals: [0.5, 0.95], seasons: [336, 48] })
    expect(model.learningRates).toEqual([1e-3, 1e-2])
  })

  test('takes every kind of login and TLS by files', () => {
    const login = 'username: u, password: p'
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) {
      const text = `${minimal}kafka:\n  ssl: true\n  sasl: { mechanism: ${mechanism}, ${login} }\n`
      expect(loadConfig({ text, env: {} }).config.kafka.sasl).toEqual({
        mechanism,
        username: 'u',
        password: 'p',
      })
    }
    const text =
      `${minimal}kafka:\n  ssl: { ca: ca.pem }\n` +
      '  sasl: { mechanism: oauthbearer, tokenFile: token }\n'
    const { kafka } = loadConfig({ text, env: {} }).config
    expect(kafka.sasl).toEqual({ mechanism: 'oauthbearer', tokenFile: 'token' })
    expect(kafka.ssl).toEqual({ ca: 'ca.pem', rejectUnauthorized: true })
  })

  test('warns of a login in the clear and of columns without effect, with their places', () => {
    const text =
      `${minimal}kafka:\n  sasl: { mechanism: plain, username: u, password: p }\n` +
      'input: { columns: [passengers] }\n'
    const { warnings } = loadConfig({ file: 'a.yaml', text, env: {} })
    expect(warnings).toEqual([
      'a.yaml:4:3: kafka.sasl: the login goes to the brokers in the clear, for kafka.ssl is false',
      'a.yaml:5:10: input.columns: has no effect, for input.format is json',
    ])
  })
})

describe('a server that others reach', () => {
  const warningsOf = (http: string) =>
    loadConfig({ file: 'a.yaml', text: `${minimal}http:\n${http}`, env: {} }).warnings

  test.each(['0.0.0.0', '"::"', '10.0.0.5', 'headrace.example', '127.evil.example'])(
    'at %s is warned of without a token',
    (host) => {
      const message = 'whoever reaches it sees data on the live page, for there is no http.token'
      expect(warningsOf(`  host: ${host}\n`)).toEqual([`a.yaml:4:3: http.host: ${message}`])
      expect(warningsOf(`  host: ${host}\n  token: a-token-of-24-characters\n`)).toEqual([])
    },
  )

  test.each(['127.0.0.1', '127.0.1.1', '"::1"', 'localhost'])('at %s nobody does', (host) => {
    expect(warningsOf(`  host: ${host}\n`)).toEqual([])
  })
})

describe('what is wrong is said with file, line, column, path, expected and got', () => {
  test('a wrong type at the value, an unknown key at the key, with the nearest known name', () => {
    const text = `${minimal}model:\n  hidden: many\n  updatEvery: 4\n`
    expect(errorLines({ text })).toEqual([
      'taxi.yaml:4:11: model.hidden: expected integer from 1 to 1024, got "many"',
      expect.stringMatching(
        /^taxi\.yaml:5:3: model\.updatEvery: unknown key, expected one of cell, .*: updateEvery$/,
      ),
    ])
  })

  test('all errors at once, in the order of the file, rules between values among them', () => {
    const text = [
      'name: ta.xi',
      'input: { topik: rides }',
      'task:',
      '  targets: []',
      '  horizons: [0, x]',
      'model:',
      '  block: 9',
      '  cell: gur',
      'commit: { intervalMs: 6000 }',
    ].join('\n')
    const lines = errorLines({ text })
    expect(lines.map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
      'taxi.yaml:1:7 name',
      'taxi.yaml:2:10 input.topik',
      'taxi.yaml:4:12 task.targets',
      'taxi.yaml:5:14 task.horizons[0]',
      'taxi.yaml:5:17 task.horizons[1]',
      'taxi.yaml:7:10 model.block',
      'taxi.yaml:8:9 model.cell',
      'taxi.yaml:9:23 commit.intervalMs',
    ])
    expect(lines[2]).toContain('expected non-empty list of: string, got an empty list')
    expect(lines[5]).toContain('expected a multiple of model.updateEvery (8), got 9')
    expect(lines[6]).toContain('got "gur"; nearest known name: gru')
    expect(lines[7]).toContain('less than half of kafka.transactionTimeoutMs (12000), got 6000')
  })

  test('what is missing is told at the section that lacks it', () => {
    expect(errorLines({ text: 'name: a\ntask:\n  horizons: [1]\n' })).toEqual([
      'taxi.yaml:2:1: task.targets: required: expected non-empty list of: string',
    ])
    expect(errorLines({ text: '' })).toEqual([
      'taxi.yaml:1:1: task.targets: required: expected non-empty list of: string',
    ])
    const [line] = errorLines({ text: `${minimal}kafka:\n  sasl: { mechanism: plain }\n` })
    expect(line).toBe('taxi.yaml:4:3: kafka.sasl.username: required: expected string')
  })

  test('a key that belongs elsewhere is told where', () => {
    const [line] = errorLines({ text: `${minimal}topic: rides\n` })
    expect(line).toMatch(/^taxi\.yaml:3:1: topic: unknown key, .*nearest known name: input\.topic$/)
  })

  test('a variant of a union gets the errors of the variant that was meant', () => {
    const [line] = errorLines({ text: `${minimal}kafka:\n  ssl:\n    cert: 1\n` })
    expect(line).toBe('taxi.yaml:5:11: kafka.ssl.cert: expected string, got 1')
    const [mechanism] = errorLines({ text: `${minimal}kafka: { sasl: { mechanism: scram } }\n` })
    expect(mechanism).toContain('kafka.sasl.mechanism: expected plain or scram-sha-256 or')
  })

  test('what this version does not have is told apart from what is unknown', () => {
    const text = ['input: { format: avro }', 'task: { targets: [a] }'].join('\n')
    const lines = errorLines({ text })
    expect(lines).toHaveLength(1)
    for (const line of lines) expect(line).toContain('not in this version')
    expect(lines[0]).toContain('which has json, csv and bytes')
    expect(lines.join()).not.toContain('unknown key')
  })

  test('networks of symbols have no kernel of TensorFlow', () => {
    const text = 'task: { kind: symbols, field: s }\nmodel: { kernel: tensorflow }\n'
    expect(errorLines({ text })).toEqual([
      'taxi.yaml:2:18: model.kernel: networks of symbols run on wasm and reference alone',
    ])
  })

  test('errors of YAML itself: syntax, duplicate keys, several documents, bombs', () => {
    expect(errorLines({ text: 'a: [1, 2\nb: 3\n' })[0]).toMatch(/^taxi\.yaml:2:1: YAML: Flow seq/)
    expect(errorLines({ text: `${minimal}task: {}\n` })).toEqual([
      'taxi.yaml:3:1: the key task stands twice',
    ])
    expect(errorLines({ text: `${minimal}---\na: 1\n` })[0]).toContain('multiple documents')
    const bomb = Array.from({ length: 9 }, (_, i) => {
      const items = i === 0 ? Array(9).fill('x') : Array(9).fill(`*a${i - 1}`)
      return `k${i}: &a${i} [${items.join(', ')}]`
    }).join('\n')
    expect(errorLines({ text: bomb }).join()).toContain('aliases or nesting without end')
    expect(errorLines({ text: '['.repeat(100_000) }).join()).toContain('nested too deeply')
    expect(errorLines({ text: 'a: &a [*a]' }).join()).toContain('aliases or nesting without end')
  })

  test('a root that is no mapping is an error, not a crash', () => {
    for (const text of ['- 1', 'word', '3']) {
      expect(errorLines({ text })[0]).toMatch(/^taxi\.yaml:1:1: expected mapping with name, kafka/)
    }
  })
})

describe('rules between values', () => {
  const rejected: readonly (readonly [string, string])[] = [
    ['task: { targets: [a, b, a] }', 'task.targets[2]: the field "a" stands twice'],
    [
      'task: { targets: [a], inputs: [b], known: [b] }',
      'task.known[0]: the field "b" stands also in task.inputs',
    ],
    ['task: { targets: [a], horizons: [2, 1, 2] }', 'task.horizons: 2 stands in it twice'],
    ['task: { targets: [a], seasons: [7, 7] }', 'task.seasons: 7 stands in it twice'],
    ['task: { targets: [a], intervals: [0.5, 0.5] }', 'task.intervals: 0.5 stands in it twice'],
    [
      'task: { targets: [a] }\nsequences: { max: 10, keep: 9 }',
      'sequences.keep: expected at least sequences.max (10), got 9',
    ],
    [
      'task: { targets: [a] }\nkafka: { sessionTimeoutMs: 4500 }',
      'expected less than a third of kafka.sessionTimeoutMs (4500); the default does not fit',
    ],
    [
      'task: { targets: [a] }\nname: x\ninput: { topic: x.predictions }',
      'input.topic: expected a topic other than those that this application writes',
    ],
    [
      'task: { targets: [a] }\ninput: { format: csv, columns: [b], time: t }',
      'task.targets[0]: the field "a" is not in input.columns',
    ],
    ['task: { targets: [a] }\ninput: { from: yesterday }', 'input.from: expected earliest, latest'],
    ['task: { targets: [a] }\ninput: { from: 2014-02-30 }', 'input.from: expected earliest,'],
    ['task: { targets: [a] }\ninput: { topic: a/b }', 'input.topic: expected the name of a Kafka'],
    ['task: { targets: [a] }\nkafka: { brokers: localhost }', 'expected host:port'],
  ]
  test.each(rejected)('%s', (text, message) => {
    expect(errorLines({ text }).join('\n')).toContain(message)
  })

  test('a rule is silent where one of its values is wrong already', () => {
    const lines = errorLines({ text: `${minimal}model: { block: 9, updateEvery: x }\n` })
    expect(lines).toEqual([
      'taxi.yaml:3:33: model.updateEvery: expected integer from 1 to 10000, got "x"',
    ])
  })
})

describe('what `run` needs beyond a valid configuration', () => {
  test('is input.topic, and the columns of csv; they are told together with other errors', () => {
    expect(errorLines({ text: 'input: { format: csv }\n' }, loadServiceConfig)).toEqual([
      'taxi.yaml:1:1: task.targets: required: expected non-empty list of: string',
      'taxi.yaml:1:1: input.topic: required: expected the name of the Kafka topic to learn from',
      expect.stringMatching(/^taxi\.yaml:1:1: input\.columns: required: expected the names of/),
    ])
    const text = `${minimal}input: { topic: rides }\n`
    expect(loadServiceConfig({ text, env: {} }).config.input.topic).toBe('rides')
  })
})

describe('files', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'headrace-config-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function codeOf(file: string): string {
    try {
      loadConfig({ file, env: {} })
    } catch (error) {
      return `${(error as HeadraceError).code} ${(error as HeadraceError).message}`
    }
    return 'loaded'
  }

  test('are read; what is missing, a folder, too large or no text is refused', () => {
    const file = join(folder, 'good.yaml')
    writeFileSync(file, minimal)
    expect(loadConfig({ file, env: {} }).config.task).toMatchObject({ targets: ['passengers'] })
    expect(codeOf(join(folder, 'none.yaml'))).toMatch(/^HEADRACE_CONFIG_UNREADABLE .*no such file/)
    expect(codeOf(folder)).toMatch(/^HEADRACE_CONFIG_UNREADABLE .*is a folder/)
    writeFileSync(join(folder, 'large.yaml'), `${minimal}#${' '.repeat(1_048_576)}`)
    expect(codeOf(join(folder, 'large.yaml'))).toMatch(/^HEADRACE_CONFIG_UNREADABLE .*larger/)
    writeFileSync(join(folder, 'binary.yaml'), Buffer.from([0x74, 0xff, 0xfe]))
    expect(codeOf(join(folder, 'binary.yaml'))).toMatch(/^HEADRACE_CONFIG_UNREADABLE .*UTF-8/)
  })
})
