// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the configuration's own syntax
import { describe, expect, test } from 'vitest'
import { checkConfig, type LoadOptions, loadConfig } from '../../../src/config/load.ts'
import { formatProblem } from '../../../src/config/problem.ts'
import { redactConfig, redacted, redactText } from '../../../src/config/redact.ts'

const secret = 'hunter2-very-secret'
const login = `{ mechanism: plain, username: u, password: "${secret}" }`
const minimal = 'task: { targets: [a] }\n'

function problems(options: Partial<LoadOptions>): string {
  const result = checkConfig({ file: 'c.yaml', env: {}, ...options })
  if (!('problems' in result)) throw new Error('should have problems')
  return result.problems.map(formatProblem).join('\n')
}

describe('a secret is in no output', () => {
  test('of the effective configuration', () => {
    const text = `${minimal}kafka:\n  ssl: { key: ${secret}, cert: c.pem }\n  sasl: ${login}\n`
    const { config, secrets } = loadConfig({ text, env: {} })
    expect(config.kafka.sasl).toMatchObject({ password: secret })
    const shown = JSON.stringify(redactConfig(config, secrets))
    expect(shown).not.toContain(secret)
    expect(redactConfig(config, secrets)).toMatchObject({
      kafka: {
        ssl: { key: redacted, cert: 'c.pem' },
        sasl: { mechanism: 'plain', username: 'u', password: redacted },
      },
      task: { targets: ['a'] },
    })
  })

  test('of the token that pages must bring', () => {
    const { config, secrets } = loadConfig({
      text: `${minimal}http: { token: "\${PAGE_SECRET}" }\n`,
      env: { PAGE_SECRET: secret },
    })
    expect(config.http.token).toBe(secret)
    expect(redactConfig(config, secrets)).toMatchObject({ http: { token: redacted } })
    const short = problems({ text: `${minimal}http: { token: hunter2-secret }\n` })
    expect(short).toContain('http.token')
    expect(short).not.toContain('hunter2')
  })

  test('nor where a secret has strayed into another value', () => {
    const text = `${minimal}kafka: { clientId: "x-\${DB_PASSWORD}" }\n`
    const { config, secrets } = loadConfig({ text, env: { DB_PASSWORD: secret } })
    expect(JSON.stringify(redactConfig(config, secrets))).not.toContain(secret)
  })

  const errors: readonly (readonly [string, Partial<LoadOptions>])[] = [
    [
      'a password of a wrong type',
      { text: `${minimal}kafka: { sasl: { password: [${secret}] } }` },
    ],
    ['a password in the place of the section', { text: `${minimal}kafka: { sasl: ${secret} }` }],
    ['a misspelt key', { text: `${minimal}kafka: { sasl: { pasword: ${secret} } }` }],
    [
      'a variable named like a secret in a wrong place',
      { text: `${minimal}http: { port: "\${API_TOKEN}" }`, env: { API_TOKEN: secret } },
    ],
    [
      'a value equal to a secret elsewhere',
      {
        text: `${minimal}kafka: { sasl: ${login} }\nlog: { level: ${secret} }`,
      },
    ],
    ['a colon that is missing', { text: `${minimal}kafka: { sasl: { password ${secret} } }` }],
    ['--set without an equals sign', { text: minimal, sets: [`kafka.sasl.password ${secret}=1`] }],
    ['--set of the section by a word', { text: minimal, sets: [`kafka.sasl=${secret}`] }],
    ['--set of a password', { text: minimal, sets: [`kafka.sasl.password=${secret}`] }],
    ['--set with a misspelt path', { text: minimal, sets: [`kafka.sasl.pasword=${secret}`] }],
    ['--set of the section', { text: minimal, sets: [`kafka.sasl={password: ${secret}, x: 1}`] }],
    ['--set that is no YAML', { text: minimal, sets: [`kafka.sasl={password: ${secret}`] }],
    ['--set without a path', { text: minimal, sets: [`${secret}`] }],
    ['an alias that is none', { text: `${minimal}kafka: { sasl: { password: *${secret} } }` }],
    ['a tag that is none', { text: `${minimal}kafka: { sasl: { password: !${secret} } }` }],
    ['text behind a value', { text: `${minimal}kafka:\n  sasl:\n    password: "x" ${secret}\n` }],
  ]
  test.each(errors)('of an error: %s', (_name, options) => {
    const text = problems(options)
    expect(text).not.toBe('')
    expect(text).not.toContain(secret)
  })

  test('and innocent values are shown', () => {
    const env = { PASSENGERS_TOPIC: 'a/passengers', MONKEY: 'many' }
    const text = `${minimal}input: { topic: \${PASSENGERS_TOPIC} }\nmodel: { hidden: \${MONKEY} }\n`
    expect(problems({ text, env })).toContain('got "a/passengers"')
    expect(problems({ text, env })).toContain('got "many"')
  })
})

test('redactText takes the longest secret first and leaves short ones alone', () => {
  expect(redactText('abcdef abcd abc', ['abc', 'abcd', 'abcdef'])).toBe(
    `${redacted} ${redacted} abc`,
  )
})
