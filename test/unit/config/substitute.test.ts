// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the configuration's own syntax
import { describe, expect, test } from 'vitest'
import { checkConfig, loadConfig } from '../../../src/config/load.ts'
import { formatProblem } from '../../../src/config/problem.ts'
import { coreScalar, mask, substitute, unmask } from '../../../src/config/substitute.ts'

const minimal = 'task: { targets: [a] }\n'

function problems(text: string, env: Record<string, string> = {}): string[] {
  const result = checkConfig({ file: 'c.yaml', text, env })
  return 'problems' in result ? result.problems.map(formatProblem) : []
}

describe('substitute', () => {
  test('splits at the first colon, so that a default may hold colons', () => {
    const { text } = substitute('${KAFKA_BROKERS:127.0.0.1:9092}', {})
    expect(text).toBe('127.0.0.1:9092')
    expect(substitute('${KAFKA_BROKERS:127.0.0.1:9092}', { KAFKA_BROKERS: 'b:1' }).text).toBe('b:1')
  })

  test('replaces several, lets what is set to nothing win, and finds what is missing', () => {
    const env = { A: 'x', EMPTY: '' }
    expect(substitute('${A}-${B:y}-${EMPTY:z}-${C:}', env)).toMatchObject({
      text: 'x-y--',
      missing: [],
      whole: false,
      malformed: false,
    })
    expect(substitute('${B}', env)).toMatchObject({ missing: ['B'], whole: true })
  })

  test('does not look into what it has put in, nor into the prototype of the environment', () => {
    expect(substitute('${A}', { A: '${B}', B: 'no' }).text).toBe('${B}')
    expect(substitute('${constructor}', {}).missing).toEqual(['constructor'])
  })

  test('takes $${ for ${ itself and tells a ${ that is no substitution', () => {
    expect(substitute('a$${B}', {})).toMatchObject({ text: 'a${B}', malformed: false })
    for (const text of ['${', '${}', '${1A}', '${A B}', '${A', '${A:{}']) {
      expect(substitute(text, { A: 'x' }).malformed).toBe(true)
    }
  })

  test('masking keeps the length and comes back', () => {
    const text = 'a: [${A:[x]}, ${B: #y}] # ${C}'
    expect(mask(text)).toHaveLength(text.length)
    expect(mask(text)).not.toBe(text)
    expect(unmask(mask(text))).toBe(text)
  })

  test('reads scalars as the core schema does', () => {
    const cases: readonly (readonly [string, unknown])[] = [
      ['', null],
      ['~', null],
      ['true', true],
      ['False', false],
      ['yes', 'yes'],
      ['12', 12],
      ['-1', -1],
      ['1e-3', 1e-3],
      ['.5', 0.5],
      ['0x1f', 31],
      ['0o17', 15],
      ['1.2.3', '1.2.3'],
      ['a: b', 'a: b'],
      ['[1]', '[1]'],
    ]
    for (const [text, value] of cases) expect(coreScalar(text)).toBe(value)
  })
})

describe('substitution in a file', () => {
  test('makes numbers where a plain value is one substitution, also inside { }', () => {
    const text = `${minimal}http: { host: "\${HOST:::1}", port: \${PORT:9464} }\n`
    expect(loadConfig({ text, env: {} }).config.http).toEqual({ host: '::1', port: 9464 })
    expect(loadConfig({ text, env: { PORT: '80' } }).config.http.port).toBe(80)
  })

  test('leaves a text a text where one is wanted, and a quoted one always', () => {
    const text = `${minimal}input: { topic: \${TOPIC} }\nname: \${NAME}\n`
    const { config } = loadConfig({ text, env: { TOPIC: '2024', NAME: 'true' } })
    expect([config.input.topic, config.name]).toEqual(['2024', 'true'])
    expect(problems(`${minimal}http: { port: "\${PORT:80}" }\n`)).toEqual([
      'c.yaml:2:15: http.port: expected integer from 0 to 65535, got "80"',
    ])
  })

  test('stands for brokers as the design writes it', () => {
    const text = `${minimal}kafka:\n  brokers: \${KAFKA_BROKERS:127.0.0.1:9092}\n`
    const brokers = (env: Record<string, string>) => loadConfig({ text, env }).config.kafka.brokers
    expect(brokers({})).toEqual(['127.0.0.1:9092'])
    expect(brokers({ KAFKA_BROKERS: 'a:1,b:2' })).toEqual(['a:1', 'b:2'])
  })

  test('cannot add structure', () => {
    const text = `${minimal}name: \${NAME}\n`
    const env = { NAME: 'x\nkafka: { brokers: evil:1 }' }
    expect(problems(text, env).join()).toMatch(/^c\.yaml:2:7: name: expected 1 to 200 letters/)
    expect(problems(`${minimal}task2: \${X}\n`, { X: '{a: 1}' })).toHaveLength(1)
    expect(problems('task: { targets: ${T} }\n', { T: '[a]' }).join()).toContain('got "[a]"')
  })

  test('a missing variable is one error, with its place and what to do', () => {
    expect(problems(`${minimal}log:\n  level: \${LEVEL}\n`)).toEqual([
      'c.yaml:3:10: log.level: the environment variable LEVEL is not set; ' +
        'set it, or give a default: ${LEVEL:default}',
    ])
  })

  test('a malformed one is an error that does not quote it', () => {
    const [line, ...others] = problems(`${minimal}name: "\${hunter two}"\n`)
    expect(line).toMatch(/^c\.yaml:2:7: name: expected \$\{VAR\} or/)
    expect(line).not.toContain('hunter')
    expect(others).toEqual([])
  })

  test('keys and comments are left alone', () => {
    expect(problems(`# \${NOT_SET}\n${minimal}`)).toEqual([])
    expect(problems(`${minimal}\${A:b}: 1\n`)[0]).toMatch(/^c\.yaml:2:1: \$\{A:b\}: unknown key/)
  })
})
